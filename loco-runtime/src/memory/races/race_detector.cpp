// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// race_detector.cpp - the clocks, the way of stores to their homes, and what
// the homes make of them.

#include "memory/races/race_detector.h"

#include "base/private_scope.h"
#include "base/signal_scope.h"
#include "memory/space/reserve.h"

#include <cstring>

namespace loco::memory {

using fabric::Message;
using fabric::Piece;
using fabric::Segment;

RaceDetector *RaceDetector::Instance = nullptr;

namespace {

/// A message is this; then the sender's clock, `num_sites` StoreSite,
/// `num_runs` ByteRun, and the bytes of the runs.
struct StoresHeader {
  std::uint64_t release;
  Block block;
  std::uint16_t num_sites, num_runs;
};

struct LeftOutRange {
  std::uint64_t offset, bytes;
};

template <typename T>
std::byte *append(std::byte *at, const T *values, std::size_t count) {
  std::memcpy(at, values, count * sizeof(T));
  return at + count * sizeof(T);
}

template <typename T>
std::vector<T> take(const std::byte *&at, std::size_t count) {
  std::vector<T> values(count);
  if (count != 0)
    std::memcpy(values.data(), at, count * sizeof(T));
  at += count * sizeof(T);
  return values;
}

ByteRun run_of(const Piece &piece) {
  auto begin = static_cast<std::uint16_t>(piece.offset % BlockBytes);
  return {begin, static_cast<std::uint16_t>(begin + piece.bytes)};
}

} // namespace

RaceDetector::RaceDetector(Coherence &protocol, bool abort)
    : Protocol(protocol), Network(protocol.network()),
      ComputeNodes(protocol.compute_nodes()), Clocks(Network, ComputeNodes),
      AppliedOffset(Network.reserve_control(MaxNodes * sizeof(std::uint64_t))),
      LeftOut(reserve_array<std::atomic<std::uint64_t>>(
          protocol.space().memory_bytes() / 64, "the bytes of atomics")),
      Reports(Network, Allocations, abort) {
  protocol.set_watch(*this);
  Instance = this;
  Network.set_handler(Message::RaceStores,
                     [](int source, std::span<const std::byte> payload) {
                       Instance->receive(source, payload);
                     });
  Network.set_handler(Message::RaceLeftOut,
                     [](int source, std::span<const std::byte> payload) {
                       Instance->receive_left_out(source, payload);
                     });
}

// ----------------------------------------------------------- to the homes

void RaceDetector::send(int home, Message message, const void *payload,
                        std::size_t bytes) {
  Network.wait_until(
      [&] { return Sent[home].load() - num_applied(home) < MostOnTheWay; });
  Sent[home].fetch_add(1);
  Network.send(home, message, {static_cast<const std::byte *>(payload), bytes});
}

std::uint64_t RaceDetector::num_applied(int home) const {
  return reinterpret_cast<std::atomic<std::uint64_t> *>(Network.control() +
                                                        AppliedOffset)[home]
      .load(std::memory_order_acquire);
}

void RaceDetector::wait_applied() {
  for (int home = 0; home < Network.num_nodes(); ++home) {
    std::uint64_t sent = Sent[home].load();
    if (num_applied(home) < sent)
      Network.wait_until([&] { return num_applied(home) >= sent; });
  }
}

void RaceDetector::was_applied(int source) {
  ++Applied[source];
  Network.put(source, Segment::Control,
              AppliedOffset + Network.node() * sizeof(std::uint64_t),
              &Applied[source], sizeof Applied[source]);
  Network.notify(source);
}

void RaceDetector::send_stores(int home, Block block,
                               std::span<const Piece> pieces) {
  PrivateScope scope;
  std::vector<StoreSite> sites = Sites.of(block, Clocks.next_release());
  const std::size_t room = fabric::MaxPayloadBytes - sizeof(StoresHeader) -
                           ComputeNodes * sizeof(std::uint64_t) -
                           sites.size() * sizeof(StoreSite);
  while (!pieces.empty()) {
    std::size_t n = 0, bytes = 0;
    for (; n < pieces.size(); ++n) {
      std::size_t more = sizeof(ByteRun) + pieces[n].bytes;
      if (bytes + more > room)
        break;
      bytes += more;
    }
    send_part(home, block, pieces.first(n), sites);
    pieces = pieces.subspan(n);
  }
}

void RaceDetector::send_part(int home, Block block,
                             std::span<const Piece> pieces,
                             std::span<const StoreSite> sites) {
  std::byte payload[fabric::MaxPayloadBytes];
  // After the comparison that found the pieces, so not before the stores.
  ReleaseClock seen = Clocks.now();
  StoresHeader header{Clocks.next_release(), block,
                      static_cast<std::uint16_t>(sites.size()),
                      static_cast<std::uint16_t>(pieces.size())};
  std::byte *end = append(payload, &header, 1);
  end = append(end, seen.releases, ComputeNodes);
  end = append(end, sites.data(), sites.size());
  for (const Piece &piece : pieces) {
    ByteRun run = run_of(piece);
    end = append(end, &run, 1);
  }
  for (const Piece &piece : pieces)
    end =
        append(end, static_cast<const std::byte *>(piece.source), piece.bytes);
  send(home, Message::RaceStores, payload,
       static_cast<std::size_t>(end - payload));
}

void RaceDetector::receive(int source, std::span<const std::byte> payload) {
  StoresHeader header;
  std::memcpy(&header, payload.data(), sizeof header);
  const std::byte *at = payload.data() + sizeof header;
  auto seen = take<std::uint64_t>(at, ComputeNodes);
  auto sites = take<StoreSite>(at, header.num_sites);
  auto runs = take<ByteRun>(at, header.num_runs);
  auto write = std::make_shared<BlockWrite>(
      BlockWrite{source, header.release, std::move(sites)});
  std::vector<ByteRun> both = Protocol.apply_stores(header.block, runs, at);
  if (!both.empty()) {
    // Not yet released, so nobody else can have seen it.
    SharedWrite own = own_write(header.block);
    for (ByteRun run : both)
      report(header.block, run, *write, *own);
  }
  look_back(header.block, runs, write, seen);
  was_applied(source);
}

// ------------------------------------------------------------ at the home

SharedWrite RaceDetector::own_write(Block block) {
  std::uint64_t release = Clocks.next_release();
  return std::make_shared<BlockWrite>(
      BlockWrite{Network.node(), release, Sites.of(block, release)});
}

void RaceDetector::home_wrote(Block block, std::span<const Piece> pieces) {
  if (pieces.empty())
    return;
  PrivateScope scope;
  std::vector<ByteRun> runs;
  for (const Piece &piece : pieces)
    runs.push_back(run_of(piece));
  look_back(block, runs, own_write(block), Clocks.now().releases);
}

std::vector<ByteRun>
RaceDetector::without_left_out(Block block,
                               std::span<const ByteRun> runs) const {
  std::vector<ByteRun> kept;
  for (ByteRun run : runs)
    for (std::uint16_t i = run.begin; i < run.end; ++i) {
      if (is_left_out(offset_of(block) + i))
        continue;
      if (!kept.empty() && kept.back().end == i && i != run.begin)
        ++kept.back().end;
      else
        kept.push_back({i, static_cast<std::uint16_t>(i + 1)});
    }
  return kept;
}

void RaceDetector::look_back(Block block, std::span<const ByteRun> runs,
                             const SharedWrite &write,
                             std::span<const std::uint64_t> seen) {
  std::vector<WriteHistory::Conflict> conflicts;
  {
    std::lock_guard lock(HistoryMutex);
    History.record(block, without_left_out(block, runs), write, seen,
                   conflicts);
  }
  for (const WriteHistory::Conflict &conflict : conflicts)
    report(block, conflict.bytes, *write, *conflict.earlier);
}

void RaceDetector::report(Block block, ByteRun run, const BlockWrite &later,
                          const BlockWrite &earlier) {
  std::uint64_t offset = offset_of(block);
  int owner = -1;
  AddressSpace &space = Protocol.space();
  if (offset < space.window_bytes()) {
    std::uint64_t part = space.window_bytes() / ExtentBytes / ComputeNodes;
    owner = static_cast<int>(extent_of(block) / part);
  }
  auto address = reinterpret_cast<std::uint64_t>(space.address_of(block));
  // Different stores may have written neighbouring bytes.
  for (std::uint16_t i = run.begin; i < run.end;) {
    std::uint64_t pcs[] = {later.pc_of(i), earlier.pc_of(i)};
    std::uint16_t end = i + 1;
    while (end < run.end && later.pc_of(end) == pcs[0] &&
           earlier.pc_of(end) == pcs[1])
      ++end;
    Reports.found({address + i,
                   static_cast<std::uint64_t>(end - i),
                   {later.node, pcs[0]},
                   {earlier.node, pcs[1]},
                   owner});
    i = end;
  }
}

// --------------------------------------------------------- what is no race

void RaceDetector::set_left_out(std::uint64_t offset, std::size_t bytes) {
  for (std::uint64_t at = offset; at < offset + bytes; ++at)
    LeftOut[at / 64].fetch_or(std::uint64_t{1} << (at % 64));
}

void RaceDetector::leave_out(int home, std::uint64_t offset,
                             std::size_t bytes) {
  bool known = true;
  for (std::uint64_t at = offset; at < offset + bytes; ++at)
    known &= is_left_out(at);
  if (known)
    return;
  if (home != Network.node()) {
    LeftOutRange range{offset, bytes};
    send(home, Message::RaceLeftOut, &range, sizeof range);
    wait_applied();
  }
  set_left_out(offset, bytes);
}

void RaceDetector::receive_left_out(int source,
                                    std::span<const std::byte> payload) {
  LeftOutRange range;
  std::memcpy(&range, payload.data(), sizeof range);
  set_left_out(range.offset, range.bytes);
  was_applied(source);
}

// ------------------------------------------------------------------ stores

void RaceDetector::note_stores(std::uint64_t offset, std::uint64_t bytes,
                               std::uint64_t pc) {
  PrivateScope scope;
  SignalScope signals; // the shards' mutexes
  std::uint64_t release = Clocks.next_release();
  for (std::uint64_t end = offset + bytes; offset < end;) {
    Block block = block_at(offset);
    std::uint64_t room = std::min(end, offset_of(block + 1)) - offset;
    auto begin = static_cast<std::uint16_t>(offset % BlockBytes);
    Sites.note(block, {begin, static_cast<std::uint16_t>(begin + room)}, pc,
               release);
    offset += room;
  }
}

} // namespace loco::memory

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// race_reports.cpp - the text of a report, and the way to it.

#include "memory/races/race_reports.h"

#include "base/private_scope.h"
#include "base/thread.h"
#include "memory/space/layout.h"

#include <algorithm>
#include <cstring>
#include <unistd.h>

namespace loco::memory {

using fabric::Message;
using Frames = std::vector<SourceFrame>;

RaceReports *RaceReports::Instance = nullptr;

namespace {

template <typename T> T payload_as(std::span<const std::byte> payload) {
  T value;
  std::memcpy(static_cast<void *>(&value), payload.data(), sizeof value);
  return value;
}

std::string hex(std::uint64_t value) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx",
                static_cast<unsigned long long>(value));
  return text;
}

std::string count_of_bytes(std::uint64_t bytes) {
  return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
}

/// As sanitizers do: "    #0 function file:line:column".
std::string text_of(const Frames &frames) {
  std::string text;
  int number = 0;
  for (const SourceFrame &frame : frames)
    text += "    #" + std::to_string(number++) + " " +
            (frame.name.empty() ? "" : frame.name + " ") + frame.place + "\n";
  return text;
}

std::string text_of(const FoundRace::Side &side, const Frames &frames) {
  return side.pc != 0 ? text_of(frames)
                      : "    (not known where: code without checks)\n";
}

/// "function file:line:column", or nothing where that is not known.
std::string line_of(const FoundRace::Side &side, const Frames &frames) {
  if (side.pc == 0 || frames.empty())
    return "";
  const SourceFrame &frame = frames.front();
  return frame.place + (frame.name.empty() ? "" : " in " + frame.name);
}

void write_all(std::string_view text) {
  while (!text.empty()) {
    ssize_t written = write(STDERR_FILENO, text.data(), text.size());
    if (written <= 0)
      return; // nothing is left to try when stderr is closed
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

} // namespace

RaceReports::RaceReports(fabric::Fabric &fabric, AllocationSites &allocations,
                         bool abort)
    : Network(fabric), Allocations(allocations), Abort(abort) {
  Instance = this;
  fabric.set_handler(Message::RaceFound,
                     [](int, std::span<const std::byte> payload) {
                       Instance->found(payload_as<FoundRace>(payload));
                     });
  fabric.set_handler(
      Message::RaceWhere, [](int source, std::span<const std::byte> payload) {
        Instance->enqueue(
            WhereQuestion{source, payload_as<std::uint64_t>(payload)});
      });
  fabric.set_handler(Message::RaceAllocation,
                     [](int, std::span<const std::byte> payload) {
                       if (!payload.empty())
                         Instance->Answer = payload_as<Allocation>(payload);
                       Instance->HasAnswer = true;
                       Instance->Network.notify(Instance->Network.node());
                     });
  fabric.set_handler(Message::RaceFinish,
                     [](int source, std::span<const std::byte>) {
                       Instance->enqueue(Finish{source});
                     });
  fabric.set_handler(Message::RaceFinished,
                     [](int, std::span<const std::byte>) {
                       ++Instance->NumFinished;
                       Instance->Network.notify(Instance->Network.node());
                     });
  start_internal_thread(
      "loco-races", [](void *self) { static_cast<RaceReports *>(self)->run(); },
      this);
}

void RaceReports::found(const FoundRace &race) {
  PrivateScope scope;
  auto [low, high] = std::minmax(race.later.pc, race.earlier.pc);
  // Where a store is not known, it is one a block.
  std::uint64_t where = low == 0 ? race.address / BlockBytes : 0;
  std::lock_guard lock(Mutex);
  if (Seen.insert({low, high, where}).second) {
    Queue.push_back(race);
    Wake.notify_one();
  }
}

void RaceReports::enqueue(const Work &work) {
  PrivateScope scope;
  std::lock_guard lock(Mutex);
  Queue.push_back(work);
  Wake.notify_one();
}

void RaceReports::run() {
  for (;;) {
    std::unique_lock lock(Mutex);
    Wake.wait(lock, [&] { return !Queue.empty(); });
    Work work = Queue.front();
    Queue.pop_front();
    lock.unlock();
    std::visit([&](const auto &work) { handle(work); }, work);
  }
}

void RaceReports::send(int node, Message message, const void *payload,
                       std::size_t bytes) {
  Network.send(node, message, {static_cast<const std::byte *>(payload), bytes});
}

void RaceReports::handle(const FoundRace &race) {
  if (Network.node() != 0)
    return send(0, Message::RaceFound, &race, sizeof race);
  print(race, ask_allocation(race));
}

void RaceReports::handle(const WhereQuestion &question) {
  std::optional<Allocation> found = Allocations.find(question.address);
  send(question.asker, Message::RaceAllocation, found ? &*found : nullptr,
       found ? sizeof *found : 0);
}

void RaceReports::handle(const Finish &finish) {
  if (Network.node() != 0)
    return send(finish.asker, Message::RaceFinished, nullptr, 0);
  ++NumFinished;
  Network.notify(Network.node());
}

std::optional<Allocation> RaceReports::ask_allocation(const FoundRace &race) {
  if (race.owner < 0)
    return std::nullopt;
  if (race.owner == Network.node())
    return Allocations.find(race.address);
  Answer.reset();
  HasAnswer = false;
  send(race.owner, Message::RaceWhere, &race.address, sizeof race.address);
  Network.wait_until([&] { return HasAnswer.load(); });
  return Answer;
}

std::string RaceReports::describe_place(const FoundRace &race,
                                        const std::optional<Allocation> &heap,
                                        std::span<const Frames> variable,
                                        std::span<const Frames> callers) {
  if (heap) {
    std::string text = hex(race.address - heap->start) + " bytes into " +
                       count_of_bytes(heap->bytes) + " at " + hex(heap->start) +
                       ", allocated by node " + std::to_string(race.owner) +
                       ":\n";
    Frames shown;
    for (const Frames &frames : callers)
      for (const SourceFrame &frame : frames)
        if (frame.is_program && shown.size() < MostFrames)
          shown.push_back(frame);
    return text + text_of(shown);
  }
  if (!variable.empty() && !variable[0].empty()) {
    const SourceFrame &frame = variable[0].front();
    return "the variable '" + frame.name + "' of " +
           count_of_bytes(frame.bytes) +
           (frame.place.empty() ? "" : " (" + frame.place + ")") + "\n";
  }
  return race.owner < 0 ? std::string("a global variable\n")
                        : "a stack of node " + std::to_string(race.owner) +
                              ", or memory that was freed\n";
}

void RaceReports::print(const FoundRace &race,
                        const std::optional<Allocation> &heap) {
  // The instructions before the return addresses.
  std::vector<SourceQuery> queries = {{SourceQuery::Code, race.later.pc - 1},
                                      {SourceQuery::Code, race.earlier.pc - 1},
                                      {SourceQuery::Data, race.address}};
  if (heap)
    for (std::uint64_t pc : heap->pcs)
      if (pc != 0)
        queries.push_back({SourceQuery::Code, pc - 1});
  const std::vector<Frames> answers = symbolize(queries);
  const std::span<const Frames> all(answers);

  std::string text = "==================\n"
                     "WARNING: LOCO: data race: two nodes wrote the same "
                     "memory, with no synchronisation between\n"
                     "  Write of " +
                     count_of_bytes(race.bytes) + " at " + hex(race.address) +
                     " by node " + std::to_string(race.later.node) + ":\n" +
                     text_of(race.later, answers[0]) +
                     "  Other write by node " +
                     std::to_string(race.earlier.node) + ":\n" +
                     text_of(race.earlier, answers[1]);
  const std::string place =
      describe_place(race, heap, all.subspan(2, 1), all.subspan(3));
  text += "  It is " + place;
  std::pair<std::string, std::string> lines(line_of(race.later, answers[0]),
                                            line_of(race.earlier, answers[1]));
  const std::string known = lines.first.empty() ? lines.second : lines.first;
  text += "SUMMARY: LOCO: data race " +
          (known.empty() ? "in " + place : known + "\n") +
          "==================\n";

  if (lines.second < lines.first)
    std::swap(lines.first, lines.second);
  if (lines.first.empty()) // where a store is not known: once an object
    lines.first = place;
  if (!Printed.insert(lines).second)
    return;
  if (NumPrinted == MostReports) {
    ++NumOmitted;
    return;
  }
  ++NumPrinted;
  write_all(text);
  if (Abort)
    fatal("LOCO_RACE=abort: ended at a data race");
}

void RaceReports::finish() {
  if (Network.node() != 0)
    return;
  PrivateScope scope;
  for (int peer = 1; peer < Network.num_nodes(); ++peer)
    send(peer, Message::RaceFinish, nullptr, 0);
  // What they had found comes before their answers.
  Network.wait_until(
      [&] { return NumFinished.load() == Network.num_nodes() - 1; });
  enqueue(Finish{0});
  Network.wait_until([&] { return NumFinished.load() == Network.num_nodes(); });
  if (NumPrinted == 0)
    return;
  write_all("LOCO: " + std::to_string(NumPrinted) +
            (NumPrinted == 1 ? " data race" : " data races") + " reported" +
            (NumOmitted == 0
                 ? std::string()
                 : ", " + std::to_string(NumOmitted) + " more found") +
            "\n");
}

} // namespace loco::memory

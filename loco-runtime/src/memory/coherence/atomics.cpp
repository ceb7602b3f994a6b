// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// atomics.cpp - atomics, and volatile accesses, at the home.

#include "memory/coherence/atomics.h"

#include "memory/coherence/coherence.h"

#include <cstring>

namespace loco::memory {

using fabric::Segment;

namespace {

std::uint64_t offset_of_address(const void *p) {
  return *coherence->space().find(p);
}

bool is_remote(int home) { return home != coherence->network().node(); }

/// This node's copy and twin of the block, if any, take the value that home
/// has: a later plain load here sees it, and it never counts as a local write.
void patch(std::byte *copy, std::byte *twin, std::uint64_t offset,
           const void *value, std::size_t bytes) {
  std::size_t within = offset % BlockBytes;
  if (copy != nullptr)
    std::memcpy(copy + within, value, bytes);
  if (twin != nullptr)
    std::memcpy(twin + within, value, bytes);
}

bool releases(int order) {
  return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL ||
         order == __ATOMIC_SEQ_CST;
}
bool acquires(int order) {
  return order != __ATOMIC_RELAXED && order != __ATOMIC_RELEASE;
}

} // namespace

bool is_managed(const void *p) {
  return coherence != nullptr && coherence->space().find(p).has_value();
}

void order_before(int order, const void *p, std::size_t bytes) {
  if (p == nullptr) {
    if (releases(order))
      coherence->release_by_fence();
  } else if (releases(order)) {
    coherence->release_through(offset_of_address(p), bytes);
  } else {
    coherence->hand_on(offset_of_address(p), bytes);
  }
}
void order_after(int order, const void *p, std::size_t bytes) {
  if (!acquires(order))
    return;
  if (p == nullptr)
    coherence->acquire_by_fence();
  else
    coherence->acquire_through(offset_of_address(p), bytes);
}

void atomic_load(const void *p, void *into, unsigned width, int order) {
  std::uint64_t offset = offset_of_address(p);
  coherence->at_home(offset, width, false,
                     [&](int home, std::byte *copy, std::byte *twin) {
                       coherence->network().atomic_load(home, Segment::Memory,
                                                        offset, into, width);
                       // What an atomic of another node stored is here before
                       // its notice: a plain store of the value before must not
                       // look like no change (M16).
                       patch(copy, twin, offset, into, width);
                       if (is_remote(home))
                         count(stats.RemoteAtomics);
                     });
  order_after(order, p, width);
}

void atomic_store(void *p, const void *from, unsigned width, int order) {
  order_before(order, p, width);
  std::uint64_t offset = offset_of_address(p);
  coherence->at_home(
      offset, width, true, [&](int home, std::byte *copy, std::byte *twin) {
        coherence->network().atomic_store(home, Segment::Memory, offset, from,
                                          width);
        patch(copy, twin, offset, from, width);
        if (is_remote(home))
          count(stats.RemoteAtomics);
      });
  if (order == __ATOMIC_SEQ_CST)
    order_after(order, p, width);
}

bool atomic_compare_exchange(void *p, void *expected, const void *desired,
                             unsigned width, int order, int failure_order) {
  order_before(order, p, width);
  std::uint64_t offset = offset_of_address(p);
  bool exchanged = false;
  coherence->at_home(
      offset, width, true, [&](int home, std::byte *copy, std::byte *twin) {
        exchanged = coherence->network().compare_exchange(
            home, Segment::Memory, offset, expected, desired, width);
        patch(copy, twin, offset, exchanged ? desired : expected, width);
        if (is_remote(home))
          count(stats.RemoteAtomics);
      });
  order_after(exchanged ? order : failure_order, p, width);
  return exchanged;
}

void atomic_update(void *p, void *old, unsigned width, int order,
                   AtomicUpdate update, const void *context) {
  order_before(order, p, width);
  std::uint64_t offset = offset_of_address(p);
  coherence->at_home(
      offset, width, true, [&](int home, std::byte *copy, std::byte *twin) {
        fabric::Fabric &fabric = coherence->network();
        alignas(16) std::byte desired[16];
        // A guess, as what it was is what an exchange in vain says, too.
        const std::byte *near =
            is_remote(home) ? copy
                            : coherence->space().runtime_view(block_at(offset));
        if (near != nullptr)
          std::memcpy(old, near + offset % BlockBytes, width);
        else
          std::memset(old, 0, width);
        do
          update(context, old, desired);
        while (!fabric.compare_exchange(home, Segment::Memory, offset, old,
                                        desired, width));
        patch(copy, twin, offset, desired, width);
        if (is_remote(home))
          count(stats.RemoteAtomics);
      });
  order_after(order, p, width);
}

/// Calls act(offset, done, n) for the parts of a range that lie in one block.
template <typename Act>
static void by_block(const void *p, std::size_t bytes, Act act) {
  auto *at = static_cast<const std::byte *>(p);
  for (std::size_t done = 0; done < bytes;) {
    std::uint64_t offset = offset_of_address(at + done);
    std::size_t room = BlockBytes - offset % BlockBytes;
    std::size_t n = room < bytes - done ? room : bytes - done;
    act(offset, done, n);
    done += n;
  }
}

static bool goes_whole(AccessKind kind, std::uint64_t offset, std::size_t n) {
  return kind == AccessKind::Whole && (n == 1 || n == 2 || n == 4 || n == 8) &&
         offset % n == 0;
}

void read_at_home(const void *p, void *into, std::size_t bytes,
                  AccessKind kind) {
  auto *out = static_cast<std::byte *>(into);
  auto &fabric = coherence->network();
  by_block(p, bytes, [&](std::uint64_t offset, std::size_t done,
                         std::size_t n) {
    coherence->at_home(
        offset, n, false, [&](int home, std::byte *, std::byte *) {
          if (is_remote(home)) {
            count(stats.RemoteReads);
            count(stats.BytesFetched, n);
          }
          if (goes_whole(kind, offset, n))
            fabric.atomic_load(home, Segment::Memory, offset, out + done,
                               static_cast<unsigned>(n));
          else
            fabric.get(home, Segment::Memory, offset, out + done, n);
        });
  });
}

void write_at_home(void *p, const void *from, std::size_t bytes,
                   AccessKind kind) {
  auto *in = static_cast<const std::byte *>(from);
  auto &fabric = coherence->network();
  by_block(p, bytes, [&](std::uint64_t offset, std::size_t done,
                         std::size_t n) {
    coherence->at_home(
        offset, n, true, [&](int home, std::byte *copy, std::byte *twin) {
          if (is_remote(home)) {
            count(stats.RemoteWrites);
            count(stats.BytesWritten, n);
          }
          if (goes_whole(kind, offset, n)) {
            fabric.atomic_store(home, Segment::Memory, offset, in + done,
                                static_cast<unsigned>(n));
          } else {
            fabric.put(home, Segment::Memory, offset, in + done, n);
            fabric.flush();
          }
          patch(copy, twin, offset, in + done, n);
        });
  });
}

} // namespace loco::memory

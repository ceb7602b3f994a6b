// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// objects.h - the objects of the heap as entries of a LOCO hash table, for
// programs linked with -floco-mode=kvstore. The entry of an object is keyed by
// its address and holds its size and the node that allocated it; its bytes stay
// where they are, at their homes.
//
// Pointers into an object have to lead to its entry too. Therefore an object
// starts at a multiple of its *slot*, its size rounded up to a power of two:
// its key is the pointer without the low bits, and only how many is to be
// found.
#pragma once

#include "loco/channels.h"
#include "memory/space/layout.h"

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace loco::memory {

class Objects {
public:
  /// Collective, in the start-up order of Control reservations. Room for
  /// `entries_per_node` entries on each node.
  Objects(fabric::Fabric &fabric, Block num_blocks,
          std::size_t entries_per_node);
  static std::size_t control_bytes(std::size_t entries_per_node) {
    return KVStore::control_bytes(entries_per_node);
  }

  /// What to allocate for an object, and its alignment.
  static std::size_t slot_bytes(std::size_t bytes) {
    return std::bit_ceil(bytes < MinSlotBytes ? MinSlotBytes : bytes);
  }

  // Any user thread; window addresses only. What the program did wrong, and a
  // full table, end the job with an error that says so.

  void insert(void *start, std::size_t bytes);
  /// Whole extents that are no object, such as stacks.
  void insert_pages(void *start, std::size_t bytes);
  /// `verb`: what the program called, for the error.
  void erase(void *start, const char *verb);
  /// The size that the program asked for.
  std::size_t bytes_of(void *start, const char *verb);
  /// The object has now `bytes`, which must fit its slot.
  void resize(void *start, std::size_t bytes);

  /// [p, p + bytes) lies in an object. `verb` and `code`: what accesses it, and
  /// from where.
  void check_access(const void *p, std::size_t bytes, const char *verb,
                    const void *code);

private:
  static constexpr std::size_t MinSlotBytes = 16;
  /// KVStore::Value::second: the node, and this for insert_pages().
  static constexpr std::uint64_t Pages = 1 << 16;

  struct Object {
    std::uintptr_t start = 0;
    KVStore::Value entry{};
  };
  KVStore::Key key_of(const void *start) const {
    return reinterpret_cast<std::uintptr_t>(start);
  }
  std::optional<KVStore::Value> look_up(KVStore::Key key);
  void insert_entry(std::uintptr_t start, std::size_t bytes,
                    std::uint64_t kind);
  /// The object that `address` is in; else, with a zero start, nothing, or in
  /// `near` the object whose slot it is in.
  Object find(std::uintptr_t address, Object &near);

  fabric::Fabric &Network;
  KVStore Table;
  /// By block, log2 of the slots that were last met there; 0: none yet. Says
  /// where to look first, and may be wrong.
  std::atomic<std::uint8_t> *SlotShift;
};

/// Null in programs of cache mode, and on one node.
inline Objects *objects = nullptr;

} // namespace loco::memory

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// address_space.h - the global address space of one node: a memfd mapped twice,
// as the program view (where user code finds it, page by page) and as the
// runtime view (always writable, what the fabric works on); and the shadow.
//
// Invariant M1 (docs/memory-model.md): the runtime never touches the program
// view of a block while it holds that block's lock.
#pragma once

#include "base/result.h"
#include "memory/space/layout.h"

#include <atomic>
#include <cstddef>
#include <optional>

namespace loco::memory {

class AddressSpace {
public:
  /// Maps the shadow, all bytes LOCO_SHADOW_READY. All that one node needs.
  static Result<void> map_shadow();

  /// Makes the memfd and maps both views of a window of `window_bytes`.
  Result<void> open(std::uint64_t window_bytes);

  int memfd() const { return MemoryFd; }
  std::uint64_t window_bytes() const { return WindowBytes; }
  std::uint64_t memory_bytes() const { return WindowBytes + GlobalsBytes; }
  Block num_blocks() const { return block_at(memory_bytes()); }
  Extent num_extents() const { return extent_of(num_blocks()); }

  std::byte *runtime_view() const { return RuntimeView; }
  std::byte *runtime_view(Block block) const {
    return RuntimeView + offset_of(block);
  }

  /// The offset of an address of the program view; nothing where LOCO does not
  /// manage it. Any thread.
  std::optional<std::uint64_t> find(const void *address) const {
    auto a = reinterpret_cast<std::uintptr_t>(address);
    if (a - WindowBase < WindowBytes)
      return a - WindowBase;
    return find_global(a);
  }

  /// How many bytes from `offset` on are contiguous in the program view too.
  std::uint64_t contiguous_bytes(std::uint64_t offset) const;

  /// The program view of a block.
  std::byte *address_of(Block block) const {
    std::uint64_t offset = offset_of(block);
    if (offset < WindowBytes)
      return reinterpret_cast<std::byte *>(WindowBase + offset);
    return global_address(offset);
  }

  /// Gives [start, end) (page-aligned) a place in the Memory segment and maps
  /// the program view there, with the bytes it has now where `has_data`. Every
  /// node makes the same calls in the same order. Not thread-safe.
  Result<std::uint64_t> adopt_globals(char *start, char *end, bool has_data);

  /// Frees the memory of blocks of this node's file; both views read zeros.
  void give_back(Block first, Block count);

  /// Memory that this node's file takes.
  std::uint64_t resident_bytes() const;

  /// In a forked child: the program view becomes a private copy of what this
  /// node has, and the shadow lets everything pass.
  void become_private();

  static std::atomic<std::uint8_t> *shadow_of(const void *address) {
    return reinterpret_cast<std::atomic<std::uint8_t> *>(
        LOCO_SHADOW_BASE +
        (reinterpret_cast<std::uintptr_t>(address) >> LOCO_BLOCK_SHIFT));
  }
  /// Sets the shadow of `count` blocks from the program view address on.
  static void set_shadow(const void *address, unsigned long count,
                         loco_shadow value);

private:
  struct GlobalRange {
    std::uintptr_t Start, End;
    std::uint64_t Offset;
  };
  static constexpr unsigned MaxGlobalRanges = 256;

  /// Makes the window's shadow LOCO_SHADOW_ABSENT.
  Result<void> hide_window();
  std::optional<std::uint64_t> find_global(std::uintptr_t address) const;
  std::byte *global_address(std::uint64_t offset) const;

  int MemoryFd = -1;
  std::byte *RuntimeView = nullptr;
  std::uint64_t WindowBytes = 0;
  std::uint64_t GlobalsBytes = 0;
  std::uint64_t GlobalsUsed = 0;
  GlobalRange Globals[MaxGlobalRanges] = {};
  std::atomic<unsigned> NumGlobals{0};
};

} // namespace loco::memory

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// closing.cpp - the protocol: open blocks that idle are protected again, in runs as
// long as possible (open_history.h, costs.h).

#include "memory/coherence/coherence.h"

namespace loco::memory {

/// Looking for what idles costs about what comparing it does.
static constexpr std::uint32_t ReleasesBetweenClosing = 8;

void Coherence::close_idle(std::span<const Block> dirty,
                           std::span<const Block> watched) {
  if (Watch == nullptr && NumReleases % ReleasesBetweenClosing != 0)
    return;
  const unsigned idle_after = Changes.least() / 4;
  ClosingRun run{};
  for (std::size_t d = 0, w = 0; d < dirty.size() || w < watched.size();) {
    // Copies and home blocks may lie between each other.
    const bool next_is_copy =
        w == watched.size() || (d < dirty.size() && dirty[d] < watched[w]);
    const Block block = next_is_copy ? dirty[d++] : watched[w++];
    if (!extend(run, block)) {
      close(run);
      lock(block);
      run = {.first = block, .end = block, .idle = 0, .in_vain = 0};
    }
    BlockInfo &info = Info[block];
    const State open = next_is_copy ? State::Dirty : State::Home;
    if (info.State == open &&
        (Watch != nullptr || info.Open.in_vain() >= idle_after)) {
      info.Closing = true;
      ++run.idle;
      run.in_vain += info.Open.in_vain();
      run.end = block + 1;
    } else {
      unlock_run(run.end, block + 1 - run.end);
      close(run);
      run = {};
    }
  }
  close(run);
}

bool Coherence::extend(const ClosingRun &run, Block block) {
  static constexpr Block LongestGap = 64;
  if (run.end == 0 || block - run.end > LongestGap ||
      Space.address_of(block) - Space.address_of(run.first) !=
          static_cast<std::ptrdiff_t>((block - run.first) * BlockBytes))
    return false;
  // What is protected already stays as it is, while its lock is held.
  Block end = run.end;
  for (; end < block && try_lock(end); ++end)
    if (Info[end].State != State::Clean && Info[end].State != State::HomeProtected) {
      unlock(end);
      break;
    }
  if (end == block) {
    lock(block);
    return true;
  }
  unlock_run(run.end, end - run.end);
  return false;
}

void Coherence::close(const ClosingRun &run) {
  if (run.idle == 0) // then nothing of it is locked
    return;
  const Block span = run.end - run.first;
  if (Watch != nullptr || run.in_vain >= Changes.of_run(run.idle, span)) {
    // Protected before it is compared: a store that comes later opens the block again,
    // none is lost (M3).
    std::byte *address = Space.address_of(run.first);
    AddressSpace::set_shadow(address, span, LOCO_SHADOW_CLEAN);
    Pages.protect(address, span * BlockBytes);
    Changes.closed(run.idle, span);
  } else {
    for (Block b = run.first; b < run.end; ++b)
      Info[b].Closing = false;
  }
  unlock_run(run.first, span);
}

void Coherence::reopen(Block first, Block count) {
  for (Block b = first; b < first + count; ++b)
    Info[b].Closing = false;
  std::byte *address = Space.address_of(first);
  Pages.unprotect(address, count * BlockBytes);
  AddressSpace::set_shadow(address, count, writable());
}

} // namespace loco::memory

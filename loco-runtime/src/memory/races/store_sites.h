// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// store_sites.h - where in the program this node's stores to a block come from,
// as far as compiled checks tell. With LOCO_RACE only.
#pragma once

#include "memory/races/write_history.h"

#include <mutex>

namespace loco::memory {

class StoreSites {
public:
  /// The code at `pc` is about to store to bytes of the block. `release`: the
  /// number of the node's next one. Any thread.
  void note(Block block, ByteRun bytes, std::uint64_t pc,
            std::uint64_t release);

  /// What is known of a block's stores since the release before `release`, or
  /// the one before that: a check may come before a release, and its store
  /// after. Any thread.
  std::vector<StoreSite> of(Block block, std::uint64_t release);

private:
  static constexpr std::size_t MaxSitesPerBlock = 64;
  static constexpr std::size_t NumShards = 64;

  struct Shard {
    std::mutex mutex;
    std::unordered_map<Block, std::vector<StoreSite>> sites;
  };
  Shard &shard_of(Block block) { return Shards[block % NumShards]; }

  Shard Shards[NumShards];
};

} // namespace loco::memory

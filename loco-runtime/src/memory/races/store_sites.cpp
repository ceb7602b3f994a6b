// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// store_sites.cpp - where stores come from.

#include "memory/races/store_sites.h"

#include <algorithm>

namespace loco::memory {

void StoreSites::note(Block block, ByteRun bytes, std::uint64_t pc,
                      std::uint64_t release) {
  Shard &shard = shard_of(block);
  std::lock_guard lock(shard.mutex);
  std::vector<StoreSite> &sites = shard.sites[block];
  auto oldest = sites.end();
  for (auto site = sites.begin(); site != sites.end(); ++site) {
    if (site->pc == pc) {
      if (site->release != release)
        *site = {pc, release, bytes};
      site->bytes.begin = std::min(site->bytes.begin, bytes.begin);
      site->bytes.end = std::max(site->bytes.end, bytes.end);
      return;
    }
    if (oldest == sites.end() || site->release < oldest->release)
      oldest = site;
  }
  if (sites.size() < MaxSitesPerBlock)
    sites.push_back({pc, release, bytes});
  else
    *oldest = {pc, release, bytes};
}

std::vector<StoreSite> StoreSites::of(Block block, std::uint64_t release) {
  Shard &shard = shard_of(block);
  std::lock_guard lock(shard.mutex);
  std::vector<StoreSite> recent;
  auto found = shard.sites.find(block);
  if (found != shard.sites.end())
    for (const StoreSite &site : found->second)
      if (site.release + 1 >= release)
        recent.push_back(site);
  return recent;
}

} // namespace loco::memory

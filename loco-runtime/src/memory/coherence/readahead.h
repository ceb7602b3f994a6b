// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// readahead.h - how many blocks to fetch at a miss of one: more and more where
// misses come in ascending order, as Linux reads files ahead.
#pragma once

#include "memory/space/layout.h"

#include <algorithm>

namespace loco::memory {

/// The misses of one thread, or of all that the fault thread serves: a few
/// ascending streams at once.
class Readahead {
public:
  /// How many of the `limit` blocks from `missed` on to fetch now. 1 at first,
  /// twice as many as last time where `missed` is what a stream wants next.
  Block window(Block missed, Block limit) {
    for (Stream &stream : Streams)
      if (stream.next == missed && stream.length != 0) {
        stream.length = std::min(2 * stream.length, limit);
        stream.next = missed + stream.length;
        return stream.length;
      }
    Streams[Oldest] = {missed + 1, 1};
    Oldest = (Oldest + 1) % NumStreams;
    return 1;
  }

private:
  struct Stream {
    Block next;
    Block length; ///< of the last fetch; 0: no stream
  };
  static constexpr unsigned NumStreams = 8;
  Stream Streams[NumStreams] = {};
  unsigned Oldest = 0;
};

} // namespace loco::memory

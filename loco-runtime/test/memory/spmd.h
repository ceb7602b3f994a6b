// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// spmd.h - for test programs that no LOCO compiler has seen: one function on all
// nodes at once, and checks that end the job.
#pragma once

#include "loco/abi.h"
#include "loco/omp_abi.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

/// Ends the job with the line and the text where `condition` is false.
#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      std::fprintf(stderr, "%s:%d: node %d: not true: %s\n", __FILE__,         \
                   __LINE__, __loco_node(), #condition);                       \
      std::exit(1);                                                            \
    }                                                                          \
  } while (0)

/// What each node runs: its argument is the same pointer everywhere.
using SpmdFn = void (*)(void *shared);

namespace spmd {

struct Descriptor {
  SpmdFn fn;
  void *shared;
};

inline void handle(const void *descriptor, std::size_t) {
  Descriptor d;
  std::memcpy(&d, descriptor, sizeof d);
  d.fn(d.shared);
  __loco_omp_barrier(__loco_num_nodes());
}

// Worker nodes never reach main.
__attribute__((constructor)) inline void install() {
  if (__loco_num_nodes() > 1)
    __loco_omp_set_span_handler(handle);
}

/// Runs fn(shared) on all nodes; its writes are seen afterwards.
inline void run(SpmdFn fn, void *shared) {
  Descriptor d{fn, shared};
  if (__loco_num_nodes() > 1)
    __loco_omp_start_span(__loco_num_nodes(), &d, sizeof d);
  else
    return fn(shared);
  handle(&d, sizeof d);
}

inline void barrier() {
  if (__loco_num_nodes() > 1)
    __loco_omp_barrier(__loco_num_nodes());
}

} // namespace spmd

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// counters.cpp - __loco_counter: unknown names; what a node fetches and writes
// back, in bytes.

#include "spmd.h"

namespace {

constexpr std::size_t Bytes = 256 << 10;

struct Shared {
  char *data;
  std::int64_t fetched[64], written[64];
};

void use_data(void *argument) {
  auto &shared = *static_cast<Shared *>(argument);
  int node = __loco_node();
  std::int64_t fetched = __loco_counter("bytes_in");
  std::int64_t written = __loco_counter("bytes_out");
  __loco_touch(shared.data, Bytes, LOCO_TOUCH_LOAD);
  if (node > 0) {
    __loco_store(shared.data + node * 8192, 1);
    shared.data[node * 8192] ^= 1;
    __loco_release();
  }
  fetched = __loco_counter("bytes_in") - fetched;
  written = __loco_counter("bytes_out") - written;
  __loco_store(&shared.fetched[node], sizeof fetched);
  shared.fetched[node] = fetched;
  __loco_store(&shared.written[node], sizeof written);
  shared.written[node] = written;
}

} // namespace

int main() {
  CHECK(__loco_counter("bytes_in") >= 0);
  CHECK(__loco_counter("no such counter") == -1);
  CHECK(__loco_counter("") == -1);
  auto *shared = static_cast<Shared *>(__loco_malloc(sizeof(Shared)));
  shared->data = static_cast<char *>(__loco_malloc(Bytes));
  std::memset(shared->data, 7, Bytes);
  spmd::run(use_data, shared);
  // Node 0 has it all at home. The others fetch it once; a block or two of
  // `shared` may come along.
  CHECK(shared->fetched[0] <= 4 * LOCO_BLOCK_BYTES);
  for (int node = 1; node < __loco_num_nodes(); ++node) {
    CHECK(shared->fetched[node] >= std::int64_t(Bytes));
    CHECK(shared->fetched[node] <= std::int64_t(Bytes) + 4 * LOCO_BLOCK_BYTES);
    CHECK(shared->written[node] >= 1 && shared->written[node] <= 64);
  }
}

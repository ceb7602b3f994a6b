// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// touch_rows.cpp - __loco_touch and __loco_touch_rows: what they make ready,
// and what they leave alone.
#include "spmd.h"

namespace {

constexpr std::size_t Block = LOCO_BLOCK_BYTES;
constexpr std::size_t Stride = 5 * Block; // of rows that lie far apart
constexpr std::size_t Rows = 40;
constexpr std::size_t Bytes = Rows * Stride;

struct Shared {
  char *far_rows, *upwards, *dense, *stores, *range;
};

char *new_matrix() {
  auto *p = static_cast<char *>(aligned_alloc(65536, Bytes));
  CHECK(p != nullptr);
  std::memset(p, 7, Bytes); // at home on node 0
  return p;
}

bool is_ready(const char *p, int limit) {
  auto block = reinterpret_cast<std::uintptr_t>(p) >> LOCO_BLOCK_SHIFT;
  return *reinterpret_cast<volatile unsigned char *>(LOCO_SHADOW_BASE +
                                                     block) <= limit;
}

void work(void *argument) {
  auto *shared = static_cast<Shared *>(argument);
  bool is_remote = __loco_node() != 0;

  // A block and a half of every second row.
  char *p = shared->far_rows;
  __loco_touch_rows(p, Block + 10, 2 * Stride, Rows / 2, LOCO_TOUCH_LOAD);
  for (std::size_t row = 0; row < Rows; ++row)
    for (std::size_t b = 0; b < 5; ++b)
      CHECK(__loco_is_local(p + row * Stride + b * Block) ==
            (!is_remote || (row % 2 == 0 && b < 2)));

  // The same from the last row upwards.
  p = shared->upwards;
  __loco_touch_rows(p + (Rows - 1) * Stride, 8,
                    -static_cast<std::ptrdiff_t>(Stride), Rows,
                    LOCO_TOUCH_LOAD);
  for (std::size_t row = 0; row < Rows; ++row) {
    CHECK(__loco_is_local(p + row * Stride));
    CHECK(__loco_is_local(p + row * Stride + Block) == !is_remote);
  }

  // Near enough to be one range, in either direction.
  p = shared->dense;
  __loco_touch_rows(p, 2 * Block, Stride, 3, LOCO_TOUCH_LOAD);
  for (std::size_t b = 0; b < 12; ++b)
    CHECK(__loco_is_local(p + b * Block));
  CHECK(__loco_is_local(p + 12 * Block) == !is_remote);
  __loco_touch_rows(p + 3 * Stride + 2 * Block, 2 * Block,
                    -static_cast<std::ptrdiff_t>(Stride), 2, LOCO_TOUCH_LOAD);
  for (std::size_t b = 12; b < 19; ++b)
    CHECK(__loco_is_local(p + b * Block));
  CHECK(__loco_is_local(p + 19 * Block) == !is_remote);

  // For stores, and what overflows or is nobody's is left alone.
  spmd::barrier();
  p = shared->stores;
  if (__loco_node() == 1) {
    __loco_touch_rows(p, 8, Stride, Rows, LOCO_TOUCH_STORE);
    for (std::size_t row = 0; row < Rows; ++row) {
      CHECK(is_ready(p + row * Stride, LOCO_SHADOW_READY));
      p[row * Stride] = static_cast<char>(row);
    }
  }
  __loco_touch_rows(p, 0, Stride, Rows, LOCO_TOUCH_LOAD);
  __loco_touch_rows(p, 8, Stride, 0, LOCO_TOUCH_LOAD);
  __loco_touch_rows(p, 8, PTRDIFF_MAX, SIZE_MAX, LOCO_TOUCH_LOAD);
  __loco_touch_rows(p, 8, 0, SIZE_MAX, LOCO_TOUCH_LOAD);
  __loco_touch_rows(&is_remote, 8, Stride, 3, LOCO_TOUCH_STORE);
  __loco_touch(reinterpret_cast<void *>(~std::uintptr_t{0} - 3), 100,
               LOCO_TOUCH_LOAD);
  __loco_touch(reinterpret_cast<void *>(std::uintptr_t{1} << 47), Block,
               LOCO_TOUCH_LOAD);

  // A range: all of it, wherever it starts among the words of the shadow.
  p = shared->range;
  std::size_t from = 0;
  for (std::size_t n = 1; from + n < Bytes / Block; from += n + 1, ++n) {
    __loco_touch(p + from * Block + Block - 1, (n - 1) * Block + 1,
                 LOCO_TOUCH_LOAD);
    for (std::size_t b = from; b <= from + n; ++b)
      CHECK(__loco_is_local(p + b * Block) == (!is_remote || b < from + n));
  }
}

} // namespace

int main() {
  auto *shared = static_cast<Shared *>(calloc(1, sizeof(Shared)));
  CHECK(shared != nullptr);
  *shared = {new_matrix(), new_matrix(), new_matrix(), new_matrix(),
             new_matrix()};
  spmd::run(work, shared);
  for (std::size_t row = 0; row < Rows && __loco_num_nodes() > 1; ++row)
    CHECK(shared->stores[row * Stride] == static_cast<char>(row));
  std::puts("right");
}

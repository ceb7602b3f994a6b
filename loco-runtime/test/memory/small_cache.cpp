// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Data of four times LOCO_CACHE: every node reads and writes all of it, by
// range checks, single checks and page faults, with the right results, and its
// copies never take more memory than they may.

#include "spmd.h"

#include <algorithm>
#include <cinttypes>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace {

constexpr std::size_t CacheBytes = 1 << 20; // as CMakeLists.txt sets LOCO_CACHE
constexpr std::size_t DataBytes = 4 * CacheBytes;
constexpr std::size_t Words = DataBytes / sizeof(std::uint64_t);
constexpr std::size_t PartWords = Words / 64;
/// What the heap of this program and the tables of the runtime may grow by,
/// and a miss of the fault thread while another thread makes room.
constexpr std::size_t SlackBytes = 512 << 10;

/// Bytes that this node's memory file has, found by the name memfd_create gave.
std::size_t file_bytes() {
  for (int fd = 3; fd < 64; ++fd) {
    char name[64] = "";
    std::string link = "/proc/self/fd/" + std::to_string(fd);
    if (readlink(link.c_str(), name, sizeof name - 1) <= 0 ||
        std::strncmp(name, "/memfd:loco-memory", 18) != 0)
      continue;
    struct stat status;
    CHECK(fstat(fd, &status) == 0);
    return static_cast<std::size_t>(status.st_blocks) * 512;
  }
  CHECK(!"a memory file");
  return 0;
}

/// Private memory of the process: twins are in it.
std::size_t private_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssAnon:"))
      return std::stoull(line.substr(8)) << 10;
  CHECK(!"RssAnon");
  return 0;
}

std::size_t start_bytes, peak_bytes;

void look_at_memory() {
  std::size_t now = file_bytes() + private_bytes();
  peak_bytes = std::max(peak_bytes, now - std::min(now, start_bytes));
}

std::uint64_t expected(std::size_t i, unsigned round) {
  return i * 0x9e3779b97f4a7c15 + round;
}

bool checked(const std::uint64_t *p, std::uint8_t limit) {
  return *reinterpret_cast<volatile std::uint8_t *>(
             LOCO_SHADOW_BASE + (reinterpret_cast<std::uintptr_t>(p) >>
                                 LOCO_BLOCK_SHIFT)) <= limit;
}

/// Every word, in order: a range check of everything, then plain accesses.
void read_all(void *shared) {
  auto *data = static_cast<std::uint64_t *>(shared);
  __loco_touch(data, DataBytes, LOCO_TOUCH_LOAD);
  for (std::size_t i = 0; i < Words; ++i) {
    CHECK(data[i] == expected(i, 0));
    if (i % PartWords == 0)
      look_at_memory();
  }
}

/// A word of every second block, twice as many as the cache holds, upwards or
/// downwards: a check of rows leaves most of them out, and each page fault that
/// comes of it brings the next sixteenth of the cache.
void read_rows(const std::uint64_t *base, std::uint64_t *first,
               std::ptrdiff_t stride) {
  constexpr std::int64_t Rows = DataBytes / (2 * LOCO_BLOCK_BYTES);
  std::int64_t faults = __loco_counter("page_faults");
  std::int64_t blocks = __loco_counter("fetched_blocks");
  __loco_touch_rows(first, sizeof *first,
                    stride * static_cast<std::ptrdiff_t>(sizeof *first), Rows,
                    LOCO_TOUCH_LOAD);
  // They do not drive each other out before the first one is used.
  constexpr std::int64_t Sixteenth = CacheBytes / 16 / LOCO_BLOCK_BYTES;
  CHECK(__loco_counter("fetched_blocks") - blocks <= Sixteenth);
  for (std::int64_t row = 0; row < Rows; ++row, first += stride)
    CHECK(*first == expected(static_cast<std::size_t>(first - base), 0));
  CHECK(__loco_counter("page_faults") - faults <= 2 * Rows / Sixteenth);
  CHECK(__loco_counter("fetched_blocks") - blocks <= 2 * Rows);
  look_at_memory();
}

void read_rows_both_ways(void *shared) {
  constexpr std::ptrdiff_t Stride =
      2 * LOCO_BLOCK_BYTES / sizeof(std::uint64_t);
  auto *data = static_cast<std::uint64_t *>(shared);
  read_rows(data, data, Stride);
  read_rows(data, data + Words - Stride, -Stride);
}

/// The nodes in turn write all words, some unchecked, some checked, without a
/// release in between: what is evicted must get home.
void write_in_turn(void *shared) {
  auto *data = static_cast<std::uint64_t *>(shared);
  for (int turn = 0; turn < __loco_num_nodes(); ++turn) {
    if (turn == __loco_node()) {
      if (turn % 2 == 0)
        __loco_touch(data, DataBytes, LOCO_TOUCH_STORE);
      for (std::size_t i = 0; i < Words; ++i) {
        if (turn % 2 == 1 && !checked(&data[i], LOCO_SHADOW_READY))
          __loco_store(&data[i], sizeof data[i]);
        CHECK(data[i] == expected(i, turn));
        data[i] = expected(i, turn + 1);
        if (i % PartWords == 0)
          look_at_memory();
      }
    }
    spmd::barrier();
  }
}

/// Nodes write words of the same blocks, here and there.
void write_together(void *shared) {
  auto *data = static_cast<std::uint64_t *>(shared);
  std::size_t nodes = static_cast<std::size_t>(__loco_num_nodes());
  std::size_t node = static_cast<std::size_t>(__loco_node());
  std::uint64_t at = node + 1;
  for (std::size_t n = 0; n < 4 * DataBytes / LOCO_BLOCK_BYTES; ++n) {
    at = at * 6364136223846793005 + 1442695040888963407;
    std::size_t i = (at >> 33) % (Words / nodes) * nodes + node;
    if (!checked(&data[i], LOCO_SHADOW_READY))
      __loco_store(&data[i], sizeof data[i]);
    data[i] += 1;
    CHECK(data[i] > expected(i, static_cast<unsigned>(nodes)));
    if (n % 64 == 0)
      look_at_memory();
  }
}

void check_together(void *shared) {
  auto *data = static_cast<std::uint64_t *>(shared);
  unsigned nodes = static_cast<unsigned>(__loco_num_nodes());
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < Words; ++i)
    sum += data[i] - expected(i, nodes);
  CHECK(sum == nodes * (4 * DataBytes / LOCO_BLOCK_BYTES));
}

void begin(void *) {
  look_at_memory(); // what looking itself takes
  start_bytes = file_bytes() + private_bytes();
  peak_bytes = 0;
}

void end(void *) {
  std::printf("node %d: peak of copies and twins %zu KiB\n", __loco_node(),
              peak_bytes >> 10);
  CHECK(peak_bytes <= CacheBytes + SlackBytes);
  // It did hold copies: the measure measures.
  CHECK(__loco_node() == 0 || peak_bytes >= CacheBytes / 2);
}

} // namespace

int main() {
  auto *data = static_cast<std::uint64_t *>(__loco_malloc(DataBytes));
  CHECK(data != nullptr);
  for (std::size_t i = 0; i < Words; ++i) // first touch: all at home on node 0
    data[i] = expected(i, 0);
  for (SpmdFn step : {begin, read_all, read_rows_both_ways, write_in_turn,
                      write_together, check_together, end})
    spmd::run(step, data);
  __loco_free(data);
  std::puts("small_cache: right");
  return 0;
}

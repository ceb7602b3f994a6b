// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// placement_nodes.cpp - what loco_alloc_hint promises: each placement puts the
// extents of an untouched allocation where it says; what is touched stays; bad
// arguments are told apart. LOCO_PLACEMENT is checked where it is set.
#include "loco/placement.h"
#include "spmd.h"

#include <cerrno>
#include <initializer_list>

namespace {

constexpr std::size_t ExtentBytes = 64 << 10;
constexpr std::size_t Extents = 24;
constexpr std::size_t Bytes = Extents * ExtentBytes;

char *allocate() {
  void *p = nullptr;
  CHECK(posix_memalign(&p, ExtentBytes, Bytes) == 0);
  return static_cast<char *>(p);
}

int home(const char *p, std::size_t extent) {
  return __loco_home(p + extent * ExtentBytes);
}

/// Writes every extent from this node, which must change no planned home.
void touch(char *p) {
  for (std::size_t e = 0; e < Extents; ++e) {
    volatile char *byte = p + e * ExtentBytes + 77;
    *byte = static_cast<char>(e + 1);
  }
}

int expected_home(loco_placement placement, std::size_t extent) {
  int nodes = __loco_num_nodes();
  switch (placement) {
  case LOCO_PLACEMENT_INTERLEAVE:
    return static_cast<int>(extent % nodes);
  case LOCO_PLACEMENT_BLOCK:
    return static_cast<int>(extent * nodes / Extents);
  default:
    return 0;
  }
}

struct Shared {
  char *p;
  int placement;
};

void check_from_everywhere(void *argument) {
  auto *shared = static_cast<Shared *>(argument);
  for (std::size_t e = 0; e < Extents; ++e) {
    CHECK(home(shared->p, e) ==
          expected_home(static_cast<loco_placement>(shared->placement), e));
    CHECK(shared->p[e * ExtentBytes + 77] == static_cast<char>(e + 1));
  }
}

void check_hints() {
  for (loco_placement placement :
       {LOCO_PLACEMENT_INTERLEAVE, LOCO_PLACEMENT_BLOCK, LOCO_PLACEMENT_LOCAL,
        LOCO_PLACEMENT_FIRST_TOUCH}) {
    auto *shared = new Shared{allocate(), placement};
    // The last hint counts.
    CHECK(loco_alloc_hint(shared->p, Bytes, LOCO_PLACEMENT_LOCAL) == 0);
    CHECK(loco_alloc_hint(shared->p, Bytes, placement) == 0);
    touch(shared->p);
    spmd::run(check_from_everywhere, shared);
  }
}

void check_touched_stays() {
  char *p = allocate();
  CHECK(loco_alloc_hint(p, Bytes, LOCO_PLACEMENT_FIRST_TOUCH) == 0);
  p[ExtentBytes] = 1;
  CHECK(home(p, 1) == 0);
  CHECK(loco_alloc_hint(p, Bytes, LOCO_PLACEMENT_INTERLEAVE) == EBUSY);
  touch(p);
  CHECK(home(p, 1) == 0);
  CHECK(home(p, 3) == 3 % __loco_num_nodes());
  CHECK(loco_alloc_hint(p, Bytes, LOCO_PLACEMENT_FIRST_TOUCH) == 0);
}

void check_errors() {
  static char private_bytes[64]; // of code that no LOCO compiler has seen
  errno = 7;
  char *p = allocate();
  CHECK(loco_alloc_hint(private_bytes, 1, LOCO_PLACEMENT_BLOCK) == EFAULT);
  CHECK(loco_alloc_hint(nullptr, 1, LOCO_PLACEMENT_BLOCK) == EFAULT);
  CHECK(loco_alloc_hint(p, std::size_t{1} << 50, LOCO_PLACEMENT_BLOCK) ==
        EFAULT);
  CHECK(loco_alloc_hint(p, 1, static_cast<loco_placement>(9)) == EINVAL);
  CHECK(loco_alloc_hint(p, 0, LOCO_PLACEMENT_BLOCK) == 0);
  CHECK(errno == 7);
}

/// What LOCO_PLACEMENT, as the test sets it, does without a hint.
void check_environment() {
  const char *name = std::getenv("LOCO_PLACEMENT");
  if (name == nullptr)
    return;
  loco_placement placement =
      std::strcmp(name, "interleave") == 0 ? LOCO_PLACEMENT_INTERLEAVE
      : std::strcmp(name, "block") == 0    ? LOCO_PLACEMENT_BLOCK
                                           : LOCO_PLACEMENT_LOCAL;
  char *p = allocate();
  touch(p);
  for (std::size_t e = 0; e < Extents; ++e)
    CHECK(home(p, e) == expected_home(placement, e));
}

} // namespace

int main() {
  if (__loco_num_nodes() > 1) {
    check_environment();
    check_hints();
    check_touched_stays();
    check_errors();
  } else {
    char *p = allocate();
    CHECK(loco_alloc_hint(p, Bytes, LOCO_PLACEMENT_BLOCK) == 0);
    CHECK(loco_alloc_hint(p, Bytes, static_cast<loco_placement>(9)) == EINVAL);
  }
  std::puts("right");
}

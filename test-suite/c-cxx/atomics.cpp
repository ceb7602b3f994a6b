// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t -mcx16
//
// std::atomic and the __atomic builtins of all widths and several types, with
// plain data beside them in the same block.

#include "Inputs/check.h"
#include <atomic>
#include <cstdint>
#include <omp.h>

constexpr int Rounds = 200;

struct Shared {
  std::atomic<uint8_t> a1{0};
  char beside[7];
  std::atomic<int16_t> a2{0};
  std::atomic<int32_t> a4{0};
  std::atomic<uint64_t> a8{0};
  std::atomic<float> f{0};
  std::atomic<double> d{0};
  std::atomic<int> smallest{1 << 30};
  std::atomic<unsigned> bits{0};
  std::atomic<bool> flag{false};
  std::atomic<const char *> pointer{nullptr};
  std::atomic_flag spin = ATOMIC_FLAG_INIT;
  long guarded = 0;
  alignas(16) unsigned __int128 wide = 0;
  int per_thread[256];
};

Shared global;

static void add_float(std::atomic<float> &f, float value) {
  float seen = f.load(std::memory_order_relaxed);
  while (!f.compare_exchange_weak(seen, seen + value))
    ;
}

static void add_wide(unsigned __int128 *p, unsigned __int128 value) {
  unsigned __int128 seen = __atomic_load_n(p, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(p, &seen, seen + value, false,
                                      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
    ;
}

static const char text[] = "a constant";

static void use(Shared &s) {
  int threads = 0;
#pragma omp parallel
  {
#pragma omp single
    threads = omp_get_num_threads();
    const int me = omp_get_thread_num();
    for (int i = 0; i < Rounds; ++i) {
      ++s.a1;
      s.a2.fetch_add(3, std::memory_order_relaxed);
      s.a4.fetch_sub(2, std::memory_order_acq_rel);
      s.a8 += uint64_t(1) << 33;
      add_float(s.f, 1);
      __atomic_fetch_add(&s.per_thread[me], 1, __ATOMIC_RELAXED);
      add_wide(&s.wide, (static_cast<unsigned __int128>(1) << 70) + 1);
      double seen = s.d;
      while (!s.d.compare_exchange_strong(seen, seen + 0.5))
        ;
      int least = s.smallest;
      while (me * Rounds + i < least &&
             !s.smallest.compare_exchange_weak(least, me * Rounds + i))
        ;
      while (s.spin.test_and_set(std::memory_order_acquire))
        ;
      ++s.guarded;
      s.spin.clear(std::memory_order_release);
    }
    s.bits.fetch_or(1u << (me % 32));
    s.beside[me % 7] = 'x';
    if (me == threads - 1) {
      s.pointer.store(text, std::memory_order_release);
      s.flag.store(true, std::memory_order_release);
    }
    while (!s.flag.load(std::memory_order_acquire))
      ;
    CHECK(s.pointer.load(std::memory_order_relaxed) == text);
  }
  const long n = static_cast<long>(threads) * Rounds;
  CHECK(s.a1 == static_cast<uint8_t>(n));
  CHECK(s.a2 == static_cast<int16_t>(3 * n));
  CHECK(s.a4 == -2 * n);
  CHECK(s.a8 == static_cast<uint64_t>(n) << 33);
  CHECK(s.f == static_cast<float>(n));
  CHECK(s.d == n * 0.5);
  CHECK(s.smallest == 0);
  CHECK(s.guarded == n);
  CHECK(s.wide == static_cast<unsigned __int128>(n) +
                      (static_cast<unsigned __int128>(n) << 70));
  CHECK(s.bits == (threads >= 32 ? ~0u : (1u << threads) - 1));
  for (int i = 0; i < threads && i < 256; ++i)
    CHECK(s.per_thread[i] == Rounds);
  for (int i = 0; i < 7 && i < threads; ++i)
    CHECK(s.beside[i] == 'x');
}

int main() {
  use(global);
  Shared *heap = new Shared();
  use(*heap);
  delete heap;
  Shared stack{};
  use(stack);
  puts("ok");
}

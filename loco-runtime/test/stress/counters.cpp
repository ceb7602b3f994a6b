// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// counters.cpp - atomic counters of all widths.

#include "counters.h"

#include "access.h"
#include "failure.h"
#include "schedule.h"

#include <algorithm>

namespace stress {

// Each counter has one width and one kind of operation, all commutative.
enum CounterKind {
  Add1,
  Add2,
  Add4,
  Add8,
  Add16,
  Sub8,
  Or8,
  Xor2,
  UMax4,
  Cas4,
  Cas16,
  Float4,
  Float8,
};
constexpr int CounterBytes[CounterCount] = {1, 2, 4, 8,  16, 8, 8,
                                            2, 4, 4, 16, 4,  8};

void count(int which, uint64_t value, int order) {
  char *p = round_.arena + layout.counter[which];
  auto *p4 = reinterpret_cast<uint32_t *>(p);
  auto *p8 = reinterpret_cast<uint64_t *>(p);
  auto *p16 = reinterpret_cast<Wide *>(p);
  switch (which) {
  case Add1:
    atomic_rmw(reinterpret_cast<uint8_t *>(p), static_cast<uint8_t>(value),
               LOCO_RMW_ADD, order);
    break;
  case Add2:
    atomic_rmw(reinterpret_cast<uint16_t *>(p), static_cast<uint16_t>(value),
               LOCO_RMW_ADD, order);
    break;
  case Add4:
    atomic_rmw(p4, static_cast<uint32_t>(value), LOCO_RMW_ADD, order);
    break;
  case Add8:
    atomic_rmw(p8, value, LOCO_RMW_ADD, order);
    break;
  case Add16:
    if (multi())
      atomic_rmw(p16, static_cast<Wide>(value) << 32, LOCO_RMW_ADD, order);
    else
      cas_add(p16, static_cast<Wide>(value) << 32, order);
    break;
  case Sub8:
    atomic_rmw(p8, value, LOCO_RMW_SUB, order);
    break;
  case Or8:
    atomic_rmw(p8, uint64_t(1) << (value % 64), LOCO_RMW_OR, order);
    break;
  case Xor2:
    atomic_rmw(reinterpret_cast<uint16_t *>(p), static_cast<uint16_t>(value),
               LOCO_RMW_XOR, order);
    break;
  case UMax4:
    if (multi())
      atomic_rmw(p4, static_cast<uint32_t>(value), LOCO_RMW_UMAX, order);
    else
      cas_apply(p4, static_cast<uint32_t>(value), order,
                [](uint32_t a, uint32_t b) { return a > b; });
    break;
  case Cas4:
    cas_add(p4, static_cast<uint32_t>(value), order);
    break;
  case Cas16:
    cas_add(p16, static_cast<Wide>(value) << 40, order);
    break;
  case Float4: // small whole numbers: the sum is exact
    float_add<float, uint32_t>(p, static_cast<float>(value % 16), order);
    break;
  case Float8:
    float_add<double, uint64_t>(p, static_cast<double>(value % 1024), order);
    break;
  }
}

Wide model_count(int which, Wide old_value, uint64_t value) {
  switch (which) {
  case Add16:
    return old_value + (static_cast<Wide>(value) << 32);
  case Cas16:
    return old_value + (static_cast<Wide>(value) << 40);
  case Sub8:
    return static_cast<uint64_t>(old_value) - value;
  case Or8:
    return old_value | uint64_t(1) << (value % 64);
  case Xor2:
    return old_value ^ static_cast<uint16_t>(value);
  case UMax4:
    return std::max<Wide>(old_value, static_cast<uint32_t>(value));
  case Float4:
    return old_value + value % 16;
  case Float8:
    return old_value + value % 1024;
  default: {
    const Wide sum = old_value + value;
    const int bits = CounterBytes[which] * 8;
    return sum & ((Wide(1) << bits) - 1);
  }
  }
}

// The bytes that a counter should have.
static Wide counter_bits(int which) {
  const Wide value = counter_model[which];
  if (which == Float4) {
    const float number = static_cast<float>(static_cast<uint64_t>(value));
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
  }
  if (which == Float8) {
    const double number = static_cast<double>(static_cast<uint64_t>(value));
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
  }
  return value;
}

static void check_counter(Random &random, const Context &context, int which) {
  char *p = round_.arena + layout.counter[which];
  const int n = CounterBytes[which];
  const Wide expected = counter_bits(which);
  Wide got = 0;
  const char *how = "plain load";
  if (random.chance(50)) {
    how = "atomic load";
    const int order = random.chance(50) ? __ATOMIC_RELAXED : __ATOMIC_ACQUIRE;
    switch (n) {
    case 1:
      got = atomic_load(reinterpret_cast<uint8_t *>(p), order);
      break;
    case 2:
      got = atomic_load(reinterpret_cast<uint16_t *>(p), order);
      break;
    case 4:
      got = atomic_load(reinterpret_cast<uint32_t *>(p), order);
      break;
    case 8:
      got = atomic_load(reinterpret_cast<uint64_t *>(p), order);
      break;
    default:
      got = atomic_load(reinterpret_cast<Wide *>(p), order);
    }
  } else {
    load(p, &got, n, pick_how(random));
  }
  if (got != expected)
    fail(context, p,
         "M7: atomic %d of %d bytes: expected 0x%llx%016llx, got 0x%llx%016llx "
         "(%s)",
         which, n, static_cast<unsigned long long>(expected >> 64),
         static_cast<unsigned long long>(expected),
         static_cast<unsigned long long>(got >> 64),
         static_cast<unsigned long long>(got), how);
}

bool pick_counter(Random &random, const Context &context, CounterDelta &delta,
                  int &order) {
  delta.which = static_cast<int>(random.below(CounterCount));
  delta.value = random.next() & 0xffffff;
  order = Orders[random.below(3)];
  return counter_phase(context.phase, delta.which) == CounterPhase::Active;
}

// A plain store to an atomic while nobody else uses it. The other nodes follow
// in their models after the phase.
void reset_counters(const Context &context) {
  for (int which = 0; which < CounterCount; ++which) {
    if (counter_phase(context.phase, which) != CounterPhase::Reset ||
        counter_resetter(context.phase, which) != context.thread)
      continue;
    const Wide zero = 0;
    store(round_.arena + layout.counter[which], &zero, CounterBytes[which],
          How::Checked);
  }
}

void check_counters(Random &random, const Context &context) {
  for (int which = 0; which < CounterCount; ++which)
    if (counter_phase(context.phase, which) == CounterPhase::Read)
      check_counter(random, context, which);
}

void add_to_model(const Wide (&counters)[CounterCount]) {
  for (int which = 0; which < CounterCount; ++which) {
    const int bits = CounterBytes[which] * 8;
    Wide &value = counter_model[which];
    if (which == Or8)
      value |= counters[which];
    else if (which == Xor2)
      value ^= counters[which];
    else if (which == UMax4)
      value = std::max(value, counters[which]);
    else
      value += counters[which];
    if (bits < 128)
      value &= (Wide(1) << bits) - 1;
  }
}

} // namespace stress

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "fabric/fabric.h"
#include "loco/channels.h"

namespace loco {
namespace {

constexpr std::size_t WordBytes = sizeof(std::uint64_t);
constexpr std::size_t LineWords = 64 / WordBytes;

} // namespace

StateTable::StateTable(fabric::Fabric &fabric, std::size_t words_per_row)
    : Net(&fabric),
      // Rows of different writers share no cache line.
      RowWords((words_per_row + LineWords - 1) / LineWords * LineWords) {
  Offset = fabric.reserve_control(RowWords * WordBytes * fabric.num_nodes());
}

std::uint64_t *StateTable::word_at(int row, std::size_t word) const {
  return reinterpret_cast<std::uint64_t *>(Net->control() + Offset) +
         row * RowWords + word;
}

std::uint64_t StateTable::read(int row, std::size_t word) const {
  return __atomic_load_n(word_at(row, word), __ATOMIC_ACQUIRE);
}

void StateTable::set(std::size_t word, std::uint64_t value) const {
  __atomic_store_n(word_at(Net->node(), word), value, __ATOMIC_RELEASE);
}

void StateTable::push(std::size_t first, std::size_t count,
                      int num_nodes) const {
  const int me = Net->node();
  const std::uint64_t *words = word_at(me, first);
  const std::uint64_t offset =
      Offset + (me * RowWords + first) * WordBytes;
  Net->flush(); // earlier writes, also to others than the node that is told
  for (int node = 0; node < num_nodes; ++node)
    if (node != me)
      Net->put(node, fabric::Segment::Control, offset, words,
               count * WordBytes);
  for (int node = 0; node < num_nodes; ++node)
    Net->notify(node);
}

void StateTable::wait_at_least(std::size_t word, std::uint64_t value,
                               int num_nodes) const {
  int met = 0; // rows below have come: a word that counts up stays there
  Net->wait_until([&] {
    while (met < num_nodes && read(met, word) >= value)
      ++met;
    return met == num_nodes;
  });
}

} // namespace loco

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// move_board.cpp - the lists of requests and answers.

#include "memory/homes/move_board.h"

#include "fabric/fabric.h"

#include <cstring>

namespace loco::memory {

static constexpr std::size_t CountBytes = sizeof(std::uint64_t);

MoveBoard::MoveBoard(fabric::Fabric &fabric, int num_nodes)
    : NumNodes(num_nodes),
      Lists{SharedRegion(fabric, CountBytes + Capacity * sizeof(Move)),
            SharedRegion(fabric, CountBytes + Capacity * sizeof(Move))},
      Meeting(fabric) {}

std::uint64_t &MoveBoard::count_of(List list) const {
  return *reinterpret_cast<std::uint64_t *>(Lists[list].local());
}

void MoveBoard::clear() { count_of(Requests) = count_of(Answers) = 0; }

bool MoveBoard::full(List list) const { return count_of(list) == Capacity; }

void MoveBoard::add(List list, Move move) {
  std::uint64_t &count = count_of(list);
  std::memcpy(Lists[list].local() + CountBytes + count * sizeof move, &move,
              sizeof move);
  ++count;
}

} // namespace loco::memory

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// listwalk.cpp - pointer chasing: each thread walks and changes a linked list of
// its own, whose nodes lie in a random order; then it reads its neighbour's.

#include "bench.h"

#include <algorithm>
#include <vector>

namespace {

struct Node {
  Node *Next;
  uint64_t Key, Visits;
};

/// `length` nodes, linked in a random order. Keys are first, first + 1, ...
Node *make_list(long length, uint64_t first) {
  std::vector<Node *> nodes(length);
  for (Node *&node : nodes)
    node = new Node;
  for (long i = length - 1; i > 0; --i)
    std::swap(nodes[i], nodes[bench::mix(first + i) % (i + 1)]);
  for (long i = 0; i < length; ++i)
    *nodes[i] = {i + 1 < length ? nodes[i + 1] : nullptr, first + i, 0};
  return nodes[0];
}

uint64_t visit(Node *head) {
  uint64_t sum = 0;
  for (Node *node = head; node; node = node->Next) {
    node->Visits++;
    sum += node->Key * node->Visits;
  }
  return sum;
}

uint64_t read(const Node *head) {
  uint64_t sum = 0;
  for (const Node *node = head; node; node = node->Next)
    sum += node->Key ^ node->Visits;
  return sum;
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "listwalk");
  const int lists = 8; // dealt out to the threads
  const long length = run.pick(500L, 4000L, 60000L, 500000L);
  const int steps = run.pick(4, 5, 11, 11);
  std::vector<Node *> heads(lists);

  bench::Phase init(run, "init");
  init.begin();
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (int list = 0; list < lists; ++list)
    heads[list] = make_list(length, list * length);
  init.end();

  // Lists that are read in another part than they were made and visited in.
  double list_bytes = static_cast<double>(length * sizeof(Node));
  double moved_lists = 0, serial_lists = 0;
  for (int node = 0; node < run.nodes(); ++node) {
    bench::Range own = run.node_part(lists, node);
    moved_lists += run.nodes() > 1 && own.length() > 0;
    serial_lists += node > 0 && run.serial_init() ? own.length() : 0;
  }

  uint64_t sum = 0;
  bench::Phase own(run, "own", steps);
  own.least_fetched(serial_lists * list_bytes, 0);
  for (int step = 0; step < steps; ++step) {
    own.begin();
#pragma omp parallel for schedule(static) reduction(+ : sum)
    for (int list = 0; list < lists; ++list)
      sum += visit(heads[list]);
    own.end();
  }

  bench::Phase neighbour(run, "neighbour", steps);
  neighbour.least_fetched(moved_lists * list_bytes, 0);
  for (int step = 0; step < steps; ++step) {
    neighbour.begin();
#pragma omp parallel for schedule(static) reduction(+ : sum)
    for (int list = 0; list < lists; ++list)
      sum += read(heads[(list + 1) % lists]);
    neighbour.end();
  }

  uint64_t expected = 0;
  for (uint64_t key = 0; key < static_cast<uint64_t>(lists * length); ++key)
    expected += key * (steps * (steps + 1) / 2) + steps * (key ^ steps);
  run.check(sum == expected, "differs from the closed form");
  return run.finish(sum);
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// treewalk.cpp - a binary search tree in the heap: recursive sums over its
// subtrees, and lookups of random keys.

#include "bench.h"

#include <vector>

namespace {

struct Node {
  uint64_t Key, Value;
  Node *Left, *Right;
};

/// The tree is complete: `Levels` levels, keys 1 to 2^Levels - 1. Its top
/// TopLevels levels are made by the main thread, the subtrees below by all.
constexpr int TopLevels = 4, Subtrees = 1 << TopLevels;

uint64_t value_of(uint64_t key) { return bench::mix(key) & 0xffffff; }

/// Right before left in some, so that a walk does not go through memory in order.
Node *make(uint64_t middle, uint64_t reach) {
  Node *node = new Node{middle, value_of(middle), nullptr, nullptr};
  if (reach == 0)
    return node;
  if (bench::mix(middle) & 1)
    node->Left = make(middle - reach, reach / 2);
  node->Right = make(middle + reach, reach / 2);
  if (!node->Left)
    node->Left = make(middle - reach, reach / 2);
  return node;
}

/// Makes the levels above the subtrees; puts the places for those into `holes`.
Node *make_top(uint64_t middle, uint64_t reach, int levels,
               std::vector<Node **> &holes) {
  Node *node = new Node{middle, value_of(middle), nullptr, nullptr};
  if (levels == 1) {
    holes.push_back(&node->Left);
    holes.push_back(&node->Right);
    return node;
  }
  node->Left = make_top(middle - reach, reach / 2, levels - 1, holes);
  node->Right = make_top(middle + reach, reach / 2, levels - 1, holes);
  return node;
}

uint64_t sum_of(const Node *node) {
  return node ? node->Value + sum_of(node->Left) + sum_of(node->Right) : 0;
}

uint64_t look_up(const Node *node, uint64_t key) {
  while (node->Key != key)
    node = key < node->Key ? node->Left : node->Right;
  return node->Value;
}

/// The key that lookup number i looks for.
uint64_t wanted(long i, uint64_t root_key) {
  return 1 + bench::mix(i) % (2 * root_key - 1);
}

/// How many nodes of the tree the lookups of all (cluster) nodes meet that were
/// made elsewhere; from the keys alone.
long nodes_from_elsewhere(const bench::Run &run, uint64_t root_key,
                          long lookups) {
  long count = 0;
  for (int node = 0; run.nodes() > 1 && node < run.nodes(); ++node) {
    std::vector<bool> met(2 * root_key);
    bench::Range own = run.node_part(lookups, node);
    for (long i = own.begin; i < own.end; ++i) {
      uint64_t key = wanted(i, root_key), at = root_key;
      for (uint64_t reach = root_key / 2; at != key; reach /= 2) {
        met[at] = true;
        at = key < at ? at - reach : at + reach;
      }
      met[at] = true;
    }
    bench::Range made = run.node_part(Subtrees, node);
    uint64_t keys_each = 2 * root_key / Subtrees;
    for (uint64_t key = 1; key < 2 * root_key; ++key) {
      long subtree = static_cast<long>(key / keys_each);
      bool top = key % keys_each == 0; // made by node 0
      bool own_made =
          top ? node == 0 : subtree >= made.begin && subtree < made.end;
      count += met[key] && !own_made;
    }
  }
  return count;
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "treewalk");
  const int levels = run.pick(10, 13, 18, 21);
  const long lookups = run.pick(1000L, 20000L, 250000L, 1000000L);
  const int steps = run.pick(4, 5, 8, 8);
  const uint64_t root_key = uint64_t(1) << (levels - 1);
  const uint64_t subtree_reach = root_key >> (TopLevels + 1);
  std::vector<Node **> holes;
  std::vector<Node *> subtrees(Subtrees);

  bench::Phase init(run, "init");
  init.begin();
  Node *root = make_top(root_key, root_key / 2, TopLevels, holes);
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (int i = 0; i < Subtrees; ++i)
    subtrees[i] = *holes[i] =
        make((2 * i + 1) * (root_key >> TopLevels), subtree_reach);
  init.end();

  const double keys = static_cast<double>(2 * root_key - 1);
  bench::Phase sums(run, "sum", steps);
  // Each subtree is read by the thread that made it.
  sums.least_fetched(
      run.serial_init() ? run.remote_share() * keys * sizeof(Node) : 0, 0);
  uint64_t sum = 0;
  for (int step = 0; step < steps; ++step) {
    sums.begin();
#pragma omp parallel for schedule(static) reduction(+ : sum)
    for (int i = 0; i < Subtrees; ++i)
      sum += sum_of(subtrees[i]);
    sums.end();
  }

  bench::Phase search(run, "lookup", steps);
  // What a node's lookups meet that another made, once.
  search.least_fetched(nodes_from_elsewhere(run, root_key, lookups) *
                           static_cast<double>(sizeof(Node)),
                       0);
  uint64_t found = 0;
  for (int step = 0; step < steps; ++step) {
    search.begin();
#pragma omp parallel for schedule(static) reduction(+ : found)
    for (long i = 0; i < lookups; ++i)
      found += look_up(root, wanted(i, root_key)) * (i % 3);
    search.end();
  }

  uint64_t expected = 0, expected_found = 0;
  uint64_t top_sum = 0; // what no subtree has
  for (uint64_t key = 1; key < 2 * root_key; ++key) {
    expected += value_of(key);
    if (key % (2 * root_key / Subtrees) == 0)
      top_sum += value_of(key);
  }
  run.check(sum_of(root) == expected && top_sum + sum / steps == expected,
            "the sum differs from the closed form");
  for (long i = 0; i < lookups; ++i)
    expected_found += value_of(wanted(i, root_key)) * (i % 3);
  run.check(found == steps * expected_found, "a lookup found a wrong value");
  return run.finish(sum + found);
}

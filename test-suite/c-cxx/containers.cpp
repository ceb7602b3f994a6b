// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: %S/../self-check.sh %stock-clangxx %loco-clangxx %loco-run %s %t
//
// Containers of the standard library made on one node, used and changed on
// others; smart pointers whose counts all nodes change.

#include "Inputs/check.h"
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <omp.h>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

struct Node {
  explicit Node(int value) : value(value) {
#pragma omp atomic
    ++alive;
  }
  ~Node() {
#pragma omp atomic
    --alive;
  }
  int value;
  std::shared_ptr<Node> next;
  static int alive;
};
int Node::alive = 0;

int main() {
  std::map<int, std::string> names;
  std::unordered_map<std::string, std::vector<int>> index;
  std::list<std::string> journal;
  std::deque<std::function<int(int)>> functions;
  std::set<long> seen;
  std::vector<std::variant<int, std::string>> variants(500);
  auto shared = std::make_shared<Node>(5);
  std::shared_ptr<Node> chain;
  std::vector<std::optional<std::string>> optionals(500);
  int threads = 0;

#pragma omp parallel
  {
#pragma omp single
    threads = omp_get_num_threads();
    const int me = omp_get_thread_num();
#pragma omp for schedule(dynamic, 5)
    for (int i = 0; i < 500; ++i) {
      const std::string key = "key number " + std::to_string(i % 50) +
                              (i % 2 ? ", long enough to be on the heap" : "");
      if (i % 3)
        variants[i] = key;
      else
        variants[i] = i;
      optionals[i] = key;
#pragma omp critical
      {
        names[i] = key;
        index[key].push_back(i);
        journal.push_front(key);
        seen.insert(i * 1000L + me);
        functions.push_back(
            [key, i](int x) { return static_cast<int>(key.size()) + i + x; });
        auto node = std::make_shared<Node>(i);
        node->next = chain;
        chain = node;
      }
      // The count is an atomic of libstdc++'s.
      std::shared_ptr<Node> mine = shared;
      CHECK(mine->value == 5);
    }
  }
  CHECK(shared.use_count() == 1);
  CHECK(names.size() == 500 && journal.size() == 500 && seen.size() == 500);
  CHECK(index.size() == 50);
  CHECK(Node::alive == 501);

  int total = 0;
#pragma omp parallel for reduction(+ : total)
  for (int i = 0; i < 500; ++i) {
    const auto &key = names.at(i);
    const auto &list = index.at(key);
    CHECK(list.size() == 10);
    for (int j : list)
      CHECK(names.at(j) == key);
    CHECK(*optionals[i] == key);
    if (i % 3)
      CHECK(std::get<std::string>(variants[i]) == key);
    else
      CHECK(std::get<int>(variants[i]) == i);
    total += functions[i](1);
  }
  int expected = 0;
  for (const auto &[i, key] : names)
    expected += static_cast<int>(key.size()) + i + 1;
  CHECK(total == expected);

  // Taken apart by all nodes.
#pragma omp parallel
  {
    for (;;) {
      std::shared_ptr<Node> mine;
#pragma omp critical
      {
        mine = chain;
        if (chain)
          chain = std::shared_ptr<Node>(mine->next);
      }
      if (!mine)
        break;
#pragma omp critical
      mine->next.reset();
    }
#pragma omp for
    for (int i = 0; i < 500; ++i) {
      optionals[i].reset();
      variants[i] = 1;
    }
#pragma omp critical
    if (!journal.empty())
      journal.pop_back();
  }
  CHECK(Node::alive == 1);
  CHECK(static_cast<int>(journal.size()) == 500 - threads);
  puts("ok");
}

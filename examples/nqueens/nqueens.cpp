// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// nqueens - in how many ways n queens can stand on an n x n board so that none
// attacks another, for every n up to a limit. The first rows are searched by
// OpenMP tasks, the rest sequentially. Board sizes come from the command line
// or from a file.
//
//   nqueens [options] N | nqueens [options] --file sizes.txt

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <getopt.h>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int MaxSize = 20;

// Queens of the first rows: the column of each, and the attacked columns and
// diagonals as seen from the next row, as bits.
struct Position {
  std::array<signed char, MaxSize> columns{};
  int row = 0;
  uint32_t taken = 0;
  uint32_t down_left = 0;
  uint32_t down_right = 0;

  Position with_queen(int column) const {
    Position next = *this;
    const uint32_t bit = 1u << column;
    next.columns[row] = static_cast<signed char>(column);
    next.row = row + 1;
    next.taken = taken | bit;
    next.down_left = (down_left | bit) << 1;
    next.down_right = (down_right | bit) >> 1;
    return next;
  }

  uint32_t free_columns(int size) const {
    return ((1u << size) - 1) & ~(taken | down_left | down_right);
  }
};

class Solver {
public:
  Solver(int size, int task_rows) : size(size), task_rows(task_rows) {}

  uint64_t solve();
  // The first solution, by the columns from the top row; empty if none.
  const std::vector<int> &first() const { return first_solution; }
  uint64_t tasks() const { return task_count; }

private:
  uint64_t search_with_tasks(const Position &position);
  uint64_t search(const Position &position);
  void offer(const Position &position);

  int size;
  int task_rows;
  std::vector<int> first_solution;
  uint64_t task_count = 0;
};

uint64_t Solver::solve() {
  uint64_t solutions = 0;
#pragma omp parallel
#pragma omp single
  solutions = search_with_tasks(Position());
  return solutions;
}

uint64_t Solver::search_with_tasks(const Position &position) {
  if (position.row >= task_rows || position.row == size)
    return search(position);
  uint64_t total = 0;
  for (uint32_t free = position.free_columns(size); free; free &= free - 1) {
    const int column = __builtin_ctz(free);
#pragma omp task shared(total) firstprivate(position, column)
    {
      const uint64_t found = search_with_tasks(position.with_queen(column));
#pragma omp atomic
      total += found;
#pragma omp atomic
      ++task_count;
    }
  }
#pragma omp taskwait
  return total;
}

uint64_t Solver::search(const Position &position) {
  if (position.row == size) {
    offer(position);
    return 1;
  }
  uint64_t total = 0;
  for (uint32_t free = position.free_columns(size); free; free &= free - 1)
    total += search(position.with_queen(__builtin_ctz(free)));
  return total;
}

// Keeps the smallest solution. Only one that starts in column 0 or 1 or 2 can
// be it on boards that have any; that spares the lock for most.
void Solver::offer(const Position &position) {
  if (position.columns[0] > 2)
    return;
  const std::vector<int> mine(position.columns.begin(),
                              position.columns.begin() + size);
#pragma omp critical(first_solution)
  if (first_solution.empty() || mine < first_solution)
    first_solution = mine;
}

void print_board(const std::vector<int> &columns) {
  for (int column : columns) {
    std::string line(columns.size(), '.');
    line[column] = 'Q';
    std::cout << "  " << line << '\n';
  }
}

int parse_size(const std::string &text) {
  char *end;
  const long size = std::strtol(text.c_str(), &end, 10);
  if (end == text.c_str() || *end || size < 1 || size > MaxSize)
    throw std::runtime_error("bad board size '" + text + "' (1 to " +
                             std::to_string(MaxSize) + ")");
  return static_cast<int>(size);
}

std::vector<int> read_sizes(const std::string &path) {
  std::ifstream in(path);
  if (!in)
    throw std::runtime_error(path + ": cannot open");
  std::vector<int> sizes;
  for (std::string word; in >> word;)
    sizes.push_back(parse_size(word));
  return sizes;
}

void print_usage(std::ostream &out) {
  out << "usage: nqueens [options] N...\n"
         "Counts the ways to place n queens on an n x n board.\n"
         "  -f, --file FILE    board sizes from a file\n"
         "  -d, --task-rows N  rows to search by tasks (2)\n"
         "  -b, --board        show the first solution of each size\n"
         "  -h, --help         this text\n";
}

} // namespace

int main(int argc, char **argv) {
  static const option LongOptions[] = {
      {"file", required_argument, nullptr, 'f'},
      {"task-rows", required_argument, nullptr, 'd'},
      {"board", no_argument, nullptr, 'b'},
      {"help", no_argument, nullptr, 'h'},
      {}};
  int task_rows = 2;
  bool board = false;
  std::string file;
  for (int c;
       (c = getopt_long(argc, argv, "f:d:bh", LongOptions, nullptr)) != -1;) {
    switch (c) {
    case 'f':
      file = optarg;
      break;
    case 'd':
      task_rows = std::atoi(optarg);
      break;
    case 'b':
      board = true;
      break;
    case 'h':
      print_usage(std::cout);
      return 0;
    default:
      print_usage(std::cerr);
      return 2;
    }
  }

  try {
    std::vector<int> sizes;
    if (!file.empty())
      sizes = read_sizes(file);
    for (int i = optind; i < argc; ++i)
      sizes.push_back(parse_size(argv[i]));
    if (sizes.empty()) {
      print_usage(std::cerr);
      return 2;
    }
    for (int size : sizes) {
      Solver solver(size, task_rows);
      const uint64_t solutions = solver.solve();
      std::cout << size << " queens: " << solutions << " solutions, "
                << solver.tasks() << " tasks\n";
      if (board)
        print_board(solver.first());
    }
  } catch (const std::exception &e) {
    std::cerr << "nqueens: " << e.what() << '\n';
    return 1;
  }
}

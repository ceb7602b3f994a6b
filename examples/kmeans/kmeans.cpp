// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// kmeans - groups the rows of a CSV file into k clusters by Lloyd's method.
// The first centres are spread by a farthest-point choice, so that the result
// depends on the data alone.
//
//   kmeans [options] points.csv

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <getopt.h>
#include <iostream>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

// Rows of numbers, one after the other.
struct Table {
  std::vector<std::string> names; // of the columns; empty without a header
  std::vector<double> values;
  size_t columns = 0;

  size_t rows() const { return columns ? values.size() / columns : 0; }
  const double *row(size_t i) const { return values.data() + i * columns; }
};

std::vector<std::string> split(const std::string &line) {
  std::vector<std::string> cells;
  size_t start = 0;
  for (size_t comma; (comma = line.find(',', start)) != std::string::npos;
       start = comma + 1)
    cells.push_back(line.substr(start, comma - start));
  cells.push_back(line.substr(start));
  return cells;
}

bool parse_cell(const std::string &cell, double &value) {
  char *end;
  value = std::strtod(cell.c_str(), &end);
  return end != cell.c_str() && *end == '\0' && std::isfinite(value);
}

Table read_csv(const std::string &path) {
  std::ifstream in(path);
  if (!in)
    throw std::runtime_error(path + ": cannot open");
  Table table;
  std::string line;
  for (long number = 1; std::getline(in, line); ++number) {
    if (!line.empty() && line.back() == '\r')
      line.pop_back();
    if (line.empty() || line[0] == '#')
      continue;
    const std::vector<std::string> cells = split(line);
    double value;
    if (table.columns == 0) {
      table.columns = cells.size();
      if (!parse_cell(cells[0], value)) {
        table.names = cells;
        continue;
      }
    }
    if (cells.size() != table.columns)
      throw std::runtime_error(path + ":" + std::to_string(number) + ": " +
                               std::to_string(cells.size()) +
                               " cells instead of " +
                               std::to_string(table.columns));
    for (const std::string &cell : cells) {
      if (!parse_cell(cell, value))
        throw std::runtime_error(path + ":" + std::to_string(number) +
                                 ": not a number: '" + cell + "'");
      table.values.push_back(value);
    }
  }
  if (table.rows() == 0)
    throw std::runtime_error(path + ": no data");
  return table;
}

// For measuring: the table `times` times over, each copy shifted a little.
void replicate(Table &table, int times) {
  const size_t size = table.values.size();
  table.values.resize(size * times);
  for (int copy = 1; copy < times; ++copy)
    for (size_t i = 0; i < size; ++i)
      table.values[copy * size + i] =
          table.values[i] + 0.001 * static_cast<double>(copy % 97);
}

double squared_distance(const double *a, const double *b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; ++i)
    sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

class KMeans {
public:
  KMeans(const Table &points, int clusters)
      : points(points), k(clusters), assignment(points.rows(), -1),
        counts(clusters) {}

  void spread_centres();
  // One round: how many points changed their cluster.
  long iterate();
  // The sum of the squared distances of all points to their centres.
  double inertia() const;
  void print(std::ostream &out) const;
  const std::vector<int> &assignments() const { return assignment; }

private:
  int nearest_centre(const double *point) const;

  const Table &points;
  int k;
  std::vector<double> centres;
  std::vector<int> assignment;
  std::vector<long> counts;
};

void KMeans::spread_centres() {
  const long n = static_cast<long>(points.rows());
  const size_t columns = points.columns;
  centres.assign(points.row(0), points.row(0) + columns);
  std::vector<double> distance(n, std::numeric_limits<double>::max());
  for (int c = 1; c < k; ++c) {
    long farthest = 0;
    double farthest_distance = -1;
    const double *last = &centres[(c - 1) * columns];
#pragma omp parallel
    {
      long my_farthest = 0;
      double my_distance = -1;
#pragma omp for schedule(static) nowait
      for (long i = 0; i < n; ++i) {
        distance[i] = std::min(distance[i],
                               squared_distance(points.row(i), last, columns));
        if (distance[i] > my_distance) {
          my_distance = distance[i];
          my_farthest = i;
        }
      }
      // Of equally far points the first one is taken.
#pragma omp critical(farthest)
      if (my_distance > farthest_distance ||
          (my_distance == farthest_distance && my_farthest < farthest)) {
        farthest_distance = my_distance;
        farthest = my_farthest;
      }
    }
    centres.insert(centres.end(), points.row(farthest),
                   points.row(farthest) + columns);
  }
}

int KMeans::nearest_centre(const double *point) const {
  int best = 0;
  double best_distance = std::numeric_limits<double>::max();
  for (int c = 0; c < k; ++c) {
    const double distance =
        squared_distance(point, &centres[c * points.columns], points.columns);
    if (distance < best_distance) {
      best_distance = distance;
      best = c;
    }
  }
  return best;
}

long KMeans::iterate() {
  const long n = static_cast<long>(points.rows());
  const size_t columns = points.columns;
  std::vector<double> sum_storage(k * columns, 0.0);
  std::fill(counts.begin(), counts.end(), 0);
  double *sums = sum_storage.data();
  long *sizes = counts.data();
  long moved = 0;
#pragma omp parallel for schedule(static) reduction(+ : moved)                 \
    reduction(+ : sums[ : k * columns], sizes[ : k])
  for (long i = 0; i < n; ++i) {
    const double *point = points.row(i);
    const int cluster = nearest_centre(point);
    if (assignment[i] != cluster) {
      assignment[i] = cluster;
      ++moved;
    }
    ++sizes[cluster];
    for (size_t j = 0; j < columns; ++j)
      sums[cluster * columns + j] += point[j];
  }
  for (int c = 0; c < k; ++c)
    if (counts[c] > 0)
      for (size_t j = 0; j < columns; ++j)
        centres[c * columns + j] =
            sum_storage[c * columns + j] / static_cast<double>(counts[c]);
  return moved;
}

double KMeans::inertia() const {
  double total = 0;
#pragma omp parallel for reduction(+ : total)
  for (size_t i = 0; i < points.rows(); ++i)
    total += squared_distance(points.row(i),
                              &centres[assignment[i] * points.columns],
                              points.columns);
  return total;
}

// Clusters by size, then by first coordinate.
void KMeans::print(std::ostream &out) const {
  std::vector<int> order(k);
  for (int c = 0; c < k; ++c)
    order[c] = c;
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    if (counts[a] != counts[b])
      return counts[a] > counts[b];
    return centres[a * points.columns] < centres[b * points.columns];
  });
  char number[32];
  for (int c : order) {
    out << counts[c] << " points around (";
    for (size_t j = 0; j < points.columns; ++j) {
      std::snprintf(number, sizeof number, "%.3f",
                    centres[c * points.columns + j]);
      out << (j ? ", " : "") << number;
    }
    out << ")\n";
  }
}

void print_usage(std::ostream &out) {
  out << "usage: kmeans [options] points.csv\n"
         "Groups the rows of a CSV file into clusters.\n"
         "  -k, --clusters K        number of clusters (5)\n"
         "  -i, --max-iterations N  give up after N rounds (100)\n"
         "  -r, --replicate N       use the data N times over, shifted (1)\n"
         "  -o, --output FILE       write the cluster of each row\n"
         "  -h, --help              this text\n";
}

} // namespace

int main(int argc, char **argv) {
  static const option LongOptions[] = {
      {"clusters", required_argument, nullptr, 'k'},
      {"max-iterations", required_argument, nullptr, 'i'},
      {"replicate", required_argument, nullptr, 'r'},
      {"output", required_argument, nullptr, 'o'},
      {"help", no_argument, nullptr, 'h'},
      {}};
  int clusters = 5;
  int max_iterations = 100;
  int times = 1;
  std::string output;
  for (int c; (c = getopt_long(argc, argv, "k:i:r:o:h", LongOptions,
                               nullptr)) != -1;) {
    switch (c) {
    case 'k':
      clusters = std::atoi(optarg);
      break;
    case 'i':
      max_iterations = std::atoi(optarg);
      break;
    case 'r':
      times = std::atoi(optarg);
      break;
    case 'o':
      output = optarg;
      break;
    case 'h':
      print_usage(std::cout);
      return 0;
    default:
      print_usage(std::cerr);
      return 2;
    }
  }
  if (argc - optind != 1 || clusters < 1 || max_iterations < 1 || times < 1) {
    print_usage(std::cerr);
    return 2;
  }

  try {
    Table points = read_csv(argv[optind]);
    replicate(points, times);
    if (points.rows() < static_cast<size_t>(clusters))
      throw std::runtime_error("fewer points than clusters");
    std::cout << points.rows() << " points of " << points.columns
              << " coordinates, " << clusters << " clusters\n";

    KMeans kmeans(points, clusters);
    kmeans.spread_centres();
    int rounds = 0;
    long moved = 1;
    while (rounds < max_iterations && moved > 0) {
      moved = kmeans.iterate();
      ++rounds;
      std::cout << "round " << rounds << ": " << moved << " moved\n";
    }
    kmeans.print(std::cout);
    char number[32];
    std::snprintf(number, sizeof number, "%.5g", kmeans.inertia());
    std::cout << "inertia " << number << '\n';

    if (!output.empty()) {
      std::ofstream out(output);
      for (int cluster : kmeans.assignments())
        out << cluster << '\n';
      if (!out)
        throw std::runtime_error(output + ": cannot write");
    }
  } catch (const std::exception &e) {
    std::cerr << "kmeans: " << e.what() << '\n';
    return 1;
  }
}

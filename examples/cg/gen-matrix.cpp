// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// gen-matrix - writes a symmetric positive definite matrix in Matrix Market
// format: the 5-point Laplacian of a grid, with a few links between points that
// are far apart, so that the columns of a row are not all near each other.
//
//   gen-matrix [--side N] [--links PERCENT] [--seed S] > matrix.mtx

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <getopt.h>
#include <map>
#include <random>
#include <utility>
#include <vector>

int main(int argc, char **argv) {
  static const option LongOptions[] = {
      {"side", required_argument, nullptr, 'n'},
      {"links", required_argument, nullptr, 'l'},
      {"seed", required_argument, nullptr, 's'},
      {"help", no_argument, nullptr, 'h'},
      {}};
  int side = 32;
  int links_percent = 10;
  unsigned seed = 1;
  for (int c;
       (c = getopt_long(argc, argv, "n:l:s:h", LongOptions, nullptr)) != -1;) {
    switch (c) {
    case 'n':
      side = std::atoi(optarg);
      break;
    case 'l':
      links_percent = std::atoi(optarg);
      break;
    case 's':
      seed = static_cast<unsigned>(std::strtoul(optarg, nullptr, 10));
      break;
    default:
      std::fputs("usage: gen-matrix [--side N] [--links PERCENT] [--seed S]\n",
                 c == 'h' ? stdout : stderr);
      return c == 'h' ? 0 : 2;
    }
  }
  if (side < 2 || side > 20000 || links_percent < 0) {
    std::fputs("gen-matrix: --side must be 2 to 20000, --links at least 0\n",
               stderr);
    return 2;
  }

  const int64_t n = static_cast<int64_t>(side) * side;
  // Lower triangle: (row, column) -> weight of the link between the two.
  std::map<std::pair<int64_t, int64_t>, double> links;
  for (int64_t i = 0; i < n; ++i) {
    if (i % side != 0)
      links[{i, i - 1}] = 1;
    if (i >= side)
      links[{i, i - side}] = 1;
  }
  std::mt19937 random(seed);
  for (int64_t i = 0; i < n * links_percent / 100; ++i) {
    const int64_t a = random() % n;
    const int64_t b = random() % n;
    if (a != b)
      links[{a > b ? a : b, a > b ? b : a}] = 0.5;
  }
  std::vector<double> diagonal(n, 0.05);
  for (const auto &[where, weight] : links) {
    diagonal[where.first] += weight;
    diagonal[where.second] += weight;
  }

  std::printf("%%%%MatrixMarket matrix coordinate real symmetric\n"
              "%% side %d, links %d%%, seed %u\n%lld %lld %lld\n",
              side, links_percent, seed, static_cast<long long>(n),
              static_cast<long long>(n),
              static_cast<long long>(n + static_cast<int64_t>(links.size())));
  for (int64_t i = 0; i < n; ++i)
    std::printf("%lld %lld %g\n", static_cast<long long>(i + 1),
                static_cast<long long>(i + 1), diagonal[i]);
  for (const auto &[where, weight] : links)
    std::printf("%lld %lld %g\n", static_cast<long long>(where.first + 1),
                static_cast<long long>(where.second + 1), -weight);
  return std::ferror(stdout) ? 1 : 0;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The half of a program that knows nothing of LOCO: it changes memory that the
// other half shares, and hands memory over.

#include <cstring>
#include <numeric>
#include <string>
#include <vector>

void stock_scale(double *data, int n, double factor) {
  for (int i = 0; i < n; ++i)
    data[i] *= factor;
}

double stock_sum(const std::vector<double> &data) {
  return std::accumulate(data.begin(), data.end(), 0.0);
}

std::vector<std::string> *stock_words(int n) {
  auto *words = new std::vector<std::string>;
  for (int i = 0; i < n; ++i)
    words->push_back("word number " + std::to_string(i) + " from stock code");
  return words;
}

void stock_destroy(std::vector<std::string> *words) { delete words; }

void stock_copy(char *to, const char *from, unsigned long n) {
  for (unsigned long i = 0; i < n; ++i)
    to[i] = from[i];
}

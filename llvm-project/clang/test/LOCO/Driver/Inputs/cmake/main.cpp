// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <iostream>
#include <vector>
extern "C" int *halves(int n);
int main() {
  int *p = halves(14);
  std::vector<int> v(p, p + 14);
  int sum = 0;
#pragma omp parallel for reduction(+ : sum)
  for (int i = 0; i < 14; ++i)
    sum += v[i];
  std::cout << sum << '\n';
}

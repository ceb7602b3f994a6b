// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cg - solves A x = b by the conjugate gradient method with a diagonal
// preconditioner. A is a symmetric positive definite matrix from a Matrix
// Market file; b is chosen so that the solution is known.
//
//   cg [options] matrix.mtx

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <getopt.h>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Vector = std::vector<double>;

// A square matrix by compressed rows.
struct CsrMatrix {
  int n = 0;
  std::vector<int64_t> row_start; // n + 1
  std::vector<int> column;
  std::vector<double> value;

  void multiply(const Vector &x, Vector &y) const;
  Vector diagonal() const;
};

void CsrMatrix::multiply(const Vector &x, Vector &y) const {
#pragma omp parallel for schedule(static)
  for (int row = 0; row < n; ++row) {
    double sum = 0;
    for (int64_t i = row_start[row]; i < row_start[row + 1]; ++i)
      sum += value[i] * x[column[i]];
    y[row] = sum;
  }
}

Vector CsrMatrix::diagonal() const {
  Vector d(n, 0.0);
#pragma omp parallel for
  for (int row = 0; row < n; ++row)
    for (int64_t i = row_start[row]; i < row_start[row + 1]; ++i)
      if (column[i] == row)
        d[row] = value[i];
  return d;
}

// ---------------------------------------------------------- Matrix Market

struct Entry {
  int row;
  int column;
  double value;
};

[[noreturn]] void fail_at(const std::string &path, long line,
                          const std::string &what) {
  throw std::runtime_error(path + ":" + std::to_string(line) + ": " + what);
}

CsrMatrix from_entries(int n, std::vector<Entry> &entries) {
  std::sort(entries.begin(), entries.end(), [](const Entry &a, const Entry &b) {
    return a.row != b.row ? a.row < b.row : a.column < b.column;
  });
  CsrMatrix matrix;
  matrix.n = n;
  matrix.row_start.assign(n + 1, 0);
  matrix.column.reserve(entries.size());
  matrix.value.reserve(entries.size());
  for (const Entry &entry : entries) {
    ++matrix.row_start[entry.row + 1];
    matrix.column.push_back(entry.column);
    matrix.value.push_back(entry.value);
  }
  for (int row = 0; row < n; ++row)
    matrix.row_start[row + 1] += matrix.row_start[row];
  return matrix;
}

CsrMatrix read_matrix_market(const std::string &path) {
  std::ifstream in(path);
  if (!in)
    throw std::runtime_error(path + ": cannot open");
  std::string line;
  long line_number = 1;
  if (!std::getline(in, line))
    fail_at(path, line_number, "file is empty");
  std::transform(line.begin(), line.end(), line.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  std::istringstream banner(line);
  std::string mark, object, format, field, symmetry;
  banner >> mark >> object >> format >> field >> symmetry;
  if (mark != "%%matrixmarket" || object != "matrix")
    fail_at(path, line_number, "not a Matrix Market matrix");
  if (format != "coordinate" || (field != "real" && field != "integer"))
    fail_at(path, line_number, "only 'coordinate real' is supported");
  if (symmetry != "symmetric" && symmetry != "general")
    fail_at(path, line_number, "unsupported symmetry '" + symmetry + "'");

  do {
    ++line_number;
    if (!std::getline(in, line))
      fail_at(path, line_number, "no size line");
  } while (line.empty() || line[0] == '%');
  long rows, columns, count;
  if (std::sscanf(line.c_str(), "%ld %ld %ld", &rows, &columns, &count) != 3 ||
      rows != columns || rows < 1 || rows > INT32_MAX - 1 || count < 1)
    fail_at(path, line_number, "bad size line '" + line + "'");

  std::vector<Entry> entries;
  entries.reserve(static_cast<size_t>(count) *
                  (symmetry == "symmetric" ? 2 : 1));
  for (long i = 0; i < count; ++i) {
    ++line_number;
    if (!std::getline(in, line))
      fail_at(path, line_number, "file is cut short");
    char *end;
    const long row = std::strtol(line.c_str(), &end, 10);
    const long column = std::strtol(end, &end, 10);
    const double value = std::strtod(end, &end);
    if (row < 1 || row > rows || column < 1 || column > columns)
      fail_at(path, line_number, "bad entry '" + line + "'");
    entries.push_back(
        {static_cast<int>(row - 1), static_cast<int>(column - 1), value});
    if (symmetry == "symmetric" && row != column)
      entries.push_back(
          {static_cast<int>(column - 1), static_cast<int>(row - 1), value});
  }
  return from_entries(static_cast<int>(rows), entries);
}

// ----------------------------------------------------------------- solver

// Sums over fixed blocks first, so that the rounding does not depend on the
// number of threads.
double dot(const Vector &a, const Vector &b) {
  constexpr int Block = 1024;
  const int n = static_cast<int>(a.size());
  const int blocks = (n + Block - 1) / Block;
  Vector partial(blocks);
#pragma omp parallel for schedule(static)
  for (int block = 0; block < blocks; ++block) {
    double sum = 0;
    const int end = std::min(n, (block + 1) * Block);
    for (int i = block * Block; i < end; ++i)
      sum += a[i] * b[i];
    partial[block] = sum;
  }
  double total = 0;
  for (double sum : partial)
    total += sum;
  return total;
}

struct Result {
  int iterations = 0;
  double residual = 0; // relative
};

Result solve(const CsrMatrix &a, const Vector &b, Vector &x, double tolerance,
             int max_iterations, bool verbose) {
  const int n = a.n;
  const Vector diagonal = a.diagonal();
  if (std::any_of(diagonal.begin(), diagonal.end(),
                  [](double d) { return !(d > 0); }))
    throw std::runtime_error("the matrix is not positive definite: its "
                             "diagonal has an entry that is not positive");
  Vector r = b, z(n), p(n), q(n);
#pragma omp parallel for schedule(static)
  for (int i = 0; i < n; ++i)
    p[i] = z[i] = r[i] / diagonal[i];
  double rz = dot(r, z);
  const double norm_b = std::sqrt(dot(b, b));
  Result result;
  result.residual = 1;
  while (result.iterations < max_iterations && result.residual > tolerance) {
    a.multiply(p, q);
    const double pq = dot(p, q);
    if (!(pq > 0))
      throw std::runtime_error("the matrix is not positive definite");
    const double alpha = rz / pq;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < n; ++i) {
      x[i] += alpha * p[i];
      r[i] -= alpha * q[i];
      z[i] = r[i] / diagonal[i];
    }
    const double rz_next = dot(r, z);
    const double beta = rz_next / rz;
    rz = rz_next;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < n; ++i)
      p[i] = z[i] + beta * p[i];
    ++result.iterations;
    result.residual = std::sqrt(dot(r, r)) / norm_b;
    if (verbose && result.iterations % 10 == 0)
      std::printf("iteration %d: residual %.6e\n", result.iterations,
                  result.residual);
  }
  return result;
}

void print_usage(FILE *out) {
  fputs("usage: cg [options] matrix.mtx\n"
        "Solves A x = b by conjugate gradients, b chosen for a known x.\n"
        "  -t, --tolerance T       relative residual to reach (1e-8)\n"
        "  -i, --max-iterations N  give up after N iterations (10000)\n"
        "  -o, --output FILE       write the solution, a number a line\n"
        "  -v, --verbose           print the residual every 10 iterations\n"
        "  -h, --help              this text\n",
        out);
}

} // namespace

int main(int argc, char **argv) {
  static const option LongOptions[] = {
      {"tolerance", required_argument, nullptr, 't'},
      {"max-iterations", required_argument, nullptr, 'i'},
      {"output", required_argument, nullptr, 'o'},
      {"verbose", no_argument, nullptr, 'v'},
      {"help", no_argument, nullptr, 'h'},
      {}};
  double tolerance = 1e-8;
  int max_iterations = 10000;
  bool verbose = false;
  std::string output;
  for (int c;
       (c = getopt_long(argc, argv, "t:i:o:vh", LongOptions, nullptr)) != -1;) {
    switch (c) {
    case 't':
      tolerance = std::atof(optarg);
      break;
    case 'i':
      max_iterations = std::atoi(optarg);
      break;
    case 'o':
      output = optarg;
      break;
    case 'v':
      verbose = true;
      break;
    case 'h':
      print_usage(stdout);
      return 0;
    default:
      print_usage(stderr);
      return 2;
    }
  }
  if (argc - optind != 1 || !(tolerance > 0) || max_iterations < 1) {
    print_usage(stderr);
    return 2;
  }

  try {
    const CsrMatrix a = read_matrix_market(argv[optind]);
    std::printf("matrix: %d rows, %zu entries\n", a.n, a.value.size());

    Vector expected(a.n), b(a.n), x(a.n, 0.0);
#pragma omp parallel for
    for (int i = 0; i < a.n; ++i)
      expected[i] = 1.0 + (i % 7) * 0.5;
    a.multiply(expected, b);

    const Result result = solve(a, b, x, tolerance, max_iterations, verbose);
    double largest_error = 0, sum = 0;
#pragma omp parallel for reduction(max : largest_error) reduction(+ : sum)
    for (int i = 0; i < a.n; ++i) {
      largest_error = std::max(largest_error, std::fabs(x[i] - expected[i]));
      sum += x[i];
    }
    std::printf("%s after %d iterations, residual %.3e\n",
                result.residual <= tolerance ? "converged" : "gave up",
                result.iterations, result.residual);
    std::printf("sum %.4f, largest error %.2e\n", sum, largest_error);
    if (!output.empty()) {
      std::ofstream out(output);
      out.precision(6);
      for (double value : x)
        out << value << '\n';
      if (!out)
        throw std::runtime_error(output + ": cannot write");
    }
    return result.residual <= tolerance ? 0 : 3;
  } catch (const std::exception &e) {
    std::cerr << "cg: " << e.what() << '\n';
    return 1;
  }
}

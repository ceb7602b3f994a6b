/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * matmul - multiplies two matrices, in plain C, by tiles.
 *
 *   matmul [options] a.txt b.txt
 *   matmul [options] --size N
 *
 * A matrix file has the numbers of rows and columns, then the elements. */

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SIDE = 20000 };

struct matrix {
  int rows, columns;
  double *data;
};

static int tile = 64;

static void die(const char *subject, const char *what) {
  fprintf(stderr, "matmul: %s: %s\n", subject, what);
  exit(1);
}

static struct matrix new_matrix(int rows, int columns) {
  struct matrix m = {rows, columns, NULL};
  m.data = calloc((size_t)rows * columns, sizeof *m.data);
  if (!m.data)
    die("matrix", strerror(ENOMEM));
  return m;
}

static struct matrix read_matrix(const char *path) {
  FILE *file = fopen(path, "r");
  int rows, columns;
  if (!file)
    die(path, strerror(errno));
  if (fscanf(file, "%d %d", &rows, &columns) != 2 || rows < 1 || columns < 1 ||
      rows > MAX_SIDE || columns > MAX_SIDE)
    die(path, "does not start with the numbers of rows and columns");
  struct matrix m = new_matrix(rows, columns);
  for (size_t i = 0; i < (size_t)rows * columns; ++i)
    if (fscanf(file, "%lf", &m.data[i]) != 1)
      die(path, "has too few elements, or one that is not a number");
  double extra;
  if (fscanf(file, "%lf", &extra) == 1)
    die(path, "has too many elements");
  fclose(file);
  return m;
}

static void write_matrix(const char *path, const struct matrix *m) {
  FILE *file = fopen(path, "w");
  if (!file)
    die(path, strerror(errno));
  fprintf(file, "%d %d\n", m->rows, m->columns);
  for (int i = 0; i < m->rows; ++i)
    for (int j = 0; j < m->columns; ++j)
      fprintf(file, "%g%c", m->data[(size_t)i * m->columns + j],
              j + 1 < m->columns ? ' ' : '\n');
  if (fclose(file) != 0)
    die(path, strerror(errno));
}

/* Small whole numbers, so that sums are exact in any order. */
static struct matrix generate(int side, unsigned seed) {
  struct matrix m = new_matrix(side, side);
#pragma omp parallel for schedule(static)
  for (int i = 0; i < side; ++i)
    for (int j = 0; j < side; ++j) {
      unsigned x = seed + (unsigned)i * 2654435761u + (unsigned)j * 40503u;
      x ^= x >> 15;
      x *= 2246822519u;
      x ^= x >> 13;
      m.data[(size_t)i * side + j] = (double)(int)(x % 19) - 9;
    }
  return m;
}

static int min(int a, int b) { return a < b ? a : b; }

/* c[i0.., j0..] += a[i0.., k0..] * b[k0.., j0..] for one tile of each. */
static void multiply_tile(const struct matrix *a, const struct matrix *b,
                          struct matrix *c, int i0, int j0, int k0) {
  const int i_end = min(i0 + tile, a->rows);
  const int j_end = min(j0 + tile, b->columns);
  const int k_end = min(k0 + tile, a->columns);
  for (int i = i0; i < i_end; ++i) {
    double *c_row = c->data + (size_t)i * c->columns;
    for (int k = k0; k < k_end; ++k) {
      const double factor = a->data[(size_t)i * a->columns + k];
      const double *b_row = b->data + (size_t)k * b->columns;
      for (int j = j0; j < j_end; ++j)
        c_row[j] += factor * b_row[j];
    }
  }
}

static struct matrix multiply(const struct matrix *a, const struct matrix *b) {
  struct matrix c = new_matrix(a->rows, b->columns);
#pragma omp parallel for collapse(2) schedule(static)
  for (int i0 = 0; i0 < a->rows; i0 += tile)
    for (int j0 = 0; j0 < b->columns; j0 += tile)
      for (int k0 = 0; k0 < a->columns; k0 += tile)
        multiply_tile(a, b, &c, i0, j0, k0);
  return c;
}

static void print_summary(const struct matrix *m) {
  double sum = 0, largest = 0, trace = 0;
#pragma omp parallel for reduction(+ : sum, trace) reduction(max : largest)
  for (int i = 0; i < m->rows; ++i)
    for (int j = 0; j < m->columns; ++j) {
      const double value = m->data[(size_t)i * m->columns + j];
      sum += value;
      if (i == j)
        trace += value;
      if (fabs(value) > largest)
        largest = fabs(value);
    }
  printf("%dx%d: sum %.10g, trace %.10g, largest %.10g\n", m->rows, m->columns,
         sum, trace, largest);
}

static int parse_int(const char *text, const char *name, int least, int most) {
  char *end;
  const long value = strtol(text, &end, 10);
  if (end == text || *end || value < least || value > most) {
    fprintf(stderr, "matmul: bad value for --%s: '%s' (%d to %d)\n", name, text,
            least, most);
    exit(2);
  }
  return (int)value;
}

static void print_usage(FILE *out) {
  fputs("usage: matmul [options] a.txt b.txt\n"
        "       matmul [options] --size N\n"
        "Multiplies two matrices.\n"
        "  -n, --size N       two N x N matrices made up\n"
        "  -t, --tile N       side of the tiles (64)\n"
        "  -o, --output FILE  write the product\n"
        "  -h, --help         this text\n",
        out);
}

int main(int argc, char **argv) {
  static const struct option long_options[] = {
      {"size", required_argument, NULL, 'n'},
      {"tile", required_argument, NULL, 't'},
      {"output", required_argument, NULL, 'o'},
      {"help", no_argument, NULL, 'h'},
      {NULL, 0, NULL, 0}};
  int size = 0, c;
  const char *output = NULL;
  while ((c = getopt_long(argc, argv, "n:t:o:h", long_options, NULL)) != -1) {
    switch (c) {
    case 'n':
      size = parse_int(optarg, "size", 1, MAX_SIDE);
      break;
    case 't':
      tile = parse_int(optarg, "tile", 1, MAX_SIDE);
      break;
    case 'o':
      output = optarg;
      break;
    case 'h':
      print_usage(stdout);
      return 0;
    default:
      print_usage(stderr);
      return 2;
    }
  }
  if (argc - optind != (size ? 0 : 2)) {
    print_usage(stderr);
    return 2;
  }

  struct matrix a = size ? generate(size, 1) : read_matrix(argv[optind]);
  struct matrix b = size ? generate(size, 2) : read_matrix(argv[optind + 1]);
  if (a.columns != b.rows) {
    fprintf(stderr, "matmul: cannot multiply %dx%d by %dx%d\n", a.rows,
            a.columns, b.rows, b.columns);
    return 1;
  }
  struct matrix product = multiply(&a, &b);
  print_summary(&a);
  print_summary(&b);
  print_summary(&product);
  if (output)
    write_matrix(output, &product);
  free(a.data);
  free(b.data);
  free(product.data);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// heat - the 2-D heat equation on a plate whose initial temperatures are the
// grey values of a picture. The border of the plate keeps its temperature;
// the conductivity varies over the plate.
//
//   heat [options] input.{png,pgm} output.{png,pgm}

#include <png.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <getopt.h>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int MaxRows = 2048;
constexpr int MaxColumns = 2048;

// The plate before and after a step.
double plate[2][MaxRows][MaxColumns];
int rows = 0;
int columns = 0;

struct Picture {
  int width = 0;
  int height = 0;
  std::vector<unsigned char> grey;

  unsigned char at(int y, int x) const {
    return grey[static_cast<size_t>(y) * width + x];
  }
};

struct FileCloser {
  void operator()(FILE *file) const { fclose(file); }
};
using File = std::unique_ptr<FILE, FileCloser>;

File open_file(const std::string &path, const char *mode) {
  File file(fopen(path.c_str(), mode));
  if (!file)
    throw std::runtime_error(path + ": " + strerror(errno));
  return file;
}

// ------------------------------------------------------------------- PGM

// The next number of a PGM header; '#' starts a comment.
int read_header_number(FILE *file, const std::string &path) {
  int c = fgetc(file);
  while (c != EOF && (isspace(c) || c == '#')) {
    if (c == '#')
      while (c != EOF && c != '\n')
        c = fgetc(file);
    c = fgetc(file);
  }
  if (!isdigit(c))
    throw std::runtime_error(path + ": not a valid PGM header");
  int value = 0;
  for (; isdigit(c); c = fgetc(file)) {
    value = value * 10 + (c - '0');
    if (value > 1 << 20)
      throw std::runtime_error(path + ": number too large in PGM header");
  }
  return value;
}

Picture read_pgm(FILE *file, const std::string &path) {
  char magic[2];
  if (fread(magic, 1, 2, file) != 2 || magic[0] != 'P' ||
      (magic[1] != '2' && magic[1] != '5'))
    throw std::runtime_error(path + ": neither a PNG nor a PGM picture");
  Picture picture;
  picture.width = read_header_number(file, path);
  picture.height = read_header_number(file, path);
  const int max_value = read_header_number(file, path);
  if (picture.width == 0 || picture.height == 0 || max_value == 0 ||
      max_value > 255)
    throw std::runtime_error(path + ": unsupported PGM size or depth");
  picture.grey.resize(static_cast<size_t>(picture.width) * picture.height);
  if (magic[1] == '5') {
    if (fread(picture.grey.data(), 1, picture.grey.size(), file) !=
        picture.grey.size())
      throw std::runtime_error(path + ": picture is cut short");
  } else {
    for (unsigned char &grey : picture.grey)
      grey = static_cast<unsigned char>(read_header_number(file, path));
  }
  for (unsigned char &grey : picture.grey)
    grey = static_cast<unsigned char>(std::min<int>(grey, max_value) * 255 /
                                      max_value);
  return picture;
}

void write_pgm(const Picture &picture, const std::string &path) {
  File file = open_file(path, "wb");
  fprintf(file.get(), "P5\n%d %d\n255\n", picture.width, picture.height);
  if (fwrite(picture.grey.data(), 1, picture.grey.size(), file.get()) !=
          picture.grey.size() ||
      fflush(file.get()) != 0)
    throw std::runtime_error(path + ": " + strerror(errno));
}

// ------------------------------------------------------------------- PNG

Picture read_png(FILE *file, const std::string &path) {
  png_structp png =
      png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png ? png_create_info_struct(png) : nullptr;
  if (!info) {
    png_destroy_read_struct(&png, nullptr, nullptr);
    throw std::bad_alloc();
  }
  Picture picture;
  std::vector<png_bytep> row_pointers;
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, nullptr);
    throw std::runtime_error(path + ": not a valid PNG picture");
  }
  png_init_io(png, file);
  png_read_info(png, info);
  png_set_strip_16(png);
  png_set_strip_alpha(png);
  png_set_palette_to_rgb(png);
  png_set_expand_gray_1_2_4_to_8(png);
  const int color_type = png_get_color_type(png, info);
  if (color_type & PNG_COLOR_MASK_COLOR)
    png_set_rgb_to_gray_fixed(png, PNG_ERROR_ACTION_NONE, -1, -1);
  png_read_update_info(png, info);
  picture.width = static_cast<int>(png_get_image_width(png, info));
  picture.height = static_cast<int>(png_get_image_height(png, info));
  picture.grey.resize(static_cast<size_t>(picture.width) * picture.height);
  row_pointers.resize(picture.height);
  for (int y = 0; y < picture.height; ++y)
    row_pointers[y] = &picture.grey[static_cast<size_t>(y) * picture.width];
  png_read_image(png, row_pointers.data());
  png_read_end(png, nullptr);
  png_destroy_read_struct(&png, &info, nullptr);
  return picture;
}

void write_png(const Picture &picture, const std::string &path) {
  File file = open_file(path, "wb");
  png_structp png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png ? png_create_info_struct(png) : nullptr;
  if (!info) {
    png_destroy_write_struct(&png, nullptr);
    throw std::bad_alloc();
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    throw std::runtime_error(path + ": cannot write the picture");
  }
  png_init_io(png, file.get());
  png_set_compression_level(png, 6);
  png_set_IHDR(png, info, picture.width, picture.height, 8, PNG_COLOR_TYPE_GRAY,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (int y = 0; y < picture.height; ++y)
    png_write_row(png, &picture.grey[static_cast<size_t>(y) * picture.width]);
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
}

Picture read_picture(const std::string &path) {
  File file = open_file(path, "rb");
  unsigned char signature[8];
  const size_t n = fread(signature, 1, sizeof signature, file.get());
  rewind(file.get());
  if (n == sizeof signature && png_sig_cmp(signature, 0, n) == 0)
    return read_png(file.get(), path);
  return read_pgm(file.get(), path);
}

bool ends_with(const std::string &text, const std::string &suffix) {
  return text.size() >= suffix.size() &&
         text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

// ----------------------------------------------------------------- solver

// How well the plate conducts at each point, in (0, 0.25]. Lives on the heap:
// it is only needed while solving.
std::unique_ptr<float[]> make_conductivity() {
  std::unique_ptr<float[]> conductivity(
      new float[static_cast<size_t>(rows) * columns]);
#pragma omp parallel for schedule(static)
  for (int y = 0; y < rows; ++y)
    for (int x = 0; x < columns; ++x) {
      const int stripe = (x / 16 + y / 16) % 3;
      conductivity[static_cast<size_t>(y) * columns + x] =
          0.25f - 0.05f * static_cast<float>(stripe);
    }
  return conductivity;
}

// Scales the picture up by `scale` while loading it.
void load_plate(const Picture &picture, int scale) {
  rows = picture.height * scale;
  columns = picture.width * scale;
#pragma omp parallel for schedule(static)
  for (int y = 0; y < rows; ++y)
    for (int x = 0; x < columns; ++x)
      plate[0][y][x] = plate[1][y][x] = picture.at(y / scale, x / scale);
}

// One step from plate[from] to the other one; the largest change.
double step(int from, const float *conductivity) {
  const auto &old_plate = plate[from];
  auto &new_plate = plate[1 - from];
  double largest = 0;
#pragma omp parallel for schedule(static) reduction(max : largest)
  for (int y = 1; y < rows - 1; ++y) {
    const float *k = conductivity + static_cast<size_t>(y) * columns;
    for (int x = 1; x < columns - 1; ++x) {
      const double change = k[x] * (old_plate[y - 1][x] + old_plate[y + 1][x] +
                                    old_plate[y][x - 1] + old_plate[y][x + 1] -
                                    4 * old_plate[y][x]);
      new_plate[y][x] = old_plate[y][x] + change;
      largest = std::max(largest, std::fabs(change));
    }
  }
  return largest;
}

// The mean temperature, added up in an order that does not depend on the
// number of threads.
double mean_temperature(int which) {
  std::vector<double> row_sums(rows);
#pragma omp parallel for
  for (int y = 0; y < rows; ++y) {
    double sum = 0;
    for (int x = 0; x < columns; ++x)
      sum += plate[which][y][x];
    row_sums[y] = sum;
  }
  double total = 0;
  for (double sum : row_sums)
    total += sum;
  return total / rows / columns;
}

Picture picture_of_plate(int which) {
  Picture picture;
  picture.width = columns;
  picture.height = rows;
  picture.grey.resize(static_cast<size_t>(rows) * columns);
#pragma omp parallel for
  for (int y = 0; y < rows; ++y)
    for (int x = 0; x < columns; ++x)
      picture.grey[static_cast<size_t>(y) * columns + x] =
          static_cast<unsigned char>(
              std::clamp(plate[which][y][x] + 0.5, 0.0, 255.0));
  return picture;
}

// ---------------------------------------------------------------- options

struct Options {
  int steps = 200;
  int scale = 1;
  double tolerance = 0;
  bool quiet = false;
  std::string input;
  std::string output;
};

void print_usage(FILE *out) {
  fputs("usage: heat [options] input.{png,pgm} output.{png,pgm}\n"
        "Solves the heat equation on a plate given by a grey picture.\n"
        "  -n, --steps N      steps to do (200)\n"
        "  -t, --tolerance T  stop when no point changes by more than T (0)\n"
        "  -s, --scale N      enlarge the picture N times first (1)\n"
        "  -q, --quiet        no progress\n"
        "  -h, --help         this text\n",
        out);
}

double parse_number(const char *text, const char *what, double least) {
  char *end;
  const double value = strtod(text, &end);
  if (end == text || *end || !(value >= least))
    throw std::invalid_argument(std::string("bad value for --") + what + ": '" +
                                text + "'");
  return value;
}

Options parse_options(int argc, char **argv) {
  static const option LongOptions[] = {
      {"steps", required_argument, nullptr, 'n'},
      {"tolerance", required_argument, nullptr, 't'},
      {"scale", required_argument, nullptr, 's'},
      {"quiet", no_argument, nullptr, 'q'},
      {"help", no_argument, nullptr, 'h'},
      {}};
  Options options;
  for (int c;
       (c = getopt_long(argc, argv, "n:t:s:qh", LongOptions, nullptr)) != -1;) {
    switch (c) {
    case 'n':
      options.steps = static_cast<int>(parse_number(optarg, "steps", 0));
      break;
    case 't':
      options.tolerance = parse_number(optarg, "tolerance", 0);
      break;
    case 's':
      options.scale = static_cast<int>(parse_number(optarg, "scale", 1));
      break;
    case 'q':
      options.quiet = true;
      break;
    case 'h':
      print_usage(stdout);
      exit(0);
    default:
      print_usage(stderr);
      exit(2);
    }
  }
  if (argc - optind != 2) {
    print_usage(stderr);
    exit(2);
  }
  options.input = argv[optind];
  options.output = argv[optind + 1];
  return options;
}

int run(const Options &options) {
  const Picture picture = read_picture(options.input);
  if (picture.height < 3 || picture.width < 3 ||
      picture.height > MaxRows / options.scale ||
      picture.width > MaxColumns / options.scale)
    throw std::runtime_error(
        options.input + ": " + std::to_string(picture.width) + "x" +
        std::to_string(picture.height) + " does not fit the plate (3x3 to " +
        std::to_string(MaxColumns / options.scale) + "x" +
        std::to_string(MaxRows / options.scale) + ")");
  load_plate(picture, options.scale);
  const std::unique_ptr<float[]> conductivity = make_conductivity();
  printf("plate %dx%d, mean %.4f\n", columns, rows, mean_temperature(0));

  int current = 0;
  int done = 0;
  double largest = 0;
  while (done < options.steps) {
    largest = step(current, conductivity.get());
    current = 1 - current;
    ++done;
    if (!options.quiet && done % 50 == 0)
      printf("step %d: largest change %.6f\n", done, largest);
    if (largest <= options.tolerance)
      break;
  }
  printf("%d steps, last change %.6f, mean %.4f\n", done, largest,
         mean_temperature(current));

  const Picture result = picture_of_plate(current);
  if (ends_with(options.output, ".pgm"))
    write_pgm(result, options.output);
  else
    write_png(result, options.output);
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  try {
    return run(parse_options(argc, argv));
  } catch (const std::exception &e) {
    fprintf(stderr, "heat: %s\n", e.what());
    return 1;
  }
}

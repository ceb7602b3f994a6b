// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// bench.h - what the kernels have in common: options, named phases with their
// times and the bytes that they moved between nodes, and the result as JSON.
// A kernel built by stock clang prints the same with zero bytes; the weak
// declarations below are all that is known of LOCO here, and the kernels know
// nothing.
#pragma once

#include <omp.h>

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" {
__attribute__((weak)) int64_t __loco_counter(const char *name);
__attribute__((weak)) int __loco_node(void);
__attribute__((weak)) int __loco_num_nodes(void);
}

/// Called where a step begins and ends: a profiler can cut its counts here.
extern "C" __attribute__((noinline)) inline void bench_mark() {
  __asm__ volatile("");
}

namespace bench {

/// The steps of a phase that count as its start: homes may still migrate and
/// what is read only arrives.
constexpr int FirstSteps = 3;

/// splitmix64's finaliser: random numbers by index, so that any thread can make
/// any part of the input.
inline uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// A random number of [0, 1).
inline double unit(uint64_t x) {
  return static_cast<double>(mix(x) >> 11) * 0x1p-53;
}

/// A place and a value -> a number whose sum over all places, in any order, is
/// a checksum.
inline uint64_t fold(uint64_t place, uint64_t value) {
  return mix(place ^ mix(value));
}
inline uint64_t fold(uint64_t place, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return fold(place, bits);
}

/// Memory that nobody has touched.
template <class T> T *array(size_t n) {
  void *p = malloc(n * sizeof(T));
  if (!p) {
    fprintf(stderr, "no memory for %zu bytes\n", n * sizeof(T));
    exit(1);
  }
  return static_cast<T *>(p);
}

struct Range {
  long begin, end;
  long length() const { return end - begin; }
};

/// The part of [0, n) that schedule(static) gives to one of `parts` threads.
inline Range part_of(long n, int parts, int part) {
  long each = n / parts, more = n % parts;
  long begin = part * each + (part < more ? part : more);
  return {begin, begin + each + (part < more)};
}

/// Columns of loco-run --stats that a phase reports.
constexpr const char *CounterNames[] = {
    "bytes_in",       "bytes_out",   "fetched_blocks", "deltas",
    "dropped_blocks", "page_faults", "remote_atomics", "notices_sent",
    "releases",       "acquires",    "miss_ns",        "release_ns",
    "acquire_ns",     "barrier_ns"};
constexpr int NumCounters = sizeof CounterNames / sizeof *CounterNames;

struct Counters {
  int64_t Value[NumCounters] = {};
};

/// The counters of all nodes, summed. Moves a few blocks itself.
inline Counters counters() {
  Counters sum;
  if (!__loco_counter || __loco_num_nodes() == 1)
    return sum;
  bool seen[64] = {};
#pragma omp parallel
  {
    Counters mine;
    for (int i = 0; i < NumCounters; ++i)
      mine.Value[i] = __loco_counter(CounterNames[i]);
#pragma omp critical(bench_counters)
    if (!seen[__loco_node()]) {
      seen[__loco_node()] = true;
      for (int i = 0; i < NumCounters; ++i)
        sum.Value[i] += mine.Value[i];
    }
  }
  return sum;
}

class Phase;

/// One run of a kernel: its options, and its result in the end.
class Run {
public:
  Run(int argc, char **argv, const char *kernel)
      : Kernel(kernel), NumArgs(argc), Args(argv) {
    for (int i = 1; i < argc; ++i)
      if (strncmp(argv[i], "--", 2) || !strchr(argv[i], '='))
        usage();
    const char *sizes[] = {"tiny", "small", "medium", "large"};
    Size = choose("size", sizes, 4, 0);
    const char *inits[] = {"parallel", "serial"};
    SerialInit = choose("init", inits, 2, 0) == 1;
    const char *answers[] = {"no", "yes"};
    Verify = choose("verify", answers, 2, Size <= 1) == 1;
  }

  /// The position of option --NAME=... in a list of allowed values.
  int choose(const char *name, const char *const *values, int count,
             int otherwise) {
    size_t length = strlen(name);
    for (int i = 1; i < NumArgs; ++i) {
      const char *given = Args[i] + 2;
      if (strncmp(given, name, length) || given[length] != '=')
        continue;
      for (int k = 0; k < count; ++k)
        if (!strcmp(given + length + 1, values[k]))
          return k;
      usage();
    }
    return otherwise;
  }

  /// The value for this run's --size.
  template <class T> T pick(T tiny, T small, T medium, T large) const {
    T sizes[] = {tiny, small, medium, large};
    return sizes[Size];
  }

  int threads() const { return omp_get_max_threads(); }
  int nodes() const { return __loco_num_nodes ? __loco_num_nodes() : 1; }
  /// What a node's threads get of a loop with schedule(static).
  Range node_part(long n, int node) const {
    int each = threads() / nodes();
    return {part_of(n, threads(), node * each).begin,
            part_of(n, threads(), node * each + each - 1).end};
  }
  /// Of data that is spread evenly and wanted anywhere: the part that is
  /// elsewhere.
  double remote_share() const { return (nodes() - 1.0) / nodes(); }

  /// Should the initialisation be done by one thread?
  bool serial_init() const { return SerialInit; }
  /// Should the kernel compare its result with a serial computation?
  bool verify() const { return Verify; }
  void check(bool right, const char *what) {
    if (!right) {
      fprintf(stderr, "%s: wrong: %s\n", Kernel, what);
      Right = false;
    }
  }

  /// Prints the result; main returns what this returns. Integer checksums must be
  /// equal in all runs, floating ones to 9 digits (sums in another order).
  int finish(uint64_t checksum) {
    char text[32];
    snprintf(text, sizeof text, "\"%016lx\"",
             static_cast<unsigned long>(checksum));
    return print(text);
  }
  int finish(double checksum) {
    char text[32];
    snprintf(text, sizeof text, "%.17g", checksum);
    return print(text);
  }

private:
  friend class Phase;
  [[noreturn]] void usage() const {
    fprintf(stderr,
            "usage: %s [--size=tiny|small|medium|large] "
            "[--init=parallel|serial] [--verify=no|yes] and what the kernel's "
            "first lines name\n",
            Kernel);
    exit(2);
  }

  int print(const char *checksum) const {
    printf("{\"kernel\": \"%s\", \"nodes\": %d, \"threads\": %d, "
           "\"right\": %s, \"checksum\": %s, \"phases\": [%s]}\n",
           Kernel, nodes(), threads(), Right ? "true" : "false", checksum,
           Phases);
    return Right ? 0 : 1;
  }

  /// Adds to the JSON text of the phases.
  __attribute__((format(printf, 2, 3))) void append(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    Used += vsnprintf(Phases + Used, PhasesBytes - Used, format, arguments);
    va_end(arguments);
    if (Used >= PhasesBytes)
      abort();
  }

  const char *Kernel;
  int NumArgs;
  char **Args;
  int Size;
  bool SerialInit, Verify, Right = true;
  size_t Used = 0;
  static constexpr size_t PhasesBytes = 16 << 10;
  char *Phases = array<char>(PhasesBytes); // not beside what regions share
};

/// A named part of the run: `steps` times begin() and end(), with no other
/// phase between.
class Phase {
public:
  Phase(Run &run, const char *name, int steps = 1)
      : Owner(run), Name(name), Steps(steps), Seconds(array<double>(steps)) {}
  Phase(const Phase &) = delete;
  ~Phase() { free(Seconds); }

  /// The least bytes that all nodes together must fetch: once in the phase, and
  /// in each step.
  void least_fetched(double once, double each) {
    FetchedOnce = once;
    FetchedEach = each;
  }
  /// The same for bytes that they must write back.
  void least_written(double once, double each) {
    WrittenOnce = once;
    WrittenEach = each;
  }

  void begin() {
    if (Done == 0)
      Before = counters();
    bench_mark();
    Start = omp_get_wtime();
  }

  void end() {
    Seconds[Done++] = omp_get_wtime() - Start;
    bench_mark();
    if (Done == FirstSteps || Done == Steps)
      (Done <= FirstSteps ? Middle : After) = counters();
    if (Done == Steps)
      report();
  }

private:
  void report() {
    int first = Steps < FirstSteps ? Steps : FirstSteps;
    Owner.append("%s{\"name\": \"%s\", \"first\": ", Owner.Used ? ", " : "",
                 Name);
    group(0, first, Before, Middle, FetchedOnce, WrittenOnce);
    if (Steps > first) {
      Owner.append(", \"later\": ");
      group(first, Steps, Middle, After, 0, 0);
    }
    Owner.append("}");
  }

  void group(int from, int to, const Counters &before, const Counters &after,
             double fetched, double written) {
    Owner.append("{\"seconds\": [");
    for (int i = from; i < to; ++i)
      Owner.append("%s%.6f", i > from ? ", " : "", Seconds[i]);
    Owner.append("]");
    for (int i = 0; i < NumCounters; ++i)
      Owner.append(", \"%s\": %ld", CounterNames[i],
                   static_cast<long>(after.Value[i] - before.Value[i]));
    Owner.append(", \"least_in\": %.0f, \"least_out\": %.0f}",
                 fetched + FetchedEach * (to - from),
                 written + WrittenEach * (to - from));
  }

  Run &Owner;
  const char *Name;
  int Steps, Done = 0;
  double *Seconds;
  double FetchedOnce = 0, FetchedEach = 0, WrittenOnce = 0, WrittenEach = 0;
  double Start = 0;
  Counters Before, Middle, After;
};

} // namespace bench

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// coherence-stress - random data-race-free programs on the coherence protocol.
//
// A round is a program made from a seed. It consists of phases between
// barriers. In a phase every byte of a shared arena has one thread that may
// read and write it, or all may read it; who is a function of (seed, phase,
// offset). Beside these bytes, in the same blocks, lie atomics, locks with the
// records they protect, mailboxes, guards and pointers to heap objects.
//
// What a thread does is a function of (seed, phase, thread) and never of what
// it reads. So every node keeps a model of the arena in private memory: a
// thread applies its own stores to it at once, and after the phase each node
// replays the threads of the other nodes. Every load is checked against it.
//
//   loco-run -n 3 coherence-stress --seed 7 --rounds 1000 --threads 2
//
// The oracle: the same program of the same seed with --uncached makes every
// access as kvstore mode does. What fails there too is no fault of the cache.

#include "counters.h"
#include "model.h"
#include "phases.h"
#include "random.h"
#include "records.h"

#include "loco/abi.h"
#include "loco/omp_abi.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <getopt.h>
#include <iterator>
#include <pthread.h>
#include <unistd.h>

using namespace stress;

namespace {

bool verbose = false;

void *thread_main(void *argument) {
  run_thread(static_cast<int>(reinterpret_cast<intptr_t>(argument)));
  return nullptr;
}

// On every node: one round.
void run_round(const void *descriptor, size_t) {
  memcpy(&round_, descriptor, sizeof round_);
  make_layout();
  memset(model, 0, round_.arena_bytes);
  memset(last_write, 0, round_.arena_bytes * sizeof last_write[0]);
  memset(counter_model, 0, sizeof counter_model);
  for (int which = 0; which < LockCount; ++which) {
    record_count_model[which] = record_sum_model[which] = 0;
    pthread_mutex_init(&one_node_locks[which], nullptr);
  }
  pthread_barrier_init(&local_barrier, nullptr, round_.threads);
  pthread_t threads[MaxThreads];
  for (int i = 1; i < round_.threads; ++i)
    if (int error = pthread_create(
            &threads[i], nullptr, thread_main,
            reinterpret_cast<void *>(static_cast<intptr_t>(i)))) {
      dprintf(STDERR_FILENO, "coherence-stress: pthread_create: %s\n",
              strerror(error));
      exit(1);
    }
  run_thread(0);
  for (int i = 1; i < round_.threads; ++i)
    pthread_join(threads[i], nullptr);
  pthread_barrier_destroy(&local_barrier);
}

// Runs on every node before main: workers wait for rounds, not in main.
__attribute__((constructor)) void install() {
  if (__loco_omp_num_nodes() > 1)
    __loco_omp_set_span_handler(run_round);
}

struct Options {
  uint64_t seed = 0;
  uint32_t first_round = 0;
  uint32_t rounds = 1000;
  int threads = 2;
  uint32_t features = ~0u;
  bool uncached_only = false;
};

Round make_round(const Options &options, uint32_t number) {
  Round round{};
  round.user_seed = options.seed;
  round.seed = mix(options.seed, number);
  round.number = number;
  round.features = options.features;
  Random random(mix(round.seed, 181));
  static constexpr uint32_t Blocks[] = {8, 16, 17, 33, 64, 128};
  round.arena_bytes =
      Blocks[random.below(std::size(Blocks))] * LOCO_BLOCK_BYTES;
  round.phases = 3 + random.below(7);
  static constexpr uint32_t Ops[] = {20, 60, 150, 400};
  round.ops = Ops[random.below(std::size(Ops))];
  round.sticky_phases = 1 + random.below(4);
  round.hot_blocks = 4 + random.below(3);
  round.nodes = __loco_omp_num_nodes();
  round.threads = random.chance(15) ? 1 : options.threads;
  round.uncached_only = options.uncached_only;
  return round;
}

// The arena of a round, on node 0; what its memory held before must not show.
char *make_arena(const Round &round) {
  void *p = nullptr;
  if (mix(round.seed, 191) % 2 == 0)
    p = __loco_aligned_alloc(LOCO_BLOCK_BYTES, round.arena_bytes);
  else if (__loco_posix_memalign(&p, 64, round.arena_bytes) != 0)
    p = nullptr;
  if (!p) {
    fputs("coherence-stress: no memory for the arena\n", stderr);
    exit(1);
  }
  __loco_touch(p, round.arena_bytes, LOCO_TOUCH_STORE);
  memset(p, 0, round.arena_bytes);

  round_ = round;
  round_.arena = static_cast<char *>(p);
  make_layout();
  make_records();
  return round_.arena;
}

void usage(FILE *out) {
  fputs("usage: coherence-stress [options]\n"
        "Random data-race-free programs on LOCO memory, checked by a model.\n"
        "  --seed S         of the whole run (the clock)\n"
        "  --rounds R       programs to run (1000)\n"
        "  --first-round R  number of the first (0)\n"
        "  --threads T      threads of each node (2)\n"
        "  --without LIST   leave out, by commas: plain, unchecked, touch,\n"
        "                   atomics, locks, mailboxes, guards, heap, stacks,\n"
        "                   volatile, sync, uncached\n"
        "  --uncached       every access as in kvstore mode, none by the cache\n"
        "  --verbose        a line for every round\n",
        out);
}

uint32_t parse_features(char *list) {
  uint32_t left_out = 0;
  for (char *word = strtok(list, ","); word; word = strtok(nullptr, ",")) {
    uint32_t bit = 0;
    for (const FeatureName &feature : Features)
      if (strcmp(word, feature.name) == 0)
        bit = feature.bit;
    if (bit == 0) {
      fprintf(stderr, "coherence-stress: nothing is called '%s'\n", word);
      exit(2);
    }
    left_out |= bit;
  }
  return ~left_out;
}

Options parse_options(int argc, char **argv) {
  static const option LongOptions[] = {
      {"seed", required_argument, nullptr, 's'},
      {"rounds", required_argument, nullptr, 'r'},
      {"first-round", required_argument, nullptr, 'f'},
      {"threads", required_argument, nullptr, 't'},
      {"without", required_argument, nullptr, 'w'},
      {"uncached", no_argument, nullptr, 'u'},
      {"verbose", no_argument, nullptr, 'v'},
      {"help", no_argument, nullptr, 'h'},
      {}};
  Options options;
  options.seed = static_cast<uint64_t>(time(nullptr));
  for (int c; (c = getopt_long(argc, argv, "", LongOptions, nullptr)) != -1;) {
    switch (c) {
    case 's':
      options.seed = strtoull(optarg, nullptr, 0);
      break;
    case 'r':
      options.rounds = static_cast<uint32_t>(strtoul(optarg, nullptr, 0));
      break;
    case 'f':
      options.first_round = static_cast<uint32_t>(strtoul(optarg, nullptr, 0));
      break;
    case 't':
      options.threads = atoi(optarg);
      break;
    case 'w':
      options.features = parse_features(optarg);
      break;
    case 'u':
      options.uncached_only = true;
      break;
    case 'v':
      verbose = true;
      break;
    case 'h':
      usage(stdout);
      exit(0);
    default:
      usage(stderr);
      exit(2);
    }
  }
  const int nodes = __loco_omp_num_nodes();
  if (optind != argc || options.threads < 1 || nodes > MaxNodes ||
      nodes * options.threads > MaxThreads) {
    usage(stderr);
    exit(2);
  }
  return options;
}

} // namespace

int main(int argc, char **argv) {
  const Options options = parse_options(argc, argv);
  const int nodes = __loco_omp_num_nodes();
  printf("coherence-stress: seed %llu, %u rounds, %d nodes of %d threads\n",
         static_cast<unsigned long long>(options.seed), options.rounds, nodes,
         options.threads);
  fflush(stdout);
  for (uint32_t i = 0; i < options.rounds; ++i) {
    Round round = make_round(options, options.first_round + i);
    round.arena = make_arena(round);
    if (verbose) {
      printf("round %u: %u blocks, %u phases, %u operations, %d threads\n",
             round.number, round.arena_bytes / LOCO_BLOCK_BYTES, round.phases,
             round.ops, round.threads);
      fflush(stdout);
    }
    if (nodes > 1)
      __loco_omp_start_span(nodes, &round, sizeof round);
    run_round(&round, sizeof round);
    __loco_free(round.arena);
  }
  printf("coherence-stress: all %u rounds right\n", options.rounds);
  return 0;
}

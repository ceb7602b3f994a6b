// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wordmap.cpp - counts the words of a text in std::unordered_map<std::string, long>:
// each thread counts a part of the text, in a map for each shard of the words;
// then each shard's maps are added up.

#include "bench.h"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

using Map = std::unordered_map<std::string, long>;

constexpr int Shards = 16;

/// Every word takes this much of the text, with the spaces behind it.
constexpr long Stride = 12;

/// Word number i; low numbers are frequent.
long word_number(long i, long vocabulary) {
  double u = bench::unit(i);
  return static_cast<long>(static_cast<double>(vocabulary) * u * u * u);
}

/// 3 to 11 letters made from the number.
std::string_view spell(long number, char *out) {
  uint64_t random = bench::mix(number);
  long length = 3 + static_cast<long>(random % 5);
  random >>= 8;
  for (long k = 0; k < length; ++k, random >>= 4)
    out[k] = static_cast<char>('a' + random % 16);
  for (; number > 0 && length < Stride - 1; number /= 26)
    out[length++] = static_cast<char>('a' + number % 26);
  return {out, static_cast<size_t>(length)};
}

int shard_of(std::string_view word) {
  return static_cast<int>(std::hash<std::string_view>()(word) / 7 % Shards);
}

/// Counts the words in [text, end) into Shards maps.
void count_words(const char *text, const char *end, Map *maps) {
  while (text < end) {
    const char *stop = std::find(text, end, ' ');
    if (stop > text) {
      std::string word(text, stop);
      maps[shard_of(word)][word]++;
    }
    text = stop + 1;
  }
}

} // namespace

int main(int argc, char **argv) {
  bench::Run run(argc, argv, "wordmap");
  const long words = run.pick(5000L, 25000L, 600000L, 3000000L);
  const long vocabulary = run.pick(500L, 2000L, 20000L, 100000L);
  const int steps = run.pick(4, 4, 7, 7);
  const int threads = run.threads();
  char *text = bench::array<char>(words * Stride);

  bench::Phase init(run, "init");
  init.begin();
#pragma omp parallel for schedule(static) if (!run.serial_init())
  for (long i = 0; i < words; ++i) {
    char *word = text + i * Stride;
    memset(word, ' ', Stride);
    spell(word_number(i, vocabulary), word);
  }
  init.end();

  // Of each thread and shard; the sums by shard.
  std::vector<Map> maps(threads * Shards), totals(Shards);
  bench::Phase phase(run, "count", steps);
  double text_bytes = static_cast<double>(words * Stride);
  double entries = 0;
  {
    // The different words of each thread's part.
    for (int t = 0; run.nodes() > 1 && t < threads; ++t) {
      bench::Range own = bench::part_of(words, threads, t);
      std::vector<bool> seen(vocabulary);
      for (long i = own.begin; i < own.end; ++i)
        if (long number = word_number(i, vocabulary); !seen[number]) {
          seen[number] = true;
          ++entries;
        }
    }
  }
  // A word and its count, from the thread that counted to the one that adds.
  phase.least_fetched(run.serial_init() ? run.remote_share() * text_bytes : 0,
                      run.remote_share() * entries *
                          static_cast<double>(sizeof(Map::value_type)));
  for (int step = 0; step < steps; ++step) {
    phase.begin();
#pragma omp parallel
    {
      int me = omp_get_thread_num();
      bench::Range own = bench::part_of(words, threads, me);
      Map *mine = &maps[me * Shards];
      for (int shard = 0; shard < Shards; ++shard)
        mine[shard] = Map();
      count_words(text + own.begin * Stride, text + own.end * Stride, mine);
#pragma omp barrier
#pragma omp for schedule(static)
      for (int shard = 0; shard < Shards; ++shard) {
        Map total;
        for (int t = 0; t < threads; ++t)
          for (const auto &[word, count] : maps[t * Shards + shard])
            total[word] += count;
        totals[shard] = std::move(total);
      }
    }
    phase.end();
  }

  uint64_t sum = 0;
  long counted = 0;
  for (const Map &total : totals)
    for (const auto &[word, count] : total) {
      uint64_t letters = 0;
      for (char letter : word)
        letters = letters * 31 + static_cast<uint64_t>(letter);
      sum += bench::fold(letters, static_cast<uint64_t>(count));
      counted += count;
    }
  run.check(counted == words, "not every word was counted");
  if (run.verify()) {
    std::unordered_map<std::string_view, long> expected;
    std::vector<char> spelled(words * Stride);
    for (long i = 0; i < words; ++i)
      expected[spell(word_number(i, vocabulary), &spelled[i * Stride])]++;
    long wrong = 0;
    for (const auto &[word, count] : expected) {
      const Map &total = totals[shard_of(word)];
      auto found = total.find(std::string(word));
      wrong += found == total.end() || found->second != count;
    }
    run.check(wrong == 0, "differs from the serial result");
  }
  return run.finish(sum);
}

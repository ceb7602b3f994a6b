// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wordcount - counts the words of text files and prints the most frequent.
// Files are cut into chunks of lines, each chunk is counted by one thread into
// a map of its own, and merged into a table of shards with a lock each.
//
//   wordcount [options] file...

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <getopt.h>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <memory>
#include <omp.h>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

using Counts = std::unordered_map<std::string, long>;
using WordCount = std::pair<std::string, long>;

class SharedCounts {
public:
  explicit SharedCounts(size_t shard_count);
  ~SharedCounts();
  SharedCounts(const SharedCounts &) = delete;
  SharedCounts &operator=(const SharedCounts &) = delete;

  void merge(const Counts &counts);
  // All words, most frequent first; equally frequent ones by name.
  std::vector<WordCount> sorted() const;

private:
  struct Shard {
    omp_lock_t lock;
    Counts counts;
  };
  std::vector<std::unique_ptr<Shard>> shards;
};

SharedCounts::SharedCounts(size_t shard_count) {
  for (size_t i = 0; i < shard_count; ++i) {
    shards.push_back(std::make_unique<Shard>());
    omp_init_lock(&shards.back()->lock);
  }
}

SharedCounts::~SharedCounts() {
  for (auto &shard : shards)
    omp_destroy_lock(&shard->lock);
}

void SharedCounts::merge(const Counts &counts) {
  // By shard first, so that each lock is taken once.
  std::vector<std::vector<const Counts::value_type *>> split(shards.size());
  for (const auto &entry : counts)
    split[std::hash<std::string>()(entry.first) % shards.size()].push_back(
        &entry);
  for (size_t i = 0; i < shards.size(); ++i) {
    if (split[i].empty())
      continue;
    omp_set_lock(&shards[i]->lock);
    for (const auto *entry : split[i])
      shards[i]->counts[entry->first] += entry->second;
    omp_unset_lock(&shards[i]->lock);
  }
}

bool more_frequent(const WordCount &a, const WordCount &b) {
  return a.second != b.second ? a.second > b.second : a.first < b.first;
}

std::vector<WordCount> SharedCounts::sorted() const {
  std::vector<WordCount> all;
  const int count = static_cast<int>(shards.size());
#pragma omp parallel for schedule(dynamic)
  for (int i = 0; i < count; ++i) {
    std::vector<WordCount> part(shards[i]->counts.begin(),
                                shards[i]->counts.end());
    std::sort(part.begin(), part.end(), more_frequent);
#pragma omp critical
    {
      std::vector<WordCount> merged;
      merged.reserve(all.size() + part.size());
      std::merge(std::make_move_iterator(all.begin()),
                 std::make_move_iterator(all.end()),
                 std::make_move_iterator(part.begin()),
                 std::make_move_iterator(part.end()),
                 std::back_inserter(merged), more_frequent);
      all = std::move(merged);
    }
  }
  return all;
}

// ------------------------------------------------------------------ files

struct TextFile {
  std::string name;
  std::string text;
  long lines = 0;
  long words = 0;
};

void read_file(TextFile &file) {
  std::ifstream in(file.name, std::ios::binary);
  if (!in)
    throw std::runtime_error(file.name + ": cannot open");
  std::ostringstream text;
  text << in.rdbuf();
  file.text = text.str();
  file.lines =
      static_cast<long>(std::count(file.text.begin(), file.text.end(), '\n'));
}

// Reads all files, in parallel, and reports them in the order given.
void read_files(std::vector<TextFile> &files) {
  const int count = static_cast<int>(files.size());
  std::string error;
#pragma omp parallel for ordered schedule(dynamic)
  for (int i = 0; i < count; ++i) {
    std::string my_error;
    try {
      read_file(files[i]);
    } catch (const std::exception &e) {
      my_error = e.what();
    }
#pragma omp ordered
    {
      if (my_error.empty())
        std::cout << files[i].name.substr(files[i].name.rfind('/') + 1) << ": "
                  << files[i].text.size() << " bytes, " << files[i].lines
                  << " lines" << std::endl;
      else if (error.empty())
        error = my_error;
    }
  }
  if (!error.empty())
    throw std::runtime_error(error);
}

struct Chunk {
  TextFile *file;
  std::string_view text;
};

// Pieces of about `size` bytes that end at a line's end.
std::vector<Chunk> cut(std::vector<TextFile> &files, size_t size) {
  std::vector<Chunk> chunks;
  for (TextFile &file : files) {
    const std::string_view text = file.text;
    for (size_t start = 0; start < text.size();) {
      size_t end = std::min(text.size(), start + size);
      if (end < text.size()) {
        end = text.find('\n', end);
        end = end == std::string_view::npos ? text.size() : end + 1;
      }
      chunks.push_back({&file, text.substr(start, end - start)});
      start = end;
    }
  }
  return chunks;
}

// Words are letters and apostrophes inside; case does not matter.
long count_words(std::string_view text, size_t shortest, Counts &counts) {
  long words = 0;
  std::string word;
  auto finish = [&] {
    while (!word.empty() && word.back() == '\'')
      word.pop_back();
    if (!word.empty()) {
      ++words;
      if (word.size() >= shortest)
        ++counts[word];
    }
    word.clear();
  };
  for (char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (std::isalpha(byte))
      word += static_cast<char>(std::tolower(byte));
    else if (c == '\'' && !word.empty())
      word += c;
    else
      finish();
  }
  finish();
  return words;
}

void print_usage(std::ostream &out) {
  out << "usage: wordcount [options] file...\n"
         "Counts words and prints the most frequent ones.\n"
         "  -n, --top N        how many words to print (20)\n"
         "  -l, --shortest N   leave out words of less than N letters (1)\n"
         "  -c, --chunk BYTES  what a thread counts at a time (4096)\n"
         "  -r, --repeat N     count everything N times, for measuring (1)\n"
         "  -v, --verbose      say which chunks are done, on stderr\n"
         "  -h, --help         this text\n";
}

} // namespace

int main(int argc, char **argv) {
  static const option LongOptions[] = {
      {"top", required_argument, nullptr, 'n'},
      {"shortest", required_argument, nullptr, 'l'},
      {"chunk", required_argument, nullptr, 'c'},
      {"repeat", required_argument, nullptr, 'r'},
      {"verbose", no_argument, nullptr, 'v'},
      {"help", no_argument, nullptr, 'h'},
      {}};
  long top = 20;
  long shortest = 1;
  long chunk_bytes = 4096;
  int repeat = 1;
  bool verbose = false;
  for (int c; (c = getopt_long(argc, argv, "n:l:c:r:vh", LongOptions,
                               nullptr)) != -1;) {
    switch (c) {
    case 'n':
      top = std::atol(optarg);
      break;
    case 'l':
      shortest = std::atol(optarg);
      break;
    case 'c':
      chunk_bytes = std::atol(optarg);
      break;
    case 'r':
      repeat = std::atoi(optarg);
      break;
    case 'v':
      verbose = true;
      break;
    case 'h':
      print_usage(std::cout);
      return 0;
    default:
      print_usage(std::cerr);
      return 2;
    }
  }
  if (optind >= argc || top < 1 || shortest < 0 || chunk_bytes < 1 ||
      repeat < 1) {
    print_usage(std::cerr);
    return 2;
  }

  try {
    std::vector<TextFile> files;
    for (int i = optind; i < argc; ++i) {
      files.emplace_back();
      files.back().name = argv[i];
    }
    read_files(files);
    const std::vector<Chunk> chunks =
        cut(files, static_cast<size_t>(chunk_bytes));

    SharedCounts counts(64);
    const long work = static_cast<long>(chunks.size()) * repeat;
#pragma omp parallel
    {
#pragma omp single
      std::cout << chunks.size() << " chunks" << std::endl;
#pragma omp for schedule(dynamic)
      for (long i = 0; i < work; ++i) {
        const Chunk &chunk = chunks[i % chunks.size()];
        Counts mine;
        const long words =
            count_words(chunk.text, static_cast<size_t>(shortest), mine);
        counts.merge(mine);
#pragma omp atomic
        chunk.file->words += words;
        if (verbose) {
#pragma omp critical(report)
          std::cerr << "chunk " << i << ": " << words << " words\n";
        }
      }
    }

    long total = 0;
    for (const TextFile &file : files)
      total += file.words;
    const std::vector<WordCount> words = counts.sorted();
    std::cout << total << " words, " << words.size() << " different\n";
    for (size_t i = 0; i < words.size() && i < static_cast<size_t>(top); ++i)
      std::cout << std::setw(8) << words[i].second << ' ' << words[i].first
                << '\n';
  } catch (const std::exception &e) {
    std::cerr << "wordcount: " << e.what() << '\n';
    return 1;
  }
}

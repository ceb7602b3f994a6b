// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// explorer.cpp - breadth-first search over hashed states.

#include "model/explorer.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace model {

namespace {

std::uint64_t hash_of(const State &state) {
  static_assert(sizeof(State) > 8);
  const auto *bytes = reinterpret_cast<const unsigned char *>(&state);
  auto word_at = [&](std::size_t at) {
    std::uint64_t word;
    std::memcpy(&word, bytes + at, sizeof word);
    return word;
  };
  std::uint64_t hash = 0x9e3779b97f4a7c15;
  auto add = [&](std::uint64_t word) {
    const auto product =
        static_cast<unsigned __int128>(hash ^ word) * 0xd6e8feb86659fd93;
    hash = static_cast<std::uint64_t>(product) ^
           static_cast<std::uint64_t>(product >> 64) ^ (word << 1);
  };
  std::size_t at = 0;
  for (; at + 8 <= sizeof state; at += 8)
    add(word_at(at));
  add(word_at(sizeof state - 8)); // overlaps: all bytes count
  add(hash >> 29);
  return hash | 1; // 0 is an empty place in the table
}

/// A set of hashes, open addressing.
class HashSet {
public:
  HashSet() : Places(1 << 16) {}

  /// False where it was there before.
  bool insert(std::uint64_t hash) {
    if (Count * 2 > Places.size())
      grow();
    std::size_t at = place_of(hash);
    if (Places[at] == hash)
      return false;
    Places[at] = hash;
    ++Count;
    return true;
  }
  std::size_t size() const { return Count; }

private:
  std::size_t place_of(std::uint64_t hash) const {
    const std::size_t last = Places.size() - 1;
    std::size_t at = (hash * 0x9e3779b97f4a7c15 >> 20) & last;
    while (Places[at] != 0 && Places[at] != hash)
      at = (at + 1) & last;
    return at;
  }
  void grow() {
    std::vector<std::uint64_t> old(Places.size() * 2);
    old.swap(Places);
    for (std::uint64_t hash : old)
      if (hash != 0)
        Places[place_of(hash)] = hash;
  }

  std::vector<std::uint64_t> Places;
  std::size_t Count = 0;
};

/// How a state was reached: which state's which successor it is.
struct Origin {
  std::uint32_t parent;
  std::uint32_t successor;
};

/// What the thread is about, for the reader of a trace.
const char *name_of(Operation operation) {
  static constexpr const char *Names[] = {
      "",        "load", "store", "atomic", "release",
      "acquire", "give", "leave", "take",   "evict",
      "move"};
  return Names[static_cast<int>(operation)];
}

std::string text_of(const Setup &setup, const State &before,
                    const Transition &step) {
  const Event &event = step.event;
  std::string text = "node " +
                     std::to_string(setup.threads[event.thread].node) +
                     ", thread " + std::to_string(event.thread);
  Operation operation = before.threads[event.thread].operation;
  if (operation == Operation::None)
    operation = step.state.threads[event.thread].operation;
  if (operation != Operation::None)
    text += std::string(" (") + name_of(operation) + ")";
  text += std::string(" ") + event.what;
  if (event.block >= 0)
    text += ": block " + std::to_string(event.block);
  if (event.byte >= 0)
    text += " byte " + std::to_string(event.byte);
  if (event.value >= 0)
    text += " = " + std::to_string(event.value);
  return text;
}

/// Walks again from the start to the state that `last` describes.
std::vector<std::string> trace_to(const Setup &setup, Mutation mutation,
                                  const std::vector<Origin> &origins,
                                  Origin last) {
  std::vector<std::uint32_t> path{last.successor};
  for (std::uint32_t at = last.parent; at != 0; at = origins[at].parent)
    path.push_back(origins[at].successor);
  std::reverse(path.begin(), path.end());
  State state = initial_state(setup);
  std::vector<std::string> trace;
  std::vector<Transition> next;
  for (std::uint32_t successor : path) {
    next.clear();
    successors(setup, mutation, state, next);
    trace.push_back(text_of(setup, state, next[successor]));
    state = next[successor].state;
  }
  return trace;
}

} // namespace

Exploration explore(const Setup &setup, Mutation mutation,
                    const Limits &limits) {
  using Clock = std::chrono::steady_clock;
  const auto began = Clock::now();
  auto seconds = [&] {
    return std::chrono::duration<double>(Clock::now() - began).count();
  };
  Exploration found;
  HashSet visited;
  std::vector<Origin> origins;          // by number of a state
  std::vector<State> level, next_level; // states of one depth, in order
  std::vector<Transition> next;
  auto violated = [&](const char *what, Origin at) {
    found.violation = what;
    found.trace = trace_to(setup, mutation, origins, at);
  };

  level.push_back(initial_state(setup));
  visited.insert(hash_of(level[0]));
  origins.push_back({0, 0});
  std::uint32_t first_of_level = 0;
  bool in_limits = true;
  while (!level.empty() && !found.violation && in_limits) {
    const auto first_of_next = static_cast<std::uint32_t>(origins.size());
    for (std::uint32_t i = 0; i < level.size() && !found.violation; ++i) {
      const std::uint32_t number = first_of_level + i;
      next.clear();
      successors(setup, mutation, level[i], next);
      if (next.empty() && !may_end(setup, level[i])) {
        violated("M8: nobody can go on", origins[number]);
        break;
      }
      for (std::uint32_t s = 0; s < next.size(); ++s) {
        ++found.transitions;
        const char *wrong = next[s].violation;
        if (!wrong) {
          if (!visited.insert(hash_of(next[s].state)))
            continue;
          wrong = broken_invariant(setup, next[s].state);
        }
        if (wrong) {
          violated(wrong, {number, s});
          break;
        }
        origins.push_back({number, s});
        next_level.push_back(next[s].state);
      }
      if (i % 1024 == 0)
        in_limits =
            visited.size() < limits.states && seconds() < limits.seconds;
      if (!in_limits)
        break;
    }
    first_of_level = first_of_next;
    level.swap(next_level);
    next_level.clear();
    ++found.depth;
  }
  found.complete = in_limits && !found.violation;
  found.states = visited.size();
  found.seconds = seconds();
  return found;
}

} // namespace model

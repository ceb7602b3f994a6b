// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// race_reports.h - brings what the homes have found to node 0, which prints
// each pair of stores once. All on threads of its own: finding lines takes a
// while.
#pragma once

#include "base/symbolizer.h"
#include "fabric/fabric.h"
#include "memory/races/allocation_sites.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <tuple>
#include <variant>

namespace loco::memory {

/// Two writes of the same bytes.
struct FoundRace {
  struct Side {
    int node;
    std::uint64_t pc; ///< a return address; 0: not known
  };
  std::uint64_t address, bytes; ///< in the program view
  Side later, earlier;
  int owner; ///< whose heap it is in, or -1
};

class RaceReports {
public:
  /// Sets its handlers and starts its thread; before Fabric::start(). With
  /// `abort` the first report ends the job.
  RaceReports(fabric::Fabric &fabric, AllocationSites &allocations, bool abort);

  /// Any thread; does not wait. The same pair again costs next to nothing.
  void found(const FoundRace &race);

  /// Node 0: all that any node has found is printed when it returns.
  void finish();

private:
  struct WhereQuestion {
    int asker;
    std::uint64_t address;
  };
  struct Finish {
    int asker;
  };
  using Work = std::variant<FoundRace, WhereQuestion, Finish>;
  using Pair = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>;
  static constexpr std::size_t MostReports = 100;
  static constexpr std::size_t MostFrames = 6;

  void enqueue(const Work &work);
  void run();
  void handle(const FoundRace &race);
  void handle(const WhereQuestion &question);
  void handle(const Finish &finish);
  std::optional<Allocation> ask_allocation(const FoundRace &race);
  static std::string
  describe_place(const FoundRace &race, const std::optional<Allocation> &heap,
                 std::span<const std::vector<SourceFrame>> variable,
                 std::span<const std::vector<SourceFrame>> callers);
  void print(const FoundRace &race, const std::optional<Allocation> &heap);
  void send(int node, fabric::Message message, const void *payload,
            std::size_t bytes);

  static RaceReports *Instance; ///< for the handlers, which have no argument

  fabric::Fabric &Network;
  AllocationSites &Allocations;
  const bool Abort;

  std::mutex Mutex; ///< Queue, Seen
  std::condition_variable Wake;
  std::deque<Work> Queue;
  std::set<Pair> Seen; ///< by program counters

  // The thread's own.
  std::set<std::pair<std::string, std::string>> Printed; ///< by lines
  std::uint64_t NumPrinted = 0, NumOmitted = 0;

  std::optional<Allocation> Answer; ///< written before HasAnswer is set
  std::atomic<bool> HasAnswer{false};
  std::atomic<int> NumFinished{0};
};

} // namespace loco::memory

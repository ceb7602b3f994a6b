// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// model_test.cpp - the protocol of docs/memory-model.md, explored exhaustively:
// as it is nothing goes wrong, with any of its steps left out or moved
// something does.

#include "model/explorer.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <ostream>

namespace model {

void PrintTo(const Setup &setup, std::ostream *out) { *out << setup.name; }

namespace {

std::string report(const Exploration &found) {
  std::string text = std::to_string(found.states) + " states, " +
                     std::to_string(found.transitions) + " transitions, " +
                     std::to_string(found.depth) + " deep, " +
                     std::to_string(found.seconds) + " s";
  if (found.violation) {
    text += std::string("\n") + found.violation + ", after";
    for (const std::string &line : found.trace)
      text += "\n  " + line;
  }
  return text;
}

// Threads are {node, loads and stores, releases and acquires, atomics,
// evictions, moves}.

Setup two_nodes(Actor at_home, Actor away) {
  return {"TwoNodes", 2, {at_home, away}, {0}, {{0, 1}}};
}
/// The second and third thread share a node, and its cache.
Setup shared_cache(Actor at_home, Actor second, Actor third) {
  return {"SharedCache", 2, {at_home, second, third}, {0}, {{1, 2}}};
}
/// The same, with evictions by a thread that does nothing else.
Setup bounded_cache(Actor at_home, Actor second, Actor third) {
  return {"BoundedCache", 2, {at_home, second, third}, {0}, {{0, 1}}};
}
/// As SharedCache; one of the bytes belongs to the home's thread.
Setup shared_cache_home(Actor at_home, Actor second, Actor third) {
  return {"SharedCacheHome", 2, {at_home, second, third}, {0}, {{0, 1}}};
}
Setup three_nodes(Actor at_home, Actor second, Actor third) {
  return {"ThreeNodes", 3, {at_home, second, third}, {0}, {{1, 2}}};
}
/// A home without threads; two share a node, one is alone.
Setup home_without_threads(Actor first, Actor second, Actor third) {
  return {"HomeWithoutThreads", 3, {first, second, third}, {0}, {{0, 2}}};
}
/// The first and second thread share the home.
Setup threads_at_home(Actor first, Actor second, Actor away) {
  return {"ThreadsAtHome", 2, {first, second, away}, {0}, {{1, 2}}};
}
Setup atomics_of_all(Actor at_home, Actor second, Actor third) {
  return {"AtomicsOfAll", 2, {at_home, second, third}, {0}, {{Shared, 1}}};
}
Setup first_touch(Actor first, Actor second) {
  return {"FirstTouch", 2, {first, second}, {-1}, {{0, 1}}};
}
/// Two blocks, each node home to one.
Setup two_homes(Actor first, Actor second) {
  return {"TwoHomes", 2, {first, second}, {0, 1}, {{0, 1}, {0, 1}}};
}
/// Two blocks and a log of one notice.
Setup short_log(Actor at_home, Actor away) {
  return {"ShortLog", 2, {at_home, away}, {0, 0}, {{0, 1}, {0, 1}}, 1};
}
Setup never_protected(Actor at_home, Actor away) {
  return {"NeverProtected", 2,   {at_home, away}, {0}, {{0, 1}},
          MaxNotices,       true};
}

/// Stores alternate between two values, so that a byte may be again what it was.
Setup toggling(Setup setup) {
  setup.name = "Toggling";
  setup.toggles = true;
  return setup;
}

/// Bytes are given by releases to come, too, which a thread of each node serves.
Setup lazily(Actor at_home, Actor away) {
  Actor serves_home{0, 0, 0}, serves_away{1, 0, 0};
  serves_home.serves = serves_away.serves = true;
  Setup setup{"Lazily", 2, {at_home, away, serves_home, serves_away}, {0}, {{0, 1}}};
  setup.lazy = true;
  return setup;
}
/// Instead they are given by flags of which the protocol knows nothing.
Setup asking(Actor at_home, Actor away) {
  Setup setup = lazily(at_home, away);
  setup.name = "Asking";
  setup.asks = true;
  return setup;
}
/// For what shows where releases protect, which makes fewer states.
Setup shutting(Setup setup) {
  setup.shuts = true;
  return setup;
}

/// The home goes from node 0 to node 1, by two threads that do nothing else
/// where `rest` has other threads.
Setup moving(const char *name, std::vector<Actor> rest, int first_owner,
             int second_owner, int nodes = 2) {
  Setup setup{name, nodes, std::move(rest), {0}, {{first_owner, second_owner}}};
  setup.moves_to = 1;
  return setup;
}

// ------------------------------------------------------- the protocol as it is

class Protocol : public testing::TestWithParam<Setup> {};

TEST_P(Protocol, KeepsItsInvariants) {
  const Exploration found = explore(GetParam());
  EXPECT_EQ(found.violation, nullptr) << report(found);
  EXPECT_TRUE(found.complete) << "stopped at its limit: " << report(found);
  printf("%s: %s\n", GetParam().name, report(found).c_str());
}

INSTANTIATE_TEST_SUITE_P(
    Model, Protocol,
    testing::Values(
        two_nodes({0, 2, 2}, {1, 2, 2}),
        shared_cache({0, 1, 1}, {1, 2, 2}, {1, 1, 1}),
        shared_cache_home({0, 1, 2}, {1, 1, 1}, {1, 1, 1}),
        three_nodes({0, 1, 1}, {1, 1, 1}, {2, 1, 1}),
        home_without_threads({1, 0, 1, 1}, {1, 1, 1, 1}, {2, 1, 2}),
        threads_at_home({0, 0, 1}, {0, 1, 1}, {1, 2, 2}),
        atomics_of_all({0, 0, 1, 1}, {1, 1, 1, 1}, {1, 0, 1, 1}),
        first_touch({0, 2, 1}, {1, 2, 2}), two_homes({0, 1, 1}, {1, 2, 1}),
        short_log({0, 1, 1}, {1, 2, 1}),
        bounded_cache({0, 1, 1}, {1, 2, 2}, {1, 0, 0, 0, 2}),
        toggling(two_nodes({0, 1, 3}, {1, 1, 3})),
        lazily({0, 1, 2}, {1, 1, 2}), asking({0, 1, 2}, {1, 1, 2}),
        moving("MovingOwn", {{0, 1, 1, 0, 0, 1}, {1, 2, 1, 0, 0, 1}}, 0, 1),
        moving("MovingUnderStores",
               {{0, 0, 0, 0, 0, 1}, {1, 0, 0, 0, 0, 1}, {0, 1, 1}, {1, 2, 1}},
               2, 3),
        moving("MovingAtomics",
               {{0, 0, 0, 1, 0, 1}, {1, 0, 0, 0, 0, 1}, {1, 1, 1, 1}}, Shared,
               2),
        moving("MovingCopies",
               {{0, 0, 1, 0, 0, 1}, {1, 1, 1, 0, 0, 1}, {2, 1, 1, 0, 0, 1}}, 0,
               1, 3),
        // Why stacks need no protection (M9): it saves notices, and
        // is nothing that coherence needs.
        never_protected({0, 2, 2}, {1, 2, 2})),
    [](const auto &test) { return std::string(test.param.name); });

// --------------------------------------------------------------- the mutations

struct Broken {
  const char *name;
  Mutation mutation;
  Setup setup; ///< where it shows
};

void PrintTo(const Broken &broken, std::ostream *out) { *out << broken.name; }

class Mutated : public testing::TestWithParam<Broken> {};

TEST_P(Mutated, IsFound) {
  const Exploration found = explore(GetParam().setup, GetParam().mutation);
  EXPECT_NE(found.violation, nullptr)
      << "the model does not see what is wrong: " << report(found);
  printf("%s: %s\n", GetParam().name, report(found).c_str());
}

const Setup Small = two_nodes({0, 2, 2}, {1, 2, 2});
const Setup Cache = shared_cache({0, 1, 1}, {1, 2, 2}, {1, 1, 1});
const Setup CacheHome = shared_cache_home({0, 1, 2}, {1, 1, 1}, {1, 1, 1});
const Setup OwnAtomic = two_nodes({0, 1, 1}, {1, 1, 1, 1});
/// Stores of others at the old home and at the new one.
const Setup Move = moving(
    "Move", {{0, 0, 0, 0, 0, 1}, {1, 0, 0, 0, 0, 1}, {0, 1, 1}, {1, 2, 1}}, 2,
    3);
/// As Move, with less to do.
const Setup MoveLess = moving(
    "MoveLess", {{0, 0, 0, 0, 0, 1}, {1, 0, 0, 0, 0, 1}, {0, 1, 1}, {1, 1, 1}},
    2, 3);
/// The home, the node it moves to, and one that has a copy; who of the first
/// two stores.
Setup move_with_copy(int stores, int owner) {
  const Actor from{0, stores == 0, stores == 0, 0, 0, 1};
  const Actor to{1, stores == 1, stores == 1, 0, 0, 1};
  return moving("MoveWithCopy", {from, to, {2, 1, 1, 0, 0, 1}}, owner, 2, 3);
}

#define BROKEN(mutation, setup)                                                \
  Broken { #mutation, Mutation::mutation, setup }
INSTANTIATE_TEST_SUITE_P(
    Model, Mutated,
    testing::Values(
        BROKEN(ShowBeforeGet, Cache), BROKEN(ShowBeforeTwin, Cache),
        BROKEN(UnprotectBeforeTwin, Cache), BROKEN(CompareBeforeProtect, Cache),
        BROKEN(CompareBeforeDrop, Cache), BROKEN(DropWithoutDelta, Cache),
        BROKEN(WholeBlockDelta, Cache), BROKEN(NoShootdown, Cache),
        BROKEN(PublishBeforeFlush, Cache),
        BROKEN(UnlockBeforeFlush,
               shared_cache({0, 1, 1}, {1, 1, 2, 1}, {1, 1, 1})),
        BROKEN(CountBeforeEntries, Small),
        BROKEN(ClearPendingLate,
               home_without_threads({1, 0, 1, 2}, {1, 0, 1}, {2, 1, 2})),
        BROKEN(NoReleaseMutex, Cache), BROKEN(MarkAfterGet, Small),
        BROKEN(NoFenceAfterMark, Small), BROKEN(NoFenceBeforeMarks, Small),
        BROKEN(NoNoteAtUnprotect, two_nodes({0, 1, 3}, {1, 2, 2})),
        BROKEN(SummaryMarkFirst, two_nodes({0, 2, 3}, {1, 2, 2})),
        BROKEN(PublishBeforeExports, Small), BROKEN(FlagAfterGet, CacheHome),
        BROKEN(PassLockedBlock, CacheHome), BROKEN(KeepDirty, Small),
        BROKEN(SeenTooFar, shared_cache_home({0, 1, 2}, {1, 2, 1}, {1, 0, 1})),
        BROKEN(NoAcquireMutex,
               shared_cache_home({0, 1, 1}, {1, 1, 1}, {1, 0, 1})),
        BROKEN(ForgetLap, short_log({0, 1, 1}, {1, 2, 1})),
        BROKEN(RefreshBeforeMark, shutting(two_nodes({0, 2, 3}, {1, 1, 2}))),
        BROKEN(RefreshDirty, Cache),
        BROKEN(KeepHidden, shutting(two_nodes({0, 2, 2}, {1, 2, 3}))),
        BROKEN(TwinIsCopy, Cache), BROKEN(ForgetOpen, Cache),
        BROKEN(MergeBeforeMark, shutting(two_nodes({0, 2, 3}, {1, 2, 2}))),
        BROKEN(MergeOwnStores, Cache),
        BROKEN(MergeInCopyAlone, two_nodes({0, 2, 2}, {1, 1, 3})),
        BROKEN(MergeNeighbours, Cache),
        BROKEN(FingerprintBeforeProtect,
               threads_at_home({0, 0, 1}, {0, 1, 1}, {1, 2, 1})),
        BROKEN(KeepUnsure, Small),
        BROKEN(WatchQuietly, two_nodes({0, 2, 3}, {1, 1, 2})),
        BROKEN(WatchWithoutMarks,
               toggling(two_nodes({0, 3, 2}, {1, 1, 2}))),
        BROKEN(WatchDespiteNotices,
               toggling(two_nodes({0, 1, 3}, {1, 1, 3}))),
        BROKEN(LeaveWithoutFence, lazily({0, 0, 1}, {1, 1, 1})),
        BROKEN(LeaveCurrent, lazily({0, 0, 1}, {1, 1, 2})),
        BROKEN(CompleteEarly, lazily({0, 0, 1}, {1, 1, 1})),
        BROKEN(TakeWithoutAsking, lazily({0, 0, 1}, {1, 1, 1})),
        BROKEN(AcquiredTooFar, lazily({0, 1, 1}, {1, 1, 2})),
        BROKEN(TakeCurrent, asking({0, 0, 1}, {1, 1, 2})),
        BROKEN(TakeAtOnce, asking({0, 0, 1}, {1, 1, 1})),
        BROKEN(ForgetWatched, two_nodes({0, 2, 4}, {1, 1, 2})),
        BROKEN(OpenWithOldPrint,
               toggling(two_nodes({0, 2, 3}, {1, 1, 3}))),
        BROKEN(OpenUnwatched, two_nodes({0, 1, 3}, {1, 1, 2})),
        BROKEN(CompareBeforeShut,
               threads_at_home({0, 0, 2}, {0, 1, 1}, {1, 2, 2})), BROKEN(AtomicInCopy, OwnAtomic),
        BROKEN(NoBytesBeforeAtomic, OwnAtomic),
        BROKEN(NoPatchOfCopy, OwnAtomic),
        BROKEN(NoPatchOfTwin,
               atomics_of_all({0, 0, 0, 1}, {1, 1, 1}, {1, 0, 0, 1})),
        BROKEN(NoNoticeOfAtomic,
               three_nodes({0, 0, 0}, {1, 0, 1, 1}, {2, 1, 1})),
        BROKEN(ForgetFlagLate,
               bounded_cache({0, 1, 1}, {1, 1, 1}, {1, 1, 0, 0, 1})),
        BROKEN(ClearListedLate, Cache),
        BROKEN(GiveWithoutNote, move_with_copy(0, 0)),
        BROKEN(GiveWithoutDrop, Move),
        BROKEN(GiveWithMarks, move_with_copy(0, 0)),
        BROKEN(TakeBeforeRest, Move), BROKEN(TakeWithoutDelta, Move),
        BROKEN(TakeUnprotected, move_with_copy(1, 1)),
        BROKEN(OpenBeforeLearned, Move),
        BROKEN(LearnNothing, move_with_copy(-1, 2)), BROKEN(NoGate, Move),
        BROKEN(EnterInTwoSteps, Move), BROKEN(CloseWithoutWait, Move),
        BROKEN(CloseWithoutLook, Move), BROKEN(CloseWithoutMutex, MoveLess),
        BROKEN(ClaimInTwoSteps, first_touch({0, 2, 1}, {1, 2, 2}))),
    [](const auto &test) { return std::string(test.param.name); });
#undef BROKEN

} // namespace
} // namespace model

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mutation.h - the protocol with one step left out or moved. In each of them,
// the model must find what goes wrong: so it can.
#pragma once

namespace model {

enum class Mutation {
  None,
  // M2, M3: what is visible when
  ShowBeforeGet,        ///< the page becomes visible before it is fetched
  ShowBeforeTwin,       ///< a fetch to write makes its twin after that
  UnprotectBeforeTwin,  ///< so does a first store
  CompareBeforeProtect, ///< a release compares, then protects
  CompareBeforeDrop,    ///< an acquire compares, then takes away
  DropWithoutDelta,     ///< an acquire forgets what a dirty block holds
  WholeBlockDelta,      ///< deltas have bytes that were not written
  NoShootdown,          ///< protecting a page does not wait for other CPUs
  // M4: data, then notice
  PublishBeforeFlush, ///< a release does not wait for its puts
  UnlockBeforeFlush,  ///< blocks are unlocked while their puts are on the way
  CountBeforeEntries, ///< the log's count is raised before it is written
  ClearPendingLate,   ///< "notice pending" is cleared after publishing
  NoReleaseMutex,     ///< two threads of a node release at one time
  // M5: marks
  MarkAfterGet,         ///< the fetcher marks after its get
  NoFenceAfterMark,     ///< its get may overtake the mark
  NoFenceBeforeMarks,   ///< the home's stores may be overtaken by its look
  NoNoteAtUnprotect,    ///< a first store at home notes nothing
  SummaryMarkFirst,     ///< the summary is marked before the block
  PublishBeforeExports, ///< exported blocks are noticed one release too late
  // M6: notices
  FlagAfterGet,    ///< copies are registered after the get
  PassLockedBlock, ///< an acquire does not wait for a block's lock
  KeepDirty,       ///< an acquire leaves dirty blocks
  SeenTooFar,      ///< notices published meanwhile count as read
  NoAcquireMutex,  ///< two threads of a node acquire at one time
  ForgetLap,       ///< that a log was overwritten goes unnoticed
  // M18: copies that are brought up to date in place
  RefreshBeforeMark, ///< the block is marked after the get
  RefreshDirty,      ///< a dirty copy is overwritten
  KeepHidden,        ///< a notice leaves a hidden copy, which is shown later
  // M24: copies that stay writable over a release
  TwinIsCopy, ///< the new twin is the copy as it is by then
  ForgetOpen, ///< the next release does not look at the copy
  // M25: and that are merged with what others have stored
  MergeBeforeMark,  ///< the block is marked after the get
  MergeOwnStores,   ///< also what differs from the twin here alone
  MergeInCopyAlone, ///< the twin stays
  MergeNeighbours,  ///< bytes that did not change are stored again
  // M17: fingerprints
  FingerprintBeforeProtect, ///< it is taken while the block may be stored to
  KeepUnsure,               ///< what may have changed is never dropped
  // M26: home blocks that stay writable while others have copies
  WatchQuietly,      ///< what has changed is not noticed
  WatchWithoutMarks, ///< nor what was fetched, if it is as it was published
  WatchDespiteNotices, ///< nor what another node has stored to
  ForgetWatched,     ///< the next release does not look at it
  OpenWithOldPrint,  ///< a block opened with another has the fingerprint it had
  OpenUnwatched,     ///< or is not looked at by releases
  CompareBeforeShut, ///< a block is compared, then protected
  // M27: lazy releases
  LeaveWithoutFence, ///< stores may be overtaken by the count of releases
  LeaveCurrent,      ///< what is left names the release that is under way
  CompleteEarly,     ///< a release counts as over when it begins
  TakeWithoutAsking, ///< who acquires does not ask for the release
  AcquiredTooFar,    ///< releases that end during an acquire count as acquired
  // M28: acquires of what was not released
  TakeCurrent, ///< who acquires waits for the releases that are under way
  TakeAtOnce,  ///< or asks, and does not wait
  // M7: atomics
  AtomicInCopy,        ///< an atomic acts on the cached copy
  NoBytesBeforeAtomic, ///< own stores do not go home first
  NoPatchOfCopy,       ///< the copy keeps the old value
  NoPatchOfTwin,       ///< the twin does
  NoNoticeOfAtomic,    ///< others are not told
  // M11, M12: eviction
  ForgetFlagLate,  ///< the extent counts as without copies after its unlocking
  ClearListedLate, ///< a release takes blocks for listed until it is through
  // M14: moves
  GiveWithoutNote, ///< the old home's stores since the last fetch are not noted
  GiveWithoutDrop, ///< its threads go on storing to what has left
  GiveWithMarks,   ///< the old home's marks stay
  TakeBeforeRest,  ///< the new home does not wait for the old one
  TakeWithoutDelta,  ///< it forgets what its copy holds
  TakeUnprotected,   ///< it stores unnoticed, though others have copies
  OpenBeforeLearned, ///< a node goes on before all know the new home
  LearnNothing,      ///< a node goes by the home that it remembers
  // M15: the gate
  NoGate,            ///< threads enter while it is closed
  EnterInTwoSteps,   ///< they look whether it is open, then say that they enter
  CloseWithoutWait,  ///< who closes it does not wait for those inside
  CloseWithoutLook,  ///< nor looks again when it is closed
  CloseWithoutMutex, ///< releases and acquires go on meanwhile
  // Homes
  ClaimInTwoSteps, ///< claims look and store, without compare-exchange
};

} // namespace model

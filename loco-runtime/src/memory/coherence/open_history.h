// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// open_history.h - whether a block that was stored to stays writable over releases
// ("open"): each of them compares a copy with its twin, and a home block that others
// have with what it has published, which is in vain where nothing was stored. It
// stays open until that has cost what closing it costs, and opening it again; where it
// is opened again so soon that staying open would have cost less, it stays twice as
// long the next time. That is never much worse than twice the best choice in
// hindsight: Karlin, Manasse, Rudolph, Sleator, "Competitive snoopy caching"
// (Algorithmica 3, 1988).
//
// A page-table change is shared by a run of blocks. So neighbours that have been idle for
// some time close together, once what all of them have cost in vain is what closing and
// opening the run costs (costs.h); and they open together, at the first store to one of
// them. One that was opened with others, and not stored to, is not the next time.
//
// Thread-safety: none; the caller holds the block's lock.
#pragma once

#include <cstdint>

namespace loco::memory {

class OpenHistory {
public:
  /// It becomes writable by a store, after so many releases of the node. `change`:
  /// what closing and opening it costs, in comparisons.
  void opened(std::uint32_t releases, unsigned change) {
    if (WasClosed) {
      auto closed_for = static_cast<std::uint16_t>(releases - ClosedAtOrIdle);
      if (closed_for >= change)
        Mistakes = 0;
      else if (Mistakes < MostMistakes)
        ++Mistakes;
    }
    open();
  }
  /// It becomes writable since another that the same release has closed does.
  void opened_with_another(std::uint32_t releases, unsigned change) {
    const bool too_early =
        static_cast<std::uint16_t>(releases - ClosedAtOrIdle) < change;
    open();
    Guessed = 1;
    TooEarly = too_early;
  }
  /// It is writable, and has been since before anybody counted.
  void found_open() {
    if (!Open)
      open();
  }
  bool is_open() const { return Open; }
  bool was_closed() const { return WasClosed; }
  bool was_closed_with(const OpenHistory &other) const {
    return WasClosed && other.WasClosed &&
           ClosedAtOrIdle == other.ClosedAtOrIdle;
  }

  /// A release has found stores to it.
  void found_stores() {
    ClosedAtOrIdle = 0;
    if (TooEarly && Mistakes < MostMistakes)
      ++Mistakes;
    Guessed = TooEarly = 0;
  }
  /// A release has found none.
  void found_none() {
    if (ClosedAtOrIdle != UINT16_MAX)
      ++ClosedAtOrIdle;
  }

  /// A home block that others store to: each comparison finds that, and names it in
  /// vain. It had better close, unless that was wrong once.
  void others_stored() {
    if (Mistakes == 0)
      ClosedAtOrIdle = UINT16_MAX;
  }

  /// The comparisons in vain since the last store that count for closing it.
  unsigned in_vain() const { return ClosedAtOrIdle >> Mistakes; }
  void closed(std::uint32_t releases) {
    // What was never open is protected for the first time: no mistake.
    WasClosed = Open && !Guessed;
    Open = Guessed = TooEarly = 0;
    ClosedAtOrIdle = static_cast<std::uint16_t>(releases);
  }

private:
  static constexpr unsigned MostMistakes = 1;

  void open() {
    Open = 1;
    WasClosed = Guessed = TooEarly = 0;
    ClosedAtOrIdle = 0;
  }

  /// Open: releases without stores, in a row. Closed: the release that closed it.
  std::uint16_t ClosedAtOrIdle = 0;
  std::uint8_t Open : 1 = 0;
  std::uint8_t WasClosed : 1 = 0; ///< since it was opened
  std::uint8_t Guessed : 1 = 0;   ///< opened with another, and not stored to since
  std::uint8_t TooEarly : 1 = 0;  ///< and the closing was, should a store come
  std::uint8_t Mistakes : 3 = 0;  ///< how often it was closed too early, in a row
};
static_assert(sizeof(OpenHistory) == 4);

} // namespace loco::memory

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
// Thread-safety: none; the caller holds the block's lock.
#pragma once

#include <cstdint>

namespace loco::memory {

class OpenHistory {
public:
  /// It becomes writable by a store, after so many releases of the node. `change`:
  /// what closing and opening costs, in comparisons.
  void opened(std::uint32_t releases, unsigned change) {
    if (WasClosed) {
      auto closed_for = static_cast<std::uint16_t>(releases - ClosedAtOrIdle);
      if (closed_for >= change)
        Mistakes = 0;
      else if (Mistakes < MostMistakes)
        ++Mistakes;
    }
    Open = 1;
    Closing = WasClosed = 0;
    ClosedAtOrIdle = 0;
  }
  bool is_open() const { return Open; }

  /// A release has found stores to it.
  void found_stores() { ClosedAtOrIdle = 0; }
  /// A release has found none. `change`: as for opened().
  void found_none(unsigned change) {
    ++ClosedAtOrIdle;
    Closing = ClosedAtOrIdle >= change << Mistakes;
  }

  /// The next release is to close it, which protects before it compares.
  bool is_closing() const { return Closing; }
  void closed(std::uint32_t releases) {
    // What was never open is protected for the first time: no mistake.
    WasClosed = Open;
    Open = Closing = 0;
    ClosedAtOrIdle = static_cast<std::uint16_t>(releases);
  }

private:
  static constexpr unsigned MostMistakes = 3;

  /// Open: releases without stores, in a row. Closed: the release that closed it.
  std::uint16_t ClosedAtOrIdle = 0;
  std::uint8_t Open : 1 = 0;
  std::uint8_t Closing : 1 = 0;
  std::uint8_t WasClosed : 1 = 0; ///< since it was opened
  std::uint8_t Mistakes : 2 = 0;  ///< how often it was closed too early, in a row
};
static_assert(sizeof(OpenHistory) == 4);

} // namespace loco::memory

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// demand.h - how often other nodes ask for the releases that are left at a place
// (release_epochs.h). Of a flag that goes to and fro each one is asked for: the node had
// better release at once, and say so, than be asked. Where all update many words at random
// each request is for another one.
//
// Thread-safety: none, and none needed: a hint, of which a word holds all.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace loco::memory {

class Demand {
public:
  /// A release left here was asked for; `again` where that was one of the last few
  /// requests, too.
  void asked(bool again) {
    Score = std::min<std::uint8_t>(Score + (again ? PerRequest : 1), Most);
    // A release that nobody needs may have thousands of blocks to look at.
    TimesLeft = !is_usual() ? 0 : Score < Sure ? FewTimes : ManyTimes;
  }
  /// Whether they are asked for as a rule.
  bool is_usual() const { return Score >= Usual; }
  /// Whether one had better be made at once.
  bool wants_release() const { return TimesLeft != 0; }
  void released_at_once() { --TimesLeft; }
  void left() {
    if (TimesLeft == 0 && Score != 0)
      --Score;
  }

private:
  static constexpr std::uint8_t PerRequest = 8, Most = 32;
  static constexpr std::uint8_t Usual = PerRequest, Sure = 2 * PerRequest;
  static constexpr std::uint8_t FewTimes = 4, ManyTimes = 16;

  std::uint8_t Score = 0;     ///< raised by each request, less one for each that is left
  std::uint8_t TimesLeft = 0; ///< to release at once
};

/// The last places that a node has asked for.
class RecentRequests {
public:
  /// Whether the place was among them; now it is.
  bool add(std::uint32_t place) {
    const bool again = std::find(std::begin(Places), std::end(Places), place) !=
                       std::end(Places);
    if (!again)
      Places[Next++ % std::size(Places)] = place;
    return again;
  }

private:
  std::uint32_t Places[4] = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
  unsigned Next = 0;
};

} // namespace loco::memory

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// result.h - how errors travel inside the runtime: a value, or an Error that
// names what was wrong, where, and what to do. What cannot be handled ends the
// job through fatal().
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace loco {

struct Error {
  std::string message; // without "loco: error:" and without a trailing newline
};

/// A T or an Error. Check ok() before value().
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : State(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : State(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return State.index() == 0; }
  T &value() { return std::get<0>(State); }
  const T &value() const { return std::get<0>(State); }
  const Error &error() const { return std::get<1>(State); }

private:
  std::variant<T, Error> State;
};

template <> class [[nodiscard]] Result<void> {
public:
  Result() = default;
  Result(Error error) : Failure(std::move(error)), Failed(true) {}

  bool ok() const { return !Failed; }
  const Error &error() const { return Failure; }

private:
  Error Failure;
  bool Failed = false;
};

/// Writes "loco: error: [node N: ]message" to stderr in one write(2), tells the
/// launcher, and ends the process with status 1. Safe from any thread; does
/// not run exit handlers.
[[noreturn]] void fatal(const std::string &message);

/// fatal() with ": strerror(errno)" appended.
[[noreturn]] void fatal_errno(const std::string &what);

/// Writes "loco: warning: message" to stderr, once for each `key`.
void warn_once(const char *key, const std::string &message);

} // namespace loco

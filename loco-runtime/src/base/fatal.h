// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// fatal.h - what fatal() (result.h) says and whom it tells. Set once, when the
// node knows its number.
#pragma once

#include <string_view>

namespace loco {

/// Called by fatal() after the message is written and before _exit(1). Any
/// thread; must not allocate, wait long or fail.
using FailureReporter = void (*)(std::string_view message);

/// With more than one node, fatal() and warn_once() name `node`; it is -1
/// otherwise.
void set_failure_context(int node, FailureReporter reporter);

} // namespace loco

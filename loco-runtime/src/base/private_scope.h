// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// private_scope.h - what the runtime allocates on a thread of the program is its
// own, not the program's.
#pragma once

namespace loco {

/// While one lives, the thread's allocations are private to the node, and are no
/// objects of the program. They nest.
class PrivateScope {
public:
  PrivateScope() { ++Depth; }
  ~PrivateScope() { --Depth; }
  PrivateScope(const PrivateScope &) = delete;

  static bool is_active() { return Depth != 0; }

private:
  static inline thread_local int Depth
      __attribute__((tls_model("initial-exec"))) = 0;
};

} // namespace loco

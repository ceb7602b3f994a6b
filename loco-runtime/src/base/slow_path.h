// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// slow_path.h - what holds while compiled code's calls are inside the runtime.
#pragma once

#include "base/private_scope.h"

#include <cerrno>

namespace loco {

/// A slow path is not seen by the code around it: errno stays, and what it
/// allocates is private.
class SlowPath {
public:
  ~SlowPath() { errno = SavedErrno; }

private:
  int SavedErrno = errno;
  PrivateScope Private;
};

} // namespace loco

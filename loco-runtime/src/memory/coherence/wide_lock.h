// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wide_lock.h - the one lock of the job that makes atomic operations on objects
// without a lock-free width atomic.
#pragma once

#include "fabric/fabric.h"

namespace loco::memory {

/// Held while it lives; implies what the order asks for.
class WideLock {
public:
  /// Collective, in the start-up order of Control reservations.
  static void open(fabric::Fabric &fabric);

  explicit WideLock(int order);
  ~WideLock();
  WideLock(const WideLock &) = delete;

private:
  int Order;
};

} // namespace loco::memory

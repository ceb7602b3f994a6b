// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// thread.h - threads of the runtime itself. libloco interposes pthread_create
// to put user stacks into the window; these threads must not be there.
#pragma once

namespace loco {

using InternalThreadFn = void (*)(void *argument);

/// A running internal thread; join() it once.
class InternalThread {
public:
  InternalThread() = default;
  void join();
  bool running() const { return Running; }

private:
  friend InternalThread start_internal_thread(const char *, InternalThreadFn,
                                              void *);
  unsigned long Handle = 0;
  bool Running = false;
};

/// Starts a thread on an ordinary stack with all signals blocked, past libloco's
/// own pthread_create. `name` is at most 15 characters. Calls fatal() where
/// the system refuses.
InternalThread start_internal_thread(const char *name, InternalThreadFn fn,
                                     void *argument);

} // namespace loco

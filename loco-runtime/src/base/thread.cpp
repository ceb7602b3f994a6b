// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/thread.h"
#include "base/result.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <dlfcn.h>
#include <pthread.h>

namespace loco {
namespace {

using CreateFn = int (*)(pthread_t *, const pthread_attr_t *,
                         void *(*)(void *), void *);

/// The pthread_create behind libloco's. (A sanitizer's own has to be called, and
/// with one there is no libloco.so.)
CreateFn next_pthread_create() {
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
  return &pthread_create;
#else
  static const auto Next =
      reinterpret_cast<CreateFn>(dlsym(RTLD_NEXT, "pthread_create"));
  // In a static test program nothing comes after us: there is just one.
  return Next ? Next : &pthread_create;
#endif
}

/// Lives on the starter's stack until the thread has copied it.
struct StartUp {
  InternalThreadFn Fn;
  void *Argument;
  const char *Name;
  std::atomic<bool> Copied{false};
};

void *thread_main(void *argument) {
  auto *start = static_cast<StartUp *>(argument);
  InternalThreadFn fn = start->Fn;
  void *fn_argument = start->Argument;
  pthread_setname_np(pthread_self(), start->Name);
  start->Copied.store(true, std::memory_order_release);
  start->Copied.notify_one();
  fn(fn_argument);
  return nullptr;
}

} // namespace

InternalThread start_internal_thread(const char *name, InternalThreadFn fn,
                                     void *argument) {
  // The new thread inherits the mask: signals go to user threads.
  sigset_t all, before;
  sigfillset(&all);
  // A fault in our own code shall still end the process.
  for (int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT})
    sigdelset(&all, fault);
  pthread_sigmask(SIG_SETMASK, &all, &before);

  StartUp start{fn, argument, name};
  pthread_t handle;
  int error = next_pthread_create()(&handle, nullptr, thread_main, &start);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) {
    errno = error;
    fatal_errno(std::string("cannot start the thread '") + name + "'");
  }
  start.Copied.wait(false, std::memory_order_acquire);

  InternalThread thread;
  thread.Handle = handle;
  thread.Running = true;
  return thread;
}

void InternalThread::join() {
  if (!Running)
    return;
  pthread_join(Handle, nullptr);
  Running = false;
}

} // namespace loco

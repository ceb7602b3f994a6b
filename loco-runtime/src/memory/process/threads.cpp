// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// threads.cpp - pthread_create, pthread_join and pthread_detach with stacks of
// the window.

#include "memory/process/threads.h"

#include "base/private_scope.h"
#include "base/result.h"
#include "memory/coherence/coherence.h"
#include "memory/heap/heap.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <dlfcn.h>
#include <mutex>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace loco::memory {

namespace {

/// The page that overflow runs into; an extent, as homes are by extent.
constexpr std::size_t GuardBytes = ExtentBytes;
constexpr std::size_t MinStackBytes = 256 << 10;
constexpr std::size_t UnlimitedStackBytes = 64 << 20;

/// A stack of the window, and who uses it. Never freed, only used again: after
/// the thread has ended in the kernel, and nobody will look at its pthread_t
/// (which lies in the stack).
struct Stack {
  std::byte *base;
  std::size_t bytes; ///< with the guard
  pthread_t thread;
  std::atomic<pid_t> tid;
  bool let_go; ///< detached or joined
  Stack *next;
};

void (*thread_start)() = nullptr;

std::mutex stacks_mutex;
Stack *stacks = nullptr;

bool has_ended(const Stack &stack) {
  pid_t tid = stack.tid.load();
  return tid > 0 && syscall(SYS_tgkill, getpid(), tid, 0) != 0 &&
         errno == ESRCH;
}

Stack *reuse_stack(std::size_t bytes) {
  std::lock_guard lock(stacks_mutex);
  for (Stack *s = stacks; s != nullptr; s = s->next)
    if (s->bytes == bytes && s->let_go && has_ended(*s)) {
      s->let_go = false;
      s->tid = 0;
      return s;
    }
  return nullptr;
}

Stack *make_stack(std::size_t bytes) {
  auto *base = static_cast<std::byte *>(heap::take_pages(bytes));
  if (base == nullptr)
    return nullptr;
  coherence->open_stack(block_at(*coherence->space().find(base)),
                        static_cast<Block>(bytes / BlockBytes));
  if (mprotect(base, GuardBytes, PROT_NONE) != 0)
    fatal_errno("cannot protect the end of a stack");
  auto *stack = static_cast<Stack *>(
      heap::allocate_private(sizeof(Stack), /*zeroed=*/true));
  if (stack == nullptr)
    return nullptr;
  stack->base = base;
  stack->bytes = bytes;
  std::lock_guard lock(stacks_mutex);
  stack->next = stacks;
  stacks = stack;
  return stack;
}

void let_go(pthread_t thread) {
  std::lock_guard lock(stacks_mutex);
  for (Stack *s = stacks; s != nullptr; s = s->next)
    if (s->thread == thread && s->tid != 0)
      s->let_go = true;
}

struct Start {
  void *(*fn)(void *);
  void *argument;
  Stack *stack;
};

void *start_user_thread(void *argument) {
  Start start = *static_cast<Start *>(argument);
  heap::release(argument);
  if (start.stack != nullptr)
    start.stack->tid = static_cast<pid_t>(syscall(SYS_gettid));
  if (thread_start != nullptr)
    thread_start();
  heap::enter_user_thread();
  return start.fn(start.argument);
}

template <typename Fn> Fn *next_symbol(const char *name) {
  auto *fn = reinterpret_cast<Fn *>(dlsym(RTLD_NEXT, name));
  if (fn == nullptr)
    fatal(std::string("libc has no ") + name);
  return fn;
}

/// Whether pthread_create may choose the stack: the program has set none, or
/// one in managed memory. There it would be protected and taken away under the
/// kernel, which writes to a thread's control block; so another of that size
/// takes its place.
bool leaves_stack(const pthread_attr_t *attr) {
  if (attr == nullptr)
    return true;
  void *base = nullptr;
  std::size_t bytes = 0;
  // glibc gives a null or wrapped base where none was set.
  return pthread_attr_getstack(attr, &base, &bytes) != 0 || base == nullptr ||
         reinterpret_cast<std::uintptr_t>(base) + bytes == 0 ||
         coherence->space().find(base);
}

std::size_t stack_bytes(const pthread_attr_t *attr) {
  std::size_t bytes = 0;
  if (attr != nullptr) {
    pthread_attr_getstacksize(attr, &bytes);
  } else {
    pthread_attr_t defaults;
    if (pthread_getattr_default_np(&defaults) == 0) {
      pthread_attr_getstacksize(&defaults, &bytes);
      pthread_attr_destroy(&defaults);
    }
  }
  return round_up(std::max(bytes, MinStackBytes), ExtentBytes) + GuardBytes;
}

using CreateFn = int(pthread_t *, const pthread_attr_t *, void *(*)(void *),
                     void *);

int create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
           void *argument) {
  static CreateFn *next = next_symbol<CreateFn>("pthread_create");
  if (coherence == nullptr)
    return next(thread, attr, fn, argument);

  PrivateScope scope;
  auto *start =
      static_cast<Start *>(heap::allocate_private(sizeof(Start), false));
  if (start == nullptr)
    return EAGAIN;
  *start = {fn, argument, nullptr};
  if (!leaves_stack(attr)) {
    int error = next(thread, attr, start_user_thread, start);
    if (error != 0)
      heap::release(start);
    return error;
  }

  pthread_attr_t own;
  int detached = PTHREAD_CREATE_JOINABLE;
  pthread_attr_init(&own);
  if (attr != nullptr) {
    // What else a caller may have set and glibc tells.
    sched_param param;
    int value;
    cpu_set_t cpus;
    pthread_attr_getdetachstate(attr, &detached);
    pthread_attr_setdetachstate(&own, detached);
    if (pthread_attr_getinheritsched(attr, &value) == 0)
      pthread_attr_setinheritsched(&own, value);
    if (pthread_attr_getschedpolicy(attr, &value) == 0)
      pthread_attr_setschedpolicy(&own, value);
    if (pthread_attr_getschedparam(attr, &param) == 0)
      pthread_attr_setschedparam(&own, &param);
    CPU_ZERO(&cpus);
    if (pthread_attr_getaffinity_np(attr, sizeof cpus, &cpus) == 0 &&
        CPU_COUNT(&cpus) != 0 && CPU_COUNT(&cpus) < CPU_SETSIZE)
      pthread_attr_setaffinity_np(&own, sizeof cpus, &cpus);
  }
  std::size_t bytes = stack_bytes(attr);
  Stack *stack = reuse_stack(bytes);
  if (stack == nullptr)
    stack = make_stack(bytes);
  if (stack == nullptr) {
    pthread_attr_destroy(&own);
    heap::release(start);
    return EAGAIN;
  }
  start->stack = stack;
  int error = pthread_attr_setstack(&own, stack->base + GuardBytes,
                                    stack->bytes - GuardBytes);
  pthread_t created{};
  if (error == 0)
    error = next(&created, &own, start_user_thread, start);
  pthread_attr_destroy(&own);
  std::lock_guard lock(stacks_mutex);
  if (error != 0) {
    heap::release(start);
    stack->tid = INT_MAX; // no such thread: free to use again
    stack->let_go = true;
    return error;
  }
  stack->thread = created;
  stack->let_go = detached == PTHREAD_CREATE_DETACHED;
  *thread = created;
  return 0;
}


} // namespace

void set_thread_start(void (*fn)()) { thread_start = fn; }

void watch_own_stack() {
  PrivateScope scope;
  const auto *here = static_cast<std::byte *>(__builtin_frame_address(0));
  const std::byte *end = nullptr;
  {
    std::lock_guard lock(stacks_mutex);
    for (Stack *s = stacks; s != nullptr; s = s->next)
      if (here >= s->base && here < s->base + s->bytes)
        end = s->base + s->bytes;
  }
  if (end != nullptr)
    coherence->watch_stack(here, end);
}

void *run_as_user_thread(void *(*fn)(void *), void *argument) {
  pthread_attr_t attr;
  rlimit limit{};
  getrlimit(RLIMIT_STACK, &limit);
  std::size_t bytes =
      limit.rlim_cur == RLIM_INFINITY ? UnlimitedStackBytes : limit.rlim_cur;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, std::max(bytes, MinStackBytes));
  pthread_t thread;
  int error = create(&thread, &attr, fn, argument);
  pthread_attr_destroy(&attr);
  if (error != 0)
    fatal(std::string("cannot start the main thread: ") +
          std::strerror(error));
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  void *result = nullptr;
  pthread_join(thread, &result);
  return result;
}

} // namespace loco::memory

// ------------------------------------------------------- interposed functions

using namespace loco::memory;

extern "C" {

__attribute__((visibility("default"))) int
pthread_create(pthread_t *__restrict thread,
               const pthread_attr_t *__restrict attr, void *(*fn)(void *),
               void *__restrict argument) {
  return create(thread, attr, fn, argument);
}

__attribute__((visibility("default"))) int pthread_join(pthread_t thread,
                                                        void **result) {
  static auto *next = next_symbol<int(pthread_t, void **)>("pthread_join");
  int error = next(thread, result);
  if (error == 0 && coherence != nullptr)
    let_go(thread);
  return error;
}

__attribute__((visibility("default"))) int pthread_detach(pthread_t thread) {
  static auto *next = next_symbol<int(pthread_t)>("pthread_detach");
  if (coherence != nullptr)
    let_go(thread);
  return next(thread);
}

} // extern "C"

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// fork.cpp - the caller's stack and its thread control block lie in the window,
// which parent and child would share. So fork() runs on a stack of its own, and
// the parent waits there until the child has made its mappings private.

#include "memory/process/fork.h"

#include "base/export.h"
#include "base/private_scope.h"
#include "memory/heap/heap.h"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

namespace loco::memory {

namespace {

AddressSpace *space = nullptr;
void (*leave_job)() = nullptr;

constexpr std::size_t ForkStackBytes = 256 << 10;

/// glibc keeps a thread's kernel id in its control block, where the kernel puts
/// the child's while both still share it.
pid_t *find_thread_id() {
  auto *control_block = reinterpret_cast<pid_t *>(pthread_self());
  auto id = static_cast<pid_t>(syscall(SYS_gettid));
  static constexpr std::size_t SearchedBytes = 1024;
  for (std::size_t i = 0; i < SearchedBytes / sizeof(pid_t); ++i)
    if (control_block[i] == id)
      return &control_block[i];
  return nullptr;
}

struct ForkCall {
  ucontext_t caller, callee;
  pid_t result;
  int error;
};

void become_private() {
  leave_job();
  heap::leave_window();
  space->become_private();
}

/// On the stack of its own. Whether the child is ready the parent learns from
/// the end of a pipe.
void fork_here(unsigned low, unsigned high) {
  auto *call = reinterpret_cast<ForkCall *>(
      (static_cast<std::uintptr_t>(high) << 32) | low);
  static auto *next = reinterpret_cast<pid_t (*)()>(dlsym(RTLD_NEXT, "fork"));
  int ready[2];
  if (pipe(ready) != 0) {
    call->result = -1;
    call->error = errno;
    return;
  }
  pid_t *thread_id = find_thread_id();
  auto own_id = static_cast<pid_t>(syscall(SYS_gettid));
  pid_t child = next();
  call->error = errno;
  if (child == 0) {
    become_private();
    close(ready[0]);
    close(ready[1]);
    call->result = 0;
    return;
  }
  close(ready[1]);
  if (child > 0) {
    char byte;
    while (read(ready[0], &byte, 1) < 0 && errno == EINTR)
      ;
    if (thread_id != nullptr)
      *thread_id = own_id;
  }
  close(ready[0]);
  call->result = child;
}

pid_t fork_on_own_stack() {
  PrivateScope scope;
  std::size_t bytes = ForkStackBytes + sizeof(ForkCall);
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    errno = ENOMEM;
    return -1;
  }
  auto *call = reinterpret_cast<ForkCall *>(static_cast<std::byte *>(memory) +
                                            ForkStackBytes);
  getcontext(&call->callee);
  call->callee.uc_stack.ss_sp = memory;
  call->callee.uc_stack.ss_size = ForkStackBytes;
  call->callee.uc_link = &call->caller;
  auto address = reinterpret_cast<std::uintptr_t>(call);
  makecontext(&call->callee, reinterpret_cast<void (*)()>(fork_here), 2,
              static_cast<unsigned>(address),
              static_cast<unsigned>(address >> 32));
  swapcontext(&call->caller, &call->callee);
  pid_t result = call->result;
  int error = call->error;
  munmap(memory, bytes);
  if (result < 0)
    errno = error;
  return result;
}

} // namespace

void open_fork(AddressSpace &address_space, void (*leave)()) {
  space = &address_space;
  leave_job = leave;
}

} // namespace loco::memory

extern "C" LOCO_EXPORT pid_t fork(void) {
  static auto *next = reinterpret_cast<pid_t (*)()>(dlsym(RTLD_NEXT, "fork"));
  if (loco::memory::coherence == nullptr)
    return next();
  return loco::memory::fork_on_own_stack();
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// system_calls.cpp - system calls on memory of the window, on all nodes at once,
// while two more threads of each node release and acquire all the time: what a
// call is given is missing or protected at any moment, also while it blocks. All
// nodes' buffers lie between each other's, and node 0 is home to them.
#include "../memory/spmd.h"

#include <atomic>
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <string>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <ucontext.h>
#include <unistd.h>

extern char **environ;

namespace {

constexpr int MaxNodes = 4;
constexpr int Rounds = 6;
constexpr std::size_t Big = 70'001;   // bytes: borders lie inside of blocks
constexpr std::size_t Huge = 1'300'000;
constexpr std::size_t Small = 700;    // several nodes' to a block
constexpr int NumSmall = 24;

struct Shared {
  unsigned char big[MaxNodes][2][Big];
  unsigned char huge[MaxNodes][Huge];
  alignas(64) unsigned char small[NumSmall][MaxNodes][Small];
  std::uint64_t beside[MaxNodes]; // of the threads that release
};
Shared *shared;
int node;

unsigned char pattern(std::size_t i, int round) {
  return static_cast<unsigned char>(i * 11 + i / 256 + 31 * round + 7 * node);
}

/// Small memory of this node: for each use another, so that none is present
/// because of the last.
void *small(int which) { return shared->small[which][node]; }
template <typename T> T *at(int which) {
  static_assert(sizeof(T) <= Small - 64);
  auto address = reinterpret_cast<std::uintptr_t>(small(which));
  void *aligned = reinterpret_cast<void *>((address + 63) & ~std::uintptr_t{63});
  return static_cast<T *>(std::memset(aligned, 0, sizeof(T)));
}
char *text(int which, const std::string &content) {
  return std::strcpy(static_cast<char *>(small(which)), content.c_str());
}

std::atomic<bool> stop{false};
void release_all_the_time() {
  for (std::uint64_t n = 1; !stop; ++n) {
    reinterpret_cast<std::atomic<std::uint64_t> &>(shared->beside[node])
        .store(n, std::memory_order_relaxed);
    __loco_fence(__ATOMIC_SEQ_CST);
    usleep(200);
  }
}

/// Puts this node's memory where the others have to take it away from.
void meet() {
  spmd::barrier();
  std::memset(small(NumSmall - 1), node, Small);
  spmd::barrier();
}

struct Pipe {
  int ends[2];
  Pipe() { CHECK(pipe(ends) == 0); }
  ~Pipe() {
    close(ends[0]);
    close(ends[1]);
  }
  int in() const { return ends[0]; }
  int out() const { return ends[1]; }
};

/// Writes `bytes` to a descriptor after some time.
struct Later {
  std::thread thread;
  Later(int fd, std::string bytes, int after_ms = 20)
      : thread([=] {
          usleep(static_cast<useconds_t>(after_ms * 1000));
          CHECK(write(fd, bytes.data(), bytes.size()) ==
                static_cast<ssize_t>(bytes.size()));
        }) {}
  ~Later() { thread.join(); }
};

// ---- files

void files(int round) {
  unsigned char *from = shared->big[node][0], *to = shared->big[node][1];
  for (std::size_t i = 0; i < Big; ++i)
    from[i] = pattern(i, round);
  meet();
  int file = memfd_create(text(0, "of-node-" + std::to_string(node)), 0);
  CHECK(file >= 0);
  CHECK(write(file, from, Big) == static_cast<ssize_t>(Big));
  CHECK(pread(file, to, Big, 0) == static_cast<ssize_t>(Big));
  CHECK(std::memcmp(from, to, Big) == 0);
  auto *parts = at<iovec[3]>(1);
  (*parts)[0] = {to + 5, 1000};
  (*parts)[1] = {to + 9000, 30'000};
  (*parts)[2] = {to + 50'000, 20'001};
  CHECK(pwritev(file, *parts, 3, 100) == 51'001);
  std::memset(to, 0, Big);
  meet();
  // Short: it ends inside of the last part.
  CHECK(ftruncate(file, 100 + 40'000) == 0);
  CHECK(preadv(file, *parts, 3, 100) == 40'000);
  for (std::size_t i = 0; i < 1000; ++i)
    CHECK(to[5 + i] == pattern(5 + i, round));
  for (std::size_t i = 0; i < 9'000; ++i)
    CHECK(to[50'000 + i] == pattern(50'000 + i, round));
  CHECK(to[50'000 + 9'001] == 0 && to[4] == 0 && to[1006] == 0);
  auto *status = at<struct stat>(2);
  CHECK(fstat(file, status) == 0 && status->st_size == 40'100);
  CHECK(pread(file, reinterpret_cast<void *>(8), 10, 0) == -1 && errno == EFAULT);
  CHECK(write(file, from, static_cast<std::size_t>(-1)) == -1);
  CHECK(errno == EINVAL || errno == EFAULT);
  iovec *nowhere = reinterpret_cast<iovec *>(8);
  CHECK(readv(file, nowhere, 1) == -1 && errno == EFAULT);
  close(file);
  // As its buffer is aligned, so is what the kernel gets.
  auto aligned = (reinterpret_cast<std::uintptr_t>(to) + 4095) & ~4095ul;
  file = open(text(22, "/var/tmp"), O_TMPFILE | O_RDWR | O_DIRECT, 0600);
  if (file >= 0) { // not every file system has it
    CHECK(write(file, reinterpret_cast<void *>(aligned), 8192) == 8192);
    CHECK(pread(file, reinterpret_cast<void *>(aligned), 4096, 4096) == 4096);
    close(file);
  }

  // Longer than what is copied at a time, in the file's own position and out of it.
  unsigned char *whole = shared->huge[node];
  for (std::size_t i = 0; i < Huge; ++i)
    whole[i] = pattern(i, round);
  meet();
  file = memfd_create("huge", 0);
  CHECK(write(file, whole, Huge) == static_cast<ssize_t>(Huge));
  CHECK(pwrite(file, whole, Huge, Huge) == static_cast<ssize_t>(Huge));
  std::memset(whole, 0, Huge);
  meet();
  CHECK(pread(file, whole, Huge, Huge - 10) == static_cast<ssize_t>(Huge));
  for (std::size_t i = 0; i < Huge; ++i)
    CHECK(whole[i] == pattern(i < 10 ? Huge - 10 + i : i - 10, round));
  CHECK(ftruncate(file, Huge / 2 + 5) == 0 && lseek(file, 5, SEEK_SET) == 5);
  CHECK(read(file, whole, Huge) == static_cast<ssize_t>(Huge / 2));
  CHECK(read(file, whole, Huge) == 0);
  for (std::size_t i = 0; i < Huge / 2; ++i)
    CHECK(whole[i] == pattern(i + 5, round));
  close(file);

  auto *folder = static_cast<char *>(small(3));
  CHECK(getcwd(folder, Small) == folder && folder[0] == '/');
  CHECK(stat(folder, status) == 0 && S_ISDIR(status->st_mode));
  auto *link = static_cast<char *>(small(4));
  ssize_t n = readlink(text(5, "/proc/self/cwd"), link, Small);
  CHECK(n > 0 && std::string(link, static_cast<std::size_t>(n)) == folder);
  FILE *null = fopen(text(6, "/dev/null"), text(7, "w"));
  CHECK(null != nullptr && fprintf(null, "%s", folder) > 0);
  CHECK(fclose(null) == 0);
}

// ---- waiting, and what comes meanwhile

void waiting() {
  Pipe pipe;
  meet();
  {
    Later later(pipe.out(), "hello");
    CHECK(read(pipe.in(), small(0), Small) == 5);
    CHECK(std::memcmp(small(0), "hello", 5) == 0);
  }
  auto *wanted = at<pollfd[4]>(1);
  (*wanted)[2] = {pipe.in(), POLLIN, 0};
  (*wanted)[0].fd = (*wanted)[1].fd = (*wanted)[3].fd = -1;
  CHECK(poll(*wanted, 4, 0) == 0);
  {
    Later later(pipe.out(), "x");
    CHECK(poll(*wanted, 4, 10'000) == 1 && (*wanted)[2].revents == POLLIN);
  }
  auto *limit = at<timespec>(2);
  *limit = {10, 0};
  auto *blocked = at<sigset_t>(3);
  sigfillset(blocked);
  CHECK(ppoll(*wanted, 4, limit, blocked) == 1);
  auto *readable = at<fd_set>(4);
  FD_SET(pipe.in(), readable);
  auto *soon = at<timeval>(5);
  *soon = {10, 0};
  CHECK(select(pipe.in() + 1, readable, nullptr, nullptr, soon) == 1);
  CHECK(FD_ISSET(pipe.in(), readable));
  CHECK(pselect(pipe.in() + 1, readable, nullptr, nullptr, limit, blocked) == 1);
  int queue = epoll_create1(0);
  auto *event = at<epoll_event>(6);
  event->events = EPOLLIN;
  event->data.u64 = 42;
  CHECK(epoll_ctl(queue, EPOLL_CTL_ADD, pipe.in(), event) == 0);
  auto *events = at<epoll_event[8]>(7);
  CHECK(epoll_wait(queue, *events, 8, 10'000) == 1);
  CHECK((*events)[0].data.u64 == 42);
  close(queue);
}

// ---- sockets

void sockets() {
  int *ends = *at<int[2]>(0);
  CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
  const int in = ends[0], out = ends[1];
  auto *kind = at<int>(1);
  auto *length = at<socklen_t>(2);
  *length = sizeof *kind;
  CHECK(getsockopt(in, SOL_SOCKET, SO_TYPE, kind, length) == 0);
  CHECK(*kind == SOCK_DGRAM && *length == sizeof *kind);
  auto *name = at<sockaddr_un>(3);
  *length = sizeof *name;
  CHECK(getsockname(in, reinterpret_cast<sockaddr *>(name), length) == 0);
  CHECK(name->sun_family == AF_UNIX);

  // A message in two parts, with a descriptor.
  Pipe pipe;
  auto *message = at<msghdr>(4);
  auto *parts = at<iovec[2]>(5);
  auto *control = at<char[CMSG_SPACE(sizeof(int))]>(6);
  text(7, "split");
  (*parts)[0] = {small(7), 2};
  (*parts)[1] = {static_cast<char *>(small(7)) + 2, 3};
  auto prepare = [&] {
    *message = {};
    message->msg_iov = *parts;
    message->msg_iovlen = 2;
    message->msg_control = *control;
    message->msg_controllen = sizeof *control;
  };
  prepare();
  cmsghdr *header = CMSG_FIRSTHDR(message);
  *header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
  const int passed = pipe.out();
  std::memcpy(CMSG_DATA(header), &passed, sizeof passed);
  meet();
  CHECK(sendmsg(out, message, 0) == 5);
  std::memset(small(7), 0, Small);
  std::memset(*control, 0, sizeof *control);
  prepare();
  (*parts)[0] = {static_cast<char *>(small(7)) + 100, 1};
  (*parts)[1] = {static_cast<char *>(small(7)) + 200, 100};
  meet();
  CHECK(recvmsg(in, message, 0) == 5);
  CHECK(message->msg_controllen == CMSG_SPACE(sizeof(int)));
  int got;
  std::memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(message)), sizeof got);
  CHECK(write(got, "!", 1) == 1 && read(pipe.in(), small(8), 9) == 1);
  close(got);
  auto *bytes = static_cast<char *>(small(7));
  CHECK(bytes[100] == 's' && bytes[101] == 0);
  CHECK(std::memcmp(bytes + 200, "plit\0", 5) == 0);

  // Waiting for one that comes while the buffer goes.
  {
    Later later(out, "datagram");
    *length = sizeof *name;
    CHECK(recvfrom(in, small(9), Small, 0, reinterpret_cast<sockaddr *>(name),
                   length) == 8);
    CHECK(std::memcmp(small(9), "datagram", 8) == 0);
  }
  auto *several = at<mmsghdr[2]>(10);
  auto *each = at<iovec[2]>(11);
  (*each)[0] = {small(9), 4};
  (*each)[1] = {static_cast<char *>(small(9)) + 4, 4};
  for (int i = 0; i < 2; ++i) {
    (*several)[i].msg_hdr.msg_iov = &(*each)[i];
    (*several)[i].msg_hdr.msg_iovlen = 1;
  }
  CHECK(sendmmsg(out, *several, 2, 0) == 2);
  std::memset(small(9), 0, Small);
  CHECK(recvmmsg(in, *several, 2, 0, nullptr) == 2);
  CHECK((*several)[0].msg_len == 4 && (*several)[1].msg_len == 4);
  CHECK(std::memcmp(small(9), "datagram", 8) == 0);
  close(in);
  close(out);
}

// ---- signals

volatile sig_atomic_t signals_seen = 0;
volatile bool was_on_alt_stack = false;
int written_to;
sigjmp_buf *volatile jump = nullptr;

void on_signal(int) {
  signals_seen = signals_seen + 1;
  // From memory of the window, with all other signals blocked.
  CHECK(write(written_to, small(0), 1) == 1);
}
void on_alt_stack(int) {
  stack_t now;
  auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  was_on_alt_stack =
      sigaltstack(nullptr, &now) == 0 && (now.ss_flags & SS_ONSTACK) != 0 &&
      here - reinterpret_cast<std::uintptr_t>(now.ss_sp) < now.ss_size;
}
void jump_out(int) {
  if (sigjmp_buf *to = jump) {
    jump = nullptr;
    siglongjmp(*to, 1);
  }
}

/// To the calling thread, from time to time: the first may come before it waits.
struct Signals {
  std::atomic<bool> enough{false};
  std::thread thread;
  Signals(int signal, int interval_ms = 20)
      : thread([this, signal, interval_ms, to = pthread_self()] {
          while (!enough) {
            usleep(static_cast<useconds_t>(interval_ms * 1000));
            CHECK(pthread_kill(to, signal) == 0);
          }
        }) {}
  ~Signals() {
    enough = true;
    thread.join();
  }
};

void handle(int signal, void (*handler)(int), int flags) {
  auto *action = at<struct sigaction>(20);
  action->sa_handler = handler;
  action->sa_flags = flags;
  sigfillset(&action->sa_mask);
  CHECK(sigaction(signal, action, nullptr) == 0);
  auto *told = at<struct sigaction>(21);
  CHECK(sigaction(signal, nullptr, told) == 0 && told->sa_handler == handler);
}

void signals() {
  Pipe pipe, heard;
  written_to = heard.out();
  meet();
  handle(SIGUSR1, on_signal, 0);
  signals_seen = 0;
  {
    Signals come(SIGUSR1);
    CHECK(read(pipe.in(), small(1), Small) == -1 && errno == EINTR);
  }
  CHECK(signals_seen >= 1);
  {
    Signals come(SIGUSR1);
    auto *rest = at<timespec>(2);
    auto *long_time = at<timespec>(3);
    *long_time = {1000, 0};
    CHECK(nanosleep(long_time, rest) == -1 && errno == EINTR);
    CHECK(rest->tv_sec > 900);
  }
  handle(SIGUSR1, on_signal, SA_RESTART);
  {
    Signals come(SIGUSR1);
    Later after(pipe.out(), "restarted", 60);
    CHECK(read(pipe.in(), small(4), Small) == 9);
    CHECK(std::memcmp(small(4), "restarted", 9) == 0);
  }
  CHECK(signals_seen >= 3);
  CHECK(read(heard.in(), small(5), Small) >= 3);

  // Blocking them all blocks no system call.
  auto *all = at<sigset_t>(6);
  auto *before = at<sigset_t>(7);
  sigfillset(all);
  CHECK(pthread_sigmask(SIG_SETMASK, all, before) == 0);
  CHECK(getppid() > 0 && write(pipe.out(), small(4), 3) == 3);
  CHECK(pthread_sigmask(SIG_SETMASK, before, all) == 0);
  CHECK(sigismember(all, SIGUSR2) == 1 && sigismember(before, SIGUSR2) == 0);
  CHECK(read(pipe.in(), small(4), Small) == 3);

  // Out of a call that waits, again and again.
  handle(SIGUSR1, jump_out, 0);
  sigjmp_buf here;
  for (volatile int i = 0; i < 20; i = i + 1) {
    Signals come(SIGUSR1, 2);
    if (sigsetjmp(here, 1) == 0) {
      jump = &here;
      (void)!read(pipe.in(), small(8), Small);
      CHECK(false);
    }
  }
  CHECK(write(pipe.out(), small(4), 3) == 3);
  CHECK(read(pipe.in(), small(8), Small) == 3);

  // As a time limit: the timer's signal is for the process, and comes to main's
  // thread however often it is looking at a call.
  handle(SIGALRM, jump_out, 0);
  const pthread_t self = pthread_self();
  for (volatile int i = 0; i < 10; i = i + 1) {
    itimerval soon{{0, 0}, {0, 5000}};
    if (sigsetjmp(here, 1) == 0) {
      jump = &here;
      CHECK(setitimer(ITIMER_REAL, &soon, nullptr) == 0);
      for (;;)
        (void)!pwrite(heard.out(), small(8), 1, 0); // a pipe has no position
    }
    CHECK(pthread_equal(self, pthread_self()));
  }

  // An alternate stack in the window.
  auto *stack = at<stack_t>(9);
  CHECK(sigaltstack(nullptr, stack) == 0 && (stack->ss_flags & SS_DISABLE));
  stack->ss_sp = shared->big[node][0];
  stack->ss_size = 16'384;
  stack->ss_flags = 0;
  CHECK(sigaltstack(stack, nullptr) == 0);
  meet();
  handle(SIGUSR2, on_alt_stack, SA_ONSTACK);
  was_on_alt_stack = false;
  raise(SIGUSR2);
  CHECK(was_on_alt_stack);
  stack->ss_flags = SS_DISABLE;
  CHECK(sigaltstack(stack, nullptr) == 0);
  // SIGSYS is the program's as any other.
  signals_seen = 0;
  handle(SIGSYS, on_signal, 0);
  raise(SIGSYS);
  CHECK(signals_seen == 1 && read(heard.in(), small(5), Small) == 1);
  CHECK(signal(SIGSYS, SIG_DFL) != SIG_ERR);
}

// ---- processes

int status_of(pid_t child) {
  auto *status = at<int>(12);
  CHECK(waitpid(child, status, 0) == child);
  return WIFEXITED(*status) ? WEXITSTATUS(*status) : -WTERMSIG(*status);
}

void processes() {
  char **args = *at<char *[4]>(0);
  args[0] = text(1, "sh");
  args[1] = text(2, "-c");
  args[2] = text(3, "exit 7");
  args[3] = nullptr;
  const char *shell = text(4, "/bin/sh");
  meet();
  auto *child = at<pid_t>(5);
  CHECK(posix_spawn(child, shell, nullptr, nullptr, args, environ) == 0);
  CHECK(status_of(*child) == 7);
  meet();
  CHECK(posix_spawnp(child, args[0], nullptr, nullptr, args, environ) == 0);
  CHECK(status_of(*child) == 7);
  meet();
  CHECK(WEXITSTATUS(system(args[2])) == 7);
  meet();
  FILE *output = popen(text(6, "echo spoken"), text(7, "r"));
  auto *line = static_cast<char *>(small(8));
  CHECK(output != nullptr && fgets(line, Small, output) == line);
  CHECK(pclose(output) == 0 && std::strcmp(line, "spoken\n") == 0);
  meet();
  // A forked child has what its node has of the window: its own stack at least.
  char words[3][8] = {"sh", "-c", "exit 7"};
  char *own_args[] = {words[0], words[1], words[2], nullptr};
  pid_t forked = fork();
  if (forked == 0) {
    execve("/bin/sh", own_args, environ);
    _exit(1);
  }
  CHECK(status_of(forked) == 7);
  meet();
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
  forked = vfork();
  if (forked == 0) {
    execv(shell, args);
    _exit(1);
  }
  CHECK(status_of(forked) == 7);
}

// ---- threads

long raw_call(long number, long a, long b, long c, long d) {
  register long r10 asm("r10") = d;
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
               : "rcx", "r11", "memory");
  return result;
}

void futexes() {
  auto *word = at<std::atomic<int>>(13);
  *word = 0;
  meet();
  std::thread other([word] {
    usleep(10'000);
    *word = 1;
    while (raw_call(SYS_futex, reinterpret_cast<long>(word),
                    FUTEX_WAKE_PRIVATE, 1, 0) == 0)
      usleep(1000);
  });
  long result = raw_call(SYS_futex, reinterpret_cast<long>(word),
                         FUTEX_WAIT_PRIVATE, 0, 0);
  // If it came too late there is nobody to wake.
  if (result == -EAGAIN)
    raw_call(SYS_futex, reinterpret_cast<long>(word), FUTEX_WAIT_PRIVATE, 1, 0);
  CHECK(result == 0 || result == -EAGAIN);
  other.join();
}

/// A system call leaves all registers but three as they are.
void registers() {
  meet();
  auto *random = static_cast<std::uint64_t *>(static_cast<void *>(at<int>(14)));
  std::uint64_t in[4] = {0x1111, 0x2222, 0x3333, 0x4444}, out[4] = {};
  const std::uint64_t before = *random;
  long result, di, si, dx, r8, r9, r10;
  asm volatile("vmovdqu %[in], %%ymm7\n\t"
               "mov $81, %%r8\n\t"
               "mov $91, %%r9\n\t"
               "mov $101, %%r10\n\t"
               "syscall\n\t"
               "vmovdqu %%ymm7, %[out]\n\t"
               "mov %%r8, %[r8]\n\t"
               "mov %%r9, %[r9]\n\t"
               "mov %%r10, %[r10]\n\t"
               : "=a"(result), "=D"(di), "=S"(si), "=d"(dx), [r8] "=&m"(r8),
                 [r9] "=&m"(r9), [r10] "=&m"(r10), [out] "=m"(out)
               : "a"(SYS_getrandom), "D"(random), "S"(8L), "d"(0L),
                 [in] "m"(in)
               : "rcx", "r11", "r8", "r9", "r10", "xmm7", "memory");
  CHECK(result == 8 && *random != before);
  CHECK(di == reinterpret_cast<long>(random) && si == 8 && dx == 0);
  CHECK(r8 == 81 && r9 == 91 && r10 == 101);
  CHECK(std::memcmp(in, out, sizeof in) == 0);
}

/// A thread on a stack that lies in the window: the kernel writes to its control
/// block.
void on_own_stack() {
  meet();
  pthread_attr_t attributes;
  CHECK(pthread_attr_init(&attributes) == 0);
  auto start = reinterpret_cast<std::uintptr_t>(shared->huge[node]);
  void *stack = reinterpret_cast<void *>((start + 4095) & ~std::uintptr_t{4095});
  CHECK(pthread_attr_setstack(&attributes, stack, 512 << 10) == 0);
  pthread_t thread;
  CHECK(pthread_create(
            &thread, &attributes,
            [](void *word) -> void * {
              CHECK(usleep(2000) == 0);
              return word;
            },
            small(16)) == 0);
  void *result;
  CHECK(pthread_join(thread, &result) == 0 && result == small(16));
  pthread_attr_destroy(&attributes);
}

volatile bool cleaned_up = false;

void cancelled() {
  static Pipe pipe;
  cleaned_up = false;
  pthread_t thread;
  CHECK(pthread_create(
            &thread, nullptr,
            [](void *) -> void * {
              pthread_cleanup_push([](void *) { cleaned_up = true; }, nullptr);
              (void)!read(pipe.in(), small(15), Small);
              pthread_cleanup_pop(0);
              return nullptr;
            },
            nullptr) == 0);
  usleep(10'000);
  CHECK(pthread_cancel(thread) == 0);
  void *result;
  CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
  CHECK(cleaned_up);
}

void work(void *argument) {
  shared = static_cast<Shared *>(argument);
  node = __loco_node();
  std::thread beside[2] = {std::thread(release_all_the_time),
                           std::thread(release_all_the_time)};
  for (int round = 0; round < Rounds; ++round) {
    files(round);
    waiting();
    sockets();
    signals();
    processes();
    futexes();
    registers();
    on_own_stack();
    cancelled();
  }
  stop = true;
  for (std::thread &thread : beside)
    thread.join();
}

} // namespace

int main() {
  void *memory = nullptr;
  CHECK(posix_memalign(&memory, LOCO_BLOCK_BYTES, sizeof(Shared)) == 0);
  std::memset(memory, 0, sizeof(Shared));
  spmd::run(work, memory);
  std::puts("right");
}

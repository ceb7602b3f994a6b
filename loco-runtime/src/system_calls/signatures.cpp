// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// signatures.cpp - the table of system calls. What is not in it, or is of no known
// size, the kernel gets where it is, after it has been made present.

#include "system_calls/signatures.h"

#include <array>
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <utime.h>

namespace loco::system_calls {

namespace {

constexpr Argument value{};
constexpr Argument text{Kind::Text};
constexpr Argument texts{Kind::Texts};
constexpr Argument in(std::uint8_t length, std::uint16_t unit = 1,
                      std::uint16_t before = 0) {
  return {Kind::In, length, unit, before};
}
constexpr Argument out(std::uint8_t length, std::uint16_t unit = 1,
                       std::uint16_t before = 0) {
  return {Kind::Out, length, unit, before};
}
constexpr Argument both(std::uint8_t length, std::uint16_t unit = 1) {
  return {Kind::Both, length, unit};
}
constexpr Argument object(std::uint16_t bytes) {
  return {Kind::Object, 0, bytes};
}
template <typename T> constexpr Argument object() {
  static_assert(sizeof(T) < 4096);
  return object(sizeof(T));
}
constexpr Argument sized(std::uint8_t length) { return {Kind::Sized, length}; }
constexpr Argument fd_set_of(std::uint8_t length) {
  return {Kind::FdSet, length};
}
constexpr Argument vector_in(std::uint8_t length) {
  return {Kind::VectorIn, length};
}
constexpr Argument vector_out(std::uint8_t length) {
  return {Kind::VectorOut, length};
}
constexpr Argument messages(std::uint8_t length) {
  return {Kind::Messages, length};
}
constexpr Argument message_in{Kind::MessageIn};
constexpr Argument message_out{Kind::MessageOut};
constexpr Argument signals{Kind::Signals};
constexpr Argument signals_and_size{Kind::SignalsAndSize};
constexpr Argument action{Kind::SignalAction};
constexpr Argument in_place(std::uint16_t bytes) {
  return {Kind::InPlace, 0, bytes};
}

constexpr Argument number = object<std::int64_t>();
constexpr Argument word = object<std::int32_t>();
constexpr Argument time = object<timespec>();
constexpr Argument times = object(2 * sizeof(timespec));
constexpr Argument interval = object<itimerspec>();
constexpr Argument status = object<struct stat>();

// What headers of the C library leave out, or call otherwise.
constexpr std::uint16_t StatxBytes = 256;
constexpr std::uint16_t FileHandleBytes = 8 + MAX_HANDLE_SZ;
constexpr std::uint16_t LimitsBytes = 16; // rlimit64
constexpr std::uint16_t CapabilityBytes = 24;
constexpr std::uint16_t SchedulingBytes = 56; // sched_attr
constexpr std::uint16_t PerfEventBytes = 136;
constexpr std::uint16_t IovecBytes = 16;
constexpr std::uint16_t ActionBytes = 32;   // the kernel's struct sigaction
constexpr std::uint16_t RingBytes = 120;   // io_uring_params
constexpr std::uint16_t EventBytes = 32;   // io_event
constexpr std::uint16_t MessageTypeBytes = sizeof(long);
constexpr std::uint16_t ControlBytes = 128; // of IPC; arrays are longer
/// Made present of what has no known size.
constexpr std::uint16_t UnknownBytes = 32 << 10;
constexpr std::uint16_t NodesBytes = 128;   // a mask of NUMA nodes

constexpr unsigned NumCalls = 512;
constexpr std::uint16_t PageBytes = 4096;

struct Row {
  unsigned Number;
  Argument Arguments[6];
};

constexpr Row Rows[] = {
    // Files and descriptors.
    {SYS_read, {value, out(2)}},
    {SYS_write, {value, in(2)}},
    {SYS_pread64, {value, out(2)}},
    {SYS_pwrite64, {value, in(2)}},
    {SYS_readv, {value, vector_out(2)}},
    {SYS_writev, {value, vector_in(2)}},
    {SYS_preadv, {value, vector_out(2)}},
    {SYS_pwritev, {value, vector_in(2)}},
    {SYS_preadv2, {value, vector_out(2)}},
    {SYS_pwritev2, {value, vector_in(2)}},
    {SYS_open, {text}},
    {SYS_openat, {value, text}},
    {SYS_openat2, {value, text, both(3)}},
    {SYS_creat, {text}},
    {SYS_stat, {text, status}},
    {SYS_fstat, {value, status}},
    {SYS_lstat, {text, status}},
    {SYS_newfstatat, {value, text, status}},
    {SYS_statx, {value, text, value, value, object(StatxBytes)}},
    {SYS_statfs, {text, object<struct statfs>()}},
    {SYS_fstatfs, {value, object<struct statfs>()}},
    {SYS_access, {text}},
    {SYS_faccessat, {value, text}},
    {SYS_faccessat2, {value, text}},
    {SYS_getdents, {value, out(2)}},
    {SYS_getdents64, {value, out(2)}},
    {SYS_getcwd, {out(1)}},
    {SYS_chdir, {text}},
    {SYS_chroot, {text}},
    {SYS_rename, {text, text}},
    {SYS_renameat, {value, text, value, text}},
    {SYS_renameat2, {value, text, value, text}},
    {SYS_mkdir, {text}},
    {SYS_mkdirat, {value, text}},
    {SYS_rmdir, {text}},
    {SYS_link, {text, text}},
    {SYS_linkat, {value, text, value, text}},
    {SYS_symlink, {text, text}},
    {SYS_symlinkat, {text, value, text}},
    {SYS_unlink, {text}},
    {SYS_unlinkat, {value, text}},
    {SYS_readlink, {text, out(2)}},
    {SYS_readlinkat, {value, text, out(3)}},
    {SYS_chmod, {text}},
    {SYS_fchmodat, {value, text}},
    {SYS_chown, {text}},
    {SYS_lchown, {text}},
    {SYS_fchownat, {value, text}},
    {SYS_truncate, {text}},
    {SYS_mknod, {text}},
    {SYS_mknodat, {value, text}},
    {SYS_utime, {text, object<utimbuf>()}},
    {SYS_utimes, {text, object(2 * sizeof(timeval))}},
    {SYS_futimesat, {value, text, object(2 * sizeof(timeval))}},
    {SYS_utimensat, {value, text, times}},
    {SYS_memfd_create, {text}},
    {SYS_pipe, {object<int[2]>()}},
    {SYS_pipe2, {object<int[2]>()}},
    {SYS_sendfile, {value, value, number}},
    {SYS_splice, {value, number, value, number}},
    {SYS_copy_file_range, {value, number, value, number}},
    {SYS_name_to_handle_at,
     {value, text, object(FileHandleBytes), word}},
    {SYS_open_by_handle_at, {value, object(FileHandleBytes)}},
    {SYS_inotify_add_watch, {value, text}},
    {SYS_fanotify_mark, {value, value, value, value, text}},
    {SYS_setxattr, {text, text, in(3)}},
    {SYS_lsetxattr, {text, text, in(3)}},
    {SYS_fsetxattr, {value, text, in(3)}},
    {SYS_getxattr, {text, text, out(3)}},
    {SYS_lgetxattr, {text, text, out(3)}},
    {SYS_fgetxattr, {value, text, out(3)}},
    {SYS_listxattr, {text, out(2)}},
    {SYS_llistxattr, {text, out(2)}},
    {SYS_flistxattr, {value, out(2)}},
    {SYS_removexattr, {text, text}},
    {SYS_lremovexattr, {text, text}},
    {SYS_fremovexattr, {value, text}},
    {SYS_mount, {text, text, text, value, text}},
    {SYS_umount2, {text}},
    {SYS_pivot_root, {text, text}},
    {SYS_swapon, {text}},
    {SYS_swapoff, {text}},
    {SYS_acct, {text}},
    {SYS_uselib, {text}},

    // Waiting for descriptors.
    {SYS_poll, {both(1, sizeof(pollfd))}},
    {SYS_ppoll, {both(1, sizeof(pollfd)), value, time, signals}},
    {SYS_select,
     {value, fd_set_of(0), fd_set_of(0), fd_set_of(0), object<timeval>()}},
    {SYS_pselect6,
     {value, fd_set_of(0), fd_set_of(0), fd_set_of(0), time,
      signals_and_size}},
    {SYS_epoll_ctl, {value, value, value, object<epoll_event>()}},
    {SYS_epoll_wait, {value, out(2, sizeof(epoll_event))}},
    {SYS_epoll_pwait,
     {value, out(2, sizeof(epoll_event)), value, value, signals}},
    {SYS_epoll_pwait2,
     {value, out(2, sizeof(epoll_event)), value, time, signals}},
    {SYS_signalfd, {value, signals}},
    {SYS_signalfd4, {value, signals}},
    {SYS_timerfd_settime, {value, value, interval, interval}},
    {SYS_timerfd_gettime, {value, interval}},
    {SYS_ioctl, {value, value, in_place(UnknownBytes)}},
    {SYS_io_setup, {value, number}},
    {SYS_io_getevents, {value, value, value, out(2, EventBytes), time}},
    {SYS_io_uring_setup, {value, object(RingBytes)}},

    // Sockets.
    {SYS_bind, {value, in(2)}},
    {SYS_connect, {value, in(2)}},
    {SYS_accept, {value, sized(2), word}},
    {SYS_accept4, {value, sized(2), word}},
    {SYS_getsockname, {value, sized(2), word}},
    {SYS_getpeername, {value, sized(2), word}},
    {SYS_socketpair, {value, value, value, object<int[2]>()}},
    {SYS_setsockopt, {value, value, value, in(4)}},
    {SYS_getsockopt, {value, value, value, sized(4), word}},
    {SYS_sendto, {value, in(2), value, value, in(5)}},
    {SYS_recvfrom, {value, out(2), value, value, sized(5), word}},
    {SYS_sendmsg, {value, message_in}},
    {SYS_recvmsg, {value, message_out}},
    {SYS_sendmmsg, {value, messages(2)}},
    {SYS_recvmmsg, {value, messages(2), value, value, time}},

    // Time.
    {SYS_nanosleep, {time, time}},
    {SYS_clock_nanosleep, {value, value, time, time}},
    {SYS_clock_gettime, {value, time}},
    {SYS_clock_settime, {value, time}},
    {SYS_clock_getres, {value, time}},
    {SYS_gettimeofday, {object<timeval>(), object<struct timezone>()}},
    {SYS_settimeofday, {object<timeval>(), object<struct timezone>()}},
    {SYS_time, {number}},
    {SYS_times, {object<tms>()}},
    {SYS_adjtimex, {object<timex>()}},
    {SYS_clock_adjtime, {value, object<timex>()}},
    {SYS_getitimer, {value, object<itimerval>()}},
    {SYS_setitimer, {value, object<itimerval>(), object<itimerval>()}},
    {SYS_timer_create, {value, object<sigevent>(), word}},
    {SYS_timer_settime, {value, value, interval, interval}},
    {SYS_timer_gettime, {value, interval}},

    // Signals.
    {SYS_rt_sigaction, {value, action, object(ActionBytes)}},
    {SYS_rt_sigprocmask, {value, signals, number}},
    {SYS_rt_sigpending, {number}},
    {SYS_rt_sigsuspend, {signals}},
    {SYS_rt_sigtimedwait, {signals, object<siginfo_t>(), time}},
    {SYS_rt_sigqueueinfo, {value, value, object<siginfo_t>()}},
    {SYS_rt_tgsigqueueinfo, {value, value, value, object<siginfo_t>()}},
    {SYS_pidfd_send_signal, {value, value, object<siginfo_t>()}},
    {SYS_futex, {in_place(sizeof(int))}}, // and more: refine_futex()

    // Processes and threads.
    {SYS_execve, {text, texts, texts}},
    {SYS_execveat, {value, text, texts, texts}},
    {SYS_wait4, {value, word, value, object<rusage>()}},
    {SYS_waitid,
     {value, value, object<siginfo_t>(), value, object<rusage>()}},
    {SYS_getrusage, {value, object<rusage>()}},
    {SYS_getrlimit, {value, object(LimitsBytes)}},
    {SYS_setrlimit, {value, object(LimitsBytes)}},
    {SYS_prlimit64,
     {value, value, object(LimitsBytes), object(LimitsBytes)}},
    {SYS_getgroups, {value, out(0, sizeof(gid_t))}},
    {SYS_setgroups, {value, in(0, sizeof(gid_t))}},
    {SYS_getresuid, {word, word, word}},
    {SYS_getresgid, {word, word, word}},
    {SYS_capget, {number, object(CapabilityBytes)}},
    {SYS_capset, {number, object(CapabilityBytes)}},
    {SYS_sched_setparam, {value, object<sched_param>()}},
    {SYS_sched_getparam, {value, object<sched_param>()}},
    {SYS_sched_setscheduler, {value, value, object<sched_param>()}},
    {SYS_sched_rr_get_interval, {value, time}},
    {SYS_sched_setattr, {value, object(SchedulingBytes)}},
    {SYS_sched_getattr, {value, both(2)}},
    {SYS_sched_setaffinity, {value, value, in(1)}},
    {SYS_sched_getaffinity, {value, value, out(1)}},
    {SYS_getcpu, {word, word}},
    {SYS_get_robust_list, {value, number, number}},
    {SYS_process_vm_readv, {value, vector_out(2), value, in(4, IovecBytes)}},
    {SYS_process_vm_writev, {value, vector_in(2), value, in(4, IovecBytes)}},

    // Memory: addresses that the kernel notes.
    {SYS_mmap, {}},
    {SYS_munmap, {}},
    {SYS_mprotect, {}},
    {SYS_pkey_mprotect, {}},
    {SYS_madvise, {}},
    {SYS_process_madvise, {}},
    {SYS_mremap, {}},
    {SYS_remap_file_pages, {}},
    {SYS_msync, {}},
    {SYS_mlock, {}},
    {SYS_mlock2, {}},
    {SYS_munlock, {}},
    {SYS_brk, {}},
    {SYS_shmat, {}},
    {SYS_shmdt, {}},
    {SYS_set_robust_list, {}},
    {SYS_set_tid_address, {}},
    {SYS_rseq, {}},
    // Used beyond the call: not supported in managed memory.
    {SYS_io_submit, {}},
    {SYS_io_uring_enter, {}},
    {SYS_io_uring_register, {}},
    {SYS_vmsplice, {}},
    {SYS_get_mempolicy, {word, object(NodesBytes)}},
    {SYS_set_mempolicy, {value, object(NodesBytes)}},
    {SYS_mbind, {value, value, value, object(NodesBytes)}},
    {SYS_migrate_pages,
     {value, value, object(NodesBytes), object(NodesBytes)}},
    {SYS_move_pages, {value, value, in(1, 8), in(1, 4), both(1, 4)}},

    // System V and POSIX message queues, semaphores, shared memory.
    {SYS_msgsnd, {value, in(2, 1, MessageTypeBytes)}},
    {SYS_msgrcv, {value, out(2, 1, MessageTypeBytes)}},
    {SYS_msgctl, {value, value, object(ControlBytes)}},
    {SYS_semop, {value, in(2, sizeof(sembuf))}},
    {SYS_semtimedop, {value, in(2, sizeof(sembuf)), value, time}},
    {SYS_shmctl, {value, value, object(ControlBytes)}},
    {SYS_mq_open, {text, value, value, object<mq_attr>()}},
    {SYS_mq_unlink, {text}},
    {SYS_mq_timedsend, {value, in(2), value, value, time}},
    {SYS_mq_timedreceive, {value, out(2), value, word, time}},
    {SYS_mq_notify, {value, object<sigevent>()}},
    {SYS_mq_getsetattr, {value, object<mq_attr>(), object<mq_attr>()}},

    // The system.
    {SYS_uname, {object<utsname>()}},
    {SYS_sysinfo, {object<struct sysinfo>()}},
    {SYS_sethostname, {in(1)}},
    {SYS_setdomainname, {in(1)}},
    {SYS_syslog, {value, both(2)}},
    {SYS_getrandom, {out(1)}},
    {SYS_add_key, {text, text, in(3)}},
    {SYS_request_key, {text, text, text}},
    {SYS_perf_event_open, {object(PerfEventBytes)}},
    {SYS_bpf, {value, both(2)}},
};

constexpr std::array<Signature, NumCalls> index_rows() {
  std::array<Signature, NumCalls> table{};
  for (Signature &unknown : table)
    for (Argument &argument : unknown.Arguments)
      argument = in_place(PageBytes);
  for (const Row &row : Rows)
    for (unsigned i = 0; i < 6; ++i)
      table[row.Number].Arguments[i] = row.Arguments[i];
  return table;
}
constexpr std::array<Signature, NumCalls> Table = index_rows();

// ---- calls whose memory depends on an argument

Argument of_fcntl(std::uint64_t command) {
  switch (command) {
  case F_GETLK:
  case F_SETLK:
  case F_SETLKW:
  case F_OFD_GETLK:
  case F_OFD_SETLK:
  case F_OFD_SETLKW:
    return object<struct flock>();
  case F_GETOWN_EX:
  case F_SETOWN_EX:
  case F_GET_RW_HINT:
  case F_SET_RW_HINT:
  case F_GET_FILE_RW_HINT:
  case F_SET_FILE_RW_HINT:
    return number;
  default:
    return value;
  }
}


Argument of_prctl(std::uint64_t option) {
  switch (option) {
  case PR_SET_NAME:
    return text;
  case PR_GET_NAME:
    return object(16);
  case PR_GET_PDEATHSIG:
  case PR_GET_TSC:
  case PR_GET_UNALIGN:
  case PR_GET_FPEMU:
  case PR_GET_FPEXC:
  case PR_GET_ENDIAN:
  case PR_GET_CHILD_SUBREAPER:
    return word;
  case PR_GET_TID_ADDRESS:
    return number;
  default:
    return value;
  }
}

Argument of_semctl(std::uint64_t command) {
  switch (command) {
  case GETALL:
  case SETALL:
    return in_place(UnknownBytes);
  case IPC_STAT:
  case IPC_SET:
  case IPC_INFO:
  case SEM_INFO:
  case SEM_STAT:
    return object(ControlBytes);
  default:
    return value;
  }
}

void refine_futex(std::uint64_t operation, Signature &signature) {
  switch (operation & FUTEX_CMD_MASK) {
  case FUTEX_WAIT:
  case FUTEX_WAIT_BITSET:
  case FUTEX_LOCK_PI:
  case FUTEX_LOCK_PI2:
    signature.Arguments[3] = time;
    break;
  case FUTEX_WAIT_REQUEUE_PI:
    signature.Arguments[3] = time;
    [[fallthrough]];
  case FUTEX_REQUEUE:
  case FUTEX_CMP_REQUEUE:
  case FUTEX_CMP_REQUEUE_PI:
  case FUTEX_WAKE_OP:
    signature.Arguments[4] = in_place(sizeof(int));
    break;
  default:
    break;
  }
}

} // namespace

Signature signature_of(std::uint64_t call, const std::uint64_t (&args)[6]) {
  if (call >= NumCalls)
    return {};
  Signature signature = Table[call];
  switch (call) {
  case SYS_fcntl:
    signature.Arguments[2] = of_fcntl(args[1]);
    break;
  case SYS_prctl:
    signature.Arguments[1] = of_prctl(args[0]);
    break;
  case SYS_semctl:
    signature.Arguments[3] = of_semctl(args[2]);
    break;
  case SYS_futex:
    refine_futex(args[1], signature);
    break;
  default:
    break;
  }
  return signature;
}

} // namespace loco::system_calls

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// copies.cpp - what is copied for a call. Runs in a signal handler that may have
// interrupted any code but the runtime's: it allocates nothing, and holds no
// lock. The program's memory is read as the program would read it.

#include "system_calls/copies.h"

#include "memory/coherence/coherence.h"

#include <algorithm>
#include <climits>
#include <cstring>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

namespace loco::system_calls {

namespace {

constexpr std::size_t Align = 16;
constexpr std::uint64_t LongestText = 1 << 20;
/// What a long pread of a file is cut into: it stays in the CPU's caches.
constexpr std::uint64_t PartBytes = 256 << 10;
/// Of a futex word that is taken away again and again.
constexpr unsigned MostTries = 1000;
/// The kernel reads and writes no more at a time (MAX_RW_COUNT).
constexpr std::uint64_t MostTransferred = 0x7ffff000;
/// More than a program means; the kernel is to refuse it.
constexpr std::uint64_t MostCompared = 16 << 20;
/// O_DIRECT asks for it: a copy is aligned as the original, from here on.
constexpr std::uint64_t SectorBytes = 512;
constexpr std::uint64_t SignalSetBytes = 8;

std::optional<std::uint64_t> find(std::uint64_t address) {
  return memory::coherence->space().find(
      reinterpret_cast<const void *>(address));
}

/// How many bytes from `offset` on are no stack's: there may be its guard.
std::uint64_t usable_bytes(std::uint64_t offset, std::uint64_t wanted) {
  const std::uint64_t bytes =
      std::min(memory::coherence->space().contiguous_bytes(offset), wanted);
  for (std::uint64_t at = 0; at < bytes; at += memory::ExtentBytes)
    if (memory::coherence->is_own_stack(offset + at))
      return at;
  return bytes;
}

/// Where the kernel looks at the address, as nothing else can.
bool transfer(long call, std::uint64_t address, void *own, std::size_t bytes) {
  iovec local{own, bytes}, remote{reinterpret_cast<void *>(address), bytes};
  return loco_direct_syscall(call, loco_direct_syscall(SYS_getpid),
                             reinterpret_cast<long>(&local), 1,
                             reinterpret_cast<long>(&remote), 1) ==
         static_cast<long>(bytes);
}

/// Whether the handler may access the bytes itself.
bool is_ours(std::uint64_t address, std::size_t bytes) {
  auto offset = find(address);
  return offset && (memory::coherence->is_own_stack(*offset) ||
                    usable_bytes(*offset, bytes) == bytes);
}

} // namespace

bool read_memory(std::uint64_t address, void *into, std::size_t bytes) {
  if (!is_ours(address, bytes))
    return transfer(SYS_process_vm_readv, address, into, bytes);
  std::memcpy(into, reinterpret_cast<const void *>(address), bytes);
  return true;
}

bool write_memory(std::uint64_t address, const void *from, std::size_t bytes) {
  if (!is_ours(address, bytes))
    return transfer(SYS_process_vm_writev, address, const_cast<void *>(from),
                    bytes);
  std::memcpy(reinterpret_cast<void *>(address), from, bytes);
  return true;
}

template <typename T> T CopyPlan::read(std::uint64_t address) {
  T value{};
  if (!read_memory(address, &value, sizeof value))
    IsWrong = true;
  return value;
}

bool is_own_stack(std::uint64_t address) {
  auto offset = find(address);
  return offset && memory::coherence->is_own_stack(*offset);
}

bool may_be_missing(std::uint64_t address) {
  auto offset = find(address);
  return offset && !memory::coherence->is_own_stack(*offset);
}

CopyPlan::CopyPlan(std::uint64_t number, const std::uint64_t (&args)[6])
    : Number(number), Args(args), Memory(signature_of(number, args)),
      InParts(goes_in_parts()) {
  walk();
  if (!IsWrong && (Count != 0 || NumInPlace != 0))
    Needed = sizeof(Copies) + Count * sizeof(Copy) + Align + DataBytes;
  NumCounted = Count;
}

Copies *CopyPlan::make(void *memory, std::uint64_t (&passed)[6]) {
  Made = new (memory) Copies;
  std::byte *end = reinterpret_cast<std::byte *>(memory) + sizeof(Copies) +
                   NumCounted * sizeof(Copy);
  Data = reinterpret_cast<std::byte *>(
      memory::round_up(reinterpret_cast<std::uintptr_t>(end), Align));
  Count = NumInPlace = 0;
  DataBytes = 0;
  walk();
  Made->Count = Count;
  Made->TriesLeft = NumInPlace == 0 ? 0 : MostTries;
  if (InParts) {
    Passed[2] = PartBytes;
    Made->BytesLeft = std::min(Args[2], MostTransferred);
  }
  // What the kernel changes is what differs from now on.
  for (Copy &copy : *Made)
    if (copy.How == Copy::Use::Both)
      std::memcpy(copy.twin(), copy.Private, copy.Bytes);
  touch(*Made);
  std::memcpy(passed, Passed, sizeof passed);
  return Made;
}

bool CopyPlan::goes_in_parts() const {
  if (Number != SYS_pread64 || Args[2] <= PartBytes ||
      static_cast<std::int64_t>(Args[2]) < 0 || !may_be_missing(Args[1]))
    return false;
  struct stat status;
  return loco_direct_syscall(SYS_fstat, static_cast<long>(Args[0]),
                             reinterpret_cast<long>(&status)) == 0 &&
         S_ISREG(status.st_mode);
}

void CopyPlan::walk() {
  for (unsigned i = 0; i < 6; ++i)
    Passed[i] = Args[i] == 0 ? 0 : lend(Args[i], Memory.Arguments[i]);
}

std::uint64_t CopyPlan::copy(std::uint64_t arg, std::uint64_t bytes,
                             Copy::Use use, bool always, const Argument &is,
                             std::uint64_t offset) {
  if (arg == 0 || bytes == 0 || (!always && !may_be_missing(arg)))
    return arg;
  // Of wrong lengths the kernel is to say what is wrong.
  if (use == Copy::Use::Both && bytes > MostCompared)
    return arg;
  if (auto offset = find(arg);
      offset && !memory::coherence->is_own_stack(*offset) &&
      usable_bytes(*offset, bytes) < bytes)
    return arg;
  std::uint64_t align = std::min<std::uint64_t>(arg & -arg, memory::BlockBytes);
  align = align < SectorBytes ? Align : align;
  const std::uint64_t taken =
      memory::round_up(bytes * (use == Copy::Use::Both ? 2 : 1), Align);
  if (Made == nullptr) {
    ++Count;
    DataBytes += align + taken;
    return arg;
  }
  auto *data = reinterpret_cast<std::byte *>(memory::round_up(
      reinterpret_cast<std::uintptr_t>(Data + DataBytes), align));
  DataBytes = static_cast<std::size_t>(data - Data) + taken;
  // Where another thread has changed what was counted, there is no room.
  if (Count == NumCounted || data + taken > reinterpret_cast<std::byte *>(Made) +
                                                Needed)
    return arg;
  if (use != Copy::Use::Out && !read_memory(arg, data, bytes))
    return arg;
  Made->begin()[Count++] = {reinterpret_cast<std::byte *>(arg),
                            data,
                            bytes,
                            offset,
                            is.Unit,
                            is.Before,
                            use};
  return reinterpret_cast<std::uint64_t>(data);
}

std::uint64_t CopyPlan::lend(std::uint64_t arg, const Argument &is) {
  using Use = Copy::Use;
  // The kernel says what is wrong with it.
  const bool is_negative = static_cast<std::int64_t>(Args[is.Length]) < 0;
  const std::uint64_t length =
      std::min(Args[is.Length], InParts ? PartBytes : MostTransferred);
  switch (is.Is) {
  case Kind::Value:
    return arg;
  case Kind::Text: {
    if (!may_be_missing(arg))
      return arg;
    auto *text = reinterpret_cast<const char *>(arg);
    return copy(arg, strnlen(text, LongestText) + 1, Use::In);
  }
  case Kind::Texts:
    return lend_texts(arg);
  case Kind::In:
    return is_negative ? arg
                       : copy(arg, length * is.Unit + is.Before, Use::In);
  case Kind::Out:
    if (is_negative)
      return arg;
    // With MSG_TRUNC the result counts bytes that nobody has written.
    if (Number == SYS_recvfrom && (Args[3] & MSG_TRUNC))
      return copy(arg, length, Use::Both);
    return copy(arg, length * is.Unit + is.Before, Use::Out, false, is);
  case Kind::Both:
    return is_negative ? arg : copy(arg, length * is.Unit, Use::Both);
  case Kind::Object:
    return copy(arg, is.Unit, Use::Both);
  case Kind::Sized:
    if (Args[is.Length] == 0 || !may_be_missing(arg))
      return arg;
    return copy(arg, read<std::uint32_t>(Args[is.Length]), Use::Both);
  case Kind::FdSet: // as the kernel takes it: whole longs
    if (static_cast<std::int32_t>(length) < 0)
      return arg;
    return copy(arg, memory::round_up(length, 64) / CHAR_BIT, Use::Both);
  case Kind::VectorIn:
    return lend_vector(arg, length, Use::In);
  case Kind::VectorOut:
    return lend_vector(arg, length, Use::Out);
  case Kind::MessageIn:
    return lend_messages<msghdr>(arg, 1, Use::In);
  case Kind::MessageOut:
    return lend_messages<msghdr>(
        arg, 1, (Args[2] & MSG_TRUNC) ? Use::Both : Use::Out);
  case Kind::Messages:
    // What the result counts is messages; so bytes are found by comparing.
    return lend_messages<mmsghdr>(arg, length, Use::Both);
  case Kind::Signals:
    return lend_signals(arg);
  case Kind::SignalsAndSize:
    return lend_signals_and_size(arg);
  case Kind::SignalAction:
    return lend_action(arg);
  case Kind::InPlace:
    use_in_place(arg, is.Unit);
    return arg;
  }
  return arg;
}

std::uint64_t CopyPlan::lend_texts(std::uint64_t arg) {
  std::uint64_t count = 0;
  bool any = may_be_missing(arg);
  for (;; ++count) {
    auto text = read<std::uint64_t>(arg + count * sizeof arg);
    if (text == 0 || IsWrong)
      break;
    any |= may_be_missing(text);
  }
  if (!any)
    return arg;
  std::uint64_t lent =
      copy(arg, (count + 1) * sizeof arg, Copy::Use::In, /*always=*/true);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t text =
        lend(read<std::uint64_t>(arg + i * sizeof arg), {Kind::Text});
    put(lent, arg, i, text);
  }
  return lent;
}

std::uint64_t CopyPlan::lend_vector(std::uint64_t arg, std::uint64_t count,
                                    Copy::Use use) {
  if (count > IOV_MAX)
    return arg; // the kernel refuses it
  bool any = may_be_missing(arg);
  auto part = [&](std::uint64_t i) {
    return read<iovec>(arg + i * sizeof(iovec));
  };
  for (std::uint64_t i = 0; i < count; ++i)
    any |= may_be_missing(reinterpret_cast<std::uint64_t>(part(i).iov_base));
  if (!any)
    return arg;
  std::uint64_t lent =
      copy(arg, count * sizeof(iovec), Copy::Use::In, /*always=*/true);
  std::uint64_t offset = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    iovec p = part(i);
    p.iov_base = reinterpret_cast<void *>(
        copy(reinterpret_cast<std::uint64_t>(p.iov_base), p.iov_len, use, false,
             {}, offset));
    offset += p.iov_len;
    put(lent, arg, i, p);
  }
  return lent;
}

static msghdr &header(msghdr &message) { return message; }
static msghdr &header(mmsghdr &message) { return message.msg_hdr; }

template <typename Header>
std::uint64_t CopyPlan::lend_messages(std::uint64_t arg, std::uint64_t count,
                                      Copy::Use use) {
  if (count > IOV_MAX)
    count = IOV_MAX; // the kernel takes no more
  // The kernel says in each how much of what it points to was filled.
  std::uint64_t lent = copy(arg, count * sizeof(Header), Copy::Use::Both, true);
  for (std::uint64_t i = 0; i < count; ++i) {
    auto message = read<Header>(arg + i * sizeof(Header));
    msghdr &h = header(message);
    auto lend_part = [&](void *&part, std::uint64_t bytes) {
      part = reinterpret_cast<void *>(copy(
          reinterpret_cast<std::uint64_t>(part), bytes, Copy::Use::Both));
    };
    lend_part(h.msg_name, h.msg_namelen);
    lend_part(h.msg_control, h.msg_controllen);
    h.msg_iov = reinterpret_cast<iovec *>(
        lend_vector(reinterpret_cast<std::uint64_t>(h.msg_iov), h.msg_iovlen,
                    use));
    put(lent, arg, i, message);
  }
  return lent;
}

// A blocked SIGSYS would be the end of the process at its next call.
std::uint64_t CopyPlan::lend_signals(std::uint64_t arg) {
  auto set = read<std::uint64_t>(arg);
  std::uint64_t lent = copy(arg, SignalSetBytes, Copy::Use::In,
                            (set & DispatchSignal) != 0);
  if (lent != arg && Made != nullptr)
    *reinterpret_cast<std::uint64_t *>(lent) = set & ~DispatchSignal;
  return lent;
}

std::uint64_t CopyPlan::lend_signals_and_size(std::uint64_t arg) {
  struct SetAndSize {
    std::uint64_t Set, Bytes;
  };
  auto both = read<SetAndSize>(arg);
  std::uint64_t lent = copy(arg, sizeof both, Copy::Use::In, /*always=*/true);
  if (both.Set != 0)
    both.Set = lend_signals(both.Set);
  put(lent, arg, 0, both);
  return lent;
}

std::uint64_t CopyPlan::lend_action(std::uint64_t arg) {
  auto action = read<KernelAction>(arg);
  std::uint64_t lent = copy(arg, sizeof action, Copy::Use::In,
                            (action.Mask & DispatchSignal) != 0);
  if (lent != arg && Made != nullptr)
    reinterpret_cast<KernelAction *>(lent)->Mask &= ~DispatchSignal;
  return lent;
}

void CopyPlan::use_in_place(std::uint64_t arg, std::uint64_t bytes) {
  if (!may_be_missing(arg))
    return;
  if (Made != nullptr)
    Made->InPlace[NumInPlace] = {reinterpret_cast<std::byte *>(arg),
                                 usable_bytes(*find(arg), bytes)};
  ++NumInPlace;
}

} // namespace loco::system_calls

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// finish.cpp - what comes after a system call with copies. It runs between two
// instructions of the program, which may have any vector register in use:
// compiled for general registers alone, it calls nothing that was not.

#include "system_calls/copies.h"

#include <cerrno>
#include <sys/syscall.h>

namespace loco::system_calls {

namespace {

void copy_bytes(std::byte *to, const std::byte *from, std::uint64_t bytes) {
  asm volatile("rep movsb"
               : "+D"(to), "+S"(from), "+c"(bytes)
               :
               : "memory");
}

/// Only what differs: other threads may own the bytes beside it.
void copy_changed(const Copy &copy) {
  for (std::uint64_t i = 0; i < copy.Bytes; ++i)
    if (copy.Private[i] != copy.twin()[i])
      *const_cast<volatile std::byte *>(&copy.Program[i]) = copy.Private[i];
}

void copy_filled(const Copy &copy, std::int64_t result) {
  if (result < 0)
    return;
  std::uint64_t filled =
      static_cast<std::uint64_t>(result) * copy.Unit + copy.Before;
  if (filled <= copy.Offset)
    return;
  filled -= copy.Offset;
  copy_bytes(copy.Program, copy.Private,
             filled < copy.Bytes ? filled : copy.Bytes);
}

/// After one part of a long pread; whether another is to follow, which then is
/// what the frame asks for.
bool go_on(Frame &frame, std::int64_t result) {
  Copies &lent = *frame.Lent;
  Copy &copy = *lent.begin();
  auto done = static_cast<std::uint64_t>(result > 0 ? result : 0);
  const bool was_whole = done == frame.Passed[2];
  lent.BytesDone += done;
  lent.BytesLeft -= done;
  copy.Program += done;
  if (!was_whole || lent.BytesLeft == 0)
    return false;
  frame.Passed[2] = lent.BytesLeft < copy.Bytes ? lent.BytesLeft : copy.Bytes;
  frame.Passed[3] += done;
  return true;
}

} // namespace

void touch(Copies &lent) {
  constexpr std::uint64_t PageBytes = 4096;
  for (auto &[start, bytes] : lent.InPlace)
    for (std::uint64_t at = 0; at < bytes;) {
      asm volatile("lock orb $0, %0" : "+m"(start[at]) : : "memory", "cc");
      at += PageBytes -
            (reinterpret_cast<std::uintptr_t>(start + at) & (PageBytes - 1));
    }
}

} // namespace loco::system_calls

using namespace loco::system_calls;

extern "C" Finished loco_finish_call(Frame *frame, std::int64_t result) {
  Copies &lent = *frame->Lent;
  if (result == -EFAULT && lent.TriesLeft != 0) {
    --lent.TriesLeft;
    touch(lent);
    return {result, 1};
  }
  for (Copy &copy : lent) {
    if (copy.How == Copy::Use::Out)
      copy_filled(copy, result);
    else if (copy.How == Copy::Use::Both)
      copy_changed(copy);
  }
  if (lent.BytesLeft != 0) {
    if (go_on(*frame, result))
      return {result, 1};
    if (lent.BytesDone != 0) // an error that came later is the next call's
      result = static_cast<std::int64_t>(lent.BytesDone);
  }
  if (lent.Room != nullptr)
    __atomic_store_n(lent.Room, false, __ATOMIC_RELEASE);
  if (lent.MappedBytes != 0)
    loco_direct_syscall(SYS_munmap, reinterpret_cast<long>(&lent),
                        static_cast<long>(lent.MappedBytes));
  return {result, 0};
}

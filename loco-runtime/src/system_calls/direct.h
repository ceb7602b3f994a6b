// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// direct.h - the code from which system calls always pass, whatever the
// selector says (direct.S), and the frame that it shares with dispatch.cpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace loco::system_calls {

class Copies;

/// On the stack of a thread whose system call is made again by
/// loco_direct_resume: what it needs to go on behind the call, with the
/// registers that the kernel would have left alone. direct.S knows the offsets.
struct Frame {
  std::uint64_t ReturnAddress;
  std::uint64_t StackPointer;
  std::uint64_t Number;
  std::uint64_t Passed[6];   ///< what the kernel gets
  std::uint64_t Original[6]; ///< what the program passed
  Copies *Lent;              ///< null: nothing to do afterwards
};
static_assert(offsetof(Frame, StackPointer) == 8);
static_assert(offsetof(Frame, Number) == 16);
static_assert(offsetof(Frame, Passed) == 24);
static_assert(offsetof(Frame, Original) == 72);
static_assert(offsetof(Frame, Lent) == 120);
static_assert(sizeof(Frame) == 128);

/// Calls that return twice cannot keep a frame on the stack. For each place
/// that makes them there is a slot, with the place to go on at.
inline constexpr unsigned NumCloneSlots = 16;

} // namespace loco::system_calls

extern "C" {

/// A system call from inside this section; what the kernel returns: a result or
/// -errno.
long loco_direct_syscall(long number, long a = 0, long b = 0, long c = 0,
                         long d = 0, long e = 0, long f = 0);

// What follows is jumped to, with the registers of the program.
void loco_direct_resume();    ///< with the stack pointer at a Frame
void loco_direct_sigreturn(); ///< rt_sigreturn; also the handler's own
void loco_clone_slots();      ///< the first slot
void loco_vfork_slots();      ///< the same; the child's calls are dispatched too
extern std::uint64_t loco_clone_targets[loco::system_calls::NumCloneSlots]
    __attribute__((visibility("hidden")));
extern const std::uint32_t loco_clone_slot_bytes
    __attribute__((visibility("hidden")));
extern const std::uint32_t loco_vfork_slot_bytes
    __attribute__((visibility("hidden")));

// The section, from the linker.
extern const char __start_loco_direct[] __attribute__((visibility("hidden")));
extern const char __stop_loco_direct[] __attribute__((visibility("hidden")));

/// After the call of a frame with Lent. Runs between the program's
/// instructions, so it touches no vector register (finish.cpp).
struct Finished {
  std::int64_t result;
  std::uint64_t again; ///< not 0: make the call once more
};
Finished loco_finish_call(loco::system_calls::Frame *frame,
                          std::int64_t result)
    __attribute__((visibility("hidden")));
}

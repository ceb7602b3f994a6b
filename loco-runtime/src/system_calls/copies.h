// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// copies.h - private copies of the memory that a system call uses, where that
// may be missing from the page table or protected in it at any moment. Made
// before the call; what the kernel has changed in them is stored to the
// program's memory after it, byte by byte, as a program would: faults are served
// then as any other's.
#pragma once

#include "system_calls/direct.h"
#include "system_calls/signatures.h"

#include <csignal>
#include <cstddef>
#include <cstdint>

namespace loco::system_calls {

/// The kernel's struct sigaction.
struct KernelAction {
  std::uint64_t Handler, Flags, Restorer, Mask;
};
/// SIGSYS in the kernel's sets.
inline constexpr std::uint64_t DispatchSignal = std::uint64_t{1}
                                                << (SIGSYS - 1);

/// One copy.
struct Copy {
  enum class Use : std::uint8_t {
    In,   ///< the kernel reads it
    Out,  ///< the kernel fills it from the start, up to what the result says
    Both, ///< compared afterwards with its twin, which lies behind it
  };
  std::byte *Program;
  std::byte *Private;
  std::uint64_t Bytes;
  std::uint64_t Offset; ///< in what the result counts, of the first byte (Out)
  std::uint16_t Unit;   ///< bytes for each that the result counts (Out)
  std::uint16_t Before; ///< bytes that it does not count (Out)
  Use How;

  std::byte *twin() const { return Private + Bytes; }
};

/// All that a call has been lent; followed by an array of Copy, and the bytes.
class Copies {
public:
  Copy *begin() { return reinterpret_cast<Copy *>(this + 1); }
  Copy *end() { return begin() + Count; }

  std::uint64_t MappedBytes = 0; ///< of a mapping of its own
  bool *Room = nullptr;          ///< what is free again afterwards
  unsigned Count = 0;
  unsigned TriesLeft = 0;
  /// Of a long pread, made in parts of one copy.
  std::uint64_t BytesLeft = 0, BytesDone = 0;
  /// What the kernel uses where it is.
  struct {
    std::byte *Start;
    std::uint64_t Bytes;
  } InPlace[6] = {};
};

/// Makes memory that is used in place present and writable, by stores that change
/// nothing. It may be taken away again: then the call fails and is tried again.
void touch(Copies &lent);

/// What a call needs, counted by measure(), then filled in by make().
class CopyPlan {
public:
  /// A call of the program, its arguments as it passed them.
  CopyPlan(std::uint64_t number, const std::uint64_t (&args)[6]);

  /// Bytes for make(); 0 where the call needs no copies.
  std::size_t bytes() const { return Needed; }
  /// In `memory` of bytes() bytes, aligned to 16. Changes `passed` to what the
  /// kernel is to get.
  Copies *make(void *memory, std::uint64_t (&passed)[6]);

private:
  void walk();
  /// Whether the call may be made in parts, which nobody can tell from the whole:
  /// others lock the file or its position for as long as they take.
  bool goes_in_parts() const;
  std::uint64_t lend(std::uint64_t arg, const Argument &is);
  std::uint64_t lend_texts(std::uint64_t arg);
  std::uint64_t lend_vector(std::uint64_t arg, std::uint64_t count,
                            Copy::Use use);
  template <typename Header>
  std::uint64_t lend_messages(std::uint64_t arg, std::uint64_t count,
                              Copy::Use use);
  std::uint64_t lend_signals(std::uint64_t arg);
  std::uint64_t lend_signals_and_size(std::uint64_t arg);
  std::uint64_t lend_action(std::uint64_t arg);
  void use_in_place(std::uint64_t arg, std::uint64_t bytes);

  /// A copy of program memory, where it needs one, or where `always`.
  std::uint64_t copy(std::uint64_t arg, std::uint64_t bytes, Copy::Use use,
                     bool always = false, const Argument &is = {},
                     std::uint64_t offset = 0);
  template <typename T> T read(std::uint64_t address);
  /// Changes an element of an array that was copied from `arg`.
  template <typename T>
  void put(std::uint64_t lent, std::uint64_t arg, std::uint64_t i,
           const T &value) const {
    if (lent != arg)
      reinterpret_cast<T *>(lent)[i] = value;
  }

  const std::uint64_t Number;
  const std::uint64_t (&Args)[6];
  const Signature Memory;
  const bool InParts;
  std::uint64_t Passed[6] = {};
  Copies *Made = nullptr; ///< null while counting
  unsigned Count = 0;
  std::size_t DataBytes = 0; ///< of all copies so far
  std::size_t Needed = 0;
  unsigned NumCounted = 0;
  std::byte *Data = nullptr;
  unsigned NumInPlace = 0;
  bool IsWrong = false; ///< an address: the kernel is to say so
};

/// Memory of the program, from a handler: false where an address is wrong.
bool read_memory(std::uint64_t address, void *into, std::size_t bytes);
bool write_memory(std::uint64_t address, const void *from, std::size_t bytes);

/// Whether the byte is on a stack of this node's threads, in the window.
bool is_own_stack(std::uint64_t address);
/// Whether the kernel may find the byte missing, or protected.
bool may_be_missing(std::uint64_t address);

} // namespace loco::system_calls

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// signatures.h - what memory each system call of x86-64 Linux reads and writes:
// section 2 of the manual, as a table.
#pragma once

#include <cstdint>

namespace loco::system_calls {

enum class Kind : std::uint8_t {
  Value,      ///< no memory, or an address that the kernel only notes
  Text,       ///< ends with a zero byte
  Texts,      ///< pointers to texts, ends with null (execve)
  In,         ///< bytes that the kernel reads
  Out,        ///< bytes that it writes; the result says how many
  Both,       ///< bytes that it may read and write
  Object,     ///< the same, of a size that the type has
  Sized,      ///< Both; the length is an int that argument `Length` points to
  FdSet,      ///< one bit for each descriptor below argument `Length`
  VectorIn,   ///< iovecs, their number in argument `Length`
  VectorOut,  ///< the same; the result counts their bytes
  MessageIn,  ///< a msghdr, sent
  MessageOut, ///< a msghdr, received into
  Messages,   ///< mmsghdrs, their number in argument `Length`
  Signals,    ///< a set that the kernel reads
  SignalsAndSize, ///< its address and size (pselect6)
  SignalAction,   ///< the kernel's struct sigaction, which it reads
  InPlace,        ///< used where it is: the first `Unit` bytes are made present
};

struct Argument {
  Kind Is = Kind::Value;
  std::uint8_t Length = 0;  ///< the argument, from 0, that says how many
  std::uint16_t Unit = 1;   ///< bytes of each; of an Object, of the whole
  std::uint16_t Before = 0; ///< bytes that do not count (msgsnd's type)
};

struct Signature {
  Argument Arguments[6];
};

/// The memory that a call with these arguments uses.
Signature signature_of(std::uint64_t number, const std::uint64_t (&args)[6]);

} // namespace loco::system_calls

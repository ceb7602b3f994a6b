// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// kvstore.cpp - the accesses of code compiled with -floco-mode=kvstore
// (loco/abi.h): look the object's entry up, then read or write its bytes at
// their home.

#include "loco/abi.h"

#include "base/export.h"
#include "base/slow_path.h"
#include "memory/coherence/atomics.h"
#include "memory/coherence/coherence.h"
#include "memory/heap/objects.h"
#include "memory/space/address_space.h"

#include <algorithm>
#include <cstring>

using loco::SlowPath;
using namespace loco::memory;

namespace {

bool is_in_window(const void *p) {
  return reinterpret_cast<std::uintptr_t>(p) - WindowBase <
         coherence->space().window_bytes();
}

void check_object(const void *p, std::size_t bytes, const char *verb,
                  const void *code) {
  if (objects != nullptr && is_in_window(p))
    objects->check_access(p, bytes, verb, code);
}

// Addresses that LOCO does not manage hold this process's private memory.

void read(const void *p, void *into, std::size_t bytes) {
  if (is_managed(p))
    read_at_home(p, into, bytes, AccessKind::Plain);
  else
    std::memcpy(into, p, bytes);
}

void write(void *p, const void *from, std::size_t bytes) {
  if (is_managed(p))
    write_at_home(p, from, bytes, AccessKind::Plain);
  else
    std::memcpy(p, from, bytes);
}

/// Ranges go through a buffer of this size, which is not the program's memory:
/// that may be in the very block which an access holds.
constexpr std::size_t PieceBytes = BlockBytes;

} // namespace

extern "C" {

LOCO_EXPORT void __loco_kv_get(const void *p, void *out, size_t n) {
  SlowPath slow_path;
  check_object(p, n, "a load", __builtin_return_address(0));
  read(p, out, n);
}

LOCO_EXPORT void __loco_kv_put(void *p, const void *in, size_t n) {
  SlowPath slow_path;
  check_object(p, n, "a store", __builtin_return_address(0));
  write(p, in, n);
}

LOCO_EXPORT void __loco_kv_move(void *to, const void *from, size_t n) {
  SlowPath slow_path;
  check_object(from, n, "a load", __builtin_return_address(0));
  check_object(to, n, "a store", __builtin_return_address(0));
  auto *target = static_cast<std::byte *>(to);
  auto *source = static_cast<const std::byte *>(from);
  // What lies in both ranges must be read before it is written.
  const bool backwards = target > source && target < source + n;
  std::byte piece[PieceBytes];
  for (std::size_t done = 0; done < n;) {
    const std::size_t bytes = std::min(n - done, PieceBytes);
    const std::size_t at = backwards ? n - done - bytes : done;
    read(source + at, piece, bytes);
    write(target + at, piece, bytes);
    done += bytes;
  }
}

LOCO_EXPORT void __loco_kv_fill(void *p, int byte, size_t n) {
  SlowPath slow_path;
  check_object(p, n, "a store", __builtin_return_address(0));
  std::byte piece[PieceBytes];
  std::memset(piece, byte, std::min(n, PieceBytes));
  for (std::size_t done = 0; done < n;) {
    const std::size_t bytes = std::min(n - done, PieceBytes);
    write(static_cast<std::byte *>(p) + done, piece, bytes);
    done += bytes;
  }
}

} // extern "C"

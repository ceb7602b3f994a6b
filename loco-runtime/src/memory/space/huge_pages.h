// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// huge_pages.h - pages of 2 MiB for large private memory: random access to it
// then misses the TLB less. With one node only: the pages of the window come
// and go by blocks of 4 KiB.
#pragma once

#include <cstddef>

namespace loco::memory {

/// Objects below this are left alone: 2 MiB pages inside them would be few, and
/// what is touched of them seldom whole.
inline constexpr std::size_t HugeObjectBytes = 8 << 20;

/// Asks for huge pages for what whole ones [p, p + bytes) has, if it is an
/// object that large. The kernel grants them as they are touched, or does not.
void want_huge_pages(void *p, std::size_t bytes);

} // namespace loco::memory

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// globals.cpp - adopting the globals of executables and shared libraries.

#include "memory/process/globals.h"

#include "memory/space/huge_pages.h"

namespace loco::memory {

static AddressSpace *address_space = nullptr;
static PageTable *page_table = nullptr;
static bool closed = false;

void open_globals(AddressSpace &space, PageTable *pages) {
  address_space = &space;
  page_table = pages;
}

static void adopt_range(char *start, char *end, bool has_data) {
  if (start == end)
    return;
  auto bytes = static_cast<std::size_t>(end - start);
  auto offset = address_space->adopt_globals(start, end, has_data);
  if (!offset.ok())
    fatal(offset.error().message);
  if (page_table == nullptr)
    return;
  coherence->homes().placement().add_globals(extents_of(offset.value(), bytes));
  // Already there, as bytes of the file: only the entries are still missing.
  if (auto watched = page_table->watch(start, bytes); !watched.ok())
    fatal(watched.error().message);
}

void adopt_globals(const loco_globals &globals) {
  if (address_space == nullptr) {
    want_huge_pages(
        globals.bss_start,
        static_cast<std::size_t>(globals.bss_end - globals.bss_start));
    return;
  }
  if (closed)
    fatal("a library compiled with -floco was loaded by dlopen: with more than "
          "one node such libraries must be linked with the program, so that "
          "every node has them");
  adopt_range(globals.data_start, globals.data_end, true);
  adopt_range(globals.bss_start, globals.bss_end, false);
}

void close_globals() { closed = true; }

} // namespace loco::memory

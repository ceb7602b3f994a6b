// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the implicit linker script and start file do, with both linkers: LOCO
// globals have pages of their own, large zeroed ones take no room in the file,
// and the module registers them before its own constructors run. The runtime
// is left out; this file is compiled as plain C and plays its part.

// RUN: rm -rf %t && mkdir %t
// RUN: %loco-clang -fno-loco -Wall -c %s -o %t/main.o
// RUN: %loco-clang -fno-loco -fPIC -DLIBRARY -c %s -o %t/lib.o

// RUN: %loco-clang -fuse-ld=bfd -nodefaultlibs -shared %t/lib.o -o %t/libmodule.so
// RUN: %loco-clang -fuse-ld=bfd -nodefaultlibs -rdynamic %t/main.o %t/libmodule.so \
// RUN:   -lc -o %t/bfd
// RUN: llvm-readelf-19 -S %t/bfd | FileCheck %s --check-prefix=SECTIONS
// RUN: %t/bfd | FileCheck %s -DMODE=0
// RUN: find %t/bfd -size -64k | FileCheck %s --check-prefix=SMALL

// RUN: %loco-clang -fuse-ld=lld -nodefaultlibs -shared %t/lib.o -o %t/libmodule.so
// RUN: %loco-clang -fuse-ld=lld -nodefaultlibs -rdynamic %t/main.o %t/libmodule.so \
// RUN:   -floco-mode=kvstore -lc -o %t/lld
// RUN: llvm-readelf-19 -S %t/lld | FileCheck %s --check-prefix=SECTIONS
// RUN: %t/lld | FileCheck %s -DMODE=1
// RUN: find %t/lld -size -64k | FileCheck %s --check-prefix=SMALL

// SECTIONS-DAG: .data.loco PROGBITS {{.*}} WA 0 0 4096
// SECTIONS-DAG: .bss.loco NOBITS {{[0-9a-f]+ [0-9a-f]+}} 32001000 {{.*}} WA 0 0 4096
// SMALL: {{bfd|lld}}

// CHECK-NOT: wrong
// CHECK: registered a module: abi 2, mode 0, 1 page of data, 256 pages of bss
// CHECK: constructor of the library
// CHECK: registered the program: abi 2, mode [[MODE]], 1 page of data, 204801 pages of bss
// CHECK: constructor of the program
// CHECK: main 42 43 7
// CHECK-NOT: wrong

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define DATA(s) __attribute__((section(".data.loco" s)))
#define BSS(s) __attribute__((section(".bss.loco" s)))

#ifdef LIBRARY

DATA("") int library_data = 1;
BSS("") char library_bss[1 << 20];
__attribute__((constructor(101))) static void start(void) {
  puts("constructor of the library");
}

#else

// As in loco/abi.h.
struct loco_globals {
  uint32_t abi_version, mode;
  char *data_start, *data_end, *bss_start, *bss_end;
};

DATA("") int first = 42;
DATA(".second") int second = 43;
BSS(".small") char small[4];
BSS("") char large[800UL << 20];
int plain = 7;
static int plain_bss[10];
extern int library_data;

static int is_inside(void *p, const struct loco_globals *g) {
  char *c = p;
  return (c >= g->data_start && c < g->data_end) ||
         (c >= g->bss_start && c < g->bss_end);
}

void __loco_register_globals(const struct loco_globals *g) {
  const int is_program = is_inside(&first, g);
  const uintptr_t bounds = (uintptr_t)g->data_start | (uintptr_t)g->data_end |
                           (uintptr_t)g->bss_start | (uintptr_t)g->bss_end;
  if (bounds % 4096)
    puts("wrong: not whole pages");
  if (is_inside(&plain, g) || is_inside(plain_bss, g))
    puts("wrong: a plain global is inside");
  if (is_program != (is_inside(&second, g) && is_inside(small, g) &&
                     is_inside(large, g) &&
                     is_inside(large + sizeof large - 1, g)))
    puts("wrong: a LOCO global is outside");
  printf("registered %s: abi %u, mode %u, %ld page of data, %ld pages of bss\n",
         is_program ? "the program" : "a module", g->abi_version, g->mode,
         (long)(g->data_end - g->data_start) / 4096,
         (long)(g->bss_end - g->bss_start) / 4096);
}

// The start file brings stubs for places of checks, of which there are none.
void __loco_register_checks(const void *begin, const void *end) {
  if (begin != end)
    puts("wrong: there are places for checks");
}
void __loco_load(const void *p, size_t n) {}
void __loco_store(void *p, size_t n) {}
void __loco_store_from(void *p, size_t n, const void *pc) {}

__attribute__((constructor(101))) static void start(void) {
  puts("constructor of the program");
}

int main(void) {
  large[12345678] = 1;
  printf("main %d %d %d\n", first, second, plain + plain_bss[3]);
  return library_data - 1;
}

#endif

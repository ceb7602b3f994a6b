/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * crtloco.c - the start file of -floco modules: tells the runtime, before any
 * other constructor of its executable or shared library, where the module's
 * mutable globals and its places for checks are. Compiled with -fPIC and without
 * -floco.
 */
#include "loco/abi.h"

#include "check_stubs.h"

/* From loco-globals.ld, in every module its own. */
#pragma GCC visibility push(hidden)
extern char __loco_data_start[], __loco_data_end[];
extern char __loco_bss_start[], __loco_bss_end[];
extern const uint32_t __loco_mode;
/* From the linker, where the module has any. */
extern const struct loco_check_site __start_loco_checks[]
    __attribute__((weak));
extern const struct loco_check_site __stop_loco_checks[] __attribute__((weak));
#pragma GCC visibility pop

static void register_globals(void) {
  const struct loco_globals globals = {
      LOCO_ABI_VERSION, __loco_mode,      __loco_data_start,
      __loco_data_end,  __loco_bss_start, __loco_bss_end};
  __loco_register_globals(&globals);
  __loco_register_checks(__start_loco_checks, __stop_loco_checks);
}

/* Linkers sort .init_array.N by N, before the plain .init_array; the least that
 * a program may ask for is 101. */
__attribute__((section(".init_array.00000"),
               used)) static void (*const at_start)(void) = register_globals;

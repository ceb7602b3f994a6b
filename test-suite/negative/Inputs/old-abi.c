/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A module that says what modules of version 1 of the ABI said (abi-version.test).
 * -DSTUB: the libloco.so that it is linked with; -DNEW: of a later version, which
 * has another function; -DTODAY: nothing of this, only main. */
#include <stdio.h>

struct globals {
  unsigned abi_version, mode;
  char *data_start, *data_end, *bss_start, *bss_end;
};
void __loco_register_globals(const struct globals *globals);
void __loco_of_tomorrow(void);

#ifdef STUB
void __loco_register_globals(const struct globals *globals) { (void)globals; }
void __loco_of_tomorrow(void) {}
#else
#ifndef TODAY
__attribute__((constructor)) static void at_start(void) {
  struct globals globals = {1, 0, 0, 0, 0, 0};
  __loco_register_globals(&globals);
}
#endif

int main(void) {
  puts("main runs");
#ifdef NEW
  __loco_of_tomorrow();
#endif
  return 0;
}
#endif

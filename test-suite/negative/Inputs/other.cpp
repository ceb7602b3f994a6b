// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
int what_only_the_other_program_has = 1;

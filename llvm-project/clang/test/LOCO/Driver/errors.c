// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What does not go with -floco is said before anything is compiled or linked.

// RUN: not %clang --target=x86_64-linux-gnu -floco -floco-mode=fast -c %s \
// RUN:   -o %t.o 2>&1 | FileCheck %s --check-prefix=MODE
// RUN: not %clang_cc1 -triple x86_64-linux-gnu -floco -floco-mode=fast \
// RUN:   -fsyntax-only %s 2>&1 | FileCheck %s --check-prefix=MODE
// MODE: error: invalid value 'fast' in '-floco-mode={{(fast)?}}'
// MODE-NOT: error:

// RUN: not %clang --target=x86_64-linux-gnu -floco -floco-checks= -c %s \
// RUN:   -o %t.o 2>&1 | FileCheck %s --check-prefix=CHECKS
// CHECKS: error: invalid value '' in '-floco-checks='
// CHECKS-NOT: error:

// RUN: not %clang --target=aarch64-linux-gnu -floco -c %s -o %t.o 2>&1 \
// RUN:   | FileCheck %s --check-prefix=TARGET -DTARGET=aarch64-unknown-linux-gnu
// RUN: not %clang --target=x86_64-apple-macosx -floco -c %s -o %t.o 2>&1 \
// RUN:   | FileCheck %s --check-prefix=TARGET -DTARGET=x86_64-apple-macosx
// RUN: not %clang --target=i686-linux-gnu -floco -c %s -o %t.o 2>&1 \
// RUN:   | FileCheck %s --check-prefix=TARGET -DTARGET=i686-unknown-linux-gnu
// RUN: not %clang --target=x86_64-linux-gnux32 -floco -c %s -o %t.o 2>&1 \
// RUN:   | FileCheck %s --check-prefix=TARGET -DTARGET=x86_64-unknown-linux-gnux32
// TARGET: error: unsupported option '-floco' for target '[[TARGET]]{{[^']*}}'
// TARGET-NOT: error:

// -fno-loco makes it plain clang again, for any target.
// RUN: %clang --target=aarch64-linux-gnu -floco -fno-loco -fsyntax-only %s

// RUN: not %clang --target=x86_64-linux-gnu -floco -static %s -o %t 2>&1 \
// RUN:   | FileCheck %s --check-prefix=WITH -DOPTION=-static
// RUN: not %clang --target=x86_64-linux-gnu -floco -static-pie %s -o %t 2>&1 \
// RUN:   | FileCheck %s --check-prefix=WITH -DOPTION=-static-pie
// RUN: not %clang --target=x86_64-linux-gnu -floco -fsanitize=address -c %s \
// RUN:   -o %t.o 2>&1 \
// RUN:   | FileCheck %s --check-prefix=WITH -DOPTION=-fsanitize=address
// RUN: not %clang --target=x86_64-linux-gnu -floco -fsanitize=thread -c %s \
// RUN:   -o %t.o 2>&1 \
// RUN:   | FileCheck %s --check-prefix=WITH -DOPTION=-fsanitize=thread
// WITH: error: invalid argument '[[OPTION]]' not allowed with '-floco'
// WITH-NOT: error:

// Sanitizers without an allocator of their own are welcome.
// RUN: %clang --target=x86_64-linux-gnu -floco -fsanitize=undefined \
// RUN:   -fsyntax-only %s

int main(void) { return 0; }

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The options reach cc1, the last of -floco and -fno-loco counts, and without
// -floco nothing is added.

// RUN: %clang --target=x86_64-linux-gnu -floco -### -c %s 2>&1 | FileCheck %s
// RUN: %clang --target=x86_64-linux-gnu -fno-loco -floco -### -c %s 2>&1 \
// RUN:   | FileCheck %s
// CHECK-NOT: warning:
// CHECK: "-cc1"
// CHECK-SAME: "-floco"
// CHECK-NOT: "-floco-

// RUN: %clang --target=x86_64-linux-gnu -### -c %s 2>&1 \
// RUN:   | FileCheck %s --check-prefix=NO
// RUN: %clang --target=x86_64-linux-gnu -floco -fno-loco -### -c %s 2>&1 \
// RUN:   | FileCheck %s --check-prefix=NO
// RUN: %clang --target=x86_64-linux-gnu -floco -fno-loco -### %s 2>&1 \
// RUN:   | FileCheck %s --check-prefix=NO
// NO-NOT: loco-clang
// NO-NOT: {{"-f(no-)?loco|-lloco|crtloco|loco-globals}}

// RUN: %clang --target=x86_64-linux-gnu -floco -floco-mode=kvstore \
// RUN:   -floco-checks=none -floco-checks=call -### -c %s 2>&1 \
// RUN:   | FileCheck %s --check-prefix=VALUES
// VALUES: "-cc1"
// VALUES-SAME: "-floco" "-floco-mode=kvstore" "-floco-checks=call"

// RUN: %clang --help | FileCheck %s --check-prefix=HELP
// HELP-DAG: -floco-checks=<value>
// HELP-DAG: -floco-mode=<value>
// HELP-DAG: -floco {{ *}}Compile for LOCO
// HELP-DAG: -fno-loco {{ *}}Compile as plain clang

// No job complains of an option that it has no use for.
// RUN: %clang -floco -Werror -E %s -o /dev/null
// RUN: %clang -floco -Werror -fsyntax-only %s
// RUN: %clang -floco -Werror -S %s -o %t.s
// RUN: %clang -floco -Werror -c %t.s -o %t.o
// RUN: %clang -floco -Werror -r %t.o -o %t2.o

// RUN: %clang -dM -E -floco %s | FileCheck %s --check-prefix=MACRO
// RUN: %clang -dM -E %s | FileCheck %s --check-prefix=NO-MACRO
// MACRO: #define __LOCO__ 1
// NO-MACRO-NOT: __LOCO__

int main(void) { return 0; }

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The name that the program is called by implies -floco, C++ and a target.

// RUN: rm -rf %t && mkdir %t
// RUN: ln -s %clang %t/loco-clang
// RUN: ln -s %clang %t/loco-clang++
// RUN: ln -s %clang %t/x86_64-linux-gnu-loco-clang++
// RUN: ln -s %clang %t/aarch64-linux-gnu-loco-clang
// RUN: ln -s %clang %t/otherloco-clang

// RUN: %t/loco-clang -### -c %s 2>&1 | FileCheck %s --check-prefixes=ON,C
// RUN: %t/loco-clang++ -### %s 2>&1 | FileCheck %s --check-prefixes=ON,CXX
// RUN: %t/x86_64-linux-gnu-loco-clang++ -### %s 2>&1 \
// RUN:   | FileCheck %s --check-prefixes=TARGET,ON,CXX
// TARGET: Target: x86_64-unknown-linux-gnu{{$}}
// ON: "-cc1"
// ON-SAME: "-floco"
// C-SAME: "-x" "c"
// CXX-SAME: "-x" "c++"
// CXX: "-lloco"
// CXX-SAME: "-lstdc++"

// RUN: %t/loco-clang++ -fno-loco -### %s 2>&1 | FileCheck %s --check-prefix=OFF
// RUN: %t/otherloco-clang -### -c %s 2>&1 | FileCheck %s --check-prefix=OFF
// OFF: "-cc1"
// OFF-NOT: {{"-floco"|"-lloco"}}

// RUN: not %t/aarch64-linux-gnu-loco-clang -c %s -o %t.o 2>&1 \
// RUN:   | FileCheck %s --check-prefix=OTHER
// OTHER: error: unsupported option '-floco' for target 'aarch64-unknown-linux-gnu'

// The installed names.
// RUN: %loco-clang -### -c %s 2>&1 | FileCheck %s --check-prefixes=ON,C
// RUN: %loco-clangxx -### %s 2>&1 | FileCheck %s --check-prefixes=ON,CXX

// RUN: %loco-clang --version | FileCheck %s --check-prefix=VERSION
// VERSION: {{^}}LOCO clang version 19.1.7

int main(void) { return 0; }

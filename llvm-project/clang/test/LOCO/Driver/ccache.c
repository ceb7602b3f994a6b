// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// ccache keeps the compilers and the options apart, and finds again what the
// same ones made.

// RUN: rm -rf %t && mkdir %t
// RUN: env CCACHE_DIR=%t/cache ccache %clang -c %s -o %t/plain.o
// RUN: env CCACHE_DIR=%t/cache ccache %loco-clang -c %s -o %t/loco.o
// RUN: env CCACHE_DIR=%t/cache ccache %loco-clang -fno-loco -c %s -o %t/off.o
// RUN: env CCACHE_DIR=%t/cache ccache %loco-clang -floco-checks=call -c %s \
// RUN:   -o %t/call.o
// RUN: env CCACHE_DIR=%t/cache ccache %loco-clang -c %s -o %t/again.o
// RUN: env CCACHE_DIR=%t/cache ccache --print-stats | FileCheck %s
// RUN: llvm-nm-19 %t/plain.o | FileCheck %s --check-prefix=PLAIN
// RUN: llvm-nm-19 %t/loco.o | FileCheck %s --check-prefix=LOCO
// RUN: cmp %t/plain.o %t/off.o
// RUN: cmp %t/loco.o %t/again.o
// RUN: not cmp %t/loco.o %t/call.o

// CHECK-DAG: cache_miss{{[[:space:]]}}4
// CHECK-DAG: direct_cache_hit{{[[:space:]]}}1
// PLAIN-NOT: __loco
// LOCO: U __loco_check_load

int get(int *p) { return *p; }

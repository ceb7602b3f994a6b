// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Everything that build systems ask of a compiler works with -floco, and
// -fno-loco gives what plain clang gives.

// RUN: rm -rf %t && mkdir %t

// RUN: %loco-clang -O2 -MD -MF %t/a.d -c %s -o %t/a.o
// RUN: FileCheck %s --check-prefix=DEPS < %t/a.d
// DEPS: a.o:
// DEPS: drop-in.c

// RUN: echo "-O1 -c -o %t/b.o" > %t/b.rsp
// RUN: %loco-clang @%t/b.rsp %s
// RUN: llvm-nm-19 %t/b.o | FileCheck %s --check-prefix=OBJECT
// OBJECT: U __loco_malloc
// OBJECT: T make

// RUN: %loco-clang -E %s -o %t/c.i
// RUN: %loco-clang -x c -S %t/c.i -o - | FileCheck %s --check-prefix=ASM
// RUN: cat %s | %loco-clang -x c -S - -o - | FileCheck %s --check-prefix=ASM
// ASM: __loco_malloc

// IR and bitcode, also when compiled on from there.
// RUN: %loco-clang -O2 -S -emit-llvm %s -o %t/d.ll
// RUN: FileCheck %s --check-prefix=IR < %t/d.ll
// RUN: %loco-clang -O2 -c -emit-llvm %s -o %t/d.bc
// RUN: %loco-clang -O2 -c %t/d.bc -o %t/d.o
// RUN: %loco-clang -O2 -c -save-temps=obj %s -o %t/e.o
// RUN: llvm-nm-19 %t/e.o | FileCheck %s --check-prefix=OBJECT
// IR: call {{.*}}@__loco_malloc
// IR-NOT: addrspace(7)

// A module is lowered once: the ways over bitcode and straight there agree.
// RUN: %loco-clang -O0 -c -emit-llvm %s -o %t/f.bc
// RUN: %loco-clang -O0 -c %t/f.bc -o %t/g.o
// RUN: %loco-clang -O0 -c %s -o %t/f.o
// RUN: llvm-objdump-19 -d --no-show-raw-insn --no-addresses --section=.text \
// RUN:   %t/f.o | tail -n +3 > %t/f.txt
// RUN: llvm-objdump-19 -d --no-show-raw-insn --no-addresses --section=.text \
// RUN:   %t/g.o | tail -n +3 > %t/g.txt
// RUN: diff %t/f.txt %t/g.txt
// RUN: llvm-nm-19 %t/g.o | FileCheck %s --check-prefix=CODE
// CODE: U __loco_check_store

// RUN: %loco-clang -fno-loco -O2 -g -S -emit-llvm %s -o %t/plain1.ll
// RUN: %clang -O2 -g -S -emit-llvm %s -o %t/plain2.ll
// RUN: diff %t/plain1.ll %t/plain2.ll
// RUN: %loco-clang -fno-loco -O2 -c %s -o %t/plain1.o
// RUN: %clang -O2 -c %s -o %t/plain2.o
// RUN: cmp %t/plain1.o %t/plain2.o

typedef __SIZE_TYPE__ size_t;
void *malloc(size_t n);

int *make(int n) {
  int *p = malloc(n * sizeof(int));
  for (int i = 0; i < n; ++i)
    p[i] = i;
  return p;
}

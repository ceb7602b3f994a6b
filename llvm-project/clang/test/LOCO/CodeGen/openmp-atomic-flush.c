// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Atomics with a memory-order clause have their order in the access itself: the
// flush that the construct implies is left out. Flush directives stay.

// RUN: %clang_cc1 -triple x86_64-linux-gnu -fopenmp -floco -emit-llvm %s -o - \
// RUN:   -disable-llvm-passes | FileCheck %s --check-prefixes=BOTH,LOCO
// RUN: %clang_cc1 -triple x86_64-linux-gnu -fopenmp -emit-llvm %s -o - \
// RUN:   -disable-llvm-passes | FileCheck %s --check-prefixes=BOTH,PLAIN

int flag, seen;

// BOTH-LABEL: @atomics(
// BOTH: load atomic i32, ptr @flag acquire
// PLAIN: call void @__kmpc_flush(
// LOCO-NOT: @__kmpc_flush
// BOTH: store atomic i32 1, ptr @flag release
// PLAIN: call void @__kmpc_flush(
// LOCO-NOT: @__kmpc_flush
// BOTH: atomicrmw add ptr @flag, i32 2 seq_cst
// PLAIN: call void @__kmpc_flush(
// LOCO-NOT: @__kmpc_flush
// BOTH: ret void
void atomics(void) {
#pragma omp atomic read acquire
  seen = flag;
#pragma omp atomic write release
  flag = 1;
#pragma omp atomic update seq_cst
  flag += 2;
}

// BOTH-LABEL: @flushes(
// BOTH-COUNT-4: call void @__kmpc_flush(
// BOTH: ret void
void flushes(void) {
#pragma omp flush
#pragma omp flush(flag)
#pragma omp flush acquire
#pragma omp flush release
}

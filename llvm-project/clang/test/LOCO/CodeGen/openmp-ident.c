// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// OpenMP location structures say (reserved_2 = 0x4c4f) that the code is
// compiled with -floco, and libomp may run it on other nodes.

// RUN: %clang_cc1 -triple x86_64-linux-gnu -fopenmp -floco -emit-llvm %s -o - \
// RUN:   -disable-llvm-passes | FileCheck %s
// RUN: %clang_cc1 -triple x86_64-linux-gnu -fopenmp -emit-llvm %s -o - \
// RUN:   -disable-llvm-passes | FileCheck %s --check-prefix=PLAIN

// CHECK-NOT: %struct.ident_t { i32 0, i32 {{[0-9]+}}, i32 0,
// CHECK: @[[LOC:[0-9]+]] = {{.*}}%struct.ident_t { i32 0, i32 {{[0-9]+}}, i32 19535, i32 {{[0-9]+}}, ptr
// CHECK-NOT: %struct.ident_t { i32 0, i32 {{[0-9]+}}, i32 0,
// CHECK: call {{.*}}@__kmpc_fork_call(ptr @{{[0-9]+}}
// CHECK: call {{.*}}@__kmpc_for_static_init_4(ptr @
// CHECK: call {{.*}}@__kmpc_cancel_barrier(ptr @
// PLAIN: %struct.ident_t { i32 0, i32 {{[0-9]+}}, i32 0,
// PLAIN-NOT: i32 19535

void work(int);
int sum;
void f(int n) {
#pragma omp parallel
  {
#pragma omp for reduction(+ : sum)
    for (int i = 0; i < n; ++i)
      sum += i;
#pragma omp single
    work(1);
#pragma omp critical
    work(2);
#pragma omp task
    work(3);
#pragma omp cancel parallel
#pragma omp masked
    work(4);
#pragma omp barrier
  }
}

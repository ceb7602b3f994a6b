// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A program that replaces a global operator new keeps its own, with all of the
// family, even where the definition comes after the use.

// RUN: %clang_cc1 -triple x86_64-linux-gnu -std=c++17 -floco -emit-llvm \
// RUN:   -disable-llvm-passes %s -o %t.ll
// RUN: FileCheck %s < %t.ll
// RUN: FileCheck %s --check-prefix=NONE < %t.ll
// NONE-NOT: @__loco_{{new|delete}}

typedef __SIZE_TYPE__ size_t;
extern "C" void *malloc(size_t);
extern "C" void free(void *);

// CHECK-DAG: call {{.*}}ptr @_Znwm(i64 noundef 4)
int *make() { return new int; }
// CHECK-DAG: call {{.*}}ptr @_Znam(i64
char *make_n(size_t n) { return new char[n]; }
// CHECK-DAG: call void @_ZdlPvm(ptr
void drop(int *p) { delete p; }

// CHECK-DAG: call {{.*}}ptr @__loco_malloc(i64
void *operator new(size_t n) { return malloc(n); }
// CHECK-DAG: call void @__loco_free(ptr
void operator delete(void *p) noexcept { free(p); }

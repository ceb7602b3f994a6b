// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A program that replaces a global operator new keeps its own, with all of the
// family, even where the definition comes after the use.

// RUN: %clang_cc1 -triple x86_64-linux-gnu -std=c++17 -floco -emit-llvm \
// RUN:   -disable-llvm-passes %s -o - | FileCheck %s

typedef __SIZE_TYPE__ size_t;
extern "C" void *malloc(size_t);
extern "C" void free(void *);

// CHECK-NOT: @__loco_{{new|delete}}
// CHECK-LABEL: define {{.*}}@_Z4makev
// CHECK: call {{.*}}ptr @_Znwm(i64 noundef 4)
int *make() { return new int; }
// CHECK-LABEL: define {{.*}}@_Z7make_nm
// CHECK: call {{.*}}ptr @_Znam(
char *make_n(size_t n) { return new char[n]; }
// CHECK-LABEL: define {{.*}}@_Z4dropPi
// CHECK: call void @_ZdlPv
void drop(int *p) { delete p; }

// CHECK-LABEL: define {{.*}}@_Znwm
// CHECK: call {{.*}}ptr @__loco_malloc
void *operator new(size_t n) { return malloc(n); }
// CHECK-LABEL: define {{.*}}@_ZdlPv
// CHECK: call void @__loco_free
void operator delete(void *p) noexcept { free(p); }
// CHECK-NOT: @__loco_{{new|delete}}

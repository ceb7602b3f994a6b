// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// LLVM knows the functions of the LOCO heap for allocations: pairs that nobody
// looks at go, sizes are known, and the result aliases nothing.

// RUN: %clang_cc1 -triple x86_64-linux-gnu -std=c++17 -floco -O2 -emit-llvm %s \
// RUN:   -o - | FileCheck %s

typedef __SIZE_TYPE__ size_t;
extern "C" void *malloc(size_t);
extern "C" void *calloc(size_t, size_t);
extern "C" void free(void *);
void use(void *);

// CHECK-LABEL: define {{.*}}@_Z12unused_arrayv
// CHECK-NOT: __loco_malloc
// CHECK: ret i32 7
int unused_array() {
  int *p = (int *)malloc(40);
  p[3] = 7;
  int r = p[3];
  free(p);
  return r;
}

// CHECK-LABEL: define {{.*}}@_Z10unused_newv
// CHECK-NOT: __loco_new
// CHECK: ret i32 5
int unused_new() {
  int *p = new int(5);
  int r = *p;
  delete p;
  return r;
}

// CHECK-LABEL: define {{.*}}@_Z6directv
// CHECK: call {{.*}}@__loco_new
// CHECK: call {{.*}}@__loco_delete
void direct() { ::operator delete(::operator new(8)); }

// CHECK-LABEL: define {{.*}}@_Z11used_escapev
// CHECK: call {{.*}}@__loco_malloc
void used_escape() { use(malloc(16)); }

// CHECK-LABEL: define {{.*}}@_Z6zeroedv
// CHECK: ret i32 0
int zeroed() {
  int *p = (int *)calloc(10, 4);
  int r = p[9];
  free(p);
  return r;
}

// CHECK-LABEL: define {{.*}}@_Z4sizev
// CHECK: ret i64 48
size_t size() {
  void *p = malloc(48);
  size_t n = __builtin_object_size(p, 0);
  free(p);
  return n;
}

// CHECK-LABEL: define {{.*}}@_Z9not_alias
// CHECK: ret i32 1
int not_alias(int *q) {
  int *p = new int(1);
  *q = 2;
  int r = *p;
  use(p);
  return r;
}

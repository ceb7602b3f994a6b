// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A module that defines functions of these names keeps its own, wherever the
// definition stands, and so does one that says they are not the library's.

// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -emit-llvm -DSTATIC %s -o - \
// RUN:   -disable-llvm-passes | FileCheck %s --check-prefix=OWN
// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -emit-llvm -DGLOBAL %s -o - \
// RUN:   -disable-llvm-passes | FileCheck %s --check-prefix=OWN
// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -emit-llvm -fno-builtin %s \
// RUN:   -o - -disable-llvm-passes | FileCheck %s --check-prefix=OWN
// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -emit-llvm \
// RUN:   -fno-builtin-malloc %s -o - -disable-llvm-passes \
// RUN:   | FileCheck %s --check-prefix=NO-MALLOC
// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -emit-llvm -DATTRIBUTE %s \
// RUN:   -o - -disable-llvm-passes | FileCheck %s --check-prefix=NO-MALLOC

// OWN-NOT: __loco
// NO-MALLOC: call {{.*}}@malloc
// NO-MALLOC: call {{.*}}@__loco_free

typedef __SIZE_TYPE__ size_t;
#ifdef STATIC
static void *malloc(size_t n);
static void free(void *p);
#else
void *malloc(size_t n);
void free(void *p);
#endif

#ifdef ATTRIBUTE
__attribute__((no_builtin("malloc")))
#endif
int use(size_t n) {
  char *p = malloc(n);
  int r = p[0];
  free(p);
  return r;
}

#if defined(STATIC) || defined(GLOBAL)
static char pool[4096];
void *malloc(size_t n) { return pool + n; }
#endif
#ifdef STATIC
void free(void *p) {}
#endif

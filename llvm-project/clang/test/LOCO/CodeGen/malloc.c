// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls of the C allocation functions go to the LOCO heap.

// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -O1 -disable-llvm-passes \
// RUN:   -emit-llvm %s -o - | FileCheck %s
// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -O1 -disable-llvm-passes \
// RUN:   -x c++ -emit-llvm %s -o - | FileCheck %s
// RUN: %clang_cc1 -triple x86_64-linux-gnu -O1 -disable-llvm-passes \
// RUN:   -emit-llvm %s -o - | FileCheck %s --check-prefix=PLAIN
// PLAIN-NOT: __loco

#ifdef __cplusplus
extern "C" {
#endif
typedef __SIZE_TYPE__ size_t;
void *malloc(size_t n);
void *calloc(size_t count, size_t n);
void *realloc(void *p, size_t n);
void free(void *p);
void *aligned_alloc(size_t align, size_t n);
int posix_memalign(void **out, size_t align, size_t n);
char *strdup(const char *s);
char *strndup(const char *s, size_t n);

void *f_malloc(size_t n) { return malloc(n); }
// CHECK-LABEL: define {{.*}}ptr @f_malloc
// CHECK: call {{.*}}ptr @__loco_malloc(i64 {{[^)]*}}%{{[0-9]+}})

void *f_calloc(size_t c, size_t n) { return calloc(c, n); }
// CHECK-LABEL: define {{.*}}ptr @f_calloc
// CHECK: call {{.*}}ptr @__loco_calloc(i64 {{.*}}, i64 {{.*}})

void *f_realloc(void *p, size_t n) { return realloc(p, n); }
// CHECK-LABEL: define {{.*}}ptr @f_realloc
// CHECK: call {{.*}}ptr @__loco_realloc(ptr {{.*}}, i64 {{.*}})

void f_free(void *p) { free(p); }
// CHECK-LABEL: define {{.*}}void @f_free
// CHECK: call void @__loco_free(ptr {{.*}})

void *f_aligned_alloc(size_t a, size_t n) { return aligned_alloc(a, n); }
// CHECK-LABEL: define {{.*}}ptr @f_aligned_alloc
// CHECK: call {{.*}}ptr @__loco_aligned_alloc(i64 {{.*}}, i64 {{.*}})

int f_posix_memalign(void **p, size_t n) { return posix_memalign(p, 64, n); }
// CHECK-LABEL: define {{.*}}i32 @f_posix_memalign
// CHECK: call i32 @__loco_posix_memalign(ptr {{.*}}, i64 noundef 64, i64 {{.*}})

char *f_strdup(const char *s) { return strdup(s); }
// CHECK-LABEL: define {{.*}}ptr @f_strdup
// CHECK: call {{.*}}ptr @__loco_strdup(ptr {{.*}})

char *f_strndup(const char *s) { return strndup(s, 3); }
// CHECK-LABEL: define {{.*}}ptr @f_strndup
// CHECK: call {{.*}}ptr @__loco_strndup(ptr {{.*}}, i64 noundef 3)

void *f_builtin(size_t n) { return __builtin_malloc(n); }
// CHECK-LABEL: define {{.*}}ptr @f_builtin
// CHECK: call {{.*}}ptr @__loco_malloc(i64 {{.*}})

void *(*f_address(void))(size_t) { return malloc; }
// CHECK-LABEL: define {{.*}}ptr @f_address
// CHECK: ret ptr @malloc

void *f_late(size_t n) { void *p = malloc(n); free(p); return p; }
// CHECK-LABEL: define {{.*}}ptr @f_late
// CHECK: call {{.*}}@__loco_malloc
// CHECK: call {{.*}}@__loco_free
#ifdef __cplusplus
}
#endif

// What LLVM is told of them.
// CHECK-DAG: declare noalias ptr @__loco_malloc(i64) [[MALLOC:#[0-9]+]]
// CHECK-DAG: declare noalias ptr @__loco_calloc(i64, i64) [[CALLOC:#[0-9]+]]
// CHECK-DAG: declare noalias ptr @__loco_realloc(ptr allocptr nocapture, i64) [[REALLOC:#[0-9]+]]
// CHECK-DAG: declare void @__loco_free(ptr allocptr nocapture) [[FREE:#[0-9]+]]
// CHECK-DAG: declare noalias ptr @__loco_aligned_alloc(i64 allocalign, i64) [[ALIGNED:#[0-9]+]]
// CHECK-DAG: declare noalias ptr @__loco_strdup(ptr nocapture readonly) [[STRDUP:#[0-9]+]]
// CHECK-DAG: attributes [[MALLOC]] = { nounwind willreturn allockind("alloc,uninitialized") allocsize(0) memory(inaccessiblemem: readwrite) "alloc-family"="loco_malloc" }
// CHECK-DAG: attributes [[CALLOC]] = { nounwind willreturn allockind("alloc,zeroed") allocsize(0,1) memory(inaccessiblemem: readwrite) "alloc-family"="loco_malloc" }
// CHECK-DAG: attributes [[REALLOC]] = { nounwind willreturn allockind("realloc") allocsize(1) {{.*}}"alloc-family"="loco_malloc" }
// CHECK-DAG: attributes [[FREE]] = { nounwind willreturn allockind("free") memory(argmem: readwrite, inaccessiblemem: readwrite) "alloc-family"="loco_malloc" }
// CHECK-DAG: attributes [[ALIGNED]] = { nounwind willreturn allockind("alloc,uninitialized,aligned") allocsize(1) {{.*}}"alloc-family"="loco_malloc" }
// CHECK-DAG: attributes [[STRDUP]] = { nounwind willreturn allockind("alloc") {{.*}}"alloc-family"="loco_malloc" }

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// __builtin_loco_* are the functions of loco/abi.h.

// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -emit-llvm \
// RUN:   -disable-llvm-passes %s -o - | FileCheck %s
// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -emit-llvm \
// RUN:   -disable-llvm-passes %s -o - | FileCheck %s --check-prefix=ATTR
// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -emit-llvm -x c++ \
// RUN:   -disable-llvm-passes %s -o - | FileCheck %s

#ifdef __cplusplus
extern "C" {
#endif
typedef __SIZE_TYPE__ size_t;

// CHECK-LABEL: define {{.*}}@heap
// CHECK: call ptr @__loco_malloc(i64 8)
// CHECK: call ptr @__loco_calloc(i64 2, i64 4)
// CHECK: call ptr @__loco_realloc(ptr %{{.*}}, i64 9)
// CHECK: call void @__loco_free(ptr
// CHECK: call ptr @__loco_aligned_alloc(i64 64, i64 128)
// CHECK: call i32 @__loco_posix_memalign(ptr %{{.*}}, i64 64, i64 100)
// CHECK: call ptr @__loco_strdup(ptr
// CHECK: call ptr @__loco_strndup(ptr {{.*}}, i64 2)
void *heap(const char *s, void **out) {
  void *p = __builtin_loco_malloc(8);
  void *q = __builtin_loco_calloc(2, 4);
  p = __builtin_loco_realloc(p, 9);
  __builtin_loco_free(q);
  *out = __builtin_loco_aligned_alloc(64, 128);
  if (__builtin_loco_posix_memalign(out, 64, 100))
    return 0;
  __builtin_loco_strdup(s);
  __builtin_loco_strndup(s, 2);
  return p;
}

// CHECK-LABEL: define {{.*}}@where
// CHECK: call i32 @__loco_home(ptr %
// CHECK: call i32 @__loco_is_local(ptr %
// CHECK: call i32 @__loco_node()
// CHECK: call i32 @__loco_num_nodes()
// CHECK: call void @__loco_prefetch(ptr %{{.*}}, i64 %
int where(const double *p, size_t n) {
  int r = __builtin_loco_home(p) + __builtin_loco_is_local(p) +
          __builtin_loco_node() + __builtin_loco_num_nodes();
  __builtin_loco_prefetch(p, n * sizeof *p);
  return r;
}

// CHECK-LABEL: define {{.*}}@protocol
// CHECK: call void @__loco_release()
// CHECK: call void @__loco_acquire()
void protocol(void) {
  __builtin_loco_release();
  __builtin_loco_acquire();
}
#ifdef __cplusplus
}
#endif

// ATTR-DAG: declare void @__loco_release() [[BARRIER:#[0-9]+]]
// ATTR-DAG: declare void @__loco_acquire() [[BARRIER]]
// ATTR-DAG: declare i32 @__loco_node() [[CONSTANT:#[0-9]+]]
// ATTR-DAG: declare i32 @__loco_home(ptr nocapture) [[HOME:#[0-9]+]]
// ATTR-DAG: attributes [[BARRIER]] = { nounwind }
// ATTR-DAG: attributes [[CONSTANT]] = { nounwind willreturn memory(none) }
// ATTR-DAG: attributes [[HOME]] = { nounwind willreturn }

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every operator new and delete that is the library's goes to the LOCO heap.

// RUN: %clang_cc1 -triple x86_64-linux-gnu -std=c++20 -floco -emit-llvm \
// RUN:   -fexceptions -fcxx-exceptions -fsized-deallocation \
// RUN:   -disable-llvm-passes %s -o - | FileCheck %s

namespace std {
typedef __SIZE_TYPE__ size_t;
struct nothrow_t {};
extern const nothrow_t nothrow;
enum class align_val_t : size_t {};
} // namespace std
void *operator new(std::size_t, const std::nothrow_t &) noexcept;
void *operator new[](std::size_t, const std::nothrow_t &) noexcept;
void *operator new(std::size_t, std::align_val_t, const std::nothrow_t &) noexcept;
void operator delete(void *, const std::nothrow_t &) noexcept;
void *operator new(std::size_t, void *p) noexcept { return p; }

struct Plain {
  Plain();
  ~Plain();
  int X;
};
struct alignas(64) Aligned {
  int X;
};
struct Own {
  void *operator new(std::size_t);
  void operator delete(void *);
  ~Own();
};

// CHECK-LABEL: define {{.*}}@_Z5plainv
// CHECK: call noalias noundef nonnull ptr @__loco_new(i64 noundef 4) [[NEW:#[0-9]+]]
// CHECK: invoke void @_ZN5PlainC1Ev
// The constructor throws: what was allocated is deleted.
// CHECK: landingpad
// CHECK: call void @__loco_delete(ptr noundef %{{[^,]*}}) [[DELETE:#[0-9]+]]
Plain *plain() { return new Plain; }

// CHECK-LABEL: define {{.*}}@_Z5arraym
// CHECK: call noalias noundef nonnull ptr @__loco_new(i64 noundef %
double *array(std::size_t n) { return new double[n]; }

// CHECK-LABEL: define {{.*}}@_Z7alignedv
// CHECK: call {{.*}}ptr @__loco_new_aligned(i64 noundef 64, i64 noundef 64)
Aligned *aligned() { return new Aligned; }

// CHECK-LABEL: define {{.*}}@_Z7nothrowv
// CHECK: call {{.*}}ptr @__loco_new_nothrow(i64 noundef 8)
// CHECK: call {{.*}}ptr @__loco_new_aligned_nothrow(i64 noundef 64, i64 noundef 64)
void *nothrow() {
  new (std::nothrow) long;
  return new (std::nothrow) Aligned;
}

// CHECK-LABEL: define {{.*}}@_Z7destroy
// CHECK: call void @_ZN5PlainD1Ev
// CHECK: call void @__loco_delete(ptr noundef %{{[^,]*}}) [[DELETE]]
// CHECK: call void @__loco_delete(ptr noundef %{{[^,]*}}) [[DELETE]]
// CHECK: call void @__loco_delete(ptr noundef %{{[^,]*}}) [[DELETE]]
void destroy(Plain *p, double *d, Aligned *a) {
  delete p;
  delete[] d;
  delete a;
}

// Under try, an allocation that throws unwinds.
// CHECK-LABEL: define {{.*}}@_Z6unwindv
// CHECK: invoke noalias noundef nonnull ptr @__loco_new(i64 noundef 4)
// CHECK-NEXT: to label %{{.*}} unwind label %
int *unwind() {
  try {
    return new int;
  } catch (...) {
    return nullptr;
  }
}

// Direct calls of the operators may be observed: they are not marked.
// CHECK-LABEL: define {{.*}}@_Z6directm
// CHECK: call noalias noundef nonnull ptr @__loco_new(i64 noundef %{{[^)]*}}){{$}}
// CHECK: call void @__loco_delete(ptr noundef %{{[^)]*}}) [[DIRECT:#[0-9]+]]
void direct(std::size_t n) { ::operator delete(::operator new(n)); }

// CHECK-LABEL: define {{.*}}@_Z8by_allocm
// CHECK: call {{.*}}ptr @__loco_new(i64 noundef %{{[^)]*}}) [[NEW]]
void *by_alloc(std::size_t n) { return __builtin_operator_new(n); }

// CHECK-LABEL: define {{.*}}@_Z3ownv
// CHECK-NOT: __loco
// CHECK: call {{.*}}@_ZN3OwnnwEm
// CHECK-NOT: __loco
// CHECK: call {{.*}}@_ZN3OwndlEPv
// CHECK-NOT: __loco
// CHECK: ret void
void own() { delete new Own; }

// CHECK-LABEL: define {{.*}}@_Z9placementPv
// CHECK-NOT: __loco
// CHECK: ret ptr
int *placement(void *p) { return new (p) int; }

// CHECK-DAG: declare noalias nonnull ptr @__loco_new(i64) [[NEW_DECL:#[0-9]+]]
// CHECK-DAG: declare noalias nonnull ptr @__loco_new_aligned(i64, i64 allocalign) [[NEW_DECL]]
// CHECK-DAG: declare noalias ptr @__loco_new_nothrow(i64) [[NOTHROW_DECL:#[0-9]+]]
// CHECK-DAG: declare void @__loco_delete(ptr allocptr nocapture) [[DIRECT]]
// CHECK-DAG: attributes [[NEW_DECL]] = { allocsize(0) }
// CHECK-DAG: attributes [[NOTHROW_DECL]] = { nounwind allocsize(0) }
// CHECK-DAG: attributes [[NEW]] = { allockind("alloc,uninitialized") "alloc-family"="loco_new" }
// CHECK-DAG: attributes [[DELETE]] = { nounwind allockind("free") "alloc-family"="loco_new" }
// CHECK-DAG: attributes [[DIRECT]] = { nounwind }
// CHECK-NOT: declare {{.*}}@_Z{{n[aw]m|d[al]Pv}}

; Remote reads and writes in place of checks.
; RUN: opt -passes=loco-kvstore -verify-each -S %s | FileCheck %s
; Atomics and fences are loco-lower's; nothing marked is left behind it.
; RUN: opt -passes='loco-kvstore,loco-lower' -verify-each -S %s | FileCheck --check-prefix=LOWER %s

target triple = "x86_64-pc-linux-gnu"

; LOWER-NOT: addrspace(7)
; LOWER-NOT: call {{.*}} @__loco_load(
; LOWER-NOT: call {{.*}} @__loco_store(
; LOWER-NOT: call {{.*}} @__loco_touch(
; LOWER-NOT: call {{.*}} @__loco_volatile

; One node is one byte away from the plain access.
; CHECK-LABEL: define i32 @load(
; CHECK: [[BUFFER:%.*]] = alloca [4 x i8], align 64
; CHECK: load i8, ptr inttoptr (i64 2147450880 to ptr), align 1
; CHECK: br i1 %loco.multi, label %[[REMOTE:.*]], label %[[PLAIN:[^,]*]]
; CHECK: [[REMOTE]]:
; CHECK-NEXT: call void @__loco_kv_get(ptr %p, ptr [[BUFFER]], i64 4)
; CHECK-NEXT: [[V:%.*]] = load i32, ptr [[BUFFER]], align 64
; CHECK: [[PLAIN]]:
; CHECK-NEXT: [[W:%.*]] = load i32, ptr %p, align 4
; CHECK: phi i32 [ [[V]], %[[REMOTE]] ], [ [[W]], %[[PLAIN]] ]
define i32 @load(ptr %p) memory(argmem: read) nosync {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load i32, ptr addrspace(7) %r, align 4
  ret i32 %v
}

; CHECK-LABEL: define void @store(
; CHECK: [[BUFFER:%.*]] = alloca [10 x i8], align 64
; CHECK: store x86_fp80 %v, ptr [[BUFFER]], align 64
; CHECK-NEXT: call void @__loco_kv_put(ptr %p, ptr [[BUFFER]], i64 10)
; CHECK: store x86_fp80 %v, ptr %p, align 16
; Volatile or not.
; CHECK: call void @__loco_kv_put(ptr %p, ptr [[BUFFER]], i64 1)
; CHECK: store volatile i8 3, ptr %p
define void @store(ptr %p, x86_fp80 %v) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store x86_fp80 %v, ptr addrspace(7) %r, align 16
  store volatile i8 3, ptr addrspace(7) %r, align 1
  ret void
}

; Whichever side is marked.
; CHECK-LABEL: define void @ranges(
; CHECK: call void @__loco_kv_move(ptr %own, ptr %p, i64 %n)
; CHECK: call void @llvm.memcpy.p0.p0.i64(ptr %own, ptr %p, i64 %n, i1 false)
; CHECK: call void @__loco_kv_move(ptr %p, ptr %own, i64 7)
; CHECK: call void @llvm.memmove.p0.p0.i32(ptr %p, ptr %own, i32 7, i1 false)
; CHECK: [[BYTE:%.*]] = zext i8 %b to i32
; CHECK: call void @__loco_kv_fill(ptr %p, i32 [[BYTE]], i64 %n)
; CHECK: call void @llvm.memset.p0.i64(ptr %p, i8 %b, i64 %n, i1 true)
define void @ranges(ptr %p, i8 %b, i64 %n) {
  %own = alloca [100 x i8]
  %r = addrspacecast ptr %p to ptr addrspace(7)
  call void @llvm.memcpy.p0.p7.i64(ptr %own, ptr addrspace(7) %r, i64 %n, i1 false)
  call void @llvm.memmove.p7.p0.i32(ptr addrspace(7) %r, ptr %own, i32 7, i1 false)
  call void @llvm.memset.p7.i64(ptr addrspace(7) %r, i8 %b, i64 %n, i1 true)
  ret void
}

; A lane that is off is not accessed, and keeps what it had.
; CHECK-LABEL: define <2 x i64> @masked(
; CHECK: store <2 x i64> %old, ptr [[BUFFER:%.*]], align 64
; CHECK: [[ON:%.*]] = extractelement <2 x i1> %m, i64 0
; CHECK: br i1 [[ON]]
; CHECK: [[AT:%.*]] = getelementptr i8, ptr %p, i64 0
; CHECK: [[IN:%.*]] = getelementptr i8, ptr [[BUFFER]], i64 0
; CHECK: call void @__loco_kv_get(ptr [[AT]], ptr [[IN]], i64 8)
; CHECK: extractelement <2 x i1> %m, i64 1
; CHECK: getelementptr i8, ptr %p, i64 8
; CHECK: call void @__loco_kv_get(ptr
; CHECK: load <2 x i64>, ptr [[BUFFER]], align 64
; CHECK: call <2 x i64> @llvm.masked.load.v2i64.p0(
define <2 x i64> @masked(ptr %p, <2 x i1> %m, <2 x i64> %old) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = call <2 x i64> @llvm.masked.load.v2i64.p7(ptr addrspace(7) %r, i32 8, <2 x i1> %m, <2 x i64> %old)
  ret <2 x i64> %v
}

; CHECK-LABEL: define void @scatter(
; CHECK: store <2 x i32> %v, ptr [[BUFFER:%.*]], align 64
; CHECK: [[AT:%.*]] = extractelement <2 x ptr> %p, i64 0
; CHECK: call void @__loco_kv_put(ptr [[AT]], ptr {{%.*}}, i64 4)
; CHECK-NOT: extractelement <2 x ptr> %p, i64 1
; CHECK: call void @llvm.masked.scatter.v2i32.v2p0(
define void @scatter(<2 x ptr> %p, <2 x i32> %v) {
  %r = addrspacecast <2 x ptr> %p to <2 x ptr addrspace(7)>
  call void @llvm.masked.scatter.v2i32.v2p7(<2 x i32> %v, <2 x ptr addrspace(7)> %r, i32 4, <2 x i1> <i1 true, i1 false>)
  ret void
}

; CHECK-LABEL: define <2 x i32> @vector_length(
; CHECK: [[N:%.*]] = zext i32 %n to i64
; CHECK: [[IN:%.*]] = icmp ult i64 1, {{%.*}}
; CHECK: and i1 {{%.*}}, [[IN]]
; CHECK: call void @__loco_kv_get(
define <2 x i32> @vector_length(ptr %p, <2 x i1> %m, i32 %n) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = call <2 x i32> @llvm.vp.load.v2i32.p7(ptr addrspace(7) %r, <2 x i1> %m, i32 %n)
  ret <2 x i32> %v
}

; Left to loco-lower.
; CHECK-LABEL: define i32 @atomic(
; CHECK: atomicrmw add ptr addrspace(7) %r
; LOWER-LABEL: define i32 @atomic(
; LOWER: call i32 @__loco_atomic_rmw_4(
; LOWER: call void @__loco_fence(
define i32 @atomic(ptr %p) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = atomicrmw add ptr addrspace(7) %r, i32 1 seq_cst, align 4
  fence seq_cst
  ret i32 %v
}

declare void @llvm.memcpy.p0.p7.i64(ptr, ptr addrspace(7), i64, i1)
declare void @llvm.memmove.p7.p0.i32(ptr addrspace(7), ptr, i32, i1)
declare void @llvm.memset.p7.i64(ptr addrspace(7), i8, i64, i1)
declare <2 x i64> @llvm.masked.load.v2i64.p7(ptr addrspace(7), i32, <2 x i1>, <2 x i64>)
declare void @llvm.masked.scatter.v2i32.v2p7(<2 x i32>, <2 x ptr addrspace(7)>, i32, <2 x i1>)
declare <2 x i32> @llvm.vp.load.v2i32.p7(ptr addrspace(7), <2 x i1>, i32)

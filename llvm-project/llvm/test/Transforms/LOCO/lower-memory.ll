; mem* intrinsics and vector accesses under a mask.
; RUN: opt -passes=loco-lower -verify-each -S %s | FileCheck %s

target triple = "x86_64-pc-linux-gnu"

; Of unknown length: two ranges, where there are several nodes.
; CHECK-LABEL: define void @copy(
; CHECK: load i8, ptr inttoptr (i64 2147450880 to ptr), align 1
; CHECK: br i1
; CHECK: call preserve_mostcc void @__loco_touch(ptr %p, i64 %n, i32 1)
; CHECK-NEXT: call preserve_mostcc void @__loco_touch(ptr %q, i64 %n, i32 0)
; CHECK: call void @llvm.memcpy.p0.p0.i64(ptr align 8 %p, ptr %q, i64 %n, i1 false)
define void @copy(ptr %p, ptr %q, i64 %n) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %s = addrspacecast ptr %q to ptr addrspace(7)
  call void @llvm.memcpy.p7.p7.i64(ptr addrspace(7) align 8 %r, ptr addrspace(7) %s, i64 %n, i1 false)
  ret void
}

; Short ones in line, only the side that is marked.
; CHECK-LABEL: define void @short(
; CHECK-NOT: inttoptr (i64 2147450880
; CHECK: call preserve_mostcc void @__loco_load(ptr %q, i64 24)
; CHECK-NOT: @__loco
; CHECK: call void @llvm.memmove.p0.p0.i64(ptr %own, ptr %q, i64 24, i1 false)
; CHECK: call preserve_mostcc void @__loco_store(ptr %q, i64 200)
; CHECK: getelementptr i8, ptr %q, i64 199
; CHECK: call preserve_mostcc void @__loco_store(ptr {{%.*}}, i64 1)
; CHECK: call void @llvm.memset.p0.i64(ptr %q, i8 0, i64 200, i1 false)
define void @short(ptr %q) {
  %own = alloca [24 x i8]
  %s = addrspacecast ptr %q to ptr addrspace(7)
  call void @llvm.memmove.p0.p7.i64(ptr %own, ptr addrspace(7) %s, i64 24, i1 false)
  call void @llvm.memset.p7.i64(ptr addrspace(7) %s, i8 0, i64 200, i1 false)
  call void @llvm.memset.p7.i64(ptr addrspace(7) %s, i8 0, i64 0, i1 false)
  ret void
}

; CHECK-LABEL: define <4 x i32> @masked(
; CHECK: br i1 %loco.multi
; CHECK: [[ANY:%.*]] = call i1 @llvm.vector.reduce.or.v4i1(<4 x i1> %m)
; CHECK: br i1 [[ANY]]
; CHECK: [[LAST:%.*]] = getelementptr i8, ptr %p, i64 15
; CHECK: icmp ugt i8 {{%.*}}, 1
; CHECK: ptrtoint ptr [[LAST]] to i64
; CHECK: icmp ugt i8 {{%.*}}, 1
; CHECK: call preserve_mostcc void @__loco_touch(ptr %p, i64 16, i32 0)
; CHECK: call <4 x i32> @llvm.masked.load.v4i32.p0(ptr %p, i32 4, <4 x i1> %m, <4 x i32> poison)
; CHECK: icmp ugt i8 {{%.*}}, 0
; CHECK: call preserve_mostcc void @__loco_touch(ptr %p, i64 16, i32 1)
; CHECK: call void @llvm.masked.store.v4i32.p0(
define <4 x i32> @masked(ptr %p, <4 x i1> %m) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = call <4 x i32> @llvm.masked.load.v4i32.p7(ptr addrspace(7) %r, i32 4, <4 x i1> %m, <4 x i32> poison)
  call void @llvm.masked.store.v4i32.p7(<4 x i32> %v, ptr addrspace(7) %r, i32 4, <4 x i1> %m)
  ret <4 x i32> %v
}

; Lane by lane; a lane that is off may hold any address.
; CHECK-LABEL: define <2 x i64> @gather(
; CHECK: br i1 %loco.multi
; CHECK: [[M0:%.*]] = extractelement <2 x i1> %m, i64 0
; CHECK: [[P0:%.*]] = extractelement <2 x ptr> %ps, i64 0
; CHECK: [[S0:%.*]] = select i1 [[M0]], ptr [[P0]], ptr null
; CHECK: ptrtoint ptr [[S0]] to i64
; CHECK: and i1 [[M0]]
; CHECK: call preserve_mostcc void @__loco_load(ptr [[S0]], i64 8)
; CHECK: extractelement <2 x i1> %m, i64 1
; CHECK: call preserve_mostcc void @__loco_load(
; CHECK: call <2 x i64> @llvm.masked.gather.v2i64.v2p0(<2 x ptr> %ps, i32 8, <2 x i1> %m
; CHECK: call preserve_mostcc void @__loco_store(
; CHECK: call preserve_mostcc void @__loco_store(
; CHECK: call void @llvm.masked.scatter.v2i64.v2p0(
define <2 x i64> @gather(<2 x ptr> %ps, <2 x i1> %m) {
  %r = addrspacecast <2 x ptr> %ps to <2 x ptr addrspace(7)>
  %v = call <2 x i64> @llvm.masked.gather.v2i64.v2p7(<2 x ptr addrspace(7)> %r, i32 8, <2 x i1> %m, <2 x i64> poison)
  call void @llvm.masked.scatter.v2i64.v2p7(<2 x i64> %v, <2 x ptr addrspace(7)> %r, i32 8, <2 x i1> %m)
  ret <2 x i64> %v
}

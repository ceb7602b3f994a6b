; What may be remote takes an addrspace(7) pointer; what stays on this node
; keeps address space 0.
; RUN: opt -passes=loco-tag -verify-each -S %s | FileCheck %s

target triple = "x86_64-pc-linux-gnu"

@variable = global i32 1
@elsewhere = external global i32
@constant = constant [4 x i32] [i32 1, i32 2, i32 3, i32 4]
@per_thread = thread_local global i32 1

; CHECK-LABEL: define i32 @plain(
; CHECK: [[P:%.*]] = addrspacecast ptr %p to ptr addrspace(7)
; CHECK: load i32, ptr addrspace(7) [[P]], align 4
; CHECK: [[Q:%.*]] = addrspacecast ptr %q to ptr addrspace(7)
; CHECK: store i32 %v, ptr addrspace(7) [[Q]], align 4
; CHECK: store i32 %v, ptr addrspace(7) addrspacecast (ptr @variable to ptr addrspace(7)), align 4
; CHECK: load i32, ptr addrspace(7) addrspacecast (ptr @elsewhere to ptr addrspace(7)), align 4
define i32 @plain(ptr %p, ptr %q) {
  %v = load i32, ptr %p, align 4
  %g = getelementptr i8, ptr %q, i64 4
  store i32 %v, ptr %q, align 4
  store i32 %v, ptr @variable, align 4
  %w = load i32, ptr @elsewhere, align 4
  ret i32 %w
}

; CHECK-LABEL: define i32 @own(
; CHECK-NOT: addrspace(7)
; CHECK: ret i32
define i32 @own(ptr byval(i32) %arg, i64 %i, i1 %c) {
  %a = alloca [8 x i32], align 4
  %b = alloca [8 x i32], align 4
  %p = getelementptr [8 x i32], ptr %a, i64 0, i64 %i
  %s = select i1 %c, ptr %p, ptr %b
  store i32 1, ptr %s, align 4
  call void @escape(ptr %a)
  %k = getelementptr [4 x i32], ptr @constant, i64 0, i64 %i
  %x = load i32, ptr %k, align 4
  %t = call ptr @llvm.threadlocal.address.p0(ptr @per_thread)
  store i32 %x, ptr %t, align 4
  %y = load i32, ptr %arg, align 4
  call void @llvm.memset.p0.i64(ptr %a, i8 0, i64 32, i1 false)
  ret i32 %y
}

; One of two objects may be remote.
; CHECK-LABEL: define void @either(
; CHECK: store i32 1, ptr addrspace(7)
define void @either(ptr %q, i1 %c) {
  %a = alloca i32, align 4
  %s = select i1 %c, ptr %a, ptr %q
  store i32 1, ptr %s, align 4
  ret void
}

; A slot of a vtable is constant, the pointer to the vtable is not.
; CHECK-LABEL: define void @virtual_call(
; CHECK: %vtable = load ptr, ptr addrspace(7) {{.*}}, align 8, !tbaa
; CHECK: %fn = load ptr, ptr %slot, align 8
define void @virtual_call(ptr %object) {
  %vtable = load ptr, ptr %object, align 8, !tbaa !0
  %slot = getelementptr ptr, ptr %vtable, i64 2
  %fn = load ptr, ptr %slot, align 8
  call void %fn(ptr %object)
  ret void
}

; An atomic orders other memory too: it stays unmarked only where no other
; thread can look.
; CHECK-LABEL: define void @atomics(
; CHECK: atomicrmw add ptr addrspace(7) {{%.*}}, i32 1 seq_cst
; CHECK: store atomic i32 1, ptr addrspace(7) {{%.*}} release, align 4
; CHECK: cmpxchg ptr %private, i32 0, i32 1 seq_cst seq_cst
; CHECK: cmpxchg ptr addrspace(7) {{%.*}}, i32 0, i32 1 seq_cst seq_cst
define void @atomics(ptr %p) {
  %private = alloca i32, align 4
  %shared = alloca i32, align 4
  call void @escape(ptr %shared)
  %r = atomicrmw add ptr %p, i32 1 seq_cst, align 4
  store atomic i32 1, ptr %shared release, align 4
  %c = cmpxchg ptr %private, i32 0, i32 1 seq_cst seq_cst, align 4
  %d = cmpxchg ptr %p, i32 0, i32 1 seq_cst seq_cst, align 4
  ret void
}

; CHECK-LABEL: define void @memory(
; CHECK: call void @llvm.memcpy.p7.p0.i64(ptr addrspace(7) {{.*}}, ptr {{.*}}%a, i64 %n, i1 false)
; CHECK: call void @llvm.memmove.p7.p7.i64(
; CHECK: call void @llvm.memset.p7.i64(
; CHECK: call void @llvm.memset.inline.p7.i64(
; CHECK: call void @llvm.memcpy.inline.p7.p7.i64(
; CHECK: call void @llvm.memcpy.element.unordered.atomic.p7.p7.i64(
define void @memory(ptr %p, ptr %q, i64 %n) {
  %a = alloca [64 x i8], align 1
  call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %a, i64 %n, i1 false)
  call void @llvm.memmove.p0.p0.i64(ptr %p, ptr %q, i64 %n, i1 false)
  call void @llvm.memset.p0.i64(ptr %p, i8 0, i64 %n, i1 true)
  call void @llvm.memset.inline.p0.i64(ptr %p, i8 0, i64 8, i1 false)
  call void @llvm.memcpy.inline.p0.p0.i64(ptr %p, ptr %q, i64 8, i1 false)
  call void @llvm.memcpy.element.unordered.atomic.p0.p0.i64(ptr align 4 %p, ptr align 4 %q, i64 %n, i32 4)
  ret void
}

; CHECK-LABEL: define void @vectors(
; CHECK: call <4 x i32> @llvm.masked.load.v4i32.p7(ptr addrspace(7)
; CHECK: call void @llvm.masked.store.v4i32.p7(<4 x i32> %v, ptr addrspace(7)
; CHECK: call <4 x i32> @llvm.masked.gather.v4i32.v4p7(<4 x ptr addrspace(7)>
; CHECK: call void @llvm.masked.scatter.v4i32.v4p7(<4 x i32> %g, <4 x ptr addrspace(7)>
; CHECK: call void @loco.ready(ptr addrspace(7) {{%.*}}, i64 16, i32 0)
; CHECK: call <4 x i32> @llvm.masked.expandload.v4i32(ptr %p,
; CHECK: call void @loco.ready(ptr addrspace(7) {{%.*}}, i64 16, i32 1)
; CHECK: call void @llvm.masked.compressstore.v4i32(<4 x i32> %e, ptr %p,
; CHECK: call void @loco.ready(ptr addrspace(7) {{%.*}}, i64 16, i32 1)
; CHECK: call void @llvm.x86.sse2.maskmov.dqu(<16 x i8> %b, <16 x i8> %b, ptr %p)
define void @vectors(ptr %p, <4 x ptr> %ps, <4 x i1> %m, <16 x i8> %b) {
  %v = call <4 x i32> @llvm.masked.load.v4i32.p0(ptr %p, i32 4, <4 x i1> %m, <4 x i32> poison)
  call void @llvm.masked.store.v4i32.p0(<4 x i32> %v, ptr %p, i32 4, <4 x i1> %m)
  %g = call <4 x i32> @llvm.masked.gather.v4i32.v4p0(<4 x ptr> %ps, i32 4, <4 x i1> %m, <4 x i32> poison)
  call void @llvm.masked.scatter.v4i32.v4p0(<4 x i32> %g, <4 x ptr> %ps, i32 4, <4 x i1> %m)
  %e = call <4 x i32> @llvm.masked.expandload.v4i32(ptr %p, <4 x i1> %m, <4 x i32> poison)
  call void @llvm.masked.compressstore.v4i32(<4 x i32> %e, ptr %p, <4 x i1> %m)
  call void @llvm.x86.sse2.maskmov.dqu(<16 x i8> %b, <16 x i8> %b, ptr %p)
  ret void
}

; What the caller copies, and what inline asm names.
; CHECK-LABEL: define void @operands(
; CHECK: call void @loco.ready(ptr addrspace(7) {{%.*}}, i64 400, i32 0)
; CHECK: call void @by_value(ptr byval([100 x i32]) %p)
; CHECK: call void @loco.ready(ptr addrspace(7) {{%.*}}, i64 4, i32 1)
; CHECK: call void @loco.ready(ptr addrspace(7) {{%.*}}, i64 8, i32 0)
; CHECK: call void asm "
; CHECK: call void @loco.ready(ptr addrspace(7) {{%.*}}, i64 24, i32 1)
; CHECK: va_arg ptr %p, i32
; CHECK: call void @llvm.prefetch.p0(ptr %p, i32 0, i32 3, i32 1)
define void @operands(ptr %p, ptr %q) {
  call void @by_value(ptr byval([100 x i32]) %p)
  call void asm "movl $1, %eax; movl %eax, $0", "=*m,*m,~{eax}"(ptr elementtype(i32) %p, ptr elementtype(i64) %q)
  %v = va_arg ptr %p, i32
  call void @llvm.prefetch.p0(ptr %p, i32 0, i32 3, i32 1)
  ret void
}

; Where there is no place behind it, the check comes before.
; CHECK-LABEL: define i32 @terminators(
; CHECK: call void @loco.ready(ptr addrspace(7) {{%.*}}, i64 400, i32 0)
; CHECK-NEXT: invoke void @by_value(
define i32 @terminators(ptr %p) personality ptr @__gxx_personality_v0 {
  invoke void @by_value(ptr byval([100 x i32]) %p) to label %ok unwind label %lpad
ok:
  ret i32 0
lpad:
  %e = landingpad { ptr, i32 } cleanup
  ret i32 1
}

; CHECK-LABEL: define void @must_tail(
; CHECK: call void @loco.ready(ptr addrspace(7) {{%.*}}, i64 400, i32 0)
; CHECK-NEXT: musttail call void @by_value(
; CHECK-NEXT: ret void
define void @must_tail(ptr byval([100 x i32]) %unused) {
  %p = load ptr, ptr @pointer
  musttail call void @by_value(ptr byval([100 x i32]) %p)
  ret void
}
@pointer = global ptr null

; libloco's own code, naked functions, and what shall not be instrumented.
; CHECK-LABEL: define i32 @__loco_something(
; CHECK-NOT: addrspace(7)
; CHECK-LABEL: define i32 @refused(
; CHECK-NOT: addrspace(7)
; CHECK-LABEL: define ptr @resolver(
; CHECK-NOT: addrspace(7)
; CHECK: ret ptr
define i32 @__loco_something(ptr %p) {
  %v = load i32, ptr %p, align 4
  ret i32 %v
}
define i32 @refused(ptr %p) disable_sanitizer_instrumentation {
  %v = load i32, ptr %p, align 4
  ret i32 %v
}
; An ifunc's resolver runs before there is a shadow.
define ptr @resolver() {
  %v = load ptr, ptr @pointer
  ret ptr %v
}
@chosen = ifunc void (), ptr @resolver

declare void @escape(ptr)
declare void @by_value(ptr byval([100 x i32]))
declare i32 @__gxx_personality_v0(...)
declare ptr @llvm.threadlocal.address.p0(ptr)

!0 = !{!1, !1, i64 0}
!1 = !{!"vtable pointer", !2, i64 0}
!2 = !{!"Simple C++ TBAA"}

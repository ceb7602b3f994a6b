; Functions that do not synchronise, whoever they call, get an attribute, and
; calls of them end no region.
; RUN: opt -passes='loco-acquire,function(loco-hoist)' -verify-each -S %s | FileCheck %s

target triple = "x86_64-pc-linux-gnu"

; CHECK: define linkonce_odr double @leaf(double %x) [[QUIET:#[0-9]+]]
define linkonce_odr double @leaf(double %x) {
  %p = call ptr @__loco_malloc(i64 8)
  call void @__loco_free(ptr %p)
  %y = call double @exp(double %x)
  ret double %y
}

; CHECK: define internal double @even(double %x, i32 %n) [[QUIET]]
; CHECK: define internal double @odd(double %x, i32 %n) [[QUIET]]
define internal double @even(double %x, i32 %n) {
  %more = icmp sgt i32 %n, 0
  br i1 %more, label %deeper, label %done
deeper:
  %m = sub i32 %n, 1
  %y = call double @odd(double %x, i32 %m)
  ret double %y
done:
  %z = call double @leaf(double %x)
  ret double %z
}
define internal double @odd(double %x, i32 %n) {
  %y = call double @even(double %x, i32 %n)
  ret double %y
}

; What throws does not come back.
; CHECK: define void @throws(i1 %c) [[QUIET]]
define void @throws(i1 %c) {
  br i1 %c, label %bad, label %good
bad:
  call void @__cxa_throw(ptr null, ptr null, ptr null)
  unreachable
good:
  ret void
}

; CHECK-NOT: [[QUIET]]
; CHECK: define void @unknown_call()
define void @unknown_call() {
  call void @may_synchronise()
  ret void
}
define void @calls_one_that_does() {
  call void @unknown_call()
  ret void
}
define void @pointer(ptr %f) {
  call void %f()
  ret void
}
define i32 @atomic(ptr %p) {
  %v = load atomic i32, ptr %p acquire, align 4
  ret i32 %v
}
define void @barrier() {
  call void @__kmpc_barrier(ptr null, i32 0)
  ret void
}
; The linker may take another one.
define weak void @replaceable() {
  ret void
}
; Two that call each other, and one of them what may synchronise.
define internal void @ping() {
  call void @pong()
  ret void
}
define internal void @pong() {
  call void @ping()
  call void @may_synchronise()
  ret void
}

; CHECK-LABEL: define i32 @over_calls(
; CHECK: load i32, ptr addrspace(7)
; CHECK: call double @odd(
; CHECK-NEXT: load i32, ptr %p, align 4
; CHECK: call void @calls_one_that_does(
; CHECK: load i32, ptr addrspace(7)
define i32 @over_calls(ptr %p) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %a = load i32, ptr addrspace(7) %r, align 4
  %y = call double @odd(double 1.0, i32 7)
  %s = addrspacecast ptr %p to ptr addrspace(7)
  %b = load i32, ptr addrspace(7) %s, align 4
  call void @calls_one_that_does()
  call void @replaceable()
  call void @ping()
  %t = addrspacecast ptr %p to ptr addrspace(7)
  %c = load i32, ptr addrspace(7) %t, align 4
  ret i32 %c
}

; A loop around such a call has its range checked before it.
; CHECK-LABEL: define void @loop_over_calls(
; CHECK: call preserve_mostcc void @__loco_touch(
; CHECK: loop:
; CHECK-NOT: addrspace(7)
; CHECK: ret void
define void @loop_over_calls(ptr %a, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %p = getelementptr inbounds double, ptr %a, i64 %i
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load double, ptr addrspace(7) %r, align 8
  %y = call double @leaf(double %v)
  %s = addrspacecast ptr %p to ptr addrspace(7)
  store double %y, ptr addrspace(7) %s, align 8
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %end
end:
  ret void
}

; CHECK: attributes [[QUIET]] = { "loco-no-acquire" }

declare ptr @__loco_malloc(i64)
declare void @__loco_free(ptr)
declare double @exp(double)
declare void @__cxa_throw(ptr, ptr, ptr) noreturn
declare void @may_synchronise()
declare void @__kmpc_barrier(ptr, i32)

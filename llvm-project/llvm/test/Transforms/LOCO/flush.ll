; A loop that waits by flushing: for what all others may know, it ends in an acquire of
; all that other nodes have stored, on each way out; loops around it, and flushes outside of loops, do not.
; RUN: opt -passes=loco-flush -verify-each -S %s | FileCheck %s

target triple = "x86_64-pc-linux-gnu"
@flag = global i32 0
@loc = external global [24 x i8]

; CHECK-LABEL: define i32 @wait(
; CHECK: each:
; CHECK-NOT: @__loco_acquire_from_all
; CHECK: call void @__kmpc_flush(
; CHECK: ready:
; CHECK-NEXT: call void @__loco_acquire_from_all() [[NOUNWIND:#[0-9]+]]
; CHECK-NEXT: %next = add
; CHECK-NEXT: br label %each
; CHECK: given_up:
; CHECK-NEXT: %n = phi
; CHECK-NEXT: call void @__loco_acquire_from_all() [[NOUNWIND]]
; CHECK-NEXT: ret i32 %n
; CHECK-NOT: @__loco_acquire_from_all
; CHECK: ret i32 0
define i32 @wait(i32 %rounds) {
entry:
  br label %each
each:
  %round = phi i32 [ 0, %entry ], [ %next, %ready ]
  %more = icmp slt i32 %round, %rounds
  br i1 %more, label %test, label %done
test:
  %tries = phi i32 [ 0, %each ], [ %tried, %again ]
  %is = load i32, ptr @flag
  %set = icmp ne i32 %is, 0
  br i1 %set, label %ready, label %again
again:
  %tried = add i32 %tries, 1
  call void @__kmpc_flush(ptr @loc)
  %enough = icmp eq i32 %tried, 1000
  br i1 %enough, label %given_up, label %test
ready:
  %next = add i32 %round, 1
  br label %each
given_up:
  %n = phi i32 [ %round, %again ]
  ret i32 %n
done:
  ret i32 0
}

; CHECK-LABEL: define void @once(
; CHECK-NOT: @__loco_acquire_from_all
; CHECK: ret void
define void @once() {
  call void @__kmpc_flush(ptr @loc)
  ret void
}

; For what this module alone knows, that becomes atomic, everywhere.
@own = internal global [8 x i32] zeroinitializer
; CHECK-LABEL: define void @wait_for_own(
; CHECK: test:
; CHECK: load atomic i32, ptr %p acquire, align 4
; CHECK-NOT: call
; CHECK: ret void
define void @wait_for_own(i64 %i) {
entry:
  %i.addr = alloca i64
  store i64 %i, ptr %i.addr
  br label %test
test:
  %at = load i64, ptr %i.addr
  %p = getelementptr [8 x i32], ptr @own, i64 0, i64 %at
  %is = load i32, ptr %p, align 4
  %set = icmp ne i32 %is, 0
  br i1 %set, label %ready, label %again
again:
  call void @__kmpc_flush(ptr @loc)
  br label %test
ready:
  ret void
}
; CHECK-LABEL: define void @set_own(
; CHECK: store atomic i32 1, ptr getelementptr (i8, ptr @own, i64 4) release, align 4
define void @set_own() {
  store i32 1, ptr getelementptr (i8, ptr @own, i64 4), align 4
  ret void
}

; Its address goes elsewhere: who knows what is done there.
@shown = internal global i32 0
; CHECK-LABEL: define void @wait_for_shown(
; CHECK: load i32, ptr @shown
; CHECK: call void @__kmpc_flush(
; CHECK: call void @__loco_acquire_from_all()
define void @wait_for_shown() {
entry:
  br label %test
test:
  %is = load i32, ptr @shown, align 4
  %set = icmp ne i32 %is, 0
  br i1 %set, label %ready, label %again
again:
  call void @__kmpc_flush(ptr @loc)
  br label %test
ready:
  ret void
}
define ptr @show() {
  ret ptr @shown
}

; Here the loop does something else as well.
@sum = internal global i32 0
; CHECK-LABEL: define void @wait_and_sum(
; CHECK: store i32 %more, ptr @sum
; CHECK: call void @__kmpc_flush(
; CHECK: call void @__loco_acquire_from_all()
define void @wait_and_sum() {
entry:
  br label %test
test:
  %old = load i32, ptr @sum, align 4
  %more = add i32 %old, 1
  store i32 %more, ptr @sum, align 4
  %set = icmp sgt i32 %more, 100
  br i1 %set, label %ready, label %again
again:
  call void @__kmpc_flush(ptr @loc)
  br label %test
ready:
  ret void
}

declare void @__kmpc_flush(ptr)
; CHECK: attributes [[NOUNWIND]] = { nounwind }

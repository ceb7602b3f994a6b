; A loop that flushes ends in an acquire of all that other nodes have stored, on each
; way out; loops around it, and flushes outside of loops, do not.
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

declare void @__kmpc_flush(ptr)
; CHECK: attributes [[NOUNWIND]] = { nounwind }

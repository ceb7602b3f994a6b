; An access whose block was checked before needs no check.
; RUN: opt -passes=loco-hoist -verify-each -S %s | FileCheck %s

target triple = "x86_64-pc-linux-gnu"

; One check of an object, by its first access, and one for what is written.
; CHECK-LABEL: define i32 @fields(
; CHECK: load i32, ptr addrspace(7)
; CHECK: load i32, ptr %p8, align 4
; CHECK: store i32 1, ptr addrspace(7)
; CHECK: store i32 2, ptr %p8, align 4
; CHECK: load i32, ptr %p16, align 4
; CHECK: load i32, ptr addrspace(7)
define i32 @fields(ptr %p) {
  %p8 = getelementptr i8, ptr %p, i64 8
  %p16 = getelementptr i8, ptr %p, i64 16
  %p400 = getelementptr i8, ptr %p, i64 400
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %a = load i32, ptr addrspace(7) %r, align 4
  %r8 = addrspacecast ptr %p8 to ptr addrspace(7)
  %b = load i32, ptr addrspace(7) %r8, align 4
  %r16 = addrspacecast ptr %p16 to ptr addrspace(7)
  store i32 1, ptr addrspace(7) %r16, align 4
  %s8 = addrspacecast ptr %p8 to ptr addrspace(7)
  store i32 2, ptr addrspace(7) %s8, align 4
  %s16 = addrspacecast ptr %p16 to ptr addrspace(7)
  %c = load i32, ptr addrspace(7) %s16, align 4
  ; Too far off to lie in the same block for sure.
  %r400 = addrspacecast ptr %p400 to ptr addrspace(7)
  %d = load i32, ptr addrspace(7) %r400, align 4
  ret i32 %d
}

; An aligned object may be larger.
; CHECK-LABEL: define i32 @aligned(
; CHECK: load i32, ptr addrspace(7)
; CHECK: load i32, ptr %p400, align 4
define i32 @aligned(ptr align 512 %p) {
  %p400 = getelementptr i8, ptr %p, i64 400
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %a = load i32, ptr addrspace(7) %r, align 4
  %r400 = addrspacecast ptr %p400 to ptr addrspace(7)
  %d = load i32, ptr addrspace(7) %r400, align 4
  ret i32 %d
}

; What is loaded and stored back is checked once, as a store.
; CHECK-LABEL: define void @update(
; CHECK: [[R:%.*]] = addrspacecast ptr %p to ptr addrspace(7)
; CHECK: call void @loco.ready(ptr addrspace(7) [[R]], i64 4, i32 1)
; CHECK-NEXT: %v = load i32, ptr %p, align 4
; CHECK: store i32 %w, ptr %p, align 4
define void @update(ptr %p) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load i32, ptr addrspace(7) %r, align 4
  %w = add i32 %v, 1
  %s = addrspacecast ptr %p to ptr addrspace(7)
  store i32 %w, ptr addrspace(7) %s, align 4
  ret void
}

; A call, an acquire: the block may be gone.
; CHECK-LABEL: define i32 @calls(
; CHECK: load i32, ptr addrspace(7)
; CHECK: call void @may_synchronise()
; CHECK: load i32, ptr addrspace(7)
; CHECK: fence acquire
; CHECK: load i32, ptr addrspace(7)
; CHECK: call double @exp(
; CHECK: load i32, ptr %p
define i32 @calls(ptr %p) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %a = load i32, ptr addrspace(7) %r, align 4
  call void @may_synchronise()
  %s = addrspacecast ptr %p to ptr addrspace(7)
  %b = load i32, ptr addrspace(7) %s, align 4
  fence acquire
  %t = addrspacecast ptr %p to ptr addrspace(7)
  %c = load i32, ptr addrspace(7) %t, align 4
  %e = call double @exp(double 1.0)
  %u = addrspacecast ptr %p to ptr addrspace(7)
  %d = load i32, ptr addrspace(7) %u, align 4
  ret i32 %d
}

; Over branches: where no way there calls anything.
; CHECK-LABEL: define i32 @branches(
; CHECK: entry:
; CHECK: load i32, ptr addrspace(7)
; CHECK: join:
; CHECK-NEXT: load i32, ptr %p, align 4
; CHECK: join2:
; CHECK: load i32, ptr addrspace(7)
define i32 @branches(ptr %p, i1 %c) {
entry:
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %a = load i32, ptr addrspace(7) %r, align 4
  br i1 %c, label %left, label %join
left:
  br label %join
join:
  %s = addrspacecast ptr %p to ptr addrspace(7)
  %b = load i32, ptr addrspace(7) %s, align 4
  br i1 %c, label %calls, label %join2
calls:
  call void @may_synchronise()
  br label %join2
join2:
  %t = addrspacecast ptr %p to ptr addrspace(7)
  %d = load i32, ptr addrspace(7) %t, align 4
  ret i32 %d
}

; Atomics and volatile accesses are not ours to touch.
; CHECK-LABEL: define void @special(
; CHECK: store i32 1, ptr addrspace(7)
; CHECK: load atomic i32, ptr addrspace(7)
; CHECK: load volatile i32, ptr addrspace(7)
define void @special(ptr %p) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store i32 1, ptr addrspace(7) %r, align 4
  %a = load atomic i32, ptr addrspace(7) %r monotonic, align 4
  %b = load volatile i32, ptr addrspace(7) %r, align 4
  ret void
}

; A store that comes for certain: one check, at the load.
; CHECK-LABEL: define void @certain_store(
; CHECK: entry:
; CHECK: call void @loco.ready(ptr addrspace(7) {{%.*}}, i64 4, i32 1)
; CHECK-NEXT: load i32, ptr %p
; CHECK: join:
; CHECK-NOT: addrspace(7)
; CHECK: ret void
define void @certain_store(ptr %p, i1 %c) {
entry:
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load i32, ptr addrspace(7) %r, align 4
  br i1 %c, label %left, label %join
left:
  %w = mul i32 %v, 3
  br label %join
join:
  %x = phi i32 [ %v, %entry ], [ %w, %left ]
  %s = addrspacecast ptr %p to ptr addrspace(7)
  store i32 %x, ptr addrspace(7) %s, align 4
  ret void
}

; One that may not come, or comes behind a loop of loads, has its own.
; CHECK-LABEL: define void @uncertain_store(
; CHECK-NOT: loco.ready
; CHECK: store i32 1, ptr addrspace(7)
; CHECK: store i32 2, ptr addrspace(7)
define void @uncertain_store(ptr %p, i1 %c) {
entry:
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load i32, ptr addrspace(7) %r, align 4
  br i1 %c, label %left, label %loop
left:
  %s = addrspacecast ptr %p to ptr addrspace(7)
  store i32 1, ptr addrspace(7) %s, align 4
  br label %loop
loop:
  %q = phi ptr [ %p, %entry ], [ %p, %left ], [ %next, %loop ]
  %t = addrspacecast ptr %q to ptr addrspace(7)
  %next = load ptr, ptr addrspace(7) %t, align 8
  %more = icmp ne ptr %next, null
  br i1 %more, label %loop, label %end
end:
  %u = addrspacecast ptr %q to ptr addrspace(7)
  store i32 2, ptr addrspace(7) %u, align 4
  ret void
}

; An object of up to 256 bytes counts as one block, if nothing walks over it.
; CHECK-LABEL: define i64 @object(
; CHECK: load i64, ptr addrspace(7)
; CHECK: load i64, ptr %p248, align 8
; CHECK: load i64, ptr addrspace(7)
define i64 @object(ptr %p) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %a = load i64, ptr addrspace(7) %r, align 8
  %p248 = getelementptr i8, ptr %p, i64 248
  %s = addrspacecast ptr %p248 to ptr addrspace(7)
  %b = load i64, ptr addrspace(7) %s, align 8
  %p256 = getelementptr i8, ptr %p, i64 256
  %t = addrspacecast ptr %p256 to ptr addrspace(7)
  %c = load i64, ptr addrspace(7) %t, align 8
  ret i64 %c
}

; What both arms have checked holds behind them, at the lesser strictness.
; CHECK-LABEL: define i32 @both_arms(
; CHECK: right:
; CHECK: load i32, ptr addrspace(7)
; CHECK: join:
; CHECK: %c2 = load i32, ptr %p, align 4
; CHECK: store i32 3, ptr addrspace(7)
; CHECK: join2:
; CHECK: %d = load i32, ptr addrspace(7)
define i32 @both_arms(ptr %p, ptr %q, i1 %c) {
entry:
  br i1 %c, label %left, label %right
left:
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store i32 1, ptr addrspace(7) %r, align 4
  %rq = addrspacecast ptr %q to ptr addrspace(7)
  %x = load i32, ptr addrspace(7) %rq, align 4
  br label %join
right:
  %s = addrspacecast ptr %p to ptr addrspace(7)
  %b = load i32, ptr addrspace(7) %s, align 4
  %sq = addrspacecast ptr %q to ptr addrspace(7)
  %y = load i32, ptr addrspace(7) %sq, align 4
  br label %join
join:
  %t = addrspacecast ptr %p to ptr addrspace(7)
  %c2 = load i32, ptr addrspace(7) %t, align 4
  %u = addrspacecast ptr %p to ptr addrspace(7)
  store i32 3, ptr addrspace(7) %u, align 4
  br i1 %c, label %call, label %join2
call:
  call void @may_synchronise()
  br label %join2
join2:
  %tq = addrspacecast ptr %q to ptr addrspace(7)
  %d = load i32, ptr addrspace(7) %tq, align 4
  ret i32 %d
}

declare void @may_synchronise()
declare double @exp(double)

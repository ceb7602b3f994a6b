; A loop with checks has a copy without them, for one node. Its own shall stand in
; line.
; RUN: opt -passes='function(loco-hoist,loco-version)' -verify-each -S %s | FileCheck %s
; RUN: opt -passes='function(loco-hoist,loco-version),loco-lower' -verify-each -disable-output %s
; RUN: opt -passes='function(loco-hoist,loco-version)' -S %s | FileCheck --check-prefix=GLOBAL %s

; What the runtime notes is of this node: not in a section of shared globals.
; GLOBAL: @__loco_nest = internal global { i32, i16, i16, i64, i64 } zeroinitializer{{$}}

target triple = "x86_64-pc-linux-gnu"

; Values that are used behind the loop come from either; so do several exits.
; CHECK-LABEL: define i64 @search(
; CHECK: entry:
; CHECK: [[FLAG:%.*]] = load i8, ptr inttoptr (i64 2147450880 to ptr), align 1
; CHECK: [[MULTI:%.*]] = icmp ne i8 [[FLAG]], 0
; CHECK: br i1 [[MULTI]], label %loco.ask, label %[[ONE:.*]], !prof
; CHECK: loop.loco.one:
; CHECK: [[I:%.*]] = phi i64 [ 0, {{%.*}} ], [ {{%.*}}, %latch.loco.one ]
; CHECK: load i32, ptr {{%.*}}, align 4
; CHECK: latch.loco.one:
; What it said last holds until page faults have come.
; CHECK: loco.ask:
; CHECK-NEXT: [[DECIDED:%.*]] = load i32, ptr [[NEST:@__loco_nest[.0-9]*]], align 4
; CHECK-NEXT: [[EPOCH:%.*]] = load i32, ptr inttoptr (i64 2147450884 to ptr), align 4
; CHECK-NEXT: [[HOLDS:%.*]] = icmp eq i32 [[DECIDED]], [[EPOCH]]
; CHECK-NEXT: br i1 [[HOLDS]], label %[[ONE]], label %loco.call
; CHECK: loco.call:
; CHECK-NEXT: [[ANSWER:%.*]] = call preserve_mostcc i32 @__loco_enter_nest(ptr [[NEST]])
; CHECK-NEXT: [[UNCHECKED:%.*]] = icmp ne i32 [[ANSWER]], 0
; CHECK-NEXT: br i1 [[UNCHECKED]], label %[[ONE]], label %loco.checked
; CHECK: loop:
; CHECK: load i32, ptr addrspace(7) {{%.*}}, align 4, !loco.inline
; What the loop with checks missed is looked at behind it, and only there.
; CHECK: found.loco.leave:
; CHECK-NEXT: call preserve_mostcc void @__loco_leave_nest(ptr [[NEST]])
; CHECK: found:
; CHECK: phi i64 [ [[I]], %loop.loco.one ], [ %i, %found.loco.leave ]
; CHECK: missing.loco.leave:
; CHECK-NEXT: call preserve_mostcc void @__loco_leave_nest(ptr [[NEST]])
define i64 @search(ptr %a, ptr %index, i32 %x, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %latch ]
  %p = getelementptr inbounds i32, ptr %a, i64 %i
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load i32, ptr addrspace(7) %r, align 4
  %is.it = icmp eq i32 %v, %x
  br i1 %is.it, label %found, label %latch
latch:
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %missing
found:
  ret i64 %i
missing:
  ret i64 -1
}

; A histogram: what was one check for load and store is gone in the copy.
; CHECK-LABEL: define void @histogram(
; CHECK: loop.loco.one:
; CHECK-NOT: addrspace(7)
; CHECK: store i32 {{%.*}}, ptr {{%.*}}, align 4
; CHECK: loop:
; CHECK: call void @loco.ready(ptr addrspace(7) {{%.*}}, i64 4, i32 1)
define void @histogram(ptr %h, ptr %keys, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %kp = getelementptr inbounds i64, ptr %keys, i64 %i
  %kr = addrspacecast ptr %kp to ptr addrspace(7)
  %k = load i64, ptr addrspace(7) %kr, align 8
  %p = getelementptr inbounds i32, ptr %h, i64 %k
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load i32, ptr addrspace(7) %r, align 4
  %w = add i32 %v, 1
  %s = addrspacecast ptr %p to ptr addrspace(7)
  store i32 %w, ptr addrspace(7) %s, align 4
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %end
end:
  ret void
}

; With calls as well, which may take away what the runtime saw: no question. Not where checks are few, nor where size counts.
; CHECK-LABEL: define void @calls(
; CHECK-NOT: __loco_enter_nest
; CHECK: loop.loco.one:
; CHECK: load i32, ptr %p, align 4{{$}}
; CHECK: loop:
; CHECK: load i32, ptr addrspace(7) {{%.*}}, align 4, !loco.inline
; CHECK-LABEL: define void @sparse(
; CHECK-NOT: .loco.one
; CHECK-NOT: loco.inline
; CHECK-LABEL: define void @small(
; CHECK-NOT: .loco.one
define void @calls(ptr %p, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load i32, ptr addrspace(7) %r, align 4
  call void @may_synchronise(i32 %v)
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %end
end:
  ret void
}
define void @sparse(ptr %p, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load i32, ptr addrspace(7) %r, align 4
  call void @may_synchronise(i32 %v)
  call void @may_synchronise(i32 %v)
  call void @may_synchronise(i32 %v)
  call void @may_synchronise(i32 %v)
  call void @may_synchronise(i32 %v)
  call void @may_synchronise(i32 %v)
  call void @may_synchronise(i32 %v)
  call void @may_synchronise(i32 %v)
  call void @may_synchronise(i32 %v)
  call void @may_synchronise(i32 %v)
  call void @may_synchronise(i32 %v)
  call void @may_synchronise(i32 %v)
  call void @may_synchronise(i32 %v)
  call void @may_synchronise(i32 %v)
  call void @may_synchronise(i32 %v)
  call void @may_synchronise(i32 %v)
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %end
end:
  ret void
}
define void @small(ptr %p) optsize {
entry:
  br label %loop
loop:
  %q = phi ptr [ %p, %entry ], [ %next, %loop ]
  %r = addrspacecast ptr %q to ptr addrspace(7)
  %next = load ptr, ptr addrspace(7) %r, align 8
  %more = icmp ne ptr %next, null
  br i1 %more, label %loop, label %end
end:
  ret void
}

declare void @may_synchronise(i32)

; Copies of objects are accesses too.
; CHECK-LABEL: define void @permute(
; CHECK: loop.loco.one:
; CHECK: call void @llvm.memcpy.p0.p0.i64(ptr align 8 {{%.*}}, ptr align 8 {{%.*}}, i64 16, i1 false)
; CHECK: loop:
; CHECK: call void @llvm.memcpy.p7.p7.i64(ptr addrspace(7) align 8 {{%.*}}, ptr addrspace(7) align 8 {{%.*}}, i64 16, i1 false), !loco.inline
define void @permute(ptr %to, ptr %from, ptr %index, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %kp = getelementptr inbounds i64, ptr %index, i64 %i
  %k = load i64, ptr %kp, align 8
  %p = getelementptr inbounds { double, double }, ptr %from, i64 %k
  %q = getelementptr inbounds { double, double }, ptr %to, i64 %k
  %rp = addrspacecast ptr %p to ptr addrspace(7)
  %rq = addrspacecast ptr %q to ptr addrspace(7)
  call void @llvm.memcpy.p7.p7.i64(ptr addrspace(7) align 8 %rq, ptr addrspace(7) align 8 %rp, i64 16, i1 false)
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %end
end:
  ret void
}

declare void @llvm.memcpy.p7.p7.i64(ptr addrspace(7), ptr addrspace(7), i64, i1)

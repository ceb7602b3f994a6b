; Loops that count in unusual ways, or end early.
; RUN: opt -passes=loco-hoist -verify-each -S %s | FileCheck %s
; RUN: opt -passes='function(loco-hoist),loco-lower' -verify-each -disable-output %s

target triple = "x86_64-pc-linux-gnu"

; Down a column by a stride that may be negative: rows of one element.
; CHECK-LABEL: define void @column(
; CHECK: [[STRIDE:%.*]] = shl {{.*}}i64 %stride, 3
; CHECK: call preserve_mostcc void @__loco_touch_rows(ptr {{.*}}, i64 8, i64 [[STRIDE]], i64 {{%.*}}, i32 1025)
; CHECK: store double 0.000000e+00, ptr %p, align 8
define void @column(ptr %a, i64 %stride, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %at = mul nsw i64 %i, %stride
  %p = getelementptr inbounds double, ptr %a, i64 %at
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store double 0.0, ptr addrspace(7) %r, align 8
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %end
end:
  ret void
}

; Backwards: the range starts at the last element.
; CHECK-LABEL: define void @backwards(
; CHECK: call preserve_mostcc void @__loco_touch(ptr {{.*}}, i64 {{%.*}}, i32 1025)
; CHECK: store double 0.000000e+00, ptr %p, align 8
define void @backwards(ptr %a, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ %n, %entry ], [ %next, %loop ]
  %next = add nsw i64 %i, -2
  %p = getelementptr inbounds double, ptr %a, i64 %next
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store double 0.0, ptr addrspace(7) %r, align 8
  %more = icmp sgt i64 %next, 1
  br i1 %more, label %loop, label %end
end:
  ret void
}

; An exit that ends the program does not count.
; CHECK-LABEL: define i64 @asserted(
; CHECK: call preserve_mostcc void @__loco_touch(
; CHECK: loop:
; CHECK-NOT: addrspace(7)
; CHECK: ret i64
define i64 @asserted(ptr %a, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %latch ]
  %sum = phi i64 [ 0, %entry ], [ %sum.next, %latch ]
  %p = getelementptr inbounds i64, ptr %a, i64 %i
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load i64, ptr addrspace(7) %r, align 8
  %bad = icmp slt i64 %v, 0
  br i1 %bad, label %fail, label %latch
latch:
  %sum.next = add i64 %sum, %v
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %end
fail:
  call void @abort()
  unreachable
end:
  ret i64 %sum.next
}

; A search of a table: touched whole if it is small. One of any length keeps its
; checks.
; CHECK-LABEL: define i64 @small_search(
; CHECK: call preserve_mostcc void @__loco_touch(ptr {{.*}}, i64 8192, i32 0)
; CHECK: load i64, ptr %p, align 8
; CHECK-LABEL: define i64 @large_search(
; CHECK: load i64, ptr addrspace(7)
; CHECK-LABEL: define i64 @long_search(
; CHECK: load i64, ptr addrspace(7)
define i64 @small_search(ptr %a, i64 %x) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %latch ]
  %p = getelementptr inbounds i64, ptr %a, i64 %i
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load i64, ptr addrspace(7) %r, align 8
  %found = icmp eq i64 %v, %x
  br i1 %found, label %end, label %latch
latch:
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, 1024
  br i1 %more, label %loop, label %end
end:
  ret i64 %i
}
define i64 @large_search(ptr %a, i64 %x) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %latch ]
  %p = getelementptr inbounds i64, ptr %a, i64 %i
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load i64, ptr addrspace(7) %r, align 8
  %found = icmp eq i64 %v, %x
  br i1 %found, label %end, label %latch
latch:
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, 100000
  br i1 %more, label %loop, label %end
end:
  ret i64 %i
}
define i64 @long_search(ptr %a, i64 %x, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %latch ]
  %p = getelementptr inbounds i64, ptr %a, i64 %i
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load i64, ptr addrspace(7) %r, align 8
  %found = icmp eq i64 %v, %x
  br i1 %found, label %end, label %latch
latch:
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %end
end:
  ret i64 %i
}

; Unrolled by two, up to equality: it does not step over its end.
; CHECK-LABEL: define void @by_two(
; CHECK: lshr i64 {{.*}}, 1
; CHECK: call preserve_mostcc void @__loco_touch(
; CHECK: loop:
; CHECK-NOT: addrspace(7)
; CHECK: ret void
define void @by_two(ptr %a, i64 %from, i64 %to) {
entry:
  br label %loop
loop:
  %i = phi i64 [ %from, %entry ], [ %next, %loop ]
  %p = getelementptr inbounds i64, ptr %a, i64 %i
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store i64 0, ptr addrspace(7) %r, align 8
  %p1 = getelementptr inbounds i64, ptr %p, i64 1
  %r1 = addrspacecast ptr %p1 to ptr addrspace(7)
  store i64 0, ptr addrspace(7) %r1, align 8
  %next = add i64 %i, 2
  %done = icmp eq i64 %next, %to
  br i1 %done, label %end, label %loop
end:
  ret void
}

declare void @abort() noreturn

; The counter goes up by a number that is not known, and the rows of b lie at a
; stride that is a quotient: neither is taken to be 0.
; CHECK-LABEL: define void @butterflies(
; CHECK: call i64 @llvm.umax.i64(i64 %length, i64 1)
; CHECK-DAG: call preserve_mostcc void @__loco_touch_rows(ptr {{.*}}, i64 {{.*}}, i64 {{.*}}, i64 {{.*}}, i32 1025)
; CHECK-DAG: call preserve_mostcc void @__loco_touch_rows(ptr {{.*}}, i64 8, i64 {{.*}}, i64 {{.*}}, i32 1024)
; CHECK: group:
; CHECK: element:
; CHECK: load double, ptr %q, align 8
; CHECK: store double %x, ptr %p, align 8
define void @butterflies(ptr %a, ptr %b, i64 %n, i64 %length) {
entry:
  %half = lshr i64 %length, 1
  %stride = udiv i64 %n, %length
  br label %group
group:
  %start = phi i64 [ 0, %entry ], [ %start.next, %group.end ]
  br label %element
element:
  %k = phi i64 [ 0, %group ], [ %k.next, %element ]
  %at.b = mul i64 %k, %stride
  %q = getelementptr inbounds double, ptr %b, i64 %at.b
  %rq = addrspacecast ptr %q to ptr addrspace(7)
  %x = load double, ptr addrspace(7) %rq, align 8
  %at = add nsw i64 %start, %k
  %p = getelementptr inbounds double, ptr %a, i64 %at
  %rp = addrspacecast ptr %p to ptr addrspace(7)
  store double %x, ptr addrspace(7) %rp, align 8
  %k.next = add nuw nsw i64 %k, 1
  %more = icmp ult i64 %k.next, %half
  br i1 %more, label %element, label %group.end
group.end:
  %start.next = add nsw i64 %start, %length
  %more.groups = icmp slt i64 %start.next, %n
  br i1 %more.groups, label %group, label %end
end:
  ret void
}

; Loops that load their bounds and bases again in each iteration, because LLVM
; cannot tell that their stores leave them alone.
; RUN: opt -passes=loco-hoist -verify-each -S %s | FileCheck %s
; RUN: opt -passes='function(loco-hoist),loco-lower' -verify-each -disable-output %s

target triple = "x86_64-pc-linux-gnu"

; The upper bound of a worksharing loop, in a variable of the function's own.
; CHECK-LABEL: define void @own_bound(
; CHECK: entry:
; CHECK: [[END:%loco.steady.*]] = load i64, ptr %ub, align 8
; CHECK: sub i64 [[END]], %from
; CHECK: call preserve_mostcc void @__loco_touch(
; CHECK: loop:
; CHECK: store i64 0, ptr %p, align 8
define void @own_bound(ptr %a, i64 %from) {
entry:
  %ub = alloca i64, align 8
  call void @init(ptr %ub)
  br label %loop
loop:
  %i = phi i64 [ %from, %entry ], [ %next, %loop ]
  %p = getelementptr inbounds i64, ptr %a, i64 %i
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store i64 0, ptr addrspace(7) %r, align 8
  %next = add nsw i64 %i, 1
  %end = load i64, ptr %ub, align 8
  %more = icmp slt i64 %i, %end
  br i1 %more, label %loop, label %done
done:
  ret void
}

; A vector of bytes: where it lies is loaded, and checked, once before the loop.
; CHECK-LABEL: define void @base(
; CHECK: entry:
; CHECK: [[R:%.*]] = addrspacecast ptr %v to ptr addrspace(7)
; CHECK: [[DATA:%loco.steady.*]] = load ptr, ptr addrspace(7) [[R]], align 8
; CHECK: ptrtoint ptr [[DATA]] to i64
; CHECK: call preserve_mostcc void @__loco_touch(
; CHECK: loop:
; CHECK-NOT: addrspace(7)
; CHECK: ret void
define void @base(ptr dereferenceable(24) %v, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %rv = addrspacecast ptr %v to ptr addrspace(7)
  %data = load ptr, ptr addrspace(7) %rv, align 8
  %p = getelementptr inbounds i8, ptr %data, i64 %i
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store i8 0, ptr addrspace(7) %r, align 1
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}

; Through both levels of a nest.
; CHECK-LABEL: define void @nest(
; CHECK: entry:
; CHECK: loco.steady{{.*}} = load ptr,
; CHECK: call preserve_mostcc void @__loco_touch_rows(
; CHECK: row:
; CHECK-NOT: loco.steady
; CHECK: store double 0.000000e+00, ptr %p, align 8
define void @nest(ptr dereferenceable(8) %v, i64 %n) {
entry:
  br label %row
row:
  %i = phi i64 [ 0, %entry ], [ %i.next, %row.end ]
  %at = mul nsw i64 %i, %n
  br label %loop
loop:
  %j = phi i64 [ 0, %row ], [ %next, %loop ]
  %data = load ptr, ptr %v, align 8
  %k = add nsw i64 %at, %j
  %p = getelementptr inbounds double, ptr %data, i64 %k
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store double 0.0, ptr addrspace(7) %r, align 8
  %next = add nuw nsw i64 %j, 1
  %more = icmp ult i64 %next, 100
  br i1 %more, label %loop, label %row.end
row.end:
  %i.next = add nuw nsw i64 %i, 1
  %more.rows = icmp ult i64 %i.next, %n
  br i1 %more.rows, label %row, label %done
done:
  ret void
}

; Such a load may also decide, in each row anew, whether the row runs at all.
; CHECK-LABEL: define void @guarded(
; CHECK: entry:
; CHECK: call preserve_mostcc void @__loco_touch_rows(
; CHECK: row:
; CHECK-NOT: @__loco_touch
; CHECK: store i64 0, ptr %p, align 8
define void @guarded(ptr %a, ptr dereferenceable(8) %width, i64 %n) {
entry:
  br label %row
row:
  %i = phi i64 [ 0, %entry ], [ %i.next, %row.end ]
  %w = load i64, ptr %width, align 8
  %at = mul nsw i64 %i, %w
  %some = icmp sgt i64 %w, 0
  br i1 %some, label %loop, label %row.end
loop:
  %j = phi i64 [ 0, %row ], [ %next, %loop ]
  %k = add nsw i64 %at, %j
  %p = getelementptr inbounds i64, ptr %a, i64 %k
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store i64 0, ptr addrspace(7) %r, align 8
  %next = add nuw nsw i64 %j, 1
  %more = icmp slt i64 %next, %w
  br i1 %more, label %loop, label %row.end
row.end:
  %i.next = add nuw nsw i64 %i, 1
  %more.rows = icmp ult i64 %i.next, %n
  br i1 %more.rows, label %row, label %done
done:
  ret void
}

; A cursor that is kept in memory does change; so may what a call writes; and what
; is not loaded in the first iteration may not be there.
; CHECK-LABEL: define void @cursor(
; CHECK-NOT: loco.steady
; CHECK: store i8 0, ptr addrspace(7)
; CHECK-LABEL: define void @call(
; CHECK-NOT: loco.steady
; CHECK: store i8 0, ptr addrspace(7)
; CHECK-LABEL: define void @sometimes(
; CHECK-NOT: loco.steady
; CHECK: load i8, ptr addrspace(7)
define void @cursor(ptr dereferenceable(8) %v, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %p = load ptr, ptr %v, align 8
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store i8 0, ptr addrspace(7) %r, align 1
  %p1 = getelementptr inbounds i8, ptr %p, i64 1
  store ptr %p1, ptr %v, align 8
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}
define void @call(ptr dereferenceable(8) %v, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %data = load ptr, ptr %v, align 8
  %p = getelementptr inbounds i8, ptr %data, i64 %i
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store i8 0, ptr addrspace(7) %r, align 1
  call void @grow(ptr %v)
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}
define void @sometimes(ptr %v, i64 %n, i64 %k) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %latch ]
  %is = icmp ugt i64 %i, %k
  br i1 %is, label %then, label %latch
then:
  %data = load ptr, ptr %v, align 8
  %p = getelementptr inbounds i8, ptr %data, i64 %i
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %x = load i8, ptr addrspace(7) %r, align 1
  store volatile i8 %x, ptr %p, align 1
  br label %latch
latch:
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}

; Structures are copied by memcpy: a range for each side. What does not move has
; one check, of its start.
; CHECK-LABEL: define void @structures(
; CHECK-DAG: call preserve_mostcc void @__loco_touch(ptr {{.*}}, i64 {{.*}}, i32 1280)
; CHECK-DAG: call preserve_mostcc void @__loco_touch(ptr {{.*}}, i64 {{.*}}, i32 1281)
; CHECK-DAG: call preserve_mostcc void @__loco_touch(ptr {{.*}}, i64 16, i32 0)
; CHECK: loop:
; CHECK: call void @llvm.memcpy.p0.p0.i64(ptr align 8 %to, ptr align 8 %from, i64 16, i1 false)
; CHECK: call void @llvm.memcpy.p0.p0.i64(ptr align 8 %to1, ptr align 8 %c, i64 16, i1 false)
define void @structures(ptr %a, ptr %b, ptr %c, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %at = shl nuw nsw i64 %i, 5
  %to = getelementptr inbounds i8, ptr %a, i64 %at
  %to1 = getelementptr inbounds i8, ptr %to, i64 16
  %from = getelementptr inbounds i8, ptr %b, i64 %at
  %rt = addrspacecast ptr %to to ptr addrspace(7)
  %rf = addrspacecast ptr %from to ptr addrspace(7)
  call void @llvm.memcpy.p7.p7.i64(ptr addrspace(7) align 8 %rt, ptr addrspace(7) align 8 %rf, i64 16, i1 false)
  %rt1 = addrspacecast ptr %to1 to ptr addrspace(7)
  %rc = addrspacecast ptr %c to ptr addrspace(7)
  call void @llvm.memcpy.p7.p7.i64(ptr addrspace(7) align 8 %rt1, ptr addrspace(7) align 8 %rc, i64 16, i1 false)
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}

declare void @init(ptr)
declare void @grow(ptr) nosync

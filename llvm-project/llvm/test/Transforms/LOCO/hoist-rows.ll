; Nests whose inner loops run over rows of a compressed matrix, and over what
; vectorised and unrolled loops left over.
; RUN: opt -passes=loco-hoist -verify-each -S %s | FileCheck %s
; RUN: opt -passes=loco-hoist -pass-remarks=loco -pass-remarks-missed=loco -disable-output %s 2>&1 | FileCheck --check-prefix=REMARK %s
; RUN: opt -passes='function(loco-hoist),loco-lower' -verify-each -disable-output %s

target triple = "x86_64-pc-linux-gnu"

; for (i = 0; i < n; ++i) for (j = start[i]; j < start[i + 1]; ++j) use(value[j])
; The range of all rows is known from the first and the last bound, which are
; loaded after they were made ready.
; REMARK: checks of 2 accesses hoisted as one range check for loads
; REMARK: checks of 1 accesses hoisted as one range check over all rows for loads
; CHECK-LABEL: define double @rows(
; CHECK: entry:
; CHECK: call preserve_mostcc void @__loco_touch(ptr {{.*}}, i64 {{.*}}, i32 1024)
; CHECK: [[FIRST:%.*]] = load i64, ptr {{.*}}, align
; CHECK: freeze i64 [[FIRST]]
; CHECK: [[LAST:%.*]] = load i64, ptr {{.*}}, align
; CHECK: freeze i64 [[LAST]]
; CHECK: call preserve_mostcc void @__loco_touch(ptr {{.*}}, i64 {{.*}}, i32 1024)
; CHECK: row:
; CHECK: load i64, ptr %begin.p, align 8
; CHECK: load double, ptr %p, align 8
define double @rows(ptr noalias %start, ptr noalias %value, i64 %n) {
entry:
  br label %row
row:
  %i = phi i64 [ 0, %entry ], [ %i.next, %row.end ]
  %sum = phi double [ 0.0, %entry ], [ %sum.row, %row.end ]
  %begin.p = getelementptr inbounds i64, ptr %start, i64 %i
  %begin.r = addrspacecast ptr %begin.p to ptr addrspace(7)
  %begin = load i64, ptr addrspace(7) %begin.r, align 8
  %i.next = add nuw nsw i64 %i, 1
  %end.p = getelementptr inbounds i64, ptr %start, i64 %i.next
  %end.r = addrspacecast ptr %end.p to ptr addrspace(7)
  %end = load i64, ptr addrspace(7) %end.r, align 8
  %some = icmp slt i64 %begin, %end
  br i1 %some, label %element, label %row.end
element:
  %j = phi i64 [ %begin, %row ], [ %j.next, %element ]
  %s = phi double [ %sum, %row ], [ %s.next, %element ]
  %p = getelementptr inbounds double, ptr %value, i64 %j
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load double, ptr addrspace(7) %r, align 8
  %s.next = fadd double %s, %v
  %j.next = add nsw i64 %j, 1
  %more = icmp slt i64 %j.next, %end
  br i1 %more, label %element, label %row.end
row.end:
  %sum.row = phi double [ %sum, %row ], [ %s.next, %element ]
  %more.rows = icmp ult i64 %i.next, %n
  br i1 %more.rows, label %row, label %done
done:
  ret double %sum.row
}

; The same with bounds of 32 bits, and the first one carried over from the row
; before.
; REMARK: checks of 1 accesses hoisted as one range check over all rows for stores
; CHECK-LABEL: define void @carried(
; CHECK: entry:
; CHECK: [[WIDE:%.*]] = sext i32 %first to i64
; CHECK: call preserve_mostcc void @__loco_touch(ptr {{.*}}, i64 {{.*}}, i32 769)
; CHECK: store float 0.000000e+00, ptr %p, align 4
define void @carried(ptr noalias %start, ptr noalias %value, i64 %n) {
entry:
  %first = load i32, ptr %start, align 4
  br label %row
row:
  %i = phi i64 [ 0, %entry ], [ %i.next, %row.end ]
  %begin = phi i32 [ %first, %entry ], [ %end, %row.end ]
  %i.next = add nuw nsw i64 %i, 1
  %end.p = getelementptr inbounds i32, ptr %start, i64 %i.next
  %end = load i32, ptr %end.p, align 4
  %some = icmp slt i32 %begin, %end
  br i1 %some, label %elements, label %row.end
elements:
  %begin.wide = sext i32 %begin to i64
  %end.wide = sext i32 %end to i64
  br label %element
element:
  %j = phi i64 [ %begin.wide, %elements ], [ %j.next, %element ]
  %p = getelementptr inbounds float, ptr %value, i64 %j
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store float 0.0, ptr addrspace(7) %r, align 4
  %j.next = add nsw i64 %j, 1
  %more = icmp slt i64 %j.next, %end.wide
  br i1 %more, label %element, label %row.end
row.end:
  %more.rows = icmp ult i64 %i.next, %n
  br i1 %more.rows, label %row, label %done
done:
  ret void
}

; Rows that are used now and then are checked one by one.
; REMARK: its range is checked in each iteration of an outer loop: the inner loop is conditional
; CHECK-LABEL: define void @some_rows(
; CHECK-NOT: i32 769)
; CHECK: guard:
; CHECK: elements:
; CHECK: call preserve_mostcc void @__loco_touch(ptr {{.*}}, i64 {{.*}}, i32 769)
; CHECK: store float 0.000000e+00, ptr %p, align 4
define void @some_rows(ptr noalias %start, ptr noalias %value, ptr noalias %active, i64 %n) {
entry:
  br label %row
row:
  %i = phi i64 [ 0, %entry ], [ %i.next, %row.end ]
  %i.next = add nuw nsw i64 %i, 1
  %active.p = getelementptr inbounds i8, ptr %active, i64 %i
  %is = load i8, ptr %active.p, align 1
  %is.active = icmp ne i8 %is, 0
  %begin.p = getelementptr inbounds i64, ptr %start, i64 %i
  %begin = load i64, ptr %begin.p, align 8
  %end.p = getelementptr inbounds i64, ptr %start, i64 %i.next
  %end = load i64, ptr %end.p, align 8
  br i1 %is.active, label %guard, label %row.end
guard:
  %looked.at = load volatile i8, ptr %active.p, align 1
  %some = icmp slt i64 %begin, %end
  br i1 %some, label %elements, label %row.end
elements:
  br label %element
element:
  %j = phi i64 [ %begin, %elements ], [ %j.next, %element ]
  %p = getelementptr inbounds float, ptr %value, i64 %j
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store float 0.0, ptr addrspace(7) %r, align 4
  %j.next = add nsw i64 %j, 1
  %more = icmp slt i64 %j.next, %end
  br i1 %more, label %element, label %row.end
row.end:
  %more.rows = icmp ult i64 %i.next, %n
  br i1 %more.rows, label %row, label %done
done:
  ret void
}

; A vector loop and what it leaves over, in each row of a matrix: one check.
; REMARK: checks of 2 accesses hoisted as one check of rows for stores
; CHECK-LABEL: define void @left_over(
; CHECK: entry:
; CHECK: call preserve_mostcc void @__loco_touch_rows(ptr {{.*}}, i64 [[ROW:%.*]], i64 {{.*}}, i64 {{.*}}, i32 769)
; CHECK-NOT: @__loco_touch
; CHECK: row:
; CHECK-NOT: inttoptr (i64 2147450880
; CHECK: ret void
define void @left_over(ptr noalias %a, i64 %n, i64 %columns) {
entry:
  %whole = and i64 %columns, -4
  %short = icmp ult i64 %columns, 4
  br label %row
row:
  %i = phi i64 [ 0, %entry ], [ %i.next, %row.end ]
  %at = mul nsw i64 %i, %columns
  %row.p = getelementptr inbounds float, ptr %a, i64 %at
  br i1 %short, label %rest, label %vector
vector:
  %j = phi i64 [ 0, %row ], [ %j.next, %vector ]
  %p = getelementptr inbounds float, ptr %row.p, i64 %j
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store <4 x float> zeroinitializer, ptr addrspace(7) %r, align 4
  %j.next = add nuw i64 %j, 4
  %more = icmp ult i64 %j.next, %whole
  br i1 %more, label %vector, label %middle
middle:
  %all = icmp eq i64 %columns, %whole
  br i1 %all, label %row.end, label %rest
rest:
  %resume = phi i64 [ 0, %row ], [ %whole, %middle ]
  br label %scalar
scalar:
  %k = phi i64 [ %resume, %rest ], [ %k.next, %scalar ]
  %q = getelementptr inbounds float, ptr %row.p, i64 %k
  %s = addrspacecast ptr %q to ptr addrspace(7)
  store float 0.0, ptr addrspace(7) %s, align 4
  %k.next = add nuw i64 %k, 1
  %k.more = icmp ult i64 %k.next, %columns
  br i1 %k.more, label %scalar, label %row.end
row.end:
  %i.next = add nuw nsw i64 %i, 1
  %more.rows = icmp ult i64 %i.next, %n
  br i1 %more.rows, label %row, label %done
done:
  ret void
}

; How many rows there are is taken not to change, but not so surely that a bound
; would be loaded that may not be there.
; CHECK-LABEL: define void @unsure_count(
; CHECK-NOT: loco.bound
; CHECK: ret void
define void @unsure_count(ptr noalias %start, ptr %value, ptr dereferenceable(8) %rows) {
entry:
  br label %row
row:
  %i = phi i64 [ 0, %entry ], [ %i.next, %row.end ]
  %i.next = add nuw nsw i64 %i, 1
  %begin.p = getelementptr inbounds i64, ptr %start, i64 %i
  %begin = load i64, ptr %begin.p, align 8
  %end.p = getelementptr inbounds i64, ptr %start, i64 %i.next
  %end = load i64, ptr %end.p, align 8
  %some = icmp slt i64 %begin, %end
  br i1 %some, label %elements, label %row.end
elements:
  br label %element
element:
  %j = phi i64 [ %begin, %elements ], [ %j.next, %element ]
  %p = getelementptr inbounds i64, ptr %value, i64 %j
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store i64 0, ptr addrspace(7) %r, align 8
  %j.next = add nsw i64 %j, 1
  %more = icmp slt i64 %j.next, %end
  br i1 %more, label %element, label %row.end
row.end:
  %n = load i64, ptr %rows, align 8
  %more.rows = icmp slt i64 %i.next, %n
  br i1 %more.rows, label %row, label %done
done:
  ret void
}

; A loop and its vectorised, wholly unrolled version: one of both runs, so what
; the loop stores to is ready for the stores of the other, which none is sure of.
; What only they would write keeps its check.
; REMARK: checks of 3 accesses hoisted as one range check for stores
; CHECK-LABEL: define void @two_versions(
; CHECK: call preserve_mostcc void @__loco_touch(ptr {{.*}}, i64 {{.*}}, i32 769)
; CHECK: unrolled:
; CHECK: store <4 x float> zeroinitializer, ptr %v0, align 4
; CHECK: store <4 x float> zeroinitializer, ptr %v1, align 4
; CHECK: store float 1.000000e+00, ptr addrspace(7)
; CHECK: element:
; CHECK: store float 0.000000e+00, ptr %p, align 4
define void @two_versions(ptr %value, i64 %n, i1 %overlap) {
entry:
  br label %row
row:
  %i = phi i64 [ 0, %entry ], [ %i.next, %row.end ]
  %first = shl nuw nsw i64 %i, 3
  br i1 %overlap, label %elements, label %unrolled
unrolled:
  %v0 = getelementptr inbounds float, ptr %value, i64 %first
  %rv0 = addrspacecast ptr %v0 to ptr addrspace(7)
  store <4 x float> zeroinitializer, ptr addrspace(7) %rv0, align 4
  %v1 = getelementptr inbounds i8, ptr %v0, i64 16
  %rv1 = addrspacecast ptr %v1 to ptr addrspace(7)
  store <4 x float> zeroinitializer, ptr addrspace(7) %rv1, align 4
  %below = getelementptr inbounds i8, ptr %v0, i64 -4
  %rbelow = addrspacecast ptr %below to ptr addrspace(7)
  store float 1.0, ptr addrspace(7) %rbelow, align 4
  br label %row.end
elements:
  br label %element
element:
  %j = phi i64 [ 0, %elements ], [ %j.next, %element ]
  %at = add nuw nsw i64 %first, %j
  %p = getelementptr inbounds float, ptr %value, i64 %at
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store float 0.0, ptr addrspace(7) %r, align 4
  %j.next = add nuw nsw i64 %j, 1
  %more = icmp ult i64 %j.next, 8
  br i1 %more, label %element, label %row.end
row.end:
  %i.next = add nuw nsw i64 %i, 1
  %more.rows = icmp ult i64 %i.next, %n
  br i1 %more.rows, label %row, label %done
done:
  ret void
}

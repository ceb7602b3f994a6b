; Range checks of counted loops.
; RUN: opt -passes=loco-hoist -verify-each -S %s | FileCheck %s
; RUN: opt -passes=loco-hoist -pass-remarks=loco -pass-remarks-missed=loco -disable-output %s 2>&1 | FileCheck --check-prefix=REMARK %s
; RUN: opt -passes='function(loco-hoist),loco-lower' -verify-each -disable-output %s

target triple = "x86_64-pc-linux-gnu"

; REMARK: remark: {{.*}}checks of 2 accesses hoisted as one range check for loads
; REMARK: remark: {{.*}}checks of 1 accesses hoisted as one range check for stores
; CHECK-LABEL: define void @sum_of_neighbours(
; CHECK: [[FLAG:%.*]] = load i8, ptr inttoptr (i64 2147450880 to ptr), align 1
; CHECK: [[MULTI:%.*]] = icmp ne i8 [[FLAG]], 0
; CHECK: br i1 [[MULTI]], label {{.*}}, !prof
; One store range, and one for both loads that is eight bytes longer.
; CHECK-DAG: [[BYTES:%.*]] = shl {{.*}}i64 %n, 3
; CHECK-DAG: [[LONGER:%.*]] = add {{.*}}i64 [[BYTES]], 8
; Of elements of 8 bytes (4 << 8), more than 2^31 are no range.
; CHECK: call preserve_mostcc void @__loco_touch(ptr {{%.*}}, i64 {{%.*}}, i32 1024)
; CHECK: call preserve_mostcc void @__loco_touch(ptr {{%.*}}, i64 {{%.*}}, i32 1025)
; CHECK: loop:
; CHECK: load double, ptr %b0, align 8
; CHECK: load double, ptr %b1, align 8
; CHECK: store double %s, ptr %a0, align 8
define void @sum_of_neighbours(ptr %a, ptr %b, i64 %n) {
entry:
  %some = icmp sgt i64 %n, 0
  br i1 %some, label %loop, label %end
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %next = add nuw nsw i64 %i, 1
  %b0 = getelementptr inbounds double, ptr %b, i64 %i
  %b1 = getelementptr inbounds double, ptr %b, i64 %next
  %a0 = getelementptr inbounds double, ptr %a, i64 %i
  %rb0 = addrspacecast ptr %b0 to ptr addrspace(7)
  %x = load double, ptr addrspace(7) %rb0, align 8
  %rb1 = addrspacecast ptr %b1 to ptr addrspace(7)
  %y = load double, ptr addrspace(7) %rb1, align 8
  %s = fadd double %x, %y
  %ra0 = addrspacecast ptr %a0 to ptr addrspace(7)
  store double %s, ptr addrspace(7) %ra0, align 8
  %more = icmp slt i64 %next, %n
  br i1 %more, label %loop, label %end
end:
  ret void
}

; A nest has one check before its outer loop. How far its rows lie apart shows
; when it runs.
; REMARK: remark: {{.*}}checks of 1 accesses hoisted as one check of rows for stores
; CHECK-LABEL: define void @nest(
; CHECK: entry:
; CHECK: load i8, ptr inttoptr (i64 2147450880 to ptr)
; CHECK-DAG: [[ROW:%.*]] = shl {{.*}}i64 %{{umax.*}}, 2
; CHECK-DAG: [[STRIDE:%.*]] = shl {{.*}}i64 %stride, 2
; CHECK: call preserve_mostcc void @__loco_touch_rows(ptr {{%.*}}, i64 [[ROW]], i64 [[STRIDE]], i64 {{%.*}}, i32 769)
; CHECK: rows:
; CHECK-NOT: inttoptr (i64 2147450880
; CHECK: store i32 0, ptr %p, align 4
; CHECK: ret void
define void @nest(ptr %a, i64 %height, i64 %columns, i64 %stride) {
entry:
  br label %rows
rows:
  %i = phi i64 [ 0, %entry ], [ %i.next, %row.end ]
  %row = mul nsw i64 %i, %stride
  br label %columns.loop
columns.loop:
  %j = phi i64 [ 0, %rows ], [ %j.next, %columns.loop ]
  %at = add nsw i64 %row, %j
  %p = getelementptr inbounds i32, ptr %a, i64 %at
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store i32 0, ptr addrspace(7) %r, align 4
  %j.next = add nuw nsw i64 %j, 1
  %j.more = icmp ult i64 %j.next, %columns
  br i1 %j.more, label %columns.loop, label %row.end
row.end:
  %i.next = add nuw nsw i64 %i, 1
  %i.more = icmp ult i64 %i.next, %height
  br i1 %i.more, label %rows, label %end
end:
  ret void
}

; A tile of a wide matrix: its rows, and not what lies between.
; CHECK-LABEL: define void @tile(
; CHECK: entry:
; CHECK: load i8, ptr inttoptr (i64 2147450880 to ptr)
; CHECK: call preserve_mostcc void @__loco_touch_rows(ptr {{%.*}}, i64 256, i64 400000, i64 64, i32 769)
; CHECK: rows:
; CHECK-NOT: inttoptr (i64 2147450880
; CHECK: store i32 0, ptr %p, align 4
define void @tile(ptr %a) {
entry:
  br label %rows
rows:
  %i = phi i64 [ 0, %entry ], [ %i.next, %row.end ]
  %row = mul nuw nsw i64 %i, 100000
  br label %columns.loop
columns.loop:
  %j = phi i64 [ 0, %rows ], [ %j.next, %columns.loop ]
  %at = add nuw nsw i64 %row, %j
  %p = getelementptr inbounds i32, ptr %a, i64 %at
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store i32 0, ptr addrspace(7) %r, align 4
  %j.next = add nuw nsw i64 %j, 1
  %j.more = icmp ult i64 %j.next, 64
  br i1 %j.more, label %columns.loop, label %row.end
row.end:
  %i.next = add nuw nsw i64 %i, 1
  %i.more = icmp ult i64 %i.next, 64
  br i1 %i.more, label %rows, label %end
end:
  ret void
}

; Vector code, with a mask and downwards.
; CHECK-LABEL: define void @vector(
; CHECK: call preserve_mostcc void @__loco_touch(
; CHECK: loop:
; CHECK: load <4 x i32>, ptr %p, align 4
; CHECK: call void @llvm.masked.store.v4i32.p0(<4 x i32> %v, ptr %p, i32 4,
define void @vector(ptr %a, <4 x i1> %m) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 4000, %entry ], [ %next, %loop ]
  %p = getelementptr inbounds i32, ptr %a, i64 %i
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load <4 x i32>, ptr addrspace(7) %r, align 4
  %s = addrspacecast ptr %p to ptr addrspace(7)
  call void @llvm.masked.store.v4i32.p7(<4 x i32> %v, ptr addrspace(7) %s, i32 4, <4 x i1> %m)
  %next = add nsw i64 %i, -4
  %more = icmp sgt i64 %i, 0
  br i1 %more, label %loop, label %end
end:
  ret void
}

; What is not hoisted keeps its mark, and says why.
; REMARK: load is checked at every iteration: its address is not affine
; CHECK-LABEL: define i32 @indirect(
; CHECK: loop:
; CHECK: %k = load i64, ptr %ip, align 8
; CHECK: %v = load i32, ptr addrspace(7)
define i32 @indirect(ptr %a, ptr %index, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %sum = phi i32 [ 0, %entry ], [ %s, %loop ]
  %ip = getelementptr inbounds i64, ptr %index, i64 %i
  %ri = addrspacecast ptr %ip to ptr addrspace(7)
  %k = load i64, ptr addrspace(7) %ri, align 8
  %p = getelementptr inbounds i32, ptr %a, i64 %k
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load i32, ptr addrspace(7) %r, align 4
  %s = add i32 %sum, %v
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %end
end:
  ret i32 %s
}

; REMARK: store is checked at every iteration: the store is conditional
; CHECK-LABEL: define void @conditional(
; CHECK: store i32 1, ptr addrspace(7)
define void @conditional(ptr %a, i64 %n, i64 %k) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %latch ]
  %c = icmp ugt i64 %i, %k
  br i1 %c, label %then, label %latch
then:
  %p = getelementptr inbounds i32, ptr %a, i64 %i
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store i32 1, ptr addrspace(7) %r, align 4
  br label %latch
latch:
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %end
end:
  ret void
}

; REMARK: load is checked at every iteration: the loop calls what may synchronise
; CHECK-LABEL: define void @calls(
; CHECK: load i32, ptr addrspace(7)
define void @calls(ptr %a, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %p = getelementptr inbounds i32, ptr %a, i64 %i
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load i32, ptr addrspace(7) %r, align 4
  call void @may_synchronise(i32 %v)
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %end
end:
  ret void
}

; libm does not synchronise.
; CHECK-LABEL: define void @mathematics(
; CHECK: store double {{%.*}}, ptr %p, align 8
define void @mathematics(ptr %a, i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %p = getelementptr inbounds double, ptr %a, i64 %i
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %x = sitofp i64 %i to double
  %v = call double @exp(double %x)
  store double %v, ptr addrspace(7) %r, align 8
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %end
end:
  ret void
}

; REMARK: load is checked at every iteration: the loop's trip count is not known before it
; CHECK-LABEL: define i32 @ends_early(
; CHECK: load i32, ptr addrspace(7)
define i32 @ends_early(ptr %a) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %p = getelementptr inbounds i32, ptr %a, i64 %i
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load i32, ptr addrspace(7) %r, align 4
  %next = add nuw nsw i64 %i, 1
  %more = icmp ne i32 %v, 0
  br i1 %more, label %loop, label %end
end:
  ret i32 %v
}

; REMARK: store is checked at every iteration: the loop is short
; CHECK-LABEL: define void @short(
; CHECK: store double 0.000000e+00, ptr addrspace(7)
define void @short(ptr %a) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %p = getelementptr inbounds double, ptr %a, i64 %i
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store double 0.0, ptr addrspace(7) %r, align 8
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, 3
  br i1 %more, label %loop, label %end
end:
  ret void
}

; REMARK: load is checked at every iteration: its address is not affine
; CHECK-LABEL: define void @list(
; CHECK: load ptr, ptr addrspace(7)
define void @list(ptr %head) {
entry:
  br label %loop
loop:
  %p = phi ptr [ %head, %entry ], [ %next, %loop ]
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %next = load ptr, ptr addrspace(7) %r, align 8
  %end.of.list = icmp eq ptr %next, null
  br i1 %end.of.list, label %end, label %loop
end:
  ret void
}

declare void @may_synchronise(i32)
declare double @exp(double)

; Plain loads and stores: a shadow test, and a slow path on the unlikely side.
; RUN: opt -passes=loco-lower -verify-each -S %s | FileCheck %s
; RUN: opt -passes='loco-lower<call>' -S %s | FileCheck --check-prefix=CALL %s
; RUN: opt -passes='loco-lower<none>' -S %s | FileCheck --check-prefix=NONE %s
; RUN: opt -passes=loco-lower %s | llc -o - | FileCheck --check-prefix=ASM %s

target triple = "x86_64-pc-linux-gnu"

; CHECK-LABEL: define i32 @load(
; CHECK: [[ADDRESS:%.*]] = ptrtoint ptr %p to i64
; CHECK: [[BLOCK:%.*]] = lshr i64 [[ADDRESS]], 12
; CHECK: [[SHADOW:%.*]] = add i64 [[BLOCK]], 2147450880
; CHECK: [[AT:%.*]] = inttoptr i64 [[SHADOW]] to ptr
; CHECK: [[STATE:%.*]] = load i8, ptr [[AT]], align 1
; CHECK: [[SLOW:%.*]] = icmp ugt i8 [[STATE]], 1
; CHECK: br i1 [[SLOW]], label %[[FETCH:.*]], label %[[GO:.*]], !prof [[WEIGHTS:!.*]]
; CHECK: [[FETCH]]:
; CHECK-NEXT: call preserve_mostcc void @__loco_load(ptr %p, i64 4)
; CHECK-NEXT: br label %[[GO]]
; CHECK: [[GO]]:
; CHECK-NEXT: %v = load i32, ptr %p, align 4
; CALL-LABEL: define i32 @load(
; CALL-NEXT: call preserve_mostcc void @__loco_load(ptr %p, i64 4)
; CALL-NEXT: load i32, ptr %p, align 4
; NONE-LABEL: define i32 @load(
; NONE-NEXT: load i32, ptr %p, align 4
; NONE-NEXT: ret
; ASM-LABEL: load:
; ASM: shrq $12, %[[R:.*]]
; ASM-NEXT: cmpb $2, 2147450880(%[[R]])
; ASM-NEXT: jae
; ASM: movl (%rdi), %eax
; Bound at load: lazy binding does not keep every register.
; ASM: callq *__loco_load@GOTPCREL(%rip)
define i32 @load(ptr %p) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load i32, ptr addrspace(7) %r, align 4
  ret i32 %v
}

; CHECK-LABEL: define void @store(
; CHECK: icmp ugt i8 {{%.*}}, 0
; CHECK: call preserve_mostcc void @__loco_store(ptr %p, i64 8)
; CHECK: store double %v, ptr %p, align 8, !tbaa
; ASM-LABEL: store:
; ASM: shrq $12, %[[R:.*]]
; ASM-NEXT: cmpb $0, 2147450880(%[[R]])
; ASM-NEXT: jne
define void @store(ptr %p, double %v) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store double %v, ptr addrspace(7) %r, align 8, !tbaa !0
  ret void
}

; CHECK-LABEL: define i32 @global(
; CHECK: lshr i64 ptrtoint (ptr @g to i64), 12
; CHECK: load i32, ptr @g, align 4
@g = global i32 0
define i32 @global() {
  %v = load i32, ptr addrspace(7) addrspacecast (ptr @g to ptr addrspace(7)), align 4
  ret i32 %v
}

; Both ends of a wide one that may lie across two blocks.
; CHECK-LABEL: define void @wide(
; CHECK: call preserve_mostcc void @__loco_load(ptr %p, i64 128)
; CHECK: [[LAST:%.*]] = getelementptr i8, ptr %p, i64 127
; CHECK: call preserve_mostcc void @__loco_load(ptr [[LAST]], i64 1)
; CHECK: %v = load [16 x i64], ptr %p, align 8
; CHECK: call preserve_mostcc void @__loco_store(ptr %q, i64 128)
; CHECK-NOT: @__loco_store
; CHECK: store [16 x i64] %v, ptr %q, align 128
define void @wide(ptr %p, ptr %q) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load [16 x i64], ptr addrspace(7) %r, align 8
  %s = addrspacecast ptr %q to ptr addrspace(7)
  store [16 x i64] %v, ptr addrspace(7) %s, align 128
  ret void
}

; A huge one is a range.
; CHECK-LABEL: define void @huge(
; CHECK: [[FLAG:%.*]] = load i8, ptr inttoptr (i64 2147450880 to ptr), align 1
; CHECK: [[MULTI:%.*]] = icmp ne i8 [[FLAG]], 0
; CHECK: br i1 [[MULTI]]
; CHECK: call preserve_mostcc void @__loco_touch(ptr %p, i64 8192, i32 1)
define void @huge(ptr %p, [1024 x i64] %v) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store [1024 x i64] %v, ptr addrspace(7) %r, align 8
  ret void
}

; Unaligned and packed, and a debug location that stays.
; CHECK-LABEL: define double @packed(
; CHECK: call preserve_mostcc void @__loco_load(ptr %field, i64 8), !dbg [[LOC:!.*]]
; CHECK: load double, ptr %field, align 1, !dbg [[LOC]]
define double @packed(ptr %p) !dbg !7 {
  %field = getelementptr <{ i8, double }>, ptr %p, i64 0, i32 1
  %r = addrspacecast ptr %field to ptr addrspace(7)
  %v = load double, ptr addrspace(7) %r, align 1, !dbg !9
  ret double %v
}

; Behind a landing pad, and in front of an invoke.
; CHECK-LABEL: define i32 @exceptions(
; CHECK: call preserve_mostcc void @__loco_load(ptr %p, i64 4)
; CHECK: %v = load i32, ptr %p
; CHECK-NEXT: invoke void @may_throw(i32 %v)
; CHECK: landingpad
; CHECK: call preserve_mostcc void @__loco_store(ptr %p, i64 4)
; CHECK: phi i32 [ 0, {{%.*}} ], [ 1, {{%.*}} ]
define i32 @exceptions(ptr %p) personality ptr @__gxx_personality_v0 {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load i32, ptr addrspace(7) %r, align 4
  invoke void @may_throw(i32 %v) to label %end unwind label %lpad
lpad:
  %e = landingpad { ptr, i32 } catch ptr null
  %s = addrspacecast ptr %p to ptr addrspace(7)
  store i32 5, ptr addrspace(7) %s, align 4
  br label %end
end:
  %result = phi i32 [ 0, %0 ], [ 1, %lpad ]
  ret i32 %result
}

; What loco-tag put before an operand that takes no mark.
; CHECK-LABEL: define void @ready(
; CHECK: call preserve_mostcc void @__loco_store(ptr %p, i64 24)
; CHECK: call preserve_mostcc void @__loco_touch(ptr %p, i64 400, i32 0)
; CHECK-NOT: loco.ready
; CALL-LABEL: define void @ready(
; CALL: call preserve_mostcc void @__loco_store(ptr %p, i64 24)
; CALL: call preserve_mostcc void @__loco_touch(ptr %p, i64 400, i32 0)
; NONE-LABEL: define void @ready(
; NONE-NEXT: ret void
define void @ready(ptr %p) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  call void @loco.ready(ptr addrspace(7) %r, i64 24, i32 1)
  call void @loco.ready(ptr addrspace(7) %r, i64 400, i32 0)
  ret void
}

; CHECK: declare preserve_mostcc void @__loco_load(ptr nocapture readnone, i64)
; CHECK: !{i32 7, !"loco.lowered", i32 2}
; CHECK: [[WEIGHTS]] = !{!"branch_weights", i32 1, i32 1048575}

declare void @loco.ready(ptr addrspace(7), i64, i32)
declare void @may_throw(i32)
declare i32 @__gxx_personality_v0(...)

!0 = !{!1, !1, i64 0}
!1 = !{!"double", !2, i64 0}
!2 = !{!"Simple C/C++ TBAA"}
!llvm.dbg.cu = !{!3}
!llvm.module.flags = !{!5, !6}
!3 = distinct !DICompileUnit(language: DW_LANG_C11, file: !4, emissionKind: FullDebug)
!4 = !DIFile(filename: "prog.c", directory: ".")
!5 = !{i32 7, !"Dwarf Version", i32 5}
!6 = !{i32 2, !"Debug Info Version", i32 3}
!7 = distinct !DISubprogram(name: "packed", file: !4, line: 2, type: !8, unit: !3, spFlags: DISPFlagDefinition)
!8 = !DISubroutineType(types: !{null})
!9 = !DILocation(line: 3, column: 12, scope: !7)

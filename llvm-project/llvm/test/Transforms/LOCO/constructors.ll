; Static constructors and destructors run on node 0 alone.
; RUN: opt -passes=loco-globals -S %s | FileCheck %s
; RUN: opt -passes=loco -verify-each -S %s | FileCheck --check-prefix=WHOLE %s

target triple = "x86_64-pc-linux-gnu"

$var = comdat any

@var = linkonce_odr global i32 0, comdat

; CHECK: @llvm.global_ctors = appending global [4 x { i32, ptr, ptr }]
; CHECK-SAME: { i32 65535, ptr @__loco_node0.init, ptr null }
; CHECK-SAME: { i32 101, ptr @__loco_node0.init_var, ptr @var }
; CHECK-SAME: { i32 1, ptr @asan.module_ctor, ptr null }
; CHECK-SAME: { i32 2, ptr @__loco_node0.with_args, ptr null }
@llvm.global_ctors = appending global [4 x { i32, ptr, ptr }] [
  { i32, ptr, ptr } { i32 65535, ptr @init, ptr null },
  { i32, ptr, ptr } { i32 101, ptr @init_var, ptr @var },
  { i32, ptr, ptr } { i32 1, ptr @asan.module_ctor, ptr null },
  { i32, ptr, ptr } { i32 2, ptr @with_args, ptr null }]
; CHECK: @llvm.global_dtors = appending global {{.*}}{ i32 65535, ptr @__loco_node0.fini, ptr null }
@llvm.global_dtors = appending global [1 x { i32, ptr, ptr }] [
  { i32, ptr, ptr } { i32 65535, ptr @fini, ptr null }]

define internal void @init() section ".text.startup" {
  ret void
}
define internal void @init_var() comdat($var) {
  ret void
}
define internal void @asan.module_ctor() {
  ret void
}
define i32 @with_args(i32 %argc, ptr %argv, ptr %envp) {
  ret i32 1
}
declare void @fini()

; LOCO_FLAG_WORKER is the shadow's second byte.
; CHECK-LABEL: define internal void @__loco_node0.init() section ".text.startup"
; CHECK: [[FLAG:%.*]] = load i8, ptr inttoptr (i64 2147450881 to ptr), align 1
; CHECK: [[WORKER:%.*]] = icmp ne i8 [[FLAG]], 0
; CHECK: br i1 [[WORKER]], label %done, label %run
; CHECK: run:
; CHECK-NEXT: call void @init()
; CHECK-NEXT: br label %done
; CHECK: done:
; CHECK-NEXT: ret void

; A comdat that goes away takes the wrapper with it.
; CHECK-LABEL: define internal void @__loco_node0.init_var() comdat($var)
; CHECK-LABEL: define internal i32 @__loco_node0.with_args(i32 %0, ptr %1, ptr %2)
; CHECK: call i32 @with_args(i32 %0, ptr %1, ptr %2)
; CHECK: ret i32 0

; The flag itself is no memory of the program: no check of its address.
; WHOLE-LABEL: define internal void @__loco_node0.init()
; WHOLE-NOT: lshr
; WHOLE: ret void

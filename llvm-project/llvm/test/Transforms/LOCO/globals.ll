; Mutable globals go to sections of their own; constants, thread-local ones and
; those with a section stay.
; RUN: opt -passes=loco-globals -S %s | FileCheck %s
; RUN: opt -passes=loco-globals %s | llc -relocation-model=static -o - | FileCheck --check-prefix=ASM %s

target triple = "x86_64-pc-linux-gnu"

$inline_var = comdat any
$vtable = comdat any

; CHECK: @counter = global i32 7, section ".data.loco.counter"
@counter = global i32 7
; CHECK: @table = internal global [100 x i8] zeroinitializer, section ".bss.loco.table"
@table = internal global [100 x i8] zeroinitializer
; CHECK: @tentative = weak global i32 0, section ".bss.loco.tentative"
@tentative = common global i32 0
; CHECK: @inline_var = linkonce_odr global i32 3, section ".data.loco.inline_var", comdat
@inline_var = linkonce_odr global i32 3, comdat
; CHECK: @_ZGVZ1fvE1x = internal global i64 0, section ".bss.loco._ZGVZ1fvE1x"
@_ZGVZ1fvE1x = internal global i64 0
; CHECK: @.gomp_critical_user_name.var = weak global [8 x i32] zeroinitializer, section ".bss.loco..gomp_critical_user_name.var"
@.gomp_critical_user_name.var = common global [8 x i32] zeroinitializer
; CHECK: @0 = internal global i32 1, section ".data.loco.anon.0"
@0 = internal global i32 1
; CHECK: @weak_undef = weak global i64 undef, section ".bss.loco.weak_undef"
@weak_undef = weak global i64 undef
; CHECK: @constant = constant i32 1{{$}}
@constant = constant i32 1
; CHECK: @vtable = linkonce_odr constant [1 x ptr] [ptr @f], comdat{{$}}
@vtable = linkonce_odr constant [1 x ptr] [ptr @f], comdat
; CHECK: @per_thread = thread_local global i32 1{{$}}
@per_thread = thread_local global i32 1
; CHECK: @placed = global i32 1, section "mine"
@placed = global i32 1, section "mine"
; CHECK: @by_pragma = global i32 1 #0
@by_pragma = global i32 1 #0
; CHECK: @elsewhere = external global i32{{$}}
@elsewhere = external global i32
; CHECK: @copy = available_externally global i32 1{{$}}
@copy = available_externally global i32 1
; CHECK: @threadprivate.cache. = common global ptr null{{$}}
@threadprivate.cache. = common global ptr null
; CHECK: @__llvm_gcov_ctr = internal global [1 x i64] zeroinitializer{{$}}
@__llvm_gcov_ctr = internal global [1 x i64] zeroinitializer
; CHECK: @llvm.used = appending global [1 x ptr] [ptr @table], section "llvm.metadata"
@llvm.used = appending global [1 x ptr] [ptr @table], section "llvm.metadata"

; CHECK: @alias = alias i32, ptr @counter
@alias = alias i32, ptr @counter

; The linker scripts rely on the sections' types: a zero takes no file space.
; ASM-DAG: .section .data.loco.counter,"aw",@progbits
; ASM-DAG: .section .bss.loco.table,"{{awR?}}",@nobits
; ASM-DAG: .section .bss.loco.tentative,"aw",@nobits
; ASM-DAG: .weak tentative
; ASM-DAG: .section .data.loco.inline_var,"awG",@progbits,inline_var,comdat
; ASM-DAG: .section .bss.loco.weak_undef,"aw",@nobits

define void @f() {
  ret void
}

attributes #0 = { "data-section"="my_data" }

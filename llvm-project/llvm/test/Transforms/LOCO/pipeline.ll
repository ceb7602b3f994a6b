; The passes as clang runs them.
; RUN: opt -passes=loco -verify-each -S %s | FileCheck --check-prefixes=BOTH,O2 %s
; RUN: opt -passes='loco<O0>' -verify-each -S %s | FileCheck --check-prefixes=BOTH,O0 %s
; RUN: opt -passes=loco -loco-patched-checks=0 -S %s | FileCheck --check-prefix=INLINE %s
; RUN: opt -passes=loco -loco-stop-before-lowering -S %s | FileCheck --check-prefix=STOP %s
; RUN: opt -passes='loco<kvstore>' -verify-each -S %s | FileCheck --check-prefixes=BOTH,KV %s
; RUN: opt -passes='loco<kvstore>' -loco-stop-before-lowering -S %s | FileCheck --check-prefix=KVSTOP %s
; A module is lowered once: the link step of LTO finds it done.
; RUN: opt -passes=loco %s -o %t.once.bc
; RUN: opt -passes=loco %t.once.bc -o %t.twice.bc
; RUN: llvm-dis %t.once.bc -o - | grep -v ModuleID > %t.once.ll
; RUN: llvm-dis %t.twice.bc -o - | grep -v ModuleID > %t.twice.ll
; RUN: diff %t.once.ll %t.twice.ll

target triple = "x86_64-pc-linux-gnu"

; BOTH: @g = global i32 1, section ".data.loco.g"
; STOP: @g = global i32 1, section ".data.loco.g"
@g = global i32 1

; -O0 leaves a check at each access.
; BOTH-LABEL: define i32 @f(
; O0: call void asm {{.*}}__loco_check_load_$0
; O0: call void asm {{.*}}__loco_check_load_$0
; O2: call void asm {{.*}}__loco_check_load_$0
; O2-NOT: __loco_
; INLINE: call preserve_mostcc void @__loco_load(
; KV: call void @__loco_kv_get(ptr %p, ptr %{{.*}}, i64 4)
; KV: call void @__loco_kv_get(ptr %p, ptr %{{.*}}, i64 4)
; BOTH: ret i32
; STOP-LABEL: define i32 @f(
; STOP: load i32, ptr addrspace(7)
; STOP-NEXT: load i32, ptr %p
; KVSTOP-LABEL: define i32 @f(
; KVSTOP-COUNT-2: load i32, ptr addrspace(7)
define i32 @f(ptr %p) {
  %a = load i32, ptr %p, align 4
  %b = load i32, ptr %p, align 4
  %s = add i32 %a, %b
  ret i32 %s
}

; What is not optimised is lowered all the same.
; BOTH-LABEL: define void @not_optimised(
; O0: call void asm {{.*}}__loco_check_store_$0
; O2: call void asm {{.*}}__loco_check_store_$0
; KV: call void @__loco_kv_put(
; BOTH: ret void
define void @not_optimised(ptr %p) optnone noinline {
  store i32 1, ptr %p, align 4
  ret void
}
; BOTH: !"loco.lowered"
; STOP-NOT: loco.lowered

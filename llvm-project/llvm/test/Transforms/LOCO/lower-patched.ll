; Places for checks: a nop that the runtime patches where there are several
; nodes, in a list that is linked with the code.
; RUN: opt -passes='loco-lower<patched>' -verify-each -S %s | FileCheck %s
; RUN: opt -passes='loco-lower<patched>' %s | llc -o - | FileCheck --check-prefix=ASM %s
; RUN: opt -passes='loco-lower<patched>' %s | llc -filetype=obj --function-sections -o %t.o
; RUN: llvm-readelf -S %t.o | FileCheck --check-prefix=SECTIONS %s

target triple = "x86_64-pc-linux-gnu"

; One section a function, in its group.
; SECTIONS: .text.load
; SECTIONS: ] loco_checks PROGBITS {{.*}} AL
; SECTIONS-NOT: ] loco_checks
; SECTIONS: .text.in_group
; SECTIONS: ] loco_checks PROGBITS {{.*}} ALG
; SECTIONS-NOT: ] loco_checks
; SECTIONS: .text.in_line
$in_group = comdat any

; CHECK-LABEL: define i32 @load(
; CHECK-SAME: #[[ATTRS:[0-9]+]]
; CHECK-NEXT: call void asm sideeffect inteldialect "{{.*}}ao?{{.*}},load\0A{{.*}}__loco_check_load_$0 - .{{.*}}", "r,~{dirflag},~{fpsr},~{flags}"(ptr %p)
; CHECK-NEXT: %v = load i32, ptr %p, align 4
; CHECK-NEXT: call void asm {{.*}}"(ptr %q)
; CHECK-NEXT: %w = load i32, ptr %q, align 4
; ASM-LABEL: load:
; ASM: .Lloco0:
; ASM-NEXT: .byte 15
; ASM-NEXT: .byte 31
; ASM-NEXT: .byte 68
; ASM-NEXT: .byte 0
; ASM-NEXT: .byte 0
; ASM-NEXT: .section loco_checks,"ao",@progbits,load
; ASM: .long .Lloco0-
; ASM: .long __loco_check_load_rdi-
; ASM-NEXT: .text
; ASM: movl (%rdi), %eax
; ASM: __loco_check_load_rsi-
; ASM: addl (%rsi), %eax
define i32 @load(ptr %p, ptr %q) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load i32, ptr addrspace(7) %r, align 4
  %s = addrspacecast ptr %q to ptr addrspace(7)
  %w = load i32, ptr addrspace(7) %s, align 4
  %x = add i32 %v, %w
  ret i32 %x
}

; A member near the start of its object: no register for its own address. One
; farther off has its own check.
; CHECK-LABEL: define linkonce_odr void @in_group(
; CHECK: call void asm {{.*}}__loco_check_store_$0{{.*}}(ptr %p)
; CHECK-NEXT: store double %v, ptr %member, align 8
; CHECK: call void asm {{.*}}__loco_check_store_$0{{.*}}(ptr %far)
; CHECK-NEXT: store double %v, ptr %far, align 8
define linkonce_odr void @in_group(ptr %p, double %v) comdat {
  %member = getelementptr i8, ptr %p, i64 40
  %r = addrspacecast ptr %member to ptr addrspace(7)
  store double %v, ptr addrspace(7) %r, align 8
  %far = getelementptr i8, ptr %p, i64 400
  %s = addrspacecast ptr %far to ptr addrspace(7)
  store double %v, ptr addrspace(7) %s, align 8
  ret void
}

; In line where loco-version says so.
; CHECK-LABEL: define i32 @in_line(
; CHECK-NOT: asm
; CHECK: call preserve_mostcc void @__loco_load(ptr %p, i64 4)
define i32 @in_line(ptr %p) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load i32, ptr addrspace(7) %r, align 4, !loco.inline !0
  ret i32 %v
}

; No check at all where the program ends.
; CHECK-LABEL: define void @cold(
; CHECK-NEXT: store i32 1, ptr %p, align 4
; CHECK-NEXT: call void @abort()
define void @cold(ptr %p) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store i32 1, ptr addrspace(7) %r, align 4
  call void @abort()
  unreachable
}
declare void @abort() noreturn

; Names that assembly does not take, and those that the link step of LTO may
; change (lower-patched-lto.ll), are not used.
; CHECK-LABEL: define i32 @"odd name"(
; CHECK-NEXT: call void asm {{.*}}@progbits,.Lloco${:uid}\0A
define i32 @"odd name"(ptr %p) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load i32, ptr addrspace(7) %r, align 4
  ret i32 %v
}

; CHECK: attributes #[[ATTRS]] = { noredzone }
!0 = !{}

; What cannot be checked in full says so.
; RUN: opt -passes=loco-tag -pass-remarks-missed=loco -disable-output %s 2>&1 | FileCheck --implicit-check-not=remark: %s

target triple = "x86_64-pc-linux-gnu"

; CHECK: remark: {{.*}}inline asm may reach memory through a pointer that is not checked in full
; CHECK: remark: {{.*}}intrinsic may reach memory through a pointer that is not checked in full
define void @f(ptr %p, <16 x i8> %b) {
  %own = alloca [16 x i8]
  call void asm sideeffect "movl $$1, ($0)", "r,~{memory}"(ptr %p)
  call void asm sideeffect "movl $$1, ($0)", "r,~{memory}"(ptr %own)
  call void asm sideeffect "movl $$1, $0", "=*m"(ptr elementtype(i32) %p)
  call void @llvm.x86.sse2.maskmov.dqu(<16 x i8> %b, <16 x i8> %b, ptr %p)
  call void @llvm.x86.sse2.maskmov.dqu(<16 x i8> %b, <16 x i8> %b, ptr %own)
  ret void
}

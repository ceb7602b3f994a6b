; For LTO the list's section is tied to the place itself, since the link step may
; rename functions, and inline them elsewhere.
; RUN: opt -passes='loco-lower<patched>' -S %s | FileCheck %s
; RUN: opt -passes='loco-lower<patched>,default<O2>' %s | llc -filetype=obj -o %t.o

target triple = "x86_64-pc-linux-gnu"

; CHECK: call void asm {{.*}}@progbits,.Lloco${:uid}\0A
define internal i32 @load(ptr %p) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load i32, ptr addrspace(7) %r, align 4
  ret i32 %v
}
define i32 @caller(ptr %p) {
  %v = call i32 @load(ptr %p)
  ret i32 %v
}
!llvm.module.flags = !{!0}
!0 = !{i32 1, !"ThinLTO", i32 0}

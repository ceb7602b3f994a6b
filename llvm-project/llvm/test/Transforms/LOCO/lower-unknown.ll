; Nothing marked is dropped in silence.
; RUN: split-file %s %t
; RUN: not --crash opt -passes=loco-lower -disable-output %t/unknown.ll 2>&1 | FileCheck --check-prefix=UNKNOWN %s
; RUN: not --crash opt -passes=loco-lower -disable-output %t/origin.ll 2>&1 | FileCheck --check-prefix=ORIGIN %s
; RUN: not --crash opt -passes=loco-lower -disable-output %t/value.ll 2>&1 | FileCheck --check-prefix=VALUE %s

; UNKNOWN: an instruction that takes an addrspace(7) pointer is not known:{{.*}}call void @use(
; UNKNOWN: in function f
; ORIGIN: an addrspace(7) pointer does not come from loco-tag:{{.*}}load i32
; VALUE: an instruction that takes an addrspace(7) pointer is not known:{{.*}}store ptr addrspace(7)

//--- unknown.ll
declare void @use(ptr addrspace(7))
define void @f(ptr %p) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  call void @use(ptr addrspace(7) %r)
  ret void
}

//--- origin.ll
define i32 @f(ptr addrspace(7) %r) {
  %v = load i32, ptr addrspace(7) %r, align 4
  ret i32 %v
}

//--- value.ll
define void @f(ptr %p, ptr %q) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  store ptr addrspace(7) %r, ptr %q
  ret void
}

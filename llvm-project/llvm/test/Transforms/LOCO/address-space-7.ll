; A program cannot have address space 7 for itself.
; RUN: split-file %s %t
; RUN: not opt -passes=loco -disable-output %t/variable.ll 2>&1 | FileCheck --check-prefix=VARIABLE %s
; RUN: not opt -passes=loco -disable-output %t/function.ll 2>&1 | FileCheck --check-prefix=FUNCTION %s

; VARIABLE: error: 'table': address space 7 is taken by LOCO and cannot be used with -floco
; FUNCTION: error: prog.c:3:12: in function f i32 (ptr addrspace(7)): address space 7 is taken by LOCO

//--- variable.ll
@table = addrspace(7) global i32 0

//--- function.ll
define i32 @f(ptr addrspace(7) %p) !dbg !4 {
  %v = load i32, ptr addrspace(7) %p, align 4, !dbg !6
  ret i32 %v
}

!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!2, !3}
!0 = distinct !DICompileUnit(language: DW_LANG_C11, file: !1, emissionKind: FullDebug)
!1 = !DIFile(filename: "prog.c", directory: ".")
!2 = !{i32 7, !"Dwarf Version", i32 5}
!3 = !{i32 2, !"Debug Info Version", i32 3}
!4 = distinct !DISubprogram(name: "f", file: !1, line: 2, type: !5, unit: !0, spFlags: DISPFlagDefinition)
!5 = !DISubroutineType(types: !{null})
!6 = !DILocation(line: 3, column: 12, scope: !4)

; Calls of library functions: what they reach is made ready before them.
; RUN: opt -passes=loco-tag -verify-each -S %s | FileCheck %s
; RUN: opt -passes='loco-tag,loco-lower' -verify-each -S %s | FileCheck %s --check-prefix=LOWER

target triple = "x86_64-pc-linux-gnu"

@format = private constant [3 x i8] c"%s\00"

declare i32 @memcmp(ptr, ptr, i64)
declare i64 @strlen(ptr nocapture readonly)
declare i64 @fread(ptr, i64, i64, ptr)
declare i64 @read(i32, ptr, i64)
declare void @qsort(ptr, i64, i64, ptr)
declare i32 @printf(ptr nocapture readonly, ...)
declare i64 @strtol(ptr readonly, ptr nocapture, i32)
declare i32 @own_function(ptr, ptr, i64)

; Two ranges to be read; asked for only where there are several nodes.
; CHECK-LABEL: define i32 @compare(
; CHECK: call void @loco.ready(ptr addrspace(7) %{{.*}}, i64 %n, i32 0)
; CHECK: call void @loco.ready(ptr addrspace(7) %{{.*}}, i64 %n, i32 0)
; CHECK: call i32 @memcmp(
; LOWER-LABEL: define i32 @compare(
; LOWER: load i8, ptr inttoptr (i64 2147450880 to ptr), align 1
; LOWER: br i1
; LOWER: call preserve_mostcc void @__loco_touch(ptr %p, i64 %n, i32 0)
; LOWER: call preserve_mostcc void @__loco_touch(ptr %q, i64 %n, i32 0)
; LOWER: call i32 @memcmp(ptr %p, ptr %q, i64 %n)
define i32 @compare(ptr %p, ptr %q, i64 %n) {
  %r = call i32 @memcmp(ptr %p, ptr %q, i64 %n)
  ret i32 %r
}

; The first byte of a string: one check in line.
; CHECK-LABEL: define i64 @length(
; CHECK: call void @loco.ready(ptr addrspace(7) %{{.*}}, i64 1, i32 0)
; LOWER-LABEL: define i64 @length(
; LOWER: call preserve_mostcc void @__loco_load(ptr %s, i64 1)
define i64 @length(ptr %s) {
  %n = call i64 @strlen(ptr %s)
  ret i64 %n
}

; Size times count, to be written; the FILE is not ours to touch.
; CHECK-LABEL: define i64 @input(
; CHECK: %[[BYTES:.*]] = mul i64 %size, %count
; CHECK: call void @loco.ready(ptr addrspace(7) %{{.*}}, i64 %[[BYTES]], i32 1)
; CHECK-NOT: loco.ready
; CHECK: call i64 @fread(
define i64 @input(ptr %p, i64 %size, i64 %count, ptr %file) {
  %n = call i64 @fread(ptr %p, i64 %size, i64 %count, ptr %file)
  ret i64 %n
}

; CHECK-LABEL: define i64 @system_call(
; CHECK: call void @loco.ready(ptr addrspace(7) %{{.*}}, i64 4096, i32 1)
; CHECK: call i64 @read(
define i64 @system_call(i32 %fd, ptr %p) {
  %n = call i64 @read(i32 %fd, ptr %p, i64 4096)
  ret i64 %n
}

; CHECK-LABEL: define void @sort(
; CHECK: call void @loco.ready(ptr addrspace(7) %{{.*}}, i64 %{{.*}}, i32 1)
; CHECK: call void @qsort(
define void @sort(ptr %p, i64 %n, ptr %less) {
  call void @qsort(ptr %p, i64 %n, i64 8, ptr %less)
  ret void
}

; Strings of printf, but not its constant format.
; CHECK-LABEL: define i32 @print(
; CHECK: call void @loco.ready(ptr addrspace(7) %{{.*}}, i64 1, i32 0)
; CHECK-NOT: loco.ready
; CHECK: call i32 (ptr, ...) @printf(
define i32 @print(ptr %s, i32 %i) {
  %n = call i32 (ptr, ...) @printf(ptr @format, ptr %s, i32 %i)
  ret i32 %n
}

; What stays on this node is left alone, and so are functions of the program,
; also one with a library's name and another type.
; CHECK-LABEL: define i64 @others(
; CHECK-NOT: loco.ready
; CHECK: ret i64
define i64 @others(ptr %p, i64 %n) {
  %own = alloca [64 x i8]
  call void @fill(ptr %own)
  %a = call i64 @strlen(ptr %own)
  %b = call i32 @own_function(ptr %p, ptr %p, i64 %n)
  %c = call i64 @write(ptr %p, i64 %n)
  ret i64 %a
}
declare void @fill(ptr)
declare i64 @write(ptr, i64)

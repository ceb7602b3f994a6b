; Atomics, volatile accesses and fences: the plain instruction with one node, at
; the home with several. -floco-checks does not matter to them.
; RUN: opt -passes=loco-lower -verify-each -S %s | FileCheck %s
; RUN: opt -passes='loco-lower<none>' -S %s | FileCheck %s
; RUN: opt -passes=loco-lower %s | llc -mattr=+cx16 -o - | FileCheck --check-prefix=ASM %s

target triple = "x86_64-pc-linux-gnu"

; CHECK-LABEL: define i32 @load(
; CHECK: [[FLAG:%.*]] = load i8, ptr inttoptr (i64 2147450880 to ptr), align 1
; CHECK: [[MULTI:%.*]] = icmp ne i8 [[FLAG]], 0
; CHECK: br i1 [[MULTI]], label %[[HOME:.*]], label %[[HERE:.*]], !prof
; CHECK: [[HOME]]:
; CHECK-NEXT: [[A:%.*]] = call i32 @__loco_atomic_load_4(ptr %p, i32 2)
; CHECK-NEXT: br label %[[END:.*]]
; CHECK: [[HERE]]:
; CHECK-NEXT: [[B:%.*]] = load atomic i32, ptr %p acquire, align 4
; CHECK-NEXT: br label %[[END]]
; CHECK: [[END]]:
; CHECK-NEXT: %v = phi i32 [ [[A]], %[[HOME]] ], [ [[B]], %[[HERE]] ]
; ASM-LABEL: load:
; ASM: cmpb $0, 2147450880
; ASM-NEXT: jne
define i32 @load(ptr %p) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load atomic i32, ptr addrspace(7) %r acquire, align 4
  ret i32 %v
}

; Every width and type.
; CHECK-LABEL: define void @types(
; CHECK: call zeroext i8 @__loco_atomic_load_1(ptr %p, i32 0)
; CHECK: call void @__loco_atomic_store_1(ptr %p, i8 zeroext {{%.*}}, i32 3)
; CHECK: call zeroext i16 @__loco_atomic_load_2(ptr %p, i32 5)
; CHECK: [[X:%.*]] = call i64 @__loco_atomic_load_8(ptr %p, i32 0)
; CHECK: inttoptr i64 [[X]] to ptr
; CHECK: [[Y:%.*]] = ptrtoint ptr {{%.*}} to i64
; CHECK: call void @__loco_atomic_store_8(ptr %p, i64 [[Y]], i32 3)
; CHECK: [[Z:%.*]] = call i32 @__loco_atomic_load_4(ptr %p, i32 0)
; CHECK: bitcast i32 [[Z]] to float
; CHECK: call i128 @__loco_atomic_load_16(ptr %p, i32 5)
; CHECK: call void @__loco_atomic_store_16(ptr %p, i128 {{%.*}}, i32 5)
; CHECK: call zeroext i16 @__loco_atomic_load_2(ptr %p, i32 0)
; CHECK: bitcast i16 {{%.*}} to half
define void @types(ptr %p) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %a = load atomic i8, ptr addrspace(7) %r monotonic, align 1
  store atomic i8 %a, ptr addrspace(7) %r release, align 1
  %b = load atomic i16, ptr addrspace(7) %r seq_cst, align 2
  %c = load atomic ptr, ptr addrspace(7) %r unordered, align 8
  store atomic ptr %c, ptr addrspace(7) %r release, align 8
  %d = load atomic float, ptr addrspace(7) %r monotonic, align 4
  store atomic float %d, ptr addrspace(7) %r monotonic, align 4
  %e = load atomic i128, ptr addrspace(7) %r seq_cst, align 16
  store atomic i128 %e, ptr addrspace(7) %r seq_cst, align 16
  %h = load atomic half, ptr addrspace(7) %r monotonic, align 2
  store atomic half %h, ptr addrspace(7) %r monotonic, align 2
  ret void
}

; CHECK-LABEL: define i32 @rmw(
; CHECK: call i32 @__loco_atomic_rmw_4(ptr %p, i32 %v, i32 0, i32 2)
; CHECK: atomicrmw xchg ptr %p, i32 %v acquire
; CHECK: call i32 @__loco_atomic_rmw_4(ptr %p, i32 %v, i32 1, i32 5)
; CHECK: call i32 @__loco_atomic_rmw_4(ptr %p, i32 %v, i32 2, i32 0)
; CHECK: call i32 @__loco_atomic_rmw_4(ptr %p, i32 %v, i32 3, i32 4)
; CHECK: call i32 @__loco_atomic_rmw_4(ptr %p, i32 %v, i32 4, i32 3)
; CHECK: call i32 @__loco_atomic_rmw_4(ptr %p, i32 %v, i32 5, i32 5)
; CHECK: call i32 @__loco_atomic_rmw_4(ptr %p, i32 %v, i32 6, i32 5)
; CHECK: call i32 @__loco_atomic_rmw_4(ptr %p, i32 %v, i32 7, i32 5)
; CHECK: call i32 @__loco_atomic_rmw_4(ptr %p, i32 %v, i32 8, i32 5)
; CHECK: call i32 @__loco_atomic_rmw_4(ptr %p, i32 %v, i32 9, i32 5)
; CHECK: call i32 @__loco_atomic_rmw_4(ptr %p, i32 %v, i32 10, i32 5)
; CHECK: [[F:%.*]] = bitcast double %f to i64
; CHECK: [[OLD:%.*]] = call i64 @__loco_atomic_rmw_8(ptr %p, i64 [[F]], i32 11, i32 5)
; CHECK: bitcast i64 [[OLD]] to double
; CHECK: call i64 @__loco_atomic_rmw_8(ptr %p, i64 {{%.*}}, i32 12, i32 5)
; CHECK: call i64 @__loco_atomic_rmw_8(ptr %p, i64 {{%.*}}, i32 13, i32 5)
; CHECK: call i64 @__loco_atomic_rmw_8(ptr %p, i64 {{%.*}}, i32 14, i32 5)
define i32 @rmw(ptr %p, i32 %v, double %f) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %o = atomicrmw xchg ptr addrspace(7) %r, i32 %v acquire, align 4
  %1 = atomicrmw add ptr addrspace(7) %r, i32 %v seq_cst, align 4
  %2 = atomicrmw sub ptr addrspace(7) %r, i32 %v monotonic, align 4
  %3 = atomicrmw and ptr addrspace(7) %r, i32 %v acq_rel, align 4
  %4 = atomicrmw nand ptr addrspace(7) %r, i32 %v release, align 4
  %5 = atomicrmw or ptr addrspace(7) %r, i32 %v seq_cst, align 4
  %6 = atomicrmw xor ptr addrspace(7) %r, i32 %v seq_cst, align 4
  %7 = atomicrmw max ptr addrspace(7) %r, i32 %v seq_cst, align 4
  %8 = atomicrmw min ptr addrspace(7) %r, i32 %v seq_cst, align 4
  %9 = atomicrmw umax ptr addrspace(7) %r, i32 %v seq_cst, align 4
  %10 = atomicrmw umin ptr addrspace(7) %r, i32 %v seq_cst, align 4
  %11 = atomicrmw fadd ptr addrspace(7) %r, double %f seq_cst, align 8
  %12 = atomicrmw fsub ptr addrspace(7) %r, double %f seq_cst, align 8
  %13 = atomicrmw fmax ptr addrspace(7) %r, double %f seq_cst, align 8
  %14 = atomicrmw fmin ptr addrspace(7) %r, double %f seq_cst, align 8
  ret i32 %o
}

; What libloco has no operation for.
; CHECK-LABEL: define half @cas_loop(
; CHECK: [[FIRST:%.*]] = call zeroext i16 @__loco_atomic_load_2(ptr %p, i32 0)
; CHECK: [[LOOP:loco.cas.*]]: {{.*}}preds =
; CHECK: [[OLD:%.*]] = phi i16 [ [[FIRST]], {{%.*}} ], [ [[SEEN:%.*]], %[[LOOP]] ]
; CHECK: [[VALUE:%.*]] = bitcast i16 [[OLD]] to half
; CHECK: [[NEW:%.*]] = fadd half [[VALUE]], %v
; CHECK: [[BITS:%.*]] = bitcast half [[NEW]] to i16
; CHECK: [[SEEN]] = call zeroext i16 @__loco_atomic_cas_2(ptr %p, i16 zeroext [[OLD]], i16 zeroext [[BITS]], i32 5, i32 0)
; CHECK: icmp eq i16 [[SEEN]], [[OLD]]
; CHECK: atomicrmw fadd ptr %p, half %v seq_cst
define half @cas_loop(ptr %p, half %v) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %o = atomicrmw fadd ptr addrspace(7) %r, half %v seq_cst, align 2
  ret half %o
}

; CHECK-LABEL: define i32 @increment(
; CHECK: add i32 [[OLD:%.*]], 1
; CHECK: call i32 @__loco_atomic_cas_4(ptr %p, i32 [[OLD]], i32 {{%.*}}, i32 2, i32 0)
; CHECK: atomicrmw uinc_wrap ptr %p, i32 7 acquire
define i32 @increment(ptr %p) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %o = atomicrmw uinc_wrap ptr addrspace(7) %r, i32 7 acquire, align 4
  ret i32 %o
}

; CHECK-LABEL: define i1 @cmpxchg(
; CHECK: [[OLD:%.*]] = call i64 @__loco_atomic_cas_8(ptr %p, i64 [[E:%.*]], i64 {{%.*}}, i32 4, i32 2)
; CHECK: [[OLDPTR:%.*]] = inttoptr i64 [[OLD]] to ptr
; CHECK: insertvalue { ptr, i1 } poison, ptr [[OLDPTR]], 0
; CHECK: icmp eq i64 [[OLD]], [[E]]
; CHECK: cmpxchg weak volatile ptr %p, ptr %expected, ptr %desired acq_rel acquire, align 8
; CHECK: phi { ptr, i1 }
define i1 @cmpxchg(ptr %p, ptr %expected, ptr %desired) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %x = cmpxchg weak volatile ptr addrspace(7) %r, ptr %expected, ptr %desired acq_rel acquire, align 8
  %ok = extractvalue { ptr, i1 } %x, 1
  ret i1 %ok
}

; Code generation makes __atomic_* calls of these, and libloco has those.
; CHECK-LABEL: define i64 @libcalls(
; CHECK-NOT: @__loco_
; CHECK: load atomic i64, ptr %p seq_cst, align 1
; CHECK-NEXT: load atomic i256, ptr %p seq_cst, align 32
; ASM-LABEL: libcalls:
; ASM: callq __atomic_load@PLT
; ASM: callq __atomic_load@PLT
define i64 @libcalls(ptr %p) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load atomic i64, ptr addrspace(7) %r seq_cst, align 1
  %w = load atomic i256, ptr addrspace(7) %r seq_cst, align 32
  %t = trunc i256 %w to i64
  %s = add i64 %v, %t
  ret i64 %s
}

; CHECK-LABEL: define void @fences(
; CHECK: call void @__loco_fence(i32 5)
; CHECK: fence seq_cst
; CHECK: call void @__loco_fence(i32 2)
; CHECK: fence acquire
; CHECK-NOT: @__loco_fence
; CHECK: fence syncscope("singlethread") seq_cst
define void @fences() {
  fence seq_cst
  fence acquire
  fence syncscope("singlethread") seq_cst
  ret void
}

; Those of x86, too, however they are written.
; CHECK-LABEL: define void @x86_fences(
; CHECK: call void @__loco_fence(i32 5)
; CHECK: call void @llvm.x86.sse2.mfence()
; CHECK: call void @__loco_fence(i32 2)
; CHECK: call void @llvm.x86.sse2.lfence()
; CHECK: call void @__loco_fence(i32 3)
; CHECK: call void @llvm.x86.sse.sfence()
; CHECK: call void @__loco_fence(i32 5)
; CHECK: call void asm sideeffect "mfence"
; CHECK: call void @__loco_fence(i32 5)
; CHECK: call void asm sideeffect "lock; addl $$0,0(%rsp)"
; CHECK-NOT: @__loco_fence
; CHECK: call void asm sideeffect "pause"
define void @x86_fences() {
  call void @llvm.x86.sse2.mfence()
  call void @llvm.x86.sse2.lfence()
  call void @llvm.x86.sse.sfence()
  call void asm sideeffect "mfence", "~{memory}"()
  call void asm sideeffect "lock; addl $$0,0(%rsp)", "~{memory}"()
  call void asm sideeffect "pause", "~{memory}"()
  ret void
}
declare void @llvm.x86.sse2.mfence()
declare void @llvm.x86.sse2.lfence()
declare void @llvm.x86.sse.sfence()

; CHECK-LABEL: define double @volatile(
; CHECK: %loco.buffer = alloca [8 x i8], align 64
; CHECK: call void @__loco_volatile_load(ptr %p, ptr %loco.buffer, i64 8)
; CHECK: [[A:%.*]] = load double, ptr %loco.buffer, align 64
; CHECK: [[B:%.*]] = load volatile double, ptr %p, align 8
; CHECK: %v = phi double [ [[A]], {{%.*}} ], [ [[B]], {{%.*}} ]
; CHECK: store i32 7, ptr %loco.buffer, align 64
; CHECK: call void @__loco_volatile_store(ptr %p, ptr %loco.buffer, i64 4)
; CHECK: store volatile i32 7, ptr %p, align 4
define double @volatile(ptr %p) {
  %r = addrspacecast ptr %p to ptr addrspace(7)
  %v = load volatile double, ptr addrspace(7) %r, align 8
  store volatile i32 7, ptr addrspace(7) %r, align 4
  ret double %v
}

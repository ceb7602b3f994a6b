; Function-local statics are initialised once over all nodes.
; RUN: opt -passes=loco-globals -S %s | FileCheck %s
; RUN: opt -passes=loco-tag,loco-lower -verify-each -S %s | FileCheck --check-prefix=LOWER %s

target triple = "x86_64-pc-linux-gnu"

@_ZGVZ1fvE1x = internal global i64 0, align 8
@_ZZ1fvE1x = internal global i32 0, align 4

; CHECK-LABEL: define i32 @f(
; CHECK: call i32 @__loco_guard_acquire(ptr @_ZGVZ1fvE1x)
; CHECK: invoke i32 @make()
; CHECK: call void @__loco_guard_release(ptr @_ZGVZ1fvE1x)
; CHECK: call void @__loco_guard_abort(ptr @_ZGVZ1fvE1x)

; On its fast path a node looks at its own copy of the guard, once it has seen
; (and acquired) the initialised object.
; LOWER-LABEL: define i32 @f(
; LOWER: [[SEEN:%.*]] = load atomic i8, ptr @__loco_seen._ZGVZ1fvE1x acquire, align 1
; LOWER: [[NOT:%.*]] = icmp eq i8 [[SEEN]], 0
; LOWER: br i1 [[NOT]]
; LOWER: [[NOW:%.*]] = call zeroext i8 @__loco_atomic_load_1(ptr @_ZGVZ1fvE1x, i32 2)
; LOWER: store atomic i8 [[NOW]], ptr @__loco_seen._ZGVZ1fvE1x release, align 1
; LOWER: phi i8 [ [[SEEN]], {{.*}} ], [ [[NOW]], {{.*}} ]
; LOWER: load atomic i8, ptr @_ZGVZ1fvE1x acquire, align 8
define i32 @f() personality ptr @__gxx_personality_v0 {
entry:
  %guard = load atomic i8, ptr @_ZGVZ1fvE1x acquire, align 8
  %is_new = icmp eq i8 %guard, 0
  br i1 %is_new, label %check, label %end

check:
  %first = call i32 @__cxa_guard_acquire(ptr @_ZGVZ1fvE1x)
  %go = icmp ne i32 %first, 0
  br i1 %go, label %init, label %end

init:
  %v = invoke i32 @make() to label %done unwind label %lpad

done:
  store i32 %v, ptr @_ZZ1fvE1x, align 4
  call void @__cxa_guard_release(ptr @_ZGVZ1fvE1x)
  br label %end

end:
  %x = load i32, ptr @_ZZ1fvE1x, align 4
  ret i32 %x

lpad:
  %e = landingpad { ptr, i32 } cleanup
  call void @__cxa_guard_abort(ptr @_ZGVZ1fvE1x)
  resume { ptr, i32 } %e
}

declare i32 @make()
declare i32 @__cxa_guard_acquire(ptr)
declare void @__cxa_guard_release(ptr)
declare void @__cxa_guard_abort(ptr)
declare i32 @__gxx_personality_v0(...)

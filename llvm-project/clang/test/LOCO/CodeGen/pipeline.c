// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The LOCO passes run at each level of optimisation and before bitcode for LTO
// is written, and not without -floco or where no LLVM passes are to run.

// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -O0 -emit-llvm %s -o - \
// RUN:   | FileCheck %s --check-prefix=LOWERED
// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -O1 -emit-llvm %s -o - \
// RUN:   | FileCheck %s --check-prefix=LOWERED
// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -O2 -emit-llvm %s -o - \
// RUN:   | FileCheck %s --check-prefix=LOWERED
// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -O3 -emit-llvm %s -o - \
// RUN:   | FileCheck %s --check-prefix=LOWERED
// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -Os -emit-llvm %s -o - \
// RUN:   | FileCheck %s --check-prefix=LOWERED
// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -O2 -flto=full -emit-llvm %s \
// RUN:   -o - | FileCheck %s --check-prefix=LOWERED
// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -O2 -flto=thin -emit-llvm %s \
// RUN:   -o - | FileCheck %s --check-prefix=LOWERED
// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -O0 -flto=thin -emit-llvm %s \
// RUN:   -o - | FileCheck %s --check-prefix=LOWERED
// LOWERED-LABEL: define {{.*}}@get
// LOWERED: __loco_check_load_
// LOWERED: ret i32

// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -O2 -floco-checks=none \
// RUN:   -emit-llvm %s -o - | FileCheck %s --check-prefix=UNCHECKED
// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -O2 -disable-llvm-passes \
// RUN:   -emit-llvm %s -o - | FileCheck %s --check-prefix=UNCHECKED
// RUN: %clang_cc1 -triple x86_64-linux-gnu -O2 -emit-llvm %s -o - \
// RUN:   | FileCheck %s --check-prefix=UNCHECKED
// UNCHECKED-LABEL: define {{.*}}@get
// UNCHECKED-NOT: __loco
// UNCHECKED: ret i32

int get(int *p) { return *p; }

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A global of a shared library stays where the library has it, in its LOCO
// section: no copy relocation brings it into the executable's plain .bss.

// RUN: rm -rf %t && mkdir %t
// RUN: %loco-clang -O2 -fPIC -shared -DLIBRARY %s -o %t/libshared.so
// RUN: %loco-clang -O2 %s %t/libshared.so -o %t/prog
// RUN: llvm-readelf-19 -r %t/prog | FileCheck %s
// RUN: %loco-clang -O2 -fuse-ld=lld %s %t/libshared.so -o %t/prog
// RUN: llvm-readelf-19 -r %t/prog | FileCheck %s
// RUN: %loco-clang -O2 -fdirect-access-external-data %s %t/libshared.so \
// RUN:   -o %t/prog
// RUN: llvm-readelf-19 -r %t/prog | FileCheck %s --check-prefix=DIRECT
// CHECK-NOT: R_X86_64_COPY
// CHECK: R_X86_64_GLOB_DAT {{.*}} shared
// CHECK-NOT: R_X86_64_COPY
// DIRECT: R_X86_64_COPY {{.*}} shared

#ifdef LIBRARY
int shared = 1;
#else
extern int shared;
int main(void) { return ++shared; }
#endif

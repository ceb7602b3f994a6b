// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Executables are not position-independent, whatever the default is; objects
// for shared libraries are where the user says so.

// RUN: %clang --target=x86_64-linux-gnu -floco -### -c %s 2>&1 \
// RUN:   | FileCheck %s --check-prefix=STATIC
// STATIC: "-mrelocation-model" "static"
// STATIC-NOT: "-pic-level"

// RUN: %clang --target=x86_64-linux-gnu -floco -fPIC -### -c %s 2>&1 \
// RUN:   | FileCheck %s --check-prefix=PIC
// PIC: "-mrelocation-model" "pic" "-pic-level" "2"
// PIC-NOT: "-pic-is-pie"

// RUN: %clang --target=x86_64-linux-gnu -floco -fPIE -pie -### %s 2>&1 \
// RUN:   | FileCheck %s --check-prefix=NO-PIE
// NO-PIE: "-pic-is-pie"
// NO-PIE: "--eh-frame-hdr"
// NO-PIE-NOT: "-pie"
// NO-PIE-SAME: /crt1.o"
// NO-PIE-SAME: "-no-pie"

// The default of plain clang stays what it was.
// RUN: %clang --target=x86_64-linux-gnu -### %s 2>&1 \
// RUN:   | FileCheck %s --check-prefix=PLAIN
// PLAIN: "-pic-is-pie"
// PLAIN: "-pie"

int main(void) { return 0; }

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The runtime comes before the user's inputs and the system's libraries, its
// folder before other folders.

// RUN: %clang --target=x86_64-linux-gnu -floco -fopenmp -### %s -L/user -luser \
// RUN:   2>&1 | FileCheck %s --check-prefixes=LINK,EXE
// RUN: %clang --target=x86_64-linux-gnu -floco -fopenmp --driver-mode=g++ -### \
// RUN:   %s -L/user -luser 2>&1 | FileCheck %s --check-prefixes=LINK,EXE,CXX
// RUN: %clang --target=x86_64-linux-gnu -floco -fopenmp -shared -fPIC -### %s \
// RUN:   -L/user -luser 2>&1 | FileCheck %s --check-prefixes=LINK,SHARED
// LINK: "-cc1"
// LINK: "--eh-frame-hdr"
// EXE-NOT: "-pie"
// EXE-SAME: crt1.o"
// SHARED-SAME: "-shared"
// SHARED-NOT: "-no-pie"
// LINK-SAME: {{crtbeginS?.o"}}
// EXE-SAME: "-no-pie"
// LINK-SAME: "-T" "[[LIB:[^"]*/lib]]/loco/loco-globals.ld"
// LINK-SAME: "[[LIB]]/loco/crtloco.o"
// LINK-SAME: "-L[[LIB]]" "-rpath" "[[LIB]]" "-lloco"
// LINK-SAME: "-L/user"
// LINK-SAME: "-luser"
// CXX-SAME: "-lstdc++"
// LINK-SAME: "-lomp"
// LINK-SAME: "-lc"

// RUN: %clang --target=x86_64-linux-gnu -floco -floco-mode=kvstore -### %s 2>&1 \
// RUN:   | FileCheck %s --check-prefix=KVSTORE
// KVSTORE: "--defsym=__loco_kvstore=1" "--export-dynamic-symbol=__loco_kvstore"
// KVSTORE-SAME: "-T"

// RUN: %clang --target=x86_64-linux-gnu -floco -r -### %s 2>&1 \
// RUN:   | FileCheck %s --check-prefix=NONE
// RUN: %clang --target=x86_64-linux-gnu -floco -nostdlib -### %s 2>&1 \
// RUN:   | FileCheck %s --check-prefix=NONE
// NONE: "-cc1"
// NONE-NOT: {{"-lloco"|crtloco|loco-globals}}

// RUN: %clang --target=x86_64-linux-gnu -floco -nodefaultlibs -### %s 2>&1 \
// RUN:   | FileCheck %s --check-prefix=NODEFAULT
// NODEFAULT: crtloco.o"
// NODEFAULT-NOT: "-lloco"

int main(void) { return 0; }

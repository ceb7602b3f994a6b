// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Without -floco no runtime is linked: the builtins are refused.

// RUN: %clang_cc1 -triple x86_64-linux-gnu -fsyntax-only -verify %s
// RUN: %clang_cc1 -triple x86_64-linux-gnu -fsyntax-only -x c++ -verify %s
// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -fsyntax-only \
// RUN:   -verify=none %s
// none-no-diagnostics

int f(void *p) {
  __builtin_loco_free(p); // expected-error {{'__builtin_loco_free' requires '-floco'}}
  __builtin_loco_acquire(); // expected-error {{'__builtin_loco_acquire' requires '-floco'}}
  return __builtin_loco_node(); // expected-error {{'__builtin_loco_node' requires '-floco'}}
}

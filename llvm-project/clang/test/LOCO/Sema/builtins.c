// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Counts and types of the arguments of __builtin_loco_* are checked.

// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -fsyntax-only -verify %s
// RUN: %clang_cc1 -triple x86_64-linux-gnu -floco -fsyntax-only -x c++ \
// RUN:   -verify=expected,cxx %s

struct S {
  int x;
} s;

void counts(void *p) {
  (void)__builtin_loco_malloc();     // expected-error {{too few arguments to function call, expected 1, have 0}}
  (void)__builtin_loco_malloc(1, 2); // expected-error {{too many arguments to function call, expected 1, have 2}}
  (void)__builtin_loco_calloc(1);    // expected-error {{too few arguments to function call, expected 2, have 1}}
  __builtin_loco_free();             // expected-error {{too few arguments to function call, expected 1, have 0}}
  (void)__builtin_loco_home(p, p);   // expected-error {{too many arguments to function call, expected 1, have 2}}
  __builtin_loco_prefetch(p);        // expected-error {{too few arguments to function call, expected 2, have 1}}
  __builtin_loco_release(p);         // expected-error {{too many arguments to function call, expected 0, have 1}}
  (void)__builtin_loco_node(1);      // expected-error {{too many arguments to function call, expected 0, have 1}}
}

void types(void *p, const int *c) {
  (void)__builtin_loco_malloc(s); // expected-error-re {{{{passing 'struct S' to parameter of incompatible type 'unsigned long'|cannot initialize a parameter of type 'unsigned long' with an lvalue of type 'struct S'|no viable conversion from 'struct S' to 'unsigned long'}}}}
  __builtin_loco_free(s);         // expected-error-re {{{{passing 'struct S' to parameter of incompatible type 'void \*'|cannot initialize a parameter of type 'void \*' with an lvalue of type 'struct S'|no viable conversion from 'struct S' to 'void \*'}}}}
  (void)__builtin_loco_home(s);   // expected-error-re {{{{passing 'struct S' to parameter of incompatible type 'const void \*'|cannot initialize a parameter of type 'const void \*' with an lvalue of type 'struct S'|no viable conversion from 'struct S' to 'const void \*'}}}}
  (void)__builtin_loco_home(1.5); // expected-error-re {{{{passing 'double' to parameter of incompatible type 'const void \*'|cannot initialize a parameter of type 'const void \*' with an rvalue of type 'double'}}}}
  s = __builtin_loco_node();      // expected-error-re {{{{assigning to 'struct S' from incompatible type 'int'|no viable overloaded '='}}}}
  // cxx-note@8 2 {{candidate function}}
}

void fine(void *p, const volatile int *v, const char *c) {
  int *q = (int *)__builtin_loco_malloc(sizeof(int));
  __builtin_loco_free(q);
  (void)__builtin_loco_strdup(c);
  (void)__builtin_loco_is_local("literal");
  _Static_assert(sizeof(__builtin_loco_home(p)) == sizeof(int), "");
  _Static_assert(__has_builtin(__builtin_loco_acquire), "");
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program that needs libloco.so, for the launcher's look at its ELF header.
int main() { return 0; }

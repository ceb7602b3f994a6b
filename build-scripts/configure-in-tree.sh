#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Configures the fork inside a full LLVM tree, where LLVM, Clang and libomp are
# all built from the one source. It needs no installed LLVM, but some hours to
# build. Source and build go to build/in-tree, beside the standalone ones.
#
#   configure-in-tree.sh [CMAKE_ARGS...]
#   ninja -C build/in-tree/llvm clang opt && ninja -C build/in-tree/llvm openmp
set -euo pipefail
source "$(dirname "$0")/lib.sh"

# The tarball that the standalone build downloaded is good for this tree too.
if [ -z "${LOCO_LLVM_SOURCE:-}" ]; then
  for tarball in "$build"/download/*.tar.*; do
    [ ! -f "$tarball" ] || export LOCO_LLVM_SOURCE=$tarball
  done
fi
export LOCO_BUILD_DIR=$build/in-tree
"$scripts/fetch-source.sh" --full
"$scripts/apply-patches.sh"

run cmake -G Ninja -S "$LOCO_BUILD_DIR/src/llvm" -B "$LOCO_BUILD_DIR/llvm" \
  -DCMAKE_BUILD_TYPE=Release -DLLVM_TARGETS_TO_BUILD=X86 \
  "-DCMAKE_C_COMPILER=clang-$LLVM_MAJOR" "-DCMAKE_CXX_COMPILER=clang++-$LLVM_MAJOR" \
  -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
  -DLLVM_USE_LINKER=lld -DLLVM_ENABLE_PROJECTS=clang -DLLVM_ENABLE_RUNTIMES=openmp \
  -DLLVM_INCLUDE_TESTS=OFF -DLLVM_INCLUDE_BENCHMARKS=OFF -DLLVM_INCLUDE_DOCS=OFF \
  -DCLANG_ENABLE_STATIC_ANALYZER=OFF -DCLANG_ENABLE_ARCMT=OFF "$@"

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Builds the runtime's own tests, as far as they need no window, with sanitizers:
# build/sanitize/KIND.
#
#   build-sanitizers.sh KIND...   some of: address thread undefined
set -euo pipefail
source "$(dirname "$0")/lib.sh"

for kind in "$@"; do
  cmake_configure "$build/sanitize/$kind" -S "$root/loco-runtime" -DCMAKE_BUILD_TYPE=Release \
    "-DCMAKE_C_COMPILER=/usr/bin/clang-$LLVM_MAJOR" \
    "-DCMAKE_CXX_COMPILER=/usr/bin/clang++-$LLVM_MAJOR" \
    -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
    "-DLOCO_SANITIZE=$kind"
  flock "$build/sanitize/$kind/.lock" ninja -C "$build/sanitize/$kind" -j "$jobs" core-tests
done

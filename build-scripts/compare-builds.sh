#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Builds all again with all of Clang compiled (LOCO_BUILD=full, in build/full), runs
# the compiler's tests with that, and compares: it has to make the same objects of
# the examples as the compiler that is installed.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

full=$build/full
LOCO_BUILD=full LOCO_BUILD_DIR=$full "$scripts/build.sh"
LOCO_BUILD_DIR=$full "$scripts/check.sh" --no-build clang passes

out=$build/test/compare
mkdir -p "$out"
# object INSTALLED OUT FLAGS...: without the compiler's version in it.
object() {
  "$1/bin/clang-$LLVM_MAJOR" -resource-dir "$install/lib/clang/$LLVM_MAJOR" -fno-ident \
    -fopenmp -c "${@:3}" -o "$out/$2.o"
}

compared=0
for source in "$root"/examples/*/*.c "$root"/examples/*/*.cpp; do
  for flags in '-O0' '-O2' '-O0 -floco' '-O2 -floco' '-O2 -floco -floco-mode=kvstore'; do
    read -ra flags <<<"$flags"
    object "$install" installed "${flags[@]}" "$source"
    object "$full/install" full "${flags[@]}" "$source"
    cmp "$out/installed.o" "$out/full.o" ||
      die "the two compilers make different objects of ${source#"$root"/} with ${flags[*]}"
    compared=$((compared + 1))
  done
done
note "both compilers make the same $compared objects"

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Builds the toolchain and installs it into build/install: gets and patches the
# source, then builds each part. What is up to date is skipped, so that it can
# be run again at no cost.
#
#   build.sh                  everything
#   build.sh PART...          some of: source clang passes runtime openmp tests
#
# Of Clang, only those files are compiled for which the distribution's static
# archives are no good (see clang-short/plan.py), or all of it with
# LOCO_BUILD=full and where these archives are not of the pinned release.
#
# LOCO_BUILD_DIR (build), LOCO_JOBS (the number of cores) and LOCO_LLVM_SOURCE
# (see fetch-source.sh) change what their names say.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

cc=/usr/bin/clang-$LLVM_MAJOR
cxx=/usr/bin/clang++-$LLVM_MAJOR
[ -x "$cxx" ] || die "there is no $cxx: run build-scripts/setup.sh first"
resource=lib/clang/$LLVM_MAJOR

# ccache keeps objects across clones; without it all still builds.
launcher=()
if command -v ccache >/dev/null; then
  launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi
compilers=(-DCMAKE_BUILD_TYPE=Release "-DCMAKE_C_COMPILER=$cc" "-DCMAKE_CXX_COMPILER=$cxx" "${launcher[@]}")

# short: Clang from the distribution's static archives, where those of the pinned
# release are there; full: all of it.
how=full
if [ "${LOCO_BUILD:-short}" != full ] && [ -f "$llvm_prefix/lib/libclangSema.a" ] &&
  [ -x "$llvm_prefix/bin/clang-scan-deps" ] && grep -sqx \
  "#define CLANG_VERSION_STRING \"$LLVM_VERSION\"" "$llvm_prefix/include/clang/Basic/Version.inc"; then
  how=short
fi

# What is there when a part is built, and the minutes that it takes one core with
# an empty ccache.
declare -A made=([source]=$src [clang]=$install/bin/clang-$LLVM_MAJOR [passes]=$install/lib/LLVMLOCO.so
  [runtime]=$install/lib/libloco.so [openmp]=$install/lib/libomp.so
  [tests]=$build/runtime/test/model/model-test)
declare -A work=([source]=2 [clang]=12 [passes]=2 [runtime]=2 [openmp]=1 [tests]=4)
[ $how = short ] || work[clang]=75

# expect PART...: says how long those will take that are not built yet.
expect() {
  local part minutes=0 cached=0
  for part in "$@"; do
    [ -e "${made[$part]}" ] || minutes=$((minutes + ${work[$part]}))
  done
  [ $minutes -gt 0 ] || return 0
  minutes=$(((minutes + jobs - 1) / jobs))
  [ ${#launcher[@]} = 0 ] || cached=$(ccache --print-stats | awk '$1 == "files_in_cache" { print $2 }')
  if [ "${cached:-0}" -gt 300 ]; then
    note "up to $minutes min on $jobs cores, less for what ccache knows"
  else
    note "about $minutes min on $jobs cores: ccache knows nothing yet"
  fi
}

# ninja_build DIR TARGET...; one ninja at a time in a folder.
ninja_build() {
  local dir=$1
  shift
  flock "$dir/.lock" ninja -C "$dir" -j "$jobs" "$@" ||
    die "the build in $dir failed"
}

# quietly LOG COMMAND...: shows the output only where the command fails.
quietly() {
  local log=$1
  shift
  "$@" >"$log" 2>&1 </dev/null || {
    cat "$log" >&2
    die "failed: $*"
  }
}

build_source() {
  "$scripts/fetch-source.sh"
  "$scripts/apply-patches.sh"
}

# series_id: changes where plan.py has to be asked again: with the names of all
# files of Clang that the series changes, and with what is no source in it.
series_id() {
  {
    src_git diff --name-only HEAD -- clang
    src_git diff HEAD -- clang ':!*.cpp'
    src_git ls-files --others -- clang/include clang/lib clang/cmake
    src_git ls-files --others -- clang/include clang/lib clang/cmake ':!*.cpp' |
      src_git hash-object --no-filters --stdin-paths
  } | sha256sum | cut -d' ' -f1
}

build_clang() {
  local start=$SECONDS out=$build/clang mode=()
  if [ $how = short ]; then
    say "Clang: what the fork changes, and the distribution's objects of LLVM $LLVM_VERSION"
    mode=("-DCMAKE_PROJECT_Clang_INCLUDE=$scripts/clang-short/short.cmake"
      "-DCLANG_TABLEGEN=$scripts/clang-short/installed-tblgen.sh"
      "-DLOCO_SERIES=$(series_id)")
  else
    say "Clang: all of it, against LLVM $LLVM_VERSION of the distribution"
    out=$build/clang-full
  fi
  expect clang
  cmake_configure "$out" -S "$src/clang" "${compilers[@]}" \
    -DLLVM_DIR="$llvm_prefix/lib/cmake/llvm" -DLLVM_USE_LINKER=lld \
    -DLLVM_LINK_LLVM_DYLIB=ON -DCLANG_LINK_CLANG_DYLIB=OFF \
    -DLLVM_ENABLE_PROJECTS=clang -DLLVM_INCLUDE_TESTS=OFF \
    -DCLANG_ENABLE_STATIC_ANALYZER=OFF -DCLANG_ENABLE_ARCMT=OFF \
    -DLLVM_APPEND_VC_REV=OFF '-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG' "${mode[@]}"
  ninja_build "$out" clang clang-resource-headers
  for component in clang clang-resource-headers; do
    quietly "$out/install.log" cmake --install "$out" --prefix "$install" --component "$component"
  done
  ln -sfn "clang-$LLVM_MAJOR" "$install/bin/loco-clang"
  ln -sfn "clang-$LLVM_MAJOR" "$install/bin/loco-clang++"
  # Sanitizer, profile and builtins libraries are the distribution's.
  for part in lib share; do
    [ ! -d "$llvm_prefix/$resource/$part" ] || ln -sfn "$llvm_prefix/$resource/$part" "$install/$resource/$part"
  done
  # So are the linker of -fuse-ld=lld and the plug-in that -flto needs without it.
  ln -sfn "$llvm_prefix/bin/ld.lld" "$install/bin/ld.lld"
  ln -sfn "$llvm_prefix/lib/LLVMgold.so" "$install/lib/LLVMgold.so"
  note "Clang took $(minutes_since "$start")"
}

build_passes() {
  local out=$build/passes
  say "Passes: LLVMLOCO.so for opt-$LLVM_MAJOR"
  cmake_configure "$out" -S "$root/llvm-project/llvm/lib/Transforms/LOCO" "${compilers[@]}" \
    -DLLVM_DIR="$llvm_prefix/lib/cmake/llvm" -DCMAKE_INSTALL_LIBDIR=lib
  ninja_build "$out"
  quietly "$out/install.log" cmake --install "$out" --prefix "$install"
}

build_runtime() {
  local out=$build/runtime
  say "Runtime: libloco.so, loco-run"
  cmake_configure "$out" -S "$root/loco-runtime" "${compilers[@]}" "-DCMAKE_INSTALL_PREFIX=$install"
  ninja_build "$out"
  quietly "$out/install.log" cmake --install "$out" --prefix "$install"
  # Where clang finds <loco/placement.h>, as it finds <omp.h>.
  mkdir -p "$install/$resource/include"
  ln -sfn ../../../../include/loco "$install/$resource/include/loco"
}

# The runtime's own tests.
build_tests() {
  say "Tests of the runtime"
  ninja_build "$build/runtime" test/all
}

build_openmp() {
  local out=$build/openmp
  say "OpenMP: libomp from the same source"
  # omp.h goes where loco-clang looks without being told.
  cmake_configure "$out" -S "$src/openmp" "${compilers[@]}" \
    -DOPENMP_STANDALONE_BUILD=ON -DOPENMP_ENABLE_LIBOMPTARGET=OFF \
    -DOPENMP_ENABLE_OMPT_TOOLS=OFF -DLIBOMP_OMPD_SUPPORT=OFF \
    "-DLIBOMP_CXXFLAGS=-I$root/loco-runtime/include" \
    "-DOPENMP_LLVM_TOOLS_DIR=$llvm_prefix/bin" "-DPython3_EXECUTABLE=/usr/bin/python3" \
    "-DOPENMP_LLVM_LIT_EXECUTABLE=$llvm_prefix/build/utils/lit/lit.py" \
    "-DCMAKE_INSTALL_INCLUDEDIR=$resource/include" "-DCMAKE_INSTALL_PREFIX=$install"
  ninja_build "$out"
  quietly "$out/install.log" cmake --install "$out" --prefix "$install"
}

mkdir -p "$build" "$install/bin" "$install/$resource"
[ $# -gt 0 ] || set -- source clang passes runtime openmp tests
for part in "$@"; do
  [ -n "${made[$part]:-}" ] || die "no part $part: source, clang, passes, runtime, openmp, tests"
done
say "Building: $*"
expect "$@"
for part in "$@"; do "build_$part"; done
say "Installed in $install"

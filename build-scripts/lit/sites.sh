# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The lit suites for scripts: their names, where their tests are, how to run
# them. Sourced after lib.sh.
# shellcheck shell=bash

# suite, folder of its tests, seconds for one test, tests at a time. A program
# test starts many processes, so that more at a time would only disturb.
lit_suites="\
clang    llvm-project/clang/test/LOCO             60  $jobs
passes   llvm-project/llvm/test/Transforms/LOCO   60  $jobs
programs test-suite                               600 ${LOCO_TEST_JOBS:-1}
scripts  build-scripts/test                       600 $jobs
user     test-suite                               600 ${LOCO_TEST_JOBS:-1}"

# Debian's lit needs the distribution's python3 and its psutil for time limits.
lit_command=(/usr/bin/python3 "$llvm_prefix/build/utils/lit/lit.py")

# lit_site SUITE: writes the suite's lit.site.cfg.py.
lit_site() {
  mkdir -p "$build/test/$1"
  write_if_changed "$build/test/$1/lit.site.cfg.py" <<END
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, "$scripts/lit")
import loco_lit
loco_lit.configure(config, lit_config, "$1", root="$root", build="$build",
                   llvm="$llvm_prefix")
END
}

# run_lit SUITE PATH_IN_SUITE... -- LIT_ARGS...
run_lit() {
  local suite=$1 folder limit at_a_time paths=()
  shift
  read -r _ folder limit at_a_time < <(grep "^$suite " <<<"$lit_suites")
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    paths+=("$build/test/$suite/$1")
    shift
  done
  shift
  lit_site "$suite"
  "${lit_command[@]}" --timeout "$limit" --workers "$at_a_time" "$@" "${paths[@]}" </dev/null
}

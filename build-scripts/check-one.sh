#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Runs single lit tests, or folders of them, against what is installed in
# build/install, with all they print.
#
#   check-one.sh llvm-project/clang/test/LOCO/Driver/help.c test-suite/programs
set -euo pipefail
source "$(dirname "$0")/lib.sh"
source "$scripts/lit/sites.sh"

[ $# -gt 0 ] || die "usage: check-one.sh TEST..."
status=0
for test in "$@"; do
  [ -e "$test" ] || die "no such test: $test"
  test=$(realpath "$test")
  found=
  while read -r suite folder _; do
    case $test/ in
    "$root/$folder/"*) found=$suite below=${test#"$root/$folder"} ;;
    esac
  done <<<"$lit_suites"
  [ -n "$found" ] || die "$test is in no lit suite: $(awk '{printf "%s ", $2}' <<<"$lit_suites")"
  run_lit "$found" "${below#/}" -- -a || status=1
done
exit $status

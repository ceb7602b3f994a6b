#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# expect-exit.sh STATUS SECONDS COMMAND...: passes the command's output on, both
# streams; fails unless it ends with this status within this time, and leaves no
# process of its program behind. STATUS may be several, as 1,134; `failure` is
# any but 0.
set -uo pipefail
wanted=$1 seconds=$2
shift 2
program=${*: -1}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Its reader is often FileCheck, which shows nothing of what it accepts.
fail() {
  { echo "FAIL: $1; output:"; cat "$log"; } >&2
  exit 1
}

status=0
start=$(date +%s%N)
timeout --kill-after=5 "$seconds" "$@" >"$log" 2>&1 </dev/null || status=$?
milliseconds=$((($(date +%s%N) - start) / 1000000))
echo "exit status $status after $milliseconds ms" >>"$log"
cat "$log"
[ "$status" != 124 ] || fail "it took longer than $seconds s"
# Last is often an argument, not the program: then nothing is found.
if [ -x "$program" ] && pgrep -f "^$program( |$)" >/dev/null; then
  fail "processes of $program are left"
fi
case $wanted in
failure) [ "$status" != 0 ] ;;
*) [[ ",$wanted," == *",$status,"* ]] ;;
esac || fail "expected status $wanted"

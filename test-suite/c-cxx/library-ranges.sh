#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# library-ranges.sh LIMIT COMMAND...: runs a program under loco-run --stats; it
# must print "ok", and its nodes together take at most LIMIT page faults.
set -euo pipefail
limit=$1
shift
log=$(mktemp)
trap 'rm -f "$log"' EXIT
timeout --kill-after=5 60 "$@" >"$log" 2>&1 </dev/null || {
  cat "$log"
  exit 1
}
grep -qx ok "$log"
# The table's columns have names of several words, two spaces or more apart.
faults=$(awk -F '  +' '/page faults/ { for (i = 1; i <= NF; ++i) if ($i == "page faults") column = i }
  /^total/ { print $column }' "$log")
echo "$faults page faults, at most $limit are allowed"
[ "$faults" -le "$limit" ]

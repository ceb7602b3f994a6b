#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# starts.sh LOCO_RUN COUNT: starts Inputs/count.c again and again; fails where it
# does not count all of its threads in time.
set -euo pipefail
loco_run=$1 program=$2 starts=${LOCO_TEST_STARTS:-10} failed=0
for nodes in 1 2 3 4; do
  for threads in 1 2 4 8; do
    right=0
    for ((i = 0; i < starts; ++i)); do
      counted=$(timeout --kill-after=5 40 "$loco_run" -n "$nodes" \
        --threads "$threads" "$program" 2>&1 </dev/null) || true
      if [ "$counted" = $((nodes * threads)) ]; then
        right=$((right + 1))
      else
        echo "$nodes nodes of $threads threads: $counted"
      fi
    done
    echo "$nodes nodes of $threads threads: $right of $starts right"
    [ "$right" = "$starts" ] || failed=1
  done
done
exit $failed

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# self-check.sh STOCK LOCO LOCO_RUN SOURCE OUT [FLAGS...]: builds a program that
# checks itself and prints "ok" last; runs it as stock clang makes it, then as
# LOCO does at -O0 and -O2 on 1 and 3 nodes of two threads. Of LOCO_TEST_OPT,
# LOCO_TEST_NODES and LOCO_TEST_THREADS, lists with commas, each that is set takes
# the place of O0,O2, of 1,3 or of 2.
set -euo pipefail
stock=$1 loco=$2 loco_run=$3 source=$4 out=$5
shift 5

# run NAME COMMAND...: exit status 0, and "ok" as the last line.
run() {
  local name=$1 status=0
  shift
  timeout --kill-after=5 60 "$@" >"$out.log" 2>&1 </dev/null || status=$?
  if [ "$status" != 0 ] || [ "$(tail -n 1 "$out.log")" != ok ]; then
    echo "FAIL: $name: exit status $status, output:"
    tail -n 30 "$out.log"
    failed=1
  fi
}

failed=0
"$stock" -fopenmp -O1 "$source" "$@" -o "$out.stock"
OMP_NUM_THREADS=4 LOCO_TEST_EXPECT_NODES=1 LOCO_TEST_EXPECT_THREADS=4 run stock "$out.stock"
IFS=, read -ra opts <<<"${LOCO_TEST_OPT:-O0,O2}"
IFS=, read -ra node_counts <<<"${LOCO_TEST_NODES:-1,3}"
IFS=, read -ra thread_counts <<<"${LOCO_TEST_THREADS:-2}"
for opt in "${opts[@]}"; do
  "$loco" -fopenmp "-$opt" "$source" "$@" -o "$out.$opt"
  for nodes in "${node_counts[@]}"; do
    for threads in "${thread_counts[@]}"; do
      LOCO_TEST_EXPECT_NODES=$nodes LOCO_TEST_EXPECT_THREADS=$((nodes * threads)) \
        run "$opt on $nodes nodes of $threads" \
        "$loco_run" -n "$nodes" --threads "$threads" "$out.$opt"
    done
  done
done
exit $failed

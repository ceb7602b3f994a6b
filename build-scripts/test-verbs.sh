#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Runs two nodes over the verbs fabric: the fabric's own tests, the coherence
# stress test (also with moving homes, a small cache, a memory node, and in kvstore
# mode), libc's and C++'s synchronisation objects, a program with a data race and one
# without, and the programs heat and kmeans, whose results are compared.
#
#   test-verbs.sh                 on this machine, where it has an RDMA device
#   LOCO_VM_RUN=CMD test-verbs.sh in a virtual machine with RDMA devices (Soft-RoCE
#                                 will do): CMD takes -m MIB -t SECONDS and one
#                                 command line, and runs it there on the same
#                                 files; what is written there is lost
#
# LOCO_VERBS_ROUNDS rounds of the stress test (default 6; one in kvstore mode); LOCO_RUNTIME_BUILD is
# the runtime's build folder (default build/runtime). Without a device and
# without LOCO_VM_RUN everything is skipped. The last line counts.
set -euo pipefail
exec </dev/null
source "$(dirname "$0")/lib.sh"

runtime=${LOCO_RUNTIME_BUILD:-$build/runtime}
rounds=${LOCO_VERBS_ROUNDS:-6}
work=$build/test/verbs

if [ "${1:-}" != --here ]; then
  if [ -z "${LOCO_VM_RUN:-}" ] && [ -z "$(ls /sys/class/infiniband 2>/dev/null)" ]; then
    echo "no RDMA device here, and LOCO_VM_RUN is not set"
    echo "0 passed, 0 failed, 10 skipped"
    exit 0
  fi
  mkdir -p "$work"
  build() { "$build/install/bin/loco-clang++" -O2 -fopenmp "$root/$1" -o "$work/$(basename "$1" .cpp)" "${@:2}"; }
  build examples/heat/heat.cpp -lpng
  build examples/kmeans/kmeans.cpp
  build test-suite/c-cxx/pthread-over-nodes.cpp -std=c++20
  build test-suite/race/Inputs/racy.cpp -g
  if [ -n "${LOCO_VM_RUN:-}" ]; then
    exec $LOCO_VM_RUN -m 4096 -t 2400 "LOCO_RUNTIME_BUILD='$runtime' LOCO_VERBS_ROUNDS='$rounds' '$root/build-scripts/test-verbs.sh' --here"
  fi
fi

passed=0 failed=0
# attempt NAME SECONDS COMMAND...
attempt() {
  local name=$1 seconds=$2 began=$SECONDS
  shift 2
  if timeout --kill-after=10 "$seconds" "$@"; then
    passed=$((passed + 1))
    echo "PASS: $name ($((SECONDS - began)) s)"
  else
    failed=$((failed + 1))
    echo "FAIL: $name ($((SECONDS - began)) s)"
  fi
}

# program NAME RESULT ARGS...: its stdout and RESULT are as expected.
program() {
  local name=$1 result=$2 out
  shift 2
  out=$(mktemp -d)
  "$runtime/tools/loco-run" -n 2 --threads 1 "$work/$name" "${@/\{out\}/$out}" >"$out/stdout" &&
    diff "$root/examples/$name/expected/stdout" "$out/stdout" &&
    cmp "$root/examples/$name/expected/$result" "$out/$result"
}
export -f program
export runtime work root

export LOCO_FABRIC=verbs LOCO_WINDOW=${LOCO_WINDOW:-64M}
export LD_LIBRARY_PATH=$runtime:$build/install/lib
attempt fabric 400 "$runtime/test/fabric-test" --gtest_brief=1
# stress NAME PROGRAM OPTIONS...
stress() {
  local name=$1 program=$2
  shift 2
  attempt "$name" 400 "$runtime/tools/loco-run" -n 2 "${run_options[@]}" \
    "$runtime/test/stress/$program" --seed 20 --threads 2 --rounds "$rounds" "$@"
}
run_options=()
stress coherence-stress coherence-stress
LOCO_MIGRATION=always stress coherence-stress.moving coherence-stress
LOCO_CACHE=256K stress coherence-stress.small-cache coherence-stress
run_options=(--memory-nodes 1)
stress coherence-stress.memory-node coherence-stress
# A round of few accesses: each goes over the network.
run_options=()
LOCO_OBJECTS=16384 stress coherence-stress.kvstore coherence-stress-kvstore \
  --uncached --seed 2 --threads 1 --rounds 1
attempt pthread-over-nodes 120 "$runtime/tools/loco-run" -n 2 --threads 1 \
  "$work/pthread-over-nodes"
# race CASE COUNT: so many races are reported. Without source lines: under
# emulation they take longer than all the rest.
race() {
  local said
  said=$(LOCO_RACE=report PATH=/nowhere "$runtime/tools/loco-run" -n 2 \
    --threads 1 "$work/racy" "$1" 2>&1) || return 1
  echo "$said"
  [ "$(grep -c '^LOCO: 1 data race reported' <<<"$said")" = "$2" ]
}
export -f race
attempt race 120 bash -c 'race global 1 && race none-critical 0 && race none-barrier 0'
attempt kmeans 120 bash -c 'program kmeans clusters.txt --clusters 8 \
  --output "{out}/clusters.txt" "$root/examples/kmeans/points.csv"'
# heat has large static arrays, and globals take a fifth of what is registered.
LOCO_WINDOW=512M attempt heat 120 bash -c 'program heat plate.png --steps 200 \
  "$root/examples/heat/plate.png" "{out}/plate.png"'
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]

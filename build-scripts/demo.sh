#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Sets everything up, builds the toolchain, and does the main job with it: an
# OpenMP program that knows nothing of LOCO is compiled by loco-clang++, runs
# over 4 nodes of this machine, and gives the bytes that stock Clang's program
# gives. It can be run again at no cost.
set -euo pipefail
exec </dev/null
source "$(dirname "$0")/lib.sh"

"$scripts/setup.sh"
"$scripts/build.sh" source clang runtime openmp

demo=$build/demo
heat=$root/examples/heat
nodes=4
options=(--steps 200 --scale 4)
flags=(-O2 -std=c++17 -fopenmp "$heat/heat.cpp" -lpng)
mkdir -p "$demo"
rm -f "$demo"/result-*.png

say "heat with stock Clang, one process"
run "/usr/bin/clang++-$LLVM_MAJOR" "${flags[@]}" -o "$demo/heat-stock"
run timeout 120 "$demo/heat-stock" "${options[@]}" "$heat/plate.png" "$demo/result-stock.png"

say "heat with loco-clang++, $nodes nodes"
run "$install/bin/loco-clang++" "${flags[@]}" -o "$demo/heat-loco"
run timeout 120 "$install/bin/loco-run" -n "$nodes" --stats \
  "$demo/heat-loco" "${options[@]}" "$heat/plate.png" "$demo/result-loco.png"

say "The results"
cmp "$demo/result-stock.png" "$demo/result-loco.png" ||
  die "the result of $nodes nodes is not stock Clang's"
note "the same $(stat -c %s "$demo/result-loco.png") bytes from stock Clang and from $nodes nodes"
note "the picture: $demo/result-loco.png"
note "try it: $install/bin/loco-clang++ -fopenmp prog.cpp && $install/bin/loco-run -n $nodes ./a.out"

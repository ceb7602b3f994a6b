#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What kvstore mode costs beside cache mode: the example programs with the
inputs of the tests, -O2, in turns (cache, kvstore, cache, ...). Prints a row of
Markdown for each: the CPU seconds of all nodes and the ratio (medians), and the
bytes moved between nodes as --stats counts them.

  cost.py --bin build/install/bin --nodes 2 --pairs 5
"""

import argparse
import re
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from programs import PROGRAMS  # noqa: E402

MODES = ("cache", "kvstore")
LOOKUP_BYTES = 64  # a cache line of the table


def build(program, mode, args, work):
    compiler = args.bin / ("loco-clang" if program.is_c else "loco-clang++")
    standard = "-std=c11" if program.is_c else "-std=c++17"
    exe = work / f"{program.name}-{mode}"
    subprocess.run([compiler, "-O2", standard, "-fopenmp",
                    f"-floco-mode={mode}", program.folder / program.source,
                    "-o", exe, *program.libs], check=True, timeout=300)
    return exe


def cpu_seconds(usage):
    return usage.ru_utime + usage.ru_stime


def run(exe, program, args, work):
    """CPU seconds, and the totals of --stats by column."""
    before = cpu_seconds(resource.getrusage(resource.RUSAGE_CHILDREN))
    done = subprocess.run(
        [args.bin / "loco-run", "-n", str(args.nodes), "--threads", "1",
         "--stats", exe, *program.args(program.test_args, work)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        check=True, timeout=300)
    seconds = cpu_seconds(resource.getrusage(resource.RUSAGE_CHILDREN)) - before
    if done.stdout != (program.folder / "expected" / "stdout").read_text():
        sys.exit(f"{exe.name}: wrong output")
    rows = [re.split(r"\s{2,}", line.strip())
            for line in done.stderr.splitlines()]
    names = next(row for row in rows if row[0] == "node")
    total = next(row for row in rows if row[0] == "total")
    return seconds, dict(zip(names[1:], map(float, total[1:])))


def kilobytes(stats):
    return (stats["bytes in"] + stats["bytes out"]
            + LOOKUP_BYTES * stats["entry lookups"]) / 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--bin", type=Path, required=True,
                        help="where loco-clang++ and loco-run are")
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("names", nargs="*", metavar="PROGRAM",
                        default=sorted(PROGRAMS))
    args = parser.parse_args()
    print("| program | CPU s, cache | CPU s, kvstore | ratio | kB, cache "
          "| kB, kvstore | remote accesses | remote lookups |\n"
          "|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        for name in args.names:
            program = PROGRAMS[name]
            exes = {mode: build(program, mode, args, work) for mode in MODES}
            pairs = [{mode: run(exes[mode], program, args, work)
                      for mode in MODES} for _ in range(args.pairs)]
            seconds = {mode: [pair[mode][0] for pair in pairs]
                       for mode in MODES}
            ratio = statistics.median(
                k / c for c, k in zip(seconds["cache"], seconds["kvstore"]))
            cache, kvstore = (pairs[-1][mode][1] for mode in MODES)
            print(f"| {name} | {statistics.median(seconds['cache']):.2f} "
                  f"| {statistics.median(seconds['kvstore']):.2f} "
                  f"| {ratio:.1f} | {kilobytes(cache):.0f} "
                  f"| {kilobytes(kvstore):.0f} "
                  f"| {kvstore['remote reads'] + kvstore['remote writes']:.0f} "
                  f"| {kvstore['entry lookups']:.0f} |", flush=True)


if __name__ == "__main__":
    main()

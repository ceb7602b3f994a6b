#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures the example programs: stock clang with 1 and 2 threads, LOCO on 1
and 2 nodes. The configurations of a program take turns, so that a busy machine
disturbs all of them alike; the median of the runs counts. Prints a table in
Markdown, and writes JSON.

  measure.py --cc clang-19 --cxx clang++-19 --loco build/install/bin
"""

import argparse
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from programs import EXAMPLES, PROGRAMS

# name, stock or LOCO, nodes, threads of a node
CONFIGURATIONS = (
    ("stock, 1 thread", "stock", 1, 1),
    ("stock, 2 threads", "stock", 1, 2),
    ("LOCO, 1 node x 1", "loco", 1, 1),
    ("LOCO, 1 node x 2", "loco", 1, 2),
    ("LOCO, 2 nodes x 1", "loco", 2, 1),
)


def build(program, compiler, opt, out):
    command = shlex.split(compiler) + [
        f"-{opt}", "-fopenmp", "-std=c11" if program.is_c else "-std=c++17",
        str(program.folder / program.source), "-o", str(out), *program.libs]
    subprocess.run(command, check=True, timeout=300)


def generate(program, cxx, work):
    for name, text in program.generated.items():
        source, *arguments = text.split()
        tool = work / Path(source).stem
        subprocess.run(shlex.split(cxx) + ["-O2", "-std=c++17",
                                           str(EXAMPLES / source),
                                           "-o", str(tool)], check=True)
        with open(work / name, "w") as out:
            subprocess.run([str(tool), *arguments], stdout=out, check=True)


def timed(command, env, limit):
    start = time.monotonic()
    done = subprocess.run(command, env={**os.environ, **env}, timeout=limit,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True)
    seconds = time.monotonic() - start
    if done.returncode != 0:
        raise RuntimeError(f"{shlex.join(command)}: exit status "
                           f"{done.returncode}\n{done.stderr[-2000:]}")
    return seconds, done.stdout, done.stderr


def totals(stderr):
    """The columns of loco-run's statistics -> their sums over the nodes."""
    lines = stderr.splitlines()
    header = next((line for line in lines if line.lstrip().startswith("node ")),
                  None)
    total = next((line for line in lines
                  if line.lstrip().startswith("total ")), None)
    if not header or not total:
        return {}
    names = re.split(r"\s{2,}", header.strip())[1:]
    return dict(zip(names, total.split()[1:]))


def measure(program, args, work):
    executables = {}
    for kind, cc, cxx in (("stock", args.cc, args.cxx),
                          ("loco", f"{args.loco}/loco-clang",
                           f"{args.loco}/loco-clang++")):
        executables[kind] = work / f"{program.name}-{kind}"
        build(program, cc if program.is_c else cxx, args.opt,
              executables[kind])
    generate(program, args.cxx, work)
    arguments = program.args(program.measure_args, work)

    def command_of(kind, nodes, threads, *more):
        command = [str(executables[kind])] + arguments
        if kind == "stock":
            return command, {"OMP_NUM_THREADS": str(threads)}
        return [f"{args.loco}/loco-run", "-n", str(nodes), "--threads",
                str(threads), *more] + command, {}

    seconds = {name: [] for name, *_ in CONFIGURATIONS}
    wrong = {}
    reference = None
    for turn in range(args.runs):
        for name, kind, nodes, threads in CONFIGURATIONS:
            if name in wrong:
                continue
            command, env = command_of(kind, nodes, threads)
            try:
                took, stdout, _ = timed(command, env, args.time_limit)
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                wrong[name] = str(error)
                continue
            if reference is None:
                reference = stdout
            elif stdout != reference:
                wrong[name] = "another result than stock clang's with 1 thread"
                continue
            seconds[name].append(took)
    result = {"program": program.name, "arguments": program.measure_args,
              "seconds": {name: statistics.median(times)
                          for name, times in seconds.items() if times},
              "all_seconds": seconds, "wrong": wrong}
    name, kind, nodes, threads = CONFIGURATIONS[-1]
    if name not in wrong:
        command, env = command_of(kind, nodes, threads, "--stats")
        result["stats"] = totals(timed(command, env, args.time_limit)[2])
    return result


def table(results):
    names = [name for name, *_ in CONFIGURATIONS]
    lines = ["| program | " + " | ".join(names) + " |",
             "|---" * (len(names) + 1) + "|"]
    for result in results:
        cells = [f"{result['seconds'][name]:.2f} s"
                 if name in result["seconds"] and name not in result["wrong"]
                 else "wrong" for name in names]
        lines.append(f"| {result['program']} | " + " | ".join(cells) + " |")
    columns = []
    for result in results:
        columns += [c for c in result.get("stats", {}) if c not in columns]
    if columns:
        lines += ["", f"`--stats`, totals, {CONFIGURATIONS[-1][0]}:", "",
                  "| program | " + " | ".join(columns) + " |",
                  "|---" * (len(columns) + 1) + "|"]
        for result in results:
            stats = result.get("stats", {})
            lines.append(f"| {result['program']} | " + " | ".join(
                stats.get(c, "-") for c in columns) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("names", nargs="*",
                        help="programs to measure (all)")
    parser.add_argument("--cc", default="clang-19")
    parser.add_argument("--cxx", default="clang++-19")
    parser.add_argument("--loco", required=True,
                        help="folder of loco-clang and loco-run")
    parser.add_argument("--opt", default="O2")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--time-limit", type=float, default=300)
    parser.add_argument("--json", help="file for the results")
    args = parser.parse_args()
    unknown = set(args.names) - set(PROGRAMS)
    if unknown:
        parser.error(f"no program is called {', '.join(sorted(unknown))}")

    results = []
    for name in args.names or PROGRAMS:
        with tempfile.TemporaryDirectory() as scratch:
            results.append(measure(PROGRAMS[name], args, Path(scratch)))
        # At once: later programs may take long, or be broken off.
        print(f"{name}: {results[-1]['seconds']}", file=sys.stderr, flush=True)
        if args.json:
            Path(args.json).write_text(json.dumps(results, indent=1) + "\n")
        for where, what in results[-1]["wrong"].items():
            print(f"{name}, {where}: {what}", file=sys.stderr)
    print(table(results))
    return 1 if any(result["wrong"] for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())

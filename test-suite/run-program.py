#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds one example program at each -O level, runs it, and compares what it
prints and writes with the expected files in examples/<name>/expected.

  run-program.py heat --cc clang-19 --cxx clang++-19 --threads 1,2,4
  run-program.py heat --cc loco-clang --cxx loco-clang++ \\
      --run loco-run --nodes 1,2,3,4
"""

import argparse
import difflib
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from programs import PROGRAMS


def build(program, args, opt, work):
    compiler = args.cc if program.is_c else args.cxx
    standard = "-std=c11" if program.is_c else "-std=c++17"
    exe = work / f"{program.name}-{opt}"
    command = shlex.split(compiler) + [
        f"-{opt}", standard, "-fopenmp", *shlex.split(args.flags),
        str(program.folder / program.source), "-o", str(exe), *program.libs]
    print("+", shlex.join(command), flush=True)
    subprocess.run(command, check=True, timeout=300)
    return exe


def run(command, env, limit):
    """Exit status, stdout, stderr; ends the whole process group in time."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **env}, start_new_session=True)
    try:
        out, err = process.communicate(timeout=limit)
        return process.returncode, out, err
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        out, err = process.communicate()
        return f"no end after {limit} s", out, err


def differences(expected_file, actual):
    expected = expected_file.read_bytes()
    if expected == actual:
        return ""
    try:
        lines = list(difflib.unified_diff(
            expected.decode().splitlines(), actual.decode().splitlines(),
            "expected", "actual", lineterm="", n=1))
        return "\n".join(lines[:20]) or "line ends differ"
    except UnicodeDecodeError:
        return f"{expected_file.name}: {len(actual)} bytes differ from the " \
               f"{len(expected)} expected"


def check(program, command, env, out, args):
    """An empty text, or what was wrong."""
    for name in program.outputs:
        (out / name).unlink(missing_ok=True)
    status, stdout, stderr = run(command, env, args.time_limit)
    if status != 0:
        return f"exit status {status}\n{stdout[-1000:]}\n{stderr[-3000:]}"
    expected = program.folder / "expected"
    if args.update:
        expected.mkdir(exist_ok=True)
        (expected / "stdout").write_text(stdout)
        for name in program.outputs:
            (expected / name).write_bytes((out / name).read_bytes())
    wrong = differences(expected / "stdout", stdout.encode())
    for name in program.outputs:
        if not (out / name).exists():
            wrong += f"\n{name} was not written"
        else:
            wrong += differences(expected / name, (out / name).read_bytes())
    if wrong and stderr:
        wrong += "\nstderr:\n" + stderr[-2000:]
    return wrong


def numbers(text):
    return [int(n) for n in text.split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("name", choices=sorted(PROGRAMS))
    parser.add_argument("--cc", required=True)
    parser.add_argument("--cxx", required=True)
    parser.add_argument("--flags", default="", help="more compiler flags")
    parser.add_argument("--opt",
                        default=os.environ.get("LOCO_TEST_OPT", "O0,O2,O3"))
    parser.add_argument("--run", help="loco-run; without it, run directly")
    parser.add_argument("--nodes", type=numbers, default=[1])
    parser.add_argument("--threads", type=numbers, default=[0],
                        help="threads (with --run: a node), 0: the default")
    parser.add_argument("--repeat", type=int,
                        default=int(os.environ.get("LOCO_TEST_REPEAT", "1")))
    parser.add_argument("--time-limit", type=float, default=60)
    parser.add_argument("--work", help="folder for executables and output")
    parser.add_argument("--update", action="store_true",
                        help="make the expected files from this run")
    args = parser.parse_args()
    if args.run:
        for what in ("nodes", "threads"):
            wanted = os.environ.get(f"LOCO_TEST_{what.upper()}")
            if wanted:
                setattr(args, what, numbers(wanted))

    program = PROGRAMS[args.name]
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(args.work or scratch)
        work.mkdir(parents=True, exist_ok=True)
        failures = runs = 0
        for opt in args.opt.split(","):
            exe = build(program, args, opt, work)
            command = [str(exe)] + program.args(program.test_args, work)
            for nodes in args.nodes:
                for threads in args.threads:
                    env, prefix = {}, []
                    if args.run:
                        prefix = shlex.split(args.run) + ["-n", str(nodes)]
                        if threads:
                            prefix += ["--threads", str(threads)]
                    elif threads:
                        env["OMP_NUM_THREADS"] = str(threads)
                    for _ in range(args.repeat):
                        runs += 1
                        wrong = check(program, prefix + command, env, work,
                                      args)
                        if wrong:
                            failures += 1
                            print(f"FAIL {program.name} -{opt} nodes={nodes} "
                                  f"threads={threads or 'default'}: {wrong}",
                                  flush=True)
        print(f"{program.name}: {runs - failures} of {runs} runs right")
        return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random C programs by csmith, as stock clang and as LOCO runs them: exit status
and output must be the same.

  fuzz.py --seed 7 --count 300
  fuzz.py --seed 7 --first 41 --count 1        the program number 41 again

A program depends on the seed and its number alone. Where an answer differs its
sources stay in --keep, and the command that repeats it is printed. A part that
does not end, as one csmith program in six does not, is replaced by another before it
is made part of a program. Programs that stock clang cannot run within its limit
all the same are left out, and counted."""

import argparse
import os
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import shapes

HERE = Path(__file__).resolve().parent
INSTALL = HERE.parent.parent / "build" / "install" / "bin"
KEEP = INSTALL.parent.parent / "fuzz-failures"
STOCK_FLAGS = "-O1"
COMMON_FLAGS = ["-w", "-fopenmp", "-I/usr/include/csmith"]
# So many csmith programs are tried for each part. What ends takes milliseconds;
# CPU time, so that a busy machine makes the same programs.
ATTEMPTS = 16
PART_CPU_SECONDS = 2


class Skipped(Exception):
    """A program that says nothing of LOCO."""


def run(command, limit, env=None, folder=None, cpu_seconds=None):
    """Exit status (text where there is none), output. Ends all it started."""
    def bound():
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True, cwd=folder,
        env={**os.environ, **(env or {})},
        preexec_fn=bound if cpu_seconds else None)
    try:
        output, _ = process.communicate(timeout=limit)
        return process.returncode, output.decode(errors="replace")
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        output, _ = process.communicate()
        # What upstream's libomp leaves where it is killed.
        Path(f"/dev/shm/__KMP_REGISTERED_LIB_{process.pid}_{os.getuid()}"
             ).unlink(missing_ok=True)
        return f"no end after {limit:g} s", output.decode(errors="replace")


class BuildError(Exception):
    """A compiler refused a program; of stock clang that is this test's fault."""


class Program:
    """One random program: its sources, and its answers."""

    def __init__(self, number, args, folder):
        self.args, self.folder = args, folder
        self.shape = shapes.ALL[args.shape or
                                list(shapes.ALL)[number % len(shapes.ALL)]]
        self.sources = []
        # Odd multipliers keep the numbers of different seeds apart.
        seed = (args.seed * 1000003 + number) * 4 * ATTEMPTS % 2**31
        for part in range(self.shape.parts):
            text = self.part_that_ends(seed + part * ATTEMPTS)
            self.add_source(f"part{part}.c",
                            shapes.as_part(text, part) if self.shape.driver
                            else text)
        if self.shape.driver:
            self.add_source("driver.c", self.shape.driver)

    def part_that_ends(self, first_seed):
        """The first csmith program from this seed on that ends by itself."""
        source, exe = self.folder / "try.c", str(self.folder / "try")
        for seed in range(first_seed, first_seed + ATTEMPTS):
            status, text = run(["csmith", "--concise", "--seed", str(seed),
                                *self.shape.csmith_flags], 60,
                               folder=self.folder)  # where it leaves a file
            if status != 0:
                continue
            source.write_text(text)
            self.compile(self.args.stock, [STOCK_FLAGS], [str(source)], exe)
            status, _ = run([exe], 30 * PART_CPU_SECONDS,
                            cpu_seconds=PART_CPU_SECONDS)
            if status == 0:
                return text
        raise Skipped(f"none of {ATTEMPTS} csmith programs ends")

    def add_source(self, name, text):
        path = self.folder / name
        path.write_text(text)
        self.sources.append(str(path))

    def compile(self, compiler, flags, sources, exe):
        command = (shlex.split(compiler) + COMMON_FLAGS + flags + sources +
                   ["-o", exe])
        status, output = run(command, 240)
        if status != 0:
            raise BuildError(f"{shlex.join(command)}: {status}\n{output}")

    def build(self, compiler, flags, name):
        exe = str(self.folder / name)
        self.compile(compiler, flags, self.sources, exe)
        return exe

    def stock_answer(self, flags):
        exe = self.build(self.args.stock, flags, "stock")
        status, output = run([exe], self.args.stock_limit,
                             {"OMP_NUM_THREADS": "4"})
        if not isinstance(status, int):
            raise Skipped(status)
        return status, output

    def differences(self):
        """What LOCO does otherwise than stock clang, a text each."""
        right = self.stock_answer([STOCK_FLAGS])
        wrong = []
        for opt in self.args.opt.split(","):
            flags = ["-" + opt, *shlex.split(self.args.flags)]
            try:
                exe = self.build(self.args.loco, flags, f"loco-{opt}")
            except BuildError as error:
                wrong.append(str(error))
                continue
            for nodes in self.args.nodes.split(","):
                answer = run([self.args.run, "-n", nodes, "--threads", "2", exe],
                             self.args.time_limit)
                if answer == right:
                    continue
                # A program whose answer depends on the level of optimisation
                # shows a bug of upstream, or of csmith.
                if self.stock_answer(["-" + opt]) != right:
                    raise Skipped(f"stock clang -{opt} differs from "
                                  f"{STOCK_FLAGS}")
                wrong.append(f"-{opt} on {nodes} nodes: expected {right}, "
                             f"got {answer}")
        return wrong


def keep(program, number, wrong, args):
    kept = Path(args.keep).resolve() / f"seed{args.seed}-{number}"
    kept.mkdir(parents=True, exist_ok=True)
    for source in program.sources:
        shutil.copy(source, kept)
    (kept / "differences.txt").write_text("\n".join(wrong) + "\n")
    print(f"DIFFERENT: program {number} ({program.shape.name}), kept in {kept}")
    for text in wrong:
        print("  " + text[:2000].replace("\n", "\n  "))
    repeat = (f"--seed {args.seed} --first {number} --count 1 "
              f"--opt {args.opt} --nodes {args.nodes}")
    if args.shape:
        repeat += f" --shape {args.shape}"
    if args.flags:
        repeat += f" --flags={shlex.quote(args.flags)}"
    print(f"  repeat with: {HERE / 'fuzz.py'} {repeat}", flush=True)


def options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seed", type=int, default=int(time.time()),
                        help="of all programs (the clock)")
    parser.add_argument("--first", type=int, default=0,
                        help="number of the first program (0)")
    parser.add_argument("--count", type=int, default=10,
                        help="number of programs (10)")
    parser.add_argument("--shape", choices=list(shapes.ALL),
                        help="only this kind of program: " +
                        "; ".join(f"{s.name}: {s.what}"
                                  for s in shapes.ALL.values()))
    parser.add_argument("--opt", default="O0,O2,O3", help="levels (O0,O2,O3)")
    parser.add_argument("--nodes", default="1,2", help="numbers of nodes (1,2)")
    parser.add_argument("--flags", default="", help="more flags for LOCO")
    parser.add_argument("--stock", default="clang-19")
    parser.add_argument("--loco", default=str(INSTALL / "loco-clang"))
    parser.add_argument("--run", default=str(INSTALL / "loco-run"))
    parser.add_argument("--stock-limit", type=float, default=5,
                        help="seconds for stock clang's program (5)")
    parser.add_argument("--time-limit", type=float, default=90,
                        help="seconds for each run of LOCO's (90)")
    parser.add_argument("--budget", type=float, default=0,
                        help="seconds after which no program is begun (none)")
    parser.add_argument("--keep", default=str(KEEP),
                        help="folder for programs that differ (build/fuzz-failures)")
    args = parser.parse_args()
    for tool in ("csmith", shlex.split(args.stock)[0],
                 shlex.split(args.loco)[0], args.run):
        if not shutil.which(tool):
            parser.error(f"there is no {tool}")
    return args


def main():
    args = options()
    print(f"fuzz: seed {args.seed}, programs {args.first} to "
          f"{args.first + args.count - 1}", flush=True)
    began = time.monotonic()
    same = different = skipped = 0
    for number in range(args.first, args.first + args.count):
        if args.budget and time.monotonic() - began > args.budget:
            print(f"fuzz: the budget of {args.budget:g} s ends before program "
                  f"{number}")
            break
        with tempfile.TemporaryDirectory() as folder:
            try:
                program = Program(number, args, Path(folder))
                wrong = program.differences()
            except Skipped as why:
                skipped += 1
                print(f"left out: program {number}: {str(why)[:300]}",
                      flush=True)
                continue
            if wrong:
                different += 1
                keep(program, number, wrong, args)
            else:
                same += 1
    print(f"fuzz: {same} the same, {different} different, {skipped} left out")
    # A run that compared nothing has shown nothing.
    return 1 if different or not same else 0


if __name__ == "__main__":
    sys.exit(main())

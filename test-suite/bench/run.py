#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures the kernels of this folder: the same files built by stock clang and
by loco-clang++, run in turn.

  run.py --loco build/install/bin --out results
      all kernels, medium sizes: results.json, table.md and ratios.svg in results
  run.py --loco build/install/bin --out results stream cg-short --pairs 9
  run.py --smoke --loco build/install/bin
      each kernel at tiny size: stock with 1 and 2 threads, LOCO on 1, 2 and 3
      nodes; results only
  run.py --from results/results.json --table docs/performance.md
      writes the table of an earlier run into a document, between its
      <!-- bench --> lines

docs/performance.md says how to read it. Exits with 1 where a kernel failed; the
others are measured all the same.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

import measuring
import plot
import table
from cases import CASES
from measuring import Failed, Setting

BASE = Setting("stock2", "stock, 2 threads", 2)


def settings(threads):
    """The runs that take turns."""
    result = []
    for n in threads:
        result += [Setting(f"stock{n}", f"stock, {n} thread(s)", n),
                   Setting(f"loco1x{n}", f"LOCO, 1 node x {n}", n, 1)]
    if 2 not in threads:
        result.append(BASE)
    return result + [Setting("loco2x1", "LOCO, 2 nodes x 1", 1, 2)]


TRAFFIC = Setting("loco4x1", "LOCO, 4 nodes x 1", 1, 4)


class Bench:
    """One run of the harness: its options, executables and results."""

    def __init__(self, args, work):
        self.args = args
        self.work = work
        self.toolchain = measuring.Toolchain(args.cxx, args.loco, args.opt,
                                             args.time_limit)
        self.built = {}
        self.compile_costs = {}

    def executable(self, side, case):
        """Built once; a build that failed fails again."""
        key = side, case.binary
        if key not in self.built:
            out = self.work / f"{case.binary}-{side}"
            try:
                self.toolchain.build(side, case, out)
                self.built[key] = out
            except Failed as error:
                self.built[key] = error
        if isinstance(self.built[key], Failed):
            raise self.built[key]
        return self.built[key]

    def run(self, setting, case, size, *more):
        return self.toolchain.run(
            setting, self.executable(setting.compiler, case),
            [f"--size={size}", *case.args, *more])

    def checked_run(self, record, setting, case, size):
        """The result, or None: what is wrong goes into the record."""
        if setting.key in record["errors"]:
            return None
        try:
            result = self.run(setting, case, size)
            if "checksum" not in record:
                record["checksum"] = result["checksum"]
            elif not measuring.same_checksum(record["checksum"],
                                             result["checksum"]):
                raise Failed(f"checksum {result['checksum']}, but "
                             f"{record['checksum']} before")
            return result
        except Failed as error:
            record["errors"][setting.key] = str(error)
            say(f"  FAILED {case.name}, {setting.title}: {error}")
            return None

    def measure(self, case):
        record = {"errors": {}, "runs": {}}
        size = self.args.size
        turns = settings(self.args.threads)
        # Not counted: brings the files into memory.
        self.checked_run(record, turns[0], case, "tiny")
        record.pop("checksum", None)
        for _ in range(self.args.pairs):
            for setting in turns:
                result = self.checked_run(record, setting, case, size)
                if result:
                    record["runs"].setdefault(setting.key, []).append(result)
        if "traffic" not in self.args.skip:
            result = self.checked_run(record, TRAFFIC, case, size)
            if result:
                record["runs"][TRAFFIC.key] = [result]
        if "instructions" not in self.args.skip:
            self.guarded(record, "instructions", self.count_instructions, case)
        if "compile" not in self.args.skip:
            self.guarded(record, "compile", self.compile_cost, case)
        return record

    def guarded(self, record, key, function, case):
        try:
            record[key] = function(case)
        except Failed as error:
            record["errors"][key] = str(error)
            say(f"  FAILED {case.name}, {key}: {error}")

    def count_instructions(self, case):
        return {side: measuring.instructions(
            self.executable(side, case),
            ["--size=small", "--verify=no", *case.args], self.work,
            self.args.time_limit) for side in ("stock", "loco")}

    def compile_cost(self, case):
        if case.binary not in self.compile_costs:
            self.compile_costs[case.binary] = measuring.compile_cost(
                self.toolchain, case, self.work, self.args.compile_runs)
        return self.compile_costs[case.binary]

    def measure_all(self):
        results = {
            "date": measuring.now(), "size": self.args.size,
            "pairs": self.args.pairs, "opt": self.args.opt,
            "machine": f"{cpu_model()}, {os.cpu_count()} CPUs, Linux "
                       f"{platform.release()}",
            "load_at_start": os.getloadavg()[0],
            "compilers": {side: self.toolchain.version(side)
                          for side in ("stock", "loco")},
            "cases": {}}
        for name in self.args.names or CASES:
            record = self.measure(CASES[name])
            results["cases"][name] = record
            say(f"{name}: {table.one_line(record)}")
            # At once: later kernels may take long, or be broken off.
            write_results(results, self.args.out)
        return results

    def smoke(self):
        """Each kernel checks itself; the checksums agree."""
        wrong = 0
        for name in self.args.names or CASES:
            record = {"errors": {}}
            for setting in (Setting("stock1", "stock, 1 thread", 1), BASE,
                            *(Setting(f"loco{n}", f"{n} node(s)", 1, n)
                              for n in self.args.nodes)):
                result = self.checked_run(record, setting, CASES[name], "tiny")
                if result and not any("later" in phase
                                      for phase in result["phases"]):
                    record["errors"][setting.key] = "no steady steps"
                    say(f"  FAILED {name}: no phase has more than three steps")
            wrong += bool(record["errors"])
            say(f"{name}: {'wrong' if record['errors'] else 'right'}")
        return 1 if wrong else 0


def say(text):
    print(text, file=sys.stderr, flush=True)


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def write_results(results, out):
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results) + "\n")
    (folder / "table.md").write_text(table.markdown(results))
    (folder / "ratios.svg").write_text(plot.svg(results))


def numbers(text):
    return [int(n) for n in text.split(",")]


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*",
                        help="cases to run (all; --list names them)")
    parser.add_argument("--list", action="store_true",
                        help="print the names of the cases")
    parser.add_argument("--cxx", default="clang++-19",
                        help="the stock compiler (clang++-19)")
    parser.add_argument("--loco", help="folder of loco-clang++ and loco-run")
    parser.add_argument("--opt", default="O3", help="-O level (O3)")
    parser.add_argument("--size", default="medium",
                        choices=("tiny", "small", "medium", "large"))
    parser.add_argument("--pairs", type=int, default=5,
                        help="turns of all configurations (5)")
    parser.add_argument("--threads", type=numbers, default=[1, 2],
                        help="threads for one node against stock (1,2)")
    parser.add_argument("--nodes", type=numbers, default=[1, 2, 3],
                        help="with --smoke: numbers of nodes (1,2,3)")
    parser.add_argument("--out", help="folder for results.json, table.md, "
                        "ratios.svg")
    parser.add_argument("--skip", type=lambda text: text.split(","),
                        default=[], help="leave out some of: instructions,"
                        "compile,traffic")
    parser.add_argument("--compile-runs", type=int, default=3,
                        help="compilations of each file and compiler (3)")
    parser.add_argument("--time-limit", type=float, default=120,
                        help="seconds for one build or run (120)")
    parser.add_argument("--smoke", action="store_true",
                        help="tiny sizes, right or wrong, no times")
    parser.add_argument("--from", dest="source", metavar="RESULTS_JSON",
                        help="take these results, measure nothing")
    parser.add_argument("--table", metavar="FILE",
                        help="also write the table into this Markdown file, "
                        "and the plot beside it")
    args = parser.parse_args()
    unknown = set(args.names) - set(CASES)
    if unknown:
        parser.error(f"no case is called {', '.join(sorted(unknown))}; "
                     "--list names them")
    for what in args.skip:
        if what not in ("instructions", "compile", "traffic"):
            parser.error(f"--skip: there is no {what}")
    if not args.list and not args.source:
        if not args.loco:
            parser.error("--loco: where is the toolchain?")
        if not args.smoke and not args.out:
            parser.error("--out: where shall the results go?")
    return args


def main():
    args = parse_arguments()
    if args.list:
        print("\n".join(CASES))
        return 0
    if args.source:
        results = json.loads(Path(args.source).read_text())
        if args.out:
            write_results(results, args.out)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            bench = Bench(args, Path(scratch))
            if args.smoke:
                return bench.smoke()
            results = bench.measure_all()
    if args.table:
        plot_path = Path(args.table).with_suffix(".svg")
        plot_path.write_text(plot.svg(results))
        table.insert(Path(args.table), results, plot_path.name)
    print(table.markdown(results))
    return 1 if table.failures(results) else 0


if __name__ == "__main__":
    sys.exit(main())

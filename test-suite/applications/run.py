#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds programs of others, unchanged, with stock clang and with LOCO, and compares
what they put out on several nodes. Sources come from the Debian archive.

  run.py --loco build/install/bin --work DIR [NAME ...]

DIR keeps downloads and builds for the next run. Exit status: 0 all the same, 1 not,
77 nothing could be fetched.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from applications import APPLICATIONS
from debian_source import Archive, Unavailable

SKIPPED = 77


def shell(command, folder, env, limit):
    """Seconds; a RuntimeError with the end of the output if it fails. Leaves no
    process behind."""
    start = time.monotonic()
    process = subprocess.Popen(["bash", "-c", "set -eo pipefail; " + command],
                               cwd=folder, env=env, start_new_session=True,
                               stdin=subprocess.DEVNULL, text=True,
                               errors="replace", stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    try:
        output, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise RuntimeError(f"took longer than {limit} s") from None
    if process.returncode != 0:
        tail = "\n".join(output.splitlines()[-15:])
        raise RuntimeError(f"exit status {process.returncode}\n{tail}")
    return time.monotonic() - start


class Comparison:
    def __init__(self, application, args):
        self.app = application
        self.args = args
        self.folder = args.work.resolve() / application.name
        self.loco = args.loco.resolve()

    def _environment(self, who, **more):
        env = {name: value for name, value in os.environ.items()
               if name in ("HOME", "USER", "TMPDIR", "CI")
               or name.startswith("LOCO_")}
        env["PATH"] = "/usr/bin:/bin"
        env["LC_ALL"] = "C"
        if who == "stock":
            env.update(CC=self.args.cc, CXX=self.args.cxx)
        else:
            env.update(CC=str(self.loco / "loco-clang"),
                       CXX=str(self.loco / "loco-clang++"))
        env.update(JOBS=str(self.args.jobs), INPUTS=str(self.folder / "inputs"),
                   SRC=str(self.folder / who), OMP_NUM_THREADS="2", **more)
        return env

    def build(self, archive):
        self.folder.mkdir(parents=True, exist_ok=True)
        for who in ("stock", "loco"):
            tree = self.folder / who
            done = self.folder / f"{who}.built"
            if done.exists() and not self.args.rebuild:
                continue
            done.unlink(missing_ok=True)
            shutil.rmtree(tree, ignore_errors=True)
            archive.unpack(self.app.package, tree)
            try:
                shell(self.app.build, tree, self._environment(who), 1800)
            except RuntimeError as failure:
                raise RuntimeError(f"building with {who}: {failure}") from None
            done.touch()
        inputs = self.folder / "inputs"
        inputs.mkdir(exist_ok=True)
        for name, text in self.app.inputs.items():
            (inputs / name).write_text(text())

    def _run(self, who, nodes=0):
        where = self.folder / (f"on-{nodes}" if nodes else "on-stock")
        shutil.rmtree(where, ignore_errors=True)
        where.mkdir()
        launch = f"{self.loco / 'loco-run'} -n {nodes} --threads 2" if nodes else ""
        try:
            seconds = shell(self.app.run, where,
                            self._environment(who, LAUNCH=launch), 600)
        except RuntimeError as failure:
            raise RuntimeError(f"{where.name}: {failure}") from None
        return seconds, [(where / name).read_bytes() for name in self.app.outputs]

    def compare(self):
        """Seconds of stock and of each number of nodes."""
        seconds, wanted = self._run("stock")
        row = [seconds]
        for nodes in self.args.nodes:
            seconds, got = self._run("loco", nodes)
            for name, a, b in zip(self.app.outputs, wanted, got):
                if a != b:
                    raise RuntimeError(f"on {nodes} nodes {name} differs from "
                                       f"stock's (in {self.folder})")
            row.append(seconds)
        return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--loco", type=Path, required=True,
                        help="where loco-clang++ and loco-run are")
    parser.add_argument("--work", type=Path, required=True,
                        help="for downloads, builds and outputs")
    parser.add_argument("--cc", default="clang-19")
    parser.add_argument("--cxx", default="clang++-19")
    parser.add_argument("--nodes", default="1,2,3,4",
                        type=lambda text: [int(n) for n in text.split(",")],
                        help="numbers of nodes (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--rebuild", action="store_true",
                        help="build anew what is there")
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help="of " + ", ".join(APPLICATIONS))
    args = parser.parse_args()
    unknown = set(args.names) - set(APPLICATIONS)
    if unknown:
        parser.error(f"unknown application: {', '.join(sorted(unknown))}")
    archive = Archive(args.work / "sources")
    failed = skipped = 0
    print(f"{'application':16} {'stock':>8} "
          + " ".join(f"{n:>3} node{'s' if n > 1 else ' '}" for n in args.nodes))
    for name in args.names or APPLICATIONS:
        comparison = Comparison(APPLICATIONS[name], args)
        try:
            comparison.build(archive)
            row = comparison.compare()
            print(f"{name:16} " + " ".join(f"{s:8.2f}" for s in row)
                  + "  the same", flush=True)
        except Unavailable as why:
            skipped += 1
            print(f"{name:16} SKIP: {why}", flush=True)
        except RuntimeError as failure:
            failed += 1
            print(f"{name:16} FAIL: {failure}", flush=True)
    if failed:
        return 1
    return SKIPPED if skipped == len(args.names or APPLICATIONS) else 0


if __name__ == "__main__":
    sys.exit(main())

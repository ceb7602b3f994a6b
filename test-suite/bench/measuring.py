# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds and runs the kernels, each with a time limit, and collects numbers."""

import json
import math
import os
import re
import shlex
import signal
import statistics
import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


class Failed(Exception):
    """What went wrong with one build or run, for the report."""


@dataclass(frozen=True)
class Setting:
    """How one side of a comparison runs. Without nodes: stock, no loco-run."""

    key: str
    title: str
    threads: int  # of each node
    nodes: int = 0

    @property
    def compiler(self):
        return "loco" if self.nodes else "stock"


class Toolchain:
    def __init__(self, stock, loco_bin, opt, limit):
        self.compilers = {"stock": shlex.split(stock),
                          "loco": [str(Path(loco_bin) / "loco-clang++")]}
        self.loco_run = str(Path(loco_bin) / "loco-run")
        self.opt = opt
        self.limit = limit

    def version(self, side):
        text = execute([*self.compilers[side], "--version"], {}, 20)[0]
        return text.splitlines()[0].split(" (")[0]  # the release, no folder

    def command(self, side, case, *rest):
        return [*self.compilers[side], f"-{self.opt}", "-std=c++17",
                "-fopenmp", *(f"-D{name}" for name in case.defines),
                str(case.path), *rest]

    def build(self, side, case, out):
        execute(self.command(side, case, "-o", str(out)), {}, self.limit)

    def run(self, setting, executable, arguments):
        """The kernel's result, as the dictionary that it printed."""
        command, env = [str(executable), *arguments], {}
        if setting.nodes > 1:
            command = [self.loco_run, "-n", str(setting.nodes), "--threads",
                       str(setting.threads), *command]
        else:
            env["OMP_NUM_THREADS"] = str(setting.threads)
        out, _ = execute(command, env, self.limit)
        try:
            result = json.loads(out)
        except ValueError as error:
            raise Failed(f"printed no result: {out[-300:]!r}") from error
        expected = max(setting.nodes, 1)
        if result["nodes"] != expected:
            raise Failed(f"ran on {result['nodes']} nodes, not {expected}")
        return result


def environment(more):
    """The caller's, without what would change the measurement."""
    kept = {name: value for name, value in os.environ.items()
            if not re.match(r"(OMP|KMP|GOMP|LOCO)_", name)}
    return {**kept, **more}


def execute(command, env, limit):
    """stdout and stderr; ends the whole process group at the limit."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        stdin=subprocess.DEVNULL, env=environment(env), start_new_session=True)
    try:
        out, err = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise Failed(f"no end after {limit} s: {shlex.join(command)}") from None
    if process.returncode != 0:
        raise Failed(f"exit status {process.returncode}: "
                     f"{shlex.join(command)}\n{err[-1500:]}")
    return out, err


def same_checksum(one, other):
    """Sums of floating-point numbers may differ by their order."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9)
    return one == other


def steady_seconds(result):
    """One step of each phase, after the first ones."""
    return sum(statistics.median(phase["later"]["seconds"])
               for phase in result["phases"] if "later" in phase)


def whole_seconds(result):
    return sum(sum(phase[part]["seconds"]) for phase in result["phases"]
               for part in ("first", "later") if part in phase)


def instructions(executable, arguments, work, limit):
    """What the steps execute, by callgrind, with one thread: of the phase init,
    and of the others. The kernels call bench_mark where a step begins and where it
    ends; the counts are cut there, so that every second part is that of a step."""
    for old in work.glob("callgrind.out*"):
        old.unlink()
    out, _ = execute(
        ["valgrind", "--tool=callgrind", "--dump-before=bench_mark",
         f"--callgrind-out-file={work}/callgrind.out",
         str(executable), *arguments], {"OMP_NUM_THREADS": "1"}, limit)
    parts = {}
    for path in work.glob("callgrind.out.*"):
        text = path.read_text()
        number = re.search(r"^part: (\d+)", text, re.M)
        total = re.search(r"^(?:totals|summary): (\d+)", text, re.M)
        if number and total:
            parts[int(number[1])] = int(total[1])
        path.unlink()
    counts = {"init": 0, "steps": 0}
    number = 0
    for phase in json.loads(out)["phases"]:
        for part in ("first", "later"):
            for _ in phase.get(part, {"seconds": ()})["seconds"]:
                number += 2
                if number not in parts:
                    raise Failed("callgrind did not cut at bench_mark")
                counts["init" if phase["name"] == "init"
                       else "steps"] += parts[number]
    return counts


def user_seconds(command, limit):
    """CPU time of a command and what it starts."""
    before = os.times()
    execute(command, {}, limit)
    return os.times().children_user - before.children_user


def text_bytes(path):
    """The code in an object file: all its executable sections."""
    data = Path(path).read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        raise Failed(f"{path} is no 64-bit ELF file")
    offset, = struct.unpack_from("<Q", data, 0x28)
    entry_bytes, count = struct.unpack_from("<HH", data, 0x3a)
    total = 0
    for index in range(count):
        _, _, flags, _, _, size = struct.unpack_from(
            "<IIQQQQ", data, offset + index * entry_bytes)
        if flags & 4:  # SHF_EXECINSTR
            total += size
    return total


def compile_cost(toolchain, case, work, runs):
    """Median user time of compiling, and bytes of code, for both sides in turn."""
    seconds = {"stock": [], "loco": []}
    code = {}
    for _ in range(runs):
        for side, times in seconds.items():
            out = work / f"{case.binary}-{side}.o"
            times.append(user_seconds(
                toolchain.command(side, case, "-c", "-o", str(out)),
                toolchain.limit))
            code[side] = text_bytes(out)
    return {"seconds": {side: statistics.median(times)
                        for side, times in seconds.items()},
            "text_bytes": code}


def now():
    return time.strftime("%Y-%m-%d %H:%M")

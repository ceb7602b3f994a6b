# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the results say: ratios against stock, the targets, tables in Markdown."""

import math
import statistics
from dataclasses import dataclass

from cases import CASES
from measuring import steady_seconds, whole_seconds

BEGIN, END = "<!-- bench begin -->", "<!-- bench end -->"


# ---------------------------------------------------------------- numbers

def paired(record, key, base, seconds=steady_seconds):
    """The median ratio of runs that took turns, or None."""
    ratios = [seconds(run) / seconds(other)
              for run, other in zip(record["runs"].get(key, ()),
                                    record["runs"].get(base, ()))
              if seconds(other) > 0]
    return statistics.median(ratios) if ratios else None


def one_node(record, threads):
    return paired(record, f"loco1x{threads}", f"stock{threads}")


def two_nodes(record):
    return paired(record, "loco2x1", "stock2")


def side_ratio(sides):
    return sides["loco"] / sides["stock"] if sides else None


def instruction_ratio(record, part="steps"):
    return side_ratio({side: counts[part] for side, counts
                       in record.get("instructions", {}).items()})


def compile_ratio(record):
    return side_ratio(record.get("compile", {}).get("seconds"))


def code_ratio(record):
    return side_ratio(record.get("compile", {}).get("text_bytes"))


def over_first_touch(results, name):
    """Steady time on 2 nodes: serial initialisation / parallel one."""
    other = results["cases"].get(CASES[name].first_touch)
    if not other:
        return None
    merged = {"runs": {
        "serial": results["cases"][name]["runs"].get("loco2x1", ()),
        "parallel": other["runs"].get("loco2x1", ())}}
    return paired(merged, "serial", "parallel")


def moved(group):
    return group["bytes_in"] + group["bytes_out"]


def least(group):
    return group["least_in"] + group["least_out"]


def over_least(record, key):
    """Bytes moved in all steady phases / the least possible."""
    runs = record["runs"].get(key)
    if not runs:
        return None
    groups = [phase["later"] for phase in runs[-1]["phases"]
              if "later" in phase]
    total = sum(least(group) for group in groups)
    return sum(moved(group) for group in groups) / total if total else None


def geomean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def failures(results):
    return [(name, where, what)
            for name, record in results["cases"].items()
            for where, what in record["errors"].items()]


def worst_first(results):
    """The cases: first what failed, then by what two nodes take."""
    cases = results["cases"]
    return sorted(cases, key=lambda name: (not cases[name]["errors"],
                                           -(two_nodes(cases[name]) or 0)))


# ---------------------------------------------------------------- targets

@dataclass(frozen=True)
class Target:
    """Each single value and the geometric mean have a limit, or one of them."""

    title: str
    mean_limit: float
    each_limit: float
    values: dict  # case -> ratio

    def misses(self):
        return {name: value for name, value in self.values.items()
                if self.each_limit and value > self.each_limit}

    def worst(self):
        return max(self.values, key=self.values.get)

    def mean(self):
        return geomean(self.values.values())

    def passed(self):
        return (not self.misses() and
                (not self.mean_limit or self.mean() <= self.mean_limit))


def targets(results):
    cases = results["cases"]

    def over_cases(function, names=cases):
        values = {name: function(cases[name]) for name in names}
        return {name: value for name, value in values.items() if value}

    serial = {name: over_first_touch(results, name) for name in cases
              if CASES[name].first_touch}
    read_only = [name for name in cases if CASES[name].read_only]
    all_targets = [
        Target("1 node x 1 thread / stock, time", 1.03, 1.15,
               over_cases(lambda r: one_node(r, 1))),
        Target("1 node x 2 threads / stock, time", 1.03, 1.15,
               over_cases(lambda r: one_node(r, 2))),
        Target("1 node / stock, instructions", 1.03, 1.15,
               over_cases(instruction_ratio)),
        Target("2 nodes x 1 / stock with 2 threads, time", 1.20, 2,
               over_cases(two_nodes)),
        Target("data that is only read: bytes moved / the least, 2 nodes",
               0, 1.1, over_cases(lambda r: over_least(r, "loco2x1"),
                                  read_only)),
        Target("serial / first-touch initialisation, 2 nodes, after 3 steps",
               0, 1.2, {name: value for name, value in serial.items()
                        if value}),
        Target("compile time", 1.3, 0, over_cases(compile_ratio)),
        Target("code size", 1.5, 0, over_cases(code_ratio)),
    ]
    return [target for target in all_targets if target.values]


def limits_of(record):
    """Does a case keep what every single case must?"""
    ratios = [(one_node(record, 1), 1.15), (one_node(record, 2), 1.15),
              (instruction_ratio(record), 1.15), (two_nodes(record), 2)]
    if record["errors"]:
        return "failed"
    return "miss" if any(ratio and ratio > limit
                         for ratio, limit in ratios) else "pass"


# ----------------------------------------------------------------- tables

def ratio(value):
    return "-" if value is None else f"{value:.2f}"


def exact(value):
    """Instructions and bytes do not vary from run to run."""
    return "-" if value is None else f"{value:.3f}"


def size(count):
    for unit in ("B", "KB", "MB"):
        if abs(count) < 9999.5 or unit == "MB":
            return f"{count:.0f} {unit}"
        count /= 1000
    return ""


def row(*cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def head(*cells):
    return [row(*cells), "|---" * len(cells) + "|"]


def target_table(results):
    """The worst case stands before the mean, which hides it."""
    lines = head("what", "target", "worst", "geometric mean", "")
    for target in targets(results):
        wanted = []
        if target.each_limit:
            wanted.append(f"each {target.each_limit}")
        if target.mean_limit:
            wanted.append(f"mean {target.mean_limit}")
        worst = target.worst()
        lines.append(row(
            target.title, ", ".join(wanted),
            f"{worst} {exact(target.values[worst])}", exact(target.mean()),
            "pass" if target.passed() else
            "miss" + (f": {len(target.misses())} of {len(target.values)}"
                      if target.misses() else "")))
    return lines


def step_milliseconds(record, key):
    runs = record["runs"].get(key)
    if not runs:
        return "-"
    return f"{1000 * statistics.median(map(steady_seconds, runs)):.2f}"


def kernel_table(results):
    lines = head("kernel", "stock 2 threads, ms a step", "2 nodes x 1",
                 "moved / least", "1 node x 1", "1 node x 2", "instructions",
                 "of init", "whole run", "compile", "code", "")
    for name in worst_first(results):
        record = results["cases"][name]
        lines.append(row(
            name, step_milliseconds(record, "stock2"),
            ratio(two_nodes(record)), ratio(over_least(record, "loco2x1")),
            ratio(one_node(record, 1)), ratio(one_node(record, 2)),
            exact(instruction_ratio(record)),
            exact(instruction_ratio(record, "init")),
            ratio(paired(record, "loco1x1", "stock1", whole_seconds)),
            ratio(compile_ratio(record)), ratio(code_ratio(record)),
            limits_of(record)))
    return lines


def traffic_table(results):
    lines = head("kernel", "phase", "nodes", "steps", "fetched", "least",
                 "written back", "least", "page faults", "remote atomics",
                 "miss ms", "barrier ms")
    for name in worst_first(results):
        for key in ("loco2x1", "loco4x1"):
            for run in results["cases"][name]["runs"].get(key, ())[-1:]:
                for phase in run["phases"]:
                    lines += traffic_rows(name, run["nodes"], phase)
    return lines


def traffic_rows(name, nodes, phase):
    done = 0
    for part in ("first", "later"):
        if part not in phase:
            continue
        group = phase[part]
        steps = len(group["seconds"])
        which = f"{done + 1}-{done + steps}" if steps > 1 else str(done + 1)
        done += steps
        yield row(name, phase["name"], nodes, which, size(group["bytes_in"]),
                  size(group["least_in"]), size(group["bytes_out"]),
                  size(group["least_out"]), group["page_faults"],
                  group["remote_atomics"], f"{group['miss_ns'] / 1e6:.1f}",
                  f"{group['barrier_ns'] / 1e6:.1f}")


def markdown(results):
    lines = [f"{results['date']}, {results['machine']}; load at start "
             f"{results['load_at_start']:.1f}. Size {results['size']}, "
             f"-{results['opt']}, medians of {results['pairs']} pairs. "
             f"{results['compilers']['stock']}; "
             f"{results['compilers']['loco']}.", ""]
    for name, where, what in failures(results):
        lines += [f"**{name}, {where}, failed:** {what.splitlines()[0]}", ""]
    lines += target_table(results) + [""]
    lines += ["Ratios LOCO / stock, the worst on two nodes first; times of "
              "steady steps (after the first three) but for `whole run` "
              "(1 node x 1, all phases):", ""]
    lines += kernel_table(results) + [""]
    lines += ["<details><summary>Bytes that all nodes together moved, by "
              "phase</summary>", ""]
    lines += traffic_table(results) + ["", "</details>"]
    return "\n".join(lines) + "\n"


def insert(path, results, plot_name):
    """Replaces what stands between the markers of a document."""
    text = path.read_text()
    before, found, rest = text.partition(BEGIN)
    _, found_end, after = rest.partition(END)
    if not found or not found_end:
        raise SystemExit(f"{path} has no lines {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n![LOCO / stock by kernel]({plot_name})\n\n"
                    f"{markdown(results)}{END}{after}")


def one_line(record):
    """For the eyes of whoever waits."""
    return (f"2x1 {ratio(two_nodes(record))}, moved/least "
            f"{ratio(over_least(record, 'loco2x1'))}, 1x1 "
            f"{ratio(one_node(record, 1))}, 1x2 {ratio(one_node(record, 2))}, "
            f"instructions {exact(instruction_ratio(record))}, "
            f"{limits_of(record)}")

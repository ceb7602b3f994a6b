#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""For harness.test: check-results.py FOLDER CASE...: are the results of these cases
such as they must be, and does the table begin with the worst? In cg-serial node 0
makes the matrix, so the other node has to fetch its part of it."""

import json
import sys
from pathlib import Path

folder, names = Path(sys.argv[1]), sys.argv[2:]
cases = json.loads((folder / "results.json").read_text())["cases"]
assert sorted(cases) == sorted(names), sorted(cases)


def check_record(record):
    assert not record["errors"], record["errors"]
    assert {key: len(runs) for key, runs in record["runs"].items()} == {
        "stock1": 2, "stock2": 2, "loco1x1": 2, "loco1x2": 2, "loco2x1": 2,
        "loco4x1": 1}
    assert record["compile"]["text_bytes"]["loco"] > 1000
    for key, runs in record["runs"].items():
        for run in runs:
            check_run(run, int(key[4]) if key.startswith("loco") else 1)


def check_run(run, nodes):
    assert run["right"] and run["nodes"] == nodes
    assert run["phases"][0]["name"] == "init"
    assert any("later" in phase for phase in run["phases"])
    for phase in run["phases"]:
        first = phase["first"]
        assert len(first["seconds"]) == (3 if "later" in phase else 1)
        if nodes == 1:
            assert first["bytes_in"] == first["bytes_out"] == 0
            assert first["least_in"] == first["least_out"] == 0


def check_serial_start(record):
    for run in record["runs"]["loco2x1"] + record["runs"]["loco4x1"]:
        first = run["phases"][1]["first"]
        assert run["phases"][1]["name"] == "iterate"
        assert first["least_in"] > 0
        assert first["bytes_in"] >= first["least_in"] / 2, first


def rows_of(table, first_cell):
    """The rows, as dictionaries by the cells of the head, of the first table whose
    head begins with this cell."""
    lines = iter(table.splitlines())
    head = next(line for line in lines if line.startswith(f"| {first_cell} |"))
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append(dict(zip(cells(head), cells(line))))
    return rows


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def check_table(table):
    kernels = rows_of(table, "kernel")
    assert sorted(row["kernel"] for row in kernels) == sorted(names)
    ratios = [float(row["2 nodes x 1"]) for row in kernels]
    assert ratios == sorted(ratios, reverse=True), ratios
    target = next(row for row in rows_of(table, "what")
                  if row["what"].startswith("2 nodes x 1"))
    assert list(target)[2:4] == ["worst", "geometric mean"]
    name, figure = target["worst"].split()
    assert name == kernels[0]["kernel"], target
    assert float(figure) > float(target["geometric mean"]), target


for case in cases.values():
    check_record(case)
check_serial_start(cases["cg-serial"])
check_table((folder / "table.md").read_text())

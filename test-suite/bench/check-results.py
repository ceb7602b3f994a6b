#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""For harness.test: are the numbers of a measured cg-serial such as they must
be? Node 0 makes the matrix, so the other node has to fetch its part of it."""

import json
import sys

record = json.load(open(sys.argv[1]))["cases"]["cg-serial"]
assert not record["errors"], record["errors"]
assert {key: len(runs) for key, runs in record["runs"].items()} == {
    "stock1": 2, "stock2": 2, "loco1x1": 2, "loco1x2": 2, "loco2x1": 2,
    "loco4x1": 1}
for key, runs in record["runs"].items():
    for run in runs:
        assert run["right"] and run["nodes"] == (
            int(key[4]) if key.startswith("loco") else 1)
        first = run["phases"][1]["first"]
        assert run["phases"][1]["name"] == "iterate"
        assert len(first["seconds"]) == 3
        if run["nodes"] > 1:
            assert first["least_in"] > 0
            assert first["bytes_in"] >= first["least_in"] / 2, first
        else:
            assert first["bytes_in"] == first["least_in"] == 0
assert record["compile"]["text_bytes"]["loco"] > 1000

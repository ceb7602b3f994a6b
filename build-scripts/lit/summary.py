#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Adds up the results that check.sh collected.

  summary.py FOLDER          a line for each suite, then the closing line
                             `N passed, N failed, N skipped`; exits 1 where
                             something failed or nothing ran
  summary.py --failed FILE   names the failed tests of one lit suite, as paths
                             in it

FOLDER holds SUITE.json (lit), SUITE.xml (ctest), SUITE.started for a suite
that began; openmp.alone, what failed beside other tests and was run again
alone; and openmp.baseline, the results of stock libomp for what failed then
too."""

import json
import sys
import xml.etree.ElementTree
from pathlib import Path

PASSED = {"PASS", "XFAIL", "FLAKYPASS"}
SKIPPED = {"UNSUPPORTED", "SKIPPED", "EXCLUDED"}


def lit_codes(path):
    """Test name, without its suite -> result code."""
    tests = json.loads(path.read_text())["tests"]
    return {t["name"].split(" :: ", 1)[-1]: t["code"] for t in tests}


def lit_counts(path):
    alone, baseline = (
        lit_codes(other) if other.exists() else {}
        for other in (path.with_suffix(".alone"), path.with_suffix(".baseline")))
    passed, skipped, failed = 0, 0, []
    for name, code in sorted(lit_codes(path).items()):
        if code in PASSED:
            passed += 1
        elif code in SKIPPED:
            skipped += 1
        elif alone.get(name) in PASSED:
            passed += 1
            print(f"   right when run alone: {name}")
        elif name in baseline and baseline[name] not in PASSED | SKIPPED:
            skipped += 1
            print(f"   stock libomp fails too: {name}")
        else:
            failed.append(f"{name} ({code})")
    return passed, failed, skipped


def junit_counts(path):
    passed, skipped, failed = 0, 0, []
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        status = case.get("status", "run")
        if case.find("failure") is not None or status == "fail":
            failed.append(case.get("name"))
        elif case.find("skipped") is not None or status in ("notrun",
                                                            "disabled"):
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def suite_counts(folder, suite):
    lit, junit = folder / f"{suite}.json", folder / f"{suite}.xml"
    if lit.exists():
        return lit_counts(lit)
    if junit.exists():
        return junit_counts(junit)
    return 0, [f"{suite}: ended without results"], 0


def main():
    if sys.argv[1] == "--failed":
        for name, code in sorted(lit_codes(Path(sys.argv[2])).items()):
            if code not in PASSED | SKIPPED:
                print(name)
        return 0
    folder = Path(sys.argv[1])
    total_passed, all_failed, total_skipped = 0, [], 0
    for started in sorted(folder.glob("*.started")):
        passed, failed, skipped = suite_counts(folder, started.stem)
        print(f"   {started.stem}: {passed} right, {len(failed)} wrong, "
              f"{skipped} left out")
        for name in failed:
            print(f"   FAILED {started.stem}: {name}")
        total_passed += passed
        all_failed += failed
        total_skipped += skipped
    if not total_passed and not all_failed:
        all_failed.append("no test was run")
    print(f"{total_passed} passed, {len(all_failed)} failed, "
          f"{total_skipped} skipped", flush=True)
    return 1 if all_failed else 0


if __name__ == "__main__":
    sys.exit(main())

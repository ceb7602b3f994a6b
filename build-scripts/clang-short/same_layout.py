#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Proves that objects compiled with one set of headers go with another set.

  same_layout.py --theirs FOLDER --ours FOLDER... HEADER... -- COMPILER FLAGS...

All HEADERs in one file are compiled with either set of include folders. Ours
may add to theirs; nothing of theirs may change or move:

  text       each preprocessed line of theirs is there, in order, and each macro
  layout     by the debug information: sizes, offsets and bit positions of all
             members, values of all enumerators, places in virtual tables
  code       all inline functions compile to the same instructions

What differs is named, and the exit code is 1."""

import argparse
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

LAYOUT = {"byte_size", "bit_size", "data_bit_offset", "data_member_location",
          "const_value", "type", "alignment", "virtuality",
          "vtable_elem_location"}
UNNAMED = {"DW_TAG_inheritance", "DW_TAG_member"}
NAMED = UNNAMED | {"DW_TAG_namespace", "DW_TAG_class_type",
                   "DW_TAG_structure_type", "DW_TAG_union_type",
                   "DW_TAG_enumeration_type", "DW_TAG_enumerator",
                   "DW_TAG_subprogram", "DW_TAG_variable"}


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"error: {' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


class Compiled:
    """What the headers are with one set of include folders."""

    def __init__(self, compiler, headers, folders, tmp):
        source = tmp / "headers.cpp"
        source.write_text("".join(f'#include "{h}"\n' for h in headers))
        command = [*compiler, *(f"-I{f}" for f in folders), str(source)]
        self.lines = run(*command, "-E", "-P").splitlines()
        self.macros = set(run(*command, "-E", "-dM").splitlines())
        self.code = functions(run(*command, "-S", "-o", "-", "-O0",
                                  "-Xclang", "-femit-all-decls"))
        info = tmp / "headers.o"
        run(*command, "-c", "-o", str(info), "-O0", "-g", "-fstandalone-debug",
            "-fno-eliminate-unused-debug-types")
        dump = Path(compiler[0]).resolve().parent / "llvm-dwarfdump"
        self.layout = layout(run(str(dump), "--debug-info", str(info)))


def functions(assembly):
    """Symbol -> its instructions; labels of the file's own have no numbers."""
    found, body = {}, []
    for line in assembly.splitlines():
        if match := re.match(r"\t\.type\t(\S+),@(\w+)", line):
            body = found.setdefault(match[1], []) if match[2] == "function" else []
        elif re.match(r"\t[^.]", line):
            body.append(re.sub(r"\.L[\w.$]*", ".L", line.split("#")[0].strip()))
    return found


def layout(dump):
    """Full name -> the attributes that say where it is and how large."""
    found, scope, tag, attributes = {}, [], "", {}

    def finish():
        # Bases and anonymous members have no name of their own.
        if tag in UNNAMED and not scope[-1]:
            scope[-1] = attributes.get("type", tag)
        if tag in NAMED and scope[-1]:
            found.setdefault("::".join(filter(None, scope)), []).append(attributes)

    for line in dump.splitlines():
        if match := re.match(r"0x\w+:( +)(DW_TAG_\w+|NULL)", line):
            finish()
            depth, tag, attributes = len(match[1]) // 2, match[2], {}
            scope = scope[:depth] + [""] * (depth - len(scope)) + [""]
        elif match := re.match(r" +DW_AT_(?:linkage_)?name\t\(\"(.*)\"\)", line):
            # A linkage name comes first, and tells overloads apart.
            if tag in NAMED:
                scope[-1] = scope[-1] or match[1]
        elif match := re.match(r" +DW_AT_(\w+)\t\((.*)\)", line):
            if match[1] in LAYOUT:
                attributes[match[1]] = re.sub(r"0x0\w{7} ", "", match[2])
    return found


def moved(was, now):
    """What of one entry's attributes is another: `offset 0x8, now 0xa`."""
    if not now:
        return "gone"
    return "; ".join(f"{key} {old.get(key)}, now {new.get(key)}"
                     for old, new in zip(was, now)
                     for key in old.keys() | new.keys()
                     if old.get(key) != new.get(key)) or "declared again"


def differences(theirs, ours):
    rest = iter(ours.lines)
    for line in theirs.lines:
        if line not in rest:
            yield f"the headers' text is changed from here on: {line.strip()}"
            break
    for macro in sorted(theirs.macros - ours.macros):
        yield f"the macro is changed: {macro}"
    for name, was in theirs.layout.items():
        now = ours.layout.get(name)
        if now != was:
            yield f"{name}: {moved(was, now)}"
    for name in ours.layout.keys() - theirs.layout.keys():
        owner = name.rpartition("::")[0]
        if (owner in theirs.layout and
                any("vtable_elem_location" in a for a in ours.layout[name])):
            yield f"{name}: a virtual function that {owner} has not had"
    for name, was in theirs.code.items():
        if ours.code.get(name) != was:
            yield f"{name}: other instructions"


def compare(compiler, headers, theirs, ours):
    """The differences between folder THEIRS and the folders OURS before it."""
    with (tempfile.TemporaryDirectory() as tmp1,
          tempfile.TemporaryDirectory() as tmp2, ThreadPoolExecutor() as pool):
        sides = pool.map(lambda folders, tmp: Compiled(compiler, headers, folders, Path(tmp)),
                         ([theirs], [*ours, theirs]), (tmp1, tmp2))
        return list(differences(*sides))


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--theirs", required=True)
    options.add_argument("--ours", required=True, action="append")
    options.add_argument("headers", nargs="+")
    split = sys.argv.index("--")
    args = options.parse_args(sys.argv[1:split])
    found = compare(sys.argv[split + 1:], args.headers, args.theirs, args.ours)
    for difference in found:
        print(difference)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

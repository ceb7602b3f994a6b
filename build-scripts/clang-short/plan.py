#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which of Clang's files have to be compiled, and may the others come from the
distribution's archives? Run by short.cmake.

  plan.py --source CLANG --build FOLDER --llvm PREFIX -- COMPILER FLAGS...

Reads FOLDER/loco-libraries.tsv (library, archive, include folders, sources) and
writes FOLDER/loco-plan.cmake: the sources of each library to compile, and the
archives of all others, without the objects of those.

A file is compiled if one of these is true, and is the distribution's if none is:

  - the series changes or adds it;
  - it expands a .def file itself that the series changes;
  - it sees a header that is this build's own: Options.inc, a private header that
    the series changes, or one that is not the distribution's, byte for byte,
    though the series has not changed it (a configured one, or the distribution
    has changed it).

Every header of the series that the distribution's objects have seen must be
proven by same_layout.py. What a file sees is what the compiler reports."""

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import same_layout

# The one generated header that the series changes, and where its tables are. The
# numbers of all options move, so that all that see it are compiled.
OPTIONS = "clang/Driver/Options.inc"
OPTION_TABLES = "include/clang/Driver/"

HEADERS = {".h", ".def", ".inc"}


def stop(*lines):
    for line in lines:
        print(f"   {line}", file=sys.stderr)
    sys.exit("error: Clang cannot be built from the distribution's archives "
             "(see above): LOCO_BUILD=full compiles all of it")


def same_bytes(one, other):
    return other.is_file() and one.read_bytes() == other.read_bytes()


class Library:
    def __init__(self, line):
        self.name, archive, includes, sources = line.split("\t")
        self.archive = Path(archive)
        self.includes = includes.split()
        self.sources = [Path(s) for s in sources.split()]


class Fork:
    """The patched tree: its changes, and what its files include."""

    def __init__(self, source, build, theirs):
        self.source, self.theirs = source, theirs
        self.includes = [source / "include", build / "include"]
        self.added = self.files("ls-files", "--others")
        self.changed = self.added | self.files("diff", "--name-only",
                                               "--relative", "HEAD")
        self.check_tables()
        # Of the headers that are not the distribution's: those of the series,
        # and the others.
        self.series, self.own = set(), {OPTIONS}
        for folder in self.includes:
            for header in folder.rglob("*"):
                name = header.relative_to(folder)
                if header.suffix in HEADERS and not same_bytes(header, theirs / name):
                    (self.series if header in self.changed else self.own).add(str(name))
        self.expanders = set()
        self.expand()

    def files(self, *git):
        names = subprocess.run(["git", "-C", str(self.source), *git, "--", "."],
                               check=True, capture_output=True, text=True).stdout
        return {self.source / name for name in names.splitlines()}

    def check_tables(self):
        """What is generated from a table is the distribution's."""
        wrong = [f for f in self.changed if f.suffix == ".td" and
                 not f.is_relative_to(self.source / OPTION_TABLES)]
        if wrong:
            stop(*(f"{f}: the distribution's headers are generated from this "
                   "table unchanged" for f in wrong))

    def expand(self):
        """Who includes a .def file of the series is changed by it: a source is
        compiled, a header counts as one of the series."""
        users = [f for folder in ("include", "lib")
                 for f in (self.source / folder).rglob("*")
                 if f.suffix in HEADERS | {".cpp"}]
        included = {f: set(re.findall(r'^\s*#\s*include\s+"(?:[^"]*/)?([^"/]+)"',
                                      f.read_text(errors="replace"), re.M))
                    for f in users}
        tables = set()
        while new := {h for h in self.series if h.endswith(".def")} - tables:
            tables |= new
            names = {Path(table).name for table in new}
            for user in (f for f in users if included[f] & names):
                if user.is_relative_to(self.includes[0]):
                    self.series.add(str(user.relative_to(self.includes[0])))
                else:
                    self.expanders.add(user)

    def relative(self, dependency):
        """A header's name below an include folder, or None."""
        for folder in (*self.includes, self.theirs):
            if dependency.is_relative_to(folder):
                return str(dependency.relative_to(folder))
        return None


def scan(libraries, fork, build, llvm, command):
    """Source -> all headers that it sees, as the compiler reports them."""
    # Generated into lib/, so not among the distribution's headers.
    stand_ins = build / "loco-scan"
    stand_ins.mkdir(exist_ok=True)
    for lists in (fork.source / "lib").rglob("CMakeLists.txt"):
        for name in re.findall(r"clang_tablegen\((\w+\.inc)", lists.read_text()):
            (stand_ins / name).touch()
    database = build / "loco-scan" / "compile_commands.json"
    database.write_text(json.dumps([
        {"directory": str(build), "file": str(source),
         "command": shlex.join([*command, *(f"-I{f}" for f in library.includes),
                                f"-I{stand_ins}", f"-I{fork.theirs}",
                                "-c", str(source), "-o", f"{source}.o"])}
        for library in libraries for source in library.sources
        if source not in fork.changed | fork.expanders]))
    done = subprocess.run(
        [str(llvm / "bin/clang-scan-deps"), "-compilation-database", str(database),
         "-format", "make", "-mode", "preprocess-dependency-directives",
         "-j", os.environ.get("LOCO_JOBS", str(os.cpu_count()))],
        capture_output=True, text=True)
    if done.returncode or done.stderr:
        stop(*done.stderr.splitlines())
    seen = {}
    for rule in done.stdout.replace("\\\n", " ").splitlines():
        if rule.strip():
            _, source, *headers = rule.split()
            seen[Path(source)] = {Path(os.path.normpath(h)) for h in headers}
    return seen


def is_compiled(source, fork, seen):
    return (source in fork.changed | fork.expanders or
            any(fork.relative(h) in fork.own or
                (h in fork.changed and not h.is_relative_to(fork.includes[0]))
                for h in seen[source]))


def tool(llvm, name, *args):
    return subprocess.run([str(llvm / "bin" / name), *args], check=True,
                          capture_output=True, text=True).stdout


def check_archives(libraries, fork, llvm):
    """An archive's members are its sources' objects, and its settings ours."""
    for library in libraries:
        members = sorted(tool(llvm, "llvm-ar", "t", str(library.archive)).split())
        upstream = sorted(f"{s.name}.o" for s in library.sources
                          if s not in fork.added)
        if members != upstream:
            stop(f"{library.archive} holds other objects than "
                 f"{library.name} has sources: "
                 f"{sorted(set(members) ^ set(upstream))}")
    symbols = tool(llvm, "llvm-nm", str(llvm / "lib/libclangAST.a"))
    for wanted, symbol, setting in (
            (True, "_ZN4llvm24DisableABIBreakingChecksE", "LLVM_ENABLE_ABI_BREAKING_CHECKS off"),
            (True, " _ZTIN5clang", "LLVM_ENABLE_RTTI on"),
            (False, " __assert_fail", "LLVM_ENABLE_ASSERTIONS off")):
        if (symbol in symbols) != wanted:
            stop(f"the distribution's archives were not built with {setting}")


def archive_of_rest(library, compiled, build, llvm):
    """The library's archive without what is compiled: no symbol can be taken from
    both."""
    members = {f"{s.name}.o" for s in compiled}
    kept = {f"{s.name}.o" for s in set(library.sources) - set(compiled)}
    if members & kept:
        stop(f"{library.archive}: two members named {members & kept}, and one of "
             "them is compiled")
    if not members:
        return library.archive
    rest = build / "loco-archives" / library.archive.name
    rest.parent.mkdir(exist_ok=True)
    shutil.copyfile(library.archive, rest)
    tool(llvm, "llvm-ar", "d", str(rest), *members)
    return rest


def main():
    options = argparse.ArgumentParser()
    for name in ("source", "build", "llvm"):
        options.add_argument(f"--{name}", type=Path, required=True)
    split = sys.argv.index("--")
    args = options.parse_args(sys.argv[1:split])
    command = sys.argv[split + 1:]
    llvm = args.llvm.resolve()

    fork = Fork(args.source, args.build, llvm / "include")
    libraries = [Library(line) for line in
                 (args.build / "loco-libraries.tsv").read_text().splitlines()]
    check_archives(libraries, fork, llvm)
    seen = scan(libraries, fork, args.build, llvm, command)
    compiled = {library.name: [s for s in library.sources
                               if is_compiled(s, fork, seen)]
                for library in libraries}

    # What the distribution's objects have seen of the series.
    others = [s for library in libraries for s in library.sources
              if s not in compiled[library.name]]
    met = {fork.relative(h) for s in others for h in seen[s]} & fork.series
    proven = sorted(h for h in met
                    if h.endswith(".h") and (fork.theirs / h).is_file())
    found = same_layout.compare(command, proven, fork.theirs, fork.includes)
    if found:
        stop(*found[:20], f"{len(found)} differences in {', '.join(proven)}")

    archives = [archive_of_rest(library, compiled[library.name], args.build, llvm)
                for library in libraries]
    lists = {f"COMPILED_{name}": sources for name, sources in compiled.items()}
    (args.build / "loco-plan.cmake").write_text("".join(
        f'set(LOCO_{name} "{";".join(map(str, paths))}")\n'
        for name, paths in {**lists, "ARCHIVES": archives}.items()))
    count = sum(map(len, compiled.values()))
    print(f"   {count} files of Clang's libraries are compiled, {len(others)} are "
          f"the distribution's, which have seen {', '.join(proven)} and stay valid")


if __name__ == "__main__":
    main()

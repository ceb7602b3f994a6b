# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Source packages of the Debian archive that this machine already uses: fetched
and verified by apt, which needs no deb-src line and no root for it."""

import os
import re
import subprocess
from pathlib import Path


class Unavailable(Exception):
    """There is no such package to be had here; the text says why."""


def _release():
    text = Path("/etc/os-release").read_text()
    fields = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', text, re.M))
    return fields.get("ID"), fields.get("VERSION_CODENAME", "")


def _source_lines(codename):
    """The system's entries of this release, each as one of sources: file name and
    text."""
    for path in sorted(Path("/etc/apt/sources.list.d").glob("*.sources")):
        kept = [re.sub(r"(?m)^Types:.*$", "Types: deb-src", stanza)
                for stanza in re.split(r"\n\s*\n", path.read_text())
                if re.search(rf"(?m)^Suites:.*\b{codename}\b", stanza)]
        if kept:
            yield path.name, "\n\n".join(kept) + "\n"
    lists = [Path("/etc/apt/sources.list"),
             *sorted(Path("/etc/apt/sources.list.d").glob("*.list"))]
    for path in lists:
        if not path.exists():
            continue
        kept = [re.sub(r"^deb(-src)?\s", "deb-src ", line)
                for line in path.read_text().splitlines()
                if re.match(rf"deb(-src)?\s.*\s{codename}\s", line)]
        if kept:
            yield path.name, "\n".join(kept) + "\n"


class Archive:
    """Downloads into `folder`, and keeps there what it has."""

    def __init__(self, folder):
        self.folder = folder.resolve()
        self._apt = None

    def _options(self):
        """Makes a private state of apt's, once."""
        if self._apt is not None:
            return self._apt
        distribution, codename = _release()
        if distribution != "debian":
            raise Unavailable("source packages are fetched on Debian only")
        parts = self.folder / "apt" / "parts"
        for needed in (parts, self.folder / "apt/lists/partial",
                       self.folder / "apt/cache/archives/partial"):
            needed.mkdir(parents=True, exist_ok=True)
        for name, text in _source_lines(codename):
            (parts / name).write_text(text)
        apt = self.folder / "apt"
        options = ["-o", "Dir::Etc::sourcelist=/dev/null",
                   "-o", f"Dir::Etc::sourceparts={parts}",
                   "-o", f"Dir::State::lists={apt / 'lists'}",
                   "-o", f"Dir::Cache={apt / 'cache'}",
                   "-o", f"APT::Sandbox::User={os.environ.get('USER', 'root')}"]
        self._run(["apt-get", *options, "update"], "cannot read package lists")
        self._apt = options
        return options

    def _run(self, command, complaint):
        done = subprocess.run(command, cwd=self.folder, timeout=600,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True)
        if done.returncode != 0:
            raise Unavailable(f"{complaint}:\n{done.stdout.strip()[-500:]}")

    def unpack(self, package, into):
        """The upstream tree of `package`, new, as `into`."""
        found = self._tarball(package)
        if found is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._run(["apt-get", *self._options(), "source",
                       "--download-only", "--tar-only", package],
                      f"cannot fetch the source of {package}")
            found = self._tarball(package)
        if found is None:
            raise Unavailable(f"the source of {package} has no .orig.tar")
        into.mkdir(parents=True)
        subprocess.run(["tar", "-xf", found, "--strip-components=1", "-C", into],
                       check=True, timeout=300)

    def _tarball(self, package):
        found = sorted(self.folder.glob(f"{package}_*.orig.tar.?z"))
        return found[-1] if found else None

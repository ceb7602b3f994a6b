# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the lit suites have in common. sites.sh writes a lit.site.cfg.py for
each suite, which calls configure() with the suite's name and three folders."""

import glob
import os
import re

import lit.formats

# suite: (folder of its tests, suffixes of tests). Files in folders named
# Inputs are never tests.
SUITES = {
    "clang": ("llvm-project/clang/test/LOCO",
              [".c", ".cpp", ".cl", ".cu", ".f90", ".ll", ".test"]),
    "passes": ("llvm-project/llvm/test/Transforms/LOCO", [".ll", ".test"]),
    "programs": ("test-suite", [".test", ".c", ".cpp"]),
    "scripts": ("build-scripts/test", [".test"]),
    # The programs again, as an ordinary user, with few and with many threads.
    "user": ("test-suite", [".test", ".c", ".cpp"]),
}

# Settings of the person who runs the tests that would change what is tested.
# LOCO_TEST_* is for the tests themselves.
NOT_PASSED_ON = re.compile(r"(OMP|KMP|LIBOMP|GOMP)_|LOCO_(?!TEST_)")
PASSED_ON = re.compile(r"LOCO_TEST_|CCACHE_|TERM$|TMPDIR$|LANG$|LC_|CI$")


def in_mode(compiler, mode, folder):
    """A command that runs the compiler with -floco-mode=MODE."""
    os.makedirs(folder, exist_ok=True)
    wrapper = os.path.join(folder, f"{os.path.basename(compiler)}-{mode}")
    with open(wrapper, "w") as script:
        script.write(f'#!/bin/sh\nexec {compiler} -floco-mode={mode} "$@"\n')
    os.chmod(wrapper, 0o755)
    return wrapper


def configure(config, lit_config, suite, root, build, llvm):
    tests, suffixes = SUITES[suite]
    config.name = f"loco-{suite}"
    config.test_source_root = os.path.join(root, tests)
    config.test_exec_root = os.path.join(build, "test", suite)
    config.suffixes = suffixes
    config.excludes = ["Inputs", "CMakeLists.txt", "README.md"]
    # Program tests are small bash scripts; the others use lit's own shell,
    # which reports each command of a RUN line.
    config.test_format = lit.formats.ShTest(
        execute_external=suite in ("programs", "scripts", "user"))

    install = os.path.join(build, "install")
    llvm_bin = os.path.join(llvm, "bin")
    clang = os.path.join(install, "bin", "clang-19")
    config.environment["PATH"] = os.pathsep.join(
        [llvm_bin, os.environ.get("PATH", "")])
    for name, value in os.environ.items():
        if PASSED_ON.match(name) and not NOT_PASSED_ON.match(name):
            config.environment[name] = value

    if suite == "user":
        config.environment["LOCO_TEST_OPT"] = "O2"
        config.environment["LOCO_TEST_NODES"] = "2,4"
        config.environment["LOCO_TEST_THREADS"] = "1,4,8"
        config.environment["HOME"] = config.test_exec_root

    resource = os.path.join(install, "lib", "clang", "19")
    table = {
        "%clang_cc1": f"{clang} -cc1 -internal-isystem {resource}/include "
                      "-nostdsysteminc",
        "%clang_loco_cc1": f"{clang} -cc1 -internal-isystem "
                           f"{resource}/include -nostdsysteminc -floco",
        "%clangxx": f"{clang} --driver-mode=g++",
        "%clang": clang,
        "%loco-clangxx": os.path.join(install, "bin", "loco-clang++"),
        "%loco-clang": os.path.join(install, "bin", "loco-clang"),
        "%loco-run": os.path.join(install, "bin", "loco-run"),
        "%loco-doctor": os.path.join(install, "bin", "loco-doctor"),
        "%stock-clangxx": os.path.join(llvm_bin, "clang++"),
        "%stock-clang": os.path.join(llvm_bin, "clang"),
        "%install": install,
        "%llvm": llvm,
        "%build": build,
        "%root": root,
    }
    # Every program of the suite in the other mode.
    mode = os.environ.get("LOCO_TEST_MODE")
    if mode and suite == "programs":
        for name in ("%loco-clang", "%loco-clangxx"):
            table[name] = in_mode(table[name], mode, config.test_exec_root)
    # A name ends where it ends: %clang is not the start of %clang_cc1.
    config.substitutions += [
        (re.escape(name) + r"(?![\w-])", value.replace("\\", "\\\\"))
        for name, value in table.items()]
    if suite == "passes":
        plugin = os.path.join(install, "lib", "LLVMLOCO.so")
        config.substitutions.append(
            (r"(?<![\w./%-])opt(?=\s)",
             f"{llvm_bin}/opt -load-pass-plugin={plugin}"))

    config.available_features.update({"x86_64-linux", "loco"})
    # Clang was built from the distribution's archives.
    if os.path.exists(os.path.join(build, "clang", "loco-plan.cmake")):
        config.available_features.add("clang-short")
    # test-suite/verbs: a device here, or the command that starts a machine with one.
    if os.environ.get("LOCO_VM_RUN") or glob.glob("/sys/class/infiniband/*"):
        config.available_features.add("rdma-device")
        config.environment["LOCO_VM_RUN"] = os.environ.get("LOCO_VM_RUN", "")
    if os.environ.get("LOCO_TEST_LONG"):
        config.available_features.add("long")

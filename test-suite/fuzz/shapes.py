# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The kinds of programs that fuzz.py makes of csmith's, which are sequential.

A csmith program runs func_1() once, and then its main() hashes all globals.
as_part() makes of it a file with begin, run and hash functions; a driver calls
those of one or more parts from threads of different nodes, in phases between
barriers. A part's globals are then read, changed and read again on three nodes'
behalf; those of several parts lie beside each other, and change at one time."""

import re
from dataclasses import dataclass, field


@dataclass
class Shape:
    name: str
    what: str
    parts: int
    driver: str = ""
    csmith_flags: list = field(default_factory=list)


def as_part(text, number):
    """csmith's program without main, but with partN_begin, _run and _hash."""
    before, main = re.split(r"^int main \(.*\)$", text, maxsplit=1,
                            flags=re.MULTILINE)
    _, main = main.split("crc32_gentab();", 1)
    hashing = main.split("func_1();", 1)[1].split("platform_main_end", 1)[0]
    if "func_1" in hashing:
        raise ValueError("this is not the main() that csmith used to write")
    return f"""{before}
void part{number}_begin(void) {{ crc32_gentab(); }}
void part{number}_run(void) {{ func_1(); }}
unsigned part{number}_hash(void) {{
    int i, j, k, l, m, n;
    int print_hash_value = 0;
    crc32_context = 0xFFFFFFFFUL;
{hashing}
    return crc32_context ^ 0xFFFFFFFFUL;
}}
"""


def driver(parts):
    """Part p belongs to the p-th thread from the end, so to another node than
    the one that runs main(). Each thread that a part's globals come to has what
    the one before left."""
    names = range(parts)
    declarations = "\n".join(
        f"void part{p}_begin(void), part{p}_run(void); unsigned part{p}_hash(void);"
        for p in names)
    begins, runs, hashes = (
        ", ".join(f"part{p}_{what}" for p in names)
        for what in ("begin", "run", "hash"))
    return f"""#include <omp.h>
#include <stdio.h>
#define PARTS {parts}
{declarations}
static void (*const begin[])(void) = {{{begins}}};
static void (*const run[])(void) = {{{runs}}};
static unsigned (*const hash[])(void) = {{{hashes}}};
static unsigned sums[PARTS];

static int turn(int part, int shift, int threads) {{
    return (2 * threads - 1 - part % threads + shift) % threads;
}}
static void hash_all(const char *when, int shift) {{
#pragma omp parallel
    for (int p = 0; p < PARTS; p++)
        if (turn(p, shift, omp_get_num_threads()) == omp_get_thread_num())
            sums[p] = hash[p]();
    for (int p = 0; p < PARTS; p++)
        printf("%s: part %d: %X\\n", when, p, sums[p]);
}}
int main(void) {{
    for (int p = 0; p < PARTS; p++)
        begin[p]();
    hash_all("before", 1);
#pragma omp parallel
    for (int p = 0; p < PARTS; p++) {{
        if (turn(p, 0, omp_get_num_threads()) == omp_get_thread_num())
            run[p]();
        if (p % 2) {{
#pragma omp barrier
        }}
    }}
    hash_all("after", 1);
    hash_all("elsewhere", 2);
    return (sums[0] ^ sums[PARTS - 1] * 5) & 63;
}}
"""


ALL = {shape.name: shape for shape in (
    Shape("plain", "csmith's program as it is", 1),
    Shape("far", "its body runs on the last thread", 1, driver(1),
          ["--max-funcs", "6"]),
    Shape("parts", "four programs at one time, their globals interleaved", 4,
          driver(4), ["--max-funcs", "3", "--max-block-depth", "3"]))}

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The example programs as the tests and the measurements run them."""

from dataclasses import dataclass, field
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@dataclass(frozen=True)
class Program:
    """Arguments may name @input files of the program's folder; {out} is a
    scratch folder. Each output file is compared with expected/<its name>, and
    stdout with expected/stdout."""

    name: str
    source: str
    test_args: str
    measure_args: str
    outputs: tuple = ()
    libs: tuple = ()
    # Files that measuring needs: name -> command of a generator in examples/.
    generated: dict = field(default_factory=dict)

    @property
    def folder(self):
        return EXAMPLES / self.name

    @property
    def is_c(self):
        return self.source.endswith(".c")

    def args(self, text, out):
        result = []
        for word in text.split():
            if word.startswith("@"):
                word = str(self.folder / word[1:])
            result.append(word.replace("{out}", str(out)))
        return result


PROGRAMS = {p.name: p for p in (
    Program("heat", "heat.cpp",
            "--steps 200 @plate.png {out}/plate.png",
            "--steps 150 --scale 8 --quiet @plate.png {out}/plate.png",
            outputs=("plate.png",), libs=("-lpng",)),
    Program("cg", "cg.cpp",
            "--verbose --output {out}/solution.txt @matrix.mtx",
            "{out}/large.mtx",
            outputs=("solution.txt",),
            generated={"large.mtx": "cg/gen-matrix.cpp --side 500"}),
    Program("kmeans", "kmeans.cpp",
            "--clusters 8 --output {out}/clusters.txt @points.csv",
            "--clusters 8 --max-iterations 30 --replicate 200 @points.csv",
            outputs=("clusters.txt",)),
    Program("bfs", "bfs.cpp",
            "--output {out}/distances.txt @edges.txt",
            "--random 100000",
            outputs=("distances.txt",)),
    Program("wordcount", "wordcount.cpp",
            "--top 100 --chunk 2000 @north.txt @south.txt @west.txt",
            "--repeat 100 @north.txt @south.txt @west.txt"),
    Program("nqueens", "nqueens.cpp",
            "--board --task-rows 3 --file @sizes.txt",
            "--task-rows 3 14"),
    Program("nbody", "nbody.cpp",
            "--steps 30 --law yukawa @scene.txt",
            "--steps 20 --cloud 2000 @scene.txt"),
    Program("matmul", "matmul.c",
            "--tile 16 --output {out}/product.txt @a.txt @b.txt",
            "--size 1200",
            outputs=("product.txt",), libs=("-lm",)),
)}

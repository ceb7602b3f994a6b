# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs of others, as they are: what they are built with, what they are given,
and what must be the same whoever compiled them.

Only programs whose results do not depend on how their threads take turns: of the
others just those inputs for which that holds.
"""

import random
from dataclasses import dataclass, field


def mutated(count, length, alphabet, rate=0.03, seed=1):
    """FASTA: `count` sequences, each a mutation of an earlier one."""
    dice = random.Random(seed)
    family = [[dice.choice(alphabet) for _ in range(length)]]
    while len(family) < count:
        child = list(dice.choice(family))
        for i in range(length):
            if dice.random() < rate:
                child[i] = dice.choice(alphabet)
        family.append(child)
    return "".join(f">s{i}\n{''.join(s)}\n" for i, s in enumerate(family))


def reads(count, length, genome, seed=1):
    """FASTA: pieces of one random genome."""
    dice = random.Random(seed)
    text = "".join(dice.choice("ACGT") for _ in range(genome))
    starts = (dice.randrange(genome - length) for _ in range(count))
    return "".join(f">r{i}\n{text[s:s + length]}\n"
                   for i, s in enumerate(starts))


NUCLEOTIDES = "ACGT"
AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"


@dataclass(frozen=True)
class Application:
    """`build` and `run` are shell commands: built in the source tree with $CC, $CXX
    and $JOBS, run in a new folder with $SRC the tree, $INPUTS the folder of inputs, and $LAUNCH
    before each program that is to run on several nodes (empty for stock)."""

    name: str
    package: str
    language: str
    build: str
    run: str
    outputs: tuple
    inputs: dict = field(default_factory=dict)  # name -> function giving its text
    needs: tuple = ()  # Debian packages beyond those of the toolchain


# Every file that make might think it has to make again, by tools of another
# decade, is older than this.
UP_TO_DATE = ("touch aclocal.m4; find . -name '*.in' -exec touch {} +; "
              "touch configure; ")

APPLICATIONS = {a.name: a for a in (
    Application(
        "cd-hit", "cd-hit", "C++",
        build="$CXX -O2 -fopenmp -DWITH_ZLIB -w cdhit.c++ cdhit-common.c++ "
              "cdhit-utility.c++ -o cd-hit -lz",
        run="$LAUNCH $SRC/cd-hit -i $INPUTS/proteins.fa -o found -T 2 -c 0.9",
        inputs={"proteins.fa": lambda: mutated(4000, 300, AMINO_ACIDS)},
        outputs=("found", "found.clstr")),
    Application(
        "clustal-omega", "clustalo", "C and C++",
        build=UP_TO_DATE +
        "CPPFLAGS=-I$PWD/src CFLAGS='-O2 -w' CXXFLAGS='-O2 -w -std=c++11' "
        "./configure --disable-shared && make -j$JOBS",
        run="$LAUNCH $SRC/src/clustalo -i $INPUTS/proteins.fa -o aligned.fa "
            "--threads=2",
        inputs={"proteins.fa": lambda: mutated(120, 150, AMINO_ACIDS)},
        outputs=("aligned.fa",), needs=("libargtable2-dev",)),
    Application(
        "fasttree", "fasttree", "C",
        build="$CC -O3 -fopenmp -DOPENMP -w fasttree.c -o fasttree -lm",
        # Below 50 sequences its parallel loops that race are one chunk.
        run="$LAUNCH $SRC/fasttree -nt -gtr $INPUTS/genes.fa > tree",
        inputs={"genes.fa": lambda: mutated(45, 1500, NUCLEOTIDES)},
        outputs=("tree",)),
    Application(
        "graphicsmagick", "graphicsmagick", "C",
        build="CFLAGS='-O2 -w' ./configure --disable-shared --without-x "
              "--without-perl --without-magick-plus-plus --without-trio "
              "--without-lcms2 --without-ttf --without-xml "
              "--with-quantum-depth=8 && make -j$JOBS",
        run="$LAUNCH $SRC/utilities/gm convert -size 900x700 gradient:red-blue "
            "-gaussian 5x2 -rotate 30 -resize 640x480 -edge 1 made.ppm",
        outputs=("made.ppm",)),
    Application(
        "velvet", "velvet", "C",
        # The archive's tarball comes without its copy of zlib.
        build="mkdir -p third-party/zlib-1.2.3 && "
              "echo '#include <zlib.h>' > third-party/zlib-1.2.3/zlib.h && "
              "flags='-O3 -fopenmp -fgnu89-inline -w "
              "-DOPENMP -DMAXKMERLENGTH=31 -DCATEGORIES=2' && "
              "common=$(ls src/*.c | grep -vx 'src/run2*.c') && "
              "$CC $flags src/run.c $common -o velveth -lz -lm && "
              "$CC $flags src/run2.c $common -o velvetg -lz -lm",
        run="$LAUNCH $SRC/velveth graph 21 -short $INPUTS/reads.fa && "
            "$LAUNCH $SRC/velvetg graph",
        inputs={"reads.fa": lambda: reads(4000, 100, 100000)},
        outputs=("graph/contigs.fa",)),
)}

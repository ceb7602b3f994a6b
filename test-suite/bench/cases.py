# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The kernels as the harness runs them: each case is a kernel with arguments."""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Case:
    name: str
    source: str
    args: tuple = ()
    defines: tuple = ()
    # The same kernel initialised in parallel: what this one is compared with
    # once the homes have migrated.
    first_touch: str = ""
    # Its phases read data that never changes: after the first steps they may move
    # little more than the least.
    read_only: bool = False

    @property
    def path(self):
        return FOLDER / self.source

    @property
    def binary(self):
        """Cases that differ in arguments alone share an executable."""
        return "-".join([self.path.stem, *self.defines])


STATIC = ("BENCH_STATIC",)
SERIAL = ("--init=serial",)

CASES = {case.name: case for case in (
    Case("stream", "stream.cpp"),
    Case("stream-serial", "stream.cpp", SERIAL, first_touch="stream"),
    Case("stream-static", "stream.cpp", defines=STATIC),
    Case("stencil2d", "stencil2d.cpp"),
    Case("stencil2d-serial", "stencil2d.cpp", SERIAL, first_touch="stencil2d"),
    Case("stencil2d-static", "stencil2d.cpp", defines=STATIC),
    Case("stencil3d", "stencil3d.cpp"),
    Case("matmul", "matmul.cpp"),
    Case("spmv-short", "spmv.cpp", ("--rows=short",)),
    Case("spmv-long", "spmv.cpp", ("--rows=long",)),
    Case("spmv-power", "spmv.cpp", ("--rows=power",)),
    Case("cg-short", "cg.cpp", ("--rows=short",)),
    Case("cg-long", "cg.cpp", ("--rows=long",)),
    Case("cg-power", "cg.cpp", ("--rows=power",)),
    Case("cg-serial", "cg.cpp", ("--rows=short", *SERIAL),
         first_touch="cg-short", read_only=True),
    Case("fft", "fft.cpp"),
    Case("nbody", "nbody.cpp"),
    Case("histogram", "histogram.cpp"),
    Case("samplesort", "samplesort.cpp"),
    Case("intsort", "intsort.cpp"),
    Case("hashjoin", "hashjoin.cpp"),
    Case("bfs", "bfs.cpp"),
    Case("bfs-serial", "bfs.cpp", SERIAL, first_touch="bfs", read_only=True),
    Case("pagerank", "pagerank.cpp"),
    Case("listwalk", "listwalk.cpp"),
    Case("treewalk", "treewalk.cpp"),
    Case("wordmap", "wordmap.cpp"),
    Case("graphbuild", "graphbuild.cpp"),
    Case("heapexchange", "heapexchange.cpp"),
    Case("wavefront", "wavefront.cpp"),
    Case("sweeps", "sweeps.cpp"),
    Case("manyregions", "manyregions.cpp"),
    Case("transpose", "transpose.cpp"),
    Case("deque", "deque.cpp"),
    Case("mesh", "mesh.cpp"),
    Case("particles", "particles.cpp"),
    Case("multigrid", "multigrid.cpp"),
    Case("lu", "lu.cpp"),
    Case("trisolve", "trisolve.cpp"),
    Case("knn", "knn.cpp"),
    Case("queue", "queue.cpp"),
    Case("colours", "colours.cpp"),
)}

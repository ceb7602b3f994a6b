#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the examples' input files anew. Seeds are fixed: the files come out
the same every time. (cg's matrix comes from its own gen-matrix.)"""

import os
import random
import struct
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))


def path(*parts):
    return os.path.join(HERE, *parts)


# Letters of 5 x 7 points.
GLYPHS = {
    "L": ["#....", "#....", "#....", "#....", "#....", "#....", "#####"],
    "O": [".###.", "#...#", "#...#", "#...#", "#...#", "#...#", ".###."],
    "C": [".###.", "#...#", "#....", "#....", "#....", "#...#", ".###."],
}


def plate(width, height):
    """A cool plate with a warm gradient, hot letters and a cold disc."""
    rows = []
    for y in range(height):
        row = bytearray()
        for x in range(width):
            grey = 40 + 40 * x // width
            if (x - width * 3 // 4) ** 2 + (y - height * 3 // 4) ** 2 < 18 ** 2:
                grey = 0
            letter, column = divmod(x - 8, 42)
            dot, line = column // 7, (y - 16) // 7
            if 0 <= letter < 4 and 0 <= dot < 5 and 0 <= line < 7:
                if GLYPHS["LOCO"[letter]][line][dot] == "#":
                    grey = 255
            if y == 0:
                grey = 200
            row.append(grey)
        rows.append(bytes(row))
    return rows


def write_png(name, rows):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(
            ">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    with open(name, "wb") as out:
        out.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) +
                  chunk(b"IDAT", data) + chunk(b"IEND", b""))


def write_pgm(name, rows):
    with open(name, "w") as out:
        out.write("P2\n# the same plate as numbers, smaller\n%d %d\n255\n" %
                  (len(rows[0]), len(rows)))
        for row in rows:
            out.write(" ".join(map(str, row)) + "\n")


def heat():
    rows = plate(192, 128)
    write_png(path("heat", "plate.png"), rows)
    write_pgm(path("heat", "plate.pgm"), [row[::3] for row in rows[::3]])


def kmeans():
    rng = random.Random(11)
    # They overlap: it takes a few dozen rounds.
    centres = [(0, 0, 5), (8, 1, -3), (3, 9, 2), (-7, 6, 0), (-4, -8, 7)]
    with open(path("kmeans", "points.csv"), "w") as out:
        out.write("x,y,z\n")
        for _ in range(1500):
            centre = rng.choices(centres, weights=(5, 4, 3, 2, 1))[0]
            out.write(",".join("%.3f" % rng.gauss(c, 4) for c in centre) +
                      "\n")


def bfs():
    rng = random.Random(12)
    vertices = 1500
    with open(path("bfs", "edges.txt"), "w") as out:
        out.write("# a grid of 30 x 40, some shortcuts, an island\n")
        for v in range(1200):
            if v % 40 != 39:
                out.write("%d %d\n" % (v, v + 1))
            if v + 40 < 1200:
                out.write("%d %d\n" % (v, v + 40))
        for _ in range(60):
            out.write("%d %d\n" % (rng.randrange(1200), rng.randrange(1200)))
        for v in range(1200, vertices - 1):
            out.write("%d %d\n" % (v, rng.randrange(1200, vertices)))


def wordcount():
    rng = random.Random(13)
    onsets = ["b", "br", "c", "d", "f", "g", "gr", "h", "k", "l", "m", "n",
              "p", "pl", "r", "s", "st", "t", "tr", "v", "w", ""]
    vowels = ["a", "e", "i", "o", "u", "ea", "ou", "ai"]
    codas = ["", "n", "r", "s", "t", "l", "nd", "st", "ck", "m"]

    def syllable():
        return rng.choice(onsets) + rng.choice(vowels) + rng.choice(codas)

    common = ["the", "of", "and", "to", "a", "in", "that", "it", "node",
              "memory", "isn't", "remote", "block", "home"]
    words = common + sorted({
        "".join(syllable() for _ in range(rng.choice((1, 2, 2, 3))))
        for _ in range(2500)})
    weights = [1 / (rank + 2) for rank in range(len(words))]
    for name, count in (("north.txt", 5000), ("south.txt", 3500),
                        ("west.txt", 1200)):
        with open(path("wordcount", name), "w") as out:
            while count > 0:
                sentence = rng.choices(words, weights, k=rng.randint(5, 14))
                count -= len(sentence)
                sentence[0] = sentence[0].capitalize()
                end = rng.choice([".", ".", ".", "?", "!", ";"])
                middle = rng.randrange(len(sentence))
                if middle < len(sentence) - 1:
                    sentence[middle] += ","
                out.write(" ".join(sentence) + end + "\n")


def nqueens():
    with open(path("nqueens", "sizes.txt"), "w") as out:
        out.write("1 2 3 4 5 6 7 8 9 10\n")


def nbody():
    with open(path("nbody", "scene.txt"), "w") as out:
        out.write("# kind name mass position velocity [thrust]\n"
                  "star   sun      1000  0 0 0      0 0 0\n"
                  "planet inner    0.5   3 0 0      0 18 0\n"
                  "planet middle   1.5   0 6 0.2    -12.8 0 0.1\n"
                  "planet outer    4     -11 0 0    0 -9.4 0\n"
                  "probe  scout    0.01  0 -4 0     15.5 0 0     0.02\n"
                  "probe  brake    0.01  9 9 1      -6 6 0       -0.03\n"
                  "cloud  250 5 15\n")


def matmul():
    rng = random.Random(15)
    for name, rows, columns in (("a.txt", 90, 70), ("b.txt", 70, 110)):
        with open(path("matmul", name), "w") as out:
            out.write("%d %d\n" % (rows, columns))
            for _ in range(rows):
                out.write(" ".join("%g" % (rng.randrange(-40, 41) / 4)
                                   for _ in range(columns)) + "\n")


if __name__ == "__main__":
    for write in (heat, kmeans, bfs, wordcount, nqueens, nbody, matmul):
        write()

# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A plot of the ratios LOCO / stock, a line a kernel, the worst on two nodes first, as
SVG that can be read on light and on dark pages."""

import html
import math

import table

WIDTH, LEFT, RIGHT, TOP, ROW = 760, 130, 20, 70, 18
LOW, HIGH = 0.5, 16.0
TICKS = (0.5, 1, 2, 4, 8, 16)

# class, legend, what it shows of a record
SERIES = (
    ("time", "1 node x 1, time", lambda record: table.one_node(record, 1)),
    ("instructions", "1 node, instructions", table.instruction_ratio),
    ("nodes", "2 nodes x 1, time", table.two_nodes),
)
# class of the series that must keep it, limit, is it one for the mean?
LIMITS = (("time", 1.03, True), ("time", 1.15, False), ("nodes", 1.20, True),
          ("nodes", 2.0, False))

STYLE = """
text { font: 12px sans-serif; fill: #222 }
.grid { stroke: #ddd } .stripe { fill: #f4f4f4 }
.time { fill: #1f6fb4; stroke: #1f6fb4 }
.instructions { fill: none; stroke: #1f6fb4 }
.nodes { fill: #c8501e; stroke: #c8501e }
.limit { stroke-width: 1.2; stroke-dasharray: 2 3 }
.mean { stroke-dasharray: none }
.background { fill: #fff }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd }
  .grid { stroke: #444 } .stripe { fill: #1c2128 }
  .time { fill: #6cb4f0; stroke: #6cb4f0 }
  .instructions { stroke: #6cb4f0 }
  .nodes { fill: #f08c5a; stroke: #f08c5a }
  .background { fill: #0d1117 }
}
"""


def x_of(ratio):
    position = math.log(min(max(ratio, LOW), HIGH) / LOW) / math.log(HIGH / LOW)
    return LEFT + position * (WIDTH - LEFT - RIGHT)


def mark(kind, x, y, title):
    shape = {"time": f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"',
             "instructions": f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5.5"',
             "nodes": f'<rect x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" '
                      'height="7"'}[kind]
    end = shape.split()[0][1:]
    return (f'{shape} class="{kind}"><title>{html.escape(title)}</title>'
            f"</{end}>")


def svg(results):
    names = table.worst_first(results)
    bottom = TOP + ROW * len(names)
    height = bottom + 34
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
           f'height="{height}" viewBox="0 0 {WIDTH} {height}">',
           f"<style>{STYLE}</style>",
           f'<rect class="background" width="{WIDTH}" height="{height}"/>',
           '<text x="10" y="20">LOCO / stock clang, log scale. Lines: targets '
           "for the mean; dotted: for each kernel.</text>"]
    x = LEFT
    for kind, legend, _ in SERIES:
        out.append(mark(kind, x, 42, legend))
        out.append(f'<text x="{x + 10}" y="46">{legend}</text>')
        x += 60 + 7 * len(legend)
    for index in range(len(names)):
        if index % 2 == 0:
            out.append(f'<rect class="stripe" x="0" y="{TOP + ROW * index}" '
                       f'width="{WIDTH}" height="{ROW}"/>')
    for tick in TICKS:
        out.append(f'<line class="grid" x1="{x_of(tick):.1f}" y1="{TOP}" '
                   f'x2="{x_of(tick):.1f}" y2="{bottom}"/>')
        out.append(f'<text x="{x_of(tick):.1f}" y="{bottom + 18}" '
                   f'text-anchor="middle">{tick:g}</text>')
    for kind, limit, is_mean in LIMITS:
        out.append(f'<line class="{kind} limit{" mean" if is_mean else ""}" '
                   f'x1="{x_of(limit):.1f}" y1="{TOP}" '
                   f'x2="{x_of(limit):.1f}" y2="{bottom}"/>')
    for index, name in enumerate(names):
        record = results["cases"][name]
        y = TOP + ROW * (index + 0.5)
        out.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" '
                   f'text-anchor="end">{html.escape(name)}</text>')
        for kind, legend, value_of in SERIES:
            value = value_of(record)
            if value:
                out.append(mark(kind, x_of(value), y,
                                f"{name}, {legend}: {value:.2f}"))
                if value > HIGH:
                    out.append(f'<text x="{x_of(value) - 8:.1f}" '
                               f'y="{y + 4:.1f}" text-anchor="end">'
                               f"{value:.0f}</text>")
    return "\n".join(out) + "\n</svg>\n"

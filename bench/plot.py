#!/usr/bin/env python3
"""usage: plot.py BENCH.json OUT.svg

Draws the case `resident`: time of a spawn and its wait against the caller's resident memory. The SVG is written by hand,
so that a figure for the README needs nothing that has to be installed."""

import json
import math
import sys

WIDTH, HEIGHT = 760, 400
LEFT, RIGHT, TOP, BOTTOM = 72, 262, 64, 56  # the labels stand at the ends of the lines, in the right margin
INK, GREY, FAINT, FAINTER = "#2c3e50", "#7f8c8d", "#dde2e6", "#f1f3f5"
SERIES = [  # subject, label, colour, dashes
    ("fork+exec", "fork + exec", "#c0392b", ""),
    ("forkexec five", "forkexec, five namespaces", "#1f6fb2", "6 4"),
    ("posix_spawn", "posix_spawn", GREY, ""),
    ("forkexec", "forkexec", "#1f6fb2", ""),
]
TITLE = "One spawn and its wait, by the caller's resident memory"
SUBTITLE = "median, logarithmic; a static program that only exits; one processor"


def text(x, y, words, size=12, anchor="start", colour=INK, weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
            f'fill="{colour}" font-weight="{weight}">{words}</text>')


def line(x1, y1, x2, y2, colour):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def size_label(mebibytes):
    if mebibytes == 0:
        return "0"
    return f"{mebibytes // 1024} GiB" if mebibytes % 1024 == 0 else f"{mebibytes} MiB"


def time_label(microseconds):
    return f"{microseconds / 1000:g} ms" if microseconds >= 1000 else f"{microseconds:g} µs"


def spread(wanted, gap):
    """Moves labels down until they are `gap` apart, the highest label first."""
    placed = []
    for y in wanted:
        placed.append(max(y, placed[-1] + gap) if placed else y)
    return placed


def draw(points, series=SERIES, title=TITLE, subtitle=SUBTITLE):
    sizes = sorted({size for line_ in points.values() for size, _ in line_})
    times = [time for line_ in points.values() for _, time in line_]
    grid = [step * 10 ** decade for decade in range(-1, 8) for step in (1, 2, 5)]
    grid = [time for time in grid if min(times) / 3 < time < max(times) * 3]
    low, high = math.log10(grid[0]), math.log10(grid[-1])

    def x(size):
        return LEFT + (WIDTH - LEFT - RIGHT) * size / (sizes[-1] or 1)

    def y(time):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (math.log10(time) - low) / (high - low)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        text(LEFT, 28, title, 16, weight="600"),
        text(LEFT, 47, subtitle, 12, colour=GREY),
    ]
    for time in grid:
        decade = math.log10(time) % 1 == 0
        out.append(line(LEFT, y(time), WIDTH - RIGHT, y(time), FAINT if decade else FAINTER))
        if decade:
            out.append(text(LEFT - 8, y(time) + 4, time_label(time), anchor="end"))
    for size in sizes:
        out.append(line(x(size), HEIGHT - BOTTOM, x(size), HEIGHT - BOTTOM + 5, INK))
        out.append(text(x(size), HEIGHT - BOTTOM + 20, size_label(size), anchor="middle"))
    out.append(line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, INK))
    out.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "resident memory of the caller (4K pages)", anchor="middle"))

    drawn = sorted((s for s in series if s[0] in points), key=lambda s: -points[s[0]][-1][1])
    places = spread([y(points[subject][-1][1]) + 4 for subject, *_ in drawn], 17)
    for (subject, label, colour, dashes), place in zip(drawn, places):
        path = " ".join(f"{x(size):.1f},{y(time):.1f}" for size, time in points[subject])
        dash = f' stroke-dasharray="{dashes}"' if dashes else ""
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.2"{dash}/>')
        out += [f'<circle cx="{x(size):.1f}" cy="{y(time):.1f}" r="3.4" fill="{colour}" stroke="white"/>'
                for size, time in points[subject]]
        last = points[subject][-1][1]
        value = f"{last / 1000:.1f} ms" if last >= 1000 else f"{last:.0f} µs"
        out.append(text(WIDTH - RIGHT + 10, place, f'{label} <tspan font-weight="600">{value}</tspan>', colour=colour))
    return "\n".join(out + ["</svg>\n"])


def main():
    source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        rows = json.load(file)
    points = {}
    for row in rows:
        if row["case"] == "resident" and "p50_total_us" in row and row["subject"] in [s[0] for s in SERIES]:
            points.setdefault(row["subject"], []).append((row["size"], row["p50_total_us"]))
    if not points:
        print("no plot: the case `resident` was not measured")
        return
    with open(target, "w", encoding="utf-8") as file:
        file.write(draw({subject: sorted(line_) for subject, line_ in points.items()}))
    print(f"plot: {target}")


if __name__ == "__main__":
    main()

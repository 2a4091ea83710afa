#!/usr/bin/env python3
"""How each knob of the generator moves the score of the heuristic: runs `bench` for some settings of each, prints the table, and
draws a picture of them. The oracle earns 1.0 everywhere, so the scores are shares of what can be had.

    tests/perf/knobs.py target/release/bench [--count 240] [--seed 5] [--out target/knobs.svg]
"""
import argparse
import json
import subprocess
import sys
import tempfile

BASE = "medium"
# The usual setting of the level is among the values.
KNOBS = {
    "services": [15, 30, 60],
    "hops": [2, 4, 6],
    "decoys": [0, 4, 10, 20],
    "ambiguity": [1, 2, 3],
    "hypotheses": [1, 15, 40],
    "slack": [120, 180, 260, 400],
    "outage": [0, 20, 40, 60],
    "log_loss": [0, 50, 90],
    "noise": [0, 100, 300],
    "second": [0, 50, 100],
    "minutes": [100, 150, 250, 0],
}


def score(bench, suite):
    """Mean and 95 % interval of the heuristic; None where a setting has no incidents."""
    with tempfile.TemporaryDirectory() as out:
        run = subprocess.run(
            [bench, "--suite", suite, "--agent", "heuristic,oracle", "--format", "json", "--out", out, "-q"],
            capture_output=True, text=True, check=False)
    if run.returncode:
        print(f"{suite}: {run.stderr.strip().splitlines()[:1]}", file=sys.stderr)
        return None
    rows = {row["model"]: row for row in json.loads(run.stdout)["rows"]}
    assert rows["oracle"]["overall"] == 1.0, rows["oracle"]
    return rows["heuristic"]["overall"], rows["heuristic"]["overall_ci95"]


def draw(found, path, note):
    wide, high, gap = 210, 150, 46
    panels = [(name, points) for name, points in found.items() if points]
    width, height = gap + (wide + gap) * 3, gap + (high + gap + 14) * ((len(panels) + 2) // 3)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
             f'<title>{note}</title>', f'<rect width="{width}" height="{height}" fill="#fff"/>']
    for index, (name, points) in enumerate(panels):
        left, top = gap + (index % 3) * (wide + gap), gap / 2 + (index // 3) * (high + gap + 14)
        y = lambda value: top + high * (1 - value)
        x = lambda at: left + wide * (at + 0.5) / len(points)
        parts.append(f'<text x="{left}" y="{top - 6}" font-weight="bold">{name}</text>')
        for tick in (0, 0.5, 1):
            parts.append(f'<line x1="{left}" x2="{left + wide}" y1="{y(tick)}" y2="{y(tick)}" stroke="#ddd"/>'
                         f'<text x="{left - 6}" y="{y(tick) + 4}" text-anchor="end" fill="#555">{tick}</text>')
        line = " ".join(f"{x(at):.1f},{y(mean):.1f}" for at, (_, mean, _) in enumerate(points))
        parts.append(f'<polyline points="{line}" fill="none" stroke="#2b6cb0" stroke-width="1.5"/>')
        for at, (value, mean, (low, most)) in enumerate(points):
            parts.append(f'<line x1="{x(at):.1f}" x2="{x(at):.1f}" y1="{y(low):.1f}" y2="{y(most):.1f}" stroke="#2b6cb0"/>'
                         f'<circle cx="{x(at):.1f}" cy="{y(mean):.1f}" r="3" fill="#2b6cb0"/>'
                         f'<text x="{x(at):.1f}" y="{top + high + 14}" text-anchor="middle" fill="#333">{value}</text>')
    parts.append("</svg>\n")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(parts))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench")
    parser.add_argument("--count", type=int, default=240)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--out", default="target/knobs.svg")
    arguments = parser.parse_args()
    found = {}
    for name, values in KNOBS.items():
        found[name] = []
        for value in values:
            suite = f"generated:{BASE},seed={arguments.seed},count={arguments.count},{name}={value}"
            result = score(arguments.bench, suite)
            if result:
                mean, ci95 = result
                found[name].append((value, mean, ci95))
                print(f"{name:<11} {value:>4}  {mean:.3f}  {ci95[0]:.3f} to {ci95[1]:.3f}", flush=True)
    if not any(found.values()):
        sys.exit("knobs.py: no setting could be played")
    draw(found, arguments.out, f"heuristic, {BASE}, {arguments.count} incidents a setting, seed {arguments.seed}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Times whole processes: start-up and the main job, each beside an empty process in the same rounds.

    cargo build --release && tests/perf/process.py [BENCH] [--ci]

Prints the median of each in milliseconds, and its ratio to `true`. Machines differ, so only ratios are judged, and only with
--ci: it fails where the fastest round takes more than three times the ratio of docs/PERFORMANCE.md. Whatever else runs on
the machine makes medians longer, and the fastest of forty rounds hardly.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 40
# The ratios of docs/PERFORMANCE.md: times of `true`.
BOUNDS = {"bench --version": 2.7, "bench (main job)": 23.0}
TIMES = 3


def timed(command: list[str], folder: str) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1e3


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("bench", nargs="?", default="target/release/bench")
    arguments.add_argument("--ci", action="store_true", help=f"fail at {TIMES} times the bound")
    given = arguments.parse_args()
    bench = os.path.abspath(given.bench)
    commands = {
        "true": ["true"],
        "bench --version": [bench, "--version"],
        "bench list scenarios": [bench, "list", "scenarios"],
        "bench --agent heuristic": [bench, "--agent", "heuristic"],
        "bench (main job)": [bench],
    }
    with tempfile.TemporaryDirectory() as folder:
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            # Round by round, so that a busy moment of the machine meets all of them.
            for name, command in commands.items():
                times[name].append(timed(command, folder))
    nothing = statistics.median(times["true"])
    slow = []
    for name, values in times.items():
        median = statistics.median(values)
        ratio, bound = median / nothing, BOUNDS.get(name)
        beside = f", bound {bound:.1f}" if bound else ""
        print(f"{name:26} {median:8.2f} ms   min {min(values):7.2f}   {ratio:5.1f} × true{beside}")
        least = min(values) / min(times["true"])
        if bound and least > TIMES * bound:
            slow.append(f"{name} takes at least {least:.1f} times as long as true, which is more than {TIMES} × {bound}")
    print(f"{'binary':26} {os.path.getsize(bench) / 1e6:8.2f} MB")
    if given.ci and slow:
        sys.exit("process.py: " + "; ".join(slow))


main()

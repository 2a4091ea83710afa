#!/usr/bin/env python3
"""Times whole processes: start-up and the main job, each beside an empty process in the same rounds.

    cargo build --release && tests/perf/process.py [BENCH]

Prints the median of each in milliseconds, and its ratio to `true`. Nothing is asserted: machines differ.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 40


def timed(command: list[str], folder: str) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1e3


def main() -> None:
    given = sys.argv[1] if len(sys.argv) > 1 else "target/release/bench"
    bench = os.path.abspath(given)
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
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:26} {median:8.2f} ms   min {min(values):7.2f}   {median / nothing:5.1f} × true")
    print(f"{'binary':26} {os.path.getsize(bench) / 1e6:8.2f} MB")


main()

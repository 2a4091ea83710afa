"""Plays a run through a queue while everything is killed, and compares it with the same run in one process.

Three workers and a coordinator, each a process of its own, speak to a NATS server with a password. At random moments a
worker or the coordinator is killed without a word and started again; twice the server is, with the store that it had.
"""

import csv
import io
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LATENCY = 0.050


class Queue:
    """nats-server with JetStream, a password, and a store that it keeps."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = folder
        self.config = folder / "nats.conf"
        self.config.write_text(
            f"listen: 127.0.0.1:{self.port}\njetstream {{ store_dir: {folder / 'js'} }}\n"
            "authorization { user: bench, password: 's3cret-word' }\n"
        )
        self.start()

    @property
    def url(self) -> str:
        return f"nats://bench:s3cret-word@127.0.0.1:{self.port}"

    def start(self) -> None:
        log = open(self.folder / "nats.log", "ab")
        self.process = subprocess.Popen(["nats-server", "-c", str(self.config)], stdout=log, stderr=log)
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        sys.exit("nats-server does not start: " + (self.folder / "nats.log").read_text()[-2000:])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Cast:
    """The processes of bench, and where they run."""

    def __init__(self, bench: str, folder: Path, model_url: str, queue: Queue) -> None:
        self.bench, self.folder, self.queue = bench, folder, queue
        self.model_url = model_url
        self.environment = {**os.environ, "BENCH_QUEUE": queue.url}
        self.alone = {name: value for name, value in os.environ.items() if name != "BENCH_QUEUE"}

    def run(self, *arguments: str) -> list[str]:
        return [self.bench, "run", "--model", "m", "--base-url", self.model_url, "--out", str(self.folder / "results"),
                "--format", "csv", "--max-void", "0", *arguments]

    def worker(self, number: int, *arguments: str) -> subprocess.Popen:
        log = open(self.folder / f"worker-{number}.log", "ab")
        return subprocess.Popen([self.bench, "worker", *arguments], cwd=self.folder, env=self.environment, stderr=log)


def latest(folder: Path) -> Path:
    return max((folder / "results" / "runs").iterdir())


def scores(text: str) -> list[list[str]]:
    """The table without what a machine's speed and the run's name are part of."""
    rows = list(csv.reader(io.StringIO(text)))
    left_out = {"run", "latency", "seconds", "time", "ms"}
    kept = [n for n, name in enumerate(rows[0]) if not any(word in name for word in left_out)]
    return [[row[n] for n in kept] for row in rows]


def check_log(run: Path, expected: int) -> None:
    """Each episode has one end, and its events are of one attempt."""
    ends: dict[str, int] = {}
    starts: dict[str, int] = {}
    for number, line in enumerate((run / "events.jsonl").read_text().splitlines()):
        event = json.loads(line)
        assert event["seq"] == number, f"event {number} has the number {event['seq']}"
        if key := event.get("episode"):
            name = json.dumps(key)
            kind = event["event"]["type"]
            starts[name] = starts.get(name, 0) + (kind == "episode.started")
            ends[name] = ends.get(name, 0) + (kind == "episode.finished")
    assert len(ends) == expected, f"{len(ends)} episodes of {expected}"
    assert set(ends.values()) == {1} and set(starts.values()) == {1}, "an episode was written twice"


def check_secrets(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".conf" and "js" not in path.relative_to(folder).parts[:1]:
            assert b"s3cret-word" not in path.read_bytes(), f"{path} has the password of the queue"


def kills(cast: Cast, count: int) -> None:
    epochs = "30"
    done = subprocess.run(cast.run("--epochs", epochs, "--quiet"), env=cast.alone, cwd=cast.folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    expected = scores(done.stdout)
    chance = random.Random(int(os.environ.get("SEED", "0")))
    short = ["--queue-lease", "1", "--queue-deliveries", "1000"]
    # With the right password only.
    wrong = subprocess.run(cast.run("--queue", cast.queue.url.replace("s3cret", "wrong"), "--quiet"), env=cast.alone,
                           cwd=cast.folder, capture_output=True, text=True)
    assert wrong.returncode == 2 and "let this user in" in wrong.stderr, wrong.stderr
    workers = [cast.worker(n, "--episodes", "3", "--concurrency", "3") for n in range(3)]
    errors = open(cast.folder / "coordinator.log", "ab")

    def start(command: list[str]) -> subprocess.Popen:
        out = open(cast.folder / "table.csv", "wb")
        return subprocess.Popen(command, env=cast.environment, cwd=cast.folder, stdout=out, stderr=errors)

    before = set((cast.folder / "results" / "runs").iterdir())
    coordinator = start(cast.run("--epochs", epochs, *short))
    while not (new := set((cast.folder / "results" / "runs").iterdir()) - before) or not (new_run := new.copy().pop() / "events.jsonl").exists():
        assert coordinator.poll() is None, (cast.folder / "coordinator.log").read_text()
        time.sleep(0.01)
    run = new_run.parent
    resume = [cast.bench, "resume", str(run), "--out", str(cast.folder / "results"), "--format", "csv"]
    killed = {"worker": 0, "coordinator": 0, "queue": 0, "after the end": 0}
    restarts = {count // 3, 2 * count // 3}
    for number in range(count):
        time.sleep(chance.uniform(0.05, 0.6))
        if number in restarts:
            cast.queue.kill()
            time.sleep(chance.uniform(0.1, 1.5))
            cast.queue.start()
            killed["queue"] += 1
        if chance.random() < 0.4:
            ended = coordinator.poll()
            # 70: it was started while the queue was away.
            assert ended in (None, 0, 70), (cast.folder / "coordinator.log").read_text()[-3000:]
            if ended == 0:
                killed["after the end"] += 1
            coordinator.kill()
            coordinator.wait()
            killed["coordinator"] += 1
            time.sleep(chance.uniform(0, 0.5))
            coordinator = start(resume)
        else:
            n = chance.randrange(3)
            workers[n].kill()
            workers[n].wait()
            killed["worker"] += 1
            workers[n] = cast.worker(n, "--episodes", "3", "--concurrency", "3")
    assert coordinator.wait(timeout=600) == 0, (cast.folder / "coordinator.log").read_text()[-3000:]
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
    assert [worker.wait(timeout=60) for worker in workers] == [0, 0, 0]
    print(f"  killed: {killed}")
    got = scores((cast.folder / "table.csv").read_text())
    assert got == expected, f"the tables differ:\n{got}\n{expected}"
    check_log(run, 5 * 9 * int(epochs))
    verified = subprocess.run([cast.bench, "verify-run", str(run)], cwd=cast.folder, capture_output=True, text=True)
    assert verified.returncode == 0, verified.stderr
    assert killed["after the end"] <= count / 10, "kills came when there was nothing to kill any more"
    check_secrets(cast.folder)
    print(f"  {5 * 9 * int(epochs)} episodes, each scored once, table as of one process; nothing is left on the queue:", left(cast))


def left(cast: Cast) -> str:
    names = [path.name for path in (cast.folder / "js").rglob("incident-bench-*")]
    assert not names, names
    return "0 streams"


def times(cast: Cast) -> None:
    """The wall time of a run with 1, 2 and 4 workers of ten connections each."""
    at_once, epochs = 10, 192
    episodes, turns = 9 * epochs, 0
    print(f"  {episodes} episodes, {LATENCY * 1e3:.0f} ms a call, {at_once} connections a worker")
    for count in (1, 2, 4):
        workers = [cast.worker(n, "--episodes", str(2 * at_once), "--concurrency", str(at_once)) for n in range(count)]
        time.sleep(1.5)
        began = time.perf_counter()
        done = subprocess.run(cast.run("--agent", "llm", "--epochs", str(epochs), "--quiet"), env=cast.environment,
                              cwd=cast.folder, capture_output=True, text=True)
        wall = time.perf_counter() - began
        assert done.returncode == 0, done.stderr
        calls = [json.loads(line) for line in (latest(cast.folder) / "events.jsonl").read_text().splitlines()]
        calls = [event for event in calls if event["event"]["type"] == "model.called"]
        turns = len(calls)
        spent = sum(event["event"]["reply"]["latency_ms"] for event in calls) / 1e3
        ideal = turns * LATENCY / (at_once * count)
        print(f"  {count} workers: {wall:6.2f} s, ideal {ideal:6.2f} s ({turns} calls), ratio {wall / ideal:.3f}; "
              f"a call took {spent / turns * 1e3:.1f} ms")
        for worker in workers:
            worker.terminate()
            worker.wait()


def main() -> None:
    bench, what = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "50"
    script = Path(__file__).with_name("scripted_model.py")
    # A process of its own, so that what is measured here does not slow it down.
    model = subprocess.Popen([sys.executable, script, "steady", "--latency", str(LATENCY)], stdout=subprocess.PIPE, text=True)
    url = f"http://127.0.0.1:{int(model.stdout.readline())}/v1"
    folder = Path(tempfile.mkdtemp())
    queue = Queue(folder)
    try:
        cast = Cast(bench, folder, url, queue)
        times(cast) if what == "times" else kills(cast, int(what))
        shutil.rmtree(folder)
    finally:
        queue.kill()
        model.kill()
        if folder.exists():
            print(f"  what was played is in {folder}", file=sys.stderr)


main()

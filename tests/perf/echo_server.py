#!/usr/bin/env python3
"""OpenEnv's own echo environment, as `openenv init` writes it. Says on stderr where it listens.

    PYTHON_WITH_OPENENV tests/perf/echo_server.py

`benches/server` measures it beside ours. One number is changed: as it is written it takes one session. It is written into
the folder where this is started; for the benchmark that is one that is removed afterwards.
"""

import os
import subprocess
import sys
from pathlib import Path

NAME = "echo_env"
ONE_SESSION = "max_concurrent_envs=1,"
MANY_SESSIONS = "max_concurrent_envs=100_000,"


def main():
    openenv = Path(sys.executable).parent / "openenv"
    subprocess.run([openenv, "init", NAME], check=True, stdout=subprocess.DEVNULL)
    app = Path(NAME, "server", "app.py")
    text = app.read_text()
    if ONE_SESSION not in text:
        sys.exit(f"{app} has no '{ONE_SESSION}': another openenv than 0.10.0?")
    app.write_text(text.replace(ONE_SESSION, MANY_SESSIONS))
    os.execv(sys.executable, [sys.executable, "-m", f"{NAME}.server.app", "--host", "127.0.0.1", "--port", "0"])


if __name__ == "__main__":
    main()

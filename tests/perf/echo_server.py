#!/usr/bin/env python3
"""The least that OpenEnv's own server can do: an environment that echoes. It says on stderr where it listens.

    PYTHON_WITH_OPENENV tests/perf/echo_server.py

`benches/server` measures it beside ours. It is set up as the package's own template is, but for more sessions.
"""

import uvicorn
from openenv.core.env_server.http_server import create_app
from openenv.core.env_server.interfaces import Environment
from openenv.core.env_server.types import Action, Observation, State


class Words(Action):
    message: str


class Echo(Observation):
    message: str = ""


class EchoEnvironment(Environment):
    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self):
        super().__init__()
        self._state = State()

    def reset(self, seed=None, episode_id=None, **kwargs):
        self._state = State(episode_id=episode_id)
        return Echo(reward=0.0)

    def step(self, action, timeout_s=None, **kwargs):
        self._state.step_count += 1
        return Echo(message=action.message, reward=0.0)

    @property
    def state(self):
        return self._state


app = create_app(EchoEnvironment, Words, Echo, env_name="echo", max_concurrent_envs=100_000)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=0)

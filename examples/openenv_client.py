#!/usr/bin/env python3
"""Episodes with OpenEnv's client and our types, several at once.

    pip install ./clients/python
    bench serve --openenv                # in another terminal
    examples/openenv_client.py [http://127.0.0.1:8000]
"""

import asyncio
import sys

from incident_bench_client import IncidentAction, IncidentEnv

URL = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"


async def play(seed):
    """One episode on a connection of its own: a look at what is alerted first, then a guess."""
    async with IncidentEnv(base_url=URL) as env:
        result = await env.reset(seed=seed, task_id="alert_classification")
        rewards = []
        for action in (
            IncidentAction(action_type="query_logs", parameters={"service": result.observation.known_services[0]}),
            IncidentAction(action_type="submit_severity", parameters={"severity": "P2"}),
        ):
            result = await env.step(action)
            rewards.append(result.reward)
        observation = result.observation
        print(
            f"seed {seed}: {observation.scenario_id}, rewards {rewards}, cumulative {observation.cumulative_reward}; "
            f"{observation.metadata.get('reason', observation.feedback)}"
        )


async def main():
    # Equal seeds draw the same scenario: that is a group of rollouts.
    await asyncio.gather(*(play(seed) for seed in (1, 1, 2, 2, 3, 3)))


if __name__ == "__main__":
    asyncio.run(main())

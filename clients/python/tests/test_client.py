"""The client against a server, whose address is in INCIDENT_BENCH_URL."""

import asyncio
import json
import os
import re
import urllib.request
from pathlib import Path

import pytest
from incident_bench_client import IncidentAction, IncidentEnv, IncidentObservation, IncidentState

URL = os.environ["INCIDENT_BENCH_URL"]


def severity(answer):
    return IncidentAction(action_type="submit_severity", parameters={"severity": answer})


@pytest.fixture
def env():
    with IncidentEnv(base_url=URL).sync() as env:
        yield env


def test_an_episode_is_typed_from_reset_to_grade(env):
    result = env.reset(scenario_id="AC-003", episode_id="mine")
    first = result.observation
    assert isinstance(first, IncidentObservation) and not result.done
    assert (first.episode_id, first.scenario_id, first.step_count, first.max_steps) == ("mine", "AC-003", 0, 3)
    look = IncidentAction(action_type="query_logs", parameters={"service": "recommendation-service"})
    result = env.step(look)
    assert (result.reward, result.done) == (0.04, False)
    assert "inference: deadline" in result.observation.queried_data["query_logs"]["recommendation-service"]
    result = env.step(severity("P3"))
    last = result.observation
    assert (result.reward, result.done, last.reward, last.done) == (1.02, True, 1.02, True)
    assert last.cumulative_reward == 1.06 and last.metadata["grader"]["total"] == 1.0
    state = env.state()
    assert isinstance(state, IncidentState) and state.submitted and state.done
    assert (state.episode_id, state.step_count, state.cumulative_reward) == ("mine", 2, 1.06)
    assert [action["action_type"] for action in state.action_history] == ["query_logs", "submit_severity"]


def test_mistakes_are_steps_and_say_what_is_right(env):
    env.reset(task_id="alert_classification")
    result = env.step({"action_type": "nap"})
    assert result.reward < 0 and not result.done and "submit_severity" in result.observation.last_action_error
    with pytest.raises(Exception, match="parameters"):
        env.step({"action_type": "query_logs", "parameters": []})
    # The session outlives a message that cannot be read.
    assert env.step(severity("P1")).done


def test_equal_seeds_draw_the_same_scenario(env):
    drawn = [env.reset(seed=seed).observation.scenario_id for seed in (1, 2, 3, 4, 5, 1, 2, 3, 4, 5)]
    assert drawn[:5] == drawn[5:] and len(set(drawn)) > 1


def test_connections_do_not_share_an_episode(env):
    with IncidentEnv(base_url=URL).sync() as other:
        env.reset(scenario_id="AC-001")
        other.reset(scenario_id="AC-002")
        assert env.step(severity("P1")).reward == other.step(severity("P2")).reward == 1.02


def test_it_is_awaited_as_well():
    async def play():
        async with IncidentEnv(base_url=URL) as env:
            await env.reset(scenario_id="AC-001")
            return await env.step(severity("P1"))

    assert asyncio.run(play()).reward == 1.02


def test_the_types_have_every_field_of_the_servers_schemas():
    with urllib.request.urlopen(f"{URL}/schema") as answer:
        schemas = json.load(answer)
    for name, model in (("action", IncidentAction), ("observation", IncidentObservation), ("state", IncidentState)):
        fields = set(model.model_fields) - ({"metadata"} if name == "action" else set())
        assert fields == set(schemas[name]["properties"]), name


def test_the_example_of_the_readme_runs():
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", readme, re.S)
    exec(code.replace("http://127.0.0.1:8000", URL), {})

"""The Python half of atif.sh: what the models of the Harbor framework say of exported trajectories.

  version       the versions of the framework and of its format
  read RUN      validates every file of a run, and compares it with the run's summary and events
  spoil FILE    checks that the validator refuses a file that was spoilt
"""

import copy
import glob
import json
import math
import os
import sys
from importlib.metadata import version

from harbor.models.trajectories import Trajectory
from harbor.utils.trajectory_validator import TrajectoryValidator

TOKENS = ("prompt_tokens", "cached_tokens", "completion_tokens")


def newest():
    return Trajectory.model_fields["schema_version"].default


def load(path):
    with open(path) as file:
        return json.load(file)


def check_file(path, taken):
    """One file, against the steps that the events say were taken."""
    validator = TrajectoryValidator()
    assert validator.validate(path), f"{path}: {validator.get_errors()}"
    raw = load(path)
    trajectory = Trajectory.model_validate(raw)
    # Nothing was read as something else, and nothing was left out on the way.
    assert trajectory.to_json_dict() == raw, path
    # A newer version of the format is no error of a file, but one to look at.
    assert trajectory.schema_version == newest(), f"{trajectory.schema_version} is not {newest()}"

    answers = [step for step in trajectory.steps if step.llm_call_count]
    total = trajectory.final_metrics
    for key in TOKENS:
        found = sum(getattr(step.metrics, key) for step in answers)
        assert getattr(total, f"total_{key}") == found, (path, key)
    assert total.total_steps == len(trajectory.steps)
    assert [step.timestamp for step in trajectory.steps] == sorted(step.timestamp for step in trajectory.steps)

    steps = [step for step in trajectory.steps if step.extra and "reward" in step.extra]
    assert len(steps) == len(taken) == total.extra["episode_steps"], path
    for step, event in zip(steps, taken):
        call, result = step.tool_calls[0], step.observation.results[0]
        assert (call.function_name, call.arguments) == (event["action_type"], event["parameters"]), path
        assert result.source_call_id == call.tool_call_id
        assert event["feedback"] in result.content and (event.get("result") or "") in result.content
        assert (step.llm_call_count == 0) == (event["source"] not in ("model", "repaired")), path
        assert math.isclose(step.extra["reward"], event["reward"])
    return trajectory


def read(run):
    summary, manifest = load(f"{run}/summary.json"), load(f"{run}/run.json")
    taken, ended = {}, {}
    with open(f"{run}/events.jsonl") as log:
        for event in map(json.loads, log):
            key = event.get("episode") and (event["episode"]["model"], event["episode"]["scenario"], event["episode"]["epoch"])
            if event["event"]["type"] == "step.taken":
                taken.setdefault(key, []).append(event["event"])
            if event["event"]["type"] == "episode.finished":
                ended[key] = event["event"]
    paths = sorted(glob.glob(f"{run}/logs/atif/*.json"))
    assert paths, f"{run} has no exported trajectory"
    names = [os.path.basename(path) for path in paths]
    assert names == sorted(os.listdir(f"{run}/trajectories")), names

    usage, calls, ids = {}, {}, set()
    for path in paths:
        raw = load(path)
        label, extra = raw["agent"]["extra"]["contestant"], raw["extra"]
        key = (label, extra["scenario"], extra["epoch"])
        trajectory = check_file(path, taken.get(key, []))
        assert extra["run"] == manifest["id"] and extra.get("score") == ended[key]["score"], path
        assert extra["outcome"] == ended[key]["outcome"], path
        assert trajectory.agent.version == manifest["bench_version"] and trajectory.agent.tool_definitions, path
        ids.add(trajectory.trajectory_id)
        row = usage.setdefault(label, dict.fromkeys(TOKENS, 0))
        for token in TOKENS:
            row[token] += getattr(trajectory.final_metrics, f"total_{token}")
        calls[label] = calls.get(label, 0) + trajectory.final_metrics.extra["calls"]
    assert len(ids) == len(paths), "two files have one id"
    for row in summary["rows"]:
        expected = {key: row["usage"][key] for key in TOKENS}
        assert usage[row["model"]] == expected, (row["model"], usage[row["model"]], expected)
        assert calls[row["model"]] == row["calls"], row["model"]
    print(f"    {len(paths)} files are valid, {sum(calls.values())} calls")


def spoil(path):
    raw = load(path)
    acting = next(index for index, step in enumerate(raw["steps"]) if step.get("tool_calls"))

    def spoilt(change):
        other = copy.deepcopy(raw)
        change(other)
        return other

    for change in (
        lambda file: file["steps"][0].update(step_id=2),
        lambda file: file["steps"][acting]["observation"]["results"][0].update(source_call_id="nobody"),
        lambda file: file["steps"][acting].update(llm_call_count=0, metrics={}),
        lambda file: file.update(schema_version="ATIF-v0"),
        lambda file: file.update(score=1),
    ):
        assert not TrajectoryValidator().validate(spoilt(change)), "a spoilt file is valid"


if __name__ == "__main__":
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == "version":
        print(f"harbor {version('harbor')}, {newest()}")
    else:
        {"read": read, "spoil": spoil}[command](*arguments)

"""Checks of tests/e2e/openenv.sh, with the packages of OpenEnv.

    openenv_check.py play URL RUN           GenericEnvClient plays what the oracle played, to its rewards and scores
    openenv_check.py validated REPORT       what `openenv validate --url` found
    openenv_check.py level2 PACKAGE URL     the graders of the second level on a server that runs already
"""

import json
import sys
from decimal import Decimal
from pathlib import Path


def play(url, run):
    from openenv.core import GenericEnvClient

    trajectories = [json.loads(path.read_text()) for path in sorted(Path(run, "trajectories").glob("*.json"))]
    assert len(trajectories) == 9, trajectories
    with GenericEnvClient(base_url=url).sync() as env:
        for kept in trajectories:
            scenario = kept["episode"]["scenario"]
            result = env.reset(scenario_id=scenario, episode_id=f"e2e-{scenario}")
            total = Decimal(0)
            for number, step in enumerate((kept["step"] for kept in kept["steps"]), 1):
                assert not result.done, (scenario, number)
                result = env.step({"action_type": step["action_type"], "parameters": step["parameters"]})
                total += Decimal(str(result.reward))
                assert (result.reward, result.done) == (step["reward"], step["done"]), (scenario, number, result)
                state = env.state()
                assert (state["episode_id"], state["step_count"]) == (f"e2e-{scenario}", number), state
            assert result.done and total == Decimal(str(result.observation["cumulative_reward"])), (scenario, total)
            # 0.3.0 drops the metadata with the grade; the shaping of a right submission is 0.02.
            grade = Decimal(str(result.reward)) - Decimal("0.02")
            assert grade == Decimal(str(kept["score"])) == 1, (scenario, grade)
    print(f"  {len(trajectories)} scenarios, each to 1.0")


def validated(path):
    report = json.loads(Path(path).read_text())
    summary, profile = report["summary"], report["standard_profile"]
    counts = f"{summary['passed_count']}/{summary['total_count']}"
    print(f"  {counts}, {profile}, {report['mode']}", *summary["failed_criteria"])
    assert (profile, report["mode"], summary["total_count"]) == ("openenv-http/1.x", "simulation", 6), report
    assert summary["failed_criteria"] == [], report


class Running:
    """The subject: a server that somebody else starts and stops."""

    def __init__(self, url):
        self.base_url = url

    def inspect(self):
        return {}

    def logs(self, max_bytes=65536):
        return ""

    def exec(self, argv, timeout_s):
        raise NotImplementedError

    def stop(self):
        pass


class Provider:
    """In the place of Docker: it builds nothing and starts nothing."""

    name = "running"

    def __init__(self, url):
        from openenv.validation.types import ProviderCapability

        self.url = url
        self.capabilities = frozenset({ProviderCapability.IMAGE_BUILD})
        self.supported_network_modes = frozenset({"public", "no-network"})

    def build(self, root, execution):
        assert (Path(root) / execution.dockerfile).is_file()
        return "sha256:" + "0" * 64

    def start(self, spec):
        return Running(self.url)


def level2(package, url):
    from openenv.validation.runner import run_validation
    from openenv.validation.types import CheckStatus, Level

    report = run_validation(Path(package), max_level=Level.RUNTIME, provider=Provider(url))
    results = {result.check_id: result for result in report.results}
    for name, result in results.items():
        if result.status is not CheckStatus.SKIP:
            why = result.evidence if result.status is CheckStatus.FAIL else []
            print(f"  {result.status.value.upper()} {name}", *why)
    for name in ("startup", "reward_well_formed", "observation_schema", "state_contract"):
        assert results[f"runtime.{name}"].status is CheckStatus.PASS, results[f"runtime.{name}"]
    assert results["static.manifest"].status is CheckStatus.PASS, results
    # A reset, a step for each action, and a state behind each of them: the whole plan was played.
    plan = json.loads((Path(package) / "validation/runtime.json").read_text())
    exchanges = results["runtime.state_contract"].measured["exchanges"]
    assert exchanges == 2 + 2 * len(plan["actions"]), exchanges
    # What this build does not implement, and what needs Docker, is skipped and makes it a warning.
    assert report.verdict.value == "warn", report.verdict


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"play": play, "validated": validated, "level2": level2}[command](*arguments)

#!/usr/bin/env python3
"""Trains a model with TRL's GRPO on the incidents of `bench serve --openenv`; written against trl 1.16.0.

    pip install trl ./clients/python
    bench serve --openenv
    examples/grpo_trl.py --model Qwen/Qwen3-1.7B --steps 200
    examples/grpo_trl.py --steps 10 --dry       # no model and no TRL: the environment alone, called as TRL calls it

INCIDENT_BENCH_URL names another server than http://127.0.0.1:8000. docs/TRAINING.md explains what happens here.
"""

import argparse
import inspect
import os
import random
import time
from decimal import Decimal

from incident_bench_client import IncidentAction, IncidentEnv

URL = os.environ.get("INCIDENT_BENCH_URL", "http://127.0.0.1:8000")
PROMPT = "You are the engineer on call. Use the tools to work on this incident; the last call is your submission.\n\n"


class Incident:
    """An episode whose tools are the actions of its task.

    TRL keeps one for each rollout of a batch and resets it often, so one WebSocket stays open for each. Public methods
    are tools, and their docstrings are what the model is told.
    """

    task_id = ""

    def __init__(self):
        self._env = IncidentEnv(base_url=URL).sync()
        self._rewards = []
        self._last = None

    def reset(self, seed=0, **row):
        """Gets a row of the data set. Equal rows are a group and must be one incident: the seed draws it."""
        self._last = self._env.reset(seed=seed, task_id=self.task_id)
        self._rewards = []
        seen = self._last.observation
        named = {"Services": seen.known_services, "Runbook steps": seen.available_runbooks, "Flags": seen.feature_flags}
        lines = [f"{name}: {', '.join(values)}" for name, values in named.items() if values]
        return "\n".join([seen.incident_summary, *lines, f"You have {seen.max_steps} calls."])

    def get_reward(self):
        """The sum of the steps' rewards, the grade of the submission among them."""
        total = self._last.observation.cumulative_reward
        if total is None:
            raise RuntimeError("the server holds an exam (--exam), which gives no rewards to train on")
        return total

    def _act(self, kind, **parameters):
        if self._last.done:
            raise ValueError("the episode is over; nothing more can be done")
        before = self._last.observation.queried_data.get(kind, {})
        self._last = self._env.step(IncidentAction(action_type=kind, parameters=parameters))
        self._rewards.append(self._last.reward)
        seen = self._last.observation
        after = seen.queried_data.get(kind, {})
        news = [text for target, text in after.items() if before.get(target) != text]
        # Where nothing changed, what was asked for is shown again.
        news = news or [text for target, text in after.items() if target in parameters.values()]
        left = "The episode is over." if self._last.done else f"{seen.max_steps - seen.step_count} calls left."
        return "\n".join([*news, seen.last_action_error or seen.feedback, left])

    def query_logs(self, service: str) -> str:
        """Reads the logs of a service.

        Args:
            service: The service.
        """
        return self._act("query_logs", service=service)

    def check_metrics(self, service: str) -> str:
        """Reads the metrics of a service.

        Args:
            service: The service.
        """
        return self._act("check_metrics", service=service)

    def check_dependencies(self, service: str) -> str:
        """Shows what a service depends on, and how that is.

        Args:
            service: The service.
        """
        return self._act("check_dependencies", service=service)

    def check_recent_deploys(self, service: str) -> str:
        """Lists what was deployed to a service lately.

        Args:
            service: The service.
        """
        return self._act("check_recent_deploys", service=service)


class AlertClassification(Incident):
    task_id = "alert_classification"

    def submit_severity(self, severity: str) -> str:
        """Says how severe the incident is, and ends the episode.

        Args:
            severity: P1, P2, P3 or P4.
        """
        return self._act("submit_severity", severity=severity)


class RootCauseAnalysis(Incident):
    task_id = "root_cause_analysis"

    def check_service_status(self, service: str) -> str:
        """Shows the state of a service.

        Args:
            service: The service.
        """
        return self._act("check_service_status", service=service)

    def submit_root_cause(self, service: str, failure_mode: str) -> str:
        """Says where the incident began and how, and ends the episode.

        Args:
            service: The service in which it began.
            failure_mode: How that service failed.
        """
        return self._act("submit_root_cause", service=service, failure_mode=failure_mode)


class RemediationPlanning(Incident):
    task_id = "remediation_planning"

    # A check that both of the longer tasks have.
    check_service_status = RootCauseAnalysis.check_service_status

    def restart_service(self, service: str) -> str:
        """Restarts a service.

        Args:
            service: The service.
        """
        return self._act("restart_service", service=service)

    def rollback_deploy(self, service: str) -> str:
        """Takes the last deploy of a service back.

        Args:
            service: The service.
        """
        return self._act("rollback_deploy", service=service)

    def scale_service(self, service: str, replicas: int) -> str:
        """Changes how many replicas of a service run.

        Args:
            service: The service.
            replicas: How many there shall be.
        """
        return self._act("scale_service", service=service, replicas=replicas)

    def clear_cache(self, service: str) -> str:
        """Empties the cache of a service.

        Args:
            service: The service.
        """
        return self._act("clear_cache", service=service)

    def disable_feature_flag(self, flag: str) -> str:
        """Turns a feature flag off.

        Args:
            flag: The flag.
        """
        return self._act("disable_feature_flag", flag=flag)

    def execute_runbook_step(self, runbook_action: str) -> str:
        """Runs a step of the runbooks; those that begin with verify report what is true now.

        Args:
            runbook_action: The step.
        """
        return self._act("execute_runbook_step", runbook_action=runbook_action)

    def submit_resolution(self, summary: str) -> str:
        """Closes the incident with a report, and ends the episode.

        Args:
            summary: What failed, why, what was done, and how it is now.
        """
        return self._act("submit_resolution", summary=summary)


ENVIRONMENTS = {kind.task_id: kind for kind in (AlertClassification, RootCauseAnalysis, RemediationPlanning)}


def rows(count):
    """One row a group: tasks in turn, each with another seed."""
    tasks = list(ENVIRONMENTS)
    prompt = [{"role": "user", "content": PROMPT}]
    return [{"prompt": prompt, "environment": tasks[seed % len(tasks)], "seed": seed} for seed in range(count)]


def train(args):
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    config = GRPOConfig(
        output_dir=args.out,
        max_steps=args.steps,
        num_generations=args.generations,
        per_device_train_batch_size=args.generations,
        max_completion_length=4096,
        max_tool_calling_iterations=15,
        log_completions=True,
    )
    data = Dataset.from_list(rows(args.steps))
    trainer = GRPOTrainer(model=args.model, args=config, train_dataset=data, environment_factory=ENVIRONMENTS)
    trainer.train()


def tools_of(environment):
    """The tools as TRL finds them."""
    names = [name for name, _ in inspect.getmembers(type(environment), predicate=inspect.isfunction)]
    names = [name for name in names if name not in ("reset", "get_reward") and not name.startswith("_")]
    return {name: getattr(environment, name) for name in names}


def guess(tools, environment, chance):
    """In the place of the model: three looks, then a submission."""
    seen = environment._last.observation
    submission = next(name for name in tools if name.startswith("submit_"))
    if seen.step_count == min(3, seen.max_steps - 1):
        words = {"severity": chance.choice(["P1", "P2", "P3", "P4"]), "summary": "restarted", "failure_mode": "memory"}
        name = submission
    else:
        words = {"flag": "none", "runbook_action": chance.choice([*seen.available_runbooks, "none"]), "replicas": 3}
        name = chance.choice([name for name in tools if name != submission])
    words["service"] = chance.choice(seen.known_services)
    return name, {key: words[key] for key in inspect.signature(tools[name]).parameters}


def dry(args):
    """Plays groups of rollouts as the trainer would, with chance in the place of the model."""
    pool = {name: [factory()] for name, factory in ENVIRONMENTS.items()}
    for environments in pool.values():
        check_schemas(tools_of(environments[0]).values())
    chance, episodes, calls, began = random.Random(0), 0, 0, time.monotonic()
    for step, row in enumerate(rows(args.steps), 1):
        environments = pool[row["environment"]]
        while len(environments) < args.generations:
            environments.append(ENVIRONMENTS[row["environment"]]())
        group = environments[: args.generations]
        keys = {key: value for key, value in row.items() if key != "environment"}
        assert len({environment.reset(**keys) for environment in group}) == 1, "a group must be one incident"
        for environment in group:
            tools = tools_of(environment)
            while not environment._last.done:
                name, arguments = guess(tools, environment, chance)
                assert isinstance(tools[name](**arguments), str)
                calls += 1
            total = environment.get_reward()
            assert sum(Decimal(str(reward)) for reward in environment._rewards) == Decimal(str(total)), total
            episodes += 1
        rewards = [environment.get_reward() for environment in group]
        scenario = group[0]._last.observation.scenario_id
        print(f"step {step:2}: {scenario:8} rewards {rewards}, mean {sum(rewards) / len(rewards):.3f}")
    took = time.monotonic() - began
    open_sockets = sum(len(environments) for environments in pool.values())
    print(f"{episodes} episodes, {calls} calls in {took:.2f} s over {open_sockets} open sessions")


def check_schemas(tools):
    """What TRL does first: the signatures and docstrings become schemas."""
    try:
        from transformers.utils import get_json_schema
    except ImportError:
        return
    for tool in tools:
        get_json_schema(tool)


def main():
    parser = argparse.ArgumentParser(description="GRPO on cloud incidents, with TRL")
    parser.add_argument("--model", default="Qwen/Qwen3-1.7B", help="a model whose chat template knows tools")
    parser.add_argument("--steps", type=int, default=200, help="optimizer steps, a group of rollouts each")
    parser.add_argument("--generations", type=int, default=4, help="rollouts of a group")
    parser.add_argument("--out", default="grpo-incidents", help="where checkpoints go")
    parser.add_argument("--dry", action="store_true", help="play the environment alone, as the trainer would")
    args = parser.parse_args()
    (dry if args.dry else train)(args)


if __name__ == "__main__":
    main()

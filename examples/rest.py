#!/usr/bin/env python3
"""Plays every scenario over REST with nothing but the standard library. `bench serve` in another terminal, then

    examples/rest.py [http://127.0.0.1:7860]

Its policy is as short as can be: read the logs of what is alerted, then answer from the last error in them.
"""

import json
import re
import sys
import urllib.error
import urllib.request

URL = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:7860"


def call(path, body=None, episode=None):
    """Sends a request; what the server refuses is raised with its own words, which say what would be right."""
    headers = {"content-type": "application/json"} | ({"x-episode-id": episode} if episode else {})
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(URL + path, data, headers)) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{path}: {json.load(error)['detail']}") from None


def decide(observation):
    logs = observation["queried_data"].get("query_logs", {})
    alert = observation["alert"]
    unread = [name for name in alert["affected_services"] if name in observation["known_services"] and name not in logs]
    if unread and observation["step_count"] < min(2, observation["max_steps"] - 1):
        return {"action_type": "query_logs", "parameters": {"service": unread[0]}}
    errors = [(name, line) for name, log in logs.items() for line in log.splitlines() if re.search("ERROR|FATAL", line)]
    service, line = errors[-1] if errors else (alert["affected_services"][0], alert["title"])
    answers = {
        "submit_severity": {"severity": "P2" if alert.get("revenue_impact_per_min") else "P3"},
        "submit_root_cause": {"service": service, "failure_mode": line},
        "submit_resolution": {"summary": f"{service}: {line}"},
    }
    submission = next(name for name in observation["available_actions"] if name in answers)
    return {"action_type": submission, "parameters": answers[submission]}


def play(scenario):
    observation = call("/reset", {"scenario_id": scenario})
    episode = observation["episode_id"]
    done = False
    while not done:
        step = call("/step", decide(observation), episode)
        observation, done = step["observation"], step["done"]
    return call("/grader", episode=episode)


def main():
    for task in call("/tasks")["tasks"]:
        for scenario in task["scenarios"]:
            grade = play(scenario)
            print(f"{scenario:8} {grade['total']:.2f} in {grade['steps_used']} steps: {grade['feedback']}")


if __name__ == "__main__":
    main()

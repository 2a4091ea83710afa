#!/usr/bin/env python3
"""A small responder for `bench --agent "exec:python3 docs/examples/exec_agent.py"`; needs only the standard library.

It reads the logs of what is alerted, follows the services that their trouble names, looks for a fresh deploy, and
answers. docs/AGENTS.md describes the lines that it reads and writes.
"""
import json
import re
import sys

TROUBLE = re.compile(r"\b(WARN|ERROR|FATAL)\b")
FRESH = re.compile(r"\(\d+ (min|h) ago\)")


def act(kind, **parameters):
    return {"action_type": kind, "parameters": parameters}


def trouble(log):
    return [line for line in log.splitlines() if TROUBLE.search(line)]


def severity(alert):
    """What it costs, and how much of it fails."""
    loss = alert.get("revenue_impact_per_min")
    errors = alert.get("error_rate", 0)
    if loss is None:
        return "P1" if errors >= 0.5 else "P2"
    return "P1" if loss >= 5000 else "P2" if loss > 0 else "P3" if errors >= 0.05 else "P4"


def investigate(seen, known):
    """The next look, and who is suspected once there is none."""
    logs, deploys = seen["logs"], seen["deploys"]
    named = {name: 0 for name in known}
    for service, log in logs.items():
        for line in trouble(log):
            for name in known:
                named[name] += name != service and name in line
    unread = [name for name in known if name not in logs]
    if len(logs) < 5 and unread:
        alerted = [name for name in seen["alerted"] if name in unread]
        # The first log is that of the alert; from there the trouble leads on.
        best = alerted[0] if alerted and not logs else max(unread, key=lambda name: (named[name], name in alerted))
        return act("query_logs", service=best), None
    # The trail ends at its cause, so the newest of it comes first.
    trail = list(logs)[::-1]
    fresh = [name for name in trail if FRESH.search(deploys.get(name, "").split("\n")[0])]
    unchecked = [name for name in trail if name not in deploys]
    if not fresh and len(deploys) < 3 and unchecked:
        return act("check_recent_deploys", service=unchecked[0]), None
    return None, fresh[0] if fresh else max(trail, key=lambda name: named[name])


def repairs(observation, seen, suspect):
    """Takes the change back, restarts what was alerted where it still fails, and checks."""
    told = seen["logs"].get(suspect, "") + seen["deploys"].get(suspect, "")
    flags = [act("disable_feature_flag", flag=flag) for flag in observation["feature_flags"] if flag in told]
    undo = flags or [act("rollback_deploy", service=suspect)]
    runbooks = observation["available_runbooks"]
    mends = [name for name in runbooks if name.startswith(("restore", "trigger")) and "backup" not in name]
    checks = [name for name in runbooks if name.startswith(("verify", "check"))]
    steps = [act("execute_runbook_step", runbook_action=name) for name in mends + checks]
    restarts = [act("restart_service", service=name) for name in seen["alerted"] if name in seen["logs"]][:2]
    return undo + steps[: len(mends)] + restarts + steps[len(mends) :]


def decide(observation, done):
    data, alert, known = observation["queried_data"], observation["alert"], observation["known_services"]
    seen = {
        "logs": data.get("query_logs", {}),
        "deploys": data.get("check_recent_deploys", {}),
        "alerted": [name for name in alert["affected_services"] if name in known],
    }
    if observation["task_id"] == "alert_classification":
        if not seen["logs"]:
            return act("query_logs", service=seen["alerted"][0])
        return act("submit_severity", severity=severity(alert))
    look, suspect = investigate(seen, known)
    if look:
        return look
    deploy = seen["deploys"].get(suspect, "").split("\n")[0]
    words = " ".join([deploy] + trouble(seen["logs"].get(suspect, ""))[-3:])[:600]
    if observation["task_id"] == "root_cause_analysis":
        return act("submit_root_cause", service=suspect, failure_mode=words)
    for step in repairs(observation, seen, suspect):
        if step not in done and observation["step_count"] < observation["max_steps"] - 1:
            return step
    return act("submit_resolution", summary=f"It began in {suspect}: {words}. Done: {json.dumps(done[-8:])}")


def main():
    done = []
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "end":
            break
        action = decide(message["observation"], done)
        done.append(action)
        # One line an answer, and at once: what waits in a buffer is an answer that never comes.
        print(json.dumps(action), flush=True)


if __name__ == "__main__":
    main()

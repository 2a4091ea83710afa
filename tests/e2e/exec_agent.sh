#!/usr/bin/env bash
# The example of docs/AGENTS.md through the binary: it plays everything, the documented transcript is what is sent, and
# broken in two ways it keeps a score. Needs Python 3.
#   BENCH=target/release/bench tests/e2e/exec_agent.sh
set -euo pipefail
# shellcheck source=tests/e2e/lib.sh
source "$(dirname "$0")/lib.sh"
agent='exec:python3 docs/examples/exec_agent.py'

say 'the example scores far above random'
"$bench" --agent "$agent" --agent random --out "$work/good" --quiet --format json > "$work/good.json"
python3 - "$work/good.json" <<'PY'
import json, sys
good, random = json.load(open(sys.argv[1]))["rows"]
print(f"  {good['model']}: {good['overall']}, random: {random['overall']}")
assert good["overall"] > max(0.9, random["overall"] + 0.5) and len(good["tasks"]) == 3, good
assert good["void"] == good["problem_steps"] == good["unfinished"] == 0 and "left_early" not in good, good
PY

say 'the transcript in docs/AGENTS.md is what is said'
# The same name gives the same episode, so the example's place is taken by one that keeps what passes through.
mkdir -p "$work/heard/docs/examples"
cat > "$work/heard/docs/examples/exec_agent.py" <<PY
import subprocess
subprocess.run("tee -a in.txt | python3 '$root/docs/examples/exec_agent.py' | tee -a out.txt", shell=True)
PY
(cd "$work/heard" && "$bench" --agent "$agent" --scenario AC-003 --quiet > /dev/null)
[ "$(wc -l < "$work/heard/in.txt")" = 3 ] && [ "$(wc -l < "$work/heard/out.txt")" = 2 ] || fail 'another number of lines'
cat "$work/heard/in.txt" "$work/heard/out.txt" | documented docs/AGENTS.md

say 'the same with a crash and with garbage'
cat > "$work/broken.py" <<PY
import sys
sys.path.insert(0, "$root/docs/examples")
import exec_agent

whole = exec_agent.decide


def decide(observation, done):
    if observation["task_id"] == "remediation_planning" and len(done) == 6:
        raise RuntimeError("injected")
    if observation["task_id"] == "root_cause_analysis" and len(done) == 2:
        print("Let me think about this.", flush=True)
        # That line was an answer, so the next line is the answer to the next observation.
        sys.stdin.readline()
    return whole(observation, done)


exec_agent.decide = decide
exec_agent.main()
PY
"$bench" --agent "exec:python3 $work/broken.py" --agent random --out "$work/bad" --quiet --format json > "$work/bad.json"
python3 - "$work/good.json" "$work/bad.json" <<'PY'
import json, sys
good, bad = (json.load(open(path))["rows"][0] for path in sys.argv[1:])
assert bad["void"] == 0 and bad["unfinished"] == 0, bad
assert bad["left_early"] == 3 and bad["failures"]["agent_exited"] == 3, bad
assert "status 1; the end of its stderr: Traceback" in bad["left_message"], bad
assert bad["left_message"].endswith("RuntimeError: injected"), bad
# Nine steps that nobody took in each of three episodes, and one line of prose in each of three others.
assert bad["problem_steps"] == 3 * 9 + 3, bad
score = {task: value["mean"] for task, value in bad["tasks"].items()}
assert score["remediation_planning"] == 0 and score["root_cause_analysis"] > 0.8, score
assert score["alert_classification"] == good["tasks"]["alert_classification"]["mean"], score
print(f"  {good['overall']} became {bad['overall']}")
PY

say 'passed'

#!/usr/bin/env bash
# An episode over REST with curl. `bench serve` in another terminal, then
#   examples/curl.sh [http://127.0.0.1:7860]
set -euo pipefail
url=${1:-http://127.0.0.1:7860}
json='content-type: application/json'

# An id of one's own names the episode in every request, so any number of them can be played at once.
episode="curl-$$"
call() { curl -sS --fail-with-body -H "X-Episode-Id: $episode" "$@"; echo; }

echo '# what there is'
call "$url/tasks"

echo '# an incident'
call -X POST "$url/reset" -H "$json" -d '{"scenario_id": "AC-003"}'

echo '# a look costs a step and earns a little'
call "$url/step" -H "$json" -d '{"action_type": "query_logs", "parameters": {"service": "recommendation-service"}}'

echo '# the answer ends the episode'
call "$url/step" -H "$json" -d '{"action_type": "submit_severity", "parameters": {"severity": "P3"}}'

echo '# what it is worth'
call "$url/grader"

echo '# what a wrong request is told'
curl -sS -X POST "$url/reset" -H "$json" -d '{"task_id": "napping"}'
echo

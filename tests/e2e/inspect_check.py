"""The Python half of inspect.sh: checks of what inspect-ai reads. The model was scripted_model.py, called flaky.

  read RESULTS URL          compares every log with the summary of its run
  listed LIST COUNT         checks the output of `inspect log list --json`
  same LOG DUMP JSON JSON   checks that dumps and conversions hold what the log holds
  view URL FOLDER           asks the server behind `inspect view`
"""

import glob
import json
import math
import os
import sys
import urllib.parse
import urllib.request

from scripted_model import ANSWER, CACHED, PROMPT, REASONING

# ---- what Inspect reads ----


def is_near(found, expected):
    assert found is not None and math.isclose(found, expected, abs_tol=1e-9), f"{found} is not {expected}"


def check_sample(sample, score, row):
    """One sample against the score in the summary."""
    if score is None:
        assert sample.error and "fails here" in sample.error.message, sample.error
        assert not sample.scores
    else:
        assert sample.error is None
        is_near(sample.scores["classic"].as_float(), score)
        assert sample.scores["classic"].explanation and sample.scores["classic"].metadata
    kinds = [event.event for event in sample.events]
    assert kinds[0] == "sample_init", kinds
    assert kinds.count("score") == (score is not None)
    tools = [event for event in sample.events if event.event == "tool"]
    assert len(tools) == sample.metadata["steps"]
    ours = [event for event in sample.events if event.event == "info"]
    assert all(event.source == "bench" for event in ours)
    assert [event.data["step"] for event in ours] == list(range(1, len(tools) + 1))
    spans = {event.id for event in sample.events if event.event == "span_begin"}
    assert all(event.span_id in spans for event in tools)
    calls = [event for event in sample.events if event.event == "model"]
    if row["protocol"] is None:
        assert not calls and not sample.messages and not sample.model_usage
        assert {event.data["source"] for event in ours} == {"builtin"}
        return
    answered = [event for event in calls if not event.error]
    assert len(calls) - len(answered) == (score is None)
    # The ranges were resolved: every request holds all that was said before.
    assert [len(event.input) for event in answered] == [2 + 2 * n for n in range(len(answered))]
    if not answered:
        return
    assert [message.role for message in sample.messages[:3]] == ["system", "user", "assistant"]
    assert sample.input == sample.messages[1].text
    assert len(sample.messages) == 1 + 2 * len(answered)
    usage = sample.model_usage[row["model"]]
    prompt = sum(PROMPT + n for n in range(len(answered)))
    assert usage.input_tokens == prompt - CACHED * len(answered)
    assert usage.input_tokens_cache_read == CACHED * len(answered)
    assert usage.output_tokens == ANSWER * len(answered)
    assert usage.reasoning_tokens == REASONING * len(answered)
    assert usage.total_tokens == prompt + usage.output_tokens
    for turn, message in enumerate(message for message in sample.messages if message.role == "assistant"):
        assert [item.type for item in message.content] == ["reasoning", "text"]
        assert message.content[0].reasoning.startswith(f"Turn {turn}: ")
        assert bool(message.tool_calls) == (row["protocol"] == "tools")
        for call in message.tool_calls or []:
            assert call.id == f"call_{turn}" and isinstance(call.arguments, dict) and not call.parse_error
    for message in sample.messages:
        if message.role == "tool":
            assert message.tool_call_id and message.function
    # The first proposal was pointless: the safety net's step is there, and what was proposed beside it.
    if ours:
        assert ours[0].data["source"] == "override", ours[0].data
        assert ours[0].data["proposed"]["parameters"] == {"service": "no-such-service"}


def check_requests(log, seen):
    """The input of every model event is what the server was sent."""
    calls = [event for sample in log.samples for event in sample.events if event.event == "model" and not event.error]
    calls.sort(key=lambda event: event.completed)
    # Without the two calls of the check before the run.
    assert len(calls) == len(seen) - 2, (len(calls), len(seen))
    sent = [[(message["role"], message.get("content")) for message in messages if message["role"] != "assistant"] for messages in seen[2:]]
    found = [[(message.role, message.text) for message in call.input if message.role != "assistant"] for call in calls]
    assert sorted(map(str, found)) == sorted(map(str, sent))


def check_log(path, summary, seen):
    from inspect_ai.log import read_eval_log, read_eval_log_sample_summaries

    log = read_eval_log(path)
    header = read_eval_log(path, header_only=True)
    row = next(row for row in summary["rows"] if row["model"] == log.eval.model)
    assert log.status == "success" and log.version == 2, log.status
    assert header.eval == log.eval and header.results == log.results and header.stats == log.stats
    scores = {
        (scenario, epoch + 1): score
        for task in row["tasks"].values()
        for scenario, entry in task["scenarios"].items()
        for epoch, score in enumerate(entry["epochs"])
    }
    assert log.eval.config.epochs == summary["run"]["epochs"]
    assert sorted({scenario for scenario, _ in scores}) == sorted(log.eval.dataset.sample_ids)
    assert {(sample.id, sample.epoch) for sample in log.samples} == set(scores)
    assert log.results.total_samples == len(scores)
    assert log.results.completed_samples == sum(score is not None for score in scores.values())
    metrics = log.results.scores[0].metrics
    if row["overall"] is not None:
        is_near(metrics["mean"].value, row["overall"])
        headline = getattr(log.results, "headline", None)
        assert headline is None or (headline.scorer, headline.metric) == ("classic", "mean")
    assert "stderr" in metrics
    for task, entry in row["tasks"].items():
        is_near(metrics[task].value, entry["mean"])
    reduced = {sample.sample_id: sample.value for sample in log.reductions[0].samples}
    for task in row["tasks"].values():
        for scenario, entry in task["scenarios"].items():
            is_near(reduced[scenario], entry["mean"])
    for sample in log.samples:
        check_sample(sample, scores[sample.id, sample.epoch], row)
    usage = log.stats.model_usage.get(row["model"])
    if row["protocol"] is None:
        assert usage is None
    else:
        assert usage.input_tokens + usage.input_tokens_cache_read == row["usage"]["prompt_tokens"]
        assert usage.output_tokens == row["usage"]["completion_tokens"]
        check_requests(log, seen[row["model"]])
    if path.endswith(".eval"):
        summaries = read_eval_log_sample_summaries(path)
        assert len(summaries) == len(scores)
        for short in summaries:
            score = scores[short.id, short.epoch]
            assert bool(short.error) == (score is None)
            if score is not None:
                is_near(short.scores["classic"].as_float(), score)
    return log, row


def check_frames(folder, logs):
    from inspect_ai.analysis import EventInfo, evals_df, events_df, messages_df, samples_df

    evals = evals_df(folder, quiet=True)
    assert sorted(evals["eval_id"]) == sorted(log.eval.eval_id for log, _ in logs)
    for log, row in logs:
        line = evals[evals["eval_id"] == log.eval.eval_id].iloc[0]
        is_near(line["score_classic_mean"], row["overall"])
        assert line["model"] == row["model"] and line["status"] == "success"
    samples = samples_df(folder, quiet=True)
    assert len(samples) == sum(len(log.samples) for log, _ in logs)
    assert samples["sample_id"].nunique() == len(samples), "ids of samples are unique"
    assert samples["score_classic"].notna().sum() == sum(log.results.completed_samples for log, _ in logs)
    said = sum(len(sample.messages) for log, _ in logs for sample in log.samples)
    # Built-in agents say nothing, and messages_df fails where there is no message at all.
    if said:
        messages = messages_df(folder, quiet=True)
        assert len(messages) == said
        assert set(messages["role"]) <= {"system", "user", "assistant", "tool"}
    infos = events_df(folder, columns=EventInfo, filter=lambda event: event.event == "info", quiet=True)
    assert len(infos) == sum(sample.metadata["steps"] for log, _ in logs for sample in log.samples)


def read(results, url):
    with urllib.request.urlopen(url.removesuffix("/v1") + "/seen") as answer:
        seen = json.load(answer)
    count, voids = 0, 0
    for run in sorted(glob.glob(os.path.join(results, "runs", "*"))):
        with open(os.path.join(run, "summary.json")) as file:
            summary = json.load(file)
        voids += sum(row["void"] for row in summary["rows"])
        for ending in ("eval", "json"):
            paths = sorted(glob.glob(os.path.join(run, "logs", "*." + ending)))
            logs = [check_log(path, summary, seen) for path in paths]
            assert ending == "json" or len(logs) == len(summary["rows"])
            if logs and ending == "eval":
                check_frames(paths, logs)
            count += len(logs)
    print(f"    {count} logs")
    # One call of each model failed.
    assert count > 6 and len(seen) == voids == 3, (count, len(seen), voids)


# ---- commands and the viewer ----


def listed(path, count):
    with open(path) as file:
        logs = [log for log in json.load(file) if log["name"].endswith(".eval")]
    assert len(logs) == count, (len(logs), count)
    assert all(log["task"] == "classic" and len(log["task_id"]) == 32 for log in logs), logs[0]
    assert len({log["task_id"] for log in logs}) == count


def same(path, *others):
    from inspect_ai.log import read_eval_log

    log = read_eval_log(path)
    for other in others:
        found = read_eval_log(other)
        assert found.eval == log.eval and found.results == log.results and found.status == log.status, other
        assert len(found.samples) == len(log.samples), other
        # Inspect sorts the samples of an archive and leaves those of an object as they stand.
        in_order = [sorted(log.samples, key=lambda sample: (sample.epoch, sample.id)) for log in (found, log)]
        for a, b in zip(*in_order, strict=True):
            assert (a.id, a.epoch, a.scores, a.error) == (b.id, b.epoch, b.scores, b.error), other
            assert a.messages == b.messages, other
            assert [event.event for event in a.events] == [event.event for event in b.events], other


def view(url, folder):
    def get(path):
        with urllib.request.urlopen(url + path) as answer:
            return json.load(answer)

    files = {log["name"] for log in get("/api/logs")["files"]}
    evals = {name for name in files if name.endswith(".eval")}
    assert {os.path.basename(name) for name in evals} == {os.path.basename(path) for path in glob.glob(folder + "/*.eval")}
    assert evals, "the viewer lists no log"
    query = "&".join("file=" + urllib.parse.quote(name, safe="") for name in sorted(evals))
    headers = get("/api/log-headers?" + query)
    assert [header["status"] for header in headers] == ["success"] * len(evals), headers
    for name in evals:
        log = get("/api/logs/" + urllib.parse.quote(name, safe=""))
        mean = log["results"]["scores"][0]["metrics"]["mean"]["value"]
        assert 0 <= mean <= 1 and len(log["samples"]) == log["results"]["total_samples"]
        print(f"    {log['eval']['model']}: {mean}, {len(log['samples'])} samples")
    with urllib.request.urlopen(url + "/") as page:
        assert b"<script" in page.read()


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    {
        "read": lambda: read(*rest),
        "listed": lambda: listed(rest[0], int(rest[1])),
        "same": lambda: same(*rest),
        "view": lambda: view(*rest),
    }[what]()

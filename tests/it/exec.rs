//! Tests of a user's own agent: the lines, the faults of its process and their effects, and going on after a kill.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use incident_bench::agent::exec::Exec;
use incident_bench::agent::{Policy, StepSource, Turn};
use incident_bench::chat::{ChatError, ErrorKind, Message};
use incident_bench::stats::rng::SplitMix64;
use serde_json::{Value, json};

use crate::binary::{Ended, Place};
use crate::world::{play, says, small};

// ---- the policy, without a process ----

const LOOK: &str = r#"{"action_type":"query_logs","parameters":{"service":"web"}}"#;

#[test]
fn the_lines_of_an_episode() {
    let mut episode = play(&small(), "RCA-901");
    let mut policy = Exec::new(7);
    let mut lines: Vec<Value> = Vec::new();
    for answer in [LOOK, r#"{"action": {"action_type": "submit_root_cause", "parameters": {"service": "web"}}}"#] {
        let Turn::Ask(request) = policy.turn(episode.observation()) else { panic!() };
        // The request holds the conversation so far, of which only the last line is new.
        assert_eq!(request.messages.len(), lines.len() * 2 + 1);
        lines.push(serde_json::from_str(request.messages.last().unwrap().content()).unwrap());
        let Turn::Act(decision) = policy.reply(Ok(&says(answer)), episode.observation()) else { panic!() };
        assert_eq!((decision.source, &decision.problem), (StepSource::Model, &None));
        episode.step(&decision.action);
    }
    lines.push(serde_json::from_str(&policy.farewell(episode.observation()).unwrap()).unwrap());
    let observation = serde_json::to_value(episode.observation()).unwrap();
    let [reset, step, end] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!((&reset["type"], &reset["protocol"]), (&json!("reset"), &json!("incident-bench/exec/1")));
    assert_eq!((&reset["task_id"], &reset["seed"]), (&json!("root_cause_analysis"), &json!(7)));
    assert_eq!(reset["episode_id"], observation["episode_id"]);
    assert_eq!(reset["observation"]["step_count"], json!(0));
    assert_eq!((&step["type"], &step["done"]), (&json!("step"), &json!(false)));
    assert!(step["observation"]["queried_data"]["query_logs"]["web"].is_string(), "{step}");
    assert_eq!((&end["type"], &end["done"], &end["observation"]), (&json!("end"), &json!(true), &observation));
    let sum = step["reward"].as_f64().unwrap() + end["reward"].as_f64().unwrap();
    assert!((sum - observation["cumulative_reward"].as_f64().unwrap()).abs() < 1e-9, "{step} {end}");
}

#[test]
fn what_the_policy_makes_of_a_fault() {
    let gone = [ErrorKind::AgentExited, ErrorKind::Timeout];
    for (kind, acted) in gone
        .iter()
        .chain(&[ErrorKind::AgentFailed, ErrorKind::AgentStart])
        .flat_map(|kind| [(*kind, false), (*kind, true)])
    {
        let mut episode = play(&small(), "RCA-901");
        let mut policy = Exec::new(0);
        // An answer that cannot be read is a step, and not a first action.
        for answer in ["garbage", if acted { LOOK } else { "[]" }] {
            assert!(matches!(policy.turn(episode.observation()), Turn::Ask(_)));
            let Turn::Act(decision) = policy.reply(Ok(&says(answer)), episode.observation()) else { panic!() };
            assert_eq!(decision.problem.is_some(), answer != LOOK);
            episode.step(&decision.action);
        }
        assert!(matches!(policy.turn(episode.observation()), Turn::Ask(_)));
        match policy.reply(Err(&ChatError::new(kind, "status 1")), episode.observation()) {
            Turn::Abandon(reason) => assert!(reason == kind && !(acted && gone.contains(&kind)), "{kind:?} {acted}"),
            Turn::Act(decision) => {
                assert!(acted && gone.contains(&kind), "{kind:?}");
                assert_eq!(decision.problem, Some(format!("{kind}: status 1")));
                // From here on the agent is not asked any more.
                let Turn::Act(next) = policy.turn(episode.observation()) else { panic!() };
                assert_eq!((next.action.kind().as_str(), &next.problem), ("invalid", &decision.problem));
            }
            Turn::Ask(_) => panic!(),
        }
    }
}

#[test]
fn an_answer_stays_in_the_conversation_as_it_was() {
    let episode = play(&small(), "AC-901");
    let mut policy = Exec::new(0);
    let _ = policy.turn(episode.observation());
    let _ = policy.reply(Ok(&says("  odd ")), episode.observation());
    let Turn::Ask(request) = policy.turn(episode.observation()) else { panic!() };
    assert_eq!(
        request.messages[1],
        Message::Assistant { content: Some("  odd ".to_owned()), tool_calls: vec![], as_it_came: None }
    );
}

// ---- processes ----

/// The functions that every script may use: `look`, `submit`, and `next`, which reads a line and leaves at the last
/// one.
const PRELUDE: &str = r#"
look() { echo '{"action_type":"query_logs","parameters":{"service":"web"}}'; }
submit() { echo '{"action_type":"submit_root_cause","parameters":{"service":"postgres-db","failure_mode":"disk full"}}'; }
next() { read -r line || exit 0; case $line in '{"type":"end"'*) exit 0 ;; esac; }
"#;

/// A run of one script on one root cause, which has at most ten steps.
struct Played {
    place: Place,
    ended: Ended,
    took: Duration,
}

impl Played {
    fn new(script: &str, more: &[&str]) -> Self {
        let place = Place::with_suite();
        place.write("agent.sh", &format!("{PRELUDE}{script}\n"));
        let fixed =
            ["--suite", "suite", "--task", "root_cause_analysis", "--agent", "exec:sh agent.sh", "--format", "json"];
        let begun = Instant::now();
        let ended = place.bench(&[&fixed[..], more].concat());
        Self { place, ended, took: begun.elapsed() }
    }

    fn row(&self) -> Value {
        self.place.summary()["rows"][0].clone()
    }

    fn problems(&self) -> Vec<Option<String>> {
        let steps = self.place.events().into_iter().filter(|event| event["event"]["type"] == "step.taken");
        steps.map(|step| step["event"]["problem"].as_str().map(str::to_owned)).collect()
    }

    /// Checks that there is no score, for this reason and with these words.
    #[track_caller]
    fn is_void(&self, reason: &str, words: &str) {
        assert_eq!(self.ended.code, Some(4), "{}", self.ended.stderr);
        let row = self.row();
        assert_eq!((&row["void"], &row["void_reasons"]), (&json!(1), &json!({ reason: 1 })));
        assert_eq!((&row["overall"], &row["left_early"]), (&Value::Null, &Value::Null));
        let said = row["void_message"].as_str().unwrap();
        assert!(said.contains(words) && self.ended.stderr.contains(words), "{said}\n{}", self.ended.stderr);
    }

    /// Checks that there is a score, and that the steps after the agent's own were spent.
    #[track_caller]
    fn is_left_after(&self, own: usize, failure: &str, words: &str) {
        assert_eq!(self.ended.code, Some(0), "{}", self.ended.stderr);
        let problems = self.problems();
        assert_eq!(problems.len(), 10);
        for (index, problem) in problems.iter().enumerate() {
            assert_eq!(problem.is_some(), index >= own, "{problems:?}");
        }
        let said = problems[own].as_deref().unwrap();
        assert!(said.contains(words), "{said}");
        let row = self.row();
        assert_eq!(
            (&row["void"], &row["left_early"], &row["failures"]),
            (&json!(0), &json!(1), &json!({ failure: 1 }))
        );
        assert_eq!(row["left_message"], json!(said));
        assert!(row["overall"].is_number(), "{row}");
        for text in [&self.ended.stderr, &self.place.kept("SCORES.md"), &self.place.kept("report.html")] {
            assert!(text.contains("in 1 of 1 episode the agent was gone before the end"), "{text}");
        }
        let kind = failure.replace("agent_timeout", "agent timed out").replace('_', " ");
        assert!(self.place.kept("SCORES.md").contains(&kind), "{kind}");
        self.place.bench(&["verify-run"]).exits(0);
        self.place.bench(&["report", "latest", "--log-format", "json"]).exits(0);
    }
}

/// Returns whether a process is alive, whose number is in a file.
fn lives(place: &Place, file: &str) -> bool {
    let id = place.read(file).trim().to_owned();
    let state = Command::new("ps").args(["-o", "stat=", "-p", &id]).output().unwrap();
    let state = String::from_utf8_lossy(&state.stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

#[test]
fn a_good_agent() {
    let script = "next; echo \"$line\" > first; look; next; submit; read -r line; echo \"$line\" > last; read -r line || echo closed >> last";
    let played = Played::new(script, &["--seed", "3", "--agent", "oracle", "--fail-under", "0.5"]);
    assert_eq!(played.ended.code, Some(0), "{}", played.ended.stderr);
    let row = played.row();
    let said = (&row["model"], &row["agent"], &row["protocol"], &row["assist"]);
    assert_eq!(said, (&json!("exec:sh agent.sh"), &json!("exec"), &json!("exec"), &Value::Null));
    assert_eq!((&row["steps"], &row["model_steps"], &row["problem_steps"]), (&json!(2), &json!(2), &json!(0)));
    assert_eq!((&row["calls"], &row["overall"], &row["left_early"]), (&json!(2), &json!(1.0), &Value::Null));
    assert_eq!(row["failures"], Value::Null);
    let first: Value = serde_json::from_str(&played.place.read("first")).unwrap();
    assert_eq!((&first["type"], first["seed"].is_u64()), (&json!("reset"), true));
    let last = played.place.read("last");
    assert!(last.starts_with("{\"type\":\"end\"") && last.ends_with("\nclosed\n"), "{last}");
    // Tokens and cost of such an agent are unknown.
    let table = played.place.kept("SCORES.md");
    let line = table.lines().find(|line| line.starts_with("| exec:sh agent.sh |")).unwrap();
    assert!(line.starts_with("| exec:sh agent.sh | exec | –") && line.contains("| 100 % | 2 | – | – |"), "{line}");
    let manifest: Value = serde_json::from_str(&played.place.kept("run.json")).unwrap();
    assert_eq!(manifest["contestants"][0], json!({"label": "exec:sh agent.sh", "agent": "exec"}));
    assert_eq!(manifest["options"]["agent"]["value"], json!(["exec:sh agent.sh", "oracle"]));
    played.place.bench(&["verify-run"]).exits(0);
    // The log for Inspect treats it like a model.
    played.place.bench(&["report", "latest", "--log-format", "json"]).exits(0);
}

#[test]
fn the_gates_measure_it_and_not_what_plays_beside_it() {
    let played = Played::new("while next; do look; done", &["--agent", "oracle", "--fail-under", "0.5"]);
    assert_eq!(played.ended.code, Some(1), "{}", played.ended.stderr);
    assert!(played.ended.stderr.contains("exec:sh agent.sh scored"), "{}", played.ended.stderr);
}

#[test]
fn gone_before_its_first_action() {
    for script in ["echo why >&2; echo boom >&2; exit 7", "next; echo loading; echo why >&2; echo boom >&2; exit 7"] {
        Played::new(script, &[])
            .is_void("the agent exited", "the agent exited: status 7; the end of its stderr: why | boom");
    }
    Played::new("exit 0", &[]).is_void("the agent exited", "the agent exited: status 0");
    Played::new("kill -9 $$", &[]).is_void("the agent exited", "killed by signal 9");
    let hang = Played::new("next; exec sleep 600", &["--timeout", "0.4"]);
    hang.is_void("no answer in time", "no answer in time: none within 0.4 s");
    // Only the remaining time of an episode counts.
    let slow = Played::new("next; exec sleep 600", &["--episode-timeout", "0.4"]);
    slow.is_void("no answer in time", "none within 0.4 s");
}

#[test]
fn gone_after_its_first_action() {
    let crash = Played::new("next; look; next; echo 'ValueError: x' >&2; exit 1", &[]);
    crash.is_left_after(1, "agent_exited", "the agent exited: status 1; the end of its stderr: ValueError: x");
    let hang = Played::new("next; look; next; look; next; echo $$ > pid; exec sleep 600", &["--timeout", "1"]);
    hang.is_left_after(2, "agent_timeout", "no answer in time: none within 1.0 s");
    assert!(!lives(&hang.place, "pid"));
    let mute = Played::new("next; look; exec >&-; exec sleep 600", &[]);
    mute.is_left_after(1, "agent_exited", "it closed its output");
}

#[test]
fn what_is_left_behind_holds_nothing_up() {
    // The child of the agent holds the agent's output open.
    let orphan = Played::new("next; look; sleep 600 & echo $! > pid; exit 3", &[]);
    orphan.is_left_after(1, "agent_exited", "status 3");
    // The orphan sleeps for ten minutes; waiting for it would take as long.
    let slept = Duration::from_secs(600);
    assert!(orphan.took < slept, "{:?}", orphan.took);
    assert!(!lives(&orphan.place, "pid"));
    // A shell that waits for its child is killed with it.
    let nested = Played::new("next; look; next; sleep 600 & echo $! > pid; wait", &["--timeout", "1"]);
    nested.is_left_after(1, "agent_timeout", "none within 1.0 s");
    assert!(!lives(&nested.place, "pid"));
    // An agent that does not leave at the end is killed after a while; its score is kept.
    let stays = Played::new("next; look; next; submit; echo $$ > pid; exec sleep 600", &[]);
    assert_eq!((stays.ended.code, &stays.row()["overall"]), (Some(0), &json!(1.0)), "{}", stays.ended.stderr);
    assert!(stays.took > Duration::from_secs(5) && stays.took < slept, "{:?}", stays.took);
    assert!(!lives(&stays.place, "pid"));
}

#[test]
fn garbage_costs_its_step_and_nothing_else() {
    let script = r#"next; echo 'no json'
next; echo '{"service": "web"}'
next; echo '[1, 2]'
next; printf '\377\376 \001\n'
next; head -c 1100000 /dev/zero | tr '\0' x; echo
next; echo '{"error": "not alone", "at": 1}'
next; printf '\n  \r\n'; look
next; echo '{"action_type": "dance"}'
next; submit
next"#;
    let played = Played::new(script, &[]);
    assert_eq!(played.ended.code, Some(0), "{}", played.ended.stderr);
    let problems = played.problems();
    let words = [
        "no JSON object",
        "no action_type",
        "no action_type",
        "no JSON object",
        "longer than 1048576 bytes",
        "no action_type",
    ];
    assert_eq!(problems.len(), 9, "{problems:?}");
    for (problem, words) in problems.iter().zip(words) {
        assert!(problem.as_deref().unwrap().contains(words), "{problem:?} {words}");
    }
    assert!(problems[words.len()..].iter().all(Option::is_none), "{problems:?}");
    let row = played.row();
    assert_eq!((&row["problem_steps"], &row["model_steps"], &row["left_early"]), (&json!(6), &json!(9), &Value::Null));
    assert!(played.place.kept("SCORES.md").contains("6 of 9 steps were spent without an action"));
    // Only the beginning of a megabyte is kept.
    assert!(played.place.kept("events.jsonl").len() < 300_000);
}

#[test]
fn floods_fill_nothing_and_block_nothing() {
    let endless = Played::new("next; yes | tr -d '\\n'", &["--timeout", "1"]);
    endless.is_void("no answer in time", "bytes without a line break behind them");
    let lines = Played::new("yes '{}'", &["--timeout", "5"]);
    assert_eq!((lines.ended.code, lines.problems().len()), (Some(0), 10), "{}", lines.ended.stderr);
    let loud = Played::new("next; head -c 5000000 /dev/zero | tr '\\0' y >&2; look; next; submit; next", &[]);
    assert_eq!((loud.ended.code, &loud.row()["overall"]), (Some(0), &json!(1.0)), "{}", loud.ended.stderr);
}

#[test]
fn an_agent_says_that_it_cannot_go_on() {
    let why = r#"next; echo '{"error": "quota used up"}'; next"#;
    let words = "the agent reports a fault of its own: quota used up";
    Played::new(why, &[]).is_void("the agent reports a fault of its own", words);
    Played::new(&format!("next; look; {why}"), &[]).is_void("the agent reports a fault of its own", words);
}

#[test]
fn a_line_answers_the_oldest_question() {
    // The agent sends everything at once and exits, the last line without its end, and with stdin closed before
    // anything was read.
    for script in [
        "look; submit",
        "exec <&-; look; submit",
        "look; submit | tr -d '\\n'",
        "look; submit; echo more; echo and more",
    ] {
        let played = Played::new(script, &[]);
        assert_eq!(
            (played.ended.code, played.problems()),
            (Some(0), vec![None, None]),
            "{script}: {}",
            played.ended.stderr
        );
        assert_eq!(played.row()["overall"], json!(1.0), "{script}");
    }
    Played::new("look; look; exit 2", &[]).is_left_after(2, "agent_exited", "status 2");
}

#[test]
fn what_cannot_be_started_ends_the_run_before_it_begins() {
    let place = Place::with_suite();
    place.write("plain.txt", "text\n");
    for (agent, words) in [
        ("exec:./nope --x", &["agent exec:./nope --x: './nope' cannot be started", "in PATH"][..]),
        ("exec:./plain.txt", &["'./plain.txt' cannot be started", "make the file executable"]),
        ("exec:'a b", &["a quote is not closed"]),
        ("exec:", &["needs a command"]),
        ("nope", &["unknown agent 'nope'; there are llm, random", "exec:COMMAND"]),
    ] {
        place.bench(&["--suite", "suite", "--agent", "random", "--agent", agent]).fails(2, words);
        assert!(!place.path("results").exists(), "{agent}");
    }
}

#[test]
fn several_from_a_file_and_none_of_them_on_a_dry_run() {
    let place = Place::with_suite();
    place.write("agent.sh", &format!("{PRELUDE}echo started >> started\nwhile next; do look; done"));
    place.write("bench.toml", "suite = 'suite'\nagent = ['random,exec:sh agent.sh --x 1,2', 'exec:sh agent.sh']\n");
    let plan = place.bench(&["--dry-run"]).exits(0).stdout;
    assert!(plan.contains("exec:sh agent.sh --x 1,2\n  no calls of ours"), "{plan}");
    assert!(!place.path("started").exists());
    place.bench(&["--quiet"]).exits(0);
    let summary = place.summary();
    let rows: Vec<_> = summary["rows"].as_array().unwrap().iter().map(|row| row["model"].as_str().unwrap()).collect();
    assert_eq!(rows, ["exec:sh agent.sh --x 1,2", "exec:sh agent.sh", "random"]);
    // There is one process for each episode, and one for each program before the run.
    assert!((6..=8).contains(&place.read("started").lines().count()), "{}", place.read("started"));
}

#[test]
fn an_agent_does_not_inherit_the_secrets_of_suite_and_server() {
    let place = Place::with_suite();
    place.write("agent.sh", &format!("{PRELUDE}env > told\nwhile next; do submit; done"));
    let mut command = place.command(&["--suite", "suite", "--agent", "exec:sh agent.sh", "--quiet"]);
    for name in
        ["BENCH_SUITE_SECRET", "BENCH_TOKEN", "BENCH_LOG", "OPENAI_API_KEY", "HF_TOKEN", "ACME_API_KEY", "OTHER"]
    {
        command.env(name, format!("value of {name}"));
    }
    assert!(command.output().unwrap().status.success());
    let told = place.read("told");
    assert_eq!(told.matches("value of").count(), 1, "{told}");
    assert!(told.contains("value of OTHER"), "{told}");
}

#[test]
fn an_agent_gets_the_keys_that_are_named_and_none_is_kept() {
    let place = Place::with_suite();
    place.write(".env", "FROM_FILE_API_KEY=key-in-the-file\n");
    let says = "printf '\\033[31mred %s\\033[0m\\nit %s\\n' \"$OPENAI_API_KEY\" \"$FROM_FILE_API_KEY\" >&2";
    place.write(
        "agent.sh",
        &format!("{PRELUDE}env > told\nnext; look; next; echo \"a $OPENAI_API_KEY\"; next; {says}; exit 1"),
    );
    place.write("bench.toml", "exec-env = ['FROM_FILE_API_KEY', 'NOT_SET']\n");
    let fixed = ["--suite", "suite", "--task", "root_cause_analysis", "--agent", "exec:sh agent.sh"];
    let mut command = place.command(&fixed);
    command.env("OPENAI_API_KEY", "sk-1234567890").env("GROQ_API_KEY", "gsk-1234567890");
    let ended = Ended::of(&command.output().unwrap()).exits(0);
    assert!(ended.stderr.contains("--exec-env NOT_SET: it is not set"), "{}", ended.stderr);
    let told = place.read("told");
    assert!(told.contains("key-in-the-file") && !told.contains("sk-1234567890"), "{told}");

    place.write("bench.toml", "");
    let mut command = place.command(&[&fixed[..], &["--exec-env", "OPENAI_API_KEY,FROM_FILE_API_KEY"]].concat());
    command.env("OPENAI_API_KEY", "sk-1234567890").env("GROQ_API_KEY", "gsk-1234567890");
    let ended = Ended::of(&command.output().unwrap()).exits(0);
    let told = place.read("told");
    assert!(told.contains("OPENAI_API_KEY=sk-1234567890") && !told.contains("gsk-"), "{told}");
    for text in
        [place.kept("events.jsonl"), place.kept("summary.json"), place.kept("report.html"), ended.stdout, ended.stderr]
    {
        assert!(!text.contains("sk-1234567890") && !text.contains("key-in-the-file"), "{text}");
    }
    let failed = place.events().into_iter().find(|event| event["event"]["type"] == "model.failed").unwrap();
    assert_eq!(failed["event"]["stderr"], json!("red [key]\nit [key]"));
    assert!(failed["event"]["message"].as_str().unwrap().contains("red [key] | it [key]"), "{failed}");
    place.bench(&["verify-run"]).exits(0);
    place.bench(&[&fixed[..], &["--exec-env", "BENCH_TOKEN"]].concat()).fails(2, &["BENCH_TOKEN is for bench alone"]);
}

// ---- going on ----

/// An agent whose answer depends on the number of lines that it was told, so that a missing line is found out.
const COUNTING: &str = r#"
n=0
while next; do
  n=$((n + 1))
  [ "$PACE" = "" ] || sleep "$PACE"
  case $n in
  2) echo "not an action" ;;
  7) submit ;;
  *) echo '{"action_type":"check_metrics","parameters":{"service":"web","n":'$n'}}' ;;
  esac
done"#;
const CRASHING: &str = "next; look; next; look; next; echo broken >&2; exit 4";

fn going_on(place: &Place) -> Vec<String> {
    place.write("counting.sh", &format!("{PRELUDE}{COUNTING}"));
    place.write("crashing.sh", &format!("{PRELUDE}{CRASHING}"));
    let agents = ["--agent", "exec:sh counting.sh", "--agent", "exec:sh crashing.sh", "--agent", "random"];
    let all = [&["--suite", "suite", "--epochs", "2", "--quiet"][..], &agents].concat();
    all.into_iter().map(str::to_owned).collect()
}

/// Returns the rows without values that depend on time alone, and without calls that were repeated because they were
/// not kept.
fn rows(place: &Place) -> Vec<Value> {
    let mut rows = place.summary()["rows"].as_array().unwrap().clone();
    for row in &mut rows {
        for key in ["latency_ms", "failed_calls"] {
            row.as_object_mut().unwrap().remove(key);
        }
    }
    rows
}

#[test]
fn a_log_that_was_cut_goes_on_with_new_processes() {
    let place = Place::with_suite();
    let all = going_on(&place);
    place.bench(&all.iter().map(String::as_str).collect::<Vec<_>>()).exits(0);
    let expected = rows(&place);
    assert_eq!((&expected[1]["left_early"], &expected[0]["left_early"]), (&json!(6), &Value::Null), "{}", expected[1]);
    let path = place.path(&format!("results/runs/{}/events.jsonl", place.latest()));
    let log = fs::read(&path).unwrap();
    let mut rng = SplitMix64::new(11);
    for _ in 0..8 {
        let end = rng.below(log.len());
        fs::write(&path, &log[..end]).unwrap();
        place.bench(&["resume", "latest", "--quiet"]).exits(0);
        assert_eq!(rows(&place), expected, "cut after {end} bytes");
    }
}

#[test]
fn a_killed_run_goes_on_with_new_processes() {
    let undisturbed = Place::with_suite();
    let all = going_on(&undisturbed);
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    undisturbed.bench(&all).exits(0);
    let place = Place::with_suite();
    going_on(&place);
    let mut rng = SplitMix64::new(5);
    let mut kills = 0;
    loop {
        let begun = place.path("results/latest").exists();
        let mut command = place.command(if begun { &["resume", "--quiet"] } else { &all });
        let mut child = command.env("PACE", "0.02").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(60 + rng.below(200) as u64));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            break;
        }
        // After a while the machine may be too slow for this pace.
        if kills < 12 {
            child.kill().unwrap();
            kills += 1;
        }
        child.wait().unwrap();
    }
    assert!(kills > 0);
    assert_eq!(rows(&place), rows(&undisturbed), "after {kills} kills");
}

#[test]
fn an_interrupt_from_the_terminal_lets_it_finish_its_answer() {
    let place = Place::with_suite();
    place.write("agent.sh", &format!("{PRELUDE}next; look; next; touch asked; sleep 0.5; look; next; submit"));
    let fixed = ["--suite", "suite", "--task", "root_cause_analysis", "--agent", "exec:sh agent.sh"];
    // A terminal sends the interrupt to the whole group.
    let child = place.command(&fixed).process_group(0).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    for _ in 0..1000 {
        if place.path("asked").exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(Command::new("sh").args(["-c", &format!("kill -INT -{}", child.id())]).status().unwrap().success());
    let ended = Ended::of(&child.wait_with_output().unwrap());
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    let calls = |kind: &str| place.events().iter().filter(|event| event["event"]["type"] == kind).count();
    assert_eq!((calls("model.called"), calls("model.failed"), calls("step.taken")), (2, 0, 2));
    place.bench(&["resume", "--quiet"]).exits(0);
    assert_eq!(place.summary()["rows"][0]["steps"], json!(3));
}

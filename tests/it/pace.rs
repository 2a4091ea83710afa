//! Tests of budgets and pace, through the binary: where a run stops, that the played part is fair, and that the run can
//! go on.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::binary::{Ended, Place};
use crate::faults::good;
use crate::server::{Reply, Server};

/// The tokens of a round of the small suite: three episodes of two calls, each of 110 tokens as the server counts.
const TOKENS_A_ROUND: u64 = 3 * 2 * 110;
/// The tokens of the call before the run.
const CHECK: u64 = 110;

const PRICES: &str = "[providers.shop]\nbase_url = \"URL\"\nprices = { m = { input = 10.0, output = 100.0 }, n = { input = 10.0, output = 100.0 } }\n";

fn good_server() -> Server {
    Server::start(|_, seen| good(seen))
}

fn play(place: &Place, server: &Server, arguments: &[&str]) -> Ended {
    let url = server.base_url();
    let fixed = ["--suite", "suite", "--base-url", &url, "--quiet", "--format", "json", "--max-tokens", "20"];
    place.bench(&[&fixed, arguments].concat())
}

/// Returns the episodes of a row that have a score, each by scenario and epoch.
fn scored(row: &Value) -> BTreeSet<(String, usize)> {
    let mut scored = BTreeSet::new();
    for task in row["tasks"].as_object().unwrap().values() {
        for (id, scenario) in task["scenarios"].as_object().unwrap() {
            let epochs = scenario["epochs"].as_array().unwrap().iter().enumerate();
            scored.extend(epochs.filter(|(_, score)| score.is_number()).map(|(epoch, _)| (id.clone(), epoch)));
        }
    }
    scored
}

fn rows(summary: &Value) -> Vec<Value> {
    summary["rows"].as_array().unwrap().clone()
}

fn timeless(summary: &Value) -> Vec<Value> {
    let timeless = |mut row: Value| {
        row.as_object_mut().unwrap().remove("latency_ms");
        row
    };
    rows(summary).into_iter().map(timeless).collect()
}

fn tokens(summary: &Value) -> u64 {
    let of = |row: &Value, usage: &str| {
        row[usage]["prompt_tokens"].as_u64().unwrap_or(0) + row[usage]["completion_tokens"].as_u64().unwrap_or(0)
    };
    rows(summary).iter().map(|row| of(row, "usage") + of(row, "check_usage")).sum()
}

const TWO_MODELS: [&str; 6] = ["--model", "m,n", "--agent", "llm,heuristic", "--epochs", "6"];

#[test]
fn a_token_budget_stops_after_whole_rounds_and_the_run_goes_on() {
    let (server, place) = (good_server(), Place::with_suite());
    // The budget has room for four rounds of two models and a bit more.
    let budget = 4 * 2 * TOKENS_A_ROUND + 2 * CHECK + 900;
    let limit = budget.to_string();
    let ended = play(&place, &server, &[&TWO_MODELS[..], &["--max-total-tokens", &limit]].concat()).exits(5);
    assert!(ended.stderr.contains("budget spent: --max-total-tokens"), "{}", ended.stderr);
    assert!(ended.stderr.contains("`bench resume"), "{}", ended.stderr);
    let summary = place.summary();
    assert_eq!(summary["run"]["stopped_by"], json!("--max-total-tokens"));
    assert!(tokens(&summary) <= budget, "{} of {budget}", tokens(&summary));
    let played: Vec<_> = rows(&summary).iter().map(scored).collect();
    assert!(played.iter().all(|row| row == &played[0]), "{played:?}");
    // Only whole rounds are played: the same number of scenarios of each task, and nearly all that the budget had room
    // for.
    assert!(played[0].len().is_multiple_of(3) && played[0].len() >= 9, "{played:?}");
    let set_aside = rows(&summary)[2]["set_aside"].as_u64().unwrap();
    assert_eq!(set_aside, 18 - played[0].len() as u64, "the built-in agent played all, and shows what the models did");
    assert!(place.kept("SCORES.md").contains("Stopped by --max-total-tokens"));

    // Without more budget nothing is played; with more, the end is the same as if nothing had stopped the run.
    let calls = server.calls();
    place.bench(&["resume", "--quiet"]).exits(5);
    assert_eq!(server.calls(), calls);
    place.bench(&["resume", "--quiet", "--max-total-tokens", "1000000"]).exits(0);
    let whole = Place::with_suite();
    play(&whole, &server, &TWO_MODELS).exits(0);
    assert_eq!(timeless(&place.summary()), timeless(&whole.summary()));
    assert_eq!(place.summary()["run"]["stopped_by"], Value::Null);
}

#[test]
fn a_cost_budget_needs_prices_and_is_kept() {
    let (server, place) = (good_server(), Place::with_suite());
    play(&place, &server, &["--model", "m", "--max-cost", "1"]).fails(2, &["--max-cost", "price of", "is not known"]);
    place.write("bench.toml", &PRICES.replace("URL", &server.base_url()));
    // A call costs 0.002, and a round of both models 0.024.
    let two = ["--model", "shop/m,shop/n", "--suite", "suite", "--epochs", "6", "--max-tokens", "20", "--quiet"];
    let ended = place.bench(&[&two[..], &["--max-cost", "0.1", "--format", "json"]].concat()).exits(5);
    assert!(ended.stderr.contains("--max-cost 0.1: $0.0"), "{}", ended.stderr);
    let summary = place.summary();
    let cost: f64 = rows(&summary).iter().filter_map(|row| row["cost_usd"].as_f64()).sum();
    assert!((0.04..=0.1).contains(&cost), "{cost}");
    let models: Vec<_> = rows(&summary).iter().filter(|row| row["agent"] == "llm").map(scored).collect();
    assert_eq!(models[0], models[1]);
    assert!(models[0].len() >= 6, "{models:?}");
    place.bench(&["report", "latest"]).exits(0);
    assert_eq!(place.summary(), summary, "the report made again says the same");
}

#[test]
fn wrong_limits_are_refused() {
    let (server, place) = (good_server(), Place::with_suite());
    for (option, value) in [
        ("--max-cost", "0"),
        ("--max-cost", "nan"),
        ("--max-total-tokens", "0"),
        ("--time-limit", "0"),
        ("--time-limit", "-3"),
        ("--episode-calls", "0"),
        ("--episode-tokens", "0"),
        ("--concurrency", "none"),
    ] {
        let argument = format!("{option}={value}");
        play(&place, &server, &["--model", "m", &argument]).fails(2, &[option]);
    }
    assert_eq!(server.calls(), 0);
}

#[test]
fn a_run_ends_when_its_time_is_up() {
    let slow = |index, seen: &_| if index < 2 { good(seen) } else { good(seen).late(Duration::from_millis(60)) };
    let (server, place) = (Server::start(slow), Place::with_suite());
    let arguments = ["--model", "m", "--epochs", "500", "--concurrency", "2", "--time-limit", "1.5"];
    let ended = play(&place, &server, &arguments).exits(5);
    assert!(ended.stderr.contains("--time-limit 1.5: the time is up"), "{}", ended.stderr);
    let summary = place.summary();
    let played: Vec<_> = rows(&summary).iter().map(scored).collect();
    assert!(played.iter().all(|row| row == &played[0]), "{played:?}");
}

#[test]
fn an_episode_that_may_ask_no_more_goes_on_without_the_model_and_is_scored() {
    let (server, place) = (good_server(), Place::with_suite());
    for (limit, value, assist, source) in [
        ("--episode-calls", "1", "fallback", "fallback"),
        ("--episode-calls", "1", "repair", "fallback"),
        ("--episode-tokens", "110", "off", "model"),
    ] {
        let ended = play(&place, &server, &["--model", "m", "--agent", "llm", limit, value, "--assist", assist]);
        let summary: Value = serde_json::from_str(&ended.exits(0).stdout).unwrap();
        let row = &summary["rows"][0];
        assert_eq!((&row["calls"], &row["episodes"], &row["void"]), (&json!(3), &json!(3), &json!(0)), "{row}");
        assert!(row["overall"].is_number());
        let steps: Vec<_> = place.events().into_iter().filter(|event| event["event"]["type"] == "step.taken").collect();
        assert!(steps.len() > 6, "every episode goes on after its call");
        for step in steps.iter().filter(|step| step["event"]["step"] != 1) {
            assert_eq!(step["event"]["source"], source, "{step}");
            assert!(step["event"]["problem"].as_str().unwrap().contains("used up"), "{step}");
        }
        place.bench(&["verify-run"]).exits(0);
    }
}

#[test]
fn an_endpoint_that_asks_for_a_pause_gets_one_from_all_calls() {
    let pause = Duration::from_millis(900);
    let refused_from: Mutex<Option<Instant>> = Mutex::new(None);
    let script = move |index: usize, seen: &_| {
        let mut from = refused_from.lock().unwrap();
        // For a while from the first call of the run, calls are refused.
        if index < 2 || from.is_some_and(|from| from.elapsed() >= pause) {
            return good(seen);
        }
        from.get_or_insert_with(Instant::now);
        Reply::error(429, "rate_limited", "slow down").header("retry-after", "1")
    };
    let (server, place) = (Server::start(script), Place::with_suite());
    let arguments = ["--model", "m", "--agent", "llm", "--epochs", "8", "--concurrency", "4"];
    play(&place, &server, &arguments).exits(0);
    let row = &place.summary()["rows"][0];
    assert_eq!((&row["void"], &row["episodes"]), (&json!(0), &json!(24)));
    // There is at most one refusal for each call that was under way.
    assert!(row["retries"].as_u64().unwrap() <= 4, "{row}");
}

#[test]
fn auto_finds_what_an_endpoint_bears() {
    /// The number of calls that the endpoint answers within the time of one; more are refused.
    const BEARS: usize = 12;
    let time = Duration::from_millis(30);
    let begun: Mutex<Vec<Instant>> = Mutex::new(Vec::new());
    let most = std::sync::Arc::new(Mutex::new(0));
    let seen_most = std::sync::Arc::clone(&most);
    let script = move |index: usize, seen: &_| {
        let mut begun = begun.lock().unwrap();
        begun.retain(|start| start.elapsed() < time);
        if index > 0 && begun.len() >= BEARS {
            return Reply::error(429, "rate_limited", "slow down").header("retry-after-ms", "50");
        }
        begun.push(Instant::now());
        let mut most = most.lock().unwrap();
        *most = begun.len().max(*most);
        good(seen).late(time)
    };
    let (server, place) = (Server::start(script), Place::with_suite());
    let arguments =
        ["--model", "m", "--agent", "llm", "--epochs", "60", "--concurrency", "auto", "--max-retries", "20"];
    play(&place, &server, &arguments).exits(0);
    let row = &place.summary()["rows"][0];
    assert_eq!((&row["void"], &row["episodes"]), (&json!(0), &json!(180)));
    assert!(*seen_most.lock().unwrap() > 4, "it never went beyond the first window");
}

/// Answers every submission wrongly, except in one epoch of three.
fn worse(index: usize, seen: &crate::server::Seen) -> Reply {
    if seen.messages() > 2 && !index.is_multiple_of(3) && seen.message(0).contains("submit_severity") {
        return Reply::says(&json!({"action_type": "submit_severity", "parameters": {"severity": "P1"}}).to_string());
    }
    if seen.messages() > 2 && seen.message(0).contains("submit_root_cause") {
        let parameters = json!({"service": "checkout", "failure_mode": "the moon"});
        return Reply::says(&json!({"action_type": "submit_root_cause", "parameters": parameters}).to_string());
    }
    good(seen)
}

#[test]
fn a_comparison_ends_as_soon_as_it_is_decided() {
    let (server, place) = (good_server(), Place::with_suite());
    let model = ["--model", "m", "--epochs", "12", "--seed", "1"];
    play(&place, &server, &model).exits(0);
    let base = place.latest();
    let against = ["--baseline", &base, "--until-decided"];
    let url = server.base_url();
    let loud = ["--suite", "suite", "--base-url", &url, "--format", "json", "--max-tokens", "20", "--progress", "none"];

    // The same model needs all epochs or fewer, and passes.
    let ended = place.bench(&[&loud[..], &model, &against].concat()).exits(0);
    assert!(ended.stderr.contains("after 4 of 12 epochs: "), "{}", ended.stderr);

    // A much worse model is found out at the first comparison, and no later epoch is played.
    let worse = Server::start(worse);
    let url = worse.base_url();
    let loud = ["--suite", "suite", "--base-url", &url, "--format", "json", "--max-tokens", "20", "--progress", "none"];
    let ended = place.bench(&[&loud[..], &model, &against].concat()).exits(1);
    assert!(ended.stderr.contains("after 4 of 12 epochs: decided (alpha 0.0007)"), "{}", ended.stderr);
    assert!(ended.stderr.contains("gate failed: worse_than_margin: m "), "{}", ended.stderr);
    assert!(worse.calls() < 4 * 3 * 4, "{} calls", worse.calls());
    let summary = place.summary();
    assert_eq!((&summary["run"]["epochs"], &summary["run"]["planned_epochs"]), (&json!(4), &json!(12)));
    assert!(rows(&summary).iter().all(|row| row["unfinished"] == 0), "{summary}");
    assert!(place.kept("SCORES.md").contains("Decided against the baseline after 4 of 12 epochs."));
    place.bench(&["verify-run"]).exits(0);

    // Nothing more is played if the run goes on.
    let calls = worse.calls();
    place.bench(&["resume", "--quiet", "--format", "json"]).exits(1);
    assert_eq!(worse.calls(), calls);
    assert_eq!(timeless(&place.summary()), timeless(&summary));

    // Runs that cannot be compared are found before any call costs money.
    let calls = server.calls();
    play(&place, &server, &["--model", "m", "--until-decided"]).fails(2, &["--until-decided: needs a --baseline"]);
    play(&place, &server, &["--model", "m", "--baseline", "nope"]).fails(2, &["no run 'nope'"]);
    assert_eq!(server.calls(), calls);
}

//! Tests of the rules of rewards and classic grades, as tables.

use incident_env::{Episode, TaskId};
use serde_json::{Value, json};

use crate::world::{act, play, small};

/// Returns the scenario that poses a task, and two of its services.
fn scenario_of(task: TaskId) -> (&'static str, &'static str, &'static str) {
    match task {
        TaskId::AlertClassification => ("AC-901", "thumbs", "web"),
        TaskId::RootCauseAnalysis => ("RCA-901", "postgres-db", "web"),
        TaskId::RemediationPlanning => ("RP-901", "stock-db", "checkout-api"),
    }
}

/// Plays steps, and returns the signals and the score of the last one, and whether it had an error.
fn last(task: TaskId, steps: &[(&str, Value)]) -> (Vec<&'static str>, f64, bool) {
    let catalog = small();
    let mut episode = play(&catalog, scenario_of(task).0);
    let mut result = (Vec::new(), 0.0, false);
    for (kind, parameters) in steps {
        let outcome = episode.step(&act(kind, parameters.clone()));
        let signals = outcome.reward.reason.signals().map(|(signal, _)| signal.as_str()).collect();
        let has_error = outcome.observation.last_action_error.is_some();
        result = (signals, outcome.reward.reason.shaping().to_f64(), has_error);
    }
    result
}

#[test]
fn every_signal_has_its_points() {
    use TaskId::{AlertClassification as E, RemediationPlanning as H, RootCauseAnalysis as M};
    for (index, task) in [E, M, H].into_iter().enumerate() {
        let (_, a, b) = scenario_of(task);
        let svc = |name: &str| json!({ "service": name });
        let wrong_submission = if task == E { "submit_root_cause" } else { "submit_severity" };
        let own = ["submit_severity", "submit_root_cause", "submit_resolution"][index];
        let one = |kind: &str, parameters: Value| last(task, &[(kind, parameters)]);
        let check = |found: (Vec<&str>, f64, bool), signal: &str, points: [f64; 3], error: bool| {
            assert_eq!(found.0, [signal], "{task} {signal}");
            assert!((found.1 - points[index]).abs() < 1e-12, "{task} {signal}: {}", found.1);
            assert_eq!(found.2, error, "{task} {signal}: error");
        };
        check(one("query_logs", svc(a)), "query_new_svc", [0.04, 0.04, 0.03], false);
        check(one("query_logs", svc("nope")), "query_unknown_svc", [-0.06, -0.06, -0.05], true);
        check(one("query_logs", json!({})), "query_no_service", [-0.04, -0.04, -0.03], true);
        check(one("query_logs", svc("  ")), "query_no_service", [-0.04, -0.04, -0.03], true);
        check(one("dance", json!({})), "bad_action", [-0.05, -0.05, -0.05], true);
        check(one("Query_Logs", svc(a)), "bad_action", [-0.05, -0.05, -0.05], true);
        check(one(wrong_submission, json!({})), "submit_wrong", [-0.08, -0.10, -0.12], true);
        check(one(own, json!({})), "submit_correct", [0.02, 0.02, 0.02], false);
        if task == H {
            check(one("restart_service", svc(a)), "rem_good", [0.0, 0.06, 0.06], false);
            check(one("restart_service", svc(b)), "rem_wrong", [-0.08, -0.10, -0.15], false);
            check(one("restart_service", json!({})), "rem_no_target", [-0.05, -0.06, -0.05], true);
            check(one("disable_feature_flag", svc(a)), "rem_no_target", [-0.05, -0.06, -0.05], true);
            check(one("restart_service", svc("nope")), "query_unknown_svc", [-0.06, -0.06, -0.05], true);
        } else {
            check(one("restart_service", svc(a)), "rem_wrong", [-0.08, -0.10, -0.15], true);
            check(one("restart_service", json!({})), "rem_wrong", [-0.08, -0.10, -0.15], true);
        }
        if task == E {
            check(one("check_service_status", svc(a)), "bad_action", [-0.05; 3], true);
        } else {
            let found = last(task, &[("query_logs", svc(a)), ("check_metrics", svc(a))]);
            check(found, "query_new_action", [0.02, 0.02, 0.01], false);
            let upper = a.to_uppercase().replace('-', "_");
            let found = last(task, &[("query_logs", svc(a)), ("query_logs", svc(&upper))]);
            check(found, "query_repeat", [-0.03, -0.04, -0.03], false);
        }
    }
}

#[test]
fn parts_add_up() {
    use TaskId::{AlertClassification as E, RemediationPlanning as H, RootCauseAnalysis as M};
    let thumbs = || json!({"service": "thumbs"});
    // The second step of the easy task is past half; so is the third, which also times out.
    let found = last(E, &[("query_logs", thumbs()), ("query_logs", thumbs())]);
    assert_eq!(found.0, ["exact_repeat", "past_half", "query_repeat"]);
    assert!((found.1 - (-0.04 - 0.04 - 0.03)).abs() < 1e-12);
    let found = last(E, &[("query_logs", thumbs()), ("x", json!({})), ("y", json!({}))]);
    assert_eq!(found.0, ["past_half", "bad_action", "timeout"]);
    assert!((found.1 - (-0.04 - 0.05 - 0.15)).abs() < 1e-12);
    // A submission of any task is never past half.
    let mut steps = vec![("query_logs", json!({"service": "web"})); 9];
    steps.push(("submit_severity", json!({"severity": "P1"})));
    let found = last(M, &steps);
    assert_eq!(found.0, ["submit_wrong", "timeout"]);
    assert!((found.1 - (-0.10 - 0.15)).abs() < 1e-12);
    // Step 7 of 15 is not past half, step 8 is.
    for (count, past) in [(7, false), (8, true)] {
        let steps: Vec<_> = (0..count).map(|n| ("x", json!({ "n": n }))).collect();
        assert_eq!(last(H, &steps).0.contains(&"past_half"), past, "step {count}");
    }
}

#[test]
fn remediations_that_have_no_effect() {
    use TaskId::RemediationPlanning as H;
    for steps in [
        vec![("restart_service", json!({"service": "stock-db"})), ("restart_service", json!({"service": "STOCK_DB"}))],
        vec![("clear_cache", json!({"service": "checkout-api"}))],
        vec![("disable_feature_flag", json!({"flag": "nope"}))],
        vec![("execute_runbook_step", json!({"runbook_action": "drain queue"}))],
    ] {
        assert_eq!(last(H, &steps), (vec![], 0.0, false), "{steps:?}");
    }
    // A harmful action costs points every time.
    let restart = ("restart_service", json!({"service": "checkout-api", "reasoning": "1"}));
    let again = ("restart_service", json!({"service": "checkout-api", "reasoning": "2"}));
    assert_eq!(last(H, &[restart, again]).0, ["rem_wrong"]);
    // `target` stands in for a missing runbook_action.
    assert_eq!(last(H, &[("execute_runbook_step", json!({"target": "verify-stock"}))]).0, ["rem_good"]);
}

#[test]
fn an_exact_repeat_is_the_same_kind_and_parameters() {
    use TaskId::RootCauseAnalysis as M;
    let repeated = |a: Value, b: Value| last(M, &[("query_logs", a), ("query_logs", b)]).0.contains(&"exact_repeat");
    assert!(repeated(json!({"service": "web"}), json!({"service": "web"})));
    assert!(repeated(json!({"service": "web", "x": 1}), json!({"x": 1, "service": "web"})));
    assert!(repeated(json!({"service": "web"}), json!({"service": "web", "flag": null})));
    assert!(!repeated(json!({"service": "web"}), json!({"service": "WEB"})));
    assert!(!repeated(json!({"service": "web"}), json!({"service": "web", "reasoning": "again"})));
}

#[test]
fn a_finished_episode_does_not_change() {
    let catalog = small();
    let mut episode = play(&catalog, "AC-901");
    episode.step(&act("submit_severity", json!({"severity": "P3"})));
    let (observation, state) = (json(&episode), serde_json::to_value(episode.state()).unwrap());
    let outcome = serde_json::to_value(episode.step(&act("query_logs", json!({"service": "web"})))).unwrap();
    assert_eq!(
        outcome["reward"],
        json!({"score": 0.0, "value": 0.0, "reason": "episode already done", "cumulative": 1.02})
    );
    assert_eq!(outcome["done"], json!(true));
    assert_eq!(json(&episode), observation);
    assert_eq!(serde_json::to_value(episode.state()).unwrap(), state);
}

fn json(episode: &Episode) -> Value {
    serde_json::to_value(episode.observation()).unwrap()
}

/// Plays steps, and returns the grade.
fn grade(id: &str, steps: &[(&str, Value)]) -> Value {
    let catalog = small();
    let mut episode = play(&catalog, id);
    for (kind, parameters) in steps {
        episode.step(&act(kind, parameters.clone()));
    }
    serde_json::to_value(episode.grade_now()).unwrap()
}

#[test]
fn severity_grades() {
    for (submitted, total) in [
        (json!("P3"), 1.0),
        (json!(" p3 "), 1.0),
        (json!("P2"), 0.5),
        (json!("P4"), 0.5),
        (json!("P1"), 0.25),
        (json!("P5"), 0.0),
        (json!("high"), 0.0),
        (json!(""), 0.0),
        (json!(null), 0.0),
    ] {
        let grade = grade("AC-901", &[("submit_severity", json!({ "severity": submitted }))]);
        assert_eq!(grade["total"], json!(total), "{submitted}");
        assert_eq!(grade["breakdown"]["severity_match"], json!(total));
        assert_eq!(grade["breakdown"]["correct_severity"], json!("P3"));
    }
    assert_eq!(grade("AC-901", &[])["total"], json!(0.0));
}

#[test]
fn root_cause_grades() {
    let logs = |service: &str| ("query_logs", json!({ "service": service }));
    let submit = |service: &str, mode: &str| ("submit_root_cause", json!({"service": service, "failure_mode": mode}));
    for (steps, base, bonus) in [
        (vec![], 0.0, 0.0),
        (vec![submit("", "disk")], 0.0, 0.0),
        (vec![submit("postgres-db", "disk is full")], 0.6, 0.0),
        (vec![submit("postgres-db", "disc")], 0.35, 0.0),
        (vec![submit("web", "disk")], 0.10, 0.0),
        (vec![logs("web"), submit("auth-service", "disk")], 0.10, 0.0),
        (vec![logs("web"), submit("Postgres DB", "Disk")], 0.6, 0.4),
        (vec![logs("web"), submit("postgresql", "disk")], 0.6, 0.4),
        (vec![logs("web"), submit("gres", "disk")], 0.10, 0.0),
        // K = 1 of Q = 2: 0.2 + 0.05.
        (vec![logs("web"), logs("nope"), submit("postgres", "disk")], 0.6, 0.25),
        (vec![logs("web"), ("query_logs", json!({})), submit("postgres", "disk")], 0.6, 0.25),
        // K = 2 of Q = 3: 0.2667 + 0.1.
        (vec![logs("web"), logs("web"), logs("auth-service"), submit("postgres", "x")], 0.35, 0.3667),
        // An action that is not a diagnostic does not count.
        (vec![("x", json!({})), logs("web"), submit("postgres", "disk")], 0.6, 0.4),
        // Diagnostics of no known service give K = 0.
        (vec![logs("nope"), submit("postgres", "disk")], 0.6, 0.0),
    ] {
        let grade = grade("RCA-901", &steps);
        assert_eq!(grade["breakdown"]["base"], json!(base), "{steps:?}");
        assert_eq!(grade["breakdown"]["efficiency_bonus"], json!(bonus), "{steps:?}");
        let total: f64 = base + bonus;
        assert!((grade["total"].as_f64().unwrap() - total).abs() < 1e-9, "{steps:?}");
    }
}

#[test]
fn remediation_grades() {
    let good = [
        ("disable_feature_flag", json!({"flag": "bulk_import"})),
        ("restart_service", json!({"service": "stock-db"})),
        ("execute_runbook_step", json!({"runbook_action": "verify_stock"})),
    ];
    let wrong =
        |n: usize| (0..n).map(|n| ("restart_service", json!({"service": "checkout-api", "n": n}))).collect::<Vec<_>>();
    let submit = |summary: &str| vec![("submit_resolution", json!({ "summary": summary }))];
    let look = vec![("query_logs", json!({"service": "stock-db"}))];
    for (steps, total) in [
        (submit("import lock restarted"), 0.0),
        ([look.clone(), submit("  ")].concat(), 0.0),
        ([look.clone(), submit("x")].concat(), 0.6),
        ([look.clone(), submit("Import")].concat(), 0.65),
        ([look.clone(), submit("import import import")].concat(), 0.65),
        ([look.clone(), submit("import, locked, RESTARTED")].concat(), 0.7),
        ([good[..1].to_vec(), submit("x")].concat(), 0.7),
        ([good.to_vec(), submit("import lock stock")].concat(), 1.0),
        ([good.to_vec(), wrong(1), submit("import lock stock")].concat(), 0.95),
        ([good.to_vec(), wrong(5), submit("import lock stock")].concat(), 0.85),
        ([wrong(5), submit("x")].concat(), 0.45),
        // An attempt without a target counts as an attempt.
        ([vec![("restart_service", json!({}))], submit("x")].concat(), 0.6),
        // The classic grade ignores the order of the sequence and repeated steps.
        ([vec![good[2].clone(), good[1].clone(), good[1].clone()], submit("x")].concat(), 0.8),
        (good.to_vec(), 0.0),
    ] {
        let grade = grade("RP-901", &steps);
        assert!((grade["total"].as_f64().unwrap() - total).abs() < 1e-9, "{steps:?}: {grade}");
    }
    let breakdown = &grade("RP-901", &[good.to_vec(), wrong(2), submit("lock")].concat())["breakdown"];
    assert_eq!(
        *breakdown,
        json!({
            "base": 0.6, "efficiency_bonus": 0.3, "wrong_action_penalty": -0.1, "summary_bonus": 0.05,
            "correct_actions_matched": 3, "correct_actions_total": 3, "wrong_actions_count": 2, "summary_keywords_hit": 1,
        })
    );
}

#[test]
fn resolved_needs_an_answer_and_work() {
    let resolved = |id: &str, steps: &[(&str, Value)]| {
        let catalog = small();
        let mut episode = play(&catalog, id);
        for (kind, parameters) in steps {
            episode.step(&act(kind, parameters.clone()));
        }
        let state = serde_json::to_value(episode.state()).unwrap();
        (state["submitted"] == json!(true), state["resolved"] == json!(true))
    };
    let look = ("query_logs", json!({"service": "stock-db"}));
    assert_eq!(resolved("RP-901", &[("submit_resolution", json!({"summary": "x"}))]), (true, false));
    assert_eq!(resolved("RP-901", &[look.clone(), ("submit_resolution", json!({"summary": " "}))]), (true, false));
    assert_eq!(resolved("RP-901", &[look.clone(), ("submit_resolution", json!({"summary": "x"}))]), (true, true));
    assert_eq!(resolved("RP-901", &[look]), (false, false));
    assert_eq!(resolved("AC-901", &[("submit_severity", json!({"severity": "P3"}))]), (true, false));
}

#[test]
fn evidence_follows_the_world() {
    let catalog = small();
    let mut episode = play(&catalog, "RP-901");
    let mut show = |kind: &str, parameters: Value| {
        let value = serde_json::to_value(episode.step(&act(kind, parameters))).unwrap();
        value["observation"]["queried_data"].clone()
    };
    let stock = || json!({"service": "stock-db"});
    assert_eq!(
        show("restart_service", stock())["restart_service"]["stock-db"],
        "stock-db restarted at 10:10:02Z; 212 waiting again after 40 s."
    );
    assert!(show("query_logs", stock())["query_logs"]["stock-db"].as_str().unwrap().contains("locked"));
    show("disable_feature_flag", json!({"flag": "BULK-IMPORT"}));
    show("restart_service", json!({"service": "Stock DB"}));
    let data = show("query_logs", stock());
    assert_eq!(data["query_logs"]["stock-db"], "2024-03-15T10:12:38Z INFO stock-db 0 waiting");
    assert_eq!(data["disable_feature_flag"].as_object().unwrap().keys().collect::<Vec<_>>(), ["bulk_import"]);
    assert_eq!(data["restart_service"].as_object().unwrap().len(), 1);
}

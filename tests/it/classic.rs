//! Tests of the nine classic scenarios: proved, playable, consistent with the lists below, and silent about their
//! answers.

use std::collections::BTreeMap;

use incident_bench::agent::builtin::{Random, Scripted};
use incident_bench::agent::fallback::Fallback;
use incident_bench::agent::heuristic::Heuristic;
use incident_bench::agent::{Policy, Turn};
use incident_bench::stats::mean::mean;
use incident_env::{ActionKind, Catalog, Diagnostic, Episode, Points, Remediation, Source, TaskId, prove};
use serde_json::{Value, json};

use crate::world::{act, play, reset};

fn classic() -> Catalog {
    Catalog::embedded().unwrap()
}

/// Plays an episode with a policy that never asks a model.
fn score(episode: &mut Episode, policy: &mut dyn Policy) -> Points {
    while !episode.is_done() {
        let Turn::Act(decision) = policy.turn(episode.observation()) else { panic!("a built-in agent asked a model") };
        episode.step(&decision.action);
    }
    episode.grade().unwrap().total
}

/// Returns the overall score: the mean over the tasks of the mean over the scenarios of each task.
fn scores(catalog: &Catalog, mut policy: impl FnMut(&incident_env::Scenario) -> Box<dyn Policy>) -> f64 {
    let mut by_task: BTreeMap<TaskId, Vec<f64>> = BTreeMap::new();
    for scenario in catalog.scenarios() {
        let score = score(&mut reset(scenario), &mut *policy(scenario));
        by_task.entry(scenario.task()).or_default().push(score.to_f64());
    }
    let means: Vec<_> = by_task.values().filter_map(|scores| mean(scores)).collect();
    mean(&means).unwrap()
}

#[test]
fn there_are_three_a_task() {
    let catalog = classic();
    let ids: Vec<_> = catalog.scenarios().iter().map(|scenario| scenario.id()).collect();
    assert_eq!(ids, ["AC-001", "AC-002", "AC-003", "RCA-001", "RCA-002", "RCA-003", "RP-001", "RP-002", "RP-003"]);
}

#[test]
fn every_scenario_is_proved() {
    for scenario in classic().scenarios() {
        let proof = prove(scenario).unwrap_or_else(|flaw| panic!("{flaw}"));
        let is_planning = scenario.task() == TaskId::RemediationPlanning;
        assert_eq!(
            proof.reachability.states > 1,
            is_planning,
            "{}: {} states",
            scenario.id(),
            proof.reachability.states
        );
        assert_eq!(proof.reachability.shortest_repair.is_some(), is_planning, "{}", scenario.id());
    }
}

#[test]
fn from_floor_to_ceiling() {
    let catalog = classic();
    let of_seeds: Vec<_> = (0..20).map(|seed| scores(&catalog, |_| Box::new(Random::new(seed)))).collect();
    let random = mean(&of_seeds).unwrap();
    let fallback = scores(&catalog, |_| Box::new(Fallback));
    let heuristic = scores(&catalog, |_| Box::new(Heuristic::default()));
    let oracle = scores(&catalog, |scenario| Box::new(Scripted::new(scenario.oracle())));
    assert!(random < fallback, "random {random}, fallback {fallback}");
    assert!(fallback < 0.6, "the safety net must not look like skill: {fallback}");
    assert!(heuristic >= 0.9, "heuristic {heuristic}");
    assert!(heuristic < oracle, "heuristic {heuristic}");
    for scenario in catalog.scenarios() {
        let mut policy = Scripted::new(scenario.oracle());
        assert_eq!(score(&mut reset(scenario), &mut policy), Points::ONE, "{}", scenario.id());
    }
}

/// Plays steps, and returns the score of each and the whole last outcome.
fn walk(id: &str, steps: &[(&str, Value)]) -> (Vec<f64>, Value) {
    let catalog = classic();
    let mut episode = play(&catalog, id);
    let mut scores = Vec::new();
    let mut last = Value::Null;
    for (kind, parameters) in steps {
        last = serde_json::to_value(episode.step(&act(kind, parameters.clone()))).unwrap();
        scores.push(last["reward"]["score"].as_f64().unwrap());
    }
    (scores, last)
}

fn text<'a>(outcome: &'a Value, kind: &str, service: &str) -> &'a str {
    outcome["observation"]["queried_data"][kind][service].as_str().unwrap()
}

#[test]
fn walkthrough_of_a_severity() {
    let steps = [
        ("check_metrics", json!({"service": "recommendation-service"})),
        ("submit_severity", json!({"severity": "P3"})),
    ];
    let (scores, last) = walk("AC-003", &steps);
    assert_eq!(json!(scores), json!([0.04, 1.02]));
    assert_eq!(last["info"]["grader"]["total"], json!(1.0));
    assert_eq!(last["info"]["shaping"], json!(0.02));
    assert_eq!(last["reward"]["cumulative"], json!(1.06));
    let metrics = text(&last, "check_metrics", "recommendation-service");
    let says = |subject: &str, words: &str| metrics.lines().any(|row| row.starts_with(subject) && row.contains(words));
    assert!(says("user impact", "none") && says("revenue", "unchanged") && says("checkout", "100 %"), "{metrics}");
}

#[test]
fn walkthrough_of_a_root_cause() {
    let steps = [
        ("query_logs", json!({"service": "postgres-db"})),
        ("query_logs", json!({"service": "analytics-service"})),
        ("check_recent_deploys", json!({"service": "analytics-service"})),
        (
            "submit_root_cause",
            json!({"service": "analytics-service", "failure_mode": "unbounded query OOM killing postgres-db"}),
        ),
    ];
    let (scores, last) = walk("RCA-001", &steps);
    assert_eq!(json!(scores), json!([0.04, 0.04, 0.02, 0.9867]));
    assert_eq!(last["info"]["grader"]["total"], json!(0.9667));
    assert_eq!(last["info"]["grader"]["breakdown"]["efficiency_bonus"], json!(0.3667));
    assert!(text(&last, "query_logs", "postgres-db").contains("analytics-service"));
    let logs = text(&last, "query_logs", "analytics-service");
    assert!(logs.contains("full_history_export") && logs.contains("847M") && logs.contains("no LIMIT"), "{logs}");
    assert!(text(&last, "check_recent_deploys", "analytics-service").contains("6 h ago"));
}

#[test]
fn walkthrough_of_a_repair() {
    let service = |kind: &'static str, name: &str| (kind, json!({ "service": name }));
    let steps = [
        service("query_logs", "postgres-db"),
        service("query_logs", "analytics-service"),
        ("disable_feature_flag", json!({"flag": "full_history_export"})),
        service("restart_service", "analytics-service"),
        service("restart_service", "postgres-db"),
        service("restart_service", "auth-service"),
        service("restart_service", "order-service"),
        ("execute_runbook_step", json!({"runbook_action": "verify_db_health"})),
        (
            "submit_resolution",
            json!({"summary": "The unbounded full_history_export of analytics-service exhausted the memory of \
                postgres-db. The flag was disabled, four services restarted; the database has recovered."}),
        ),
    ];
    let (scores, last) = walk("RP-001", &steps);
    // From step 8 on the episode is past half.
    assert_eq!(json!(scores), json!([0.03, 0.03, 0.06, 0.06, 0.06, 0.06, 0.06, 0.04, 1.02]));
    assert_eq!(last["info"]["grader"]["total"], json!(1.0));
    // The play reads postgres-db's log before its RP-001 text may name the culprit.
    assert!(!text(&last, "query_logs", "postgres-db").contains("analytics-service"));
    let verified = text(&last, "execute_runbook_step", "verify_db_health");
    assert!(!verified.to_lowercase().contains("fail"), "{verified}");
}

#[test]
fn the_wrong_order_does_not_repair_the_world() {
    let catalog = classic();
    let mut episode = play(&catalog, "RP-001");
    let status = |episode: &mut Episode| {
        let query = act("check_service_status", json!({"service": "postgres-db"}));
        serde_json::to_value(episode.step(&query)).unwrap()["observation"]["queried_data"]["check_service_status"]
            ["postgres-db"]
            .clone()
    };
    let broken = status(&mut episode);
    episode.step(&act("restart_service", json!({"service": "postgres-db"})));
    let still = status(&mut episode);
    assert!(still.as_str().unwrap().contains("OOMKilled"), "restarted while the export runs: {still}");
    episode.step(&act("disable_feature_flag", json!({"flag": "full_history_export"})));
    episode.step(&act("restart_service", json!({"service": "analytics-service"})));
    episode.step(&act("restart_service", json!({"service": "postgres-db"})));
    let healthy = status(&mut episode);
    assert_ne!(broken, healthy);
    assert!(healthy.as_str().unwrap().contains("1/1 ready"), "{healthy}");
}

type Names = &'static [&'static str];

/// The planning scenarios: the remediations that count as right and as wrong, the runbooks and the flags of each.
const PLANNING: [(&str, Names, Names, Names, Names); 3] = [
    (
        "RP-001",
        &[
            "disable_feature_flag:full_history_export",
            "restart_service:analytics-service",
            "restart_service:postgres-db",
            "restart_service:auth-service",
            "restart_service:order-service",
            "execute_runbook_step:verify_db_health",
        ],
        &[
            "restart_service:api-gateway",
            "restart_service:notification-service",
            "restart_service:redis-session",
            "clear_cache:redis-session",
            "scale_service:postgres-db",
            "rollback_deploy:auth-service",
            "rollback_deploy:product-service",
            "rollback_deploy:postgres-db",
        ],
        &["verify_db_health", "check_service_recovery", "failover_to_replica", "vacuum_full", "rotate_db_credentials"],
        &["full_history_export", "new_checkout_ui", "async_notifications"],
    ),
    (
        "RP-002",
        &[
            "execute_runbook_step:restore_bgp_routes",
            "rollback_deploy:network-infra",
            "execute_runbook_step:verify_cross_az_connectivity",
            "execute_runbook_step:verify_checkout_recovery",
        ],
        &[
            "restart_service:payment-service",
            "restart_service:order-service",
            "restart_service:api-gateway",
            "restart_service:cdn-edge",
            "restart_service:fraud-detection-service",
            "scale_service:payment-service",
            "clear_cache:redis-payment-cache",
            "rollback_deploy:api-gateway",
            "rollback_deploy:postgres-db",
        ],
        &[
            "restore_bgp_routes",
            "verify_cross_az_connectivity",
            "verify_checkout_recovery",
            "drain_az1",
            "failover_payment_region",
            "flush_dns_cache",
        ],
        &["payment_retry_v2", "zone_affinity"],
    ),
    (
        "RP-003",
        &[
            "rollback_deploy:config-service",
            "execute_runbook_step:trigger_credential_rotation",
            "restart_service:user-service",
            "restart_service:notification-service",
            "restart_service:order-service",
            "execute_runbook_step:verify_db_connectivity",
            "execute_runbook_step:verify_api_recovery",
        ],
        &[
            "restart_service:postgres-db",
            "restart_service:api-gateway",
            "restart_service:product-service",
            "restart_service:redis-session",
            "scale_service:postgres-db",
            "rollback_deploy:user-service",
            "rollback_deploy:order-service",
            "clear_cache:redis-session",
        ],
        &[
            "trigger_credential_rotation",
            "verify_db_connectivity",
            "verify_api_recovery",
            "raise_max_connections",
            "flush_pgbouncer",
            "restore_from_backup",
        ],
        &["profile_endpoint_v2", "secrets_cache"],
    ),
];

#[test]
fn every_remediation_counts_as_the_rules_say() {
    let catalog = classic();
    for (id, right, wrong, runbooks, flags) in PLANNING {
        let briefing = catalog.scenario(id).unwrap().briefing();
        let sorted = |names: &[&str]| {
            let mut names: Vec<_> = names.iter().map(ToString::to_string).collect();
            names.sort();
            names
        };
        let listed = |names: &[std::sync::Arc<str>]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(listed(&briefing.runbooks), sorted(runbooks), "{id}");
        assert_eq!(listed(&briefing.flags), sorted(flags), "{id}");
        // Every remediation that can be written down gives the signal that the lists say, and no other one.
        for kind in Remediation::ALL {
            let targets = match kind {
                Remediation::DisableFeatureFlag => &briefing.flags,
                Remediation::ExecuteRunbookStep => &briefing.runbooks,
                _ => &briefing.services,
            };
            for target in targets {
                let key = format!("{kind}:{target}");
                let action = act(kind.as_str(), json!({ kind.target_parameters()[0]: &**target }));
                let mut episode = play(&catalog, id);
                let signals: Vec<_> =
                    episode.step(&action).reward.reason.signals().map(|(signal, _)| signal.as_str()).collect();
                let expected: &[&str] = match &*key {
                    key if right.contains(&key) => &["rem_good"],
                    key if wrong.contains(&key) => &["rem_wrong"],
                    _ => &[],
                };
                assert_eq!(signals, expected, "{id} {key}");
            }
        }
    }
}

#[test]
fn answers_of_the_classic_graders() {
    for (id, severity) in [("AC-001", "P1"), ("AC-002", "P2"), ("AC-003", "P3")] {
        let (_, last) = walk(id, &[("submit_severity", json!({ "severity": severity }))]);
        assert_eq!(last["info"]["grader"]["total"], json!(1.0), "{id}");
    }
    for (id, service, modes) in [
        (
            "RCA-001",
            "analytics-service",
            &["unbounded", "query", "oom", "out of memory", "memory", "limit", "full_history_export", "export", "scan"]
                as &[&str],
        ),
        ("RCA-002", "network-infra", &["bgp", "route", "routing", "withdraw", "partition", "export filter", "prefix"]),
        ("RCA-003", "config-service", &["credential", "rotat", "secret", "stale", "password"]),
    ] {
        for mode in modes {
            let submission = json!({"service": service, "failure_mode": format!("it was the {mode}.")});
            let (_, last) = walk(id, &[("submit_root_cause", submission)]);
            assert_eq!(last["info"]["grader"]["total"], json!(0.6), "{id} {mode}");
        }
        let (_, last) = walk(id, &[("submit_root_cause", json!({"service": service, "failure_mode": "it broke"}))]);
        assert_eq!(last["info"]["grader"]["total"], json!(0.35), "{id}");
    }
    for (id, terms) in [
        (
            "RP-001",
            &[
                "analytics",
                "oom",
                "memory",
                "postgres",
                "query",
                "full_history_export",
                "disabled",
                "restarted",
                "recovered",
                "unbounded",
                "crash",
                "kill",
            ] as &[&str],
        ),
        (
            "RP-002",
            &[
                "bgp",
                "network",
                "route",
                "rollback",
                "rolled back",
                "partition",
                "restored",
                "az-1",
                "az-2",
                "az-3",
                "checkout",
                "withdraw",
                "config",
                "advertisement",
                "export",
            ],
        ),
        (
            "RP-003",
            &[
                "config",
                "credential",
                "rotation",
                "stale",
                "password",
                "authentication",
                "rollback",
                "rolled back",
                "v3.2.1",
                "restarted",
                "recovered",
                "push",
                "secret",
                "template",
            ],
        ),
    ] {
        let look = ("query_logs", json!({"service": "api-gateway"}));
        let all = json!({"summary": terms.join(" / ")});
        let (_, last) = walk(id, &[look, ("submit_resolution", all)]);
        assert_eq!(last["info"]["grader"]["breakdown"]["summary_keywords_hit"], json!(terms.len()), "{id}");
    }
}

/// The facts that the evidence at the start must carry: scenario, diagnostic, service, words.
const FACTS: [(&str, Diagnostic, &str, &[&str]); 33] = [
    ("AC-001", Diagnostic::CheckMetrics, "api-gateway", &["78", "0.1 %", "30"]),
    ("AC-001", Diagnostic::CheckMetrics, "auth-service", &["94", "28", "847"]),
    ("AC-001", Diagnostic::CheckRecentDeploys, "auth-service", &["47 min ago", "pool"]),
    ("AC-001", Diagnostic::CheckMetrics, "postgres-db", &["500", "98", "89"]),
    ("AC-001", Diagnostic::CheckDependencies, "api-gateway", &["auth-service"]),
    ("AC-001", Diagnostic::CheckDependencies, "auth-service", &["postgres-db"]),
    ("AC-002", Diagnostic::CheckMetrics, "cdn-edge", &["94", "3"]),
    ("AC-002", Diagnostic::QueryLogs, "cdn-edge", &["/*"]),
    ("AC-002", Diagnostic::CheckRecentDeploys, "cdn-edge", &["2 h ago", "cron"]),
    ("AC-002", Diagnostic::CheckMetrics, "image-service", &["95", "91", "18"]),
    ("AC-002", Diagnostic::CheckMetrics, "product-service", &["12"]),
    ("AC-003", Diagnostic::CheckRecentDeploys, "recommendation-service", &["v2.4", "3 h ago"]),
    ("AC-003", Diagnostic::CheckMetrics, "redis-reco-cache", &["88", "34"]),
    ("RCA-001", Diagnostic::CheckRecentDeploys, "postgres-db", &["3 weeks ago"]),
    ("RCA-001", Diagnostic::CheckRecentDeploys, "auth-service", &["2 h ago", "log format"]),
    ("RCA-001", Diagnostic::CheckRecentDeploys, "product-service", &["3 days ago", "lazi"]),
    ("RCA-001", Diagnostic::CheckMetrics, "redis-session", &["99.2", "42"]),
    ("RCA-001", Diagnostic::CheckMetrics, "notification-service", &["8"]),
    ("RCA-001", Diagnostic::QueryLogs, "postgres-db", &["10.0.5.47", "kill 4"]),
    ("RP-001", Diagnostic::QueryLogs, "postgres-db", &["10.0.5.47", "app=analytics"]),
    ("RP-001", Diagnostic::CheckServiceStatus, "analytics-service", &["10.0.5.47"]),
    ("RP-001", Diagnostic::QueryLogs, "analytics-service", &["31GB", "847M", "full_history_export"]),
    ("RCA-002", Diagnostic::QueryLogs, "order-service", &["no route to host"]),
    ("RCA-002", Diagnostic::QueryLogs, "network-infra", &["10.0.2.1", "10.0.3.1", "10.0.1.0/24", "export filter"]),
    ("RCA-002", Diagnostic::CheckRecentDeploys, "api-gateway", &["1 day ago", "tracing"]),
    ("RCA-002", Diagnostic::CheckRecentDeploys, "postgres-db", &["5 days ago", "shared_buffers"]),
    ("RCA-002", Diagnostic::CheckMetrics, "cdn-edge", &["91"]),
    ("RP-002", Diagnostic::CheckRecentDeploys, "network-infra", &["18 min ago"]),
    ("RCA-003", Diagnostic::QueryLogs, "user-service", &["app_user", "08:12:00", "config-service"]),
    ("RCA-003", Diagnostic::QueryLogs, "config-service", &["08:12:00", "v3.2.1", "order-service"]),
    ("RCA-003", Diagnostic::CheckRecentDeploys, "config-service", &["v3.2.1", "2 h ago"]),
    ("RCA-003", Diagnostic::CheckRecentDeploys, "user-service", &["4 h ago", "profile"]),
    ("RP-003", Diagnostic::CheckRecentDeploys, "order-service", &["1 day ago", "mail"]),
];

#[test]
fn evidence_carries_the_facts() {
    for (id, kind, service, words) in FACTS {
        let (_, outcome) = walk(id, &[(kind.as_str(), json!({ "service": service }))]);
        let text = text(&outcome, kind.as_str(), service);
        for word in words {
            assert!(text.contains(word), "{id} {kind} {service}: '{word}' is missing in\n{text}");
        }
    }
}

/// Before anything was read, an observation holds no answer; the names that an answer needs are all listed.
#[test]
fn nothing_is_given_away_and_every_name_can_be_found() {
    let catalog = classic();
    for scenario in catalog.scenarios() {
        let first = serde_json::to_value(reset(scenario).observation()).unwrap();
        let list = |key: &str| first[key].as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned());
        let names: Vec<_> =
            list("known_services").chain(list("available_runbooks")).chain(list("feature_flags")).collect();
        for action in scenario.oracle() {
            let needed = match action.kind() {
                ActionKind::Submission(_) => action.text("service"),
                _ => action.target(),
            };
            if let Some(needed) = needed {
                assert!(names.iter().any(|name| name == needed), "{}: {needed} is listed nowhere", scenario.id());
            }
        }
        // The key's own words never occur in an observation: no reading tells right from wrong.
        let text = first.to_string();
        for key in ["correct_", "wrong_actions", "truth", "goal\"", "failure_mode_terms", "resolution_terms"] {
            assert!(!text.contains(key), "{}: {key}", scenario.id());
        }
        let mut sorted = names.clone();
        sorted.dedup();
        assert_eq!(sorted, names);
    }
}

#[test]
fn every_pair_has_a_reading_of_some_substance() {
    let catalog = classic();
    for scenario in catalog.scenarios() {
        for kind in &scenario.briefing().task.actions {
            let ActionKind::Diagnostic(kind) = kind else { continue };
            for service in &scenario.briefing().services {
                let mut episode = reset(scenario);
                episode.step(&act(kind.as_str(), json!({ "service": &**service })));
                let reading = episode.observation().reading(*kind, service).unwrap();
                assert!(reading.len() > 20, "{} {kind} {service}: {reading}", scenario.id());
                if *kind == Diagnostic::QueryLogs {
                    let stamped = reading.lines().filter(|line| line.starts_with("2024-03-15T")).count();
                    assert!(stamped >= 4, "{} {service}: {stamped} log lines", scenario.id());
                }
                if *kind == Diagnostic::CheckMetrics {
                    let numbers = reading.chars().filter(char::is_ascii_digit).count();
                    assert!(numbers >= 10, "{} {service}: {reading}", scenario.id());
                }
            }
        }
    }
}

/// If the sealed part of its file has other answers, an episode looks the same, and the heuristic does the same.
#[test]
fn the_heuristic_cannot_reach_the_answer_key() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/incident-env/scenarios");
    for (file, from, to) in [
        ("alert_classification/AC-001.toml", "severity = \"P1\"", "severity = \"P4\""),
        ("root_cause_analysis/RCA-001.toml", "root_cause = \"analytics-service\"", "root_cause = \"redis-session\""),
        (
            "remediation_planning/RP-001.toml",
            "\"disable_feature_flag:full_history_export\"",
            "\"disable_feature_flag:new_checkout_ui\"",
        ),
    ] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let turned = text.replacen(from, to, 1);
        assert_ne!(text, turned, "{file} has no {from}");
        let actions = |text: String| {
            let catalog = Catalog::of(vec![Source { file: file.to_owned(), text }]).unwrap();
            let mut episode = reset(&catalog.scenarios()[0]);
            let score = score(&mut episode, &mut Heuristic::default());
            let actions: Vec<_> = episode.trajectory().0.iter().map(|step| step.action.to_string()).collect();
            (actions, score)
        };
        let (with_key, high) = actions(text);
        let (with_other_key, low) = actions(turned);
        assert_eq!(with_key, with_other_key, "{file}");
        assert!(low < high, "{file}: the graders follow the key, {low} is not below {high}");
    }
}

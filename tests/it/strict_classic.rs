//! Tests of the strict grader on the nine classic scenarios: which answers earn points, which do not, and that the
//! exploits of the classic grader earn almost nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use incident_env::{Action, Catalog, Episode, EpisodeId, Points, Scenario, TaskId};
use serde_json::{Value, json};

fn catalog() -> Catalog {
    Catalog::embedded().unwrap()
}

fn act(kind: &str, parameters: Value) -> Action {
    Action::from_value(json!({ "action_type": kind, "parameters": parameters })).unwrap()
}

/// Makes an action from a key such as `check_metrics:auth-service`, `restart_service:x`, `execute_runbook_step:y` or
/// `disable_feature_flag:z`.
fn key(key: &str) -> Action {
    let (kind, target) = key.split_once(':').unwrap();
    let parameter = match kind {
        "execute_runbook_step" => "runbook_action",
        "disable_feature_flag" => "flag",
        _ => "service",
    };
    act(kind, json!({ parameter: target }))
}

/// Returns the classic and the strict score of these actions, and the strict breakdown.
fn graded(scenario: &Arc<Scenario>, actions: &[Action]) -> (f64, f64, Value) {
    let mut episode = Episode::reset(scenario, EpisodeId::nil());
    for action in actions {
        episode.step(action);
    }
    let strict = episode.strict_grade().unwrap();
    (episode.grade_now().total.to_f64(), strict.total.to_f64(), serde_json::to_value(strict.breakdown).unwrap())
}

fn of(id: &str, actions: &[Action]) -> (f64, f64, Value) {
    graded(catalog().scenario(id).unwrap(), actions)
}

#[test]
fn the_oracle_earns_everything_by_both_graders() {
    for scenario in catalog().scenarios() {
        let (classic, strict, parts) = graded(scenario, &scenario.oracle());
        assert_eq!((classic, strict), (1.0, 1.0), "{}: {parts}", scenario.id());
    }
}

/// Lists plays for which the classic grader gives points although the incident was not understood.
fn exploits(scenario: &Scenario) -> Vec<(&'static str, Vec<Action>)> {
    let names: Vec<&str> = scenario.briefing().services.iter().map(|name| &**name).collect();
    let alerted = scenario.briefing().alert.affected_services[0].as_str();
    let look = act("query_logs", json!({ "service": names[0] }));
    let all = names.join(" ");
    let words = "analytics oom memory postgres query full_history_export disabled restarted recovered unbounded crash kill \
                 bgp network route rollback partition restored checkout withdraw config advertisement export prefix \
                 credential rotation stale password authentication push secret template scan limit";
    let denied = "It was not analytics: no oom, no unbounded query, no memory problem, no export, no bgp route was withdrawn, \
                  no partition, no stale credential, no password rotation. Nothing was restarted, disabled or rolled back.";
    let answer = |service: &str, text: &str| match scenario.task() {
        TaskId::AlertClassification => act("submit_severity", json!({ "severity": text })),
        TaskId::RootCauseAnalysis => act("submit_root_cause", json!({ "service": service, "failure_mode": text })),
        TaskId::RemediationPlanning => act("submit_resolution", json!({ "summary": text })),
    };
    let nonsense = ["make_it_work", "verify everything", "fix", "rollback", "restore_bgp_routes_now"];
    let nonsense = nonsense.iter().map(|step| act("execute_runbook_step", json!({ "runbook_action": step })));
    let restarts = names.iter().map(|name| act("restart_service", json!({ "service": name })));
    let flags = scenario.briefing().flags.iter().map(|flag| act("disable_feature_flag", json!({ "flag": flag })));
    let end = |steps: Vec<Action>, last: Action| [steps, vec![last]].concat();
    vec![
        ("a name that holds all names", end(vec![look.clone()], answer(&all, words))),
        ("a part of every name", end(vec![look.clone()], answer("service", words))),
        (
            "the first alerted service",
            end(vec![look.clone()], answer(&scenario.briefing().alert.affected_services[0], words)),
        ),
        ("keyword soup", end(vec![look.clone()], answer(names[0], words))),
        ("a denied summary", end(vec![look.clone()], answer(alerted, denied))),
        ("nonsense runbooks", end(nonsense.collect(), answer(names[0], words))),
        ("restart everything", end(restarts.chain(flags).collect(), answer(names[0], words))),
        ("nothing", vec![]),
    ]
}

#[test]
fn what_exploits_the_classic_grader_earns_less_than_a_tenth() {
    let catalog = catalog();
    let mut worst_classic: f64 = 0.0;
    for number in 0..exploits(&catalog.scenarios()[0]).len() {
        let mut totals = (0.0, 0.0);
        for scenario in catalog.scenarios() {
            let (name, actions) = exploits(scenario).swap_remove(number);
            let (classic, strict, parts) = graded(scenario, &actions);
            assert!(strict <= 0.1, "{name} on {}: {strict}, {parts}", scenario.id());
            totals = (totals.0 + classic / 9.0, totals.1 + strict / 9.0);
        }
        let name = exploits(&catalog.scenarios()[0])[number].0;
        println!("{name:<30} classic {:.3}  strict {:.3}", totals.0, totals.1);
        assert!(totals.1 < 0.1, "{name}: {totals:?}");
        worst_classic = worst_classic.max(totals.0);
    }
    // Otherwise they would not be exploits.
    assert!(worst_classic > 0.25, "{worst_classic}");
}

#[test]
fn a_severity_without_a_reading_of_the_impact_is_a_guess() {
    let severity = |level: &str| act("submit_severity", json!({ "severity": level }));
    for (looks, level, expected) in [
        (vec![], "P2", 0.25),
        (vec!["check_recent_deploys:cdn-edge"], "P2", 0.25),
        (vec!["check_metrics:cdn-edge"], "P2", 1.0),
        (vec!["check_metrics:cdn-edge"], "p2", 1.0),
        (vec!["check_metrics:cdn-edge"], "P1", 0.3),
        (vec!["check_metrics:cdn-edge"], "P3", 0.1),
        (vec!["check_metrics:cdn-edge"], "P4", 0.0),
        (vec!["check_metrics:cdn-edge"], "severe", 0.0),
    ] {
        let actions: Vec<_> = looks.iter().map(|look| key(look)).chain([severity(level)]).collect();
        assert_eq!(Points::round(of("AC-002", &actions).1), Points::round(expected), "{looks:?} {level}");
    }
}

#[test]
fn a_root_cause_is_weighed_part_by_part() {
    let both = ["query_logs:analytics-service", "check_metrics:postgres-db"];
    let right = json!({ "service": "analytics-service", "failure_mode": "unbounded export query takes all memory" });
    let with = |change: Value| {
        let mut parameters = right.clone();
        parameters.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        parameters
    };
    for (what, looks, parameters, expected) in [
        ("all", &both[..], right.clone(), 1.0),
        ("one clue of two", &both[..1], right.clone(), 1.0),
        ("no clue", &[], right.clone(), 0.25),
        ("an alias", &both[..], with(json!({ "service": "analytics" })), 0.0),
        ("another spelling", &both[..], with(json!({ "service": "Analytics_Service" })), 0.0),
        ("two names", &both[..], with(json!({ "service": "analytics-service, postgres-db" })), 0.0),
        ("a wrong service", &both[..], with(json!({ "service": "postgres-db" })), 0.0),
        ("no mechanism", &both[..], with(json!({ "failure_mode": "broken" })), 0.35),
        ("one of the same group", &both[..], with(json!({ "failure_mode": "a memory leak" })), 0.50 / 0.65),
        ("its id", &both[..], with(json!({ "mechanism": "unbounded_query_oom", "failure_mode": "" })), 1.0),
        ("what it was not", &both[..], with(json!({ "failure_mode": "no unbounded query, no memory problem" })), 0.35),
        (
            "every mechanism there is",
            &both[..],
            with(json!({ "failure_mode": "unbounded query memory, bgp route withdrawn, stale password, dns" })),
            0.0,
        ),
        ("another id", &both[..], with(json!({ "mechanism": "route_withdrawal" })), 0.35),
        ("a right trigger", &both[..], with(json!({ "trigger": "v5.3.0" })), 1.0),
        ("a wrong trigger", &both[..], with(json!({ "trigger": "v3.9.0" })), 0.65 / 0.80),
        (
            "a path",
            &both[..],
            with(json!({ "path": ["api-gateway", "auth-service", "postgres-db", "analytics-service"] })),
            1.0,
        ),
        ("the path as a text", &both[..], with(json!({ "path": "analytics-service, postgres-db" })), 1.0),
        ("a wrong path", &both[..], with(json!({ "path": ["api-gateway", "analytics-service"] })), 0.65 / 0.75),
        ("sure and right", &both[..], with(json!({ "confidence": 1.0 })), 1.0),
        ("unsure and right", &both[..], with(json!({ "confidence": 0.5 })), 1.0),
        ("what was read is cited", &both[..], with(json!({ "evidence": both })), 1.0),
        ("half of it is cited", &both[..], with(json!({ "evidence": both[..1] })), 0.70 / 0.75),
        ("cited and never read", &[], with(json!({ "evidence": both })), 0.25),
        (
            "one citation too many",
            &both[..],
            with(json!({ "evidence": [both[0], both[1], "query_logs:auth-service"] })),
            1.0,
        ),
        (
            "three citations too many",
            &both[..],
            with(json!({ "evidence": [both[0], both[1], "query_logs:auth-service", "query_logs:x", "anything"] })),
            (0.65 + 0.10 * 0.8) / 0.75,
        ),
    ] {
        let actions: Vec<_> =
            looks.iter().map(|look| key(look)).chain([act("submit_root_cause", parameters)]).collect();
        let (_, strict, parts) = of("RCA-001", &actions);
        assert_eq!(Points::round(strict), Points::round(expected), "{what}: {parts}");
    }
}

#[test]
fn a_repair_is_judged_by_the_state_that_it_leaves() {
    let diagnosis = ["query_logs:config-service", "query_logs:user-service"];
    let fix = [
        "rollback_deploy:config-service",
        "execute_runbook_step:trigger_credential_rotation",
        "restart_service:user-service",
        "restart_service:notification-service",
        "restart_service:order-service",
    ];
    let check = ["execute_runbook_step:verify_db_connectivity", "execute_runbook_step:verify_api_recovery"];
    let backwards: Vec<_> = fix.iter().rev().copied().collect();
    let done = act("submit_resolution", json!({ "summary": "done" }));
    for (what, keys, low, high) in [
        ("all of it", [&diagnosis[..], &fix[..], &check[..]].concat(), 1.0, 1.0),
        (
            "read again instead of checked",
            [&diagnosis[..], &fix[..], &["check_metrics:api-gateway", "check_metrics:postgres-db"]].concat(),
            1.0,
            1.0,
        ),
        ("unverified", [&diagnosis[..], &fix[..]].concat(), 0.8235, 0.8236),
        ("verified too early", [&diagnosis[..], &check[..], &fix[..]].concat(), 0.8235, 0.8236),
        ("undiagnosed", [&fix[..], &check[..]].concat(), 0.60, 0.60),
        ("diagnosed afterwards", [&fix[..], &diagnosis[..], &check[..]].concat(), 0.60, 0.60),
        ("backwards", [&diagnosis[..], &backwards[..], &check[..]].concat(), 0.0, 0.6),
        (
            "a wrong change besides",
            [&diagnosis[..], &["restart_service:postgres-db"], &fix[..], &check[..]].concat(),
            0.85,
            0.85,
        ),
        (
            "two useless ones besides",
            [&diagnosis[..], &["scale_service:user-service", "clear_cache:user-service"], &fix[..], &check[..]]
                .concat(),
            0.7,
            0.8,
        ),
        ("half of it", [&diagnosis[..], &fix[..2], &check[..]].concat(), 0.5, 0.7),
        ("nothing", diagnosis.to_vec(), 0.0, 0.0),
        (
            "names of nothing",
            [&diagnosis[..], &["restart_service:mail", "execute_runbook_step:mend"]].concat(),
            0.0,
            0.0,
        ),
    ] {
        let actions: Vec<_> = keys.iter().map(|look| key(look)).chain([done.clone()]).collect();
        let (_, strict, parts) = of("RP-003", &actions);
        assert!((low..=high).contains(&strict), "{what}: {strict}, {parts}");
    }
    // A mechanism counts where it is named.
    for (mechanism, expected) in [("stale_credential_push", 1.0), ("bad_config_push", 0.85), ("dns_misconfig", 0.85)] {
        let answer = act("submit_resolution", json!({ "summary": "done", "mechanism": mechanism }));
        let actions = [&diagnosis[..], &fix[..], &check[..]].concat().into_iter().map(key).chain([answer]);
        let (_, strict, parts) = of("RP-003", &actions.collect::<Vec<_>>());
        assert_eq!(Points::round(strict), Points::round(expected), "{mechanism}: {parts}");
    }
}

#[test]
fn the_closed_list_is_that_of_the_fault_families() {
    let listed = incident_env::mechanisms().iter().map(|one| (one.id.as_str(), one.group.as_str()));
    let library = incident_generate::Library::embedded().unwrap();
    let families = library.families.iter().map(|one| (one.id.as_str(), one.group.as_str()));
    assert_eq!(listed.collect::<BTreeSet<_>>(), families.collect::<BTreeSet<_>>());
}

#[test]
fn a_scenario_of_ones_own_says_what_is_wrong_with_its_strict_part() {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/crates/incident-env/scenarios/root_cause_analysis/RCA-001.toml"
    ))
    .unwrap();
    let parse = |strict: &str| {
        let file = "mine.toml".to_owned();
        let text = format!("{text}\n[strict]\n{strict}\n");
        Catalog::of(vec![incident_env::Source { file, text }]).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(parse("mechanism = \"unbounded_query_oom\"\nclues = [[\"query_logs:postgres-db\"]]"), Ok(()));
    for (strict, said) in [
        ("", "strict.mechanism: is missing"),
        ("", "strict.clues: is missing"),
        ("mechanism = \"bad luck\"", "unknown mechanism 'bad luck'; there are unbounded_query_oom"),
        ("clues = [[]]", "strict.clues: a list is empty"),
        ("clues = [[\"query_logs:db\"]]", "unknown service 'db'"),
        ("clues = [[\"logs\"]]", "'logs' is no reading"),
        ("clues = [[\"execute_runbook_step:x\"]]", "neither a reading nor a runbook step"),
        ("acts = [[\"a\", \"postgres-db\"]]", "strict.acts: unknown service 'a'"),
        ("impact = [\"query_logs:postgres-db\"]", "strict.impact: belongs to alert_classification"),
        ("durable = [\"!x\"]", "strict.durable: belongs to remediation_planning"),
        ("extra = 1", "unknown field `extra`"),
    ] {
        let error = parse(strict).unwrap_err();
        assert!(error.contains(said), "{strict}: {error}");
    }
}

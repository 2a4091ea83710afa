//! Tests of properties of any play: no panic, sums that add up, scores in range, the same bytes for the same actions.

use std::sync::LazyLock;

use incident_env::{Action, Catalog, Episode, EpisodeId, Points, Scenario};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

static CLASSIC: LazyLock<Catalog> = LazyLock::new(|| Catalog::embedded().unwrap());

/// Makes any JSON value, including deep and unusual ones.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|n| serde_json::Number::from_f64(n).map_or(Value::Null, Value::Number)),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".{0,8}", inner), 0..4).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

const KINDS: [&str; 17] = [
    "query_logs",
    "check_metrics",
    "check_dependencies",
    "check_recent_deploys",
    "check_service_status",
    "restart_service",
    "rollback_deploy",
    "scale_service",
    "disable_feature_flag",
    "clear_cache",
    "execute_runbook_step",
    "submit_severity",
    "submit_root_cause",
    "submit_resolution",
    "Query_Logs",
    "",
    "nap",
];
const KEYS: [&str; 10] = [
    "service",
    "severity",
    "failure_mode",
    "summary",
    "flag",
    "runbook_action",
    "target",
    "replicas",
    "reasoning",
    "x",
];

/// Makes actions that are nearly right: real kinds and names with odd spellings, mixed with invalid ones.
fn near_action() -> impl Strategy<Value = Value> {
    let kinds = prop::sample::select(KINDS.to_vec());
    let names = prop::sample::select(vec![
        "postgres-db",
        "POSTGRES DB",
        "analytics-service",
        "network_infra",
        "config-service",
        "api-gateway",
        "full_history_export",
        "restore_bgp_routes",
        "verify-db-health",
        "P1",
        "p3 ",
        "",
        "  ",
        "nobody",
        "postgres",
    ]);
    let keys = prop::sample::select(KEYS.to_vec());
    let value = prop_oneof![8 => names.prop_map(Value::from), 1 => any_json()];
    (kinds, prop::collection::vec((keys, value), 0..3)).prop_map(|(kind, pairs)| {
        let parameters: Map<_, _> = pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        json!({"action_type": kind, "parameters": parameters})
    })
}

fn scenario(index: usize) -> &'static std::sync::Arc<Scenario> {
    &CLASSIC.scenarios()[index % CLASSIC.scenarios().len()]
}

/// Plays the values that are actions, and returns everything that an agent was sent, with the episode.
fn transcript(scenario: &std::sync::Arc<Scenario>, values: &[Value]) -> (String, Episode) {
    let mut episode = Episode::reset(scenario, EpisodeId::nil());
    let mut text = serde_json::to_string(episode.observation()).unwrap();
    for action in values.iter().filter_map(|value| Action::from_value(value.clone()).ok()) {
        text += &serde_json::to_string(&episode.step(&action)).unwrap();
        text += &serde_json::to_string(&episode.state()).unwrap();
    }
    (text, episode)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_value_is_an_action_or_refused(value in any_json()) {
        let _ = Action::from_value(value);
    }

    #[test]
    fn any_parameters_of_any_kind_are_a_step_or_refused(
        kind in prop_oneof![".{0,20}", prop::sample::select(KINDS.to_vec()).prop_map(str::to_owned)],
        keys in prop::collection::vec(prop::sample::select(KEYS.to_vec()), 0..4),
        values in prop::collection::vec(any_json(), 4),
        texts in prop::collection::vec(".{0,40}", 4),
        as_text: bool,
        index in 0_usize..9,
    ) {
        // Texts under known keys always make an action; other values may be refused, and must not panic.
        let value = |n: usize| if as_text { Value::from(texts[n].clone()) } else { values[n].clone() };
        let parameters: Map<_, _> =
            keys.iter().enumerate().map(|(n, key)| ((*key).to_owned(), value(n))).filter(|(key, _)| key != "replicas").collect();
        let action = Action::from_value(json!({"action_type": kind, "parameters": parameters}));
        prop_assert!(action.is_ok() || !as_text);
        if let Ok(action) = action {
            let mut episode = Episode::reset(scenario(index), EpisodeId::nil());
            while !episode.is_done() {
                episode.step(&action);
            }
        }
    }

    #[test]
    fn plays_add_up_and_repeat(values in prop::collection::vec(near_action(), 1..20), index in 0_usize..9) {
        let scenario = scenario(index);
        let mut episode = Episode::reset(scenario, EpisodeId::nil());
        let (mut sum, mut ended) = (Points::ZERO, false);
        for action in values.iter().filter_map(|value| Action::from_value(value.clone()).ok()) {
            let before = serde_json::to_string(&episode.state()).unwrap();
            let outcome = episode.step(&action);
            let (reward, done) = (outcome.reward, outcome.done);
            sum += reward.score;
            prop_assert_eq!(reward.cumulative, sum);
            let signals: Points = reward.reason.signals().map(|(_, points)| points).sum();
            prop_assert_eq!(reward.score, signals + reward.reason.grade().unwrap_or_default());
            prop_assert!(!ended || done, "done is absorbing");
            if ended {
                prop_assert_eq!(reward.score, Points::ZERO);
                prop_assert_eq!(&before, &serde_json::to_string(&episode.state()).unwrap());
            }
            ended = done;
            prop_assert!(episode.observation().step_count <= scenario.briefing().task.max_steps);
            let grade = episode.grade_now().total;
            prop_assert!(Points::ZERO <= grade && grade <= Points::ONE);
        }
        prop_assert_eq!(transcript(scenario, &values).0, transcript(scenario, &values).0);
    }

    #[test]
    fn an_action_survives_its_own_json(value in near_action()) {
        if let Ok(action) = Action::from_value(value) {
            let again: Action = serde_json::from_str(&serde_json::to_string(&action).unwrap()).unwrap();
            prop_assert_eq!(again, action);
        }
    }
}

/// The observation on the wire has exactly these keys, in this order, whatever the scenario.
#[test]
fn the_shape_of_an_observation() {
    for scenario in CLASSIC.scenarios() {
        let value = serde_json::to_value(Episode::reset(scenario, EpisodeId::nil()).observation()).unwrap();
        let keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        assert_eq!(
            keys,
            [
                "episode_id",
                "task_id",
                "scenario_id",
                "step_count",
                "max_steps",
                "incident_summary",
                "alert",
                "available_actions",
                "queried_data",
                "known_services",
                "cumulative_reward",
                "done",
                "feedback",
                "last_action_error",
                "available_runbooks",
                "feature_flags",
            ]
        );
    }
}

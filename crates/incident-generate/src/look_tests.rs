//! Tests of looks with optional parameters, and of looks at the whole system.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Level;
use super::telemetry::menu::metrics_of;
use super::testing::{action, generator, incidents, of_every_level, place};
use super::{GeneratedIncident, Suite};
use incident_env::{Diagnostic, Episode, EpisodeId, Signal, TaskId};

/// An incident that is to be repaired, with a fault.
fn repair() -> GeneratedIncident {
    incidents(Level::Easy, 7, 12).find(|made| made.incident().fault.is_some()).unwrap()
}

/// Takes a step, and returns what it showed, the error, and the signals that it gave.
fn step(episode: &mut Episode, kind: &str, parameters: &Value) -> (Option<String>, Option<String>, Vec<Signal>) {
    let outcome = episode.step(&action(kind, parameters));
    let text = outcome.observation.shown().map(|evidence| evidence.text.as_str().to_owned());
    let error = outcome.observation.last_action_error.as_ref().map(ToString::to_string);
    (text, error, outcome.reward.reason.signals().map(|(signal, _)| signal).collect())
}

/// The ids at the beginning of the lines of a text.
fn ids(text: &str) -> Vec<&str> {
    text.lines().map(|line| line.split_once("] ").unwrap().0).collect()
}

#[test]
fn readings_are_kept_under_what_was_asked() {
    let made = repair();
    let topology = &made.incident().topology;
    let part = topology.name(topology.gateway);
    let metric = metrics_of(made.world(), &made.world().start(), topology.gateway)[0].clone();
    let mut episode = made.episode(TaskId::RemediationPlanning);
    for (kind, parameters, key) in [
        ("check_metrics", json!({"service": part}), part.to_owned()),
        (
            "check_metrics",
            json!({"by": "Zone", "metric": metric.to_uppercase(), "service": part, "window": "60"}),
            format!("{part} metric={metric} by=zone window=60"),
        ),
        ("check_metrics", json!({"service": part, "window": 60}), format!("{part} window=60")),
        (
            "query_logs",
            json!({"service": part, "level": "warn", "match": "a b"}),
            format!("{part} match=a b level=warn"),
        ),
        // What a look does not take is passed over.
        ("check_dependencies", json!({"service": part, "window": 7, "level": "x"}), part.to_owned()),
        ("check_recent_deploys", json!({}), "system".to_owned()),
        ("check_recent_deploys", json!({"service": part}), part.to_owned()),
        ("check_service_status", json!({"service": null}), "system".to_owned()),
    ] {
        let (text, error, _) = step(&mut episode, kind, &parameters);
        assert_eq!(error, None, "{parameters}");
        let data = serde_json::to_value(episode.observation().queried_data()).unwrap();
        assert_eq!(data[kind][&key].as_str(), text.as_deref(), "{parameters}: {data}");
        let feedback = episode.observation().feedback.to_string();
        assert_eq!(feedback, format!("{kind} {key}: see queried_data."));
    }
    let looks = episode.observation().evidence.len();
    assert_eq!(looks, 8, "no reading replaced another one");
    // The newest reading of a key replaces the one before.
    step(&mut episode, "check_metrics", &json!({"service": part, "window": 60.0}));
    assert_eq!(episode.observation().evidence.len(), looks);
}

#[test]
fn what_is_unknown_is_refused_with_the_choices() {
    let made = repair();
    let topology = &made.incident().topology;
    let part = topology.name(topology.gateway);
    let metrics = metrics_of(made.world(), &made.world().start(), topology.gateway).join(", ");
    let refusals = [
        (
            "check_metrics",
            json!({"service": part, "metric": "joy"}),
            format!("check_metrics: unknown metric 'joy' of {part}; metrics: {metrics}"),
        ),
        (
            "check_metrics",
            json!({"service": part, "by": "colour"}),
            "check_metrics: unknown value of by 'colour'; values of by: node, zone, version, flag, client, route, code, \
             peer, partition, reason"
                .to_owned(),
        ),
        (
            "query_logs",
            json!({"service": part, "level": "fatal"}),
            "query_logs: unknown level 'fatal'; levels: error, warn, info".to_owned(),
        ),
        (
            "query_logs",
            json!({"service": part, "window": 121}),
            "query_logs: window takes minutes from 1 to 120, and not '121'".to_owned(),
        ),
        ("query_logs", json!({"service": part, "match": ["x"]}), "query_logs: match takes a text, and not an array".to_owned()),
        ("query_logs", json!({"match": "x"}), "query_logs needs the parameter 'service'".to_owned()),
        ("check_metrics", json!({}), "check_metrics needs the parameter 'service'".to_owned()),
    ];
    let mut episode = made.episode(TaskId::RemediationPlanning);
    for (number, (kind, parameters, words)) in (1..).zip(&refusals) {
        let (text, error, signals) = step(&mut episode, kind, parameters);
        assert_eq!((text, error.as_deref()), (None, Some(words.as_str())));
        // The first three refusals cost no points, and each takes a step.
        assert_eq!(signals.is_empty(), number <= 3, "{words}: {signals:?}");
        assert_eq!(episode.observation().step_count, number);
    }
    assert_eq!(episode.observation().feedback.to_string(), "The action was not carried out; see last_action_error.");
    // No minute passed: the first look is taken in the first minute, as in an episode without refusals.
    let look = json!({ "service": part });
    let (late, ..) = step(&mut episode, "check_metrics", &look);
    let (first, ..) = step(&mut made.episode(TaskId::RemediationPlanning), "check_metrics", &look);
    assert_eq!(late, first);
}

#[test]
fn the_same_question_is_a_repeat_until_something_is_done() {
    let made = repair();
    let topology = &made.incident().topology;
    let part = topology.name(topology.gateway);
    let mut episode = made.episode(TaskId::RemediationPlanning);
    let mut again = |kind: &str, parameters: Value| {
        let (_, error, signals) = step(&mut episode, kind, &parameters);
        assert_eq!(error, None, "{parameters}");
        let is_repeat = signals.contains(&Signal::ExactRepeat);
        let said = episode.observation().feedback.to_string().contains("queried before");
        assert_eq!(is_repeat, said, "{parameters}");
        is_repeat
    };
    for (kind, parameters, repeats) in [
        ("check_metrics", json!({"service": part}), false),
        ("check_metrics", json!({"service": part, "window": 30}), false),
        ("check_metrics", json!({"window": "30", "service": part, "reasoning": "once more"}), true),
        ("check_metrics", json!({"service": part, "by": "node"}), false),
        ("query_logs", json!({"service": part, "window": 30}), false),
        ("check_metrics", json!({"service": part, "by": "NODE", "level": "error"}), true),
        ("check_recent_deploys", json!({}), false),
        ("check_service_status", json!({}), false),
        ("check_recent_deploys", json!({"service": " "}), true),
        ("execute_runbook_step", json!({"runbook_action": "observe", "minutes": 2}), false),
        ("check_metrics", json!({"service": part, "window": 30}), false),
        ("check_metrics", json!({"service": part, "window": 30}), true),
        ("check_recent_deploys", json!({}), false),
    ] {
        assert_eq!(again(kind, parameters.clone()), repeats, "{kind} {parameters}");
    }
}

#[test]
fn the_feed_has_every_change_and_the_ones_that_were_made() {
    for made in of_every_level(11, 2).filter(|made| made.incident().fault.is_some()) {
        let (place, incident) = (place(&made), made.incident());
        let scenario = made.scenario(TaskId::RemediationPlanning);
        let mut episode = Episode::reset(&scenario, EpisodeId::nil());
        let (feed, ..) = step(&mut episode, "check_recent_deploys", &json!({}));
        let feed = feed.unwrap();
        let listed: Vec<_> = feed.lines().map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect();
        let changes: Vec<_> = incident.changes.iter().map(|change| change.id.clone()).collect();
        assert_eq!(listed, changes, "{place}: newest first");
        // It is the same record when the part is read.
        if let Some(newest) = incident.changes.first() {
            let part = incident.topology.name(newest.at);
            assert!(feed.lines().next().unwrap().contains(&format!(" {part} ")), "{place}: {feed}");
            let (own, ..) = step(&mut episode, "check_recent_deploys", &json!({ "service": part }));
            assert_eq!(ids(&own.unwrap())[0], ids(&feed)[0], "{place}");
        }
        let mut made_changes = Vec::new();
        for action in scenario.oracle() {
            if episode.is_done() || action.kind().is_submission() {
                break;
            }
            let outcome = episode.step(&action);
            let shown = outcome.observation.shown().unwrap();
            let is_change = !matches!(shown.kind, incident_env::ActionKind::Diagnostic(_));
            if is_change && !shown.target.starts_with("observe") {
                let clock = shown.text.as_str().split(' ').next().unwrap().to_owned();
                made_changes.push((clock, shown.target.rsplit(' ').next().unwrap().to_owned()));
            }
        }
        assert!(!made_changes.is_empty(), "{place}");
        let now = episode.clone();
        let (after, ..) = step(&mut episode, "check_recent_deploys", &json!({}));
        let after = after.unwrap();
        for ((clock, name), line) in made_changes.iter().rev().zip(after.lines()) {
            assert!(line.contains(&format!("] {clock}, ")) && line.contains(" min ago, by you: "), "{place}: {line}");
            assert!(line.ends_with(&format!(" {name}")), "{place}: {line}");
        }
        assert_eq!(after.lines().count(), feed.lines().count() + made_changes.len(), "{place}");
        assert_eq!(&ids(&after)[made_changes.len()..], ids(&feed), "{place}");
        assert_eq!(ids(&after).iter().collect::<BTreeSet<_>>().len(), after.lines().count(), "{place}: unique");
        // A part shows what was done to it, under the same ids.
        let mut found = BTreeSet::new();
        for at in incident.topology.ids() {
            let look = json!({ "service": incident.topology.name(at) });
            let (shown, ..) = step(&mut now.clone(), "check_recent_deploys", &look);
            let shown = shown.unwrap();
            let own = shown.lines().filter(|line| line.contains("by you: "));
            found.extend(own.map(|line| ids(line)[0].to_owned()));
        }
        let own: BTreeSet<_> = ids(&after)[..made_changes.len()].iter().map(|id| (*id).to_owned()).collect();
        assert_eq!(found, own, "{place}");
    }
}

#[test]
fn the_catalogue_has_every_part_and_all_alerts() {
    for made in of_every_level(11, 2).filter(|made| made.incident().fault.is_some()) {
        let (place, topology) = (place(&made), &made.incident().topology);
        let scenario = made.scenario(TaskId::RemediationPlanning);
        let mut episode = Episode::reset(&scenario, EpisodeId::nil());
        let briefing = std::sync::Arc::clone(scenario.briefing());
        let (text, ..) = step(&mut episode, "check_service_status", &json!({}));
        let text = text.unwrap();
        let is_alert = |line: &&str| line.split(' ').nth(2) == Some("alert");
        let (alerts, parts): (Vec<_>, Vec<_>) = text.lines().partition(is_alert);
        let alert = alerts[0];
        assert!(alert.contains(&briefing.alert.title) && alert.ends_with(&briefing.alert.symptoms[0]), "{alert}");
        assert_eq!(alerts.len(), 1 + made.incident().alerts.len(), "{place}");
        let told = alerts.iter().map(|line| line.split(' ').nth(3).unwrap()).collect::<BTreeSet<_>>();
        assert_eq!(told.len(), alerts.len(), "{place}: {told:?}");
        let named: Vec<_> = parts.iter().map(|line| line.split(['[', ' ', ':']).nth(2).unwrap()).collect();
        assert_eq!(named, briefing.services.iter().map(|name| &**name).collect::<Vec<_>>(), "{place}");
        let doors: Vec<_> = parts.iter().filter(|line| line.ends_with(", users come in here")).collect();
        assert!(doors.len() == 1 && doors[0].contains(topology.name(topology.gateway)), "{place}: {doors:?}");
        // After the oracle's repair the alert is over as soon as its windows are, unless noise makes it fire too.
        for action in scenario.oracle() {
            if !action.kind().is_submission() {
                episode.step(&action);
            }
        }
        for _ in 0..3 {
            let wait = json!({"runbook_action": "observe", "minutes": 15});
            step(&mut episode, "execute_runbook_step", &wait);
        }
        let (text, error, _) = step(&mut episode, "check_service_status", &json!({}));
        assert_eq!(error, None, "{place}");
        let text = text.unwrap();
        let is_over = text.lines().next().unwrap().contains(": resolved at ");
        assert!(is_over || made.incident().alert.is_within_noise(), "{place}: {text}");
    }
}

/// A true alert fires, and a false one fires or is over; both say the same of their rule.
#[test]
fn a_true_alert_fires_and_a_false_one_may_be_over() {
    let mut false_alarms = 0;
    for made in incidents(Level::Easy, 3, 40) {
        let (text, ..) = step(&mut made.episode(TaskId::RootCauseAnalysis), "check_service_status", &json!({}));
        let text = text.unwrap();
        let alert = text.lines().next().unwrap();
        let is_over = alert.contains(": resolved at ");
        assert!(alert.contains(if is_over { "; fired at " } else { "; fires since " }), "{text}");
        assert!(!is_over || made.incident().fault.is_none(), "{text}");
        false_alarms += usize::from(made.incident().fault.is_none());
    }
    assert!(false_alarms > 0);
}

#[test]
fn looks_at_the_system_can_be_without_an_answer() {
    let suite: Suite = "medium,count=9,seed=8,outage=50".parse().unwrap();
    let catalog = suite.catalog(generator().library(), generator().tasks()).unwrap();
    let mut out = 0;
    for scenario in catalog.scenarios() {
        let mut episode = Episode::reset(scenario, EpisodeId::nil());
        for kind in [Diagnostic::CheckRecentDeploys, Diagnostic::CheckServiceStatus] {
            let (text, ..) = step(&mut episode, kind.as_str(), &json!({}));
            out += usize::from(text.unwrap().contains("no answer within"));
        }
    }
    assert!((3..16).contains(&out), "{out}");
}

#[test]
fn schemas_of_generated_tasks_tell_the_parameters() {
    let made = repair();
    let episode = made.episode(TaskId::RemediationPlanning);
    let first = serde_json::to_value(episode.observation()).unwrap();
    let looks = &first["action_schema"]["diagnostic"];
    for (kind, parameters) in [
        ("query_logs", ["service", "match", "level", "window"].as_slice()),
        ("check_metrics", &["service", "metric", "by", "window"]),
        ("check_dependencies", &["service"]),
        ("check_recent_deploys", &["service"]),
        ("check_service_status", &["service"]),
    ] {
        let named: Vec<_> = looks[kind].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(named, parameters, "{kind}");
    }
    let form = "integer from 1 to 120, optional: how many minutes to look back; 120 without it";
    assert_eq!(looks["check_metrics"]["window"], form);
    assert!(looks["check_recent_deploys"]["service"].as_str().unwrap().starts_with("string, optional: without it"));
}

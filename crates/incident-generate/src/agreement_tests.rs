//! What one record says of a part must agree with what another says of it: releases, flags, calls, and names that are
//! looked up.

use crate::data::family::ChangeKind;
use crate::generator::GeneratedIncident;
use crate::ids::EntityId;
use crate::incident::world::{OwnChange, State};
use crate::telemetry::query::answer;
use crate::testing::{of_every_level, place};
use incident_env::{Asked, Diagnostic, Dimension};

/// The text of a diagnostic of a part, with its metrics split if that is asked for.
fn text(made: &GeneratedIncident, state: &State, at: EntityId, kind: Diagnostic, by: Option<Dimension>) -> String {
    answer(made.world(), state, Some(at), kind, &Asked { by, ..Asked::default() }).text
}

fn split(made: &GeneratedIncident, state: &State, at: EntityId, by: Dimension) -> String {
    text(made, state, at, Diagnostic::CheckMetrics, Some(by))
}

/// The values of the series of a text that has this in its name.
fn values(text: &str, name: &str) -> Option<Vec<f64>> {
    let line = text.lines().find(|line| line.contains(name))?;
    let (_, values) = line.rsplit_once(": ")?;
    Some(values.split(' ').map(|value| value.parse().unwrap()).collect())
}

/// The state after a change of a kind was taken back, or a flag disabled.
fn after(made: &GeneratedIncident, verb: &str, at: EntityId, name: &str) -> State {
    let world = made.world();
    let mut state = world.start();
    world.pass(&mut state, 5);
    let verb = world.library.vocabulary.verb_named(verb).unwrap();
    state.note(OwnChange { minute: state.minute(), verb, at, name: name.into() });
    world.pass(&mut state, 1);
    state
}

/// The numbers of releases in a text, each after a word of some.
fn releases(text: &str) -> Vec<[u32; 3]> {
    let is_part = |letter: char| letter.is_ascii_digit() || letter == '.';
    let words = text.split(|letter: char| !is_part(letter));
    let parts = words.map(|word| word.split('.').map(str::parse).collect::<Result<Vec<u32>, _>>());
    parts.filter_map(|parts| parts.ok()?.try_into().ok()).collect()
}

#[test]
fn a_part_runs_the_release_that_its_newest_deployment_brought() {
    let (mut seen, mut within) = (0, 0);
    for made in of_every_level(31, 8) {
        let (incident, state) = (made.incident(), made.world().start());
        for at in incident.topology.ids() {
            let deployments: Vec<_> =
                incident.changes.iter().filter(|one| one.at == at && one.kind == ChangeKind::Deploy).collect();
            let Some(newest) = deployments.first() else { continue };
            let notes = text(&made, &state, at, Diagnostic::CheckRecentDeploys, None);
            let told: Vec<_> = notes.lines().filter(|line| line.contains(", deploy: ")).flat_map(releases).collect();
            assert_eq!(told.len(), deployments.len(), "{}: {notes}", place(&made));
            assert!(told.windows(2).all(|pair| pair[0] > pair[1]), "{}: {notes}", place(&made));
            let label = |[major, minor, patch]: [u32; 3]| format!(" requests{{version=\"{major}.{minor}.{patch}\"}}");
            let shown = split(&made, &state, at, Dimension::Version);
            let runs = values(&shown, &label(told[0]));
            let runs = runs.unwrap_or_else(|| panic!("{}: {notes}{shown}", place(&made)));
            assert!(*runs.last().unwrap() > 0.0, "{}: {shown}", place(&made));
            seen += 1;
            let logs = text(&made, &state, at, Diagnostic::QueryLogs, None);
            if logs.contains("service.version") && newest.minutes_ago > 3 {
                let [major, minor, patch] = told[0];
                let version = format!("\"service.version\",\"value\":{{\"stringValue\":\"{major}.{minor}.{patch}\"}}");
                assert!(logs.contains(&version), "{}: {version}", place(&made));
            }
            // What was rolled out within the window ran nowhere before, and once it is taken back it runs nowhere again.
            if (10..100).contains(&newest.minutes_ago) {
                assert!(runs[0] < 1e-9, "{}: {shown}", place(&made));
                within += 1;
            }
            let back = after(&made, "rollback_deploy", at, &newest.id);
            let shown = split(&made, &back, at, Dimension::Version);
            let runs = values(&shown, &label(told[0])).unwrap_or_default();
            assert!(runs.last().is_none_or(|last| *last < 1e-9), "{}: {shown}", place(&made));
            if let Some(before) = told.get(1) {
                assert!(values(&shown, &label(*before)).unwrap().last().is_some_and(|last| *last > 0.0), "{shown}");
            }
        }
    }
    assert!(seen > 20 && within > 5, "{seen} {within}");
}

#[test]
fn a_flag_is_on_for_the_share_that_its_newest_change_set() {
    let (mut told, mut risen) = (0, 0);
    for made in of_every_level(31, 12) {
        let (incident, state) = (made.incident(), made.world().start());
        for at in incident.topology.ids() {
            let Some(flag) = made.world().objects.flag(at) else { continue };
            let shown = split(&made, &state, at, Dimension::Flag);
            let of =
                |text: &str, variant: &str| values(text, &format!(" requests{{flag=\"{flag}\",variant=\"{variant}\""));
            let (on, off) = (of(&shown, "on").unwrap(), of(&shown, "off").unwrap());
            let share = |place: usize| on[place] * 100.0 / (on[place] + off[place]).max(1e-9);
            let notes = text(&made, &state, at, Diagnostic::CheckRecentDeploys, None);
            let newest = notes.lines().find(|line| line.contains(", flag: "));
            let set = newest.and_then(|line| line.split_once("set to ")?.1.split(' ').next()?.parse::<f64>().ok());
            if let (Some(set), true) = (set, *on.last().unwrap() > 20.0) {
                assert!((share(on.len() - 1) - set).abs() < 4.0, "{}: {notes}{shown}", place(&made));
                told += 1;
            }
            let change = incident.changes.iter().find(|one| one.at == at && one.kind == ChangeKind::Flag);
            if change.is_some_and(|change| (10..100).contains(&change.minutes_ago)) && on[0] > 20.0 {
                assert!(share(0) + 2.0 < share(on.len() - 1), "{}: {shown}", place(&made));
                risen += 1;
            }
            let off = split(&made, &after(&made, "disable_feature_flag", at, flag), at, Dimension::Flag);
            assert!(of(&off, "on").unwrap().last().is_some_and(|last| *last < 1e-9), "{}: {off}", place(&made));
        }
    }
    assert!(told > 3 && risen > 3, "{told} {risen}");
}

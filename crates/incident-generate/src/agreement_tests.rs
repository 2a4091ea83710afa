//! What one record says of a part must agree with what another says of it: releases, flags, calls, and names that are
//! looked up.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::data::family::ChangeKind;
use crate::data::kinds::{EdgeKind, Kind};
use crate::data::vocabulary::FailsAs;
use crate::generator::GeneratedIncident;
use crate::ids::EntityId;
use crate::incident::world::{OwnChange, State};
use crate::proof::claim::Claim;
use crate::telemetry::query::{answer, read};
use crate::telemetry::reader::Reader;
use crate::testing::{entries, of_every_level, place};
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

fn log(made: &GeneratedIncident, at: EntityId) -> String {
    text(made, &made.world().start(), at, Diagnostic::QueryLogs, None)
}

/// The methods of requests in a text, in capital letters.
fn methods(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphabetic()).map(str::to_ascii_uppercase);
    let is_one = |word: &String| matches!(word.as_str(), "GET" | "POST" | "PUT");
    words.filter(is_one).collect()
}

#[test]
fn a_call_has_one_method_and_one_path() {
    let mut seen = 0;
    for made in of_every_level(37, 16) {
        for at in made.incident().topology.ids() {
            let log = log(&made, at);
            let Some(trace) = log
                .lines()
                .find_map(|line| line.split_once("] ").filter(|(_, json)| json.starts_with("{\"resourceSpans\"")))
            else {
                continue;
            };
            let trace: Value = serde_json::from_str(trace.1).unwrap();
            let spans = trace.pointer("/resourceSpans/0/scopeSpans").unwrap().as_array().unwrap();
            let spans = spans.iter().flat_map(|scope| scope["spans"].as_array().unwrap());
            let Some(call) = spans.into_iter().find(|span| span.to_string().contains("url.full")) else { continue };
            let attribute = |key: &str| {
                let all = call["attributes"].as_array().unwrap();
                all.iter().find(|one| one["key"] == key).unwrap()["value"]["stringValue"].as_str().unwrap().to_owned()
            };
            let (id, method) = (call["traceId"].as_str().unwrap(), attribute("http.request.method"));
            for (_, line) in
                entries(&log).iter().filter(|(_, line)| line.contains(id) && !line.starts_with("{\"resourceSpans"))
            {
                let told = methods(line.split("\n\tat ").next().unwrap());
                assert!(
                    told.is_empty() || told == BTreeSet::from([method.clone()]),
                    "{}: {method}: {line}",
                    place(&made)
                );
                seen += usize::from(!told.is_empty());
                if let Some((_, rest)) = line.split_once("https://") {
                    let url: String = rest.chars().take_while(|letter| !"\"\\ ,".contains(*letter)).collect();
                    assert_eq!(format!("https://{url}"), attribute("url.full"), "{}: {line}", place(&made));
                }
            }
        }
    }
    assert!(seen > 2, "{seen}");
}

#[test]
fn a_name_server_prints_the_names_that_its_clients_look_up() {
    let (mut lost, mut found) = (0, 0);
    for made in of_every_level(41, 24) {
        let topology = &made.incident().topology;
        let dns = topology.of(Kind::Dns).next().unwrap();
        let state = made.world().start();
        let reader = Reader::new(made.world(), &state, dns);
        let fails = |name: &str| {
            topology.edges.iter().any(|edge| {
                let (share, looks) = reader.fails(edge, -1);
                topology.name(edge.to) == name && share >= 25 && looks == FailsAs::Unresolved
            })
        };
        let is_blind = topology.edges.iter().any(|edge| {
            let (share, looks) = reader.fails(edge, -1);
            share >= 25 && looks == FailsAs::Unresolved && edge.kind != EdgeKind::Store
        });
        let class = made.world().library.vocabulary.class_named("name_fail").unwrap();
        let holds = made
            .world()
            .presences(&state, dns)
            .any(|one| one.classes.contains(class) && (one.from..one.to).contains(&-1));
        let log = log(&made, dns);
        for line in
            log.lines().filter(|line| line.contains(" A IN ") || line.contains("\"A IN ") || line.contains("AAAA IN "))
        {
            let host = line.split(" IN ").nth(1).unwrap().split(". ").next().unwrap();
            let name = host.split('.').next().unwrap();
            assert_ne!(name, topology.name(dns), "{}: {line}", place(&made));
            if line.contains("NXDOMAIN") && is_blind && holds {
                let is_external = !host.ends_with(".svc.cluster.local");
                assert!(is_external || fails(name), "{}: {line}", place(&made));
                lost += 1;
            }
            found += usize::from(line.contains("NOERROR"));
        }
    }
    assert!(lost > 0 && found > 50, "{lost} {found}");
}

#[test]
fn handshakes_and_lookups_that_fail_beside_a_fault_are_of_hosts_outside() {
    let (mut beside, mut own) = (0, 0);
    for (made, class) in
        of_every_level(43, 24).flat_map(|made| ["tls_fail", "name_fail"].map(|class| (made.clone(), class)))
    {
        let (world, state) = (made.world(), made.world().start());
        let class = world.library.vocabulary.class_named(class).unwrap();
        for (at, _) in made.incident().topology.numbered().filter(|(_, part)| part.kind != Kind::Dns) {
            let sheet = read(world, &state, at, Diagnostic::QueryLogs);
            let shown: Vec<_> = world.presences(&state, at).filter(|one| one.classes.contains(class)).collect();
            let lines = sheet.entries().filter(|(record, _)| record.claim == Claim::Shows { at, class });
            let names = made.incident().topology.needs(at).map(|edge| made.incident().topology.name(edge.to));
            let names: Vec<_> = names.filter(|name| !made.incident().topology.name(at).contains(name)).collect();
            for (_, line) in lines {
                if shown.iter().all(|one| !one.is_of_fault()) {
                    let told = names.iter().find(|name| {
                        line.contains(&format!("\"{name}\""))
                            || ["//", "ENOTFOUND ", "lookup "]
                                .iter()
                                .any(|before| line.contains(&format!("{before}{name}.")))
                    });
                    assert!(told.is_none(), "{}: {told:?}: {line}", place(&made));
                    beside += 1;
                } else {
                    own += 1;
                }
            }
        }
    }
    assert!(beside > 0 && own > 0, "{beside} {own}");
}

#[test]
fn a_document_is_refused_for_one_reason_and_who_goes_on_does_not_end() {
    let mut seen = 0;
    for made in of_every_level(47, 24) {
        let (world, state) = (made.world(), made.world().start());
        let class = |name: &str| world.library.vocabulary.class_named(name).unwrap();
        let refused = class("parse_fail");
        for at in made.incident().topology.ids() {
            let sheet = read(world, &state, at, Diagnostic::QueryLogs);
            let claim = Claim::Shows { at, class: refused };
            let lines: Vec<_> =
                sheet.entries().filter(|(record, _)| record.claim == claim).map(|(_, line)| line).collect();
            let shown: Vec<_> = world.presences(&state, at).filter(|one| one.classes.contains(refused)).collect();
            let ends = shown.iter().any(|one| one.classes.contains(class("restarts_up")));
            for line in &lines {
                assert!(!ends || !line.to_lowercase().contains("keeping"), "{}: {line}", place(&made));
            }
            if shown.len() == 1 && !lines.is_empty() {
                let files: BTreeSet<_> = lines
                    .iter()
                    .filter_map(|line| line.split("/etc/").nth(1)?.split(['"', ' ', ':', ',']).next())
                    .collect();
                assert!(files.len() <= 1, "{}: {lines:?}", place(&made));
                seen += 1;
            }
        }
    }
    assert!(seen > 0);
}

#[test]
fn a_clock_that_is_off_is_told_of_by_who_sets_it() {
    let mut seen = 0;
    for made in of_every_level(53, 24) {
        let (world, state) = (made.world(), made.world().start());
        let class = world.library.vocabulary.class_named("offset_high").unwrap();
        for at in made.incident().topology.of(Kind::Node) {
            let is_off =
                world.presences(&state, at).any(|one| one.classes.contains(class) && one.from < -20 && one.to > 0);
            let told: Vec<_> = log(&made, at)
                .lines()
                .filter_map(|line| line.split("clock wrong by ").nth(1)?.split(' ').next().map(str::to_owned))
                .collect();
            if !is_off {
                continue;
            }
            assert!(!told.is_empty(), "{}", place(&made));
            let shown = text(&made, &state, at, Diagnostic::CheckMetrics, None);
            let offset = values(&shown, "node_timex_offset_seconds").unwrap();
            // It is measured again and again, and slewed a little.
            let measured: f64 = told[0].parse().unwrap();
            assert!((measured - offset.last().unwrap()).abs() < 0.05, "{}: {told:?}", place(&made));
            seen += 1;
        }
    }
    assert!(seen > 0);
}

#[test]
fn numbers_of_one_entry_fit_each_other() {
    let (mut starts, mut handled) = (0, 0);
    for made in of_every_level(59, 8) {
        for at in made.incident().topology.ids() {
            let log = log(&made, at);
            let number = |line: &str, before: &str| {
                let rest = line.split(before).nth(1)?;
                rest.split(|letter: char| !letter.is_ascii_digit() && letter != '.').next()?.parse::<f64>().ok()
            };
            for line in log.lines().filter(|line| line.contains("podStartSLOduration")) {
                let [slo, whole] =
                    ["podStartSLOduration=", "podStartE2EDuration=\""].map(|name| number(line, name).unwrap());
                assert!(slo <= whole && whole < 60.0, "{line}");
                starts += 1;
            }
            let mut before: Option<f64> = None;
            for line in log.lines().filter(|line| line.contains("up to offset ")) {
                let (count, end) = (number(line, "Handled ").unwrap(), number(line, "up to offset ").unwrap());
                assert!(before.is_none_or(|before| end - before >= count), "{}: {line}", place(&made));
                before = Some(end);
                handled += 1;
            }
        }
    }
    assert!(starts > 0 && handled > 0, "{starts} {handled}");
}

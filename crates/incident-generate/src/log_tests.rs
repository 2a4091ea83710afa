//! What logs say must agree with what other records say, and with what other logs say of the same.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::data::kinds::{EdgeKind, Kind};
use crate::data::vocabulary::FailsAs;
use crate::generator::GeneratedIncident;
use crate::ids::EntityId;
use crate::incident::incident::Incident;
use crate::incident::level::Level;
use crate::incident::world::{Presence, State};
use crate::proof::claim::Claim;
use crate::system::particulars::{Particulars, Size};
use crate::system::times::TIMEOUT;
use crate::telemetry::query::{answer, read};
use crate::testing::{incidents, of_every_level, place};
use incident_env::{Asked, Diagnostic, LogLevel};

/// The logs of the tests: incidents of every level, with many families.
fn many() -> impl Iterator<Item = GeneratedIncident> {
    of_every_level(29, 18)
}

fn log(made: &GeneratedIncident, state: &State, at: EntityId) -> String {
    read(made.world(), state, at, Diagnostic::QueryLogs).text
}

/// The newest twenty entries of a loudness.
fn loud(made: &GeneratedIncident, state: &State, at: EntityId, level: LogLevel) -> Vec<(Claim, String)> {
    let asked = Asked { level: Some(level), ..Asked::default() };
    let sheet = answer(made.world(), state, Some(at), Diagnostic::QueryLogs, &asked);
    sheet.entries().map(|(record, text)| (record.claim, text.to_owned())).collect()
}

/// The entries of a log that show a class of evidence.
fn showing(made: &GeneratedIncident, at: EntityId, class: &str) -> Vec<String> {
    let class = made.world().library.vocabulary.class_named(class).unwrap();
    let state = made.world().start();
    let sheet = read(made.world(), &state, at, Diagnostic::QueryLogs);
    let shows = |claim| claim == Claim::Shows { at, class };
    sheet.entries().filter(|(record, _)| shows(record.claim)).map(|(_, text)| text.to_owned()).collect()
}

fn particulars(incident: &Incident, at: EntityId) -> Particulars<'_> {
    Particulars::of(&incident.topology, incident.draws, incident.names, at)
}

/// Whether a class of evidence is there at a part when the alert comes.
fn holds(made: &GeneratedIncident, at: EntityId, class: &str) -> bool {
    let class = made.world().library.vocabulary.class_named(class).unwrap();
    let state = made.world().start();
    made.world().presences(&state, at).any(|one| one.classes.contains(class) && one.from < 0 && one.to > 0)
}

/// The number that follows each place of a text.
fn numbers_after<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = u64> + 'a {
    text.split(before).skip(1).filter_map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    })
}

fn word_after<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split(|letter: char| !letter.is_alphanumeric() && !"._-".contains(letter)).next()
}

#[test]
fn a_container_that_is_killed_is_told_of_by_the_kernel_the_kubelet_and_its_state() {
    let mut killed = 0;
    for made in many() {
        let (place, incident) = (place(&made), made.incident());
        for at in incident.topology.ids().filter(|at| holds(&made, *at, "oom_kill")) {
            killed += 1;
            let text = log(&made, &made.world().start(), at);
            let name = incident.topology.name(at);
            let limit = u64::from(particulars(incident, at).size(Size::Memory)) * 1024;
            assert!(text.contains("Memory cgroup out of memory: Killed process"), "{place} {name}:\n{text}");
            assert!(text.contains(&format!("Started container {name}")), "{place} {name}:\n{text}");
            assert!(text.contains("\"reason\":\"OOMKilled\""), "{place} {name}:\n{text}");
            assert!(numbers_after(&text, "kB, limit ").all(|found| found == limit || found == 0), "{place} {name}");
            assert!(numbers_after(&text, "anon-rss:").all(|found| found == 0 || found < limit), "{place} {name}");
            // The container that the kernel names is the one that the state of the pod has as its last one.
            let line = text.lines().rev().find(|line| line.contains("OOMKilled")).unwrap();
            let last = line.split("\"lastState\"").nth(1).unwrap().split("containerd://").nth(1).unwrap();
            let last = &last[..64];
            assert!(text.contains(&format!("cpuset=cri-containerd-{last}.scope")), "{place} {name}:\n{text}");
            // No process tells of its own end.
            assert!(!text.contains("Perhaps out of memory"), "{place} {name}");
        }
    }
    assert!(killed > 3, "{killed}");
}

#[test]
fn counts_of_restarts_agree() {
    let mut restarted = 0;
    for made in many() {
        let (place, state) = (place(&made), made.world().start());
        for at in made.incident().topology.ids().filter(|at| holds(&made, *at, "restarts_up")) {
            let status = read(made.world(), &state, at, Diagnostic::CheckServiceStatus).text;
            let text = log(&made, &state, at);
            let Some(hour) = numbers_after(&status, "restarts in the last hour: ").next() else { continue };
            let Some(counted) = numbers_after(&text, "\"restartCount\":").last() else { continue };
            restarted += 1;
            assert!(hour >= 1 && hour <= counted, "{place}: {hour} of {counted}\n{status}\n{text}");
        }
    }
    assert!(restarted > 5, "{restarted}");
}

/// A container that ends at its start is started again after a back-off, is not ready, and never says that it listens.
#[test]
fn a_container_that_cannot_start_backs_off() {
    let mut seen = 0;
    for made in many() {
        let (place, world) = (place(&made), made.world());
        for at in made.incident().topology.ids() {
            let mut state = world.start();
            let class = |name: &str| world.library.vocabulary.class_named(name).unwrap();
            let fits =
                |one: &Presence| ["parse_fail", "restarts_up"].iter().all(|name| one.classes.contains(class(name)));
            let Some(since) = world.presences(&state, at).find(fits).map(|one| one.from) else { continue };
            world.pass(&mut state, 3);
            let text = log(&made, &state, at);
            assert!(text.contains("\"reason\":\"CrashLoopBackOff\""), "{place}:\n{text}");
            assert!(text.contains("Back-off restarting failed container"), "{place}:\n{text}");
            assert!(!text.contains("\"ready\":true"), "{place}:\n{text}");
            for listens in
                ["\"msg\":\"listening\"", "server listening at", "Starting Application v", "Starting gunicorn"]
            {
                assert!(!text.contains(listens), "{place}:\n{text}");
            }
            let counted = numbers_after(&text, "\"restartCount\":").last().unwrap();
            let minutes = u64::try_from(3 - since).unwrap();
            assert!((minutes / 6..=minutes / 5 + 5).contains(&counted), "{place}: {counted} within {minutes} min");
            seen += 1;
        }
    }
    assert!(seen > 1, "{seen}");
}

/// A restarted container has the name of its pod and other processes; where a part is restarted its pods are others.
#[test]
fn processes_are_others_after_a_restart() {
    let (mut processes, mut pods) = (0, 0);
    // Few technologies name both the pod and the process in their lines; these incidents have such a part that restarts.
    for made in of_every_level(31, 24) {
        let (place, world, incident) = (place(&made), made.world(), made.incident());
        for at in incident.topology.ids() {
            let asked = Asked { matching: Some("\"hostname\":\"".into()), ..Asked::default() };
            let mut later = world.start();
            world.pass(&mut later, 20);
            let [mut text, since] =
                [world.start(), later].map(|state| answer(world, &state, Some(at), Diagnostic::QueryLogs, &asked).text);
            text.push_str(&since);
            let seen: BTreeSet<_> = numbers_after(&text, "\"pid\":").collect();
            // The heading names what was looked for, and no pod.
            let names = text.lines().filter_map(|line| word_after(line, "\"hostname\":\""));
            let names: BTreeSet<_> = names.filter(|name| !name.is_empty()).collect();
            // While its first pod waits for its container another one prints.
            let most = 1 + usize::from(holds(&made, at, "parse_fail"));
            assert!(names.len() <= most, "{place}: {names:?}");
            assert!(
                seen.len() <= 1 || holds(&made, at, "restarts_up") || !restarts(&made, at).is_empty(),
                "{place}\n{text}"
            );
            processes += usize::from(seen.len() > 1);
            let restart = world.library.vocabulary.verb_named("restart_service").unwrap();
            if incident.topology.entity(at).kind == Kind::Api {
                let mut state = world.start();
                let own = crate::incident::world::OwnChange { minute: 0, verb: restart, at, name: "".into() };
                state.note(own);
                let heading = |state: &State| log(&made, state, at).lines().next().unwrap().to_owned();
                let (before, after) = (heading(&world.start()), heading(&state));
                assert_ne!(word_after(&before, "; ").unwrap(), word_after(&after, "; ").unwrap(), "{place}");
                pods += 1;
            }
        }
    }
    assert!(processes > 0 && pods > 20, "{processes} {pods}");
}

fn restarts(made: &GeneratedIncident, at: EntityId) -> Vec<i32> {
    let class = made.world().library.vocabulary.class_named("restarts_up").unwrap();
    let state = made.world().start();
    made.world().presences(&state, at).filter(|one| one.classes.contains(class)).map(|one| one.from).collect()
}

/// Whatever names the time after which a caller gives up names the one that calls are modelled with.
#[test]
fn clients_name_one_time_out() {
    let mut named = 0;
    for made in many() {
        let (place, state) = (place(&made), made.world().start());
        for at in made.incident().topology.ids() {
            let text = log(&made, &state, at);
            for (before, unit) in [
                ("timeout of ", 1),
                ("request timed out after ", 1),
                ("Timeout deadline: ", 1),
                ("not present in metadata after ", 1),
                ("(read timeout=", 1000),
                ("(connect timeout=", 1000),
                ("connection timed out, timeout ", 1000),
                ("Command timed out after ", 1000),
                ("borrowMaxWaitDuration=PT", 1000),
            ] {
                for found in numbers_after(&text, before) {
                    // A pool says how long was waited, and its timer fires a little late.
                    let late = if before == "request timed out after " { 40 } else { 0 };
                    let most = u64::from(TIMEOUT / 1000);
                    assert!((most..=most + late).contains(&(found * unit)), "{place}: {before}{found}");
                    named += 1;
                }
            }
        }
    }
    assert!(named > 20, "{named}");
}

/// The users whose logins a store refuses are those that its failing clients log in as, from where they are.
#[test]
fn users_that_are_refused_are_those_of_the_clients() {
    let mut refused = 0;
    for made in incidents(Level::Medium, 29, 60).filter(|made| place(made).contains("stale_credential")) {
        let (place, incident, world) = (place(&made), made.incident(), made.world());
        let (topology, state) = (&incident.topology, world.start());
        for at in topology.ids().filter(|at| topology.entity(*at).kind == Kind::Db && holds(&made, *at, "auth_reject"))
        {
            let clients: BTreeMap<_, _> = topology
                .needed_by(at)
                .filter(|edge| edge.kind != EdgeKind::Store)
                .map(|edge| {
                    let (mut user, of) = (String::new(), particulars(incident, edge.from));
                    of.user(&mut user);
                    (user, edge.from)
                })
                .collect();
            let addresses = |from: EntityId| -> BTreeSet<String> {
                let of = particulars(incident, from);
                (0..of.size(Size::Replicas)).map(|number| of.address_numbered(number).to_string()).collect()
            };
            for text in showing(&made, at, "auth_reject") {
                let user =
                    word_after(&text, "for user \"").or_else(|| word_after(&text, "for user '")).unwrap_or_default();
                let Some(client) = clients.get(user) else { continue };
                let holds = world.holding(&state, *client, -1);
                let looks: Vec<_> = holds.map(|acting| acting.predicate.fails_as).collect();
                assert!(
                    looks.contains(&FailsAs::Auth),
                    "{place}: {user} is refused, and calls nothing in vain\n{text}"
                );
                if let Some(host) = word_after(&text, "'@'") {
                    assert!(addresses(*client).contains(host), "{place}: {text}");
                }
                let levels = [LogLevel::Error, LogLevel::Warn].into_iter();
                let own: Vec<_> = levels.flat_map(|level| loud(&made, &state, *client, level)).collect();
                let told = own
                    .iter()
                    .any(|(_, line)| [user, "401", "28P01", "unauthenticated"].iter().any(|word| line.contains(word)));
                assert!(told || own.is_empty(), "{place}: the log of {user} knows nothing of it: {own:?}");
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "{refused}");
}

/// Topics, partitions and groups are the same at a queue and at who reads it, and one message is delivered again and again.
#[test]
fn queues_and_their_readers_tell_of_the_same() {
    let mut again = 0;
    for made in many() {
        let (place, incident, world) = (place(&made), made.incident(), made.world());
        let (topology, state) = (&incident.topology, world.start());
        let consumes = topology.edges.iter().filter(|edge| edge.kind == EdgeKind::Consume);
        for edge in consumes {
            let topic = |of: EntityId| {
                let (mut topic, of) = (String::new(), particulars(incident, of));
                of.site().topic(&mut topic, of.role());
                topic
            };
            for at in [edge.from, edge.to] {
                let text = log(&made, &state, at);
                // A part that reads one queue may write to another.
                let may = topology.needs(at).filter(|edge| edge.kind == EdgeKind::Produce).map(|edge| edge.to);
                let may: BTreeSet<_> = may.chain([edge.to]).collect();
                let is_letter = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
                for other in topology.of(Kind::Queue).filter(|other| !may.contains(other)).map(topic) {
                    let mut named = text.match_indices(&other);
                    let is_named = named.any(|(start, _)| !text[..start].ends_with(is_letter));
                    assert!(!is_named, "{place}: {other} is named\n{text}");
                }
            }
            if holds(&made, edge.to, "redelivery") {
                let class = world.library.vocabulary.class_named("exception").unwrap();
                let entries = loud(&made, &state, edge.from, LogLevel::Error);
                let own = entries.iter().filter(|(claim, _)| *claim == Claim::Shows { at: edge.from, class });
                let own: Vec<_> = own.map(|(_, text)| text.as_str()).collect();
                // A message of Kafka is an offset, and one of RabbitMQ has an id.
                let offsets = |text: &str| {
                    let found = numbers_after(text, "\"offset\":").next().or_else(|| numbers_after(text, "@").next());
                    found.map(|offset| offset.to_string())
                };
                let named = own
                    .iter()
                    .filter_map(|text| offsets(text).or_else(|| word_after(text, "settle[").map(str::to_owned)));
                let messages: BTreeSet<_> = named.collect();
                let attempts = own.iter().flat_map(|text| {
                    numbers_after(text, "delivery attempt ")
                        .chain(numbers_after(text, "\"attempt\":"))
                        .take(1)
                        .collect::<Vec<_>>()
                });
                let attempts: Vec<_> = attempts.collect();
                assert!(messages.len() == 1 || own.is_empty(), "{place}: {messages:?}");
                assert!(attempts.is_sorted(), "{place}: {attempts:?}");
                again += 1;
            }
        }
    }
    assert!(again > 0, "{again}");
}

/// One bug has one stack, whichever request ran into it.
#[test]
fn a_bug_has_one_stack() {
    let mut compared = 0;
    for made in many() {
        let place = place(&made);
        for at in made.incident().topology.ids() {
            let class = made.world().library.vocabulary.class_named("exception").unwrap();
            let entries = loud(&made, &made.world().start(), at, LogLevel::Error);
            let own = entries.iter().filter(|(claim, _)| *claim == Claim::Shows { at, class });
            let stacks: Vec<_> = own
                .map(|(_, text)| {
                    if let Some((_, stack)) = text.split_once("\"stack") {
                        return stack.split("\"}").next().unwrap_or_default().to_owned();
                    }
                    let lines = text.lines().filter(|line| line.starts_with("  File") || line.starts_with("\tat "));
                    // Whence a class was loaded names the release, which a deployment changes.
                    lines.map(|line| line.split(" ~[classes").next().unwrap_or(line)).collect()
                })
                .collect();
            compared += stacks.len().saturating_sub(1);
            let all: BTreeSet<_> = stacks.iter().collect();
            assert!(all.len() <= 1, "{place}: {all:#?}");
        }
    }
    assert!(compared > 10, "{compared}");
}

/// Whoever is overrun is called from many addresses.
#[test]
fn a_herd_has_many_addresses() {
    let mut herds = 0;
    for made in many() {
        let (place, incident) = (place(&made), made.incident());
        for at in incident.topology.ids().filter(|at| holds(&made, *at, "reconnect")) {
            let class = made.world().library.vocabulary.class_named("reconnect").unwrap();
            let state = made.world().start();
            let all = LogLevel::ALL.into_iter().flat_map(|level| loud(&made, &state, at, level));
            let own: Vec<_> =
                all.filter(|(claim, _)| *claim == Claim::Shows { at, class }).map(|(_, text)| text).collect();
            let addresses: BTreeSet<_> = own
                .iter()
                .flat_map(|text| text.split(|letter: char| !letter.is_ascii_digit() && letter != '.'))
                .filter(|word| {
                    word.matches('.').count() == 3 && word.split('.').all(|octet| octet.parse::<u8>().is_ok())
                })
                .collect();
            let of = particulars(incident, at).address().to_string();
            let others = addresses.iter().filter(|address| **address != of).count();
            let said =
                own.iter().filter(|text| addresses.iter().any(|address| **address != of && text.contains(*address)));
            let said = said.count();
            assert!(said < 8 || others >= 3, "{place}: {addresses:?} in {said}\n{}", own.join("\n"));
            herds += usize::from(said >= 8);
        }
    }
    assert!(herds > 0, "{herds}");
}

/// The spans of a trace are of one request, lie within each other, take no longer than the part's requests do, and have the
/// id that the entry of their failure has.
#[test]
fn traces_agree_with_what_is_beside_them() {
    let (mut traces, mut told) = (0, 0);
    for made in many() {
        let (place, incident, world) = (place(&made), made.incident(), made.world());
        let state = world.start();
        for at in incident.topology.ids() {
            let text = log(&made, &state, at);
            let Some(line) = text.lines().find(|line| line.contains("{\"resourceSpans\"")) else { continue };
            traces += 1;
            let value: Value = serde_json::from_str(line.split_once("] ").unwrap().1).unwrap();
            let processes = value["resourceSpans"].as_array().unwrap();
            let spans: Vec<&Value> = processes
                .iter()
                .flat_map(|one| one["scopeSpans"].as_array().unwrap())
                .flat_map(|one| one["spans"].as_array().unwrap())
                .collect();
            assert!((1..=4).contains(&spans.len()), "{place}: {line}");
            let time = |span: &Value, name: &str| span[name].as_str().unwrap().parse::<i64>().unwrap();
            let id = spans[0]["traceId"].as_str().unwrap();
            assert!(id.len() == 32 && spans.iter().all(|span| span["traceId"] == id), "{place}: {line}");
            let ids: BTreeSet<_> = spans.iter().map(|span| span["spanId"].as_str().unwrap()).collect();
            assert_eq!(ids.len(), spans.len(), "{place}: {line}");
            for span in &spans {
                let (start, end) = (time(span, "startTimeUnixNano"), time(span, "endTimeUnixNano"));
                assert!(start <= end, "{place}: {line}");
                if let Some(parent) = span["parentSpanId"].as_str() {
                    let parent = spans.iter().find(|one| one["spanId"] == parent).unwrap();
                    let inside = time(parent, "startTimeUnixNano") <= start && end <= time(parent, "endTimeUnixNano");
                    assert!(inside, "{place}: {line}");
                }
                let failed = span["status"]["code"] == 2;
                let attributes = span["attributes"].as_array().unwrap();
                assert_eq!(failed, attributes.iter().any(|one| one["key"] == "error.type"), "{place}: {line}");
                // Nobody waits longer for an answer than callers do.
                if span["kind"] == 3 {
                    assert!((end - start) / 1000 <= i64::from(TIMEOUT) * 102 / 100, "{place}: {line}");
                }
            }
            told += usize::from(text.matches(id).count() > spans.len());
        }
    }
    assert!(traces > 100 && told > 20, "{traces} {told}");
}

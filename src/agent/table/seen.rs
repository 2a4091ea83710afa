//! What was read so far: who calls what and stands on what, how each part fares, and which signs it shows.

use incident_env::{Diagnostic, Observation};

use super::data::{Relation, Sign};
use crate::agent::records::{Call, calls, logged, records, series, status};

/// Minutes after which a line of a log is no sign any more of something that goes on.
const STALE: i32 = 25;

/// What a part shows of a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown<'a> {
    /// It was not looked at.
    Unread,
    /// It shows nothing of it.
    Absent,
    /// It has shown it for longer than an incident lasts, or does not show it any more.
    Old,
    /// It shows it in this record, since this minute of the day if the record says so.
    Now { record: &'a str, since: Option<i32> },
}

/// How a part fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// It was not looked at.
    Unread,
    /// As usual, and well.
    Well,
    /// It fails or is slow, and has been for two hours.
    LongBad,
    /// It got worse in the last two hours.
    Rose,
}

/// What was read so far.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    /// What the agent sees.
    pub observation: &'a Observation,
    /// The calls that were read, each once.
    pub calls: Vec<Call<'a>>,
    /// Parts and what they stand on, with the kind of the latter.
    ties: Vec<(&'a str, &'static str, &'a str)>,
}

impl<'a> Seen<'a> {
    /// Takes what was read apart.
    pub(super) fn new(observation: &'a Observation) -> Self {
        let parts = observation.briefing.services.iter();
        let read = parts.filter_map(|part| observation.reading(Diagnostic::CheckDependencies, part));
        let mut seen = Self { observation, calls: Vec::new(), ties: Vec::new() };
        for shown in read {
            for call in calls(shown) {
                if !seen.calls.iter().any(|known| (known.from, known.to) == (call.from, call.to)) {
                    seen.calls.push(call);
                }
            }
            seen.ties.extend(records(shown).filter_map(|record| tie(record.text)));
        }
        seen
    }

    /// Returns what a diagnostic of a part showed; none if it was not looked at.
    pub(super) fn reading(&self, tool: Diagnostic, part: &str) -> Option<&'a str> {
        self.observation.reading(tool, part)
    }

    /// Returns all parts that stand in a relation to a root, and of which that is known.
    pub(super) fn related(&self, at: Relation, root: &str) -> Vec<&'a str> {
        let callees = || self.calls.iter().filter(move |call| call.from == root).map(|call| call.to);
        let mut found: Vec<&str> = match at {
            Relation::Root => {
                self.observation.briefing.services.iter().map(|part| &**part).filter(|part| *part == root).collect()
            }
            Relation::Caller => self.calls.iter().filter(|call| call.to == root).map(|call| call.from).collect(),
            Relation::Callee => callees().collect(),
            Relation::Client => {
                let of = |part| self.calls.iter().filter(move |call| call.to == part && call.from != root);
                callees().flat_map(of).map(|call| call.from).collect()
            }
            Relation::Resident => self.ties.iter().filter(|tie| tie.2 == root).map(|tie| tie.0).collect(),
            Relation::User | Relation::Store => {
                let store = |part: &str| matches!(self.kind(part), Some("db" | "queue" | "cache"));
                let called = self.calls.iter().flat_map(|call| [call.from, call.to]);
                called.filter(|part| store(part) == (at == Relation::Store)).collect()
            }
        };
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Returns what a part stands on.
    pub(super) fn stands_on(&self, part: &str) -> impl Iterator<Item = &'a str> {
        self.ties.iter().filter(move |tie| tie.0 == part).map(|tie| tie.2)
    }

    /// Returns the kind of a part: as its status says, as others refer to it, or as it is named; none if nothing tells it.
    pub(super) fn kind(&self, part: &str) -> Option<&'a str> {
        let shown = self.reading(Diagnostic::CheckServiceStatus, part);
        let stated = shown.and_then(|shown| status(shown)?.field("kind"));
        let tied = || self.ties.iter().find(|tie| tie.2 == part).map(|tie| tie.1);
        stated.or_else(tied).or_else(|| self.kind_by_name(part))
    }

    fn kind_by_name(&self, part: &str) -> Option<&'a str> {
        let part = self.observation.briefing.services.iter().find(|known| ***known == *part)?;
        if part.starts_with("node-") {
            return Some("node");
        }
        let (_, end) = part.rsplit_once('-')?;
        Some(if end == "provider" { "external" } else { end }).filter(|kind| {
            [
                "api", "db", "queue", "cache", "worker", "batch", "gateway", "external", "config", "identity", "dns",
                "network",
            ]
            .contains(kind)
        })
    }

    /// Returns a field of the first line of a status, such as `job`.
    pub(super) fn field(&self, part: &str, name: &str) -> Option<&'a str> {
        status(self.reading(Diagnostic::CheckServiceStatus, part)?)?.field(name)
    }

    /// Returns what a part shows of a sign.
    pub(super) fn shown(&self, sign: &Sign, part: &str) -> Shown<'a> {
        let Some(text) = self.reading(sign.tool(), part) else { return Shown::Unread };
        if let Some(name) = &sign.series {
            in_series(text, name, |value| {
                sign.above.is_some_and(|limit| value.abs() > limit) || sign.below.is_some_and(|limit| value < limit)
            })
        } else if let Some(words) = &sign.status {
            in_status(text, words)
        } else {
            in_logs(text, &sign.logs)
        }
    }

    /// Returns how a part fares, by its failed requests and its response time.
    pub(super) fn level(&self, part: &str) -> Level {
        let Some(text) = self.reading(Diagnostic::CheckMetrics, part) else { return Level::Unread };
        let mut level = Level::Well;
        for one in series(text) {
            let (first, last) = (usual(&one.values), one.last());
            let (rose, bad) = match () {
                () if one.label.starts_with("failed requests") => (last - first > 0.5 + first / 20.0, last > 1.0),
                () if one.label.starts_with("p99") => (last > first * 1.5, false),
                () => continue,
            };
            level = match (rose, bad) {
                (true, _) => return Level::Rose,
                (false, true) => Level::LongBad,
                (false, false) => level,
            };
        }
        level
    }

    /// Returns whether a part gets twice as many requests as two hours ago or more; none if it was not looked at.
    pub(super) fn flooded(&self, part: &str) -> Option<bool> {
        let text = self.reading(Diagnostic::CheckMetrics, part)?;
        let requests = series(text).find(|one| one.label.starts_with("requests (per s)"));
        Some(requests.is_some_and(|one| one.last() > usual(&one.values) * 2.0))
    }

    /// Returns the record of the series that fired the alert, and whether it is still above its threshold and above what
    /// it was two hours ago; none if the alerted part was not looked at or has no such series.
    pub(super) fn alert_holds(&self, part: &str) -> Option<(&'a str, bool)> {
        let alert = &self.observation.briefing.alert;
        let name = if alert.title.starts_with("Response time") { "p99" } else { "failed requests" };
        let rule =
            alert.symptoms.iter().find_map(|rule| rule.split_once("> ")?.1.split(' ').next()?.parse::<f64>().ok());
        let one = series(self.reading(Diagnostic::CheckMetrics, part)?).find(|one| one.label.starts_with(name))?;
        let (first, last) = (usual(&one.values), one.last());
        let rose = if name == "p99" { last > first * 1.25 } else { last - first > 0.4 + first / 20.0 };
        Some((one.record.id, rose && rule.is_none_or(|limit| last > limit)))
    }
}

/// What a series was at first: the smaller of its two oldest values.
fn usual(values: &[f64]) -> f64 {
    values.iter().take(2).copied().fold(f64::INFINITY, f64::min)
}

/// Takes a line apart that says what a part stands on.
fn tie(text: &str) -> Option<(&str, &'static str, &str)> {
    const FORMS: [(&str, &str); 5] = [
        (" runs on ", "node"),
        (" resolves names by ", "dns"),
        (" is configured by ", "config"),
        (" has its credentials from ", "identity"),
        (" is routed by ", "network"),
    ];
    let found = FORMS.iter().find_map(|(form, kind)| text.split_once(form).map(|(part, base)| (part, *kind, base)));
    found.or_else(|| text.split_once(" runs ").map(|(node, part)| (part, "node", node)))
}

/// Reads a time of the day, such as `09:45` or `09:45:06.941`, in minutes.
pub(super) fn minute(time: &str) -> Option<i32> {
    let mut fields = time.split(':');
    let (hours, minutes): (i32, i32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(hours * 60 + minutes)
}

/// The minutes from one time of the day to another one less than half a day away.
pub(super) fn minutes_between(from: i32, to: i32) -> i32 {
    (to - from + 720).rem_euclid(1440) - 720
}

fn in_series<'a>(text: &'a str, name: &str, past: impl Fn(f64) -> bool) -> Shown<'a> {
    let Some(one) = series(text).find(|one| one.label.starts_with(name)) else { return Shown::Absent };
    if !past(one.last()) {
        return Shown::Absent;
    }
    let ended = one.values.iter().rposition(|value| !past(*value));
    let Some(before) = ended else { return Shown::Old };
    let end = one.record.text.split_once(" min to ").and_then(|(_, rest)| minute(rest.split_once(": ")?.0));
    let steps = i32::try_from(one.values.len() - 1 - before).unwrap_or(i32::MAX);
    Shown::Now { record: one.record.id, since: end.map(|end| end - steps.saturating_mul(10)) }
}

fn in_status<'a>(text: &'a str, words: &str) -> Shown<'a> {
    let Some(record) = records(text).skip(1).find(|record| record.text.contains(words)) else { return Shown::Absent };
    match record.text.rsplit_once(", since ") {
        Some((_, time)) => Shown::Now { record: record.id, since: minute(time) },
        None if record.text.ends_with(", for days") => Shown::Old,
        None => Shown::Absent,
    }
}

fn in_logs<'a>(text: &'a str, words: &[String]) -> Shown<'a> {
    let said = |line: &str| words.iter().any(|word| line.contains(word.as_str()));
    let Some(line) = logged(text).filter(|line| line.is_warning() && said(line.message)).last() else {
        return Shown::Absent;
    };
    let now = records(text).next().and_then(|record| minute(record.text.split(' ').next()?));
    let age = now.zip(minute(line.record.text)).map(|(now, then)| minutes_between(then, now));
    if age.is_some_and(|age| age > STALE) { Shown::Old } else { Shown::Now { record: line.record.id, since: None } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_shows_a_sign_since_it_passed_the_limit() {
        let text =
            "[e-1] hit rate (%), every 10 min to 00:05: 92 91 8 9\n[e-2] cpu (%), every 10 min to 00:05: 97 98 99 98";
        assert_eq!(in_series(text, "hit rate", |v| v < 60.0), Shown::Now { record: "e-1", since: Some(-15) });
        assert_eq!(in_series(text, "cpu", |v| v > 90.0), Shown::Old);
        assert_eq!(in_series(text, "cpu", |v| v > 99.5), Shown::Absent);
    }

    #[test]
    fn a_status_shows_what_it_says_since_when() {
        let text = "[e-1] 09:45 a: failing; kind db\n[e-2] instances: 2 primaries (epochs 1 and 2), 1 replica, since 09:07\n\
[e-3] restarts in the last hour: 9, for days\n[e-4] peers connected: 5 of 5";
        assert_eq!(in_status(text, "2 primaries"), Shown::Now { record: "e-2", since: Some(547) });
        assert_eq!(in_status(text, "restarts in"), Shown::Old);
        assert_eq!(in_status(text, "peers"), Shown::Absent);
    }

    #[test]
    fn lines_of_a_log_are_stale_after_a_while() {
        let text = "[e-1] 00:10 log of a, last 120 min\n[e-2] 23:59:00.000 ERROR no route to b\n[e-3] 22:59:00.000 WARN slow operation: 9 ms\n\
[e-4] 00:09:00.000 INFO slow operation: 1 ms";
        assert_eq!(in_logs(text, &["no route to".to_owned()]), Shown::Now { record: "e-2", since: None });
        assert_eq!(in_logs(text, &["slow operation".to_owned()]), Shown::Old);
        assert_eq!(in_logs(text, &["out of memory".to_owned()]), Shown::Absent);
    }

    #[test]
    fn ties_are_read_from_both_ends() {
        assert_eq!(tie("a-api runs on node-1"), Some(("a-api", "node", "node-1")));
        assert_eq!(tie("node-1 runs a-api"), Some(("a-api", "node", "node-1")));
        assert_eq!(tie("a-api is configured by core-config"), Some(("a-api", "config", "core-config")));
        assert_eq!(tie("core-config calls nothing; every service uses it"), None);
    }
}

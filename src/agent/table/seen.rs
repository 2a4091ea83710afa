//! What was read so far: who calls what and stands on what, how each part fares, and which signs it shows.

use std::cell::RefCell;
use std::collections::HashMap;

use incident_env::{Action, ActionKind, Diagnostic, Dimension, Observation, SYSTEM};

use super::data::{Relation, Sign, Way};
use super::names::kind_by_name;
use super::told::{Told, in_logs, in_metrics, in_status, usual};
use crate::agent::records::{Call, Change, calls, changes, records, series, status};

/// How often a look is taken that gets no answer.
const TRIES: usize = 3;

/// What a look says that got no answer.
const NO_ANSWER: &str = "no answer within";

/// A look, taken or still to be taken: at a part, or at the whole system if there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look<'a> {
    tool: Diagnostic,
    part: Option<&'a str>,
    by: Option<Dimension>,
}

impl<'a> Look<'a> {
    /// A look at a part.
    pub(super) const fn at(tool: Diagnostic, part: &'a str) -> Self {
        Self { tool, part: Some(part), by: None }
    }

    /// A look at the whole system.
    pub(super) const fn over_all(tool: Diagnostic) -> Self {
        Self { tool, part: None, by: None }
    }

    /// The look that a way of a sign needs.
    const fn of(way: &Way, part: &'a str) -> Self {
        Self { tool: way.tool(), part: Some(part), by: way.split }
    }

    /// The key under which what it shows is kept.
    pub(super) fn key(&self) -> String {
        let part = self.part.unwrap_or(SYSTEM);
        self.by.map_or_else(|| part.to_owned(), |by| format!("{part} by={by}"))
    }

    /// The diagnostic that is asked.
    pub(super) const fn tool(&self) -> Diagnostic {
        self.tool
    }

    /// The look as an action.
    pub(super) fn action(&self) -> Action {
        let part = self.part.map(|part| ("service", part));
        let by = self.by.map(|by| ("by", by.as_str()));
        Action::with(ActionKind::Diagnostic(self.tool), &part.into_iter().chain(by).collect::<Vec<_>>())
    }
}

/// What a part shows of a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown<'a> {
    /// It was not looked at in the way that tells first.
    Unread(Look<'a>),
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
    /// The kinds of parts, as the list of all parts says.
    kinds: HashMap<&'a str, &'a str>,
    /// The looks that were taken, each as often as it was.
    taken: &'a [(Diagnostic, String)],
    /// What logs told of signs, which is asked often.
    logged: RefCell<HashMap<(usize, String), Told<'a>>>,
}

impl<'a> Seen<'a> {
    /// Takes what was read apart. `taken` are the looks that were taken.
    pub(super) fn new(observation: &'a Observation, taken: &'a [(Diagnostic, String)]) -> Self {
        let parts = observation.briefing.services.iter();
        let read = parts.filter_map(|part| observation.reading(Diagnostic::CheckDependencies, part));
        let mut seen = Self {
            observation,
            calls: Vec::new(),
            ties: Vec::new(),
            kinds: HashMap::new(),
            taken,
            logged: RefCell::default(),
        };
        for shown in read {
            for call in calls(shown) {
                if !seen.calls.iter().any(|known| (known.from, known.to) == (call.from, call.to)) {
                    seen.calls.push(call);
                }
            }
            seen.ties.extend(records(shown).filter_map(|record| tie(record.text)));
        }
        let all = observation.reading(Diagnostic::CheckServiceStatus, SYSTEM).unwrap_or_default();
        for record in records(all) {
            let Some((part, rest)) = record.text.split_once(": kind ") else { continue };
            let mut fields = rest.split(", ");
            seen.kinds.insert(part, fields.next().unwrap_or_default());
            seen.ties.extend(fields.filter_map(|field| field.strip_prefix("on ")).map(|node| (part, "node", node)));
        }
        seen
    }

    /// Returns what a look showed; none if it was not taken. One that got no answer counts as taken after some tries.
    pub(super) fn shown_by(&self, look: Look<'_>) -> Option<&'a str> {
        let key = look.key();
        let kind = ActionKind::Diagnostic(look.tool);
        let found = self.observation.evidence.iter().find(|one| one.kind == kind && *one.target == *key);
        let text = found.map(|one| one.text.as_str());
        let answer = text.filter(|text| !text.contains(NO_ANSWER));
        answer.or_else(|| {
            let tries = self.taken.iter().filter(|(tool, taken)| *tool == look.tool && *taken == key).count();
            (tries >= TRIES).then_some(text.unwrap_or_default())
        })
    }

    /// Returns what a diagnostic of a part showed; none if it was not looked at.
    pub(super) fn reading(&self, tool: Diagnostic, part: &str) -> Option<&'a str> {
        self.shown_by(Look::at(tool, part))
    }

    /// Returns whether a look was taken.
    pub(super) fn is_taken(&self, look: Look<'_>) -> bool {
        self.shown_by(look).is_some()
    }

    /// Returns the changes of a part, by the list of its own or by the one of all parts; none if neither was read.
    pub(super) fn changes(&self, part: &str) -> Option<Vec<Change<'a>>> {
        if let Some(own) = self.reading(Diagnostic::CheckRecentDeploys, part) {
            return Some(changes(own).collect());
        }
        let all = self.shown_by(Look::over_all(Diagnostic::CheckRecentDeploys))?;
        Some(changes(all).filter(|change| change.record.text.split(' ').nth(1) == Some(part)).collect())
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

    /// Returns the kind of a part: as a status says, as others refer to it, or as it is named; none if nothing tells it.
    pub(super) fn kind(&self, part: &str) -> Option<&'a str> {
        let shown = self.reading(Diagnostic::CheckServiceStatus, part);
        let stated = shown.and_then(|shown| status(shown)?.field("kind"));
        let tied = || self.ties.iter().find(|tie| tie.2 == part).map(|tie| tie.1);
        stated.or_else(|| self.kinds.get(part).copied()).or_else(tied).or_else(|| self.named_kind(part))
    }

    fn named_kind(&self, part: &str) -> Option<&'a str> {
        self.observation.briefing.services.iter().find(|known| ***known == *part)?;
        kind_by_name(part)
    }

    /// Returns a field of the first line of a status, such as `job`.
    pub(super) fn field(&self, part: &str, name: &str) -> Option<&'a str> {
        status(self.reading(Diagnostic::CheckServiceStatus, part)?)?.field(name)
    }

    /// Returns what a part shows of a sign. If it is asked for a root, calls and series that name another part do not
    /// count: what fails at a caller of the root are its calls to the root.
    pub(super) fn shown(&self, sign: &Sign, part: &'a str, root: Option<(Relation, &str)>) -> Shown<'a> {
        let mut found = Shown::Absent;
        if !sign.fits(self.kind(part)) {
            return found;
        }
        for (place, way) in sign.ways.iter().enumerate() {
            match self.told(way, part, root) {
                Some(Told::Now { record, since }) => return Shown::Now { record, since },
                Some(Told::Old) if found == Shown::Absent => found = Shown::Old,
                None if place == 0 => found = Shown::Unread(Look::of(way, part)),
                Some(Told::Old | Told::Absent) | None => {}
            }
        }
        found
    }

    /// Returns what was read tells in one way; none if it was not read.
    fn told(&self, way: &Way, part: &'a str, root: Option<(Relation, &str)>) -> Option<Told<'a>> {
        if !way.calls.is_empty() {
            let to_root = root.filter(|(at, _)| *at == Relation::Caller).map(|(_, root)| root);
            let is_meant = |call: &&Call<'a>| {
                let kind = || self.kind(call.to).is_none_or(|kind| way.to.iter().any(|one| one == kind));
                call.from == part
                    && call.is_bad()
                    && (way.to.is_empty() || kind())
                    && to_root.is_none_or(|to| to == call.to)
            };
            let failed = self
                .calls
                .iter()
                .filter(is_meant)
                .find(|call| reason(call).is_some_and(|reason| way.calls.iter().any(|one| one == reason)));
            return match failed {
                Some(call) => Some(Told::Now { record: call.record.id, since: None }),
                None => self.reading(Diagnostic::CheckDependencies, part).map(|_| Told::Absent),
            };
        }
        let text = self.shown_by(Look::of(way, part))?;
        if !way.series.is_empty() {
            let named = root.filter(|(at, _)| match way.split {
                Some(Dimension::Client) => *at == Relation::Callee,
                Some(Dimension::Node) => *at == Relation::Resident,
                _ => false,
            });
            return Some(in_metrics(text, way, named.map(|(_, root)| root)));
        }
        if let Some(words) = &way.status {
            return Some(in_status(text, words));
        }
        let key = (std::ptr::from_ref(way) as usize, part.to_owned());
        Some(*self.logged.borrow_mut().entry(key).or_insert_with(|| in_logs(text, way)))
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

    /// Returns the share of its requests that a part fails, in per cent; none if it was not looked at or has no such series.
    pub(super) fn failed(&self, part: &str) -> Option<f64> {
        let text = self.reading(Diagnostic::CheckMetrics, part)?;
        series(text).find(|one| one.label.starts_with("failed requests")).map(|one| one.last())
    }

    /// Returns whether a part gets twice as many requests as two hours ago or more; none if it was not looked at.
    pub(super) fn flooded(&self, part: &str) -> Option<bool> {
        let text = self.reading(Diagnostic::CheckMetrics, part)?;
        let requests = series(text).find(|one| one.label.starts_with("requests (per s)"));
        Some(requests.is_some_and(|one| one.last() > usual(&one.values) * 2.0))
    }

    /// Returns the record of the series that fired the alert, and whether it is still beyond its threshold and not what it
    /// was two hours ago; none if the alerted part was not looked at or has no such series.
    pub(super) fn alert_holds(&self, part: &str) -> Option<(&'a str, bool)> {
        let alert = &self.observation.briefing.alert;
        if alert.title.ends_with(" missing") {
            return self.is_missing(part);
        }
        if let Some(resource) = alert.title.strip_suffix(" saturated") {
            return self.is_saturated(part, resource);
        }
        let name = if alert.title.starts_with("Response time") { "p99" } else { "failed requests" };
        let rule =
            alert.symptoms.iter().find_map(|rule| rule.split_once("> ")?.1.split(' ').next()?.parse::<f64>().ok());
        let one = series(self.reading(Diagnostic::CheckMetrics, part)?).find(|one| one.label.starts_with(name))?;
        let (first, last) = (usual(&one.values), one.last());
        let rose = if name == "p99" { last > first * 1.25 } else { last - first > 0.4 + first / 20.0 };
        Some((one.record.id, rose && rule.is_none_or(|limit| last > limit)))
    }

    /// Returns the record of the requests of a part, or of those that it fails if more fail than stay away, and whether it
    /// does less than three quarters of what it did two hours ago.
    fn is_missing(&self, part: &str) -> Option<(&'a str, bool)> {
        let text = self.reading(Diagnostic::CheckMetrics, part)?;
        let requests = series(text).find(|one| one.label.starts_with("requests (per s)"))?;
        let failed = series(text).find(|one| one.label.starts_with("failed requests"));
        let (arrive, pass) = (
            requests.last() / usual(&requests.values).max(0.1),
            failed.as_ref().map_or(1.0, |failed| 1.0 - failed.last() / 100.0),
        );
        let shows = failed.filter(|_| pass < arrive).map_or(requests.record.id, |failed| failed.record.id);
        Some((shows, arrive * pass < 0.75))
    }

    /// Returns the record of the series of a resource, and whether it rose. Where no series is known to be of it, it is taken
    /// to hold.
    fn is_saturated(&self, part: &str, resource: &str) -> Option<(&'a str, bool)> {
        const SERIES: [(&str, &[&str]); 5] = [
            ("Processor", &["cpu", "processor"]),
            ("Memory", &["mem", "heap"]),
            ("Connections", &["conn", "pool", "activity", "client", "session"]),
            ("Volume", &["volume", "disk", "filesystem"]),
            ("Backlog", &["unread", "lag", "messages", "ready"]),
        ];
        let text = self.reading(Diagnostic::CheckMetrics, part)?;
        let of_it = SERIES.iter().find(|(name, _)| resource.starts_with(name)).map_or(&[][..], |(_, words)| words);
        let is_of_it = |label: &str| of_it.iter().any(|word| label.to_lowercase().contains(word));
        let found = series(text).find(|one| is_of_it(one.label));
        let known = found.map(|one| (one.record.id, one.last() > usual(&one.values) * 1.25));
        known.or_else(|| series(text).next().map(|one| (one.record.id, true)))
    }
}

/// The reason for which calls fail; none if they do not.
pub(super) fn reason<'a>(call: &Call<'a>) -> Option<&'a str> {
    let (_, rest) = call.record.text.split_once(" of calls fail (")?;
    rest.split_once(')').map(|(reason, _)| reason)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_are_read_from_both_ends() {
        assert_eq!(tie("a-api runs on node-1"), Some(("a-api", "node", "node-1")));
        assert_eq!(tie("node-1 runs a-api"), Some(("a-api", "node", "node-1")));
        assert_eq!(tie("a-api is configured by core-config"), Some(("a-api", "config", "core-config")));
        assert_eq!(tie("core-config calls nothing; every service uses it"), None);
    }

    #[test]
    fn calls_say_why_they_fail() {
        let text = "[e-1] a -> b (sync): failing, 12.5 % of calls fail (no_route), p99 8.0 ms\n\
[e-2] a -> c (data): ok, 0.0 % of calls fail, p99 8.0 ms";
        let reasons: Vec<_> = calls(text).map(|call| reason(&call)).collect();
        assert_eq!(reasons, [Some("no_route"), None]);
    }

    #[test]
    fn looks_have_the_keys_under_which_they_are_kept() {
        let split = Look { tool: Diagnostic::CheckMetrics, part: Some("a"), by: Some(Dimension::Node) };
        assert_eq!(split.key(), "a by=node");
        assert_eq!(split.action().text("by"), Some("node"));
        assert_eq!(Look::over_all(Diagnostic::CheckRecentDeploys).key(), "system");
        assert_eq!(Look::over_all(Diagnostic::CheckRecentDeploys).action().target(), None);
    }
}

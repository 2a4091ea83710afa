//! Reads the form of evidence: trouble, changes, times and names.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use incident_env::{Observation, canonical};

/// The words that mean trouble whatever the level of the line.
const TROUBLE: [&str; 14] = [
    "refused",
    "timed out",
    "timeout",
    "failed",
    "failure",
    "killed",
    "terminated",
    "unreachable",
    "no route",
    "denied",
    "exhausted",
    "lost",
    "rejected",
    "withdrawn",
];
/// The levels that mean trouble.
const LEVELS: [&str; 6] = ["ERROR", "FATAL", "CRIT", "CRITICAL", "PANIC", "WARN"];
/// The beginnings of words about a change to a system.
const CHANGES: [&str; 20] = [
    "appl", "push", "rotat", "deploy", "rollout", "rolled", "release", "enabl", "reload", "chang", "migrat", "purg",
    "schedul", "config", "filter", "template", "job", "batch", "import", "trigger",
];

/// One line of evidence, without its time.
#[derive(Debug, Clone)]
pub(super) struct Line<'a> {
    pub(super) at: Option<Timestamp>,
    pub(super) text: &'a str,
}

/// The lines of a text, except blank ones.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.lines().filter(|line| !line.trim().is_empty()).map(|line| {
        let line = line.trim();
        let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match first.parse() {
            Ok(at) => Line { at: Some(at), text: rest.trim_start() },
            Err(_) => Line { at: None, text: line },
        }
    })
}

impl Line<'_> {
    /// Whether the line is about trouble, by its level or its words.
    pub(super) fn is_trouble(&self) -> bool {
        let level = self.text.split_whitespace().next().unwrap_or_default();
        let lowered = self.text.to_lowercase();
        LEVELS.contains(&level) || TROUBLE.iter().any(|word| lowered.contains(word))
    }

    /// Whether the line has a level of trouble above a warning.
    pub(super) fn is_error(&self) -> bool {
        let level = self.text.split_whitespace().next().unwrap_or_default();
        level != "WARN" && LEVELS.contains(&level)
    }

    /// Whether the line is about a change near the onset.
    pub(super) fn is_change(&self, onset: Option<Timestamp>) -> bool {
        let before = SignedDuration::from_mins(20);
        let after = SignedDuration::from_mins(3);
        let near = self.at.zip(onset).is_some_and(|(at, onset)| {
            let distance = at.duration_since(onset);
            -before <= distance && distance <= after
        });
        near && words(self.text).any(|word| CHANGES.iter().any(|start| word.starts_with(start)))
    }
}

/// The words of a text in lower case; `_` and `-` separate words.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// The time at which the trouble began: the newest time in any evidence, less the duration of the alert.
pub(super) fn onset(observation: &Observation) -> Option<Timestamp> {
    let minutes = observation.briefing.alert.duration_minutes.as_ref()?.as_f64()?;
    let newest =
        observation.evidence.iter().flat_map(|evidence| lines(evidence.text.as_str())).filter_map(|l| l.at).max()?;
    newest.checked_sub(SignedDuration::from_secs_f64(minutes * 60.0)).ok()
}

/// The names of an incident's services, in the forms in which logs write them.
#[derive(Debug)]
pub(super) struct Names<'a> {
    services: &'a [Arc<str>],
    /// For each service its whole name, and its first part if no other service begins with it, such as the name of an
    /// application. Short parts, such as `api`, are words of any log.
    forms: Vec<(String, Option<String>)>,
}

impl<'a> Names<'a> {
    /// The names of all services of an observation.
    pub(super) fn of(observation: &'a Observation) -> Self {
        Self::new(&observation.briefing.services)
    }

    fn new(services: &'a [Arc<str>]) -> Self {
        const SHORTEST_PART: usize = 6;
        let names: Vec<_> = services.iter().map(|service| canonical(service)).collect();
        let first = |name: &str| name.split('-').next().unwrap_or_default().to_owned();
        let is_unique = |part: &String| names.iter().filter(|name| first(name) == *part).count() == 1;
        let form = |name: &String| {
            (name.clone(), Some(first(name)).filter(|part| part.len() >= SHORTEST_PART && is_unique(part)))
        };
        Self { services, forms: names.iter().map(form).collect() }
    }

    /// The services that a line names, other than the one that it comes from.
    pub(super) fn named(&self, line: &str, own: &str) -> Vec<&'a Arc<str>> {
        let text = line.to_lowercase();
        let goes_on = |c: char| c == '-' || c == '_';
        let all = self.services.iter().zip(&self.forms).filter(|(service, _)| ***service != *own);
        let found = all.filter(|(_, (name, part))| {
            holds(&text, name, |_| false) || part.as_ref().is_some_and(|part| holds(&text, part, goes_on))
        });
        found.map(|(service, _)| service).collect()
    }
}

/// Whether a name is in a text as a whole word, or is followed by a character that `and_then` allows.
fn holds(text: &str, name: &str, and_then: impl Fn(char) -> bool) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(part) && after.is_none_or(|c| !part(c) || and_then(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services() -> Vec<Arc<str>> {
        ["billing-service", "billing-db", "reports-service", "web"].map(Arc::from).to_vec()
    }

    #[test]
    fn names_in_lines() {
        let all = services();
        let names = Names::new(&all);
        let found = |line: &str, own: &str| -> Vec<String> {
            names.named(line, own).into_iter().map(ToString::to_string).collect()
        };
        assert_eq!(found("connect to billing-db:5432 refused", "web"), ["billing-db"]);
        assert_eq!(found("app=reports-batch client=10.0.0.1", "billing-db"), ["reports-service"]);
        assert_eq!(found("billing is slow, reporting too", "web"), Vec::<String>::new());
        assert_eq!(found("billing-db: own name", "billing-db"), Vec::<String>::new());
    }

    #[test]
    fn lines_have_times_and_levels() {
        let text = "2024-03-15T10:00:00Z ERROR x: no\n\nwindow 15m\n2024-03-15T10:09:00.5Z INFO x: settings applied";
        let lines: Vec<_> = lines(text).collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].is_error() && lines[0].is_trouble() && lines[1].at.is_none());
        let onset = "2024-03-15T10:10:00Z".parse().ok();
        assert!(lines[2].is_change(onset) && !lines[0].is_change(onset) && !lines[2].is_trouble());
        assert!(!lines[2].is_change("2024-03-15T11:00:00Z".parse().ok()));
    }
}

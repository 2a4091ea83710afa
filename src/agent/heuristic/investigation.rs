//! Finds the cause: the names in a log's trouble lead to the next log, until the trail ends at a change near the onset.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::actions::look;
use super::reading::{Line, Names, lines, onset, words};
use incident_env::{Action, Diagnostic, Observation};

/// The time before the onset within which a deploy may still be the one that matters, because what it scheduled may
/// have run only now.
const RECENT: SignedDuration = SignedDuration::from_hours(24);
/// The number of change lines after which more of them say nothing new about a service.
const ENOUGH_CHANGES: usize = 3;
/// The number of services on a trail if steps are also needed for a repair.
const SHORT_TRAIL: usize = 5;
/// The number of services on a trail if no repair is needed.
const LONG_TRAIL: usize = 6;
/// The number of services from which a second look at one of them costs no efficiency.
const SERVICES_BEFORE_A_SECOND_LOOK: usize = 3;
/// The most characters of evidence that an answer quotes.
const LONGEST_QUOTE: usize = 400;

/// The trail so far, in the order of reading.
#[derive(Debug, Default)]
pub(super) struct Investigation {
    trail: Vec<Arc<str>>,
}

/// The symptoms in a service's log.
#[derive(Debug, Default)]
struct Symptoms {
    changes: usize,
    /// The services that its trouble and its changes name, each with the number of times.
    names: Vec<(Arc<str>, usize)>,
    /// Whether its errors name another service.
    blames: bool,
}

impl Investigation {
    /// The next look; none if the trail has ended.
    pub(super) fn next(&mut self, observation: &Observation) -> Option<Action> {
        let onset = onset(observation);
        if let Some(service) = self.next_service(observation, onset) {
            self.trail.push(Arc::clone(&service));
            return Some(look(Diagnostic::QueryLogs, &service));
        }
        let suspect = self.suspect(observation)?;
        // A trail does not end at a service that blames others, because what it depends on may lead further.
        let open = symptoms(observation, &suspect, onset).blames && self.trail.len() < longest(observation);
        if open && observation.reading(Diagnostic::CheckDependencies, &suspect).is_none() {
            return Some(look(Diagnostic::CheckDependencies, &suspect));
        }
        let unread = observation.reading(Diagnostic::CheckRecentDeploys, &suspect).is_none();
        let free = self.trail.len() >= SERVICES_BEFORE_A_SECOND_LOOK || has_remediations(observation);
        (unread && free).then(|| look(Diagnostic::CheckRecentDeploys, &suspect))
    }

    fn next_service(&self, observation: &Observation, onset: Option<Timestamp>) -> Option<Arc<str>> {
        if self.trail.len() >= longest(observation) {
            return None;
        }
        let unread = |name: &Arc<str>| !self.trail.contains(name);
        // The newest log leads further; if it does not, an older one may.
        for (age, service) in self.trail.iter().rev().enumerate() {
            let symptoms = symptoms(observation, service, onset);
            let next = symptoms.names.iter().filter(|(name, _)| unread(name)).max_by_key(|(_, count)| *count);
            if age == 0 && next.is_none() && symptoms.changes > 0 && !symptoms.blames {
                return None;
            }
            if let Some((name, _)) = next {
                return Some(Arc::clone(name));
            }
        }
        let alerted = &observation.briefing.alert.affected_services;
        let known = |name: &String| observation.briefing.services.iter().find(|service| ***service == **name).cloned();
        alerted.iter().filter_map(known).find(unread).or_else(|| {
            let names = Names::of(observation);
            let depends = |service: &Arc<str>| observation.reading(Diagnostic::CheckDependencies, service);
            let rows = self.trail.iter().filter_map(|service| Some((service, depends(service)?)));
            let called = rows.flat_map(|(service, text)| {
                let calls = text.lines().filter(|row| !row.trim_start().starts_with("called by"));
                calls.flat_map(|row| names.named(row, service)).collect::<Vec<_>>()
            });
            called.clone().find(|name| unread(name)).cloned()
        })
    }

    /// The service that the evidence points at: it changed near the onset, others name it, and it names nobody.
    pub(super) fn suspect(&self, observation: &Observation) -> Option<Arc<str>> {
        let onset = onset(observation);
        let all: Vec<_> = self.trail.iter().map(|service| (service, symptoms(observation, service, onset))).collect();
        let score = |service: &Arc<str>, own: &Symptoms| {
            let named = all
                .iter()
                .any(|(other, symptoms)| *other != service && symptoms.names.iter().any(|(name, _)| name == service));
            let deployed = deployed_before(observation, service, onset);
            own.changes.min(ENOUGH_CHANGES) + usize::from(named) + usize::from(deployed) + usize::from(!own.blames)
        };
        // Among equals the service that was read last is the deepest.
        let best = all.iter().max_by_key(|(service, own)| score(service, own));
        best.map(|(service, _)| Arc::clone(service))
    }

    /// The cause and how it failed, in the words of its own evidence.
    pub(super) fn conclusion(&self, observation: &Observation) -> (String, String) {
        let Some(suspect) = self.suspect(observation) else {
            let first = observation.briefing.alert.affected_services.first();
            return (first.cloned().unwrap_or_default(), "requests fail; no evidence was read".to_owned());
        };
        let quote = quote(observation, &suspect);
        (suspect.to_string(), if quote.is_empty() { "failing requests".to_owned() } else { quote })
    }

    /// The services that were read, oldest first.
    pub(super) fn trail(&self) -> &[Arc<str>] {
        &self.trail
    }
}

/// The number of services that a trail may lead through.
fn longest(observation: &Observation) -> usize {
    if has_remediations(observation) { SHORT_TRAIL } else { LONG_TRAIL }
}

fn has_remediations(observation: &Observation) -> bool {
    observation.task().id == incident_env::TaskId::RemediationPlanning
}

fn log<'a>(observation: &'a Observation, service: &str) -> impl Iterator<Item = Line<'a>> {
    lines(observation.reading(Diagnostic::QueryLogs, service).unwrap_or_default())
}

fn symptoms(observation: &Observation, service: &str, onset: Option<Timestamp>) -> Symptoms {
    let names = Names::of(observation);
    let mut found = Symptoms::default();
    for line in log(observation, service) {
        let change = line.is_change(onset);
        found.changes += usize::from(change);
        if !change && !line.is_trouble() {
            continue;
        }
        for name in names.named(line.text, service) {
            found.blames |= line.is_error();
            match found.names.iter_mut().find(|(known, _)| known == name) {
                Some((_, count)) => *count += 1,
                None => found.names.push((Arc::clone(name), 1)),
            }
        }
    }
    found
}

/// Whether the newest deploy of a service is near enough before the onset.
pub(super) fn deployed_before(observation: &Observation, service: &str, onset: Option<Timestamp>) -> bool {
    let deploys = observation.reading(Diagnostic::CheckRecentDeploys, service).unwrap_or_default();
    let newest = deploys.split(|c: char| c.is_whitespace() || c == '(' || c == ')').filter_map(time).max();
    newest.zip(onset).is_some_and(|(deployed, onset)| {
        let before = onset.duration_since(deployed);
        !before.is_negative() && before <= RECENT
    })
}

/// A time with or without seconds.
fn time(word: &str) -> Option<Timestamp> {
    word.parse().ok().or_else(|| format!("{}:00Z", word.strip_suffix('Z')?).parse().ok())
}

/// The services that a service's own changes near the onset name: it acted on them, or handed something to them.
pub(super) fn acted_on(observation: &Observation, service: &str) -> Vec<Arc<str>> {
    let (onset, names) = (onset(observation), Names::of(observation));
    let mut found: Vec<Arc<str>> = Vec::new();
    for line in log(observation, service).filter(|line| line.is_change(onset)) {
        for name in names.named(line.text, service) {
            if !found.contains(name) {
                found.push(Arc::clone(name));
            }
        }
    }
    found
}

/// The lines of a service's log about changes and trouble, changes first, and its newest deploy.
pub(super) fn quote(observation: &Observation, service: &str) -> String {
    let onset = onset(observation);
    let all: Vec<_> = log(observation, service).collect();
    let changes = all.iter().filter(|line| line.is_change(onset)).take(3);
    let trouble = all.iter().filter(|line| line.is_trouble() && !line.is_change(onset)).take(2);
    let deploys = observation.reading(Diagnostic::CheckRecentDeploys, service).unwrap_or_default();
    let deploy = deploys.lines().find(|line| !line.trim().is_empty());
    let parts: Vec<_> = changes.chain(trouble).map(|line| line.text).chain(deploy.map(str::trim)).collect();
    parts.join("; ").chars().take(LONGEST_QUOTE).collect()
}

/// Everything that was read of a service, as words.
pub(super) fn vocabulary(observation: &Observation, service: &str) -> Vec<String> {
    let own = observation.evidence.iter().filter(|evidence| *evidence.target == *service);
    own.flat_map(|evidence| words(evidence.text.as_str())).collect()
}

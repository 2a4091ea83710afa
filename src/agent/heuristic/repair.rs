//! Repairs the cause: it takes the change back, runs the runbooks that the cause's evidence speaks of, restarts what
//! remains broken, and verifies.

use std::collections::VecDeque;
use std::sync::Arc;

use super::actions::look;
use super::investigation::{Investigation, acted_on, deployed_before, quote, vocabulary};
use super::reading::{lines, onset, words};
use incident_env::{Action, ActionKind, Diagnostic, Observation, Remediation, canonical};

/// The beginnings of the names of runbooks that look and do not change anything.
const LOOKS: [&str; 5] = ["verify", "check", "validate", "test", "confirm"];
/// The beginnings of the names of runbooks that put something right, and do not merely move load or drop data.
const MENDS: [&str; 9] = ["restore", "trigger", "rerun", "reset", "resync", "rebuild", "renew", "reissue", "reapply"];
/// The number of newest lines of a log that show the present state.
const NEWEST: usize = 3;

/// A repair under way.
#[derive(Debug, Default)]
pub(super) struct Repair {
    plan: Option<Plan>,
    done: Vec<String>,
}

#[derive(Debug)]
struct Plan {
    cause: String,
    quote: String,
    /// The actions that are taken without a further look.
    settled: VecDeque<Action>,
    /// The services to look at again, and to restart if they still fail.
    doubtful: VecDeque<Arc<str>>,
    /// The service that was looked at in the last step.
    looked_at: Option<Arc<str>>,
    verify: VecDeque<Action>,
}

impl Repair {
    pub(super) const fn has_begun(&self) -> bool {
        self.plan.is_some()
    }

    /// The next step of the repair; none if nothing is left to do.
    pub(super) fn next(&mut self, investigation: &Investigation, observation: &Observation) -> Option<Action> {
        if self.plan.is_none() {
            self.plan = Some(plan(investigation, observation)?);
        }
        let plan = self.plan.as_mut()?;
        let action = plan.next(observation)?;
        if !matches!(action.kind(), ActionKind::Diagnostic(_)) {
            self.done.push(action.to_string());
        }
        Some(action)
    }

    /// What failed, what was done, and what the last verification printed.
    pub(super) fn summary(&self, investigation: &Investigation, observation: &Observation) -> String {
        let (cause, quote) = match &self.plan {
            Some(plan) => (plan.cause.clone(), plan.quote.clone()),
            None => investigation.conclusion(observation),
        };
        let done = if self.done.is_empty() { "nothing".to_owned() } else { self.done.join(", ") };
        let runbook = ActionKind::Remediation(Remediation::ExecuteRunbookStep);
        let last = observation.evidence.iter().rev().find(|e| e.kind == runbook && looks_only(&e.target));
        let state = last.map_or("not verified", |evidence| evidence.text.as_str());
        format!("It began in {cause}: {quote}. Done: {done}. State now: {state}")
    }
}

impl Plan {
    fn next(&mut self, observation: &Observation) -> Option<Action> {
        if let Some(action) = self.settled.pop_front() {
            return Some(action);
        }
        let reserved = self.verify.len() + 1;
        let free = (observation.steps_left() as usize).saturating_sub(reserved);
        if let Some(service) = self.looked_at.take()
            && free >= 1
            && still_fails(observation, &service)
        {
            return Some(on_service(Remediation::RestartService, &service));
        }
        // A look is worth its step only if a step is left to act on it.
        if free >= 2
            && let Some(service) = self.doubtful.pop_front()
        {
            let action = look(Diagnostic::QueryLogs, &service);
            self.looked_at = Some(service);
            return Some(action);
        }
        self.verify.pop_front()
    }
}

fn plan(investigation: &Investigation, observation: &Observation) -> Option<Plan> {
    let cause = investigation.suspect(observation)?;
    let briefing = &observation.briefing;
    let told = vocabulary(observation, &cause);
    let mut settled = VecDeque::new();

    let is_named = |flag: &Arc<str>| {
        let name = canonical(flag);
        observation.evidence.iter().any(|e| *e.target == *cause && canonical(e.text.as_str()).contains(&name))
    };
    let flags: Vec<_> = briefing.flags.iter().filter(|flag| is_named(flag)).collect();
    for flag in &flags {
        settled.push_back(with(Remediation::DisableFeatureFlag, "flag", flag));
    }
    if !flags.is_empty() {
        // What the flag had started continues until its service is restarted.
        settled.push_back(on_service(Remediation::RestartService, &cause));
    } else if deployed_before(observation, &cause, onset(observation)) {
        settled.push_back(on_service(Remediation::RollbackDeploy, &cause));
    }
    let (looking, changing): (Vec<_>, Vec<_>) = briefing.runbooks.iter().partition(|name| looks_only(name));
    for runbook in changing.into_iter().filter(|name| mends(name, &told)) {
        settled.push_back(with(Remediation::ExecuteRunbookStep, "runbook_action", runbook));
    }
    let handed = acted_on(observation, &cause);
    settled.extend(handed.iter().map(|service| on_service(Remediation::RestartService, service)));

    // The order is from the deepest service to the first, because a service recovers only after what it calls. Services
    // that were not read yet come before the one where the trail began.
    let trail = investigation.trail();
    let known = |name: &String| briefing.services.iter().find(|service| ***service == **name).cloned();
    let unread = briefing.alert.affected_services.iter().filter_map(known).filter(|service| !trail.contains(service));
    let deeper = trail.iter().skip(1).rev().cloned();
    let doubtful = deeper.chain(unread).chain(trail.first().cloned());
    let doubtful = doubtful.filter(|service| *service != cause && !handed.contains(service)).collect();
    let verify = looking.into_iter().filter(|name| name.starts_with(LOOKS[0]));
    Some(Plan {
        quote: quote(observation, &cause),
        cause: cause.to_string(),
        settled,
        doubtful,
        looked_at: None,
        verify: verify.map(|name| with(Remediation::ExecuteRunbookStep, "runbook_action", name)).collect(),
    })
}

fn looks_only(runbook: &str) -> bool {
    words(runbook).next().is_some_and(|word| LOOKS.contains(&word.as_str()))
}

/// Whether a runbook puts right what these words are about: every part of its name begins one of them.
fn mends(runbook: &str, told: &[String]) -> bool {
    let mut parts = words(runbook);
    let verb = parts.next().unwrap_or_default();
    let objects: Vec<_> = parts.collect();
    let occurs = |object: &String| {
        let stem = object.strip_suffix('s').unwrap_or(object);
        told.iter().any(|word| word.starts_with(stem))
    };
    MENDS.contains(&verb.as_str()) && !objects.is_empty() && objects.iter().all(occurs)
}

/// Whether the newest lines of a service's log are errors.
fn still_fails(observation: &Observation, service: &str) -> bool {
    let log: Vec<_> = lines(observation.reading(Diagnostic::QueryLogs, service).unwrap_or_default()).collect();
    log.iter().rev().take(NEWEST).any(super::reading::Line::is_error)
}

fn on_service(kind: Remediation, service: &str) -> Action {
    with(kind, "service", service)
}

fn with(kind: Remediation, parameter: &str, target: &str) -> Action {
    Action::with(ActionKind::Remediation(kind), &[(parameter, target)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runbooks_and_what_they_are_about() {
        let told: Vec<_> = words("session down, route 10.0.0.0/8 withdrawn, bgp keepalive").collect();
        for (runbook, expected) in
            [("restore_bgp_routes", true), ("restore_dns", false), ("restore", false), ("drain-bgp", false)]
        {
            assert_eq!(mends(runbook, &told), expected, "{runbook}");
        }
        assert!(looks_only("verify_writes") && looks_only("check-queue") && !looks_only("reverify"));
    }
}

//! The strict grade of written scenarios: exact names, the state of the world at the end, harm, and what was looked at. It stands
//! beside the classic grade, and is made from the same steps.
//!
//! The rules and weights are those of generated incidents, with what a written scenario can tell:
//!
//! - **Severity**: right 1, one too severe .3, one too mild .1, else 0; at most .25 where nothing was read that says what users
//!   lose.
//! - **Root cause**: 0 for another service, for its name in another spelling, and for a text that asserts more than two
//!   mechanisms. Else .30 service, .20 mechanism, .20 grounding, and, where they are given, .15 trigger, .10 path, .05
//!   calibration; over the sum of the weights that apply where the mechanism is right or near; at most .25 where the grounding is
//!   below .25. Grounding is the share of the clues that were seen; where readings are cited, of those that were
//!   cited, times the square of the share of citations that are clues.
//! - **Repair**: .50 · (recovery, or .4 of it while the goal is not reached) + .20 durable + .15 verified + .15 diagnosed; at most
//!   .60 undiagnosed; times max(0, 1 − 1.5 · harm); nothing where no step helped.

use super::assertion::{asserted, mechanisms};
use super::truth::{Look, StrictTruth};
use super::{Strict, WrittenCause, WrittenRepair};
use crate::env::action::{Action, ActionKind, Diagnostic, Remediation};
use crate::env::grade::{Breakdown, Grade};
use crate::env::names::same_name;
use crate::env::points::Points;
use crate::env::scenario::Scenario;
use crate::env::task::{SEVERITIES, TaskId};
use crate::env::trajectory::{Resolved, StepRecord, Trajectory};

/// A change that is listed as wrong.
const HARM_OF_WRONG: f64 = 0.10;
/// A change that did not help.
const HARM_OF_IDLE: f64 = 0.07;
/// From this share of the clues on, what was read is a diagnosis.
const DIAGNOSED: f64 = 0.75;
/// Below this grounding, an answer is a guess.
const GUESS: f64 = 0.25;
/// A text that asserts more mechanisms than these asserts none.
const MOST_ASSERTED: usize = 2;

/// Grades the steps of an episode.
pub(in crate::env) fn grade(steps: Trajectory<'_>, scenario: &Scenario, truth: &StrictTruth) -> Grade {
    let deeds = Deeds::of(steps, scenario, truth);
    let (total, parts, feedback) = match scenario.task() {
        TaskId::AlertClassification => severity(steps, scenario, truth, &deeds),
        TaskId::RootCauseAnalysis => root_cause(steps, scenario, truth, &deeds),
        TaskId::RemediationPlanning => repair(truth, &deeds),
    };
    Grade { total: Points::round(total), breakdown: Breakdown::Strict(Box::new(parts)), feedback }
}

/// What was looked at and done.
#[derive(Default)]
struct Deeds {
    seen: Vec<Look>,
    /// How many of them before the first change; none where there is none.
    before_change: Option<usize>,
    /// How many of them up to the last change that helped.
    up_to_last_help: usize,
    /// Goals that were not reached, at the start and at the end.
    unmet: (u32, u32),
    durable: bool,
    changes: u32,
    helpful: u32,
    harm: f64,
}

impl Deeds {
    fn of(steps: Trajectory<'_>, scenario: &Scenario, truth: &StrictTruth) -> Self {
        let (world, goal) = (&scenario.world, scenario.truth.goal);
        let mut facts = world.start;
        let mut deeds = Self { unmet: (goal.unmet(facts), 0), ..Self::default() };
        for step in steps.0 {
            match step.resolved {
                Resolved::Diagnostic(kind, Some(service)) => deeds.seen.push(Look::Reading(kind, service)),
                Resolved::Remediation(remedy) => {
                    let left = |facts| goal.unmet(facts) + truth.durable.unmet(facts);
                    let before = left(facts);
                    if let Some(outcome) = remedy.and_then(|remedy| world.outcome(remedy, facts)) {
                        facts = outcome.effect.apply(facts);
                    }
                    match remedy {
                        Some(check) if truth.checks.contains(&check) => deeds.seen.push(Look::Check(check)),
                        None if !was_executed(step, scenario) => {}
                        _ => deeds.changed(
                            left(facts) < before,
                            remedy.is_some_and(|remedy| scenario.truth.wrong.contains(&remedy)),
                        ),
                    }
                }
                _ => {}
            }
        }
        deeds.unmet.1 = goal.unmet(facts);
        deeds.durable = truth.durable.allows(facts);
        deeds
    }

    fn changed(&mut self, helped: bool, is_wrong: bool) {
        self.before_change.get_or_insert(self.seen.len());
        self.changes += 1;
        self.helpful += u32::from(helped);
        if helped {
            self.up_to_last_help = self.seen.len();
        }
        self.harm += match (is_wrong, helped) {
            (true, _) => HARM_OF_WRONG,
            (false, false) => HARM_OF_IDLE,
            (false, true) => 0.0,
        };
    }
}

/// Whether a change about which the scenario says nothing was made to something that there is.
fn was_executed(step: &StepRecord, scenario: &Scenario) -> bool {
    let ActionKind::Remediation(kind) = step.action.kind() else { return false };
    let of_service = !matches!(kind, Remediation::DisableFeatureFlag | Remediation::ExecuteRunbookStep);
    let known = |name: &str| scenario.briefing.services.iter().any(|service| same_name(service, name));
    of_service && step.action.target().is_some_and(known)
}

/// The share of these sets of which one look was taken, 0 to 1.
fn share(sets: &[Vec<Look>], seen: &[Look]) -> f64 {
    let met = sets.iter().filter(|any| any.iter().any(|look| seen.contains(look))).count();
    if sets.is_empty() { 0.0 } else { count(met) / count(sets.len()) }
}

/// A count that is small.
fn count(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::INFINITY, f64::from)
}

fn severity(steps: Trajectory<'_>, scenario: &Scenario, truth: &StrictTruth, deeds: &Deeds) -> (f64, Strict, String) {
    let submitted = steps.answer().and_then(|answer| answer.text("severity")).map(str::to_uppercase);
    let level = |name: &str| SEVERITIES.iter().position(|level| *level == name);
    let right = &scenario.truth.severity;
    let is_worth: f64 = match (submitted.as_deref().and_then(level), level(right)) {
        (Some(given), Some(right)) if given == right => 1.0,
        (Some(given), Some(right)) if given + 1 == right => 0.3,
        (Some(given), Some(right)) if given == right + 1 => 0.1,
        _ => 0.0,
    };
    let knows = truth.impact.iter().any(|look| deeds.seen.contains(look));
    let total = if knows { is_worth } else { is_worth.min(0.25) };
    let feedback = match &submitted {
        None => "no severity was submitted".to_owned(),
        Some(_) if !knows => "nothing was read that says what users lose, so at most 0.25 is given".to_owned(),
        Some(_) => format!("right is {right}"),
    };
    let parts = super::Severity {
        submitted_severity: submitted,
        correct_severity: Some(right.clone()),
        severity_match: Points::round(is_worth),
        impact_seen: knows,
    };
    (total, Strict::Severity(parts), feedback)
}

fn root_cause(steps: Trajectory<'_>, scenario: &Scenario, truth: &StrictTruth, deeds: &Deeds) -> (f64, Strict, String) {
    let answer = steps.answer();
    let right = &scenario.truth.root_cause;
    let service = answer.and_then(|answer| answer.text("service"));
    let service_match = service == Some(right.as_str());
    let said = answer.map(|answer| says(answer, scenario)).unwrap_or_default();
    let mechanism = match truth.mechanism {
        Some(right) if said.len() <= MOST_ASSERTED && said.contains(&right) => 1.0,
        Some(right) if said.len() <= MOST_ASSERTED => {
            let group = |at: usize| mechanisms().get(at).map(|mechanism| &mechanism.group);
            if said.iter().any(|at| group(*at) == group(right)) { 1.0 / 3.0 } else { 0.0 }
        }
        _ => 0.0,
    };
    let trigger_match = answer
        .and_then(|answer| answer.text("trigger"))
        .map(|given| truth.trigger.iter().any(|right| same_name(right, given)));
    let path_valid = answer.and_then(|answer| answer.texts("path")).map(|path| is_path(&path, scenario, truth));
    let grounding = grounding(answer, scenario, truth, deeds);
    let confidence = answer.and_then(|answer| answer.parameters().get("confidence")).and_then(number);
    let calibration = confidence.map(|confidence| {
        let outcome = f64::from(u8::from(service_match));
        (1.0 - (confidence - outcome).powi(2) / 0.25).clamp(0.0, 1.0)
    });
    let holds = |holds: bool| if holds { 1.0 } else { 0.0 };
    let parts = [
        Some((0.30, holds(service_match))),
        Some((0.20, mechanism)),
        Some((0.20, grounding)),
        trigger_match.map(|fits| (0.15, holds(fits))),
        path_valid.map(|fits| (0.10, holds(fits))),
        calibration.map(|fits| (0.05, fits)),
    ];
    // Who does not say how it failed does not gain by having left out the rest as well.
    let weights = if mechanism > 0.0 { parts.iter().flatten().map(|(weight, _)| weight).sum() } else { 1.0 };
    let raw = parts.iter().flatten().map(|(weight, part)| weight * part).sum::<f64>() / weights;
    let says_everything = said.len() > MOST_ASSERTED;
    let total = match () {
        () if !service_match || says_everything => 0.0,
        () if grounding < GUESS => raw.min(0.25),
        () => raw,
    };
    let feedback = match () {
        () if answer.is_none() => "no root cause was submitted".to_owned(),
        () if !service_match => format!("another service than the one at the root, {right}"),
        () if says_everything => format!("{} mechanisms are asserted, which is no answer", said.len()),
        () if grounding < GUESS => "the right service, but nothing was read that shows it: at most 0.25".to_owned(),
        () => format!("the right service; mechanism {mechanism:.2}, grounding {grounding:.2}"),
    };
    let names = |places: &[usize]| {
        places.iter().filter_map(|at| mechanisms().get(*at)).map(|mechanism| mechanism.id.clone()).collect()
    };
    let parts = WrittenCause {
        service_match,
        mechanism_match: Points::round(mechanism),
        mechanisms: names(&said),
        trigger_match,
        path_valid,
        grounding: Points::round(grounding),
        calibration: calibration.map(Points::round),
        submitted_service: service.map(|name| name.chars().take(60).collect()),
        correct_service: right.clone(),
        correct_mechanism: names(truth.mechanism.as_slice()).pop(),
    };
    (total, Strict::WrittenCause(parts), feedback)
}

/// The mechanisms that an answer names, or else that its free text asserts.
fn says(answer: &Action, scenario: &Scenario) -> Vec<usize> {
    if let Some(id) = answer.text("mechanism") {
        return mechanisms().iter().position(|mechanism| mechanism.id == id).into_iter().collect();
    }
    let names = scenario.briefing.services.iter().map(|name| &**name);
    asserted(answer.text("failure_mode").unwrap_or_default(), names)
}

/// A number from 0 to 1, also where it was sent as a text.
fn number(value: &serde_json::Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    number.filter(|number| (0.0..=1.0).contains(number))
}

fn grounding(answer: Option<&Action>, scenario: &Scenario, truth: &StrictTruth, deeds: &Deeds) -> f64 {
    let Some(cited) = answer.and_then(|answer| answer.texts("evidence")).filter(|cited| !cited.is_empty()) else {
        return share(&truth.clues, &deeds.seen);
    };
    let is_clue = |look: &Look| truth.clues.iter().any(|any| any.contains(look));
    // What was cited and never read is no help.
    let helpful: Vec<_> = cited
        .iter()
        .filter_map(|key| reading(key, scenario))
        .filter(|look| deeds.seen.contains(look) && is_clue(look))
        .collect();
    let precision = count(helpful.len()) / count(cited.len());
    share(&truth.clues, &helpful) * precision * precision
}

/// The reading that `diagnostic:service` cites.
fn reading(key: &str, scenario: &Scenario) -> Option<Look> {
    let (kind, service) = key.split_once(':')?;
    let kind = Diagnostic::ALL.iter().find(|known| known.as_str() == kind)?;
    let place = scenario.briefing.services.iter().position(|known| **known == *service)?;
    Some(Look::Reading(*kind, u16::try_from(place).ok()?))
}

/// Whether the fault acts along these services, from one of the alert to the root or back.
fn is_path(path: &[&str], scenario: &Scenario, truth: &StrictTruth) -> bool {
    let place = |name: &&str| scenario.briefing.services.iter().position(|known| **known == **name);
    let is_alerted = |name: &str| scenario.briefing.alert.affected_services.iter().any(|affected| affected == name);
    let acts = |cause: &str, effect: &str| match (place(&cause), place(&effect)) {
        (Some(cause), Some(effect)) => {
            truth.acts.iter().any(|(a, b)| (usize::from(*a), usize::from(*b)) == (cause, effect))
        }
        _ => false,
    };
    let (Some(first), Some(last)) = (path.first(), path.last()) else { return false };
    let root = scenario.truth.root_cause.as_str();
    if *last == root && is_alerted(first) {
        path.windows(2).all(|pair| acts(pair[1], pair[0]))
    } else if *first == root && is_alerted(last) {
        path.windows(2).all(|pair| acts(pair[0], pair[1]))
    } else {
        false
    }
}

fn repair(truth: &StrictTruth, deeds: &Deeds) -> (f64, Strict, String) {
    let (start, end) = deeds.unmet;
    let recovery = if start == 0 { 0.0 } else { (1.0 - f64::from(end) / f64::from(start)).max(0.0) };
    let clean = start > 0 && end == 0;
    let helped = deeds.helpful > 0;
    let durable = helped && deeds.durable;
    let since = deeds.seen.get(deeds.up_to_last_help..).unwrap_or_default();
    let verified = helped && share(&truth.verify, since) >= 1.0;
    let before = deeds.seen.get(..deeds.before_change.unwrap_or(deeds.seen.len())).unwrap_or_default();
    let diagnosed = share(&truth.clues, before) >= DIAGNOSED;
    let worth = |holds: bool, worth: f64| if holds { worth } else { 0.0 };
    let recovered = if clean { recovery } else { 0.4 * recovery };
    let base = 0.50 * recovered + worth(durable, 0.20) + worth(verified, 0.15) + worth(diagnosed, 0.15);
    let base = match () {
        () if !helped => 0.0,
        () if diagnosed => base,
        () => base.min(0.60),
    };
    let total = base * (1.0 - 1.5 * deeds.harm).max(0.0);
    let feedback = if helped {
        format!(
            "recovered {recovery:.2}, clean {clean}, durable {durable}, verified {verified}, diagnosed {diagnosed}, harm {:.2}",
            deeds.harm
        )
    } else {
        "no step helped".to_owned()
    };
    let parts = WrittenRepair {
        recovery: Points::round(recovery),
        clean,
        durable,
        verified,
        diagnosed,
        harm: Points::round(deeds.harm),
        changes: deeds.changes,
        helpful_changes: deeds.helpful,
    };
    (total, Strict::WrittenRepair(parts), feedback)
}

//! The strict grade of a scripted world. It uses the rubric of simulated worlds, with the facts that a script has:
//!
//! - **Severity**: the worth of the submitted severity, capped if nothing about the user impact was read.
//! - **Root cause**: 0 for another service, for a name in another spelling, and for a text that asserts more than two
//!   mechanisms. Otherwise the weighted parts divided by the sum of the weights that apply, capped if too few clues were
//!   seen.
//! - **Repair**: recovery, durability, verification, diagnosis and the mechanism if it is named, minus harm; 0 if no
//!   step helped.

use super::super::super::strict_truth::StrictTruth;
use super::assertion::asserted;
use super::evidence::{Deeds, citations, is_path, share};
use crate::action::Action;
use crate::grade::rubric::MechanismMatch;
use crate::grade::strict::{self, Strict};
use crate::grade::{Breakdown, Grade, rubric};
use crate::mechanism::mechanisms;
use crate::names::same_name;
use crate::observation::Briefing;
use crate::points::Points;
use crate::scripted::truth::{Answer, RootCause};
use crate::scripted::world::ScriptedWorld;
use crate::severity::Severity;
use crate::trajectory::Trajectory;

/// The largest number of mechanisms that a text may assert. A text that asserts more asserts none.
const MOST_ASSERTED: usize = 2;

/// Grades the steps of an episode.
pub(in crate::scripted) fn grade(
    steps: Trajectory<'_>,
    world: &ScriptedWorld,
    briefing: &Briefing,
    truth: &StrictTruth,
) -> Grade {
    let deeds = Deeds::of(steps, world, briefing, truth);
    let (total, parts, feedback) = match &world.truth.answer {
        Answer::Severity(right) => severity(steps, *right, truth, &deeds),
        Answer::RootCause(right) => root_cause(steps, right, briefing, truth, &deeds),
        Answer::Repair(_) => repair(steps, truth, &deeds),
    };
    Grade { total: Points::round(total), breakdown: Breakdown::Strict(Box::new(parts)), feedback }
}

fn severity(steps: Trajectory<'_>, right: Severity, truth: &StrictTruth, deeds: &Deeds) -> (f64, Strict, String) {
    let submitted = steps.answer().and_then(|answer| answer.text("severity")).map(str::to_uppercase);
    let given = submitted.as_deref().and_then(Severity::from_name);
    let is_worth = given.map_or(0.0, |given| rubric::severity(right, given));
    let knows = truth.impact.iter().any(|look| deeds.seen.contains(look));
    let total = if knows { is_worth } else { is_worth.min(rubric::GUESS_CAP) };
    let feedback = match &submitted {
        None => "no severity was submitted".to_owned(),
        Some(_) if !knows => "nothing was read that says what users lose, so at most 0.25 is given".to_owned(),
        Some(_) => format!("right is {right}"),
    };
    let parts = strict::Severity {
        submitted_severity: submitted,
        correct_severity: Some(right.as_str().to_owned()),
        severity_match: Points::round(is_worth),
        impact_seen: knows,
    };
    (total, Strict::Severity(parts), feedback)
}

fn root_cause(
    steps: Trajectory<'_>,
    right: &RootCause,
    briefing: &Briefing,
    truth: &StrictTruth,
    deeds: &Deeds,
) -> (f64, Strict, String) {
    let answer = steps.answer();
    let root = &right.service;
    let service = answer.and_then(|answer| answer.text("service"));
    let service_match = service == Some(root.as_str());
    let said = answer.map(|answer| says(answer, briefing)).unwrap_or_default();
    let says_everything = said.len() > MOST_ASSERTED;
    let mechanism = truth.mechanism.map_or(MechanismMatch::Other, |right| mechanism(&said, right));
    let trigger_match = answer
        .and_then(|answer| answer.text("trigger"))
        .map(|given| truth.trigger.iter().any(|right| same_name(right, given)));
    let path = answer.and_then(|answer| answer.texts("path"));
    let path_valid = path.map(|path| is_path(&path, root, briefing, truth));
    let graded = rubric::RootCause {
        service: service_match && !says_everything,
        mechanism,
        trigger: trigger_match,
        path: path_valid,
        citations: citations(answer, briefing, truth, deeds),
        read: share(&truth.clues, &deeds.seen),
    };
    let feedback = if answer.is_none() {
        "no root cause was submitted".to_owned()
    } else if !service_match {
        format!("another service than the one at the root, {root}")
    } else if says_everything {
        format!("{} mechanisms are asserted, which is no answer", said.len())
    } else if graded.is_guess() {
        "the right service, but too little was read that shows it: at most 0.25".to_owned()
    } else {
        format!("the right service; mechanism {:.2}, clues seen {:.2}", mechanism.share(), graded.read)
    };
    let names = |places: &[usize]| {
        places.iter().filter_map(|at| mechanisms().get(*at)).map(|mechanism| mechanism.id.clone()).collect()
    };
    let parts = strict::ScriptedCause {
        service_match,
        mechanism_match: Points::round(mechanism.share()),
        mechanisms: names(&said),
        trigger_match,
        path_valid,
        citations: graded.citations.map(Points::round),
        clues_seen: Points::round(graded.read),
        confidence: answer.and_then(|answer| answer.parameters().get("confidence")).and_then(number),
        submitted_service: service.map(|name| name.chars().take(60).collect()),
        correct_service: root.clone(),
        correct_mechanism: names(truth.mechanism.as_slice()).pop(),
    };
    (graded.total(), Strict::ScriptedCause(parts), feedback)
}

/// Returns how right the named mechanisms are, which are indices into the closed list.
fn mechanism(said: &[usize], right: usize) -> MechanismMatch {
    let group = |at: usize| mechanisms().get(at).map(|mechanism| &mechanism.group);
    if said.len() > MOST_ASSERTED {
        MechanismMatch::Other
    } else if said.contains(&right) {
        MechanismMatch::Right
    } else if said.iter().any(|at| group(*at) == group(right)) {
        MechanismMatch::SameGroup
    } else {
        MechanismMatch::Other
    }
}

/// Returns the mechanisms that an answer names, or else those that its free text asserts, as indices into the closed
/// list.
fn says(answer: &Action, briefing: &Briefing) -> Vec<usize> {
    if let Some(id) = answer.text("mechanism") {
        return of_list(id);
    }
    let names = briefing.services.iter().map(|name| &**name);
    asserted(answer.text("failure_mode").unwrap_or_default(), names)
}

/// Returns the mechanism with this id, as an index into the closed list; nothing if there is none.
fn of_list(id: &str) -> Vec<usize> {
    mechanisms().iter().position(|mechanism| mechanism.id == id).into_iter().collect()
}

/// Reads a number from 0 to 1, which may have been sent as a text.
fn number(value: &serde_json::Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    number.filter(|number| (0.0..=1.0).contains(number))
}

fn repair(steps: Trajectory<'_>, truth: &StrictTruth, deeds: &Deeds) -> (f64, Strict, String) {
    let (start, end) = (deeds.unmet_at_start, deeds.unmet_at_end);
    let recovery = if start == 0 { 0.0 } else { (1.0 - f64::from(end) / f64::from(start)).max(0.0) };
    let clean = start > 0 && end == 0;
    let helped = deeds.helpful > 0;
    let durable = helped && deeds.durable;
    let verified = helped && share(&truth.verify, deeds.seen_since_last_help()) >= 1.0;
    let diagnosed = share(&truth.clues, deeds.seen_before_change()) >= rubric::DIAGNOSED;
    let named = steps.answer().and_then(|answer| answer.text("mechanism"));
    let mechanism = truth.mechanism.zip(named).map(|(right, id)| mechanism(&of_list(id), right));
    let harm = deeds.harm;
    let total = rubric::Repair { helped, recovery, clean, durable, verified, diagnosed, mechanism, harm }.total();
    let feedback = if helped {
        format!(
            "recovered {recovery:.2}, clean {clean}, durable {durable}, verified {verified}, diagnosed {diagnosed}, harm {:.2}",
            deeds.harm
        )
    } else {
        "no step helped".to_owned()
    };
    let parts = strict::ScriptedRepair {
        recovery: Points::round(recovery),
        clean,
        durable,
        verified,
        diagnosed,
        mechanism_match: mechanism.map(|mechanism| Points::round(mechanism.share())),
        harm: Points::round(deeds.harm),
        changes: deeds.changes,
        helpful_changes: deeds.helpful,
    };
    (total, Strict::ScriptedRepair(parts), feedback)
}

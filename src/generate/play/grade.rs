//! The strict grader of generated incidents: from what was read, what was done, how the world stands, and the answer. No words
//! are weighed, so none can be dropped in.
//!
//! - **Severity**: right 1, one too severe .3, one too mild .1, else 0; at most .25 where nothing was read that says what users
//!   lose.
//! - **Root cause**: 0 for another entity. Else .30 for the entity, .20 mechanism (a third of it for one of the same group),
//!   .15 trigger, .10 path, .20 grounding, .05 calibration; at most .25 for all of it where the grounding is below .25.
//! - **Repair**: .50 · (recovery, or .4 of it while something harmful is left) + .20 durable + .15 verified + .15 diagnosed; at
//!   most .60 undiagnosed; times max(0, 1 − 1.5 · harm); 0 after a catastrophe. Where nothing was wrong: 1 for leaving it alone
//!   after having looked, and saying so.

use std::collections::BTreeSet;

use crate::generate::play::answer::Answer;
use crate::generate::proof::claim::{Atom, is_consistent};
use crate::generate::incident::incident::Incident;
use crate::generate::severity::Severity;
use crate::generate::incident::world::{Change, State, World};
use crate::env::grade::strict::{self, Strict};
use crate::env::{Breakdown, Grade, Points};

/// After so many minutes on its own the world is looked at.
pub(crate) const SETTLE: u32 = 15;
/// From this grounding on, what was read is a diagnosis.
const DIAGNOSED: f64 = 0.75;
/// Below this one, an answer is a guess.
const GUESS: f64 = 0.25;

/// What was read and done in an episode.
#[derive(Debug, Clone, Default)]
pub struct Deeds {
    /// Records that were returned, in order.
    pub seen: Vec<(u16, Atom)>,
    /// How many of them after each look.
    pub looks: Vec<usize>,
    /// How many of them before the first change; none before there is one.
    pub before_change: Option<usize>,
    /// Changes, in order.
    pub changes: Vec<Change>,
    /// Entities that were read since the last change that helped.
    pub read_since: BTreeSet<u16>,
}

impl Deeds {
    /// Whether anything was read that says what users lose.
    fn knows_impact(&self) -> bool {
        self.seen.iter().any(|(_, atom)| *atom == Atom::Impact)
    }

    fn atoms(&self, first: usize) -> Vec<Atom> {
        let says = |atom: &Atom| !matches!(atom, Atom::Nothing | Atom::Impact);
        self.seen.iter().take(first).map(|(_, atom)| *atom).filter(says).collect()
    }
}

/// How far this evidence rules out the faults that the alert leaves open besides the true one: 1 for all of them, by bits.
fn ruled_out(incident: &Incident, atoms: &[Atom]) -> f64 {
    let all = incident.rivals.len();
    let left = incident.rivals.iter().filter(|looks| is_consistent(looks, atoms, incident.knobs.tolerance)).count();
    share_ruled_out(left, all)
}

/// The bits that are gone where so many of all are left, as a share; the true one is always left.
fn share_ruled_out(left: usize, all: usize) -> f64 {
    if all == 0 { 1.0 } else { 1.0 - number(left + 1).ln() / number(all + 1).ln() }
}

/// A count that is small.
fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

/// Whether a record helps: it is a sign of the fault itself, or without it less would be ruled out.
fn helps(incident: &Incident, atoms: &[Atom], index: usize) -> bool {
    if incident.fault.is_some() && matches!(atoms[index], Atom::Shows { at, class } if incident.shows(at) & class != 0)
    {
        return true;
    }
    let others: Vec<_> = atoms.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, atom)| *atom).collect();
    let tolerance = incident.knobs.tolerance;
    incident
        .rivals
        .iter()
        .any(|looks| is_consistent(looks, &others, tolerance) && !is_consistent(looks, atoms, tolerance))
}

/// Grounding: what the cited records rule out, times the square of the share of the citations that help. Only what this episode
/// was shown counts. The square makes whoever cites whatever was read a guesser: with the plain share, half of them were none.
#[must_use]
pub fn grounding(incident: &Incident, deeds: &Deeds, cited: &[u16]) -> f64 {
    if cited.is_empty() {
        return 0.0;
    }
    let of = |id: u16| deeds.seen.iter().filter(move |(seen, _)| *seen == id).map(|(_, atom)| *atom);
    let atoms: Vec<_> = cited.iter().copied().flat_map(of).collect();
    let helpful = (0..atoms.len()).filter(|index| helps(incident, &atoms, *index)).count();
    // What was cited and not shown is no help either.
    let unseen = cited.iter().filter(|id| of(**id).next().is_none()).count();
    let precision = number(helpful) / number(atoms.len() + unseen);
    ruled_out(incident, &atoms) * precision * precision
}

/// The grade of a severity.
#[must_use]
pub fn severity(world: &World, deeds: &Deeds, answer: Option<&Answer>) -> Grade {
    let truth = world.incident.severity;
    let submitted = answer.and_then(|answer| answer.severity);
    let rank = |severity: Severity| severity as i32;
    let is_worth: f64 = match submitted.map(|submitted| rank(truth) - rank(submitted)) {
        Some(0) => 1.0,
        Some(1) => 0.3,
        Some(-1) => 0.1,
        _ => 0.0,
    };
    let knows = deeds.knows_impact();
    let total = if knows { is_worth } else { is_worth.min(0.25) };
    let feedback = match submitted {
        None => "no severity was submitted".to_owned(),
        Some(submitted) => {
            let guess =
                if knows { "" } else { "; nothing was read that says what users lose, so at most 0.25 is given" };
            format!("submitted {}, right is {}{guess}", submitted.as_str(), truth.as_str())
        }
    };
    let parts = strict::Severity {
        submitted_severity: submitted.map(|severity| severity.as_str().to_owned()),
        correct_severity: Some(truth.as_str().to_owned()),
        severity_match: Points::round(is_worth),
        impact_seen: knows,
    };
    grade(total, Strict::Severity(parts), feedback)
}

/// The grade of a root cause.
#[must_use]
pub fn root_cause(world: &World, deeds: &Deeds, answer: Option<&Answer>) -> Grade {
    let World { incident, library, .. } = world;
    let family = incident.family(library);
    let root = incident.fault.as_ref().map(|fault| fault.root);
    let none = Answer::default();
    let given = answer.unwrap_or(&none);
    let service = answer.is_some() && given.service == Some(root);
    let mechanism = match (given.mechanism, incident.fault.as_ref().map(|fault| fault.family)) {
        (Some(None), None) => 1.0,
        (Some(Some(submitted)), Some(truth)) if submitted == truth => 1.0,
        (Some(Some(submitted)), Some(truth)) if library.families[submitted].group == library.families[truth].group => {
            1.0 / 3.0
        }
        _ => 0.0,
    };
    let trigger = given.trigger.as_ref().is_some_and(|given| *given == incident.trigger);
    let path = given.path.as_ref().is_some_and(|path| is_path(world, path));
    let grounding = grounding(incident, deeds, &given.evidence);
    let calibration = given.confidence.map_or(0.0, |confidence| {
        let outcome = f64::from(u8::from(service));
        (1.0 - (confidence - outcome).powi(2) / 0.25).clamp(0.0, 1.0)
    });
    let bonus = |holds: bool, worth: f64| if holds { worth } else { 0.0 };
    let raw =
        0.30 + 0.20 * mechanism + bonus(trigger, 0.15) + bonus(path, 0.10) + 0.20 * grounding + 0.05 * calibration;
    let total = match () {
        () if !service => 0.0,
        () if grounding < GUESS => raw.min(0.25),
        () => raw,
    };
    let feedback = match () {
        () if answer.is_none() => "no root cause was submitted".to_owned(),
        () if !service => "another entity than the one at the root".to_owned(),
        () if grounding < GUESS => "the right entity, but what was cited does not show it: at most 0.25".to_owned(),
        () => format!(
            "the right entity; mechanism {mechanism:.2}, trigger {trigger}, path {path}, grounding {grounding:.2}"
        ),
    };
    // What is ruled out stays so: look by look only what was left is held against what was seen by then.
    let mut left: Vec<_> = incident.rivals.iter().collect();
    let mut idle = 0_u32;
    for count in &deeds.looks {
        if left.is_empty() {
            idle += 1;
            continue;
        }
        let atoms = deeds.atoms(*count);
        left.retain(|looks| is_consistent(looks, &atoms, incident.knobs.tolerance));
    }
    let bits = number(incident.rivals.len() + 1).log2() - number(left.len() + 1).log2();
    let parts = strict::RootCause {
        ruled_out: Points::round(share_ruled_out(left.len(), incident.rivals.len())),
        left_open: u32::try_from(left.len()).unwrap_or(u32::MAX),
        bits_per_query: (bits / number(deeds.looks.len()).max(1.0) * 1e4).round() / 1e4,
        idle_queries: idle,
        confidence: given.confidence,
        service_match: service,
        mechanism_match: Points::round(mechanism),
        trigger_match: trigger,
        path_valid: path,
        grounding: Points::round(grounding),
        calibration: Points::round(calibration),
        submitted_service: given.service.map(|at| name(world, at)),
        correct_service: Some(name(world, root)),
        correct_mechanism: Some(family.map_or("none", |family| &family.id).to_owned()),
        correct_trigger: Some(incident.trigger.clone().unwrap_or_else(|| "none".to_owned())),
    };
    grade(total, Strict::RootCause(parts), feedback)
}

fn name(world: &World, at: Option<u16>) -> String {
    at.map_or_else(|| "none".to_owned(), |at| world.incident.topology.entity(at).name.clone())
}

/// Whether the fault acts along these entities, from the root to the alerted one or back.
fn is_path(world: &World, path: &[u16]) -> bool {
    let incident = &world.incident;
    let Some(fault) = &incident.fault else { return path.is_empty() };
    let ends = [incident.alerted, fault.root];
    let (Some(first), Some(last)) = (path.first(), path.last()) else { return false };
    if ends == [*first, *last] {
        path.windows(2).all(|pair| world.acts(pair[0], pair[1]))
    } else if ends == [*last, *first] {
        path.windows(2).all(|pair| world.acts(pair[1], pair[0]))
    } else {
        false
    }
}

/// The grade of a repair.
#[must_use]
pub fn remediation(world: &World, state: &State, deeds: &Deeds, answer: Option<&Answer>) -> Grade {
    let incident = &world.incident;
    let mut after = state.clone();
    world.pass(&mut after, SETTLE);
    // What cannot be made good is nobody's fault.
    let least = world.least_impact();
    let (start, end) = (incident.impact - least, (world.impact(&after) - least).max(0));
    let clean = world.is_clean(state);
    let recovery = match start {
        ..=0 => f64::from(u8::from(clean && end == 0)),
        _ => (1.0 - f64::from(end) / f64::from(start)).clamp(0.0, 1.0),
    };
    let before = deeds.before_change.unwrap_or(deeds.seen.len());
    let diagnosed = before > 0 && ruled_out(incident, &deeds.atoms(before)) >= DIAGNOSED;
    let helpful = deeds.changes.iter().filter(|change| change.helped).count();
    let durable = helpful > 0 && world.is_durable(state);
    let must = incident.fault.as_ref().map_or(&[][..], |fault| &fault.verify);
    let verified = helpful > 0 && must.iter().all(|at| deeds.read_since.contains(at));
    // Not `sum`, which is -0 of nothing.
    let harm = deeds.changes.iter().fold(0.0, |sum, change| sum + f64::from(change.harm) / 1000.0);
    let catastrophic = deeds.changes.iter().any(|change| change.catastrophic);
    let share = |holds: bool, worth: f64| if holds { worth } else { 0.0 };
    let base = if incident.fault.is_some() {
        let recovered = if clean { recovery } else { 0.4 * recovery };
        // Whoever did nothing that helps has repaired nothing.
        let counts = helpful > 0;
        let base = share(counts, 0.50 * recovered)
            + share(durable, 0.20)
            + share(verified, 0.15)
            + share(diagnosed && counts, 0.15);
        if diagnosed { base } else { base.min(0.60) }
    } else {
        let said = answer.is_some_and(|answer| answer.says_nothing_is_wrong);
        share(said && diagnosed, 1.0)
    };
    let total = if catastrophic { 0.0 } else { base * (1.0 - 1.5 * harm).max(0.0) };
    let feedback = match () {
        () if catastrophic => "something was done that no repair makes good".to_owned(),
        () if incident.fault.is_none() => "nothing was wrong but the alert".to_owned(),
        () => format!(
            "recovered {recovery:.2}, clean {clean}, durable {durable}, verified {verified}, diagnosed {diagnosed}, harm {harm:.2}"
        ),
    };
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    // Over as many minutes as the longer of the two plays took: whoever gives up early has not spared anybody anything.
    let by_oracle = world.lost_by_oracle();
    let horizon = after.lost().len().max(by_oracle.len());
    let lost = |minutes: &[i32]| {
        let rest = minutes.last().copied().unwrap_or(0);
        let all = minutes.iter().copied().chain(std::iter::repeat(rest)).take(horizon);
        all.map(|lost| f64::from(lost) / 1000.0).sum::<f64>()
    };
    let rounded = |minutes: f64| (minutes * 1e4).round() / 1e4;
    // From when on it never was more again.
    let mitigated = after.lost().iter().rposition(|lost| *lost - least > start / 10).map_or(0, |last| last + 1);
    let mitigated = (mitigated < after.lost().len()).then_some(mitigated).filter(|_| start > 0);
    let parts = strict::Remediation {
        incident: incident.fault.is_some(),
        claims_resolved: answer.is_some_and(|answer| answer.says_resolved),
        minutes_to_mitigate: mitigated.and_then(|minute| u32::try_from(minute).ok()),
        customer_minutes: rounded(lost(after.lost())),
        customer_minutes_over_oracle: rounded(lost(after.lost()) - lost(by_oracle)),
        worse_off: world.worse_off(state),
        recovery: Points::round(recovery),
        clean,
        durable,
        verified,
        diagnosed,
        harm: Points::round(harm),
        catastrophic,
        changes: count(deeds.changes.len()),
        helpful_changes: count(helpful),
    };
    grade(total, Strict::Remediation(parts), feedback)
}

fn grade(total: f64, parts: Strict, feedback: String) -> Grade {
    Grade { total: Points::round(total), breakdown: Breakdown::Strict(Box::new(parts)), feedback }
}

//! The strict grader of generated incidents. It grades by what was read, by what was done, by how the world is at the
//! end, and by the answer. It does not weigh words, so words that are dropped in earn nothing.
//!
//! The weights and caps are those of [`incident_env::grade::rubric`].
//!
//! - **Severity**: the right one earns 1, a wrong one that is close earns a little. There is a cap if nothing was
//!   read that says how much users lose.
//! - **Root cause**: another entity earns 0. The right one earns its weight, and mechanism, trigger, path and citations
//!   add theirs. There is a cap if what was read before the answer leaves too many other explanations.
//! - **Remediation**: recovery, a repair that lasts, a look at the result, a diagnosis and the mechanism add up. There is
//!   a cap without a diagnosis, harm lowers the grade, and a catastrophe makes it 0. If nothing was wrong, leaving it
//!   alone after having looked, and saying so, earns 1.

use crate::ids::EntityId;
use crate::incident::world::{State, World};
use crate::play::answer::{Answer, NONE, Named};
use crate::play::citations::citations;
use crate::play::grounding::{Deeds, number, ruled_out, share_ruled_out};
use crate::play::limits::MITIGATED;
use crate::proof::claim::is_consistent;
use incident_env::grade::rubric::{self, MechanismMatch};
use incident_env::grade::strict::{self, Strict};
use incident_env::{Breakdown, Grade, Points};

/// Grades a severity.
#[must_use]
pub(crate) fn severity(world: &World, deeds: &Deeds, answer: Option<&Answer>) -> Grade {
    let truth = world.incident.severity;
    let submitted = answer.and_then(|answer| answer.severity);
    let is_worth = submitted.map_or(0.0, |submitted| rubric::severity(truth, submitted));
    let knows = deeds.knows_impact(&world.incident.topology);
    let total = if knows { is_worth } else { is_worth.min(rubric::GUESS_CAP) };
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

/// Grades a root cause.
#[must_use]
pub(crate) fn root_cause(world: &World, deeds: &Deeds, answer: Option<&Answer>) -> Grade {
    let incident = &world.incident;
    let root = incident.fault.as_ref().map(|fault| fault.root);
    let none = Answer::default();
    let given = answer.unwrap_or(&none);
    let service = given.service.is_some_and(|given| given.is(root.as_ref()));
    let Search { left, bits_per_query, idle_queries } = Search::of(world, deeds);
    let read = if deeds.queries.is_empty() { 0.0 } else { share_ruled_out(left, incident.rivals.len()) };
    let trigger = given.trigger.as_ref().is_some_and(|given| given.is(incident.trigger.as_ref()));
    let path = given.path.as_ref().is_some_and(|path| is_path(world, path));
    let citations = citations(world, deeds, &given.evidence);
    let mechanism = mechanism(world, given);
    let graded = rubric::RootCause {
        service,
        mechanism,
        trigger: Some(trigger),
        path: Some(path),
        citations: Some(citations),
        read,
    };
    let mechanism = mechanism.share();
    let feedback = if answer.is_none() {
        "no root cause was submitted".to_owned()
    } else if !service {
        "another entity than the one at the root".to_owned()
    } else if graded.is_guess() {
        "the right entity, but what was read leaves too many others: at most 0.25".to_owned()
    } else {
        format!("the right entity; mechanism {mechanism:.2}, trigger {trigger}, path {path}, citations {citations:.2}")
    };
    let parts = strict::RootCause {
        ruled_out: Points::round(read),
        left_open: u32::try_from(left).unwrap_or(u32::MAX),
        bits_per_query,
        idle_queries,
        confidence: given.confidence,
        service_match: service,
        mechanism_match: Points::round(mechanism),
        trigger_match: trigger,
        path_valid: path,
        citations: Points::round(citations),
        submitted_service: given.service.map(|named| name(world, named.something())),
        correct_service: Some(name(world, root)),
        correct_mechanism: Some(right_mechanism(world)),
        correct_trigger: Some(incident.trigger.clone().unwrap_or_else(|| NONE.to_owned())),
    };
    grade(graded.total(), Strict::RootCause(parts), feedback)
}

/// Returns the mechanism of the fault, or the word for none.
fn right_mechanism(world: &World) -> String {
    world.incident.family(&world.library).map_or(NONE, |family| &family.id).to_owned()
}

/// Returns how right the mechanism is that an answer names.
fn mechanism(world: &World, given: &Answer) -> MechanismMatch {
    let families = &world.library.families;
    match (given.mechanism, world.incident.fault.as_ref().map(|fault| fault.family)) {
        (Some(Named::Nothing), None) => MechanismMatch::Right,
        (Some(Named::Something(submitted)), Some(truth)) if submitted == truth => MechanismMatch::Right,
        (Some(Named::Something(submitted)), Some(truth)) if families[submitted].group == families[truth].group => {
            MechanismMatch::SameGroup
        }
        _ => MechanismMatch::Other,
    }
}

/// How the rivals of the true fault were excluded, query by query.
struct Search {
    /// The number of rivals that are left.
    left: usize,
    bits_per_query: f64,
    /// The number of queries after all rivals had been excluded.
    idle_queries: u32,
}

impl Search {
    fn of(world: &World, deeds: &Deeds) -> Self {
        let incident = &world.incident;
        // A rival that is excluded stays so. After each query, those that are left are compared with what had been
        // read by then.
        let mut left: Vec<_> = incident.rivals.iter().collect();
        let mut idle_queries = 0;
        for count in &deeds.queries {
            if left.is_empty() {
                idle_queries += 1;
                continue;
            }
            let claims = deeds.claims(*count);
            left.retain(|rival| is_consistent(rival, &claims, incident.knobs.ambiguity));
        }
        let bits = number(incident.rivals.len() + 1).log2() - number(left.len() + 1).log2();
        let bits_per_query = rounded(bits / number(deeds.queries.len()).max(1.0));
        Self { left: left.len(), bits_per_query, idle_queries }
    }
}

/// Returns the name of an entity, or the word for none.
fn name(world: &World, at: Option<EntityId>) -> String {
    at.map_or(NONE, |at| world.incident.topology.name(at)).to_owned()
}

/// Returns whether the fault acts along these entities, from the alerted one to the root or back.
fn is_path(world: &World, path: &[EntityId]) -> bool {
    let incident = &world.incident;
    let Some(fault) = &incident.fault else { return path.is_empty() };
    let ends = [incident.alert.at, fault.root];
    let (Some(first), Some(last)) = (path.first(), path.last()) else { return false };
    if ends == [*first, *last] {
        path.windows(2).all(|pair| world.acts(pair[0], pair[1]))
    } else if ends == [*last, *first] {
        path.windows(2).all(|pair| world.acts(pair[1], pair[0]))
    } else {
        false
    }
}

/// Grades a remediation. The last argument is what users lose in each minute after the alert if the oracle repairs
/// the fault.
#[must_use]
pub(crate) fn remediation(
    world: &World,
    state: &State,
    deeds: &Deeds,
    answer: Option<&Answer>,
    lost_by_oracle: &[i32],
) -> Grade {
    let incident = &world.incident;
    let after = world.played_out(state);
    // Nobody is held responsible for what no repair can make good.
    let least = world.least_impact();
    let (start, end) = (incident.loss.share - least, (world.lasting_impact(state) - least).max(0));
    let clean = world.is_clean(state);
    let recovery = match start {
        ..=0 => f64::from(u8::from(clean && end == 0)),
        _ => (1.0 - f64::from(end) / f64::from(start)).clamp(0.0, 1.0),
    };
    let before = deeds.before_change.unwrap_or(deeds.seen.len());
    let diagnosed = before > 0 && ruled_out(incident, &deeds.claims(before)) >= rubric::DIAGNOSED;
    let helpful = deeds.consequences.iter().filter(|consequence| consequence.helped).count();
    let durable = helpful > 0 && world.is_durable(state);
    let verified = helpful > 0 && deeds.verified;
    let mechanism = match answer {
        // Saying that nothing is wrong names the mechanism `none`.
        Some(answer) if answer.says_nothing_is_wrong && answer.mechanism.is_none() => {
            mechanism(world, &Answer { mechanism: Some(Named::Nothing), ..answer.clone() })
        }
        Some(answer) => mechanism(world, answer),
        None => MechanismMatch::Other,
    };
    // `sum` would return -0 for no elements.
    let harm = deeds.consequences.iter().fold(0.0, |sum, one| sum + f64::from(one.harm) / 1000.0);
    let catastrophic = deeds.consequences.iter().any(|consequence| consequence.catastrophic);
    let total = if catastrophic {
        0.0
    } else if incident.fault.is_some() {
        let (helped, mechanism) = (helpful > 0, Some(mechanism));
        rubric::Repair { helped, recovery, clean, durable, verified, diagnosed, mechanism, harm }.total()
    } else {
        let says_so = answer.is_some_and(|answer| answer.says_nothing_is_wrong);
        rubric::left_alone(says_so, diagnosed, mechanism, harm)
    };
    let feedback = if catastrophic {
        "something was done that no repair makes good".to_owned()
    } else if incident.fault.is_none() {
        "nothing was wrong but the alert".to_owned()
    } else {
        format!(
            "recovered {recovery:.2}, clean {clean}, durable {durable}, verified {verified}, diagnosed {diagnosed}, \
mechanism {:.2}, harm {harm:.2}",
            mechanism.share()
        )
    };
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    // Both losses are summed up over the longer of the two plays, so that giving up early spares nobody anything.
    let horizon = after.lost().len().max(lost_by_oracle.len());
    let lost = |minutes: &[i32]| {
        let rest = minutes.last().copied().unwrap_or_default();
        let all = minutes.iter().copied().chain(std::iter::repeat(rest)).take(horizon);
        all.map(|lost| f64::from(lost) / 1000.0).sum::<f64>()
    };
    // The incident is mitigated from the minute on after which users never lose more than a tenth again.
    let is_more = |lost: &i32| *lost - least > start / MITIGATED;
    let mitigated = after.lost().iter().rposition(is_more).map_or(0, |last| last + 1);
    let mitigated = (mitigated < after.lost().len()).then_some(mitigated).filter(|_| start > 0);
    let parts = strict::Remediation {
        incident: incident.fault.is_some(),
        claims_resolved: answer.is_some_and(|answer| answer.says_resolved),
        minutes_to_mitigate: mitigated.and_then(|minute| u32::try_from(minute).ok()),
        customer_minutes: rounded(lost(after.lost())),
        customer_minutes_over_oracle: rounded(lost(after.lost()) - lost(lost_by_oracle)),
        worse_off: world.worse_off(state),
        recovery: Points::round(recovery),
        clean,
        durable,
        verified,
        diagnosed,
        mechanism_match: Points::round(mechanism.share()),
        harm: Points::round(harm),
        catastrophic,
        changes: count(deeds.consequences.len()),
        helpful_changes: count(helpful),
        correct_mechanism: Some(right_mechanism(world)),
    };
    grade(total, Strict::Remediation(parts), feedback)
}

/// Rounds to four decimals.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

fn grade(total: f64, parts: Strict, feedback: String) -> Grade {
    Grade { total: Points::round(total), breakdown: Breakdown::Strict(Box::new(parts)), feedback }
}

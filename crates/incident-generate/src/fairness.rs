//! Fairness: what must hold of an incident so that whoever reads its records with care can answer it.

use std::collections::{BTreeSet, VecDeque};

use crate::data::vocabulary::{Glance, Role};
use crate::ids::{EntityId, EntitySet, FactSet};
use crate::incident::draft::is_clearly;
use crate::incident::world::World;
use crate::play::grounding::ruled_out;
use crate::play::oracle::{self, Diagnosis};
use crate::proof::claim::Claim;
use crate::system::fault::{Fact, Fault};
use crate::telemetry::query;
use incident_env::grade::rubric;
use incident_env::{Diagnostic, Loss, Severity, TaskId};

/// The number of steps that must be left after the proved way through an incident.
const SPARE: u32 = 3;
/// What is read at the root without its splits. Changes exclude no fault.
const AT_ROOT: [Diagnostic; 4] =
    [Diagnostic::CheckDependencies, Diagnostic::CheckMetrics, Diagnostic::QueryLogs, Diagnostic::CheckServiceStatus];
/// The most parts beside the root at which what follows from the cause is read.
const CONFIRMED: usize = 2;
/// The greatest number of states that a repair can lead through.
const MOST_STATES: usize = 256;

/// A rule of fairness that an incident breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says what each means")]
pub enum Unfair {
    #[error("no record of {from} names {to}, the next part on the way to the root")]
    Unreachable { from: String, to: String },
    #[error("the proved way takes {way} of {budget} steps in {task}; {SPARE} must be left")]
    TooFar { task: TaskId, way: u32, budget: u32 },
    #[error("nothing shows that {fact} holds about {at}")]
    Invisible { fact: String, at: String },
    #[error("{at}, about which {fact} holds, is named by no record of the parts on the way to the root")]
    OutOfSight { fact: String, at: String },
    #[error("a walk from the alert to the root reads too little to tell the fault from others")]
    Undiagnosed,
    #[error("harmless steps lead to more than {MOST_STATES} states")]
    TooManyStates,
    #[error("users lose {share} ‰ in minute {minute} after the alert, which is not clearly {severity}")]
    Margin { share: i32, minute: u32, severity: Severity },
}

/// How far an incident is from breaking a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// The number of parts from the alerted one to the root, both included; 0 without a fault.
    pub reach: usize,
    /// The steps that are left after the proved way, by task.
    pub spare: [u32; TaskId::COUNT],
    /// The number of states that harmless steps lead to.
    pub states: usize,
}

/// Checks the rules of fairness, given what the oracle reads until it knows the fault.
///
/// # Errors
/// The first rule that is broken.
pub(crate) fn check(world: &World, diagnosis: &Diagnosis) -> Result<Room, Unfair> {
    let path = world.path().unwrap_or_default();
    reachable(world, &path)?;
    let states = visible(world, &path)?;
    diagnosable(world, &path)?;
    margins(world)?;
    let mut spare = [0; TaskId::COUNT];
    let views = diagnosis.views.len();
    for task in TaskId::ALL {
        // How many of them a knob allows decides nothing about what incident it is.
        let (way, budget) = (way(world, task, &path, views), world.incident.knobs.steps[task.index()]);
        spare[task.index()] = budget.saturating_sub(way);
        if way + SPARE > budget {
            return Err(Unfair::TooFar { task, way, budget });
        }
    }
    Ok(Room { reach: path.len(), spare, states })
}

/// Checks that each part on the way from the alert to the root is named by a record of the part before it.
fn reachable(world: &World, path: &[EntityId]) -> Result<(), Unfair> {
    let topology = &world.incident.topology;
    for pair in path.windows(2) {
        if !topology.named_by(pair[0]).contains(pair[1]) {
            let [from, to] = [pair[0], pair[1]].map(|at| topology.name(at).to_owned());
            return Err(Unfair::Unreachable { from, to });
        }
    }
    Ok(())
}

/// Checks that what a careful walk from the alert to the root reads is a diagnosis, so that nobody who is right is taken to
/// have guessed: what the parts on the way call, their metrics, and their logs or their status; everything at the root, with
/// the splits that show the fault; and logs and metrics of other parts at which it shows.
fn diagnosable(world: &World, path: &[EntityId]) -> Result<(), Unfair> {
    let incident = &world.incident;
    let vocabulary = &world.library.vocabulary;
    let state = world.start();
    let claims = |at: EntityId, glance: Glance| {
        let records = query::records(world, &state, at, glance);
        records.into_iter().map(|record| record.claim).filter(|claim| claim.can_exclude()).collect::<Vec<_>>()
    };
    let root = path.last().copied().unwrap_or(incident.alert.at);
    let all_of =
        |at: EntityId, tools: &[Diagnostic]| tools.iter().flat_map(|tool| claims(at, (*tool).into())).collect();
    let mut read: Vec<Claim> = all_of(root, &AT_ROOT);
    let shown = incident.shows(root);
    let tells = |glance: &Glance| glance.by.is_some() && shown.meets(vocabulary.of_glance(*glance));
    read.extend(vocabulary.glances().into_iter().filter(tells).flat_map(|glance| claims(root, glance)));
    let facts = incident.fault.iter().flat_map(|fault| fault.facts_in(fault.start));
    let mut others: Vec<_> = facts.map(|fact| fact.at).filter(|at| *at != root).collect();
    others.dedup();
    let others = others.into_iter().filter(|at| !incident.shows(*at).is_empty()).take(CONFIRMED);
    read.extend(others.flat_map(|at| all_of(at, &[Diagnostic::QueryLogs, Diagnostic::CheckMetrics])));
    let before = path.split_last().map_or(&[][..], |(_, before)| before);
    let on_the_way = [Diagnostic::CheckDependencies, Diagnostic::CheckMetrics];
    read.extend(before.iter().flat_map(|at| all_of(*at, &on_the_way)));
    if incident.fault.is_none() {
        read.extend(claims(incident.topology.gateway, Diagnostic::CheckMetrics.into()));
    }
    let is_enough = |beside: Diagnostic| {
        let mut read = read.clone();
        read.extend(before.iter().flat_map(|at| claims(*at, beside.into())));
        ruled_out(incident, &read) >= rubric::DIAGNOSED
    };
    let ways = [Diagnostic::QueryLogs, Diagnostic::CheckServiceStatus];
    if ways.into_iter().all(is_enough) { Ok(()) } else { Err(Unfair::Undiagnosed) }
}

/// Counts the steps of a careful way through an incident: what each part on the way calls, the looks that exclude all rivals,
/// which are so many views, the change that set it off, the repair, a look after it, and the answer.
fn way(world: &World, task: TaskId, path: &[EntityId], views: usize) -> u32 {
    let incident = &world.incident;
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let answer = 1;
    if task == TaskId::AlertClassification {
        // What is no loss of requests is found by walking to it.
        let Loss { late_work, diverges, .. } = incident.loss;
        let walk = if late_work || diverges { count(path.len()) + 1 } else { 0 };
        return count(oracle::views_of_loss(world).len()) + walk + answer;
    }
    let change = u32::from(incident.trigger.is_some());
    let found = count(path.len()) + count(views) + change;
    if task == TaskId::RootCauseAnalysis {
        return found + answer;
    }
    let watch = 1;
    let looks = incident.fault.as_ref().map_or(0, |fault| fault.verify.len());
    found + count(incident.proof.repair.len()) + watch + count(looks) + answer
}

/// Checks that each fact that a repair has to end shows, in every state that harmless steps lead to, in a record of a
/// part that is on the way to the root or that a record of such a part names. Returns the number of states.
fn visible(world: &World, path: &[EntityId]) -> Result<usize, Unfair> {
    let incident = &world.incident;
    let Some(fault) = &incident.fault else { return Ok(1) };
    let topology = &incident.topology;
    let on_the_way: EntitySet = path.iter().copied().chain([topology.gateway]).collect();
    let named: EntitySet = on_the_way.iter().map(|at| topology.named_by(at)).collect();
    // Callers of the root are named by the root, and so are those that suffer from the same cause elsewhere.
    let states = states(fault)?;
    for facts in &states {
        for fact in fault.facts_in(*facts).filter(|fact| is_counted(fault, *fact, *facts)) {
            let told = || {
                let predicate = world.library.vocabulary.predicate(fact.predicate);
                (predicate.name.clone(), topology.name(fact.at).to_owned())
            };
            if !is_shown(world, fact) {
                let (fact, at) = told();
                return Err(Unfair::Invisible { fact, at });
            }
            if !(on_the_way | named).contains(fact.at) && incident.second.is_none() {
                let (fact, at) = told();
                return Err(Unfair::OutOfSight { fact, at });
            }
        }
    }
    Ok(states.len())
}

/// Returns the states that steps of a repair lead to.
fn states(fault: &Fault) -> Result<BTreeSet<FactSet>, Unfair> {
    let mut states = BTreeSet::from([fault.start]);
    let mut queue = VecDeque::from([fault.start]);
    while let Some(facts) = queue.pop_front() {
        for op in fault.ops.iter().filter(|op| op.harm == 0 && op.when.is_met(facts)) {
            let after = op.apply(facts);
            if states.insert(after) {
                queue.push_back(after);
            }
            if states.len() > MOST_STATES {
                return Err(Unfair::TooManyStates);
            }
        }
    }
    Ok(states)
}

/// Returns whether a fact counts against a repair.
fn is_counted(fault: &Fault, fact: Fact, facts: FactSet) -> bool {
    let harmful = fault.numbered_facts().filter(|(id, _)| fault.harmful.contains(*id) && facts.contains(*id));
    harmful.into_iter().any(|(_, other)| other.states_the_same_as(fact))
}

/// Returns whether a fact shows in some record of its entity: by a class of evidence that is printed for its kind, by
/// failed requests, or as a measure that is in force.
fn is_shown(world: &World, fact: Fact) -> bool {
    let library = &world.library;
    let predicate = library.vocabulary.predicate(fact.predicate);
    let kind = world.incident.topology.entity(fact.at).kind;
    let is_printed = |class: crate::ids::ClassId| match library.vocabulary.classes[class.index()].tool {
        // What splits show is there for every kind that can have it.
        Diagnostic::CheckMetrics if library.vocabulary.classes[class.index()].by.is_some() => true,
        Diagnostic::CheckMetrics => {
            library.telemetry.series.iter().any(|series| series.class == class && series.kinds.contains(&kind))
        }
        Diagnostic::CheckServiceStatus => {
            library.telemetry.fields.iter().any(|field| field.class == class && field.kinds.contains(&kind))
        }
        // Dialects are checked to print every class at every kind.
        _ => true,
    };
    predicate.role == Role::Measure || predicate.shows.iter().any(is_printed)
}

/// Checks that what users lose is clearly within the severity in every minute of an episode in which nobody acts.
fn margins(world: &World) -> Result<(), Unfair> {
    let incident = &world.incident;
    let longest =
        TaskId::ALL.into_iter().map(|task| world.incident.knobs.steps[task.index()]).max().unwrap_or_default();
    let mut state = world.start();
    for minute in 0..=longest {
        let loss = |share: i32| Loss { share, ..incident.loss };
        let share = world.impact(&state);
        if !is_clearly(incident.severity, loss(share), loss(world.impact_with_leavers(&state))) {
            return Err(Unfair::Margin { share, minute, severity: incident.severity });
        }
        world.pass(&mut state, 1);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::library::Library;
    use crate::ids::FactId;
    use crate::incident::incident::Incident;
    use crate::incident::level::Level;
    use crate::system::fault::Op;
    use crate::testing::{generator, incidents};

    /// An incident with a fault that several steps repair.
    fn world() -> Arc<World> {
        let is_fit = |world: &World| world.incident.fault.as_ref().is_some_and(|fault| !fault.ops.is_empty());
        incidents(Level::Medium, 3, 9).map(|made| Arc::clone(made.world())).find(|world| is_fit(world)).unwrap()
    }

    /// The same incident with something changed in it or in the library.
    fn with(change: impl FnOnce(&mut Incident, &mut Library)) -> World {
        let world = world();
        let (mut incident, mut library) = (world.incident.clone(), (**generator().library()).clone());
        change(&mut incident, &mut library);
        World::new(incident, Arc::new(library))
    }

    fn checked(world: &World) -> Result<Room, Unfair> {
        check(world, &oracle::diagnose(world))
    }

    #[test]
    fn an_incident_as_it_is_made_is_fair() {
        let room = checked(&world()).unwrap();
        assert!(room.reach > 0 && room.states > 1 && room.spare.iter().all(|spare| *spare >= SPARE), "{room:?}");
    }

    #[test]
    fn a_part_that_no_record_names_is_out_of_reach() {
        let world = world();
        let topology = &world.incident.topology;
        let named = topology.named_by(topology.gateway);
        let stranger = topology.ids().find(|at| *at != topology.gateway && !named.contains(*at)).unwrap();
        let [from, to] = [topology.gateway, stranger].map(|at| topology.name(at).to_owned());
        assert_eq!(reachable(&world, &[topology.gateway, stranger]), Err(Unfair::Unreachable { from, to }));
    }

    #[test]
    fn a_way_that_leaves_too_few_steps_is_too_far() {
        let short = with(|incident, _| incident.knobs.steps = [4; TaskId::COUNT]);
        assert!(matches!(checked(&short), Err(Unfair::TooFar { budget: 4, .. })), "{:?}", checked(&short));
    }

    #[test]
    fn a_fact_that_nothing_prints_is_invisible() {
        let silent = with(|incident, library| {
            for predicate in &mut library.vocabulary.predicates {
                predicate.shows = crate::ids::ClassSet::EMPTY;
                predicate.role = Role::default();
            }
            incident.second = None;
        });
        assert!(matches!(checked(&silent), Err(Unfair::Invisible { .. })), "{:?}", checked(&silent));
    }

    #[test]
    fn a_fact_far_from_the_way_is_out_of_sight() {
        let world = world();
        let path = world.path().unwrap();
        let topology = &world.incident.topology;
        let seen: EntitySet = path.iter().chain([&topology.gateway]).map(|at| topology.named_by(*at)).collect();
        let kind = |at: EntityId| topology.entity(at).kind;
        let mut met = 0;
        let on_the_way = |at: EntityId| at == topology.gateway || path.contains(&at) || seen.contains(at);
        for far in topology.ids().filter(|at| !on_the_way(*at)) {
            let moved = with(|incident, _| {
                let fault = incident.fault.as_mut().unwrap();
                let start = fault.start;
                for number in FactId::first(fault.facts.len()).filter(|number| start.contains(*number)) {
                    fault.facts[number.index()].at = far;
                }
            });
            let found = visible(&moved, &path);
            met += usize::from(matches!(found, Err(Unfair::OutOfSight { .. })));
            assert!(found.is_err(), "{:?}: {found:?}", kind(far));
        }
        assert!(met > 0);
    }

    #[test]
    fn repairs_through_very_many_states_are_too_much_to_prove() {
        let wide = with(|incident, _| {
            let fault = incident.fault.as_mut().unwrap();
            let (op, fact) = (fault.ops[0].clone(), fault.facts[0]);
            fault.facts.resize(12, fact);
            fault.ops.extend(FactId::first(12).map(|number| Op {
                when: crate::system::fault::Condition::default(),
                clears: FactSet::EMPTY,
                sets: FactSet::of(number),
                harm: 0,
                ..op.clone()
            }));
        });
        assert_eq!(states(wide.incident.fault.as_ref().unwrap()), Err(Unfair::TooManyStates));
    }

    #[test]
    fn a_loss_that_is_not_clearly_of_the_severity_has_no_margin() {
        let other = with(|incident, _| {
            incident.severity = if incident.severity == Severity::P1 { Severity::P2 } else { Severity::P1 };
        });
        assert!(matches!(margins(&other), Err(Unfair::Margin { minute: 0, .. })), "{:?}", margins(&other));
    }

    #[test]
    fn rivals_that_a_careful_walk_does_not_exclude_make_it_no_diagnosis() {
        let alike = with(|incident, _| {
            let truth = crate::proof::hypotheses::Appearance {
                shows: incident.shows.clone(),
                most: crate::system::reading::Troubled {
                    errors: incident.topology.ids().collect(),
                    slow: incident.topology.ids().collect(),
                    ..Default::default()
                },
                ..crate::proof::hypotheses::Appearance::of_nothing(incident.shows.len())
            };
            incident.rivals = vec![truth; 40];
        });
        let path = alike.path().unwrap();
        assert_eq!(diagnosable(&alike, &path), Err(Unfair::Undiagnosed));
    }
}

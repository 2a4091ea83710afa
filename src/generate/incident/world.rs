//! An incident as it goes on: time passes with every action, and what is done changes what is there.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::generate::system::fault::{Facts, Target, Thing};
use crate::generate::system::traffic::{Flow, Reading};
use crate::generate::incident::incident::{Incident, Refutation, Second};
use crate::generate::draws::Stream;
use crate::generate::system::named_objects::Objects;
use crate::generate::system::topology::Kind;
use crate::generate::data::vocabulary::{Classes, Predicate, Role};
use crate::generate::Library;
use crate::generate::play::oracle;
use crate::generate::proof::hypotheses as checker;
use crate::env::Diagnostic;

/// The most ticks until the flow has settled after an onset.
const SETTLES: usize = 12;
/// From so many more failed requests on, in thousandths, a part is worse off.
const WORSE: i16 = 25;
/// Long before everything that is looked at.
const EVER: i32 = -1_000_000;

/// An incident with all that its state is read by.
#[derive(Debug)]
pub struct World {
    /// The incident.
    pub incident: Incident,
    /// Families and words.
    pub library: Arc<Library>,
    /// Jobs, certificates and flags.
    pub objects: Objects,
    quiet: Flow,
    /// Readings from the onset to the alert, by minute.
    onset: Vec<Vec<Reading>>,
    at_alert: Flow,
    /// Entities that the fault troubles at the alert, a bit each.
    up: u128,
    /// What users lose while the oracle plays, minute by minute; made when it is first asked for.
    oracle_lost: OnceLock<Vec<i32>>,
}

/// A time of day, as `14:02`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock(i64);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// When a fact holds: minutes after the alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from: i32,
    /// The first minute in which it does not hold any more.
    to: i32,
}

/// A world at a minute.
#[derive(Debug, Clone)]
pub struct State {
    /// Minutes since the alert.
    now: u32,
    facts: Facts,
    /// When each fact held last, by bit.
    spans: Vec<Span>,
    flow: Flow,
    /// Readings after the alert, by minute.
    since: Vec<Arc<[Reading]>>,
    /// Whether another minute would change nothing.
    settled: bool,
    /// What the users lost, minute by minute.
    lost: Vec<i32>,
    /// Whether anything was changed.
    touched: bool,
}

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Whether it was a step of a repair.
    pub helped: bool,
    /// What it cost the users, in thousandths.
    pub harm: i32,
    /// Whether no repair makes it good.
    pub catastrophic: bool,
    /// How long it took.
    pub minutes: u32,
}

/// Readings by minute from the onset to the alert, and the flow at the alert.
fn one_onset(incident: &Incident, facts: &[(&Predicate, u16)]) -> (Vec<Vec<Reading>>, Flow) {
    let mut flow = incident.plumbing.flow(facts);
    let mut seen = vec![flow.readings().to_vec()];
    for _ in 0..SETTLES {
        incident.plumbing.tick(&mut flow);
        if seen.last().is_some_and(|last| last == flow.readings()) {
            break;
        }
        seen.push(flow.readings().to_vec());
    }
    // However short it was, at the alert it has settled.
    let (minutes, last) = (incident.duration as usize, seen.len() - 1);
    let at = |minute: usize| if last <= minutes { minute.min(last) } else { minute * last / minutes.max(1) };
    ((0..=minutes).map(|minute| seen[at(minute)].clone()).collect(), flow)
}

/// The same where another fault came before or after, from the first of the two on.
fn two_onsets(incident: &Incident, facts: &[(&Predicate, u16)], second: &Second) -> (Vec<Vec<Reading>>, Flow) {
    let first = incident.duration.max(second.duration);
    let (own, others) = facts.split_at(second.from_fact);
    let mut flow = incident.plumbing.flow(if incident.duration >= second.duration { own } else { others });
    let mut seen = Vec::new();
    for minute in (0..=first).rev() {
        if minute == incident.duration.min(second.duration) {
            incident.plumbing.set(&mut flow, facts);
        }
        incident.plumbing.tick(&mut flow);
        seen.push(flow.readings().to_vec());
    }
    // At the alert all has settled, as the proof has it.
    let flow = incident.plumbing.settled(facts);
    if let Some(last) = seen.last_mut() {
        flow.readings().clone_into(last);
    }
    (seen, flow)
}

impl World {
    /// The world of an incident.
    #[must_use]
    pub fn new(incident: Incident, library: Arc<Library>) -> Self {
        let objects = Objects::new(&incident.topology, incident.draws, incident.knobs.naming.skin());
        let quiet = incident.plumbing.settled(&[]);
        let facts: Vec<_> = match &incident.fault {
            Some(fault) => fault.holding(&library.vocabulary, fault.start).collect(),
            None => Vec::new(),
        };
        let (onset, flow) = match &incident.second {
            None => one_onset(&incident, &facts),
            Some(second) => two_onsets(&incident, &facts, second),
        };
        // What stands on the way from the alert to the root is what its own fault troubles.
        let own = match &incident.second {
            None => &flow,
            Some(second) => &incident.plumbing.settled(&facts[..second.from_fact]),
        };
        let [errors, slow] = checker::troubled(own, &quiet);
        Self {
            objects,
            quiet,
            onset,
            at_alert: flow,
            up: errors | slow,
            incident,
            library,
            oracle_lost: OnceLock::new(),
        }
    }

    /// The world at the alert.
    #[must_use]
    pub fn start(&self) -> State {
        let (facts, bits) = self.incident.fault.as_ref().map_or((0, 0), |fault| (fault.start, fault.bits.len()));
        let span = |bit: usize| {
            let holds = facts >> bit & 1 == 1;
            let own = self.incident.second.as_ref().filter(|second| bit >= second.from_bit);
            let minutes = own.map_or(self.incident.duration, |second| second.duration);
            let onset = -i32::try_from(minutes).unwrap_or(i32::MAX);
            if holds { Span { from: onset, to: i32::MAX } } else { Span { from: i32::MAX, to: i32::MAX } }
        };
        State {
            now: 0,
            facts,
            spans: (0..bits).map(span).collect(),
            flow: self.at_alert.clone(),
            since: Vec::new(),
            settled: false,
            lost: Vec::new(),
            touched: false,
        }
    }

    /// A reading of a minute, counted from the alert; later than now it is that of now.
    #[must_use]
    pub fn reading(&self, state: &State, at: u16, minute: i32) -> Reading {
        let (at, onset) = (usize::from(at), self.onset());
        if minute < onset {
            return self.quiet.readings()[at];
        }
        if minute <= 0 {
            return self.onset[usize::try_from(minute - onset).unwrap_or(0)][at];
        }
        let later = usize::try_from(minute - 1).unwrap_or(0).min(state.since.len().saturating_sub(1));
        state.since.get(later).map_or_else(|| state.flow.readings()[at], |readings| readings[at])
    }

    /// The minute in which the first fault began, counted from the alert.
    #[must_use]
    pub fn onset(&self) -> i32 {
        1 - i32::try_from(self.onset.len()).unwrap_or(i32::MAX)
    }

    /// A reading of a usual day.
    #[must_use]
    pub fn usual(&self, at: u16) -> Reading {
        self.quiet.readings()[usize::from(at)]
    }

    /// Whether errors and times of an entity are up at this minute.
    #[must_use]
    pub fn is_up(&self, state: &State, at: u16, minute: i32) -> [bool; 2] {
        checker::is_up(&self.reading(state, at, minute), &self.usual(at))
    }

    /// When classes were there at an entity, from and to in minutes after the alert: by the fault, and by what only looks
    /// like one.
    pub fn spans<'a>(&'a self, state: &'a State, at: u16) -> impl Iterator<Item = (Classes, i32, i32)> + 'a {
        let fault = self.incident.fault.iter().flat_map(|fault| fault.bits.iter().zip(&state.spans));
        let real = fault.filter(move |((_, entity), _)| *entity == at).map(|((predicate, _), span)| {
            (self.library.vocabulary.predicates[usize::from(*predicate)].shows, span.from, span.to)
        });
        let before = i32::try_from(self.incident.duration).unwrap_or(0);
        let decoys = self.incident.decoys.iter().filter(move |decoy| decoy.at == at).map(move |decoy| {
            let (from, to) = match decoy.refutation {
                Refutation::Chronic => (EVER, i32::MAX),
                Refutation::TooLate => (-(before / 4).max(1), i32::MAX),
                Refutation::TooEarly => (-before - 58, -before - 44),
                Refutation::Over => (-before - 14, -before - 4),
            };
            (decoy.shows, from, to)
        });
        real.chain(decoys).filter(|(_, from, to)| from < to)
    }

    /// What holds at an entity in a minute.
    pub fn holding<'a>(&'a self, state: &'a State, at: u16, minute: i32) -> impl Iterator<Item = &'a Predicate> {
        let fault = self.incident.fault.iter().flat_map(|fault| fault.bits.iter().zip(&state.spans));
        fault
            .filter(move |((_, entity), span)| *entity == at && (span.from..span.to).contains(&minute))
            .map(|((predicate, _), _)| &self.library.vocabulary.predicates[usize::from(*predicate)])
    }

    /// The time of day of a minute, counted from the alert.
    #[must_use]
    pub fn clock(&self, minute: i32) -> Clock {
        let base = self.incident.draws.below(Stream::Alert, 7, 7, 1440);
        Clock((i64::from(base) + i64::from(minute)).rem_euclid(1440))
    }

    /// What users lose now, in thousandths.
    #[must_use]
    pub fn impact(&self, state: &State) -> i32 {
        self.incident.plumbing.impact(&state.flow)
    }

    /// Lets minutes pass.
    pub fn pass(&self, state: &mut State, minutes: u32) {
        for _ in 0..minutes {
            state.now += 1;
            if let (true, Some(last), Some(lost)) = (state.settled, state.since.last(), state.lost.last().copied()) {
                state.since.push(Arc::clone(last));
                state.lost.push(lost);
                continue;
            }
            self.incident.plumbing.tick(&mut state.flow);
            state.settled = state.since.last().is_some_and(|last| **last == *state.flow.readings());
            state.since.push(state.flow.readings().into());
            state.lost.push(self.incident.plumbing.impact(&state.flow));
        }
    }

    /// Does something, and lets the time pass that it takes.
    pub fn change(&self, state: &mut State, verb: u16, target: Target) -> Change {
        let vocabulary = &self.library.vocabulary;
        let words = &vocabulary.verbs[usize::from(verb)];
        let mut change = Change { helped: false, harm: 0, catastrophic: false, minutes: words.minutes };
        let step = self.incident.fault.as_ref().and_then(|fault| Some((fault, fault.step(verb, target, state.facts)?)));
        state.touched = true;
        // What is restarted or moved answers nobody meanwhile.
        let down = words.interrupts.map(|predicate| (&vocabulary.predicates[usize::from(predicate)], target.at));
        let down = down.filter(|_| target.thing == Thing::Entity && words.minutes > 1);
        if let Some((fault, step)) = step {
            (change.helped, change.harm) = (step.harm == 0, step.harm);
            let after = step.apply(state.facts);
            change.catastrophic = after & fault.catastrophic & !state.facts != 0;
            state.hold(after);
        } else {
            let is_store = self.incident.topology.entity(target.at).kind.is_store();
            change.harm = if is_store { words.harm_store } else { words.harm };
        }
        self.set(state, down);
        self.pass(state, words.minutes - 1);
        self.set(state, None);
        self.pass(state, 1);
        change
    }

    fn set(&self, state: &mut State, also: Option<(&Predicate, u16)>) {
        let fault = self.incident.fault.iter();
        let holding = fault.flat_map(|fault| fault.holding(&self.library.vocabulary, state.facts));
        let facts: Vec<_> = holding.chain(also).collect();
        state.settled = false;
        self.incident.plumbing.set(&mut state.flow, &facts);
    }

    /// Whether the fault acts from one entity on another: `from` is nearer to the alert, `to` to the root.
    #[must_use]
    pub fn acts(&self, from: u16, to: u16) -> bool {
        let topology = &self.incident.topology;
        let Some(fault) = &self.incident.fault else { return false };
        let is_in_it = |at: u16| at == fault.root || self.incident.shows(at) != 0;
        let is_up = |at: u16| self.up >> at & 1 == 1;
        let calls = |from: u16, to: u16| topology.needs(from).any(|edge| edge.to == to);
        let [here, there] = [from, to].map(|at| topology.entity(at));
        let under = |kind: Kind| matches!(kind, Kind::Config | Kind::Identity | Kind::Dns | Kind::Network);
        // A call to what is in trouble; a place on a node; what everything stands on; and, for what is shared, whoever
        // takes too much of it.
        (calls(from, to) && (is_up(to) || is_in_it(to)))
            || (here.node == Some(to) && is_in_it(to))
            || (under(there.kind) && is_in_it(to) && is_in_it(from))
            || ((calls(to, from) || there.node == Some(from)) && is_in_it(to) && is_in_it(from))
    }

    /// A shortest way along which the fault acts, from the alerted entity to the root.
    #[must_use]
    pub fn path(&self) -> Option<Vec<u16>> {
        let fault = self.incident.fault.as_ref()?;
        let count = self.incident.topology.entities.len();
        let mut before: Vec<Option<u16>> = vec![None; count];
        let mut queue = std::collections::VecDeque::from([self.incident.alerted]);
        before[usize::from(self.incident.alerted)] = Some(self.incident.alerted);
        while let Some(at) = queue.pop_front() {
            if at == fault.root {
                let mut path = vec![at];
                while let Some(next) =
                    before[usize::from(path[path.len() - 1])].filter(|next| *next != path[path.len() - 1])
                {
                    path.push(next);
                }
                path.reverse();
                return Some(path);
            }
            for next in (0..).take(count) {
                if before[usize::from(next)].is_none() && self.acts(at, next) {
                    before[usize::from(next)] = Some(at);
                    queue.push_back(next);
                }
            }
        }
        None
    }

    /// What users still lose after a shortest repair: not everything can be made good.
    #[must_use]
    pub fn least_impact(&self) -> i32 {
        let Some(fault) = &self.incident.fault else { return 0 };
        let after = self.incident.proof.repair.iter().fold(fault.start, |facts, step| fault.steps[*step].apply(facts));
        let facts: Vec<_> = fault.holding(&self.library.vocabulary, after).collect();
        self.incident.plumbing.impact(&self.incident.plumbing.settled(&facts))
    }

    /// What users lose in each minute after the alert where the oracle repairs it, in thousandths; from the last one on it stays
    /// so.
    #[must_use]
    pub fn lost_by_oracle(&self) -> &[i32] {
        self.oracle_lost.get_or_init(|| oracle::lost(self))
    }

    /// How many services and other parts fail more than they would now if nobody had done anything.
    #[must_use]
    pub fn worse_off(&self, state: &State) -> u32 {
        let mut alone = self.start();
        self.pass(&mut alone, state.now);
        let pairs = state.flow.readings().iter().zip(alone.flow.readings());
        let worse = pairs.filter(|(now, alone)| now.error >= alone.error + WORSE).count();
        u32::try_from(worse).unwrap_or(u32::MAX)
    }

    /// Whether a tool that looks at an entity gives no answer in this minute.
    #[must_use]
    pub fn is_out(&self, state: &State, at: u16, tool: Diagnostic) -> bool {
        let place = u64::from(at) << 8 | tool.index() as u64;
        let share = self.incident.knobs.outage;
        share > 0 && self.incident.draws.below(Stream::Outage, place, u64::from(state.now), 100) < share
    }

    /// Whether nothing is left that does harm, and no measure is left in force.
    #[must_use]
    pub fn is_clean(&self, state: &State) -> bool {
        self.incident.fault.as_ref().is_none_or(|fault| state.facts & fault.harmful == 0)
    }

    /// Whether what set it off is gone.
    #[must_use]
    pub fn is_durable(&self, state: &State) -> bool {
        self.incident.fault.as_ref().is_none_or(|fault| state.facts & fault.durable == 0)
    }

    /// Measures that are in force at an entity.
    pub fn measures<'a>(&'a self, state: &'a State, at: u16) -> impl Iterator<Item = &'a str> {
        let now = i32::try_from(state.now).unwrap_or(i32::MAX);
        let in_force = self.holding(state, at, now);
        in_force.filter(|predicate| predicate.role == Role::Measure).map(|predicate| predicate.name.as_str())
    }
}

impl State {
    /// Minutes since the alert.
    #[must_use]
    pub fn now(&self) -> u32 {
        self.now
    }

    fn hold(&mut self, facts: Facts) {
        let now = i32::try_from(self.now).unwrap_or(i32::MAX);
        for (bit, span) in self.spans.iter_mut().enumerate() {
            match (self.facts >> bit & 1 == 1, facts >> bit & 1 == 1) {
                (true, false) => span.to = now + 1,
                (false, true) => *span = Span { from: now + 1, to: i32::MAX },
                _ => {}
            }
        }
        self.facts = facts;
    }

    /// Whether anything was changed.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        self.touched
    }

    /// What users lost in each minute since the alert, in thousandths.
    #[must_use]
    pub fn lost(&self) -> &[i32] {
        &self.lost
    }
}

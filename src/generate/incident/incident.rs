//! Incidents: a system, a fault in it or none, what looks like one, an alert, and the proof that all of it holds together.

use std::sync::Arc;

use crate::generate::proof::hypotheses::{Hypotheses, Hypothesis, Laboratory, Looks, Scene, View};
use crate::generate::data::family::{ChangeKind, Family};
use crate::generate::system::fault::{Fault, has_flag};
use crate::generate::system::traffic::Plumbing;
use crate::generate::incident::level::{Knobs, Level};
use crate::generate::draws::{Draws, Stream};
use crate::generate::severity::Severity;
use crate::generate::system::topology::{Kind, Topology};
use crate::generate::data::vocabulary::Classes;
use crate::generate::incident::world::World;
use crate::generate::Library;
use crate::generate::play::oracle;
use crate::generate::proof::repair_plan as plan;

/// The version of everything that decides what a seed brings about. Another version is another suite.
pub const VERSION: &str = "generated/1";

/// After so many attempts a seed is given up.
const MOST_ATTEMPTS: u64 = 400;
/// After so many attempts another family is tried.
const PATIENCE: u64 = 8;
/// One in so many incidents is none: the alert is wrong. Four times as many of the mildest.
const CONTROL: u32 = 10;

/// What was changed at an entity, and when: minutes before the alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its id, such as `chg-48213`.
    pub id: String,
    /// Where.
    pub at: u16,
    /// What kind of change.
    pub kind: ChangeKind,
    /// Minutes before the alert.
    pub minutes_ago: u32,
}

/// Why something looks bad that is not, and what shows that it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refutation {
    /// It was so long before the onset, too.
    Chronic,
    /// It began only after the onset.
    TooLate,
    /// It happened long before the onset, and nothing followed.
    TooEarly,
    /// It is over: it went away by itself before the alert.
    Over,
}

impl Refutation {
    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chronic => "chronic",
            Self::TooLate => "too_late",
            Self::TooEarly => "too_early",
            Self::Over => "over",
        }
    }

    const ALL: [Self; 4] = [Self::Chronic, Self::TooLate, Self::TooEarly, Self::Over];
}

/// Something that looks bad for another reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoy {
    /// Where.
    pub at: u16,
    /// What it shows.
    pub shows: Classes,
    /// Why it is nothing.
    pub refutation: Refutation,
}

/// What the checker and the planner found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Faults that this system can have.
    pub faults: usize,
    /// Of them, those that the alert leaves open.
    pub after_alert: usize,
    /// The fewest views that leave one alone; none where three were not found to be enough.
    pub views: Option<Vec<View>>,
    /// The steps of a shortest repair, by their number in the fault.
    pub repair: Vec<usize>,
    /// Calls in a row from the alerted entity to the root.
    pub hops: u32,
}

/// Another fault that is at work at the same time, and that the alert is not about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Second {
    /// The number of its family.
    pub family: usize,
    /// Its root.
    pub root: u16,
    /// Where its trigger was made.
    pub trigger_at: u16,
    /// The change that set it off, where one did.
    pub trigger: Option<String>,
    /// Minutes from its onset to the alert.
    pub duration: u32,
    /// Its first bit among those of both.
    pub from_bit: usize,
    /// Its first fact among those of both that hold at the alert.
    pub from_fact: usize,
}

/// An incident.
#[derive(Debug, Clone)]
pub struct Incident {
    /// Its id, which says nothing of seed, family or level.
    pub id: String,
    /// The level.
    pub level: Level,
    /// The seed.
    pub seed: u64,
    /// Its number in the suite of that seed.
    pub number: u64,
    /// How often it was tried before.
    pub attempt: u64,
    /// What the other draws of it are made from.
    pub draws: Draws,
    /// The system.
    pub topology: Topology,
    /// How requests flow in it.
    pub plumbing: Plumbing,
    /// The fault, joined with the other one if there is one; none where the alert is wrong.
    pub fault: Option<Fault>,
    /// The other fault.
    pub second: Option<Second>,
    /// Minutes from the onset to the alert.
    pub duration: u32,
    /// All changes, newest first.
    pub changes: Vec<Change>,
    /// The one that set the fault off, where one did.
    pub trigger: Option<String>,
    /// What looks bad for another reason.
    pub decoys: Vec<Decoy>,
    /// The entity that the alert names.
    pub alerted: u16,
    /// What users lose, in thousandths.
    pub impact: i32,
    /// How severe that is.
    pub severity: Severity,
    /// The knobs that it was made by.
    pub knobs: Knobs,
    /// What the fault of the alert itself brings about, by entity.
    shows: Vec<Classes>,
    /// How the other faults look that the alert leaves open.
    pub rivals: Vec<Looks>,
    /// Why all of it holds together.
    pub proof: Proof,
}

/// Why an attempt is none that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rejected {
    /// No fault of this system is as severe as it should be.
    NoFault,
    /// Nobody could be alerted.
    NoAlert,
    /// Another fault, or none, would look the same.
    Ambiguous,
    /// The alert says too much.
    TooFewFaults,
    /// One look is enough.
    TooFewViews,
    /// It cannot be repaired without harm.
    NoRepair,
    /// The fault acts along no way that could be named.
    NoPath,
    /// No few records show it.
    TooManyRecords,
}

/// A seed that brought nothing about, with how often each reason came up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no incident of level {level} in {MOST_ATTEMPTS} attempts at seed {seed}, number {number}: {reasons:?}")]
pub struct Exhausted {
    /// The level.
    pub level: Level,
    /// The seed.
    pub seed: u64,
    /// The number.
    pub number: u64,
    /// How often each reason came up.
    pub reasons: std::collections::BTreeMap<Rejected, u32>,
}

impl Incident {
    /// The incident of a seed with a number, by the knobs of its level.
    ///
    /// # Errors
    /// When no attempt led to one that can be proved.
    pub fn new(library: &Arc<Library>, level: Level, seed: u64, number: u64) -> Result<Self, Box<Exhausted>> {
        Self::with(library, level, &Knobs::of(level), seed, number)
    }

    /// The same by other knobs.
    ///
    /// # Errors
    /// When no attempt led to one that can be proved.
    pub fn with(
        library: &Arc<Library>,
        level: Level,
        knobs: &Knobs,
        seed: u64,
        number: u64,
    ) -> Result<Self, Box<Exhausted>> {
        let root = Draws::new(seed).child(number).child(u64::from(knobs.services) << 32 | u64::from(knobs.decoys));
        let mut reasons = std::collections::BTreeMap::new();
        for attempt in 0..MOST_ATTEMPTS {
            // What is asked for stays the same for a while, so that what is easily had does not crowd out the rest.
            let wanted = Wanted::draw(root, number, attempt / PATIENCE);
            let draft = Draft::new(library, knobs, root.child(attempt));
            match draft.incident(library, knobs, &wanted) {
                Ok(parts) => {
                    let incident = parts.finish(library, draft, (level, *knobs), seed, number, attempt);
                    let world = World::new(incident, Arc::clone(library));
                    match oracle::can_be_answered(&world) {
                        Ok(()) => return Ok(world.incident),
                        Err(reason) => *reasons.entry(reason).or_default() += 1,
                    }
                }
                Err(reason) => *reasons.entry(reason).or_default() += 1,
            }
        }
        Err(Box::new(Exhausted { level, seed, number, reasons }))
    }

    /// The classes that the fault itself brings about at an entity at the alert.
    #[must_use]
    pub fn shows(&self, at: u16) -> Classes {
        self.shows.get(usize::from(at)).copied().unwrap_or(0)
    }

    /// Where the faults of its system are simulated.
    #[must_use]
    pub fn laboratory<'a>(&'a self, library: &'a Library) -> Laboratory<'a> {
        Laboratory { topology: &self.topology, plumbing: &self.plumbing, vocabulary: &library.vocabulary }
    }

    /// The changes that set a fault off.
    pub fn triggers(&self) -> impl Iterator<Item = &String> {
        self.trigger.iter().chain(self.second.iter().flat_map(|second| &second.trigger))
    }

    /// The family of its fault.
    #[must_use]
    pub fn family<'a>(&self, library: &'a Library) -> Option<&'a Family> {
        self.fault.as_ref().map(|fault| &library.families[fault.family])
    }
}

/// What an incident should be.
struct Wanted {
    /// None for a control.
    severity: Option<Severity>,
    draws: Draws,
}

impl Wanted {
    /// Severities take turns, so that of every four incidents each is one: an answer that is always the same is worth the
    /// same in every suite. Controls are among the mildest.
    fn draw(draws: Draws, number: u64, patience: u64) -> Self {
        let severity = Severity::ALL[usize::try_from(number % 4).unwrap_or(0)];
        let control = severity == Severity::P4 && draws.below(Stream::Severity, 0, 0, CONTROL) < 4;
        Self { severity: (!control).then_some(severity), draws: draws.child(patience) }
    }
}

/// A system with all faults that it can have.
struct Draft {
    draws: Draws,
    topology: Topology,
    plumbing: Plumbing,
    all: Vec<Hypothesis>,
    /// Which names and ids it has.
    skin: u64,
}

/// What is chosen in a draft.
struct Parts {
    truth: Option<usize>,
    /// Another fault, and both joined.
    second: Option<(usize, Fault)>,
    impact: i32,
    diverges: bool,
    decoys: Vec<Decoy>,
    alerted: u16,
    /// How the faults look that the alert leaves open beside the true one.
    rivals: Vec<Looks>,
    proof: Proof,
}

impl Draft {
    fn new(library: &Library, knobs: &Knobs, draws: Draws) -> Self {
        let size = crate::generate::system::topology::Size { services: knobs.services, depth: knobs.depth };
        let topology = Topology::new(draws, size, knobs.naming);
        let plumbing = Plumbing::new(&topology);
        let laboratory = Laboratory { topology: &topology, plumbing: &plumbing, vocabulary: &library.vocabulary };
        let all = laboratory.every_fault(&library.families, draws, None);
        Self { draws, topology, plumbing, all, skin: knobs.naming.skin() }
    }

    fn laboratory<'a>(&'a self, library: &'a Library) -> Laboratory<'a> {
        Laboratory { topology: &self.topology, plumbing: &self.plumbing, vocabulary: &library.vocabulary }
    }

    fn incident(&self, library: &Library, knobs: &Knobs, wanted: &Wanted) -> Result<Parts, Rejected> {
        let truth = match wanted.severity {
            None => None,
            Some(severity) => Some(self.choose(severity, wanted.draws).ok_or(Rejected::NoFault)?),
        };
        let second = match (truth, wanted.severity) {
            (Some(index), Some(severity)) if knobs.faults > 1 => Some(self.second(library, index, severity)?),
            _ => None,
        };
        // Where another fault is at work, all are held against what is seen with it at work.
        let beside = second.as_ref().map(|(other, _)| {
            let other = &self.all[*other].fault;
            self.laboratory(library).every_fault(&library.families, self.draws, Some(other))
        });
        let all = beside.as_ref().unwrap_or(&self.all);
        let decoys = self.decoys(library, knobs, all, truth);
        let nothing = || Looks { shows: vec![0; self.topology.entities.len()], errors: 0, slow: 0 };
        let looks = truth.map_or_else(nothing, |index| all[index].looks.clone());
        let mut scene = Scene { looks, tolerance: knobs.tolerance };
        for decoy in &decoys {
            scene.looks.shows[usize::from(decoy.at)] |= decoy.shows;
        }
        let checker = Hypotheses::over(&library.vocabulary, all);
        let explains = (0..all.len()).filter(|index| checker.explains(&all[*index], &scene));
        if explains.collect::<Vec<_>>() != truth.into_iter().collect::<Vec<_>>() {
            return Err(Rejected::Ambiguous);
        }
        let Some(index) = truth else {
            let alerted = self.stale_alert();
            let left = checker.after_alert(&[alerted]);
            let proof = Proof { faults: all.len(), after_alert: left.len(), views: None, repair: Vec::new(), hops: 0 };
            let rivals = left.iter().map(|index| all[*index].looks.clone()).collect();
            return Ok(Parts { truth, second: None, impact: 0, diverges: false, decoys, alerted, rivals, proof });
        };
        if let Some((other, _)) = &second {
            let both = vec![index.min(*other), index.max(*other)];
            if self.laboratory(library).explaining(&self.all, &scene) != [both] {
                return Err(Rejected::Ambiguous);
            }
        }
        let (alerted, left) = self.alerted(index, second.as_ref().map(|(other, _)| *other), &checker, knobs)?;
        let views = checker.fewest_views(&scene, &left, index);
        if views.as_ref().is_some_and(|views| views.len() < knobs.views) {
            return Err(Rejected::TooFewViews);
        }
        let own = &self.all[index].fault;
        let repair = plan::shortest(second.as_ref().map_or(own, |(_, both)| both)).ok_or(Rejected::NoRepair)?;
        let hops = self.hops(alerted, own);
        let proof = Proof { faults: all.len(), after_alert: left.len(), views, repair, hops };
        let rivals = left.iter().filter(|left| **left != index).map(|left| all[*left].looks.clone()).collect();
        let (impact, diverges) = (all[index].impact, all[index].diverges);
        Ok(Parts { truth, second, impact, diverges, decoys, alerted, rivals, proof })
    }

    /// Another fault with which the incident is as severe as it should be, and both joined. It shows nothing where the first
    /// one does.
    fn second(&self, library: &Library, truth: usize, severity: Severity) -> Result<(usize, Fault), Rejected> {
        /// So many are tried.
        const MOST: usize = 12;
        let (one, quiet) = (&self.all[truth], self.plumbing.settled(&[]));
        let is_apart = |other: &Hypothesis| {
            one.looks.shows.iter().zip(&other.looks.shows).all(|(its, others)| *its == 0 || *others == 0)
        };
        let fits = |index: &usize| {
            let other = &self.all[*index];
            other.fault.family != one.fault.family
                && other.fault.trigger_at != one.fault.trigger_at
                && Severity::of(other.impact, other.diverges) >= severity
                && self.is_felt(other)
                && is_apart(other)
        };
        let mut fitting: Vec<_> = (0..self.all.len()).filter(fits).collect();
        fitting.sort_by_key(|index| self.draws.bits(Stream::Family, *index as u64, 2, 0));
        fitting.truncate(MOST);
        let joined = fitting.into_iter().find_map(|index| {
            let other = &self.all[index].fault;
            let both = one.fault.with(other)?;
            let seen = self.laboratory(library).simulated(one.fault.clone(), Some(other), &quiet);
            (Severity::of(seen.impact, seen.diverges) == severity).then_some((index, both))
        });
        joined.ok_or(Rejected::NoFault)
    }

    /// A fault of this severity: a family of those that have one, then a root of those.
    fn choose(&self, severity: Severity, draws: Draws) -> Option<usize> {
        let is_wanted = |one: &Hypothesis| Severity::of(one.impact, one.diverges) == severity && self.is_felt(one);
        let fitting: Vec<_> = (0..self.all.len()).filter(|index| is_wanted(&self.all[*index])).collect();
        let mut families: Vec<_> = fitting.iter().map(|index| self.all[*index].fault.family).collect();
        families.dedup();
        if families.is_empty() {
            return None;
        }
        // By a rank that does not depend on which families are there, so that rare ones are not always passed over.
        let rank = |family: &usize| draws.bits(Stream::Family, *family as u64, 0, 0);
        let family = families.into_iter().min_by_key(rank)?;
        let roots: Vec<_> = fitting.into_iter().filter(|index| self.all[*index].fault.family == family).collect();
        Some(*self.draws.pick(Stream::Family, 1, family as u64, &roots))
    }

    /// Whether anybody would be paged: something is in trouble.
    fn is_felt(&self, one: &Hypothesis) -> bool {
        self.troubled(one).next().is_some()
    }

    fn troubled<'a>(&'a self, one: &'a Hypothesis) -> impl Iterator<Item = u16> + 'a {
        (0..).take(self.topology.entities.len()).filter(|at| (one.looks.errors | one.looks.slow) >> at & 1 == 1)
    }

    /// Who the alert names, and the faults that this leaves open: something in trouble that is as far from the root as it
    /// can be, and does not say too much. What the other fault troubles is not what this alert is about.
    fn alerted(
        &self,
        truth: usize,
        second: Option<usize>,
        checker: &Hypotheses<'_>,
        knobs: &Knobs,
    ) -> Result<(u16, Vec<usize>), Rejected> {
        let one = &self.all[truth];
        let others: Vec<_> = second.iter().flat_map(|second| self.troubled(&self.all[*second])).collect();
        let far = |at: &u16| {
            let near = *at == one.fault.root || self.topology.entity(*at).kind == Kind::Gateway;
            (near, std::cmp::Reverse(self.hops(*at, &one.fault)), self.draws.bits(Stream::Alert, u64::from(*at), 1, 0))
        };
        let mut troubled: Vec<_> = self.troubled(one).filter(|at| !others.contains(at)).collect();
        troubled.sort_by_cached_key(far);
        let mut reason = Rejected::NoAlert;
        for at in troubled {
            let left = checker.after_alert(&[at]);
            if left.len() >= knobs.hypotheses && left.contains(&truth) {
                return Ok((at, left));
            }
            reason = Rejected::TooFewFaults;
        }
        Err(reason)
    }

    /// Who an alert names that is wrong: whatever has a threshold that nobody looks after.
    fn stale_alert(&self) -> u16 {
        let apis: Vec<_> = self.topology.of(Kind::Api).collect();
        *self.draws.pick(Stream::Alert, 0, 0, &apis)
    }

    /// Calls in a row from an entity to the nearest one that the fault is about.
    fn hops(&self, from: u16, fault: &Fault) -> u32 {
        let mut at = vec![from];
        let mut seen = vec![false; self.topology.entities.len()];
        for hops in 0..20 {
            if at.contains(&fault.root) {
                return hops;
            }
            let mut next = Vec::new();
            for entity in at {
                let node = self.topology.entity(entity).node;
                for to in self.topology.needs(entity).map(|edge| edge.to).chain(node) {
                    if !std::mem::replace(&mut seen[usize::from(to)], true) {
                        next.push(to);
                    }
                }
            }
            if next.is_empty() {
                // What runs under everything is one step away from each of its own.
                return hops + 1;
            }
            at = next;
        }
        20
    }

    /// Things that look bad for another reason, at entities that the fault is not about.
    fn decoys(&self, library: &Library, knobs: &Knobs, all: &[Hypothesis], truth: Option<usize>) -> Vec<Decoy> {
        let draws = self.draws;
        let about = |at: u16| truth.is_some_and(|index| all[index].looks.shows[usize::from(at)] != 0);
        let free = draws.shuffled(Stream::Decoys, 0, self.topology.entities.len());
        let free = free.into_iter().filter_map(|index| u16::try_from(index).ok()).filter(|at| !about(*at));
        let decoy = |at: u16| {
            // What some fault could bring about there, or it would fool nobody.
            let possible = self.all.iter().fold(0, |set, one| set | one.looks.shows[usize::from(at)]);
            let mut classes: Vec<_> =
                (0..library.vocabulary.classes.len()).filter(|bit| possible >> bit & 1 == 1).collect();
            classes.sort_by_key(|bit| draws.bits(Stream::Decoys, u64::from(at), *bit as u64, 1));
            let count = draws.within(Stream::Decoys, u64::from(at), 1000, 1, knobs.tolerance.max(1)) as usize;
            let shows = classes.into_iter().take(count).fold(0, |set: Classes, bit| set | 1 << bit);
            let refutation = *draws.pick(Stream::Decoys, u64::from(at), 2000, &Refutation::ALL);
            (shows != 0).then_some(Decoy { at, shows, refutation })
        };
        free.filter_map(decoy).take(usize::from(knobs.decoys)).collect()
    }

    /// All changes of the last days: the trigger, and others that are nothing.
    fn changes(
        &self,
        faults: &[(&Fault, &Family, u32)],
        decoys: &[Decoy],
        duration: u32,
    ) -> (Vec<Change>, Vec<Option<String>>) {
        let draws = self.draws;
        let mut taken = std::collections::BTreeSet::new();
        let mut id = |salt: u64| {
            let mut number = draws.below(Stream::Changes, salt, self.skin, 90_000);
            // No two have the same: an answer could mean either.
            while !taken.insert(number) {
                number = (number + 1) % 90_000;
            }
            format!("chg-{:05}", 10_000 + number)
        };
        let mut changes = Vec::new();
        let mut triggers = Vec::new();
        for (salt, (fault, family, duration)) in (1..).zip(faults) {
            let [least, most] = family.trigger.lag;
            let kind = family.trigger.kind;
            triggers.push(kind.is_recorded().then(|| {
                let lag = draws.within(Stream::Changes, salt, 1, least, most.max(least));
                let change = Change { id: id(salt), at: fault.trigger_at, kind, minutes_ago: duration + lag };
                changes.push(change.clone());
                change.id
            }));
        }
        for (number, decoy) in decoys.iter().enumerate() {
            let salt = 100 + number as u64;
            let minutes_ago = match decoy.refutation {
                Refutation::TooLate => draws.within(Stream::Changes, salt, 1, 0, duration.saturating_sub(1)),
                Refutation::TooEarly => duration + draws.within(Stream::Changes, salt, 1, 500, 2800),
                // Most of what is refuted otherwise was changed shortly before, as the true one was.
                Refutation::Chronic | Refutation::Over => duration + draws.within(Stream::Changes, salt, 1, 2, 240),
            };
            changes.push(Change { id: id(salt), at: decoy.at, kind: self.kind_of_change(decoy.at, salt), minutes_ago });
        }
        // Everything is changed now and then.
        for at in (0..).take(self.topology.entities.len()) {
            let salt = 1000 + u64::from(at);
            if draws.below(Stream::Changes, salt, 2, 2) == 0 {
                let minutes_ago = duration + draws.within(Stream::Changes, salt, 1, 600, 6000);
                changes.push(Change { id: id(salt), at, kind: self.kind_of_change(at, salt), minutes_ago });
            }
        }
        changes.sort_by(|a, b| (a.minutes_ago, &a.id).cmp(&(b.minutes_ago, &b.id)));
        (changes, triggers)
    }

    /// A kind of change that is made to such an entity.
    fn kind_of_change(&self, at: u16, salt: u64) -> ChangeKind {
        let kinds: &[ChangeKind] = match self.topology.entity(at).kind {
            Kind::Api if has_flag(&self.topology, self.draws, at) => {
                &[ChangeKind::Deploy, ChangeKind::Config, ChangeKind::Flag]
            }
            Kind::Gateway | Kind::Api | Kind::Worker => &[ChangeKind::Deploy, ChangeKind::Config],
            Kind::Batch => &[ChangeKind::Deploy, ChangeKind::Job],
            Kind::Db => &[ChangeKind::Schema, ChangeKind::Config],
            Kind::Cache => &[ChangeKind::Purge, ChangeKind::Config],
            Kind::Queue | Kind::Config | Kind::Dns | Kind::External => &[ChangeKind::Config],
            Kind::Identity => &[ChangeKind::Rotation, ChangeKind::Config],
            Kind::Network => &[ChangeKind::Route],
            Kind::Node => &[ChangeKind::Ntp, ChangeKind::Config],
        };
        *self.draws.pick(Stream::Changes, salt, 3, kinds)
    }
}

impl Parts {
    fn finish(
        self,
        library: &Library,
        draft: Draft,
        (level, knobs): (Level, Knobs),
        seed: u64,
        number: u64,
        attempt: u64,
    ) -> Incident {
        let Self { truth, second, impact, diverges, decoys, alerted, rivals, proof } = self;
        let draws = draft.draws;
        // Of two faults neither began so shortly before the alert that it has not settled.
        let least = if second.is_some() { 15 } else { 6 };
        let duration = draws.within(Stream::Onset, 0, 0, least, 45);
        let one = truth.map(|index| &draft.all[index]);
        let other = second.as_ref().map(|(index, _)| &draft.all[*index].fault);
        let other_duration = draws.within(Stream::Onset, 1, 0, least, 45);
        let own = one.map(|one| &one.fault).into_iter().map(|fault| (fault, duration));
        let faults: Vec<_> = own
            .chain(other.map(|fault| (fault, other_duration)))
            .map(|(fault, duration)| (fault, &library.families[fault.family], duration))
            .collect();
        let (changes, triggers) = draft.changes(&faults, &decoys, duration);
        let mut triggers = triggers.into_iter();
        let trigger = triggers.next().flatten();
        let second_fault = one.zip(other).map(|(one, other)| Second {
            family: other.family,
            root: other.root,
            trigger_at: other.trigger_at,
            trigger: triggers.next().flatten(),
            duration: other_duration,
            from_bit: one.fault.bits.len(),
            from_fact: one.fault.start.count_ones() as usize,
        });
        Incident {
            id: format!("GEN-{:012x}", draws.bits(Stream::Names, 9, 9, 9) >> 16),
            level,
            seed,
            number,
            attempt,
            draws,
            fault: second.map(|(_, both)| both).or_else(|| one.map(|one| one.fault.clone())),
            second: second_fault,
            duration,
            changes,
            trigger,
            decoys,
            alerted,
            impact,
            severity: Severity::of(impact, diverges),
            knobs,
            shows: one.map_or_else(Vec::new, |one| one.looks.shows.clone()),
            rivals,
            proof,
            topology: draft.topology,
            plumbing: draft.plumbing,
        }
    }
}

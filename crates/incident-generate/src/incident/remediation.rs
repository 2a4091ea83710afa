//! Remediations: how a verb changes the state of a world, what it relieves for some minutes, and what fades away after
//! it.

use crate::data::verb::{Besides, Verb};
use crate::ids::{EntityId, FactId, FactSet, VerbId};
use crate::incident::deed::Deed;
use crate::incident::incident::Decoy;
use crate::incident::recovery::{FADES, fades};
use crate::incident::timed::Span;
use crate::incident::world::{State, World};
use crate::system::fault::{Fault, Target, Thing};
use crate::system::traffic::Acting;

/// The most minutes in which a fact that has begun may come to act in full.
const RISES: i32 = 16;
/// The size of a volume that was made larger, in thousandths of what it was.
const LARGER: i64 = 1500;

/// What came of a remediation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consequence {
    /// Whether it was an op of a repair.
    pub helped: bool,
    /// The harm to users.
    pub harm: i32,
    /// Whether it brought about something that no repair can make good.
    pub catastrophic: bool,
    /// How many minutes it took.
    pub minutes: u32,
    /// What it changed.
    pub effect: Effect,
}

/// What a remediation changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// No fact ended or began, and none is about it.
    Nothing,
    /// A fault made it vain: no fact ended or began.
    Vain,
    /// Facts at its target hold on, and were relieved for some minutes.
    Relief,
    /// A fact ended or began.
    Change,
}

impl World {
    /// Performs a remediation, and lets the minutes pass that it takes.
    pub fn perform(&self, state: &mut State, verb: VerbId, target: Target) -> Consequence {
        let data = self.library.vocabulary.verb(verb);
        let (minutes, before) = (data.minutes, state.facts);
        let ends = state.minute().saturating_add(minutes.cast_signed());
        let mut consequence =
            Consequence { helped: false, harm: 0, catastrophic: false, minutes, effect: Effect::Nothing };
        let op = self.incident.fault.as_ref().and_then(|fault| Some((fault, fault.op(verb, target, before)?)));
        if let Some((fault, op)) = op {
            (consequence.helped, consequence.harm) = (op.harm == 0, op.harm);
            let after = op.apply(before);
            consequence.catastrophic = (after - before).meets(fault.catastrophic);
            consequence.effect = if after == before { Effect::Vain } else { Effect::Change };
            state.hold(after);
        } else {
            consequence.harm = self.needless_harm(data, target);
        }
        if target.thing == Thing::Trigger {
            state.deeds.push(Deed::TakenBack { at: target.at });
        }
        match data.besides {
            Some(Besides::SuspendsJob) => self.suspend(state, verb, target, before - state.facts),
            Some(Besides::ResumesJob) => self.resume(state, target, data, &mut consequence),
            Some(Besides::GrowsVolume) => state.deeds.push(Deed::Grown { at: target.at, from: ends }),
            Some(Besides::RenewsCertificate) => {
                let stops = self.library.verbs.of(verb).sees;
                state.deeds.push(Deed::Renewed { at: target.at, from: ends, stops });
            }
            Some(Besides::RotatesSecrets) => {
                state.deeds.push(Deed::Rotated { at: target.at, from: ends });
            }
            None => {}
        }
        // What is restarted or moved answers nobody meanwhile.
        let down = data.interrupts.filter(|_| target.thing == Thing::Entity && minutes > 1);
        let relieved = self.relieved(before & state.facts, data, target);
        if !relieved.is_empty() {
            // What is restarted is relieved of it at once, and anything else once the verb is done.
            state.relieve(relieved, if down.is_some() { state.minute() + 1 } else { ends }, ends);
            if consequence.effect != Effect::Change {
                consequence.effect = Effect::Relief;
            }
        }
        state.down = down.map(|predicate| (predicate, target.at));
        state.move_until(state.minute() + 1);
        self.pass(state, minutes - 1);
        state.down = None;
        state.move_until(state.minute() + 1);
        self.pass(state, 1);
        state.last_change = Some(state.now());
        consequence
    }

    /// Returns the harm of a verb that nothing called for.
    fn needless_harm(&self, verb: &Verb, target: Target) -> i32 {
        let is_store = self.incident.topology.entity(target.at).kind.is_store();
        match target.thing {
            // To take back the change that set the fault off is never needless, even where it no longer has an effect.
            Thing::Trigger => 0,
            _ if is_store => verb.harm_store,
            _ => verb.harm,
        }
    }

    /// Returns those of some facts that a verb relieves its target of.
    fn relieved(&self, facts: FactSet, verb: &Verb, target: Target) -> FactSet {
        let all = self.incident.fault.iter().flat_map(Fault::numbered_facts);
        let is_relieved = |id: FactId, at: EntityId, predicate| {
            target.thing == Thing::Entity && at == target.at && facts.contains(id) && verb.relieves.contains(&predicate)
        };
        all.filter(|(id, fact)| is_relieved(*id, fact.at, fact.predicate)).map(|(id, _)| id).collect()
    }

    /// Keeps that a job was suspended, with the facts that ended because of it.
    fn suspend(&self, state: &mut State, verb: VerbId, job: Target, ended: FactSet) {
        if state.suspension(job).is_none() {
            let (from, stops) = (state.minute() + 1, self.library.verbs.of(verb).sees);
            state.deeds.push(Deed::Suspended { job, from, until: None, stops, ended });
        }
    }

    /// Lets a job run again. Where it was the cause of a fault and still is, the fault comes back.
    fn resume(&self, state: &mut State, job: Target, verb: &Verb, consequence: &mut Consequence) {
        let minute = state.minute() + 1;
        let Some(Deed::Suspended { until, ended, .. }) = state.suspension(job) else { return };
        *until = Some(minute);
        let ended = *ended;
        consequence.harm = 0;
        let back = self.comes_back(state, ended);
        if !(back - state.facts).is_empty() {
            (consequence.harm, consequence.effect) = (verb.harm, Effect::Change);
            state.hold(state.facts | back);
        }
    }

    /// Returns the facts that begin again if what ended these facts is undone. Where one of them set the fault off, all that
    /// followed from it comes back. Nothing does once the change that set the fault off was taken back.
    fn comes_back(&self, state: &State, ended: FactSet) -> FactSet {
        let Some(fault) = &self.incident.fault else { return FactSet::EMPTY };
        let second = self.incident.second.as_ref();
        let second = second.filter(|second| {
            (fault.numbered_facts()).any(|(id, _)| ended.contains(id) && id.index() >= second.first_fact)
        });
        let trigger_at = second.map_or(fault.trigger_at, |second| second.trigger_at);
        if state.deeds.contains(&Deed::TakenBack { at: trigger_at }) {
            return FactSet::EMPTY;
        }
        if !ended.meets(fault.durable) {
            return ended;
        }
        let (first, last) = match (second, &self.incident.second) {
            (Some(second), _) => (second.first_fact, usize::MAX),
            (None, Some(second)) => (0, second.first_fact),
            (None, None) => (0, usize::MAX),
        };
        let own = fault.numbered_facts().map(|(id, _)| id).filter(|id| (first..last).contains(&id.index()));
        own.filter(|id| fault.start.contains(*id)).collect()
    }

    /// Goes through the facts that ended a few minutes ago, each as strongly as it still acts: calls that wait are worked
    /// off, connections come back and caches warm up.
    pub(super) fn fading<'a>(&'a self, state: &State) -> Vec<Acting<'a>> {
        let now = state.minute();
        let facts = self.incident.fault.iter().flat_map(Fault::numbered_facts);
        let each = facts.zip(&state.spans).filter_map(|((id, fact), span)| {
            let acting = fact.acting(&self.library.vocabulary);
            let is_over = !state.facts.contains(id) && span.from < span.to;
            let since = now.saturating_sub(span.to);
            let left = fades(acting.predicate.ramp, acting.predicate.miss > 0, since).filter(|_| is_over)?;
            Some(Acting { strength: acting.strength.ramped(left, 1000), ..acting })
        });
        each.collect()
    }

    /// Returns whether a job is suspended that is no part of the fault.
    fn keeps_a_job_from_running(&self, state: &State) -> bool {
        let is_of_fault = |job: &Target| {
            let mut ops = self.incident.fault.iter().flat_map(|fault| &fault.ops);
            ops.any(|op| op.harm == 0 && op.target == *job)
        };
        state.deeds.iter().any(|deed| matches!(deed, Deed::Suspended { job, until: None, .. } if !is_of_fault(job)))
    }

    /// Returns whether nothing harmful is left, no measure is left in force, and no job is suspended that is not the cause.
    #[must_use]
    pub fn is_clean(&self, state: &State) -> bool {
        let is_over = self.incident.fault.as_ref().is_none_or(|fault| !state.facts.meets(fault.harmful));
        is_over && !self.keeps_a_job_from_running(state)
    }

    /// Returns whether what set the fault off is gone.
    #[must_use]
    pub fn is_durable(&self, state: &State) -> bool {
        self.incident.fault.as_ref().is_none_or(|fault| !state.facts.meets(fault.durable))
    }
}

impl State {
    /// Lets exactly these facts hold from the next minute on.
    fn hold(&mut self, facts: FactSet) {
        let next = self.minute() + 1;
        for (id, span) in FactId::first(self.spans.len()).zip(&mut self.spans) {
            match (self.facts.contains(id), facts.contains(id)) {
                (true, false) => span.to = next.max(span.from),
                (false, true) => {
                    if span.from < span.to {
                        self.past.push((id, *span));
                    }
                    *span = Span::since(next);
                }
                _ => {}
            }
        }
        self.facts = facts;
        self.move_until(next + FADES.max(RISES));
    }

    /// Relieves the entities of some facts that hold: they act no more from one minute on, and begin anew in another one.
    fn relieve(&mut self, facts: FactSet, ends: i32, begins: i32) {
        for (id, span) in FactId::first(self.spans.len()).zip(&mut self.spans).filter(|(id, _)| facts.contains(*id)) {
            if span.from < ends {
                self.past.push((id, Span { to: ends, ..*span }));
            }
            *span = Span { is_relapse: true, ..Span::since(begins) };
        }
        self.move_until(begins + RISES);
    }

    /// Has traffic follow from the facts anew in every minute up to this one.
    fn move_until(&mut self, minute: i32) {
        self.moves_until = self.moves_until.max(minute);
    }

    /// Returns the suspension of a job that goes on, if there is one.
    fn suspension(&mut self, of: Target) -> Option<&mut Deed> {
        self.deeds.iter_mut().find(|deed| matches!(deed, Deed::Suspended { job, until: None, .. } if *job == of))
    }

    /// Returns the minute in which an event beside the fault ends: what is a run of a job ends when the job is suspended,
    /// and a certificate that has ended when it is issued anew.
    pub(super) fn end_of(&self, decoy: &Decoy) -> i32 {
        let ended = self.deeds.iter().filter_map(|deed| match deed {
            Deed::Suspended { job: Target { at, .. }, from, stops, .. } | Deed::Renewed { at, from, stops }
                if *at == decoy.at && decoy.shows.meets(*stops) =>
            {
                Some(*from)
            }
            _ => None,
        });
        ended.fold(decoy.to, i32::min)
    }

    /// Returns how large the volume of a store is in a minute, in thousandths of what it was at the alert. What is stored
    /// stays the same when the volume grows, so the share of it that is used falls.
    #[must_use]
    pub fn volume(&self, at: EntityId, minute: i32) -> i64 {
        let is_grown = |deed: &&Deed| matches!(deed, Deed::Grown { at: of, from } if *of == at && *from <= minute);
        self.deeds.iter().filter(is_grown).fold(1000, |size, _| size * LARGER / 1000)
    }

    /// Returns the minute since which there are newer secrets than those that a part got, if it issues secrets and they were
    /// renewed in the episode.
    #[must_use]
    pub(crate) fn rotated_at(&self, issuer: EntityId) -> Option<i32> {
        let rotations = self.deeds.iter().rev();
        let mut minutes = rotations.filter_map(|deed| match deed {
            Deed::Rotated { at, from } if *at == issuer => Some(*from),
            _ => None,
        });
        minutes.next()
    }

    /// Returns the first minute in which the job of an entity did not run because it was suspended in the episode, and the
    /// minute in which it was resumed if it was. Of several times it is the last one.
    #[must_use]
    pub(crate) fn last_suspension(&self, at: EntityId) -> Option<(i32, Option<i32>)> {
        self.deeds.iter().rev().find_map(|deed| match deed {
            Deed::Suspended { job, from, until, .. } if job.at == at => Some((*from, *until)),
            _ => None,
        })
    }

    /// Counts the generations of secrets that a part issued in the episode up to a minute.
    #[must_use]
    pub(crate) fn rotations(&self, issuer: EntityId, minute: i32) -> usize {
        let is_one = |deed: &&Deed| matches!(deed, Deed::Rotated { at, from } if *at == issuer && *from <= minute);
        self.deeds.iter().filter(is_one).count()
    }
}

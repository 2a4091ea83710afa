//! Results: what the tool of a remediation prints. It says what the tool did, and not whether that was right.

use std::fmt::Write;

use crate::data::verb_texts::VerbText;
use crate::ids::VerbId;
use crate::incident::remediation::Effect;
use crate::incident::world::{State, World};
use crate::play::command::Change;
use crate::system::fault::Target;
use crate::telemetry::reader::Reader;

/// The remediations that were performed and not taken back.
#[derive(Debug, Clone, Default)]
pub(super) struct InForce(Vec<(VerbId, Target)>);

impl InForce {
    /// Keeps that a verb was performed, and forgets the one that it takes back. Returns whether there was one.
    fn perform(&mut self, verb: VerbId, undoes: Option<VerbId>, target: Target) -> bool {
        let before = self.0.len();
        self.0.retain(|(known, at)| !(Some(*known) == undoes && *at == target));
        let took_back = self.0.len() < before;
        self.0.push((verb, target));
        took_back
    }
}

/// Returns whether there is something to do for a verb, by what its target shows before the verb is performed.
#[must_use]
pub(super) fn has_work(world: &World, state: &State, change: &Change) -> bool {
    let sees = world.library.verbs.of(change.verb).sees;
    let now = state.minute();
    world.presences(state, change.target.at).any(|one| (one.from..one.to).contains(&now) && one.classes.meets(sees))
}

/// Writes what the tool prints after a change that had this effect, without the time.
#[must_use]
pub(super) fn report(
    world: &World,
    state: &State,
    change: &Change,
    had_work: bool,
    effect: Effect,
    in_force: &mut InForce,
) -> String {
    let Change { verb, target, name } = change;
    let texts = world.library.verbs.of(*verb);
    let VerbText { done, nothing, failed, .. } = texts;
    let took_back = in_force.perform(*verb, texts.undoes, *target);
    let text = match effect {
        Effect::Nothing if !had_work && !took_back => nothing.as_ref(),
        Effect::Vain => failed.as_ref(),
        Effect::Nothing | Effect::Relief | Effect::Change => None,
    };
    let verb = world.library.vocabulary.verb(*verb);
    let mut out = format!("{} {name}: ", verb.name);
    let reader = Reader::new(world, state, target.at);
    text.unwrap_or(done).write(&mut out, &reader.words_about(name));
    let _ = write!(out, "; took {} min", verb.minutes);
    out
}

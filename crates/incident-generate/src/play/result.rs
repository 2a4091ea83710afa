//! Results: what the tool of a remediation prints. It says what the tool did, and not whether that was right.

use std::fmt::Write;

use crate::data::verb_texts::VerbText;
use crate::ids::VerbId;
use crate::incident::remediation::Effect;
use crate::incident::world::{State, World};
use crate::play::command::Change;
use crate::system::fault::Target;
use crate::telemetry::reader::Reader;

/// The remediations that were performed and not taken back, with what each was performed on as the action named it.
#[derive(Debug, Clone, Default)]
pub(super) struct InForce(Vec<(VerbId, Target, String)>);

/// How a remediation relates to those that were performed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Before {
    /// Whether it takes one of them back.
    took_back: bool,
    /// Whether the same is in force already.
    again: bool,
}

impl InForce {
    /// Keeps that a change was performed, and forgets the one that it takes back.
    fn perform(&mut self, Change { verb, target, name }: &Change, undoes: Option<VerbId>) -> Before {
        let count = self.0.len();
        self.0.retain(|(known, at, _)| !(Some(*known) == undoes && at == target));
        let took_back = self.0.len() < count;
        let again = self.0.iter().any(|(known, at, of)| (known, at, of) == (verb, target, name));
        if !again {
            self.0.push((*verb, *target, name.clone()));
        }
        Before { took_back, again }
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
    let VerbText { done, nothing, failed, again, goes_on, .. } = texts;
    let before = in_force.perform(change, texts.undoes);
    let text = match effect {
        Effect::Nothing if before.again && again.is_some() => again.as_ref(),
        Effect::Nothing if goes_on.is_some() && has_work(world, state, change) => goes_on.as_ref(),
        Effect::Nothing if !had_work && !before.took_back => nothing.as_ref(),
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

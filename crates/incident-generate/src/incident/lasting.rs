//! What lasts: what users lose once everything that was done has played out.

use crate::incident::recovery::{PLAYED_OUT_AFTER, SETTLED_AFTER};
use crate::incident::world::{State, World};

impl World {
    /// Returns the state in which everything has played out, if nobody does anything more.
    #[must_use]
    pub(crate) fn played_out(&self, state: &State) -> State {
        let mut after = state.clone();
        let until = state.last_change.unwrap_or_default() + PLAYED_OUT_AFTER;
        self.pass(&mut after, until.saturating_sub(state.now()));
        after
    }

    /// Returns the most that users lose in a minute after the system has settled from the last change, up to the minute in
    /// which everything has played out, in thousandths. What a relief gives for some minutes does not count.
    #[must_use]
    pub(crate) fn lasting_impact(&self, state: &State) -> i32 {
        let after = self.played_out(state);
        let settled = state.last_change.unwrap_or_default() + SETTLED_AFTER;
        let minutes = (1..).zip(after.lost()).filter(|(minute, _)| *minute >= settled);
        minutes.map(|(_, lost)| *lost).max().unwrap_or_else(|| self.impact(&after))
    }
}

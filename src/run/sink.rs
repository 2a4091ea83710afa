//! Sinks: what follows a run while it is being played.

use crate::log::{Event, Fold};

/// A follower of a run. It may fail without harm to the run: it is not informed any more, and the run reports that
/// once.
pub trait Sink: Send {
    /// Takes one event, with the fold of the run so far.
    ///
    /// # Errors
    /// Returns the reason why the event could not be shown, such as a closed pipe.
    fn on_event(&mut self, event: &Event, so_far: &Fold) -> std::io::Result<()>;
}

//! What listens to a run while it goes on.

use crate::log::{Event, Fold};

/// A listener. It may fail without harm to the run: it is told no more, and the run says so once.
pub trait Sink: Send {
    /// Takes one event, with what the run came to so far.
    ///
    /// # Errors
    /// What stood in the way, such as a closed pipe.
    fn on_event(&mut self, event: &Event, so_far: &Fold) -> std::io::Result<()>;
}

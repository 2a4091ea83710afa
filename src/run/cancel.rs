//! Stopping a run in two stages: first no new calls, then no waiting.

use tokio_util::sync::CancellationToken;

/// A run's brakes.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    /// No new episodes and calls; calls in flight are finished and kept.
    pub gentle: CancellationToken,
    /// Nothing is waited for.
    pub hard: CancellationToken,
}

impl Cancel {
    /// Stops gently the first time and hard the second time.
    pub fn pull(&self) {
        if self.gentle.is_cancelled() {
            self.hard.cancel();
        } else {
            self.gentle.cancel();
        }
    }

    /// Whether the run should come to an end.
    #[must_use]
    pub fn is_pulled(&self) -> bool {
        self.gentle.is_cancelled()
    }
}

//! Stops a run in two stages: first no new calls are made, then nothing is waited for.

use tokio_util::sync::CancellationToken;

/// The two switches that stop a run.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    /// Cancelled to stop gently: no new episodes and calls begin; calls in flight are finished and kept.
    pub gentle: CancellationToken,
    /// Cancelled to stop at once: nothing is waited for.
    pub hard: CancellationToken,
}

impl Cancel {
    /// Stops the run gently the first time and at once the second time.
    pub fn pull(&self) {
        if self.gentle.is_cancelled() {
            self.hard.cancel();
        } else {
            self.gentle.cancel();
        }
    }

    /// Whether the run is to stop.
    #[must_use]
    pub fn is_pulled(&self) -> bool {
        self.gentle.is_cancelled()
    }
}

//! Interrupts and requests to terminate. None is lost between two waits.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::out;
use crate::run::Cancel;

/// The signals by which a terminal or a scheduler asks the process to stop.
pub(super) struct Interrupts {
    #[cfg(unix)]
    interrupt: Signal,
    #[cfg(unix)]
    terminate: Signal,
}

#[cfg(unix)]
impl Interrupts {
    /// Starts to listen for the signals.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for the next signal.
    pub(super) async fn next(&mut self) -> io::Result<()> {
        tokio::select! {
            _ = self.interrupt.recv() => Ok(()),
            _ = self.terminate.recv() => Ok(()),
        }
    }
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "as where there are signals")]
impl Interrupts {
    /// Starts to listen for the signals.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next signal.
    pub(super) async fn next(&mut self) -> io::Result<()> {
        tokio::signal::ctrl_c().await
    }
}

/// Stops a run gently at the first interrupt and immediately at the second. A request to terminate, which a scheduler
/// sends, counts as an interrupt.
pub(super) fn listen_for_interrupts(cancel: Cancel, quiet: bool) {
    // If the process cannot listen for signals, they end it as usual.
    let Ok(mut interrupts) = Interrupts::listen() else { return };
    tokio::spawn(async move {
        while interrupts.next().await.is_ok() {
            if !quiet {
                out::say(
                    "interrupted",
                    if cancel.is_pulled() {
                        "stopping now"
                    } else {
                        "finishing the calls in flight; once more stops at once"
                    },
                );
            }
            cancel.pull();
        }
    });
}

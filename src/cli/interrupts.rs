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
    /// The terminal was closed; none where `nohup` said that this does not matter.
    #[cfg(unix)]
    hangup: Option<Signal>,
}

#[cfg(unix)]
impl Interrupts {
    /// Starts to listen for the signals.
    pub(super) fn listen() -> io::Result<Self> {
        let hangup = if is_hangup_ignored() { None } else { Some(signal(SignalKind::hangup())?) };
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate, hangup })
    }

    /// Waits for the next signal.
    pub(super) async fn next(&mut self) -> io::Result<()> {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => _ = hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Ok(()),
            _ = self.terminate.recv() => Ok(()),
            () = hangup => Ok(()),
        }
    }
}

/// Whether the process was started so that it survives its terminal, as by `nohup`.
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    const HANGUP: u32 = 1;
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        // `nohup` leads the output away from the terminal.
        return !out::stderr_is_terminal();
    };
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask & (1 << (HANGUP - 1)) != 0
}

/// Has a write beyond `ulimit -f` fail as one on a full disk does, instead of ending the process without a word.
#[cfg(unix)]
pub(super) fn survive_file_size_limit() {
    let number = rustix::process::Signal::XFSZ.as_raw();
    // A handler that nobody waits for is enough, and stays when the value is dropped.
    drop(signal(SignalKind::from_raw(number)));
}

/// Does nothing where there is no such limit.
#[cfg(not(unix))]
pub(super) fn survive_file_size_limit() {}

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
/// sends, and a closed terminal count as interrupts.
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

//! The queue of a run: the connection to it, and the notices about it on stderr.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cli::exit::Failure;
use crate::cli::out;
use crate::config::Settings;
use crate::log::store::RunFolder;
use crate::queue::coordinator::CoordinatorError;
use crate::queue::nats::Access;
use crate::queue::{Nats, Notice, QueueError, Tell};
use crate::report::score_table::{one_line, plural};
use crate::run::Cancel;

/// The pause before the next attempt to reach a server.
const PATIENCE: Duration = Duration::from_secs(1);

/// The connection of a run to its queue.
pub(super) enum Connection {
    /// The run has no queue: this process plays the episodes.
    None,
    /// Workers take the episodes from this queue.
    Queue(Box<Nats>),
    /// The user stopped the run before the connection was made.
    Stopped,
}

/// Connects to the queue of a run, if it has one.
pub(super) async fn connect(settings: &Settings, cancel: &Cancel, quiet: bool) -> Result<Connection, Failure> {
    let Some(queue) = &settings.queue else { return Ok(Connection::None) };
    let access = &queue.access;
    let connected = tokio::select! {
        connected = Nats::connect(access) => connected,
        () = cancel.gentle.cancelled() => return Ok(Connection::Stopped),
    };
    let nats = connected.map_err(|error| {
        let message = format!("queue {}: {error}", access.address);
        match error {
            // The server may be running when the command is started again.
            QueueError::Away(_) => Failure::other(message).hint("is nats-server running there, with -js?"),
            _ => Failure::usage(message).hint("docs/SCALE.md says how a queue is set up"),
        }
    })?;
    if !quiet {
        out::note(&format!("episodes go to the queue at {}", access.address));
    }
    Ok(Connection::Queue(Box::new(nats)))
}

/// Connects, and tries again until the server answers or the time is up. Returns `None` if the user stopped the process
/// meanwhile.
pub(super) async fn connect_patiently(
    access: &Access,
    cancel: &Cancel,
    most: Option<Duration>,
    quiet: bool,
) -> Result<Option<Nats>, Failure> {
    let (mut told, began) = (quiet, Instant::now());
    loop {
        let connected = tokio::select! {
            connected = Nats::connect(access) => connected,
            () = cancel.gentle.cancelled() => return Ok(None),
        };
        match connected {
            Ok(nats) => return Ok(Some(nats)),
            Err(error @ QueueError::Away(_)) if most.is_some_and(|most| began.elapsed() >= most) => {
                return Err(Failure::other(format!("queue {}: {error}", access.address)));
            }
            Err(error @ QueueError::Away(_)) => {
                if !std::mem::replace(&mut told, true) {
                    out::say("warning", &format!("queue {}: {error}; trying again", access.address));
                }
            }
            Err(error) => {
                return Err(Failure::usage(format!("queue {}: {error}", access.address))
                    .hint("docs/SCALE.md says how a queue is set up"));
            }
        }
        tokio::select! {
            () = tokio::time::sleep(PATIENCE) => {}
            () = cancel.gentle.cancelled() => return Ok(None),
        }
    }
}

/// Returns the function that prints the notices of coordinators and workers on stderr.
pub(super) fn teller(quiet: bool) -> Tell {
    Arc::new(move |notice| {
        if !quiet {
            tell(&notice);
        }
    })
}

fn tell(notice: &Notice) {
    match notice {
        Notice::Away(reason) => {
            out::say("warning", &format!("the queue does not answer ({}); waiting", one_line(reason)));
        }
        Notice::Untold(what) => out::say("warning", &one_line(what)),
        Notice::Back => out::note("the queue answers again"),
        Notice::Lost => out::say("warning", "the queue lost the run; its open episodes are put there again"),
        Notice::NoWorker => {
            out::say("warning", "no worker takes episodes of this run");
            out::say("hint", "start some with `bench worker --queue URL`");
        }
        Notice::Takes(worker) => out::note(&format!(
            "worker {} takes up to {} at once",
            one_line(&worker.worker),
            plural(worker.episodes, "episode")
        )),
        Notice::Refuses(worker, reason) => {
            out::say("warning", &format!("worker {} refuses this run: {}", one_line(&worker.worker), one_line(reason)));
        }
        Notice::Renewed(jobs) => {
            let jobs = plural(*jobs, "episode");
            out::say("warning", &format!("{jobs} had vanished from the queue, and went there again"));
        }
        Notice::Discarded(reason) => out::say("warning", &format!("thrown away: {}", one_line(reason))),
        Notice::Joined(run) => out::note(&format!("run {run}: takes episodes")),
        Notice::Refused(run, reason) => {
            out::say("warning", &format!("run {run}: takes no episodes: {}", one_line(reason)));
        }
        Notice::Left(run) => out::note(&format!("run {run}: over")),
        Notice::GivenUp(episode, deliveries) => {
            out::say("warning", &format!("{}: given up after {deliveries} deliveries", one_line(episode)));
        }
    }
}

/// Converts the error of a run that ended before its episodes did.
pub(super) fn failure(error: &CoordinatorError, folder: &RunFolder) -> Failure {
    Failure::usage(error.to_string()).hint(format!(
        "results that workers store are kept there, and `bench resume {}` goes on with them",
        folder.path.display()
    ))
}

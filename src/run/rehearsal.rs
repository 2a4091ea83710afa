//! A rehearsal: a run that writes nothing. A recording is played through the same loop, to see what the run would
//! result in.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, mpsc};

use super::budget::{Amount, Budget, Limits};
use super::progress::Progress;
use super::{Cancel, Hub, HubError, Plan, Player, Runner, Sink};
use crate::chat::ErrorKind;
use crate::log::{EpisodeKey, Event, EventKind, Fold, Manifest, Summary};

/// The result of a rehearsal.
#[derive(Debug)]
pub struct Rehearsed {
    /// The summary as the run's own `summary.json` would have it, except for its id and times.
    pub summary: Summary,
    /// The requests that the recording does not contain, in the order of the episodes.
    pub misses: Vec<Miss>,
}

/// A request that the recording does not contain. It ends its episode, so an episode has at most one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Miss {
    /// The key of the episode.
    pub episode: EpisodeKey,
    /// The number of the step.
    pub step: u32,
    /// What differs from the most similar recorded request.
    pub difference: String,
}

/// Plays a plan with players that answer from a recording. Nothing is written. The caller must see to it that the
/// players cannot reach a network.
///
/// # Errors
/// Fails if the system gives no thread.
pub async fn rehearse(
    manifest: &Manifest,
    plan: Plan,
    players: Vec<Player>,
    opening: Vec<EventKind>,
) -> Result<Rehearsed, HubError> {
    let (told, seen) = mpsc::channel();
    let (hub, thread) = Hub::in_memory(manifest, vec![Box::new(Misses(told))])?;
    for event in opening {
        hub.send(None, event).await?;
    }
    // The rehearsal has no limits, whatever the run itself may spend.
    let budget = Arc::new(Budget::new(Limits::default(), Amount::default()));
    let (cancel, progress, forecast) = (Cancel::default(), Progress::default(), BTreeMap::new());
    let players = players.into_iter().map(Arc::new).collect();
    Runner { plan, players, hub, cancel, progress, budget, forecast }.run().await?;
    let summary = thread.join()?.fold.summary();
    let mut misses: Vec<_> = seen.into_iter().collect();
    misses.sort();
    Ok(Rehearsed { summary, misses })
}

/// Notes the requests that the recording does not contain.
struct Misses(mpsc::Sender<Miss>);

impl Sink for Misses {
    fn on_event(&mut self, event: &Event, _: &Fold) -> io::Result<()> {
        let (Some(episode), EventKind::ModelFailed { error: ErrorKind::NotRecorded, step, message, .. }) =
            (&event.episode, &event.event)
        else {
            return Ok(());
        };
        let miss = Miss { episode: episode.clone(), step: *step, difference: message.clone() };
        self.0.send(miss).map_err(io::Error::other)
    }
}

//! Players that repeat the same messages, and rounds of them.

use std::net::SocketAddr;
use std::time::Duration;

use incident_env::{Catalog, TaskId};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::long_play::long_play;
use crate::wire::{Connection, Problem, Protocol, message};

/// The messages of a player, from the reset to the last step.
#[derive(Debug)]
pub(crate) struct Script {
    reset: Vec<u8>,
    steps: Vec<Vec<u8>>,
}

impl Script {
    /// Makes the messages of long episodes, with a name for each player.
    pub(crate) fn long(
        catalog: &Catalog,
        incidents: Incidents,
        protocol: Protocol,
        player: usize,
    ) -> Result<Self, Problem> {
        let scenarios: Vec<_> = match incidents {
            Incidents::Longest => catalog.of_task(TaskId::RemediationPlanning).collect(),
            Incidents::All => catalog.scenarios().iter().collect(),
        };
        let scenario = scenarios.get(player % scenarios.len().max(1)).ok_or("there is no such scenario")?;
        let name = format!("player-{player}");
        let steps = long_play(scenario).iter().map(|action| protocol.step(&name, action)).collect();
        Ok(Self { reset: protocol.reset(&name, json!({ "scenario_id": scenario.id() })), steps })
    }

    /// Returns the messages for OpenEnv's echo environment, with the same number of steps between two resets.
    pub(crate) fn echo(&self) -> Self {
        let step = message("step", &json!({ "message": "hello" }));
        Self { reset: message("reset", &json!({})), steps: vec![step; self.steps.len()] }
    }
}

/// The incidents that are played.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Incidents {
    /// The incidents of the longest task. Their steps cost the most, since answers have all evidence found so far.
    Longest,
    /// All nine incidents, three of each task, in turn. Their steps cost what they cost in a run of the suite.
    All,
}

/// A connection, and its place in its script.
#[derive(Debug)]
pub(crate) struct Player {
    connection: Connection,
    protocol: Protocol,
    script: Script,
    /// The index of the next step. Beyond the last step a reset follows.
    next: usize,
}

impl Player {
    pub(crate) async fn join(protocol: Protocol, address: SocketAddr, script: Script) -> Result<Self, Problem> {
        let next = script.steps.len();
        Ok(Self { connection: Connection::open(protocol, address).await?, protocol, script, next })
    }

    /// Sends the next message. Returns the size of the answer if the message was a step.
    async fn turn(&mut self) -> Result<Option<usize>, Problem> {
        let (text, is_step) = match self.script.steps.get(self.next) {
            Some(step) => (step, true),
            None => (&self.script.reset, false),
        };
        self.next = if is_step { self.next + 1 } else { 0 };
        let answer = self.connection.ask(text).await?;
        // Over HTTP the status tells whether the answer is good.
        if self.protocol == Protocol::Ws && !answer.starts_with(br#"{"type":"observation""#) {
            return Err(format!("not an observation: {}", String::from_utf8_lossy(answer)).into());
        }
        Ok(is_step.then_some(answer.len()))
    }

    /// Sends messages without a pause until the end.
    async fn run_until(&mut self, end: Instant) -> Result<Tally, Problem> {
        let mut tally = Tally::default();
        let mut now = Instant::now();
        while now < end {
            let answered = self.turn().await?;
            let sent = std::mem::replace(&mut now, Instant::now());
            if let Some(bytes) = answered {
                tally.bytes += bytes;
                tally.since_sent.push(now - sent);
            }
        }
        Ok(tally)
    }

    /// Sends messages at fixed times, whether or not the server keeps up. The latency of an answer counts from the time
    /// at which its message was due.
    async fn run_paced(&mut self, first: Instant, pause: Duration, end: Instant) -> Result<Tally, Problem> {
        let mut tally = Tally::default();
        let mut due = first;
        while due < end {
            tokio::time::sleep_until(due).await;
            let sent = Instant::now();
            if let Some(bytes) = self.turn().await? {
                let now = Instant::now();
                tally.bytes += bytes;
                tally.since_due.push(now - due);
                tally.since_sent.push(now - sent);
            }
            due += pause;
        }
        Ok(tally)
    }
}

/// The counts and times of a round. Resets are played and not counted.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) took: Duration,
    /// The size of all answers, in bytes.
    pub(crate) bytes: usize,
    /// The time from the sending of each step to its answer.
    pub(crate) since_sent: Vec<Duration>,
    /// The time from the moment at which each step was due to its answer.
    pub(crate) since_due: Vec<Duration>,
}

impl Tally {
    pub(crate) fn steps(&self) -> usize {
        self.since_sent.len()
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.took += other.took;
        self.bytes += other.bytes;
        self.since_sent.extend(other.since_sent);
        self.since_due.extend(other.since_due);
    }
}

/// The pace of the players.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// Each player sends its next message as soon as the last one is answered.
    Closed,
    /// All players together send this many messages a second.
    Open(f64),
}

/// Has all players play at once for this time.
pub(crate) async fn round(players: &mut Vec<Player>, pace: Pace, time: Duration) -> Result<Tally, Problem> {
    let (began, count) = (Instant::now(), players.len());
    let mut playing = JoinSet::new();
    for (number, mut player) in players.drain(..).enumerate() {
        playing.spawn(async move {
            let tally = match pace {
                Pace::Closed => player.run_until(began + time).await?,
                Pace::Open(rate) => {
                    let pause = Duration::from_secs_f64(count as f64 / rate);
                    let first = began + pause.mul_f64(number as f64 / count as f64);
                    player.run_paced(first, pause, began + time).await?
                }
            };
            Ok::<_, Problem>((player, tally))
        });
    }
    let mut all = Tally::default();
    while let Some(played) = playing.join_next().await {
        let (player, tally) = played??;
        players.push(player);
        all.add(tally);
    }
    all.took = began.elapsed();
    Ok(all)
}

/// Connects this many players of long episodes.
pub(crate) async fn players(
    catalog: &Catalog,
    incidents: Incidents,
    protocol: Protocol,
    address: SocketAddr,
    count: usize,
) -> Result<Vec<Player>, Problem> {
    let mut players = Vec::with_capacity(count);
    for number in 0..count {
        players.push(Player::join(protocol, address, Script::long(catalog, incidents, protocol, number)?).await?);
    }
    Ok(players)
}

//! Players that say the same over and over, and rounds of them.

use std::net::SocketAddr;
use std::time::Duration;

use incident_env::{Catalog, TaskId};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::long_play::long_play;
use crate::wire::{Connection, Problem, Protocol, message};

/// What a player says, from reset to the last step.
#[derive(Debug)]
pub(crate) struct Script {
    reset: Vec<u8>,
    steps: Vec<Vec<u8>>,
}

impl Script {
    /// Long episodes, a name for each player.
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

    /// What OpenEnv's echo environment is told instead: as many steps from reset to reset.
    pub(crate) fn echo(&self) -> Self {
        let step = message("step", &json!({ "message": "hello" }));
        Self { reset: message("reset", &json!({})), steps: vec![step; self.steps.len()] }
    }
}

/// Which incidents are played.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Incidents {
    /// Those of the longest task: what a step costs at the most, since answers have all that was found so far.
    Longest,
    /// All nine, three of each task, by turns: what a step costs in a run of the suite.
    All,
}

/// A connection, and where in its script it is.
#[derive(Debug)]
pub(crate) struct Player {
    connection: Connection,
    protocol: Protocol,
    script: Script,
    /// The next step; a reset where there is none.
    next: usize,
}

impl Player {
    pub(crate) async fn join(protocol: Protocol, address: SocketAddr, script: Script) -> Result<Self, Problem> {
        let next = script.steps.len();
        Ok(Self { connection: Connection::open(protocol, address).await?, protocol, script, next })
    }

    /// Says what comes next; gives the size of the answer where it was a step.
    async fn turn(&mut self) -> Result<Option<usize>, Problem> {
        let (text, is_step) = match self.script.steps.get(self.next) {
            Some(step) => (step, true),
            None => (&self.script.reset, false),
        };
        self.next = if is_step { self.next + 1 } else { 0 };
        let answer = self.connection.ask(text).await?;
        // Over HTTP the status says it.
        if self.protocol == Protocol::Ws && !answer.starts_with(br#"{"type":"observation""#) {
            return Err(format!("not an observation: {}", String::from_utf8_lossy(answer)).into());
        }
        Ok(is_step.then_some(answer.len()))
    }

    /// As often as there is time, without a pause.
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

    /// At its times, whether the server keeps up or not: an answer is late from when its question was due.
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

/// What came of a round. Resets are played and not counted.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) took: Duration,
    /// In all answers.
    pub(crate) bytes: usize,
    /// From the sending of a step to its answer.
    pub(crate) since_sent: Vec<Duration>,
    /// From when a step was to be sent.
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

/// How players play.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// Each says the next as soon as it is answered.
    Closed,
    /// So many messages a second by all of them together.
    Open(f64),
}

/// All players at once, for a time.
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

/// So many players of long episodes.
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

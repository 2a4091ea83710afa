//! Opens many sessions on sockets at once. Each plays a random episode and compares every answer with what it has done
//! itself.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use incident_bench::stats::rng::SplitMix64;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::process::{Process, raise_limit_of_files};
use crate::table::{Bound, Sorted, Table, rate};
use crate::wire::{Connection, Problem, Protocol, get, message, state};
use crate::{Arguments, bench_serve};

/// The largest memory of the server, in megabytes.
const MEMORY: u64 = 600;
/// The number of clients that connect at once: the system's queue may not hold more.
const CONNECTING: usize = 128;
/// The time for all places to be taken, or to be given back once all clients have gone.
const SETTLING: Duration = Duration::from_secs(30);

/// An action in the form in which it is sent, and in which the history of an episode shows it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Act {
    action_type: String,
    parameters: BTreeMap<String, String>,
}

/// An answer of either kind.
#[derive(Deserialize)]
struct Answer<T> {
    data: T,
}

#[derive(Deserialize)]
struct Reset<'a> {
    #[serde(borrow)]
    observation: Offer<'a>,
}

/// The part of the first observation that says what an episode offers, which is the same in all its observations.
#[derive(Deserialize)]
struct Offer<'a> {
    #[serde(borrow)]
    episode_id: &'a str,
    step_count: usize,
    available_actions: Vec<String>,
    known_services: Vec<String>,
    available_runbooks: Vec<String>,
    feature_flags: Vec<String>,
}

#[derive(Deserialize)]
struct Step<'a> {
    #[serde(borrow)]
    observation: Seen<'a>,
    reward: f64,
    done: bool,
}

/// The fields that an observation and a state share.
#[derive(Deserialize)]
struct Seen<'a> {
    episode_id: &'a str,
    step_count: usize,
    #[serde(borrow)]
    queried_data: BTreeMap<&'a str, BTreeMap<&'a str, &'a RawValue>>,
    cumulative_reward: f64,
    /// The actions so far, which only a state has.
    action_history: Option<Vec<Act>>,
}

/// A client's own record of its episode.
struct Own {
    name: String,
    acts: Vec<Act>,
    /// The kind and target of every action that can have shown something.
    queried: BTreeSet<(String, String)>,
    /// The sum of the rewards, in ten-thousandths.
    earned: i64,
}

impl Own {
    /// Checks that everything in an answer belongs to this episode.
    fn check(&self, seen: &Seen<'_>) -> Result<(), Problem> {
        let Seen { episode_id, step_count, queried_data, cumulative_reward, action_history } = seen;
        let wrong = |what: &str| Err(Problem::from(format!("{} at step {}: {what}", self.name, self.acts.len())));
        if *episode_id != self.name {
            return wrong(&format!("an answer about {episode_id}"));
        }
        if *step_count != self.acts.len() {
            return wrong(&format!("{step_count} steps were counted"));
        }
        if ten_thousandths(*cumulative_reward) != self.earned {
            return wrong(&format!("{cumulative_reward} is not the sum of its rewards"));
        }
        for (kind, targets) in queried_data {
            for target in targets.keys() {
                if !self.queried.contains(&((*kind).to_owned(), (*target).to_owned())) {
                    return wrong(&format!("it never did {kind} {target}"));
                }
            }
        }
        if action_history.as_ref().is_some_and(|history| *history != self.acts) {
            return wrong("a history of other actions");
        }
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "rewards are small")]
fn ten_thousandths(reward: f64) -> i64 {
    (reward * 1e4).round() as i64
}

/// The result of an episode.
#[derive(Default)]
struct Played {
    steps: usize,
    latencies: Vec<Duration>,
}

/// Sends a message, and measures the time to its answer.
async fn ask<'a>(connection: &'a mut Connection, message: &[u8], played: &mut Played) -> Result<&'a str, Problem> {
    let sent = Instant::now();
    let answer = connection.ask(message).await?;
    played.latencies.push(sent.elapsed());
    Ok(std::str::from_utf8(answer)?)
}

/// Plays a random episode to its end.
async fn play(connection: &mut Connection, number: usize) -> Result<Played, Problem> {
    let mut rng = SplitMix64::new(number as u64);
    let mut played = Played::default();
    let name = format!("session-{number}");
    let mut own = Own { name, acts: Vec::new(), queried: BTreeSet::new(), earned: 0 };
    let reset = Protocol::Ws.reset(&own.name, json!({ "seed": number }));
    let text = ask(connection, &reset, &mut played).await?;
    let offer: Answer<Reset<'_>> = serde_json::from_str(text).map_err(|error| unread(text, &error))?;
    let Offer { episode_id, step_count, available_actions, known_services, available_runbooks, feature_flags } =
        offer.data.observation;
    if (episode_id, step_count) != (own.name.as_str(), 0) {
        return Err(format!("{}: reset, and found {episode_id} after {step_count} steps", own.name).into());
    }
    loop {
        let kind = &available_actions[rng.below(available_actions.len())];
        let mut one_of = |names: &[String]| names[rng.below(names.len())].clone();
        let parameters = match kind.as_str() {
            "submit_severity" => vec![("severity", "P2".to_owned())],
            "submit_root_cause" => vec![("service", one_of(&known_services)), ("failure_mode", "it failed".to_owned())],
            "submit_resolution" => vec![("summary", "It was played at random.".to_owned())],
            "execute_runbook_step" => vec![("runbook_action", one_of(&available_runbooks))],
            "disable_feature_flag" => vec![("flag", one_of(&feature_flags))],
            _ => vec![("service", one_of(&known_services))],
        };
        own.queried.insert((kind.clone(), parameters[0].1.clone()));
        let parameters = parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let act = Act { action_type: kind.clone(), parameters };
        let step = message("step", &act);
        own.acts.push(act);
        let text = ask(connection, &step, &mut played).await?;
        let Answer { data } = serde_json::from_str::<Answer<Step<'_>>>(text).map_err(|error| unread(text, &error))?;
        own.earned += ten_thousandths(data.reward);
        own.check(&data.observation)?;
        let is_done = data.done;
        if is_done || rng.below(2) == 0 {
            let text = ask(connection, &state(), &mut played).await?;
            let Answer { data } =
                serde_json::from_str::<Answer<Seen<'_>>>(text).map_err(|error| unread(text, &error))?;
            own.check(&data)?;
        }
        if is_done {
            played.steps = own.acts.len();
            return Ok(played);
        }
    }
}

fn unread(text: &str, error: &serde_json::Error) -> Problem {
    format!("{error} in {}", text.chars().take(300).collect::<String>()).into()
}

async fn open_all(address: SocketAddr, count: usize) -> Result<Vec<Connection>, Problem> {
    let gate = Arc::new(Semaphore::new(CONNECTING));
    let mut opening = JoinSet::new();
    for _ in 0..count {
        let gate = Arc::clone(&gate);
        opening.spawn(async move {
            let _turn = gate.acquire().await?;
            Connection::open(Protocol::Ws, address).await
        });
    }
    opening.join_all().await.into_iter().collect()
}

/// Waits until this many sessions have a place: they take it after the upgrade, and give it back after the connection
/// ends. Returns how many have one.
async fn settled(server: &Process, wanted: usize) -> Result<usize, Problem> {
    let began = Instant::now();
    loop {
        let found = gauge(server, "bench_sessions").await?;
        if found == wanted || began.elapsed() > SETTLING {
            return Ok(found);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn gauge(server: &Process, name: &str) -> Result<usize, Problem> {
    let text = get(server.address, "/metrics").await?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    Ok(value.ok_or("a counter is missing in /metrics")?.parse()?)
}

pub(crate) async fn run(table: &mut Table, arguments: &Arguments) -> Result<(), Problem> {
    let count = arguments.sessions;
    table.section("sessions", &format!("{count} on /ws, all open before any plays; a whole random episode each"));
    raise_limit_of_files(count + 100)?;
    let server = bench_serve(arguments).await?;
    let [at_rest, _] = server.memory()?;

    let (began, used) = (Instant::now(), server.processor_time()?);
    let mut connections = open_all(server.address, count).await?;
    let (took, used) = (began.elapsed(), server.processor_time()? - used);
    let [open, _] = server.memory()?;
    let opened = format!("{:.2} s, {:.0}/s; server {:.2} s", took.as_secs_f64(), rate(count, took), used);
    table.row("opened", &opened);
    let live = settled(&server, count).await?;
    table.holds(Bound::Always, "the server counts as many", live == count, &live.to_string());

    let (began, used) = (Instant::now(), server.processor_time()?);
    let mut playing = JoinSet::new();
    for (number, mut connection) in connections.drain(..).enumerate() {
        playing.spawn(async move {
            let played = play(&mut connection, number).await;
            (connection, played)
        });
    }
    let (mut steps, mut latencies, mut problems) = (0, Vec::new(), Vec::new());
    for (connection, played) in playing.join_all().await {
        connections.push(connection);
        match played {
            Ok(played) => {
                steps += played.steps;
                latencies.extend(played.latencies);
            }
            Err(problem) => problems.push(problem.to_string()),
        }
    }
    let (took, used) = (began.elapsed(), server.processor_time()? - used);
    let [after, most] = server.memory()?;
    table.row(
        "played",
        &format!(
            "{:.2} s, {steps} steps, {:.0} steps/s, {:.0} messages/s; server {:.2} s",
            took.as_secs_f64(),
            rate(steps, took),
            rate(latencies.len(), took),
            used
        ),
    );
    table.row("from message to answer, all at once", &Sorted::new(latencies).text());
    let found = format!("{} of {count} sessions found something", problems.len());
    table.holds(Bound::Always, "no error, and nothing of another's", problems.is_empty(), &found);
    for problem in problems.iter().take(5) {
        table.row("", problem);
    }
    let counted = gauge(&server, "bench_steps_total").await?;
    let all_counted = counted == steps || !problems.is_empty();
    table.holds(Bound::Always, "the server counts the same steps", all_counted, &counted.to_string());
    table.row("memory at rest, all open, all played", &format!("{at_rest} MB, {open} MB, {after} MB"));
    let found = format!("{most} MB, {:.0} KB a session", (most - at_rest) as f64 * 1024.0 / count as f64);
    table.holds(Bound::Always, &format!("memory at most below {MEMORY} MB"), most < MEMORY, &found);

    drop(connections);
    let left = settled(&server, 0).await?;
    table.holds(Bound::Always, "all places are given back", left == 0, &format!("{left} left"));
    Ok(())
}

//! Measures steps a second, beside the rate of the framework alone and beside OpenEnv's own server.

use std::path::Path;
use std::time::Duration;

use incident_env::Catalog;
use tokio::process::Command;

use crate::process::{Process, own_processor_time};
use crate::table::{Bound, Sorted, Table, rate};
use crate::traffic::{Incidents, Pace, Player, Script, Tally, players, round};
use crate::wire::{Problem, Protocol};
use crate::{Arguments, bench_serve};

/// The smallest share of the framework's rate.
const SHARE: f64 = 0.7;
/// The smallest ratio of the rate to that of OpenEnv's own server.
const TIMES: f64 = 20.0;

/// A server with all clients that play on it.
struct Side {
    name: String,
    process: Process,
    players: Vec<Player>,
    tally: Tally,
    /// The processor time of the server, in seconds.
    server: f64,
    client: f64,
    rates: Vec<f64>,
}

impl Side {
    fn new(name: &str, process: Process, players: Vec<Player>) -> Self {
        let tally = Tally::default();
        Self { name: name.to_owned(), process, players, tally, server: 0.0, client: 0.0, rates: Vec::new() }
    }

    async fn round(&mut self, time: Duration) -> Result<f64, Problem> {
        let (server, client) = (self.process.processor_time()?, own_processor_time()?);
        let tally = round(&mut self.players, Pace::Closed, time).await?;
        self.server += self.process.processor_time()? - server;
        self.client += own_processor_time()? - client;
        let rate = rate(tally.steps(), tally.took);
        self.tally.add(tally);
        self.rates.push(rate);
        Ok(rate)
    }

    /// Returns the processor time that a step costs the server, in microseconds.
    fn cost(&self) -> f64 {
        self.server * 1e6 / self.tally.steps() as f64
    }

    fn print(&self, table: &mut Table) {
        let client = self.client * 1e6 / self.tally.steps() as f64;
        let bytes = self.tally.bytes / self.tally.steps().max(1);
        table.row(
            &self.name,
            &format!(
                "{:>7.0} steps/s   server {:>6.1} µs a step, client {client:>5.1} µs; {bytes} bytes",
                Spread::of(self.rates.clone()).median,
                self.cost()
            ),
        );
    }
}

/// Several rounds of the same measurement.
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let last = values.len().saturating_sub(1);
        Self { least: at(0), median: at(last / 2), most: at(last) }
    }
}

/// Measures two servers in alternating rounds, so that other work of the machine affects both.
async fn duel(
    table: &mut Table,
    arguments: &Arguments,
    sides: [&mut Side; 2],
    least: Option<f64>,
) -> Result<(), Problem> {
    let [ours, theirs] = sides;
    let mut ratios = Vec::new();
    for _ in 0..arguments.rounds {
        ratios.push(ours.round(arguments.round()).await? / theirs.round(arguments.round()).await?);
    }
    ours.print(table);
    theirs.print(table);
    let Spread { least: low, median, most: high } = Spread::of(ratios);
    let found = format!("{median:.2} ({low:.2} … {high:.2})");
    let what = "  the first over the second";
    match least {
        Some(least) => table.holds(Bound::Time, &format!("{what}, at least {least}"), median >= least, &found),
        None => table.row(what, &found),
    }
    let cost = theirs.cost() / ours.cost();
    table.row("  the same by processor time of the server alone", &format!("{cost:.2}"));
    Ok(())
}

/// Measures the server beside the framework.
pub(crate) async fn run(table: &mut Table, arguments: &Arguments) -> Result<(), Problem> {
    let connections = arguments.connections;
    table.section("throughput", &format!("{connections} connections, each without a pause; only steps are counted"));
    let catalog = Catalog::embedded()?;
    for (protocol, name, peer) in [
        (Protocol::Http, "POST /step", "axum alone, a stored body"),
        (Protocol::Ws, "a step on /ws", "axum alone, a stored frame"),
    ] {
        let process = bench_serve(arguments).await?;
        let joined = players(&catalog, Incidents::Longest, protocol, process.address, connections).await?;
        let mut ours = Side::new(name, process, joined);
        // This round measures the average size of an answer, and warms everything up.
        let warm = round(&mut ours.players, Pace::Closed, arguments.round()).await?;
        let size = warm.bytes / warm.steps().max(1);
        let mut theirs = framework(&catalog, connections, arguments, protocol, (peer, size)).await?;
        duel(table, arguments, [&mut ours, &mut theirs], Some(SHARE)).await?;
        let times = Sorted::new(ours.tally.since_sent);
        table.row(&format!("  {name}: from sending to answer"), &times.text());
    }
    Ok(())
}

/// Starts the framework alone, with answers of this size.
async fn framework(
    catalog: &Catalog,
    connections: usize,
    arguments: &Arguments,
    protocol: Protocol,
    (name, size): (&str, usize),
) -> Result<Side, Problem> {
    let process = Process::start(Command::new(std::env::current_exe()?).arg("--peer").arg(size.to_string())).await?;
    let joined = players(catalog, Incidents::Longest, protocol, process.address, connections).await?;
    let mut warm = Side::new(name, process, joined);
    round(&mut warm.players, Pace::Closed, arguments.round()).await?;
    Ok(warm)
}

/// Measures the server beside OpenEnv's own server, which only echoes: with few connections, and with as many as the
/// measurement of latencies uses.
pub(crate) async fn beside_python(table: &mut Table, arguments: &Arguments) -> Result<(), Problem> {
    let Some(python) = &arguments.echo_python else { return Ok(()) };
    let (few, many) = (arguments.connections, arguments.paced);
    table.section("openenv", &format!("{few} and {many} connections on /ws, each without a pause; theirs only echoes"));
    // A relative path would have another meaning in the folder of that process.
    let python = std::path::absolute(python)?;
    let all = "a step of an incident, the nine by turns";
    echo_duel(table, arguments, &python, few, (Incidents::All, all), None).await?;
    echo_duel(table, arguments, &python, many, (Incidents::All, all), Some(TIMES)).await?;
    let largest = "a step of a repair, with the largest answers";
    echo_duel(table, arguments, &python, many, (Incidents::Longest, largest), None).await
}

/// Measures this many connections to a server of each kind, and to the framework with a stored frame of our size: no
/// server based on it can be faster than that.
async fn echo_duel(
    table: &mut Table,
    arguments: &Arguments,
    python: &Path,
    connections: usize,
    (incidents, name): (Incidents, &str),
    least: Option<f64>,
) -> Result<(), Problem> {
    let catalog = Catalog::embedded()?;
    let process = Process::start(Command::new(python).arg(std::path::absolute("tests/perf/echo_server.py")?)).await?;
    let mut joined = Vec::new();
    for number in 0..connections {
        let script = Script::long(&catalog, incidents, Protocol::Ws, number)?.echo();
        joined.push(Player::join(Protocol::Ws, process.address, script).await?);
    }
    let named = |what: &str| format!("{what}, {connections} connections");
    let mut theirs = Side::new(&named("a step of an echo, OpenEnv's server in Python"), process, joined);
    round(&mut theirs.players, Pace::Closed, arguments.round()).await?;
    let process = bench_serve(arguments).await?;
    let joined = players(&catalog, incidents, Protocol::Ws, process.address, connections).await?;
    let mut ours = Side::new(&named(name), process, joined);
    let warm = round(&mut ours.players, Pace::Closed, arguments.round()).await?;
    let size = warm.bytes / warm.steps().max(1);
    duel(table, arguments, [&mut ours, &mut theirs], least).await?;
    let stored = named("axum alone, a stored frame");
    let mut limit = framework(&catalog, connections, arguments, Protocol::Ws, (&stored, size)).await?;
    let mut times = Vec::new();
    for _ in 0..arguments.rounds {
        times.push(limit.round(arguments.round()).await? / theirs.round(arguments.round()).await?);
    }
    limit.print(table);
    let Spread { least, median, most } = Spread::of(times);
    table.row("  that over the second", &format!("{median:.2} ({least:.2} … {most:.2})"));
    Ok(())
}

//! Measures the latency of a step among many sessions: at a rate that the server can keep up with, and at its limit.

use std::time::Duration;

use incident_env::Catalog;

use crate::process::own_processor_time;
use crate::table::{Bound, Sorted, Table, milliseconds, rate};
use crate::traffic::{Incidents, Pace, players, round};
use crate::wire::{Problem, Protocol};
use crate::{Arguments, bench_serve};

/// The largest 99th percentile of the latency of a step.
const MOST: Duration = Duration::from_millis(20);

pub(crate) async fn run(table: &mut Table, arguments: &Arguments) -> Result<(), Problem> {
    let (sessions, asked) = (arguments.paced, arguments.rate);
    table.section("latency", &format!("{sessions} sessions with a connection each"));
    let catalog = Catalog::embedded()?;
    for (protocol, name) in [(Protocol::Ws, "/ws"), (Protocol::Http, "POST /step")] {
        let process = bench_serve(arguments).await?;
        let mut joined = players(&catalog, Incidents::Longest, protocol, process.address, sessions).await?;
        round(&mut joined, Pace::Closed, arguments.round()).await?;
        let (server, client) = (process.processor_time()?, own_processor_time()?);
        let time = arguments.round() * arguments.rounds;
        let paced = round(&mut joined, Pace::Open(f64::from(asked)), time).await?;
        let used = process.processor_time()? + own_processor_time()? - server - client;
        table.row(
            &format!("{name}: {asked} messages/s at set times"),
            &format!(
                "{:.0} steps/s; server and client use {:.2} processors",
                rate(paced.steps(), paced.took),
                used / paced.took.as_secs_f64()
            ),
        );
        table.row("  from sending to answer", &Sorted::new(paced.since_sent).text());
        let due = Sorted::new(paced.since_due);
        table.row("  from the set time, with the client's timer (1 ms)", &due.text());
        let p99 = due.percentile(99);
        table.holds(Bound::Time, &format!("  p99 below {} ms", MOST.as_millis()), p99 < MOST, &milliseconds(p99));
        let closed = round(&mut joined, Pace::Closed, time).await?;
        let steps = format!("{:.0} steps/s", rate(closed.steps(), closed.took));
        table.row(
            &format!("{name}: each without a pause"),
            &format!("{steps}; {}", Sorted::new(closed.since_sent).text()),
        );
    }
    Ok(())
}

//! The output of a run while it goes on: bars, lines, the line protocol, and pauses that an endpoint asks for.

use std::sync::Arc;
use std::time::Duration;

use indicatif::ProgressDrawTarget;

use crate::chat::limit::Limiter;
use crate::cli::out;
use crate::config::Settings;
use crate::config::options::{Format, ProgressChoice};
use crate::log::{Contestant, Manifest};
use crate::report::progress::{self, ReadRunStatus, RunStatusLine};
use crate::report::protocol;
use crate::report::score_table::plural;
use crate::run::budget::Budget;
use crate::run::progress::Progress;
use crate::run::runner::{CallPace, PlayerKind};
use crate::run::{Plan, Player, Sink};

/// Returns the sinks that are told of every event of the run.
pub(super) fn sinks(
    settings: &Settings,
    manifest: &Manifest,
    plan: &Plan,
    progress: &Progress,
    pace: &ReadRunStatus,
    quiet: bool,
) -> Vec<Box<dyn Sink>> {
    let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
    if settings.format == Format::Openenv {
        sinks.push(Box::new(protocol::Protocol::new(std::io::stdout())));
    }
    let left = |label: &str| plan.count(label).saturating_sub(progress.finished_by(label)) as u64;
    // Built-in agents finish before a bar could be read; beside other agents they are not shown.
    let all = || manifest.contestants.iter();
    let any_measured = all().any(Contestant::is_measured);
    let (shown, hidden): (Vec<_>, Vec<_>) = all().partition(|one| !any_measured || one.is_measured());
    match progress_of(settings, quiet) {
        ProgressChoice::Bar => {
            let shown: Vec<_> = shown.iter().map(|one| (one.label.clone(), left(&one.label))).collect();
            let pace = Arc::clone(pace);
            sinks.push(Box::new(progress::Bars::new(&shown, pace, ProgressDrawTarget::stderr())));
        }
        ProgressChoice::Lines => {
            let total = manifest.contestants.iter().map(|contestant| left(&contestant.label)).sum();
            let hidden = hidden.iter().map(|contestant| contestant.label.clone()).collect();
            sinks.push(Box::new(progress::Lines::new(std::io::stderr(), total, hidden)));
        }
        ProgressChoice::Auto | ProgressChoice::None => {}
    }
    sinks
}

/// Chooses how progress is shown: bars on a terminal, lines elsewhere, and nothing if only built-in agents play.
pub(super) fn progress_of(settings: &Settings, quiet: bool) -> ProgressChoice {
    match settings.progress {
        _ if quiet => ProgressChoice::None,
        ProgressChoice::Auto if settings.models.is_empty() && settings.programs.is_empty() => ProgressChoice::None,
        ProgressChoice::Auto if out::stderr_is_terminal() => ProgressChoice::Bar,
        ProgressChoice::Auto => ProgressChoice::Lines,
        fixed => fixed,
    }
}

/// Returns the function that reads what the run is waiting for and what it has spent.
pub(super) fn pace_of(players: &[Player], budget: &Arc<Budget>) -> ReadRunStatus {
    let limiter = |player: &Player| match &player.kind {
        PlayerKind::Model(model) => match &model.pace {
            CallPace::Limited(limiter) => Some((player.label.clone(), Arc::clone(limiter))),
            CallPace::Episodes(_) => None,
        },
        PlayerKind::Builtin(_) | PlayerKind::Exec(_) | PlayerKind::Unreachable(..) => None,
    };
    let mut limiters: Vec<(String, Arc<Limiter>)> = Vec::new();
    for (label, limiter) in players.iter().filter_map(limiter) {
        match limiters.iter_mut().find(|(_, known)| Arc::ptr_eq(known, &limiter)) {
            // Under `auto` the models of an endpoint share its limiter.
            Some((labels, _)) => *labels = format!("{labels}, {label}"),
            None => limiters.push((label, limiter)),
        }
    }
    let budget = Arc::clone(budget);
    Arc::new(move || {
        let (limits, spent) = budget.state();
        let endpoints = limiters.iter().map(|(label, limiter)| (label.clone(), limiter.traffic())).collect();
        let time_left = budget.deadline().map(|end| end.saturating_duration_since(tokio::time::Instant::now()));
        RunStatusLine { endpoints, limits, spent, time_left }
    })
}

/// Prints a line when an endpoint asks for a pause, if progress is shown by lines: otherwise nothing would be printed
/// for a while.
pub(super) async fn tell_waits(pace: ReadRunStatus, how: ProgressChoice) {
    /// The shortest pause that is worth a line: a shorter one is over before a line about it is read.
    const WORTH_A_LINE: Duration = Duration::from_secs(3);
    if how != ProgressChoice::Lines {
        return;
    }
    let mut told: Vec<String> = Vec::new();
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        for (label, traffic) in pace().endpoints {
            match traffic.cool_down {
                None => told.retain(|known| *known != label),
                Some(left) if left >= WORTH_A_LINE && !told.contains(&label) => {
                    let calls = traffic.under_way + traffic.waiting;
                    let calls = plural(calls, "call");
                    out::note(&format!(
                        "{label}: the endpoint asks for {:.0} s of pause; {calls} wait",
                        left.as_secs_f64()
                    ));
                    told.push(label);
                }
                Some(_) => {}
            }
        }
    }
}

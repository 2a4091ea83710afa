//! Playing what a command has prepared, to the last report: what `run` and `resume` have in common.

use indicatif::ProgressDrawTarget;

use super::exit::{Failure, Status};
use super::{compare, out};
use crate::config::Settings;
use crate::config::options::{Format, ProgressChoice};
use crate::log::reader::Contents;
use crate::log::store::{RunFolder, Store, pretty};
use crate::log::{Contestant, EventKind, Manifest, Row, Summary};
use crate::report::score_table::{left_early, one_line, plural};
use crate::report::{csv, html, junit, markdown, progress, protocol, table};
use crate::run::kept::Progress;
use crate::run::{Cancel, Hub, Plan, Player, Runner, Sink};

/// A run that is ready to be played.
pub(super) struct Stage {
    pub(super) settings: Settings,
    pub(super) plan: Plan,
    pub(super) manifest: Manifest,
    pub(super) folder: RunFolder,
    pub(super) store: Store,
    pub(super) cancel: Cancel,
    pub(super) quiet: bool,
}

impl Stage {
    /// Plays the episodes that are left, behind what is kept of the run, and writes and prints its reports.
    pub(super) async fn play(
        self,
        players: Vec<Player>,
        opening: Vec<EventKind>,
        past: Option<&Contents>,
    ) -> Result<Status, Failure> {
        let Self { settings, plan, manifest, folder, store, cancel, quiet } = self;
        if let Err(error) = store.set_latest(&manifest.id) {
            out::say("warning", &format!("{error}; `latest` does not name this run"));
        }
        let kept = past.map(|past| Progress::of(&past.events)).unwrap_or_default();
        let sinks = sinks(&settings, &manifest, &plan, &kept, quiet);
        let (hub, thread) = match past {
            None => Hub::start(&manifest, folder.clone(), sinks)?,
            Some(past) => Hub::resume(&manifest, folder.clone(), past, sinks)?,
        };
        let result = async {
            for event in opening {
                hub.send(None, event).await?;
            }
            Runner { plan, players, hub: hub.clone(), cancel: cancel.clone(), progress: kept }.run().await
        }
        .await;
        drop(hub);
        // The hub knows why it gave up; the runner only that it did.
        let ended = thread.join()?;
        result?;
        for error in ended.sink_errors.iter().filter(|error| error.kind() != std::io::ErrorKind::BrokenPipe) {
            out::say("warning", &format!("a display of the run failed and was left out: {error}"));
        }
        let summary = ended.fold.summary();
        write_reports(&folder, &summary)?;
        print(settings.format, &summary)?;
        for row in summary.rows.iter().filter(|_| !quiet) {
            if let Some(left) = left_early(row) {
                out::say("warning", &format!("{}: {left}", row.model));
            }
        }
        let status = status(&settings, &summary, &cancel, &folder);
        match &settings.baseline {
            Some(baseline) if status == Status::Done => {
                compare::against_baseline(&store, baseline, &summary, settings.margin)
            }
            _ => Ok(status),
        }
    }
}

/// Writes everything that is derived from the event log.
pub(super) fn write_reports(folder: &RunFolder, summary: &Summary) -> Result<(), Failure> {
    folder.write("summary.json", &pretty(summary))?;
    folder.write("SCORES.md", markdown::render(summary).as_bytes())?;
    folder.write("scores.csv", csv::render(summary).as_bytes())?;
    folder.write("report.html", html::render(summary).as_bytes())?;
    folder.write("junit.xml", junit::render(summary).as_bytes())?;
    Ok(())
}

/// Prints a summary on stdout.
pub(super) fn print(format: Format, summary: &Summary) -> Result<(), Failure> {
    let text = match format {
        Format::Table => table::render(summary),
        Format::Markdown => markdown::render(summary),
        Format::Json => String::from_utf8_lossy(&pretty(summary)).into_owned(),
        Format::Csv => csv::render(summary),
        Format::Openenv => protocol::result_line(summary),
    };
    Ok(out::result(&text)?)
}

/// The first interrupt stops gently, the second at once. A request to terminate, as from a scheduler, is an interrupt.
pub(super) fn listen_for_interrupts(cancel: Cancel, quiet: bool) {
    tokio::spawn(async move {
        while interrupt().await.is_ok() {
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

#[cfg(unix)]
async fn interrupt() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn interrupt() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

fn sinks(
    settings: &Settings,
    manifest: &Manifest,
    plan: &Plan,
    progress: &Progress,
    quiet: bool,
) -> Vec<Box<dyn Sink>> {
    let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
    if settings.format == Format::Openenv {
        sinks.push(Box::new(protocol::Protocol::new(std::io::stdout())));
    }
    let left = |label: &str| plan.count(label).saturating_sub(progress.finished_by(label)) as u64;
    // Built-in agents are done before a bar could be read; beside others they are not shown.
    let all = || manifest.contestants.iter();
    let any_measured = all().any(Contestant::is_measured);
    let (shown, hidden): (Vec<_>, Vec<_>) = all().partition(|one| !any_measured || one.is_measured());
    let how = match settings.progress {
        _ if quiet => ProgressChoice::None,
        ProgressChoice::Auto if !any_measured => ProgressChoice::None,
        ProgressChoice::Auto if out::stderr_is_terminal() => ProgressChoice::Bar,
        ProgressChoice::Auto => ProgressChoice::Lines,
        fixed => fixed,
    };
    match how {
        ProgressChoice::Bar => {
            let shown: Vec<_> = shown.iter().map(|one| (one.label.clone(), left(&one.label))).collect();
            sinks.push(Box::new(progress::Bars::new(&shown, ProgressDrawTarget::stderr())));
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

fn status(settings: &Settings, summary: &Summary, cancel: &Cancel, folder: &RunFolder) -> Status {
    let kept = folder.path.display();
    if cancel.is_pulled() {
        let open: usize = summary.rows.iter().map(|row| row.unfinished).sum();
        if open > 0 {
            let open = plural(open, "episode");
            return Status::Interrupted(format!(
                "{open} did not end; `bench resume` goes on with what is kept in {kept}"
            ));
        }
        // The brakes came too late to stop anything.
    }
    let void: usize = summary.rows.iter().map(|row| row.void).sum();
    if void > settings.max_void {
        let first = summary.rows.iter().find_map(|row| row.void_message.as_deref());
        return Status::Void(format!(
            "{} no score because the infrastructure failed (tolerated: {}): {}; see {kept}/events.jsonl",
            if void == 1 { "1 episode has".to_owned() } else { format!("{void} episodes have") },
            settings.max_void,
            one_line(first.unwrap_or("no reason was given")),
        ));
    }
    let any_measured = summary.rows.iter().any(Row::is_measured);
    let below: Vec<_> = summary
        .rows
        .iter()
        .filter(|row| row.is_measured() == any_measured)
        .filter(|row| settings.fail_under.is_some_and(|limit| row.overall.is_none_or(|overall| overall < limit)))
        .map(|row| format!("{} scored {}", row.model, row.overall.map_or("nothing".to_owned(), |o| format!("{o:.4}"))))
        .collect();
    match settings.fail_under {
        Some(limit) if !below.is_empty() => Status::GateFailed(format!("--fail-under {limit}: {}", below.join(", "))),
        _ => Status::Done,
    }
}

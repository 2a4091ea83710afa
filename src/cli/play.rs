//! Playing what a command has prepared, to the last report: what `run` and `resume` have in common.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use indicatif::ProgressDrawTarget;

use super::exit::{Failure, Status};
use super::interrupts::Interrupts;
use super::{compare, logs, out, queue, report};
use crate::chat::limit::Limiter;
use crate::config::Settings;
use crate::config::options::{Format, ProgressChoice};
use crate::env::TaskId;
use crate::gate::Rules;
use crate::log::reader::Contents;
use crate::log::store::{RunFolder, Store, pretty};
use crate::log::{Contestant, EventKind, Manifest, Row, Summary};
use crate::queue::coordinator::{CoordinatorError, Entrant};
use crate::queue::intake::Intake;
use crate::queue::{Coordinator, Nats};
use crate::report::progress::{ReadRunStatus, RunStatusLine};
use crate::report::score_table::{left_early, one_line, plural};
use crate::report::{csv, html, junit, markdown, progress, protocol, table};
use crate::run::budget::{Amount, Budget, Kind};
use crate::run::progress::Progress;
use crate::run::runner::{CallPace, PlayerKind};
use crate::run::{Cancel, Hub, HubError, Plan, Player, Runner, Sink};
use crate::stats::alpha_spending::{self, Look};

/// How often a run is compared with its baseline under `--until-decided`.
const LOOKS: u32 = 3;

/// A run that is ready to be played.
pub(super) struct Stage {
    pub(super) settings: Settings,
    pub(super) plan: Plan,
    pub(super) manifest: Manifest,
    pub(super) folder: RunFolder,
    pub(super) store: Store,
    pub(super) cancel: Cancel,
    pub(super) budget: Arc<Budget>,
    pub(super) forecast: BTreeMap<(String, TaskId), Amount>,
    /// The queue from which workers take the episodes; none where they are played here.
    pub(super) queue: Option<Nats>,
    pub(super) quiet: bool,
}

/// What plays the episodes.
enum Playing {
    /// This process.
    Here(Runner),
    /// Workers; and this process those of whom it knows that nobody answers.
    Queued { here: Runner, coordinator: Box<Coordinator<Nats>> },
}

impl Playing {
    async fn play(&mut self, epochs: Range<u32>) -> Result<(), CoordinatorError> {
        match self {
            Self::Here(runner) => Ok(runner.play(epochs).await?),
            Self::Queued { here, coordinator } => {
                here.play(epochs.clone()).await?;
                coordinator.play(epochs).await
            }
        }
    }

    fn is_stopped(&self) -> bool {
        match self {
            Self::Here(runner) => runner.is_stopped(),
            Self::Queued { coordinator, .. } => coordinator.is_stopped(),
        }
    }

    async fn finish(self) -> Result<(), CoordinatorError> {
        match self {
            Self::Here(runner) => Ok(runner.finish().await?),
            Self::Queued { here, coordinator } => {
                drop(here);
                coordinator.finish().await
            }
        }
    }
}

/// A run that was played.
pub(super) struct Played {
    pub(super) summary: Summary,
    /// Whether the files that are made from the log could be written.
    written: Result<(), Failure>,
    /// The error that a comparison with a baseline may spend now.
    alpha: f64,
}

impl Stage {
    /// Plays the episodes that are left, behind what is kept of the run, and writes and prints its reports.
    pub(super) async fn play(
        self,
        players: Vec<Player>,
        opening: Vec<EventKind>,
        past: Option<&Contents>,
    ) -> Result<Status, Failure> {
        let kept = past.map(|past| Progress::of(&past.events)).unwrap_or_default();
        let pace = pace_of(&players, &self.budget);
        let sinks = sinks(&self.settings, &self.manifest, &self.plan, &kept, &pace, self.quiet);
        let waits = tokio::spawn(tell_waits(pace, progress_of(&self.settings, self.quiet)));
        let played = self.run(players, opening, past, sinks).await;
        waits.abort();
        let Played { summary, written, alpha } = played?;
        // What was played is worth seeing, also where a derived file could not be written.
        print(self.settings.format, &summary)?;
        written.map_err(|failure| {
            let path = self.folder.path.display();
            failure.hint(format!(
                "every episode is in the event log; `bench report {path}` writes the files once the disk takes them"
            ))
        })?;
        for row in summary.rows.iter().filter(|_| !self.quiet) {
            if let Some(left) = left_early(row) {
                out::say("warning", &format!("{}: {left}", row.contestant));
            }
        }
        let status = status(&self.settings, &summary, &self.cancel, &self.budget, &self.folder);
        match &self.settings.baseline {
            Some(baseline) if status == Status::Done => {
                let rules = Rules { margin: self.settings.margin, alpha };
                compare::against_baseline(&self.store, baseline, &summary, rules)
            }
            _ => Ok(status),
        }
    }

    /// Plays the episodes that are left, tells the sinks, and writes what is made from the log.
    pub(super) async fn run(
        &self,
        players: Vec<Player>,
        opening: Vec<EventKind>,
        past: Option<&Contents>,
        sinks: Vec<Box<dyn Sink>>,
    ) -> Result<Played, Failure> {
        let Self { settings, manifest, folder, store, .. } = self;
        // A run that was named by its folder may lie elsewhere.
        if store.has(&manifest.id)
            && let Err(error) = store.set_latest(&manifest.id)
        {
            out::say("warning", &format!("{error}; `latest` does not name this run"));
        }
        let stopped = |error: HubError| {
            Failure::from(error).hint(format!(
                "the run was stopped, because nothing may go on without its log; what was written before is kept, and \
                 `bench resume {}` goes on once the disk takes it",
                folder.path.display()
            ))
        };
        let hub = match past {
            None => Hub::start(manifest, folder.clone(), sinks),
            Some(past) => Hub::resume(manifest, folder.clone(), past, sinks),
        };
        let (hub, thread) = hub.map_err(stopped)?;
        let playing = self.playing(players, &hub, past);
        let result = self.play_looks(playing, hub, opening).await;
        // The hub knows why it gave up; the runner only that it did.
        let ended = thread.join().map_err(stopped)?;
        let alpha = result.map_err(|error| match error {
            CoordinatorError::Hub(error) => stopped(error),
            other => Failure::other(other.to_string()),
        })??;
        for error in ended.sink_errors.iter().filter(|error| error.kind() != std::io::ErrorKind::BrokenPipe) {
            out::say("warning", &format!("a display of the run failed and was left out: {error}"));
        }
        let summary = ended.fold.summary();
        let logs = settings.log_format.map_or(Ok(()), |format| {
            // Of a run that goes on, also what happened before.
            let (_, whole) = report::read(folder)?;
            logs::write(folder, manifest, &whole.events, format, self.quiet)
        });
        let written = write_reports(folder, &summary).and(logs);
        Ok(Played { summary, written, alpha })
    }

    /// What plays the episodes, behind what is kept of the run.
    fn playing(&self, players: Vec<Player>, hub: &Hub, past: Option<&Contents>) -> Playing {
        let runner = |players: Vec<Player>| Runner {
            plan: self.plan.clone(),
            players: players.into_iter().map(Arc::new).collect(),
            hub: hub.clone(),
            cancel: self.cancel.clone(),
            progress: past.map(|past| Progress::of(&past.events)).unwrap_or_default(),
            budget: Arc::clone(&self.budget),
            forecast: self.forecast.clone(),
        };
        let (Some(nats), Some(settings)) = (&self.queue, &self.settings.queue) else {
            return Playing::Here(runner(players));
        };
        let unreachable = |player: &Player| matches!(player.kind, PlayerKind::Unreachable(..));
        let (here, queued): (Vec<_>, Vec<_>) = players.into_iter().partition(unreachable);
        let entrant = |player: &Player| Entrant { label: player.label.clone(), is_paced: player.is_paced() };
        let coordinator = Coordinator {
            queue: nats.clone(),
            terms: settings.terms,
            plan: self.plan.clone(),
            entrants: queued.iter().map(entrant).collect(),
            manifest: self.manifest.clone(),
            hub: hub.clone(),
            cancel: self.cancel.clone(),
            budget: Arc::clone(&self.budget),
            forecast: self.forecast.clone(),
            intake: past.map(|past| Intake::of(&past.events)).unwrap_or_default(),
            is_complete: false,
            tell: queue::teller(self.quiet),
        };
        Playing::Queued { here: runner(here), coordinator: Box::new(coordinator) }
    }

    /// Plays up to each look at the comparison with the baseline, and no further than one that decides. Gives the error
    /// that the last look may spend.
    async fn play_looks(
        &self,
        mut playing: Playing,
        hub: Hub,
        opening: Vec<EventKind>,
    ) -> Result<Result<f64, Failure>, CoordinatorError> {
        for event in opening {
            hub.send(None, event).await?;
        }
        let (mut played, mut result) = (0, Ok(Rules::default().alpha));
        let looks = looks(&self.settings, &self.plan);
        for look in &looks {
            match playing.play(played..look.epochs).await {
                Err(CoordinatorError::Hub(error)) => return Err(error.into()),
                Err(error) => {
                    result = Err(queue::failure(&error, &self.folder));
                    break;
                }
                Ok(()) => {}
            }
            (played, result) = (look.epochs, Ok(look.alpha));
            if playing.is_stopped() || Some(look) == looks.last() {
                break;
            }
            let rules = Rules { margin: self.settings.margin, alpha: look.alpha };
            let so_far = |baseline: &String| compare::so_far(&self.store, &self.folder, baseline, rules, played);
            match self.settings.baseline.as_ref().map_or(Ok(false), so_far) {
                Ok(false) => {}
                Ok(true) => {
                    hub.send(None, EventKind::RunDecided { epochs: played }).await?;
                    break;
                }
                Err(failure) => {
                    result = Err(failure);
                    break;
                }
            }
        }
        playing.finish().await?;
        Ok(result)
    }
}

/// After which epochs the run is compared with its baseline: at the end, and under `--until-decided` before it.
fn looks(settings: &Settings, plan: &Plan) -> Vec<Look> {
    let wanted = if settings.until_decided { LOOKS } else { 1 };
    alpha_spending::looks(plan.epochs, wanted, Rules::default().alpha)
}

/// Writes everything that is derived from the event log. One file that cannot be written does not keep back the others.
pub(super) fn write_reports(folder: &RunFolder, summary: &Summary) -> Result<(), Failure> {
    let files = [
        ("summary.json", pretty(summary)),
        ("SCORES.md", markdown::render(summary).into_bytes()),
        ("scores.csv", csv::render(summary).into_bytes()),
        ("report.html", html::render(summary).into_bytes()),
        ("junit.xml", junit::render(summary).into_bytes()),
    ];
    let written = files.map(|(name, bytes)| folder.write(name, &bytes));
    Ok(written.into_iter().collect::<Result<(), _>>()?)
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
    // Where signals cannot be heard, they end the process as ever.
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

fn sinks(
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
    // Built-in agents are done before a bar could be read; beside others they are not shown.
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

/// How progress is shown: bars on a terminal, lines elsewhere, and nothing for built-in agents alone.
fn progress_of(settings: &Settings, quiet: bool) -> ProgressChoice {
    match settings.progress {
        _ if quiet => ProgressChoice::None,
        ProgressChoice::Auto if settings.models.is_empty() && settings.programs.is_empty() => ProgressChoice::None,
        ProgressChoice::Auto if out::stderr_is_terminal() => ProgressChoice::Bar,
        ProgressChoice::Auto => ProgressChoice::Lines,
        fixed => fixed,
    }
}

/// Reads what the run is waiting for and has spent.
fn pace_of(players: &[Player], budget: &Arc<Budget>) -> ReadRunStatus {
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

/// Where lines show the progress, a line says that an endpoint asked for a pause: nothing else would for a while.
async fn tell_waits(pace: ReadRunStatus, how: ProgressChoice) {
    /// Shorter pauses are over before a line about them is read.
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

/// Which limit of the run is reached, and by how much.
fn reached(limit: Kind, budget: &Budget) -> String {
    let (limits, spent) = budget.state();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of tokens")]
    let tokens = spent.tokens as u64;
    match limit {
        Kind::Cost => format!("--max-cost {}: ${:.4} are spent", limits.cost_usd.unwrap_or_default(), spent.cost_usd),
        Kind::Tokens => format!("--max-total-tokens {}: {tokens} are used", limits.tokens.unwrap_or_default()),
        Kind::Time => format!("--time-limit {}: the time is up", limits.time.unwrap_or_default().as_secs_f64()),
    }
}

fn status(settings: &Settings, summary: &Summary, cancel: &Cancel, budget: &Budget, folder: &RunFolder) -> Status {
    let kept = folder.path.display();
    if let Some(limit) = budget.out() {
        let open: usize = summary.rows.iter().map(|row| row.unfinished).sum();
        if open > 0 {
            return Status::BudgetSpent(format!(
                "{}; {} did not end. The table has what every row has ended; `bench resume {}` with a higher limit goes on",
                reached(limit, budget),
                plural(open, "episode"),
                summary.run.id
            ));
        }
    }
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
        .map(|row| {
            format!("{} scored {}", row.contestant, row.overall.map_or("nothing".to_owned(), |o| format!("{o:.4}")))
        })
        .collect();
    match settings.fail_under {
        Some(limit) if !below.is_empty() => Status::GateFailed(format!("--fail-under {limit}: {}", below.join(", "))),
        _ => Status::Done,
    }
}

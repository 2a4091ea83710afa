//! `bench run`: the main job.

use std::collections::BTreeMap;
use std::sync::Arc;

use indicatif::ProgressDrawTarget;

use super::args::RunArgs;
use super::exit::{Failure, Status, endpoint_hint};
use super::{build, dry_run, out};
use crate::agent::prompt::PromptSet;
use crate::chat::{CallContext, ChatError, ErrorKind};
use crate::config::Settings;
use crate::config::options::{Format, ProgressChoice};
use crate::config::settings::KeyedModel;
use crate::log::store::{RunFolder, Store, pretty};
use crate::log::{EventKind, Manifest, Summary};
use crate::report::score_table::one_line;
use crate::report::score_table::plural;
use crate::report::{csv, markdown, progress, protocol, table};
use crate::run::episode::Line;
use crate::run::preflight::{self, Checked};
use crate::run::runner::{ModelPlayer, PlayerKind};
use crate::run::{Cancel, Hub, Plan, Player, Runner, Sink};

pub(super) async fn execute(args: &RunArgs) -> Result<Status, Failure> {
    let settings = build::settings(&args.options, args.config.as_deref())?;
    let catalog = build::catalog(&settings.suite, settings.overlay.as_deref())?;
    let plan = Plan::new(&catalog, &settings.tasks, &settings.scenarios, settings.epochs, settings.seed)?;
    let prompts = build::prompts(settings.prompts.as_deref())?;
    if !settings.models.is_empty() {
        build::check_prompts(&prompts, &plan)?;
    }
    if args.dry_run {
        out::result(&dry_run::render(&settings, &plan, &prompts))?;
        return Ok(Status::Done);
    }
    settings.require_keys()?;
    if args.verbose {
        for (name, value, origin) in settings.chosen() {
            out::note(&format!("{name} = {value} (from {origin})"));
        }
    }

    let cancel = Cancel::default();
    listen_for_interrupts(cancel.clone(), args.quiet);
    let Some((players, checks)) = players(&settings, &prompts, &cancel, args.quiet).await? else {
        return Ok(Status::Interrupted("nothing was played, so nothing is kept".to_owned()));
    };
    let protocols = protocols(&players);
    let manifest = build::manifest(&settings, &plan, &catalog, &prompts, &protocols);
    let store = Store::new(&settings.out);
    let folder = store.create(&manifest.id)?;
    folder.write("run.json", &pretty(&manifest))?;
    if args.verbose {
        checks.iter().filter_map(checked_line).for_each(|line| out::note(&line));
    }
    if !args.quiet {
        out::note(&format!("run {} → {}", manifest.id, folder.path.display()));
    }

    let sinks = sinks(&settings, &manifest, &plan, args.quiet);
    let (hub, thread) = Hub::start(&manifest, folder.clone(), sinks)?;
    let started = EventKind::RunStarted { v: crate::log::event::VERSION, run: manifest.id.clone() };
    let result = async {
        hub.send(None, started).await?;
        for check in checks {
            hub.send(None, check).await?;
        }
        Runner { plan, players, hub: hub.clone(), cancel: cancel.clone() }.run().await
    }
    .await;
    drop(hub);
    // The hub knows why it gave up; the runner only that it did.
    let kept = thread.join()?;
    result?;
    for error in kept.sink_errors.iter().filter(|error| error.kind() != std::io::ErrorKind::BrokenPipe) {
        out::say("warning", &format!("a display of the run failed and was left out: {error}"));
    }
    let summary = kept.fold.summary();
    write_reports(&folder, &summary)?;
    store.set_latest(&manifest.id)?;
    print(settings.format, &summary)?;
    Ok(status(&settings, &summary, &cancel, &folder))
}

/// What the check of an endpoint showed, in a line.
fn checked_line(check: &EventKind) -> Option<String> {
    let EventKind::EndpointChecked { model, protocol, answered_by, error, replies, .. } = check else { return None };
    let latency: u64 = replies.iter().map(|reply| reply.latency_ms).sum();
    Some(match error {
        Some(error) => format!("{model}: {}", one_line(error)),
        None => format!(
            "{model}: protocol {protocol}, answered by {} in {latency} ms, {} call{}",
            answered_by.as_deref().map_or("a model without a name".into(), one_line),
            replies.len(),
            if replies.len() == 1 { "" } else { "s" },
        ),
    })
}

/// Writes everything that is derived from the event log.
pub(super) fn write_reports(folder: &RunFolder, summary: &Summary) -> Result<(), Failure> {
    folder.write("summary.json", &pretty(summary))?;
    folder.write("SCORES.md", markdown::render(summary).as_bytes())?;
    folder.write("scores.csv", csv::render(summary).as_bytes())?;
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

/// The first interrupt stops gently, the second at once.
fn listen_for_interrupts(cancel: Cancel, quiet: bool) {
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
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

/// Makes the players, after one call to each endpoint; none where the user stopped it meanwhile. A refused key or model
/// ends the run before it starts.
async fn players(
    settings: &Settings,
    prompts: &Arc<PromptSet>,
    cancel: &Cancel,
    quiet: bool,
) -> Result<Option<(Vec<Player>, Vec<EventKind>)>, Failure> {
    let (mut players, mut checks) = (Vec::new(), Vec::new());
    for model in &settings.models {
        let label = model.spec.label.clone();
        let line = Line {
            client: build::client(settings, model)?,
            price: model.spec.price().copied(),
            episode_time: settings.episode_timeout,
            call_time: Some(build::call_time(settings)),
        };
        let context = CallContext {
            deadline: Some(tokio::time::Instant::now() + build::call_time(settings)),
            jitter_seed: settings.seed,
        };
        let checked = tokio::select! {
            checked = preflight::check(&*line.client, settings.protocol.fixed(), &context) => checked,
            () = cancel.hard.cancelled() => return Ok(None),
        };
        if cancel.is_pulled() {
            return Ok(None);
        }
        let wanted = settings.protocol.fixed().unwrap_or(crate::agent::prompt::Protocol::Text);
        let (checked, error) = match checked {
            Ok(checked) => (checked, None),
            Err(error) => {
                let error = refused_or(model, error, quiet)?;
                (Checked { protocol: wanted, replies: Vec::new() }, Some(error))
            }
        };
        let protocol = checked.protocol;
        let usages = checked.replies.iter().filter_map(|reply| reply.usage);
        checks.push(EventKind::EndpointChecked {
            model: label.clone(),
            protocol: protocol.to_string(),
            answered_by: checked.answered_by().map(str::to_owned),
            error: error.as_ref().map(ToString::to_string),
            cost_usd: line.price.as_ref().map(|price| usages.map(|usage| price.cost(&usage)).sum()),
            replies: checked.replies,
        });
        let kind = match error {
            Some(error) if error.kind == ErrorKind::Connect => PlayerKind::Unreachable(error.kind, error.to_string()),
            _ => PlayerKind::Model(Box::new(ModelPlayer {
                protocol,
                assist: settings.assist.into(),
                prompts: Arc::clone(prompts),
                line,
                concurrency: settings.concurrency,
            })),
        };
        players.push(Player { label, kind });
    }
    let builtin =
        |agent: &crate::agent::Builtin| Player { label: agent.to_string(), kind: PlayerKind::Builtin(*agent) };
    players.extend(settings.builtins.iter().map(builtin));
    Ok(Some((players, checks)))
}

/// Ends the run where the endpoint refuses what was configured; a passing fault is only a warning.
fn refused_or(model: &KeyedModel, error: ChatError, quiet: bool) -> Result<ChatError, Failure> {
    let label = &model.spec.label;
    match error.kind {
        ErrorKind::Auth | ErrorKind::UnknownModel | ErrorKind::Quota | ErrorKind::BadRequest | ErrorKind::HtmlBody => {
            let failure = Failure::usage(format!("model {label} at {}: {error}", model.spec.provider.base_url));
            Err(match endpoint_hint(error.kind) {
                Some(hint) => failure.hint(hint),
                None => failure,
            })
        }
        _ => {
            if !quiet {
                out::say("warning", &format!("model {label} at {}: {error}", model.spec.provider.base_url));
                if let Some(hint) = endpoint_hint(error.kind) {
                    out::say("hint", hint);
                }
            }
            Ok(error)
        }
    }
}

/// The protocol of each model, as its endpoint decided it.
fn protocols(players: &[Player]) -> BTreeMap<String, String> {
    let protocol = |player: &Player| match &player.kind {
        PlayerKind::Model(model) => Some((player.label.clone(), model.protocol.to_string())),
        PlayerKind::Builtin(_) | PlayerKind::Unreachable(..) => None,
    };
    players.iter().filter_map(protocol).collect()
}

fn sinks(settings: &Settings, manifest: &Manifest, plan: &Plan, quiet: bool) -> Vec<Box<dyn Sink>> {
    let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
    if settings.format == Format::Openenv {
        sinks.push(Box::new(protocol::Protocol::new(std::io::stdout())));
    }
    let labels = |models: bool| -> Vec<String> {
        let chosen = manifest.contestants.iter().filter(|contestant| contestant.settings.is_some() == models);
        chosen.map(|contestant| contestant.label.clone()).collect()
    };
    let episodes = plan.scenarios.len() as u64 * u64::from(plan.epochs);
    let how = match settings.progress {
        _ if quiet => ProgressChoice::None,
        // Built-in agents alone are done before a bar could be read.
        ProgressChoice::Auto if settings.models.is_empty() => ProgressChoice::None,
        ProgressChoice::Auto if out::stderr_is_terminal() => ProgressChoice::Bar,
        ProgressChoice::Auto => ProgressChoice::Lines,
        fixed => fixed,
    };
    match how {
        ProgressChoice::Bar => {
            let shown = if settings.models.is_empty() { labels(false) } else { labels(true) };
            sinks.push(Box::new(progress::Bars::new(&shown, episodes, ProgressDrawTarget::stderr())));
        }
        ProgressChoice::Lines => {
            let total = episodes * manifest.contestants.len() as u64;
            let quiet = if settings.models.is_empty() { Vec::new() } else { labels(false) };
            sinks.push(Box::new(progress::Lines::new(std::io::stderr(), total, quiet)));
        }
        ProgressChoice::Auto | ProgressChoice::None => {}
    }
    sinks
}

fn status(settings: &Settings, summary: &Summary, cancel: &Cancel, folder: &RunFolder) -> Status {
    let kept = folder.path.display();
    if cancel.is_pulled() {
        let open: usize = summary.rows.iter().map(|row| row.unfinished).sum();
        let open = plural(open, "episode");
        return Status::Interrupted(format!("{open} did not end; what was played is kept in {kept}"));
    }
    let void: usize = summary.rows.iter().map(|row| row.void).sum();
    if void > settings.max_void {
        return Status::Void(format!(
            "{} no score because the infrastructure failed (tolerated: {}); see {kept}/events.jsonl",
            if void == 1 { "1 episode has".to_owned() } else { format!("{void} episodes have") },
            settings.max_void
        ));
    }
    let models = !settings.models.is_empty();
    let below: Vec<_> = summary
        .rows
        .iter()
        .filter(|row| (row.agent == "llm") == models)
        .filter(|row| settings.fail_under.is_some_and(|limit| row.overall.is_none_or(|overall| overall < limit)))
        .map(|row| format!("{} scored {}", row.model, row.overall.map_or("nothing".to_owned(), |o| format!("{o:.4}"))))
        .collect();
    match settings.fail_under {
        Some(limit) if !below.is_empty() => Status::GateFailed(format!("--fail-under {limit}: {}", below.join(", "))),
        _ => Status::Done,
    }
}

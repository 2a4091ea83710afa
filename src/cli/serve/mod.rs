//! `bench serve`: starts a server from its settings, and ends it. `bench mcp` is in this folder as well.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use self::baselines::OwnRuns;
use self::exam::Sitting;
use self::page_sources::{Maker, RunSuites};
use self::visible::visibility;
use super::args::serve::ServeArgs;
use super::exit::{Failure, Status};
use super::interrupts::Interrupts;
use super::out;
use super::setup::{environment, suite};
use crate::config::server_options::LogForm;
use crate::config::{ConfigFile, ServerSettings};
use crate::log::run_index::RunIndex;
use crate::log::store::Store;
use crate::serve::{Access, App, Backing, Baselines, KeptRuns, Limits, Options, Origins, Server};

mod baselines;
mod exam;
pub(super) mod mcp;
mod page_sources;
mod visible;

/// Serves until the server is told to stop.
pub(super) async fn execute(args: &ServeArgs) -> Result<Status, Failure> {
    let environment = environment()?;
    let file = ConfigFile::read(Path::new("."), args.config.path())?;
    let settings = ServerSettings::resolve(&args.options(), &environment, &file)?;
    let episodes = &settings.episodes;
    let voice = Voice { form: settings.log, quiet: args.quiet };
    let catalog = suite::catalog(&episodes.suite, episodes.overlay.as_deref())?;
    let scenarios = catalog.scenarios().len();
    raise_limit_of_files();
    let stop = CancellationToken::new();
    let local = is_local(&settings).await?;
    let runs = runs(&settings, local);
    // Without a token, everybody who can reach the server could spend its money.
    let new_token = (settings.token.is_none() && !local).then(baselines::new_token);
    let known_token = settings.token.clone().or_else(|| new_token.clone().map(Into::into));
    let own_runs = OwnRuns {
        environment,
        file,
        suite: episodes.suite.clone(),
        scenarios: episodes.overlay.clone(),
        stop: stop.clone(),
    };
    let taken = |error| {
        Failure::usage(format!("cannot listen at {}:{}: {error}", settings.host, settings.port))
            .hint("choose another with --host and --port; --port 0 takes a free one")
    };
    // The address is taken before the run of an exam is made, which otherwise nobody might play.
    let listener = TcpListener::bind((settings.host.as_str(), settings.port)).await.map_err(taken)?;
    let sitting = Sitting::start(episodes, &catalog)?;
    let backing = Backing {
        baselines: Some(Baselines::new(Arc::new(own_runs), known_token)),
        exam: sitting.as_ref().map(Sitting::exam),
        runs,
        incidents: Some(Arc::new(Maker::new()?)),
    };
    let app = App::backed(catalog, options(args, &settings, local)?, stop.clone(), backing);
    // A semaphore holds no more permits than this.
    let server = Server::on(listener, app, settings.max_connections.min(Semaphore::MAX_PERMITS));
    let address = server.address().map_err(taken)?;
    // The program listens for interrupts before it says that the server is ready: a reader of that line may stop it.
    let mut interrupts = Interrupts::listen()?;
    let exam = sitting.as_ref().map(|sitting| format!(", as {}", sitting.notice())).unwrap_or_default();
    voice.say(&format!("serving {scenarios} scenarios{exam} at http://{address}; {address}/docs says how to play"));
    if let Some(warning) = exam::warning(episodes) {
        voice.warn(&warning);
    }
    if let Some(token) = new_token {
        // The token is printed even with --quiet, because it can be read nowhere else.
        out::say("token", &format!("{token} starts runs by POST /baseline; --token gives one of your own"));
    }
    let stopping = async {
        let first = interrupts.next().await;
        if first.is_ok() {
            voice.say("stopping: no new connections, open requests are finished; once more stops at once");
        }
        stop.cancel();
        // If the program cannot listen for signals, the server must not stop as if one had arrived.
        if interrupts.next().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        all = server.run() => {
            if !all {
                voice.warn("some connections did not end in time and were cut");
            }
        }
        () = stopping => {}
    }
    if let Some(sitting) = sitting {
        sitting.finish(args.quiet)?;
    }
    Ok(Status::Done)
}

/// Returns whether only this machine can reach the address of the server.
async fn is_local(settings: &ServerSettings) -> Result<bool, Failure> {
    let unresolved = |error| Failure::usage(format!("cannot listen at {}:{}: {error}", settings.host, settings.port));
    let mut addresses = tokio::net::lookup_host((settings.host.as_str(), settings.port)).await.map_err(unresolved)?;
    Ok(addresses.all(|address| address.ip().is_loopback()))
}

/// Returns the runs that the page shows: those of a folder that was named, or of the usual folder if only this machine
/// can reach the server.
fn runs(settings: &ServerSettings, local: bool) -> Option<Arc<KeptRuns>> {
    let folder = settings.results.as_ref().or_else(|| local.then_some(&settings.usual_results))?;
    Some(Arc::new(KeptRuns::new(RunIndex::new(Store::new(folder)), Arc::new(RunSuites))))
}

/// Returns the options of the server itself.
fn options(args: &ServeArgs, settings: &ServerSettings, local: bool) -> Result<Options, Failure> {
    let usual = Options::default();
    let access_log = match settings.log {
        LogForm::Json if !args.quiet => Some(log_access_as_json as fn(&Access<'_>)),
        _ => args.verbose.then_some(log_access as fn(&Access<'_>)),
    };
    let root_path = settings.root_path.parse();
    Ok(Options {
        openenv: settings.openenv,
        // Where others can reach the server, nobody must step in the episode of somebody else.
        nameless: local,
        visibility: visibility(&settings.episodes),
        limits: Limits {
            ttl: settings.session_ttl.unwrap_or(usual.limits.ttl),
            most: settings.max_sessions.unwrap_or(usual.limits.most),
        },
        max_body: settings.max_body.unwrap_or(usual.max_body),
        origins: Origins { allowed: settings.allow_origin.clone(), local },
        rate: settings.rate_limit,
        access_log,
        root_path: root_path.map_err(|problem| Failure::usage(format!("--root-path: {problem}")))?,
        ..usual
    })
}

/// The output of the server on stderr, in the form of its log.
struct Voice {
    form: LogForm,
    quiet: bool,
}

impl Voice {
    /// Prints a message, unless only errors are to be printed.
    fn say(&self, message: &str) {
        match self.form {
            _ if self.quiet => {}
            LogForm::Text => out::note(message),
            LogForm::Json => note_as_json("info", message),
        }
    }

    /// Prints a warning, unless only errors are to be printed.
    fn warn(&self, message: &str) {
        match self.form {
            _ if self.quiet => {}
            LogForm::Text => out::say("warning", message),
            LogForm::Json => note_as_json("warning", message),
        }
    }
}

fn note_as_json(level: &str, message: &str) {
    let time = format!("{:.3}", jiff::Timestamp::now());
    out::note(&json!({ "time": time, "level": level, "message": message }).to_string());
}

fn log_access(access: &Access<'_>) {
    let Access { method, path, client, status, took } = access;
    let time = jiff::Timestamp::now();
    let client = client.map(|client| format!(" client={client}")).unwrap_or_default();
    let milliseconds = took.as_secs_f64() * 1e3;
    out::note(&format!(
        "time={time:.3}{client} method={method} path={path:?} status={status} duration_ms={milliseconds:.3}"
    ));
}

fn log_access_as_json(access: &Access<'_>) {
    let Access { method, path, client, status, took } = access;
    let (time, milliseconds) = (format!("{:.3}", jiff::Timestamp::now()), took.as_secs_f64() * 1e3);
    let line = json!({
        "time": time, "level": "info", "message": "request", "client": client, "method": method, "path": path,
        "status": status, "duration_ms": milliseconds,
    });
    out::note(&line.to_string());
}

/// Raises the limit of open files: each connection counts as a file, and the usual limit is meant for programs that
/// open few.
#[cfg(unix)]
fn raise_limit_of_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // If it cannot be raised, the server takes fewer connections at once.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

#[cfg(not(unix))]
fn raise_limit_of_files() {}

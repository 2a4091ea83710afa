//! `bench serve`: from options to a server, and its end.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use secrecy::SecretString;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::args::{LogForm, RevealChoice, ServeArgs};
use super::baselines::{self, OwnRuns};
use super::exams::Sitting;
use super::exit::{Failure, Status};
use super::interrupts::Interrupts;
use super::shown::{Maker, RunSuites};
use super::{build, out};
use crate::config::settings::ConfigFile;
use crate::config::{ConfigError, Environment};
use crate::log::run_index::RunIndex;
use crate::log::store::Store;
use crate::serve::{Access, App, Backing, Baselines, KeptRuns, Limits, Options, Origins, Reveal, Server, Visibility};

/// The usual port of a Space.
const PORT: u16 = 7860;
/// Where hosts of OpenEnv look for a server.
const OPENENV_PORT: u16 = 8000;
const CONNECTIONS: usize = 16_384;
/// A time that nobody means, and that still adds up.
const LONGEST_TTL: u64 = 10 * 365 * 24 * 60 * 60;

pub(super) async fn execute(args: &ServeArgs) -> Result<Status, Failure> {
    let environment = Environment::read(Path::new(".")).map_err(ConfigError::DotEnv)?;
    let variables = Variables(&environment);
    let mut plan = Plan::resolve(args, &variables)?;
    let catalog = build::catalog(&plan.suite, plan.scenarios.as_deref())?;
    let scenarios = catalog.scenarios().len();
    raise_limit_of_files();
    let stop = CancellationToken::new();
    let (baselines, new_token) = plan.baselines(args, environment.clone(), &stop).await?;
    let taken = |error| {
        Failure::usage(format!("cannot listen at {}:{}: {error}", plan.host, plan.port))
            .hint("choose another with --host and --port; --port 0 takes a free one")
    };
    // Before a run is made that nobody would play.
    let listener = TcpListener::bind((plan.host.as_str(), plan.port)).await.map_err(taken)?;
    let (exam, overlay) = (plan.options.visibility.exam, plan.scenarios.as_deref().unwrap_or(Path::new("")));
    let sitting = Sitting::start(exam, &args.kept, &variables, &catalog, [&plan.suite, &overlay.to_string_lossy()])?;
    let backing = Backing {
        baselines: Some(baselines),
        exam: sitting.as_ref().map(Sitting::exam),
        runs: plan.runs.take(),
        incidents: Some(Arc::new(Maker::new()?)),
    };
    let app = App::backed(catalog, std::mem::take(&mut plan.options), stop.clone(), backing);
    let server = Server::on(listener, app, plan.connections);
    let address = server.address().map_err(taken)?;
    // Before it is said that it serves: who reads that may stop it.
    let mut interrupts = Interrupts::listen()?;
    if !args.quiet {
        let kept = |sitting: &Sitting| format!(", as an exam that is kept in {}", sitting.folder().display());
        let exam = sitting.as_ref().map(kept).unwrap_or_default();
        plan.say(&format!("serving {scenarios} scenarios{exam} at http://{address}; {address}/docs says how to play"));
    }
    if let Some(token) = new_token {
        // Also where nothing else is said: it stands nowhere else.
        out::say("token", &format!("{token} starts runs by POST /baseline; --token gives one of your own"));
    }
    let stopping = async {
        let first = interrupts.next().await;
        if first.is_ok() && !args.quiet {
            plan.say("stopping: no new connections, open requests are finished; once more stops at once");
        }
        stop.cancel();
        // Where signals cannot be heard, nothing must seem to have stopped it.
        if interrupts.next().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        all = server.run() => {
            if !all && !args.quiet {
                plan.warn("some connections did not end in time and were cut");
            }
        }
        () = stopping => {}
    }
    if let Some(sitting) = sitting {
        sitting.finish(args.quiet)?;
    }
    Ok(Status::Done)
}

/// What the options come to.
struct Plan {
    host: String,
    port: u16,
    connections: usize,
    suite: String,
    scenarios: Option<PathBuf>,
    log: LogForm,
    options: Options,
    /// The runs that are shown: those of a folder that is named, or of the usual one where only this machine can look.
    runs: Option<Arc<KeptRuns>>,
}

impl Plan {
    /// The command line wins over the environment, and that over `.env`.
    fn resolve(args: &ServeArgs, variables: &Variables<'_>) -> Result<Self, Failure> {
        let openenv = args.openenv || variables.flag("BENCH_OPENENV")?;
        let port = match args.port.map_or_else(|| variables.get("BENCH_PORT"), |port| Ok(Some(port)))? {
            Some(port) => port,
            None if openenv => variables.get("PORT")?.unwrap_or(OPENENV_PORT),
            None => PORT,
        };
        let defaults = Options::default();
        let ttl = or(args.session_ttl, variables, "BENCH_SESSION_TTL", defaults.limits.ttl.as_secs())?;
        let most = or(args.max_sessions, variables, "BENCH_MAX_SESSIONS", defaults.limits.most)?;
        let max_body = or(args.max_body, variables, "BENCH_MAX_BODY", defaults.max_body)?;
        let connections = or(args.max_connections, variables, "BENCH_MAX_CONNECTIONS", CONNECTIONS)?;
        for (name, is_zero) in [
            ("--session-ttl", ttl == 0),
            ("--max-sessions", most == 0),
            ("--max-body", max_body == 0),
            ("--max-connections", connections == 0),
        ] {
            if is_zero {
                return Err(Failure::usage(format!("{name}: must be at least 1")));
            }
        }
        let log = match args.log {
            Some(form) => Some(form),
            None => variables.word::<LogForm>("BENCH_LOG", "text or json")?,
        };
        let access_log = match log {
            Some(LogForm::Json) if !args.quiet => Some(log_access_as_json as fn(&Access<'_>)),
            _ => args.verbose.then_some(log_access as fn(&Access<'_>)),
        };
        let options = Options {
            openenv,
            visibility: variables.visibility(args.reveal, args.exam)?,
            limits: Limits { ttl: Duration::from_secs(ttl.min(LONGEST_TTL)), most },
            max_body,
            origins: Origins { allowed: variables.origins(&args.allow_origin)?, local: false },
            rate: args.rate_limit.map_or_else(|| variables.get("BENCH_RATE_LIMIT"), |rate| Ok(Some(rate)))?,
            access_log,
            ..defaults
        };
        if options.rate == Some(0) {
            return Err(Failure::usage("--rate-limit: must be at least 1"));
        }
        Ok(Self {
            host: or(args.host.clone(), variables, "BENCH_HOST", "127.0.0.1".to_owned())?,
            log: log.unwrap_or(LogForm::Text),
            port,
            // More permits than the semaphore holds would be no limit either.
            connections: connections.min(tokio::sync::Semaphore::MAX_PERMITS),
            suite: variables.suite(args.suite.clone())?,
            scenarios: variables.scenarios(args.scenarios.clone())?,
            options,
            runs: None,
        })
    }

    /// The runs of the server's own agents, and the token that had to be made for them.
    async fn baselines(
        &mut self,
        args: &ServeArgs,
        environment: Environment,
        stop: &CancellationToken,
    ) -> Result<(Baselines, Option<String>), Failure> {
        let given = args.token.clone().or_else(|| environment.get("BENCH_TOKEN").map(str::to_owned));
        if given.as_ref().is_some_and(|token| token.trim().is_empty()) {
            return Err(Failure::usage("--token: is empty"));
        }
        let unresolved = |error| Failure::usage(format!("cannot listen at {}:{}: {error}", self.host, self.port));
        let mut addresses = tokio::net::lookup_host((self.host.as_str(), self.port)).await.map_err(unresolved)?;
        self.options.origins.local = addresses.all(|address| address.ip().is_loopback());
        let named =
            args.results.clone().map_or_else(|| Variables(&environment).get("BENCH_RESULTS"), |dir| Ok(Some(dir)))?;
        if named.is_some() || self.options.origins.local {
            let results = match named {
                Some(folder) => folder,
                None => build::results(None)?,
            };
            self.runs = Some(Arc::new(KeptRuns::new(RunIndex::new(Store::new(results)), Arc::new(RunSuites))));
        }
        // Whoever can reach it could spend its money.
        let is_open = given.is_none() && !self.options.origins.local;
        let new_token = is_open.then(baselines::new_token);
        let token = given.or_else(|| new_token.clone()).map(|token| SecretString::from(token.trim().to_owned()));
        let runs = OwnRuns {
            environment,
            file: ConfigFile::read(Path::new("."), None)?,
            suite: self.suite.clone(),
            scenarios: self.scenarios.clone(),
            stop: stop.clone(),
        };
        Ok((Baselines::new(Arc::new(runs), token), new_token))
    }

    /// Says something in the form of the log.
    fn say(&self, message: &str) {
        match self.log {
            LogForm::Text => out::note(message),
            LogForm::Json => note_as_json("info", message),
        }
    }

    /// Says that something is not as it should be.
    fn warn(&self, message: &str) {
        match self.log {
            LogForm::Text => out::say("warning", message),
            LogForm::Json => note_as_json("warning", message),
        }
    }
}

/// Options in the environment.
pub(super) struct Variables<'a>(pub(super) &'a Environment);

impl Variables<'_> {
    /// What clients may see.
    pub(super) fn visibility(&self, reveal: Option<RevealChoice>, exam: bool) -> Result<Visibility, Failure> {
        let reveal = match reveal {
            Some(reveal) => reveal,
            None => self.word("BENCH_REVEAL", "never, done or always")?.unwrap_or(RevealChoice::Done),
        };
        let reveal = match reveal {
            RevealChoice::Never => Reveal::Never,
            RevealChoice::Done => Reveal::Done,
            RevealChoice::Always => Reveal::Always,
        };
        Ok(Visibility { reveal, exam: exam || self.flag("BENCH_EXAM")? })
    }

    /// The suite that is served.
    pub(super) fn suite(&self, given: Option<String>) -> Result<String, Failure> {
        or(given, self, "BENCH_SUITE", "classic".to_owned())
    }

    /// The folder that is laid over it.
    pub(super) fn scenarios(&self, given: Option<PathBuf>) -> Result<Option<PathBuf>, Failure> {
        given.map_or_else(|| self.get("BENCH_SCENARIOS"), |folder| Ok(Some(folder)))
    }

    pub(super) fn get<T: FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<Option<T>, Failure> {
        let parse = |text: &str| {
            text.parse().map_err(|error| {
                Failure::usage(format!("{name}: '{text}' cannot be used: {error} (from the environment)"))
            })
        };
        self.0.get(name).map(parse).transpose()
    }

    /// One word of a closed list.
    fn word<T: ValueEnum>(&self, name: &str, words: &str) -> Result<Option<T>, Failure> {
        let parse = |text: &str| {
            T::from_str(text, true)
                .map_err(|_| Failure::usage(format!("{name}: expected {words}, found '{text}' (from the environment)")))
        };
        self.0.get(name).map(parse).transpose()
    }

    /// The origins that are let in, those of the variable between commas.
    fn origins(&self, given: &[String]) -> Result<Vec<String>, Failure> {
        let from_variable = || self.0.get("BENCH_ALLOW_ORIGIN").into_iter().flat_map(|list| list.split(','));
        let origins: Vec<String> = match given {
            [] => from_variable().map(str::to_owned).collect(),
            given => given.to_vec(),
        };
        let origins: Vec<_> = origins.iter().map(|origin| origin.trim().trim_end_matches('/').to_owned()).collect();
        match origins.iter().find(|origin| !is_origin(origin)) {
            Some(wrong) => Err(Failure::usage(format!(
                "--allow-origin: '{wrong}' is no origin; expected one such as https://example.com:8443, or *"
            ))),
            None => Ok(origins),
        }
    }

    fn flag(&self, name: &str) -> Result<bool, Failure> {
        match self.0.get(name) {
            None | Some("0" | "false") => Ok(false),
            Some("1" | "true") => Ok(true),
            Some(other) => {
                Err(Failure::usage(format!("{name}: expected 1 or 0, found '{other}' (from the environment)")))
            }
        }
    }
}

/// Whether it can be what a browser says: a scheme and an authority, without a path.
fn is_origin(text: &str) -> bool {
    matches!(text, "*" | "null")
        || text.split_once("://").is_some_and(|(scheme, authority)| {
            !scheme.is_empty() && !authority.is_empty() && !authority.contains(['/', ' ', '?', '#', '@'])
        })
}

pub(super) fn or<T: FromStr<Err: std::fmt::Display>>(
    given: Option<T>,
    variables: &Variables<'_>,
    name: &str,
    default: T,
) -> Result<T, Failure> {
    match given {
        Some(value) => Ok(value),
        None => Ok(variables.get(name)?.unwrap_or(default)),
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

/// A connection is a file to the system, whose usual limit is meant for programs that open few.
#[cfg(unix)]
fn raise_limit_of_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Where it cannot be raised, fewer connections are taken at once.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

#[cfg(not(unix))]
fn raise_limit_of_files() {}

//! `bench serve`: from options to a server, and its end.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::args::{RevealChoice, ServeArgs};
use super::baselines::{self, OwnRuns};
use super::exit::{Failure, Status};
use super::play::interrupt;
use super::{build, out};
use crate::config::settings::ConfigFile;
use crate::config::{ConfigError, Environment};
use crate::serve::baseline::Baselines;
use crate::serve::session::Limits;
use crate::serve::{Access, App, Options, Reveal, Server, Visibility};

/// The usual port of a Space.
const PORT: u16 = 7860;
/// Where hosts of OpenEnv look for a server.
const OPENENV_PORT: u16 = 8000;
const CONNECTIONS: usize = 16_384;
/// A time that nobody means, and that still adds up.
const LONGEST_TTL: u64 = 10 * 365 * 24 * 60 * 60;

pub(super) async fn execute(args: &ServeArgs) -> Result<Status, Failure> {
    let plan = Plan::resolve(args)?;
    let catalog = build::catalog(&plan.suite, plan.scenarios.as_deref())?;
    let scenarios = catalog.scenarios().len();
    raise_limit_of_files();
    let stop = CancellationToken::new();
    let (baselines, new_token) = baselines(args, &plan, &stop).await?;
    let app = App::with_baselines(catalog, plan.options, stop.clone(), Some(baselines));
    let taken = |error| {
        Failure::usage(format!("cannot listen at {}:{}: {error}", plan.host, plan.port))
            .hint("choose another with --host and --port; --port 0 takes a free one")
    };
    let server = Server::bind((plan.host.as_str(), plan.port), app, plan.connections).await.map_err(taken)?;
    let address = server.address().map_err(taken)?;
    if !args.quiet {
        let exam = if plan.options.visibility.exam { ", as an exam" } else { "" };
        out::note(&format!("serving {scenarios} scenarios{exam} at http://{address}; {address}/docs says how to play"));
    }
    if let Some(token) = new_token {
        // Also where nothing else is said: it stands nowhere else.
        out::say("token", &format!("{token} starts runs by POST /baseline; --token gives one of your own"));
    }
    let stopping = async {
        let first = interrupt().await;
        if first.is_ok() && !args.quiet {
            out::note("stopping: no new connections, open requests are finished; once more stops at once");
        }
        stop.cancel();
        // Where signals cannot be heard, nothing must seem to have stopped it.
        if interrupt().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        all = server.run() => {
            if !all && !args.quiet {
                out::say("warning", "some connections did not end in time and were cut");
            }
        }
        () = stopping => {}
    }
    Ok(Status::Done)
}

/// The runs of the server's own agents, and the token that had to be made for them.
async fn baselines(
    args: &ServeArgs,
    plan: &Plan,
    stop: &CancellationToken,
) -> Result<(Baselines, Option<String>), Failure> {
    let environment = Environment::read(Path::new(".")).map_err(ConfigError::DotEnv)?;
    let given = args.token.clone().or_else(|| environment.get("BENCH_TOKEN").map(str::to_owned));
    if given.as_ref().is_some_and(|token| token.trim().is_empty()) {
        return Err(Failure::usage("--token: is empty"));
    }
    let unresolved = |error| Failure::usage(format!("cannot listen at {}:{}: {error}", plan.host, plan.port));
    let mut addresses = tokio::net::lookup_host((plan.host.as_str(), plan.port)).await.map_err(unresolved)?;
    // Whoever can reach it could spend its money.
    let is_open = given.is_none() && !addresses.all(|address| address.ip().is_loopback());
    let new_token = is_open.then(baselines::new_token);
    let token = given.or_else(|| new_token.clone()).map(|token| SecretString::from(token.trim().to_owned()));
    let runs = OwnRuns {
        environment,
        file: ConfigFile::read(Path::new("."), None)?,
        suite: plan.suite.clone(),
        scenarios: plan.scenarios.clone(),
        stop: stop.clone(),
    };
    Ok((Baselines::new(Arc::new(runs), token), new_token))
}

/// What the options come to.
struct Plan {
    host: String,
    port: u16,
    connections: usize,
    suite: String,
    scenarios: Option<PathBuf>,
    options: Options,
}

impl Plan {
    /// The command line wins over the environment, and that over `.env`.
    fn resolve(args: &ServeArgs) -> Result<Self, Failure> {
        let environment = Environment::read(Path::new(".")).map_err(ConfigError::DotEnv)?;
        let variables = Variables(&environment);
        let openenv = args.openenv || variables.flag("BENCH_OPENENV")?;
        let port = match args.port.map_or_else(|| variables.get("BENCH_PORT"), |port| Ok(Some(port)))? {
            Some(port) => port,
            None if openenv => variables.get("PORT")?.unwrap_or(OPENENV_PORT),
            None => PORT,
        };
        let defaults = Options::default();
        let ttl = or(args.session_ttl, &variables, "BENCH_SESSION_TTL", defaults.limits.ttl.as_secs())?;
        let most = or(args.max_sessions, &variables, "BENCH_MAX_SESSIONS", defaults.limits.most)?;
        let max_body = or(args.max_body, &variables, "BENCH_MAX_BODY", defaults.max_body)?;
        let connections = or(args.max_connections, &variables, "BENCH_MAX_CONNECTIONS", CONNECTIONS)?;
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
        let options = Options {
            openenv,
            visibility: variables.visibility(args.reveal, args.exam)?,
            limits: Limits { ttl: Duration::from_secs(ttl.min(LONGEST_TTL)), most },
            max_body,
            access_log: args.verbose.then_some(log_access as fn(&Access<'_>)),
            ..defaults
        };
        Ok(Self {
            host: or(args.host.clone(), &variables, "BENCH_HOST", "127.0.0.1".to_owned())?,
            port,
            // More permits than the semaphore holds would be no limit either.
            connections: connections.min(tokio::sync::Semaphore::MAX_PERMITS),
            suite: variables.suite(args.suite.clone())?,
            scenarios: variables.scenarios(args.scenarios.clone())?,
            options,
        })
    }
}

/// A word of `--reveal` in a variable.
struct RevealWord(RevealChoice);

impl FromStr for RevealWord {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        RevealChoice::from_str(word, true).map(Self).map_err(|_| "expected never, done or always".to_owned())
    }
}

/// Options in the environment.
pub(super) struct Variables<'a>(pub(super) &'a Environment);

impl Variables<'_> {
    /// What clients may see.
    pub(super) fn visibility(&self, reveal: Option<RevealChoice>, exam: bool) -> Result<Visibility, Failure> {
        let reveal = match reveal {
            Some(reveal) => reveal,
            None => self.get::<RevealWord>("BENCH_REVEAL")?.map_or(RevealChoice::Done, |word| word.0),
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

    fn get<T: FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<Option<T>, Failure> {
        let parse = |text: &str| {
            text.parse().map_err(|error| {
                Failure::usage(format!("{name}: '{text}' cannot be used: {error} (from the environment)"))
            })
        };
        self.0.get(name).map(parse).transpose()
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

fn or<T: FromStr<Err: std::fmt::Display>>(
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

fn log_access(access: &Access<'_>) {
    let Access { method, path, status, took } = access;
    let time = jiff::Timestamp::now();
    let milliseconds = took.as_secs_f64() * 1e3;
    out::note(&format!("time={time:.3} method={method} path={path:?} status={status} duration_ms={milliseconds:.3}"));
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

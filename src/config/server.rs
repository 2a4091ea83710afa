//! The settings of `bench serve` and `bench mcp`: their options, resolved and checked by the same layers as those of a
//! run.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::environment::Environment;
use super::error::ConfigError;
use super::file::ConfigFile;
use super::layers::{Layers, plain, switch, word};
use super::origin::Origin;
use super::paths::{name_or_path, path};
use super::server_options::{LogForm, RevealChoice, ServerOptions};
use crate::log::CLIENT;

/// The port of a Hugging Face Space.
const PORT: u16 = 7860;
/// The port at which hosts of `OpenEnv` look for a server.
const OPENENV_PORT: u16 = 8000;
/// The default number of connections that a server has at once.
const CONNECTIONS: usize = 16_384;
/// The longest time that an episode may be idle, in seconds: ten years, which can still be added to a time of the clock.
const LONGEST_TTL: u64 = 10 * 365 * 24 * 60 * 60;

/// The settings of the episodes, which `serve` and `mcp` share.
#[derive(Debug, Clone)]
pub struct EpisodeSettings {
    /// The name of the suite.
    pub suite: String,
    /// A folder of scenario files, or of fault families, that are laid over the suite.
    pub overlay: Option<PathBuf>,
    /// The time from which breakdowns of a grade name right answers.
    pub reveal: RevealChoice,
    /// The settings of an exam. `None` if no exam is held.
    pub exam: Option<ExamSettings>,
}

/// The settings of the run that an exam keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExamSettings {
    /// The name of the contestant in the tables of the run.
    pub label: String,
    /// The number of episodes of each scenario that count, at least 1.
    pub epochs: u32,
    /// The results folder.
    pub out: PathBuf,
}

/// The settings of a server.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// The settings of the episodes.
    pub episodes: EpisodeSettings,
    /// The address to listen at.
    pub host: String,
    /// The port to listen at; 0 takes a free one.
    pub port: u16,
    /// Whether `/health` and `/state` answer as hosts of `OpenEnv` expect.
    pub openenv: bool,
    /// The token that starts runs by `POST /baseline`, without surrounding white space. `None` if none was given.
    pub token: Option<SecretString>,
    /// The time without use after which an episode is removed. `None` for the server's own default.
    pub session_ttl: Option<Duration>,
    /// The largest number of episodes at once. `None` for the server's own default.
    pub max_sessions: Option<usize>,
    /// The largest number of connections at once.
    pub max_connections: usize,
    /// The largest body, in bytes. `None` for the server's own default.
    pub max_body: Option<usize>,
    /// The largest number of requests and messages a second from one address. `None` for any number.
    pub rate_limit: Option<u32>,
    /// The origins whose web pages may use the server.
    pub allow_origin: Vec<String>,
    /// The path under which a proxy shows the server.
    pub root_path: String,
    /// The folder whose runs the page shows. `None` if none was named.
    pub results: Option<PathBuf>,
    /// The folder whose runs the page shows if none was named and the server can be reached from this machine only.
    pub usual_results: PathBuf,
    /// The form of the server's messages on stderr.
    pub log: LogForm,
}

impl EpisodeSettings {
    /// Resolves the options that `serve` and `mcp` share.
    ///
    /// # Errors
    /// Returns an error that says which option is wrong and which layer set it.
    pub fn resolve(flags: &ServerOptions, environment: &Environment, file: &ConfigFile) -> Result<Self, ConfigError> {
        Self::picked(&mut Layers::new(flags, environment, &file.server), file)
    }

    fn picked(l: &mut Layers<'_, ServerOptions>, file: &ConfigFile) -> Result<Self, ConfigError> {
        Ok(Self {
            suite: l.read("suite", "BENCH_SUITE", |o| o.suite.clone(), name_or_path, "classic".to_owned())?.value,
            overlay: l.read_optional("scenarios", "BENCH_SCENARIOS", |o| o.scenarios.clone(), path)?.value,
            reveal: l.read("reveal", "BENCH_REVEAL", |o| o.reveal, word, RevealChoice::Done)?.value,
            exam: ExamSettings::picked(l, file)?,
        })
    }
}

impl ExamSettings {
    fn picked(l: &mut Layers<'_, ServerOptions>, file: &ConfigFile) -> Result<Option<Self>, ConfigError> {
        if !l.read("exam", "BENCH_EXAM", |o| o.exam, switch, false)?.value {
            let flags = l.flags;
            let given =
                [("label", flags.label.is_some()), ("epochs", flags.epochs.is_some()), ("out", flags.out.is_some())];
            // Variables and files may hold the options of an exam that another call of the program holds.
            return match given.into_iter().find(|(_, is_given)| *is_given) {
                Some((name, _)) => {
                    Err(ConfigError::option(name, "only an exam is kept; give --exam too", Origin::Flag))
                }
                None => Ok(None),
            };
        }
        let epochs = l.read("epochs", "BENCH_EPOCHS", |o| o.epochs, plain, 1)?.at_least(1)?.value;
        let label = l.read("label", "BENCH_LABEL", |o| o.label.clone(), plain, CLIENT.to_owned())?;
        if label.value.trim().is_empty() {
            return Err(label.error("is empty"));
        }
        let out = l.read("out", "BENCH_OUT", |o| o.out.clone(), path, usual_results(file))?.value;
        Ok(Some(Self { label: label.value.trim().to_owned(), epochs, out }))
    }
}

impl ServerSettings {
    /// Resolves the options of `bench serve`.
    ///
    /// # Errors
    /// Returns an error that says which option is wrong and which layer set it.
    pub fn resolve(flags: &ServerOptions, environment: &Environment, file: &ConfigFile) -> Result<Self, ConfigError> {
        let l = &mut Layers::new(flags, environment, &file.server);
        let openenv = l.read("openenv", "BENCH_OPENENV", |o| o.openenv, switch, false)?.value;
        let ttl = l.read_optional("session-ttl", "BENCH_SESSION_TTL", |o| o.session_ttl, plain)?.at_least(1)?.value;
        Ok(Self {
            host: l.read("host", "BENCH_HOST", |o| o.host.clone(), plain, "127.0.0.1".to_owned())?.value,
            port: port(l, openenv)?,
            openenv,
            token: token(l)?,
            session_ttl: ttl.map(|seconds| Duration::from_secs(seconds.min(LONGEST_TTL))),
            max_sessions: most(l, "max-sessions", "BENCH_MAX_SESSIONS", |o| o.max_sessions)?,
            max_connections: most(l, "max-connections", "BENCH_MAX_CONNECTIONS", |o| o.max_connections)?
                .unwrap_or(CONNECTIONS),
            max_body: most(l, "max-body", "BENCH_MAX_BODY", |o| o.max_body)?,
            rate_limit: l.read_optional("rate-limit", "BENCH_RATE_LIMIT", |o| o.rate_limit, plain)?.at_least(1)?.value,
            allow_origin: origins(l)?,
            root_path: l.read("root-path", "BENCH_ROOT_PATH", |o| o.root_path.clone(), plain, "/".to_owned())?.value,
            results: l.read_optional("results", "BENCH_RESULTS", |o| o.results.clone(), path)?.value,
            usual_results: usual_results(file),
            log: l.read("log", "BENCH_LOG", |o| o.log, word, LogForm::Text)?.value,
            episodes: EpisodeSettings::picked(l, file)?,
        })
    }
}

/// Returns the results folder of a run without `--out`.
fn usual_results(file: &ConfigFile) -> PathBuf {
    file.options.out.clone().unwrap_or_else(|| PathBuf::from("results"))
}

/// Resolves the port. Hosts of `OpenEnv` set it by the variable `PORT`.
fn port(l: &mut Layers<'_, ServerOptions>, openenv: bool) -> Result<u16, ConfigError> {
    let by_host = openenv && l.variable("BENCH_PORT").is_none();
    let variable = if by_host { "PORT" } else { "BENCH_PORT" };
    let usual = if openenv { OPENENV_PORT } else { PORT };
    Ok(l.read("port", variable, |o| o.port, plain, usual)?.value)
}

/// Resolves a limit, which must be at least 1.
fn most(
    l: &mut Layers<'_, ServerOptions>,
    name: &'static str,
    variable: &'static str,
    field: impl Fn(&ServerOptions) -> Option<usize>,
) -> Result<Option<usize>, ConfigError> {
    Ok(l.read_optional(name, variable, field, plain)?.at_least(1)?.value)
}

/// Resolves the token, which no report and no error shows.
fn token(l: &Layers<'_, ServerOptions>) -> Result<Option<SecretString>, ConfigError> {
    let variable = l.variable("BENCH_TOKEN").map(|(name, text)| (name, text.into()));
    let Some((token, origin)) = l.highest(|o| o.token.clone(), variable) else { return Ok(None) };
    match token.expose_secret().trim() {
        "" => Err(ConfigError::option("token", "is empty", origin)),
        token => Ok(Some(token.into())),
    }
}

/// Resolves the origins that may use the server. The variable separates them by commas.
fn origins(l: &mut Layers<'_, ServerOptions>) -> Result<Vec<String>, ConfigError> {
    let list = |text: String| text.split(',').map(str::to_owned).collect();
    let variable = l.variable("BENCH_ALLOW_ORIGIN").map(|(name, text)| (name, list(text)));
    let picked = l.list("allow-origin", |o| &o.allow_origin, variable);
    let origins: Vec<_> = picked.value.iter().map(|origin| origin.trim().trim_end_matches('/').to_owned()).collect();
    match origins.iter().find(|origin| !is_origin(origin)) {
        Some(wrong) => {
            Err(picked.error(format!("'{wrong}' is no origin; expected one such as https://example.com:8443, or *")))
        }
        None => Ok(origins),
    }
}

/// Returns whether a browser can send this text as an origin: a scheme and an authority without a path.
fn is_origin(text: &str) -> bool {
    matches!(text, "*" | "null")
        || text.split_once("://").is_some_and(|(scheme, authority)| {
            !scheme.is_empty() && !authority.is_empty() && !authority.contains(['/', ' ', '?', '#', '@'])
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(flags: &ServerOptions, variables: &[(&str, &str)], file: &str) -> Result<ServerSettings, String> {
        let mut environment = Environment::default();
        for (name, value) in variables {
            environment.remember(name, value);
        }
        let file = ConfigFile::parse("bench.toml", file).map_err(|error| error.to_string())?;
        ServerSettings::resolve(flags, &environment, &file).map_err(|error| error.to_string())
    }

    #[test]
    fn the_highest_layer_that_has_an_option_wins() {
        let flags = ServerOptions { max_sessions: Some(4), ..ServerOptions::default() };
        let (variable, file) = ([("BENCH_MAX_SESSIONS", "3")], "[serve]\nmax-sessions = 2");
        let none = ServerOptions::default();
        for (flags, variables, file, expected) in [
            (&none, &[][..], "", None),
            (&none, &[], file, Some(2)),
            (&none, &variable, file, Some(3)),
            (&flags, &variable, file, Some(4)),
            // A variable that the command line overrules is not even read.
            (&flags, &[("BENCH_MAX_SESSIONS", "x")], file, Some(4)),
        ] {
            assert_eq!(resolve(flags, variables, file).unwrap().max_sessions, expected, "{variables:?} {file}");
        }
    }

    #[test]
    fn an_error_names_the_option_and_where_it_was_set() {
        let rate = ServerOptions { rate_limit: Some(0), ..ServerOptions::default() };
        let origin = ServerOptions { allow_origin: vec!["lab".to_owned()], ..ServerOptions::default() };
        let kept = ServerOptions { label: Some("x".to_owned()), ..ServerOptions::default() };
        let none = ServerOptions::default();
        for (flags, variables, file, expected) in [
            (&rate, &[][..], "", "--rate-limit: must be at least 1 (from the command line)"),
            (&none, &[("BENCH_RATE_LIMIT", "0")], "", "--rate-limit: must be at least 1 (from BENCH_RATE_LIMIT)"),
            (&none, &[], "[serve]\nrate-limit = 0", "--rate-limit: must be at least 1 (from bench.toml)"),
            (
                &none,
                &[("BENCH_PORT", "x")],
                "",
                "--port: 'x' cannot be used: invalid digit found in string (from BENCH_PORT)",
            ),
            (
                &none,
                &[("BENCH_REVEAL", "later")],
                "",
                "--reveal: expected never, done or always, found 'later' (from BENCH_REVEAL)",
            ),
            (&none, &[("BENCH_LOG", "x")], "", "--log: expected text or json, found 'x' (from BENCH_LOG)"),
            (&none, &[("BENCH_EXAM", "maybe")], "", "--exam: expected 1 or 0, found 'maybe' (from BENCH_EXAM)"),
            (&none, &[], "[serve]\ntoken = ' '", "--token: is empty (from bench.toml)"),
            (&none, &[], "[serve]\nexam = true\nepochs = 0", "--epochs: must be at least 1 (from bench.toml)"),
            (&kept, &[], "", "--label: only an exam is kept; give --exam too (from the command line)"),
            (
                &origin,
                &[],
                "",
                "--allow-origin: 'lab' is no origin; expected one such as https://example.com:8443, or * (from the command line)",
            ),
        ] {
            assert_eq!(resolve(flags, variables, file).unwrap_err(), expected);
        }
    }

    #[test]
    fn keys_that_no_option_has_are_errors() {
        let error = resolve(&ServerOptions::default(), &[], "[serve]\nmax-session = 1").unwrap_err();
        assert!(error.contains("unknown field `max-session`") && error.contains("serve"), "{error}");
        let error = resolve(&ServerOptions::default(), &[], "[serve]\nport = 'x'").unwrap_err();
        assert!(error.starts_with("cannot read bench.toml: ") && error.contains("serve.port"), "{error}");
    }

    #[test]
    fn the_port_of_a_host_counts_for_hosts_of_openenv() {
        for (variables, file, expected) in [
            (&[][..], "", PORT),
            (&[("PORT", "1")], "", PORT),
            (&[("BENCH_OPENENV", "1")], "", OPENENV_PORT),
            (&[("BENCH_OPENENV", "1"), ("PORT", "1")], "[serve]\nport = 2", 1),
            (&[("BENCH_OPENENV", "1"), ("PORT", "1"), ("BENCH_PORT", "3")], "", 3),
            (&[], "[serve]\nport = 2\nopenenv = true", 2),
        ] {
            assert_eq!(
                resolve(&ServerOptions::default(), variables, file).unwrap().port,
                expected,
                "{variables:?} {file}"
            );
        }
    }

    #[test]
    fn an_exam_is_kept_where_the_nearest_layer_says() {
        let exam = |variables: &[(&str, &str)], file: &str| {
            let flags = ServerOptions { exam: Some(true), ..ServerOptions::default() };
            resolve(&flags, variables, file).unwrap().episodes.exam.unwrap()
        };
        let usual = ExamSettings { label: CLIENT.to_owned(), epochs: 1, out: PathBuf::from("results") };
        assert_eq!(exam(&[], ""), usual);
        assert_eq!(exam(&[], "out = 'runs'").out, PathBuf::from("runs"));
        assert_eq!(exam(&[], "out = 'runs'\n[serve]\nout = 'exams'").out, PathBuf::from("exams"));
        assert_eq!(exam(&[("BENCH_OUT", "mine")], "[serve]\nout = 'exams'").out, PathBuf::from("mine"));
        assert_eq!(exam(&[("BENCH_LABEL", " me ")], "").label, "me");
        // Without an exam, variables and files may still describe one.
        let none = resolve(&ServerOptions::default(), &[("BENCH_LABEL", "me")], "[serve]\nepochs = 3").unwrap();
        assert_eq!(none.episodes.exam, None);
    }

    #[test]
    fn origins_of_a_variable_have_commas_between_them() {
        let two = resolve(&ServerOptions::default(), &[("BENCH_ALLOW_ORIGIN", "https://a.example/, *")], "").unwrap();
        assert_eq!(two.allow_origin, ["https://a.example", "*"]);
        let one = resolve(&ServerOptions::default(), &[], "[serve]\nallow-origin = 'null'").unwrap();
        assert_eq!(one.allow_origin, ["null"]);
    }
}

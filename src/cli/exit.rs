//! The end of a command: messages, hints, and the only table of exit codes.

use std::process::ExitCode;

use super::out;
use crate::chat::{ChatError, ErrorKind};
use crate::config::ConfigError;
use crate::log::RecordError;
use crate::log::join::JoinError;
use crate::log::reader::ReadError;
use crate::log::store::{FindError, LockError, StoreError};
use crate::run::HubError;
use crate::run::plan::PlanError;

/// The way in which a command ended that did its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Status {
    /// The command did what it was asked to do.
    Done,
    /// A gate failed; the text says which one.
    GateFailed(String),
    /// The data cannot decide a comparison.
    NotDecided(String),
    /// More episodes are void than are tolerated; `run::outcome` and `run::dry_run` decide it.
    Void(String),
    /// A limit of the run is reached; the text says which one, and how the run can go on.
    BudgetSpent(String),
    /// The user stopped the command; the text says what is kept.
    Interrupted(String),
}

/// The reason for which a command could not do its work.
#[derive(Debug)]
pub(super) struct Failure {
    kind: FailureKind,
    message: String,
    hint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FailureKind {
    /// The usage or the configuration is wrong.
    Usage,
    /// Something else failed, such as the disk.
    Other,
    /// The reader of the output has gone.
    BrokenPipe,
}

impl Failure {
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self { kind: FailureKind::Usage, message: message.into(), hint: None }
    }

    pub(super) fn other(message: impl Into<String>) -> Self {
        Self { kind: FailureKind::Other, message: message.into(), hint: None }
    }

    /// Returns the message, which says what failed and on what.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// Says which argument the failure is about.
    pub(super) fn about(mut self, argument: &str) -> Self {
        self.message = format!("{argument}: {}", self.message);
        self
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let hint = error.hint();
        Self { hint, ..Self::usage(error.to_string()) }
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        Self::usage(error.to_string()).hint("`bench list scenarios` names what there is")
    }
}

impl From<FindError> for Failure {
    fn from(error: FindError) -> Self {
        let failure = Self::usage(error.to_string());
        match error {
            FindError::NoManifest(_) => failure.hint(NO_MANIFEST_HINT),
            FindError::Store(error) => error.into(),
            FindError::NoRuns(_) | FindError::Unknown(_) | FindError::Ambiguous { .. } => failure,
        }
    }
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Manifest { .. } => Self::other(error.to_string()).hint(NO_MANIFEST_HINT),
            RecordError::Log { problem: ReadError::Version { .. }, .. } => Self::other(error.to_string()),
            RecordError::Log { .. } => Self::other(error.to_string()).hint(DAMAGED_HINT),
            RecordError::Store(error) => error.into(),
        }
    }
}

impl From<JoinError> for Failure {
    fn from(error: JoinError) -> Self {
        let failure = Self::usage(error.to_string());
        match error {
            JoinError::Strangers { .. } => {
                failure.hint("suite, prompts, graders, models, epochs, seed and N must be the same")
            }
            _ => failure,
        }
    }
}

/// The advice for a `run.json` that is missing or damaged.
const NO_MANIFEST_HINT: &str =
    "bring run.json back from a copy; without it the log cannot be read, and the run must be started anew";

/// The advice for a log with damaged lines.
const DAMAGED_HINT: &str =
    "'bench report RUN --skip-damaged' shows the episodes that are whole; 'bench resume RUN' plays the others again";

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::other(error.to_string())
            .hint("check the space and the permissions there, or choose another folder with --out")
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Taken(_) => Self::usage(error.to_string()).hint("wait for it, or stop it first"),
            LockError::Store(error) => error.into(),
        }
    }
}

impl From<HubError> for Failure {
    fn from(error: HubError) -> Self {
        Self::other(error.to_string())
            .hint("the run was stopped, because nothing may go on without its log; what was written before is kept")
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let kind =
            if error.kind() == std::io::ErrorKind::BrokenPipe { FailureKind::BrokenPipe } else { FailureKind::Other };
        Self { kind, message: format!("cannot write the output: {error}"), hint: None }
    }
}

/// Returns advice for a fault of an endpoint, if there is any.
pub(super) fn endpoint_hint(error: &ChatError) -> Option<&'static str> {
    match error.kind {
        ErrorKind::Auth => {
            Some("the endpoint refuses the key: check the variable that holds it, or name another with --api-key-env")
        }
        ErrorKind::UnknownModel => Some("check the model's name; `bench list models` shows the short names"),
        ErrorKind::Quota => Some("the account has no credit left"),
        ErrorKind::BadRequest if error.message.to_lowercase().contains("max") && error.message.contains("tokens") => {
            Some("the endpoint may take a lower limit on the tokens of an answer: --max-tokens 4096, or 2048")
        }
        ErrorKind::BadRequest => {
            Some("the endpoint does not take this form of request; try --protocol auto or text, or --temperature none")
        }
        ErrorKind::ProxyRefused => Some(
            "the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names refuses the connection; NO_PROXY names hosts that are reached without it",
        ),
        ErrorKind::Certificate => Some(
            "if a company opens the traffic, set SSL_CERT_FILE to a file with its certificate and those of the system",
        ),
        ErrorKind::Connect => {
            Some("is the endpoint running, and is --base-url right? where the error names a proxy, is that running?")
        }
        ErrorKind::NotFound => Some("--base-url should end before /chat/completions, often in /v1"),
        ErrorKind::Redirect => Some("give the address that it redirects to as --base-url"),
        ErrorKind::HtmlBody => {
            Some("a web page answered: --base-url should end before /chat/completions, often in /v1")
        }
        _ => None,
    }
}

/// Prints how a command ended, and returns its exit code.
pub(super) fn report(result: Result<Status, Failure>) -> ExitCode {
    match result {
        Ok(Status::Done) => ExitCode::SUCCESS,
        Ok(Status::GateFailed(message)) => ended("gate failed", &message, 1),
        Ok(Status::NotDecided(message)) => ended("not decided", &message, 3),
        Ok(Status::Void(message)) => ended("void", &message, 4),
        Ok(Status::BudgetSpent(message)) => ended("budget spent", &message, 5),
        Ok(Status::Interrupted(message)) => ended("interrupted", &message, 130),
        Err(failure) => {
            let code = match failure.kind {
                // A reader that stops early, such as `head`, is not an error.
                FailureKind::BrokenPipe => return ExitCode::SUCCESS,
                FailureKind::Usage => 2,
                FailureKind::Other => 70,
            };
            let code = ended("error", &failure.message, code);
            if let Some(hint) = failure.hint {
                out::say("hint", &hint);
            }
            code
        }
    }
}

fn ended(word: &str, message: &str, code: u8) -> ExitCode {
    out::say(word, message);
    ExitCode::from(code)
}

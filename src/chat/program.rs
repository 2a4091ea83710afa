//! A program that plays: its command, and the part of the environment that it gets.

use std::fmt;
use std::io;
use std::process::Stdio;

use secrecy::{ExposeSecret, SecretString};
use tokio::process::Command;

use super::wire::Secrets;

/// A program, and what it is started with.
#[derive(Clone, Default)]
pub struct Program {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// The environment that it gets.
    pub environment: ProgramEnvironment,
}

/// How the environment of a program differs from that of this process.
#[derive(Clone, Default)]
pub struct ProgramEnvironment {
    /// The variables that it does not inherit.
    pub withheld: Vec<String>,
    /// The variables that it is given because the user named them, with their values.
    pub given: Vec<(String, SecretString)>,
    /// The variables that the user named and that are not set.
    pub unset: Vec<String>,
    /// What is removed from all that it says before anybody sees it.
    pub secrets: Secrets,
}

impl fmt::Debug for ProgramEnvironment {
    /// Shows no values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given: Vec<_> = self.given.iter().map(|(name, _)| name).collect();
        f.debug_struct("ProgramEnvironment")
            .field("withheld", &self.withheld)
            .field("given", &given)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("words", &self.words).field("environment", &self.environment).finish()
    }
}

impl Program {
    /// Makes the command that starts it, with pipes for all that it reads and writes.
    pub(super) fn command(&self) -> io::Result<Command> {
        let (program, arguments) = self
            .words
            .split_first()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "there is no command"))?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        for name in &self.environment.withheld {
            command.env_remove(name);
        }
        for (name, value) in &self.environment.given {
            command.env(name, value.expose_secret());
        }
        Ok(command)
    }
}

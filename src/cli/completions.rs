//! `bench completions`: prints the completion script of a shell.

use clap::CommandFactory;

use super::args::{Cli, CompletionsArgs};
use super::exit::{Failure, Status};
use super::out;

pub(super) fn execute(args: &CompletionsArgs) -> Result<Status, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "bench", &mut text);
    out::result(&String::from_utf8_lossy(&text))?;
    Ok(Status::Done)
}

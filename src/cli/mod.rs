//! The command line: arguments, commands, and their output.

mod args;
mod completions;
mod doctor;
mod exit;
mod interrupts;
mod kept;
mod out;
mod run;
mod serve;
mod setup;
mod suite;

use std::process::ExitCode;

pub use args::Cli;
use args::Command;
use exit::{Failure, Status};

/// Runs the command that the arguments name, and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    let cli = match Cli::read(arguments) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    cli.color.write_global();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::report(Err(Failure::other(format!("cannot start the async runtime: {error}")))),
    };
    let result = runtime.block_on(execute(cli));
    // Abandoned requests may still wait for their sockets; the process need not wait for them.
    runtime.shutdown_background();
    exit::report(result)
}

async fn execute(cli: Cli) -> Result<Status, Failure> {
    interrupts::survive_file_size_limit();
    match cli.command {
        None => run::execute(&cli.run).await,
        Some(Command::Run(run)) => run::execute(&run).await,
        Some(Command::List(args)) => kept::list::execute(&args),
        Some(Command::Doctor(args)) => doctor::execute(&args).await,
        Some(Command::Resume(args)) => run::resume::execute(&args).await,
        Some(Command::Worker(args)) => run::worker::execute(&args).await,
        Some(Command::Merge(args)) => run::merge::execute(&args).await,
        Some(Command::Compare(args)) => kept::compare::execute(&args),
        Some(Command::Power(args)) => kept::power::execute(&args),
        Some(Command::VerifyRun(args)) => kept::verify_run::execute(&args),
        Some(Command::Regrade(args)) => kept::regrade::execute(&args).await,
        Some(Command::Report(args)) => kept::report::execute(&args),
        Some(Command::Generate(args)) => suite::generate::execute(&args),
        Some(Command::NewSecret) => suite::new_secret::execute(),
        Some(Command::Verify(args)) => suite::verify::execute(&args),
        Some(Command::Explain(args)) => suite::explain::execute(&args),
        Some(Command::Serve(args)) => serve::execute(&args).await,
        Some(Command::Mcp(args)) => serve::mcp::execute(&args),
        Some(Command::Completions(completions)) => completions::execute(&completions),
    }
}

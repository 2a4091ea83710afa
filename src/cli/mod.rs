//! The command line.

mod args;
mod audit;
mod baselines;
mod build;
mod compare;
mod completions;
mod doctor;
mod dry_run;
mod estimate;
mod exams;
mod exit;
mod generate;
mod interrupts;
mod list;
mod logs;
mod mcp;
mod merge;
mod out;
mod play;
mod queue;
mod report;
mod resume;
mod run;
mod serve;
mod shown;
mod worker;

use std::process::ExitCode;

use clap::Parser;

pub use args::Cli;
use args::Command;
use exit::{Failure, Status};

/// Runs the command that the arguments name, and says how it ended.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.color.write_global();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::report(Err(Failure::other(format!("cannot start the async runtime: {error}")))),
    };
    let result = runtime.block_on(execute(cli));
    // Requests that were given up may still wait for their sockets; the process need not.
    runtime.shutdown_background();
    exit::report(result)
}

async fn execute(cli: Cli) -> Result<Status, Failure> {
    match cli.command {
        None => run::execute(&cli.run).await,
        Some(Command::Run(run)) => run::execute(&run).await,
        Some(Command::List(list)) => list::execute(&list),
        Some(Command::Doctor(doctor)) => doctor::execute(&doctor).await,
        Some(Command::Resume(resume)) => resume::execute(&resume).await,
        Some(Command::Worker(args)) => worker::execute(&args).await,
        Some(Command::Merge(args)) => merge::execute(&args).await,
        Some(Command::Compare(args)) => compare::execute(&args),
        Some(Command::VerifyRun(verify)) => audit::verify_run(&verify),
        Some(Command::Regrade(regrade)) => audit::regrade(&regrade).await,
        Some(Command::Report(report)) => report::execute(&report),
        Some(Command::Generate(args)) => generate::generate(&args),
        Some(Command::Verify(args)) => generate::verify_suite(&args),
        Some(Command::Explain(args)) => generate::explain_one(&args),
        Some(Command::Serve(args)) => serve::execute(&args).await,
        Some(Command::Mcp(args)) => mcp::execute(&args),
        Some(Command::Completions(completions)) => completions::execute(&completions),
    }
}

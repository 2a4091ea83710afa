//! `bench explain`: prints the whole truth about one generated incident, with its answers.

use std::fmt::Write;

use crate::cli::args::suite::ExplainArgs;
use crate::cli::exit::{Failure, Status};
use crate::cli::out;
use crate::cli::setup::suite::{library, read_suite, world};
use incident_env::{Diagnostic, UnknownName};
use incident_generate::{Level, World, explain, read};

/// Prints the explanation of an incident, and on request every record that can be read at its alert.
pub(in crate::cli) fn execute(args: &ExplainArgs) -> Result<Status, Failure> {
    let library = library(args.families.scenarios.as_deref())?;
    let level: Level = args.level.parse().map_err(|error: UnknownName| Failure::usage(error.to_string()))?;
    let suite = format!("{level},seed={},count=1", args.seed);
    let suite = read_suite(&args.knobs.iter().fold(suite, |suite, knob| format!("{suite},{knob}")))?;
    let world = world(suite.incident(&library, level, args.number), &library)?;
    let mut text = explain(&world);
    if args.records {
        text += &records(&world);
    }
    out::result(&text)?;
    Ok(Status::Done)
}

/// Writes every record that can be read at the alert, by entity and tool.
fn records(world: &World) -> String {
    let mut text = "\nRecords at the alert\n".to_owned();
    let state = world.start();
    let topology = &world.incident.topology;
    for at in topology.ids() {
        for tool in Diagnostic::ALL {
            let sheet = read(world, &state, at, tool);
            let _ = writeln!(text, "\n{} {}\n{}", tool.as_str(), topology.name(at), sheet.text);
        }
    }
    text
}

//! `bench power`: says how many incidents and epochs show a difference, and which difference given ones show.

use std::collections::BTreeSet;

use super::compare;
use crate::cli::args::kept::{PowerArgs, PowerFormat};
use crate::cli::exit::{Failure, Status};
use crate::cli::out;
use crate::cli::setup::{results, suite};
use crate::log::store::{Store, pretty};
use crate::report::power::{Assumptions, Question, Subjects, answer, render};

/// Prints the plan. It plays nothing, and reads nothing but the kept runs that are named.
pub(in crate::cli) fn execute(args: &PowerArgs) -> Result<Status, Failure> {
    let subjects = subjects(args)?;
    let question = question(args, &subjects)?;
    let given = Assumptions { within: args.within, between: args.between, correlation: args.correlation };
    let answer = answer(&question, &given, &subjects).ok_or_else(|| {
        Failure::usage(format!("no number of incidents can show a difference of {}", args.difference))
            .hint("give a greater --difference, a lower --power or a higher --alpha")
    })?;
    out::result(&match args.format {
        PowerFormat::Table => render(&answer),
        PowerFormat::Json => String::from_utf8_lossy(&pretty(&answer)).into_owned(),
    })?;
    Ok(Status::Done)
}

/// The contestants of the named runs.
fn subjects(args: &PowerArgs) -> Result<Subjects, Failure> {
    if args.runs.is_empty() {
        return Ok(Subjects::default());
    }
    let store = Store::new(results(args.results.out.as_deref())?);
    let load = |name: &String| compare::load(&store, name).map(|loaded| loaded.summary);
    let summaries = args.runs.iter().map(load).collect::<Result<Vec<_>, _>>()?;
    let mut seen = BTreeSet::new();
    if let Some(twice) = summaries.iter().find(|summary| !seen.insert(&summary.run.id)) {
        return Err(Failure::usage(format!("run {} is named twice", twice.run.id)));
    }
    let mut subjects = Subjects::of(&summaries)
        .map_err(|other| Failure::usage(other.to_string()).hint("ask about one suite at a time"))?;
    if let Some(unknown) = args.contestant.iter().find(|name| !subjects.names().contains(&name.as_str())) {
        let names = subjects.names().join(", ");
        return Err(Failure::usage(format!("--contestant '{unknown}' has no scores there; these have: {names}")));
    }
    subjects.keep(&args.contestant);
    if subjects.names().is_empty() {
        let message = format!("{} has no scores, and so no spread", args.runs.join(", "));
        return Err(Failure::usage(message).hint("without a run, the spread is assumed"));
    }
    Ok(subjects)
}

fn question(args: &PowerArgs, subjects: &Subjects) -> Result<Question, Failure> {
    let of_runs = subjects.size();
    let asked = args.incidents.map(|incidents| usize::try_from(incidents).unwrap_or(usize::MAX));
    let incidents = match (asked, args.suite.as_deref(), of_runs) {
        (Some(incidents), _, _) | (None, None, Some((incidents, _))) => incidents,
        (None, suite, _) => suite::size(suite.unwrap_or("classic"))?,
    };
    Ok(Question {
        difference: args.difference,
        power: args.power,
        alpha: args.alpha,
        incidents,
        epochs: args.epochs.or(of_runs.map(|(_, epochs)| epochs)).unwrap_or(1),
        paired: !args.unpaired,
    })
}

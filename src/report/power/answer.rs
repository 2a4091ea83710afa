//! Answers the question of a plan from the spread of some agents, or from an assumed one.

use super::advice::advice;
use super::question::{Assumptions, Question};
use super::shape::{Answer, ContestantAnswer, Needed, Needs, PairAnswer, SCHEMA};
use super::subjects::{Basis, Subject, Subjects};
use crate::stats::spread::{Components, PairSpread, Spread};
use incident_env::Points;

/// The name of the agent whose spread is assumed.
const ANY: &str = "any agent";

/// Answers a question from the spread of some agents, or from assumptions if there are none. None if the question has
/// no answer, because its error or power is impossible or the numbers exceed 9·10¹⁵.
#[must_use]
pub fn answer(question: &Question, given: &Assumptions, subjects: &Subjects) -> Option<Answer> {
    let contestants: Vec<_> = if subjects.all.is_empty() {
        let assumed = (given.components(), Basis::Assumed);
        vec![of_contestant(question, given, None, assumed)?]
    } else {
        let of = |subject| of_contestant(question, given, Some(subject), subject.components(given));
        subjects.all.iter().map(of).collect::<Option<_>>()?
    };
    let mut found = Answer {
        schema: SCHEMA,
        difference: question.difference,
        power: question.power,
        alpha: question.alpha,
        incidents: question.incidents,
        epochs: question.epochs,
        paired: question.paired,
        correlation: correlation(question, given),
        runs: subjects.runs.iter().map(ToString::to_string).collect(),
        suite: (!subjects.all.is_empty()).then(|| subjects.suite.clone()),
        contestants,
        // A measured difference has no place for a part of the spread that the user gives.
        pairs: if question.paired && !given.any() { pairs(question, &subjects.all) } else { Vec::new() },
        advice: Vec::new(),
    };
    found.advice = advice(question, given, &found);
    Some(found)
}

fn correlation(question: &Question, given: &Assumptions) -> f64 {
    if question.paired { given.correlation() } else { 0.0 }
}

fn of_contestant(
    question: &Question,
    given: &Assumptions,
    subject: Option<&Subject>,
    (components, basis): (Components, Basis),
) -> Option<ContestantAnswer> {
    let played = subject.filter(|_| basis != Basis::Assumed);
    let alike = PairSpread::correlated(components, components, correlation(question, given));
    Some(ContestantAnswer {
        contestant: subject.map_or_else(|| ANY.to_owned(), |subject| subject.name.clone()),
        basis,
        scenarios_played: played.map_or(0, Subject::scenarios),
        epochs_played: played.map_or(0, |subject| subject.epochs),
        within_sd: round(components.within.sqrt()),
        between_sd: round(components.between.sqrt()),
        these_scenarios: gate(question, components.within)?,
        incidents_like_these: comparison(question, alike)?,
    })
}

/// The pairs of agents of which both have scores on the same scenarios.
fn pairs(question: &Question, subjects: &[Subject]) -> Vec<PairAnswer> {
    let mut pairs = Vec::new();
    for (at, a) in subjects.iter().enumerate() {
        for b in &subjects[at + 1..] {
            let Some((spread, basis)) = a.against(b) else { continue };
            let Some(needs) = comparison(question, spread) else { continue };
            pairs.push(PairAnswer {
                models: [a.name.clone(), b.name.clone()],
                basis,
                difference_sd: round(spread.between.sqrt()),
                incidents_like_these: needs,
            });
        }
    }
    pairs
}

/// What a gate needs: the scenarios are fixed, so only epochs vary.
fn gate(question: &Question, within: f64) -> Option<Needs> {
    let demand = question.gate()?;
    let spread = |epochs| Spread::fixed(within, within, epochs);
    Some(Needs {
        detectable: Some(round(demand.detectable_with(spread(question.epochs)?, question.incidents)?)),
        epochs: demand.epochs(within, within, question.incidents, question.difference),
        fewest_incidents: None,
        incidents: choices(question, |epochs| demand.scenarios(spread(epochs)?, question.difference))?,
    })
}

/// What a comparison over new incidents needs, by the t interval of the reports. An unpaired comparison has up to twice
/// its degrees of freedom, which would save an incident or two.
fn comparison(question: &Question, spread: PairSpread) -> Option<Needs> {
    let Question { difference, incidents, .. } = *question;
    let demand = question.comparison()?;
    let scenarios = |spread| demand.scenarios_by_t(spread, difference);
    let (here, by_t) = (spread.with_epochs(question.epochs)?, demand.by_t(incidents));
    Some(Needs {
        detectable: by_t.and_then(|demand| demand.detectable_with(here, incidents)).map(round),
        epochs: by_t.and_then(|demand| demand.epochs_over_new(spread, incidents, difference)),
        fewest_incidents: Some(scenarios(Spread { noise: 0.0, between: spread.between })?),
        incidents: choices(question, |epochs| scenarios(spread.with_epochs(epochs)?))?,
    })
}

fn choices(question: &Question, incidents: impl Fn(u32) -> Option<u64>) -> Option<Vec<Needed>> {
    let needed = |epochs| Some(Needed { epochs, incidents: incidents(epochs)? });
    question.epoch_choices().into_iter().map(needed).collect()
}

/// Rounds to four decimals, as all statistics in the JSON formats.
fn round(value: f64) -> f64 {
    Points::round(value).to_f64()
}

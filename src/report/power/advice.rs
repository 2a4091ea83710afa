//! The sentences of a plan: what to play, and how far its numbers can be trusted.

use std::fmt::Display;

use super::question::{Assumptions, Question};
use super::shape::{Answer, Needs, PairAnswer};
use super::subjects::Basis;

/// The relative error of a variance from which it is mentioned.
const UNCERTAIN: f64 = 0.2;

/// Says what follows from the numbers. Where there are several agents, the sentences are about the one that needs most,
/// so that what they ask for is enough for all.
pub(super) fn advice(question: &Question, given: &Assumptions, answer: &Answer) -> Vec<String> {
    let mut said = Vec::new();
    let (still, varying): (Vec<_>, Vec<_>) = answer.contestants.iter().partition(|found| found.within_sd <= 0.0);
    if let Some(hardest) = varying.iter().max_by_key(|found| found.these_scenarios.epochs) {
        let about = about(answer, &hardest.contestant);
        said.push(format!("These scenarios: {}", gate(question, &about, &hardest.these_scenarios)));
    }
    if !still.is_empty() {
        let names: Vec<_> = still.iter().map(|found| found.contestant.as_str()).collect();
        let play = if names.len() == 1 { "plays" } else { "play" };
        let names = names.join(", ");
        said.push(format!(
            "These scenarios: {names} {play} the same in every epoch, so one epoch shows any difference."
        ));
    }
    if let Some(hardest) = Hardest::of(answer) {
        let about = about(answer, &hardest.name);
        said.push(format!("Incidents like these: {}", comparison(question, &about, &hardest)));
        said.extend(once_or_often(question, &hardest));
        if !question.paired {
            said.push(pair_them(given));
        }
    }
    said.extend(limits(question, answer));
    said.extend(sources(answer));
    said
}

/// The comparison that needs the most incidents: a measured pair if there is one.
struct Hardest<'a> {
    name: String,
    needs: &'a Needs,
    basis: Basis,
    /// Whether the estimated spread between the incidents is 0.
    no_spread_between: bool,
}

impl<'a> Hardest<'a> {
    fn of(answer: &'a Answer) -> Option<Self> {
        let key = |needs: &Needs| needs.incidents_in(answer.epochs);
        let pair = answer.pairs.iter().max_by_key(|pair| key(&pair.incidents_like_these));
        let alone = answer.contestants.iter().max_by_key(|found| key(&found.incidents_like_these));
        let pair = pair.map(|pair| Self {
            name: pair_name(pair),
            needs: &pair.incidents_like_these,
            basis: pair.basis,
            no_spread_between: pair.difference_sd <= 0.0,
        });
        pair.or_else(|| {
            alone.map(|found| Self {
                name: found.contestant.clone(),
                needs: &found.incidents_like_these,
                basis: found.basis,
                no_spread_between: found.between_sd <= 0.0,
            })
        })
    }
}

/// The beginning of a sentence about one of several agents.
fn about(answer: &Answer, name: &str) -> String {
    if answer.contestants.len() > 1 { format!("for {name}, ") } else { String::new() }
}

fn gate(question: &Question, about: &str, needs: &Needs) -> String {
    let Question { difference, incidents, epochs, .. } = *question;
    let here = shown(incidents, epochs);
    if needs.is_met(question) {
        return format!("{about}{here} are enough to see a drop of {difference}.");
    }
    let Some(more) = needs.epochs else { return format!("{about}no number of epochs that can be played is enough.") };
    let others = needs.incidents_in(epochs).map(|needed| format!(", or {}", shown(needed, epochs))).unwrap_or_default();
    format!(
        "{about}play {}{others}, to see a drop of {difference}. Epochs and incidents are worth the same here, because \
         the scenarios are fixed.",
        shown(incidents, more)
    )
}

fn comparison(question: &Question, about: &str, hardest: &Hardest<'_>) -> String {
    let Question { difference, incidents, epochs, .. } = *question;
    let (needs, here) = (hardest.needs, shown(incidents, epochs));
    if needs.is_met(question) {
        return format!("{about}{here} are enough to see a difference of {difference}.");
    }
    let Some(more) = needs.incidents_in(epochs).map(|needed| shown(needed, epochs)) else {
        return format!("{about}{here} are not enough.");
    };
    let given = count(incidents, "incident");
    match needs.epochs {
        Some(epochs) => {
            format!("{about}play {more}, or {}, to see a difference of {difference}.", shown(incidents, epochs))
        }
        None if hardest.basis == Basis::OneEpoch => {
            format!(
                "{about}{given} may be too few for a difference of {difference} in any number of epochs. Play {more}."
            )
        }
        None => format!(
            "{about}no number of epochs shows a difference of {difference} on {given}, because incidents differ from \
             each other. Play at least {more}."
        ),
    }
}

/// Says whether epochs or incidents are the better use of episodes, if the parts of the spread are known.
fn once_or_often(question: &Question, hardest: &Hardest<'_>) -> Option<String> {
    if hardest.basis == Basis::OneEpoch {
        return Some(
            "A single epoch does not tell which part of the spread more epochs would take away: play two or more epochs \
             of some incidents, or give --within."
                .to_owned(),
        );
    }
    if hardest.no_spread_between {
        return (hardest.basis != Basis::Assumed).then(|| {
            format!(
                "The spread between incidents comes out as 0 for {}, as it can by chance where epochs vary much: rely on \
                 more incidents rather than on more epochs.",
                hardest.name
            )
        });
    }
    let often = if question.epochs > 1 { question.epochs } else { 3 };
    let (once, again) = (hardest.needs.incidents_in(1)?, hardest.needs.incidents_in(often)?);
    let episodes = again.checked_mul(u64::from(often))?;
    if once == again {
        return Some(format!("More epochs would not help: {} once show as much.", count(once, "incident")));
    }
    // A twentieth more is no reason to prefer one to the other.
    (once.saturating_mul(21) < episodes.saturating_mul(20)).then(|| {
        let times = match often {
            2 => "twice".to_owned(),
            3 => "three times".to_owned(),
            more => format!("{more} times"),
        };
        format!(
            "Play {} once rather than {again} {times}: that takes {once} episodes of each agent instead of {episodes}.",
            count(once, "incident")
        )
    })
}

fn pair_them(given: &Assumptions) -> String {
    format!(
        "Let both agents play the same incidents if you can: paired differences take their correlation, usually about \
         {}, out of the spread.",
        given.correlation()
    )
}

/// Says how little the numbers may mean.
fn limits(question: &Question, answer: &Answer) -> Vec<String> {
    let mut said = Vec::new();
    let needs = answer.contestants.iter().flat_map(|found| [&found.these_scenarios, &found.incidents_like_these]);
    let mut needs = needs.chain(answer.pairs.iter().map(|pair| &pair.incidents_like_these));
    if needs.any(|needs| needs.detectable.is_some_and(|detectable| detectable > 1.0)) {
        said.push(format!(
            "A smallest difference above 1 means that {} can show nothing, because scores lie between 0 and 1.",
            shown(question.incidents, question.epochs)
        ));
    }
    let played = answer.contestants.iter().map(|found| found.scenarios_played).filter(|played| *played > 1).min();
    if let Some(played) = played {
        #[expect(clippy::cast_precision_loss, reason = "counts of scenarios are small")]
        let relative = (2.0 / (played as f64 - 1.0)).sqrt();
        if relative > UNCERTAIN {
            said.push(format!(
                "The spread between incidents comes from {played} scenarios, so the incidents that it asks for are \
                 uncertain by about {:.0} % (one standard error).",
                relative * 100.0
            ));
        }
    }
    if answer.pairs.len().max(answer.contestants.len()) > 1 {
        said.push(format!(
            "The error of {} holds for each comparison. For all of them together, divide --alpha by their number.",
            question.alpha
        ));
    }
    said
}

/// Says what the spread comes from, where it was not measured.
fn sources(answer: &Answer) -> Vec<String> {
    let names = |basis| {
        let of_basis = answer.contestants.iter().filter(|found| found.basis == basis);
        let names: Vec<_> = of_basis.map(|found| found.contestant.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let mut said = Vec::new();
    if let Some(names) = names(Basis::OneEpoch) {
        said.push(format!(
            "{names}: a single epoch shows only the sum of both parts of the spread, so each part is taken to be all of it. \
             On average that asks for too much."
        ));
    }
    if let Some(names) = names(Basis::NoSpreadSeen) {
        said.push(format!(
            "{names}: every scenario had the same score in all its epochs. As in the gate, that is not taken for certainty: \
             the spread within incidents is that of the posterior pass rate."
        ));
    }
    if answer.runs.is_empty() {
        said.push(
            "The spread is assumed: name a kept run of your agents to measure it, or give --within, --between and \
             --correlation."
                .to_owned(),
        );
    } else if let Some(names) = names(Basis::Assumed) {
        said.push(format!(
            "{names}: a single epoch with the same score everywhere shows no spread, so one is assumed."
        ));
    }
    if answer.paired && answer.pairs.is_empty() {
        said.push(format!(
            "The correlation of two agents over incidents is taken to be {}; a run with both of them measures it.",
            answer.correlation
        ));
    }
    said
}

/// The names of a pair.
pub(super) fn pair_name(pair: &PairAnswer) -> String {
    pair.models.join(" and ")
}

/// A number of things, with the plural of their name where it is needed.
fn count(number: impl Display, thing: &str) -> String {
    let number = number.to_string();
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// Incidents and epochs, such as "9 incidents in 3 epochs".
pub(super) fn shown(incidents: impl Display, epochs: impl Display) -> String {
    format!("{} in {}", count(incidents, "incident"), count(epochs, "epoch"))
}

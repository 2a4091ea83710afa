//! What a run would do, before it does anything: the format `incident-bench/plan/1`, and the same as text.
//!
//! `docs/ARCHITECTURE.md` describes the keys of the JSON form.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};
use std::path::Path;

use serde::Serialize;

use super::score_table::{count, plural};
use crate::chat::Usage;
use crate::log::EpisodeKey;
use crate::log::shard::Shard;
use crate::run::{estimate, preflight};

/// The schema of the JSON form.
pub const SCHEMA: &str = "incident-bench/plan/1";

/// The agent of a contestant that is a program of the user's.
pub const EXEC: &str = "exec";

/// What a run would do. `Origin` says where an option was set, as a word in JSON and as a phrase in text.
#[derive(Debug, Serialize)]
pub struct Outlook<'a, Origin> {
    /// The schema, which is [`SCHEMA`].
    pub schema: &'static str,
    /// The name of the suite.
    pub suite: &'a str,
    /// The digest of the suite.
    pub suite_digest: &'a str,
    /// The name and version of the prompt set.
    pub prompts: String,
    /// The digest of the prompt set.
    pub prompts_digest: &'a str,
    /// The ids of the scenarios that would be played.
    pub scenarios: Vec<&'a str>,
    /// How often each scenario would be played.
    pub epochs: u32,
    /// The seed of everything random.
    pub seed: u64,
    /// The share of the episodes that would be played; all of them without one.
    pub shard: Option<Shard>,
    /// Where the numbers come from.
    pub basis: Basis,
    /// The folder of the recording, if the numbers come from one.
    pub recording: Option<&'a Path>,
    /// The contestants, in the order of the score table.
    pub rows: Vec<Planned<'a>>,
    /// Each option by its name, with its value and where it was set.
    pub options: BTreeMap<&'static str, (serde_json::Value, Origin)>,
}

/// Where the numbers of an outlook come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// They are an estimate by [`crate::run::estimate`].
    Estimate,
    /// They are what a recording comes to, so they are exact.
    Recording,
}

/// What one contestant would do.
#[derive(Debug, Serialize)]
pub struct Planned<'a> {
    /// The label of the contestant.
    pub model: String,
    /// The kind of agent, as in `run.json`.
    pub agent: String,
    /// How many episodes it would play.
    pub episodes: usize,
    /// How many model calls would succeed.
    pub calls: u64,
    /// What is known of models alone.
    #[serde(flatten)]
    pub asked: Option<Asked<'a>>,
}

/// How a model would be asked, and what that would cost.
#[derive(Debug, Serialize)]
pub struct Asked<'a> {
    /// The provider and the name of the model there.
    pub route: String,
    /// The base URL of its endpoint.
    pub base_url: &'a str,
    /// The state of its key: `set`, `none` if none is needed, or the variable that should hold it.
    pub key: String,
    /// The protocol, or `auto` before the endpoint was asked.
    pub protocol: String,
    /// What helps when a reply cannot be used: `fallback`, `repair` or `off`.
    pub assist: String,
    /// The tokens of the calls that would succeed.
    pub usage: Usage,
    /// The tokens of the check before the run.
    pub check_usage: Usage,
    /// The cost of all of them in USD; none if no price is known.
    pub cost_usd: Option<f64>,
    /// The upper bound, which an estimate has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Most>,
    /// What only a recording can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replayed: Option<Replayed>,
}

/// The most that a model can use, without shortened contexts and retries.
#[derive(Debug, Serialize)]
pub struct Most {
    /// The number of calls.
    pub calls: u64,
    /// The tokens of the answers.
    pub completion_tokens: u64,
}

/// What is known of a model from a recording only.
#[derive(Debug, Default, Serialize)]
pub struct Replayed {
    /// How many calls fail after all retries, including those that exceed the context of the model.
    pub failed_calls: usize,
    /// How many calls have no count of tokens.
    pub calls_without_usage: usize,
    /// How many episodes end without a score.
    pub void: usize,
    /// How many calls of the check before the run are answered.
    pub check_calls: usize,
    /// How many calls of the check before the run fail.
    pub check_failed_calls: usize,
    /// The tokens of the check before the run, which is recorded together with the episodes.
    pub check_usage: Usage,
    /// How many episodes end because the recording lacks a request.
    pub missing: usize,
    /// The first request that the recording lacks.
    pub first_miss: Option<FirstMiss>,
    /// Why the run would end before it begins.
    pub refused: Option<String>,
}

/// A request that a recording lacks.
#[derive(Debug, Serialize)]
pub struct FirstMiss {
    /// The episode that makes the request.
    pub episode: EpisodeKey,
    /// The step at which it makes the request.
    pub step: u32,
    /// How the request differs from the nearest one of the recording.
    pub difference: String,
}

impl Display for FirstMiss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, step {}: {}", self.episode, self.step, self.difference)
    }
}

/// The outlook as text for a person.
#[must_use]
pub fn render<Origin: Display>(outlook: &Outlook<'_, Origin>) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} × {} = {} for each contestant, suite {}, seed {}{}",
        plural(outlook.scenarios.len(), "scenario"),
        plural(outlook.epochs as usize, "epoch"),
        plural(outlook.scenarios.len() * outlook.epochs as usize, "episode"),
        outlook.suite,
        outlook.seed,
        outlook.shard.map(|shard| format!(", of which shard {shard} is played")).unwrap_or_default(),
    );
    for row in &outlook.rows {
        let _ = writeln!(text, "\n{}", row.model);
        if outlook.shard.is_some() {
            let _ = writeln!(text, "  episodes   {}", row.episodes);
        }
        match &row.asked {
            None if row.agent == EXEC => {
                let _ = writeln!(text, "  no calls of ours; a process an episode, {} in all", row.episodes);
            }
            None => text += "  no calls\n",
            Some(asked) => render_model(&mut text, row.calls, asked),
        }
    }
    let how = match outlook.recording {
        None => estimate::HOW.to_owned(),
        Some(folder) => format!(
            "calls and tokens come from the recording {}, through which every episode was played; nothing is estimated",
            folder.display()
        ),
    };
    let _ = writeln!(text, "\n{how}\n\noptions");
    for (name, (value, origin)) in &outlook.options {
        if !value.is_null() {
            let _ = writeln!(text, "  {name:18} {value}  ({origin})");
        }
    }
    text
}

fn render_model(text: &mut String, calls: u64, asked: &Asked<'_>) {
    let tokens = |usage: &Usage| format!("{} in, {} out", count(usage.prompt_tokens), count(usage.completion_tokens));
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:10} {value}");
    };
    let Some(replayed) = &asked.replayed else {
        line("route", asked.route.clone());
        line("endpoint", asked.base_url.to_owned());
        line("key", asked.key.clone());
        let auto = asked.protocol == "auto";
        let assumed = if auto { " (counted as json)" } else { "" };
        line("protocol", format!("{}{assumed}", asked.protocol));
        let turns = if auto {
            format!("{} to {} calls", preflight::TURNS, preflight::MOST_CALLS)
        } else {
            plural(preflight::TURNS as usize, "call")
        };
        line("check", format!("{turns} before the run; tokens: about {}", tokens(&asked.check_usage)));
        let most = asked.at_most.as_ref().map_or(0, |most| most.calls);
        let without = "without shortened contexts and retries";
        line("calls", format!("about {calls}, at most {most} ({without})"));
        let most = asked.at_most.as_ref().map_or(0, |most| most.completion_tokens);
        line("tokens", format!("about {}, at most {} out", tokens(&asked.usage), count(most)));
        line("cost", asked.cost_usd.map_or("price not known".to_owned(), |cost| format!("about ${cost:.4}")));
        return;
    };
    if let Some(refused) = &replayed.refused {
        line("endpoint", "none: the recording answers".to_owned());
        line("refused", format!("the run would end before it begins: {refused}"));
        return;
    }
    line("endpoint", "none: the recording answers".to_owned());
    line("protocol", asked.protocol.clone());
    let failed = |n: usize| if n == 0 { String::new() } else { format!(", and {n} that failed") };
    let check = plural(replayed.check_calls, "call");
    line("check", format!("{check}{}; tokens: {}", failed(replayed.check_failed_calls), tokens(&asked.check_usage)));
    line("calls", format!("{calls}{}", failed(replayed.failed_calls)));
    let uncounted = match replayed.calls_without_usage {
        0 => String::new(),
        n => format!("; the endpoint counted none for {}", plural(n, "call")),
    };
    line("tokens", format!("{}{uncounted}", tokens(&asked.usage)));
    let cost = asked.cost_usd.map(|cost| format!("nothing; ${cost:.4} when it was recorded, the check included"));
    line("cost", cost.unwrap_or_else(|| "nothing".to_owned()));
    if replayed.void > 0 {
        line("void", format!("{} would have no score", plural(replayed.void, "episode")));
    }
    if let Some(first) = &replayed.first_miss {
        line("missing", format!("{}; the first: {}", plural(replayed.missing, "episode"), first));
    }
}

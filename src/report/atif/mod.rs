//! Exports a run as trajectories in ATIF, the Agent Trajectory Interchange Format of the Harbor framework, for its viewer,
//! its validators, and whatever else reads the format.
//!
//! It is only an export: the event log remains the record. Each file is one episode. Pure.
//!
//! ```text
//! Event ─► steps (metrics) ─► schema ◄─ Manifest, tools
//! ```

mod metrics;
mod schema;
mod steps;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use self::schema::{Agent, Extra, Trajectory, VERSION, extra};
use self::steps::Steps;
use super::episodes::{self, Episode, ExportedRun};
use crate::chat::ToolSpec;
use crate::log::store::pretty;
use crate::log::{Contestant, EpisodeKey, EventKind, Manifest};

/// A note for readers who know the format but not this program.
const NOTES: &str = "Steps of the agent with llm_call_count 0 were chosen by a program, also where a model plays: \
                     extra.source says by which. What the environment said after a step of the episode is that step's \
                     observation, and no message. extra.step counts the steps of the episode.";

/// The tools that an agent has in each scenario: the actions, with the names that may be used in their parameters.
pub type Tools = BTreeMap<String, Vec<ToolSpec>>;

/// Makes the trajectories of all episodes that have begun. The same run gives the same bytes.
///
/// Scenarios may be missing in `tools`, for example if their files are gone. Their trajectories then define no tools.
///
/// ```
/// use std::collections::BTreeMap;
/// use incident_bench::log::{Manifest, reader};
/// use incident_bench::report::atif;
/// use incident_bench::report::episodes::ExportedRun;
///
/// let manifest: Manifest = serde_json::from_str(r#"{
///     "schema": "incident-bench/run/1", "id": "2026-01-02T030405Z-7f3a", "started_at": "2026-01-02T03:04:05Z",
///     "bench_version": "0.1.0", "suite": "classic", "suite_digest": "sha256:00",
///     "prompts": "default/1", "prompts_digest": "sha256:11", "graders": ["classic/1"],
///     "contestants": [{"label": "oracle", "agent": "oracle"}],
///     "scenarios": [{"id": "AC-001", "task": "alert_classification"}], "epochs": 1, "seed": 7,
///     "options": {}, "command": ["bench"], "machine": {"os": "linux", "arch": "x86_64", "cpus": 2}
/// }"#)?;
/// let begun = concat!(
///     r#"{"seq":0,"at":"2026-01-02T03:04:06Z","episode":{"model":"oracle","scenario":"AC-001","epoch":0},"#,
///     r#""event":{"type":"episode.started","episode_id":"9d3f2f4a-7d3e-8b52-8c0f-0a1b2c3d4e5f","#,
///     r#""task":"alert_classification"}}"#, "\n",
/// );
/// let log = reader::parse(begun.as_bytes())?;
/// let incidents = BTreeMap::from([("AC-001".to_owned(), "Pages are slow.".to_owned())]);
/// let run = ExportedRun { manifest: &manifest, events: &log.events, incidents: &incidents };
/// let files = atif::export(&run, &BTreeMap::new());
/// assert_eq!(files[0].0.scenario, "AC-001");
/// assert!(String::from_utf8_lossy(&files[0].1).contains(r#""message": "Pages are slow.""#));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn export(run: &ExportedRun<'_>, tools: &Tools) -> Vec<(EpisodeKey, Vec<u8>)> {
    let contestants = run.manifest.contestants.iter();
    let all = contestants.flat_map(|contestant| {
        let episodes = episodes::of(run, &contestant.label).into_iter();
        episodes.map(move |episode| {
            let tools = tools.get(&episode.key.scenario).map(Vec::as_slice).unwrap_or_default();
            (episode.key.clone(), pretty(&trajectory(run, contestant, &episode, tools)))
        })
    });
    all.collect()
}

fn trajectory(run: &ExportedRun<'_>, contestant: &Contestant, episode: &Episode<'_>, tools: &[ToolSpec]) -> Trajectory {
    let mut steps = Steps::new(contestant, episode.started);
    if !episode.events.iter().any(|event| matches!(event.event, EventKind::ModelCalled { .. })) {
        steps.told(episode.input(run.incidents));
    }
    episode.events.iter().for_each(|event| steps.apply(event));
    let (steps, totals) = steps.finish();
    Trajectory {
        schema_version: VERSION,
        session_id: episode.id.to_string(),
        // The id of an episode comes from its seed, so another run with that seed has it, too.
        id: format!("{}/{}/{}/{}", run.manifest.id, episode.key.contestant, episode.key.scenario, episode.key.epoch),
        agent: agent(run.manifest, contestant, tools),
        notes: NOTES,
        final_metrics: totals.finish(steps.len(), episode.end.steps),
        steps,
        extra: about(run.manifest, episode),
    }
}

fn agent(manifest: &Manifest, contestant: &Contestant, tools: &[ToolSpec]) -> Agent {
    let settings = contestant.settings.as_ref();
    Agent {
        // Other frameworks have an agent called oracle, too.
        name: format!("incident-bench/{}", contestant.agent),
        version: manifest.bench_version.clone(),
        model_name: settings.map(|settings| settings.name.clone()),
        tool_definitions: tools.iter().map(definition).collect(),
        extra: extra([
            ("contestant", json!(contestant.label)),
            ("provider", json!(settings.map(|settings| &settings.provider))),
            ("base_url", json!(settings.map(|settings| &settings.base_url))),
            ("protocol", json!(settings.map(|settings| &settings.protocol))),
            ("assist", json!(settings.map(|settings| &settings.assist))),
            ("temperature", json!(settings.and_then(|settings| settings.temperature))),
            ("max_tokens", json!(settings.map(|settings| settings.max_tokens))),
        ]),
    }
}

fn definition(tool: &ToolSpec) -> Value {
    let function = json!({ "name": tool.name, "description": tool.description, "parameters": tool.parameters });
    json!({ "type": "function", "function": function })
}

/// What was played, and with which result.
fn about(manifest: &Manifest, episode: &Episode<'_>) -> Extra {
    let end = &episode.end;
    let graders = end.regraded_by.map_or(json!(manifest.graders), |grader| json!([grader]));
    extra([
        ("run", json!(manifest.id)),
        ("task", json!(episode.task)),
        ("scenario", json!(episode.key.scenario)),
        ("epoch", json!(episode.key.epoch)),
        ("outcome", json!(end.outcome)),
        ("score", json!(end.score)),
        ("grade", json!(end.grade)),
        ("problem", json!(end.problem())),
        ("suite", json!(manifest.suite)),
        ("suite_digest", json!(manifest.suite_digest)),
        ("prompts", json!(manifest.prompts)),
        ("prompts_digest", json!(manifest.prompts_digest)),
        ("graders", graders),
        ("seed", json!(manifest.seed)),
    ])
}

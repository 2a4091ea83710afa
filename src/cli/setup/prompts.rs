//! The prompts of a run: the embedded set or that of a folder, checked before a call costs money.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use crate::agent::prompt::{self, LastStep, PromptError, PromptSet, Protocol};
use crate::agent::think::Think;
use crate::agent::tool_aliases::ToolNames;
use crate::cli::exit::Failure;
use crate::files;
use crate::run::Plan;
use incident_env::{Action, ActionKind, Diagnostic, Episode, EpisodeId, Scenario};

/// Returns the embedded prompts for a suite, or those of a folder, with tools named by the set of names of this number.
pub(in crate::cli) fn prompts(
    folder: Option<&Path>,
    suite: &str,
    tool_names: usize,
    think: Think,
) -> Result<Arc<PromptSet>, Failure> {
    let set = match folder {
        None if suite.starts_with("generated:") => PromptSet::simulated(think),
        None => PromptSet::embedded(think),
        Some(folder) => {
            let mut files = BTreeMap::new();
            for file in prompt::files(think) {
                let path = folder.join(&file);
                match files::read_text(&path) {
                    Ok(text) => drop(files.insert(file, text)),
                    // A set has a file of its own for models that think only where it wants one.
                    Err(e) if e.kind() == ErrorKind::NotFound && file.contains('/') => {}
                    Err(e) => return Err(Failure::usage(format!("cannot read {}: {e}", path.display()))),
                }
            }
            let name = folder.file_name().map_or("custom".into(), |name| name.to_string_lossy().into_owned());
            PromptSet::new(&name, &files, think)
        }
    };
    let set = set.map_err(|error| Failure::usage(error.to_string()))?;
    if tool_names == 0 {
        return Ok(Arc::new(set));
    }
    let names = ToolNames::new(tool_names).map_err(|problem| Failure::usage(format!("--tool-names: {problem}")))?;
    Ok(Arc::new(set.with_tool_names(names)))
}

/// Renders every prompt of every scenario once, so that a broken template is found before a call costs money.
pub(in crate::cli) fn check_prompts(prompts: &PromptSet, plan: &Plan) -> Result<(), Failure> {
    let check = || {
        for scenario in &plan.scenarios {
            let episode = Episode::reset(scenario, EpisodeId::nil());
            let observation = episode.observation();
            for protocol in Protocol::ALL {
                prompts.system(observation.task(), protocol)?;
                prompts.first(observation, protocol)?;
            }
            check_steps(prompts, scenario)?;
        }
        prompts.repair("x")
    };
    check().map(drop).map_err(|error: PromptError| Failure::usage(error.to_string()))
}

/// Renders the messages after a look, after an error, and after a reply that was not used.
fn check_steps(prompts: &PromptSet, scenario: &Arc<Scenario>) -> Result<(), PromptError> {
    let mut episode = Episode::reset(scenario, EpisodeId::nil());
    let service = scenario.briefing().services.first().map_or("", |name| name);
    let look = Action::with(ActionKind::Diagnostic(Diagnostic::QueryLogs), &[("service", service)]);
    let unknown = Action::with(ActionKind::from("invalid"), &[]);
    for action in [look, unknown] {
        episode.step(&action);
        for not_used in [None, Some("x".to_owned())] {
            let last = LastStep { action: Some(action.clone()), not_used };
            for protocol in Protocol::ALL {
                prompts.step(episode.observation(), &last, protocol)?;
            }
        }
    }
    Ok(())
}

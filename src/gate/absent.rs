//! What the base of a comparison has and the new run lacks. What is not there is not agreement. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::log::summary::ScenarioScore;
use crate::log::{Row, Summary};
use incident_env::TaskId;

/// The most names that a sentence lists.
const NAMED: usize = 12;

/// One thing that has scores in the base and none in the new run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Absent {
    /// A contestant did not play.
    Contestant {
        /// Its label in the base.
        model: String,
    },
    /// No scenario of a task has a score.
    Task {
        /// The label of the contestant in the base.
        model: String,
        /// The task.
        task: TaskId,
    },
    /// A scenario has no score.
    Scenario {
        /// The label of the contestant in the base.
        model: String,
        /// The id of the scenario.
        scenario: String,
    },
    /// Some epochs of a scenario have no score.
    Epochs {
        /// The label of the contestant in the base.
        model: String,
        /// The id of the scenario.
        scenario: String,
        /// The numbers of the epochs, from 0.
        epochs: Vec<u32>,
    },
}

/// What counts as being there in the new run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum There {
    /// What has a score.
    Played,
    /// What will be played.
    Planned,
}

impl There {
    /// Whether the new run has this epoch of a scenario. Epochs that were spared because the comparison was decided before
    /// them are not absent.
    fn has(self, score: &ScenarioScore, epoch: usize, new: &Summary) -> bool {
        let planned = new.run.planned_epochs.map_or(0, |planned| planned as usize);
        match score.epochs.get(epoch) {
            Some(score) => score.is_some() || self == Self::Planned,
            None => epoch < planned,
        }
    }
}

/// Finds what the new row lacks of the scores of a row of the base.
pub(super) fn of_row(before: &Row, after: &Row, new: &Summary, there: There) -> Vec<Absent> {
    let model = &before.contestant;
    let mut absent = Vec::new();
    for (task, before) in &before.tasks {
        let after = after.tasks.get(task);
        let mut of_task = Vec::new();
        let (mut scored, mut lost) = (0, 0);
        for (scenario, before) in &before.scenarios {
            let epochs: Vec<_> = (0..before.epochs.len()).filter(|epoch| before.epochs[*epoch].is_some()).collect();
            if epochs.is_empty() {
                continue;
            }
            scored += 1;
            let after = after.and_then(|task| task.scenarios.get(scenario));
            let has = |epoch: &usize| after.is_some_and(|after| there.has(after, *epoch, new));
            let without: Vec<_> = epochs.iter().filter(|epoch| !has(epoch)).copied().collect();
            let (model, scenario) = (model.clone(), scenario.clone());
            if without.len() == epochs.len() {
                lost += 1;
                of_task.push(Absent::Scenario { model, scenario });
            } else if !without.is_empty() {
                let epochs = without.into_iter().filter_map(|epoch| u32::try_from(epoch).ok()).collect();
                of_task.push(Absent::Epochs { model, scenario, epochs });
            }
        }
        if scored > 0 && lost == scored {
            of_task = vec![Absent::Task { model: model.clone(), task: *task }];
        }
        absent.extend(of_task);
    }
    let lost_tasks = absent.iter().filter(|one| matches!(one, Absent::Task { .. })).count();
    let had = before.tasks.values().filter(|task| task.scenarios.values().any(has_score)).count();
    if had > 0 && lost_tasks == had {
        return vec![Absent::Contestant { model: model.clone() }];
    }
    absent
}

/// Whether a scenario has the score of any epoch.
pub(super) fn has_score(scenario: &ScenarioScore) -> bool {
    scenario.epochs.iter().any(Option::is_some)
}

/// Says what is absent, one text for each kind of thing and contestant, such as `m: scenario AC-002`.
pub(super) fn texts(absent: &[Absent]) -> Vec<String> {
    let mut texts = Vec::new();
    let contestants: Vec<_> = absent
        .iter()
        .filter_map(|one| match one {
            Absent::Contestant { model } => Some(model.clone()),
            _ => None,
        })
        .collect();
    texts.extend(listed("contestant", &contestants));
    let model_of = |one: &Absent| match one {
        Absent::Contestant { .. } => None,
        Absent::Task { model, .. } | Absent::Scenario { model, .. } | Absent::Epochs { model, .. } => {
            Some(model.clone())
        }
    };
    let models: BTreeSet<_> = absent.iter().filter_map(model_of).collect();
    for model in models {
        let own = || absent.iter().filter(|one| model_of(one).as_ref() == Some(&model));
        let tasks: Vec<_> = own()
            .filter_map(|one| if let Absent::Task { task, .. } = one { Some(task.to_string()) } else { None })
            .collect();
        let scenarios: Vec<_> = own()
            .filter_map(|one| if let Absent::Scenario { scenario, .. } = one { Some(scenario.clone()) } else { None })
            .collect();
        let all = [("task", tasks), ("scenario", scenarios)];
        texts.extend(all.iter().filter_map(|(what, names)| Some(format!("{model}: {}", listed(what, names)?))));
        // Most often the same epochs of all scenarios are absent.
        let mut by_epochs: BTreeMap<&[u32], Vec<String>> = BTreeMap::new();
        for one in own() {
            if let Absent::Epochs { scenario, epochs, .. } = one {
                by_epochs.entry(epochs).or_default().push(scenario.clone());
            }
        }
        texts.extend(by_epochs.iter().filter_map(|(epochs, scenarios)| {
            // People count epochs from 1.
            let epochs: Vec<_> = epochs.iter().map(|epoch| (epoch + 1).to_string()).collect();
            Some(format!("{model}: {} of {}", listed("epoch", &epochs)?, listed("scenario", scenarios)?))
        }));
    }
    texts
}

/// A list of names after the word for what they are; none of nothing. Of a long list only the first names are told.
pub(super) fn listed(what: &str, names: &[String]) -> Option<String> {
    let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => None,
        1 => Some(format!("{what} {shown}")),
        more if more <= NAMED => Some(format!("{what}s {shown}")),
        more => Some(format!("{more} {what}s ({shown} and {} more)", more - NAMED)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_named() {
        let scenario = |n: usize| Absent::Scenario { model: "m".to_owned(), scenario: format!("S-{n}") };
        let some = [
            Absent::Contestant { model: "old".to_owned() },
            Absent::Task { model: "m".to_owned(), task: TaskId::RootCauseAnalysis },
            Absent::Epochs { model: "m".to_owned(), scenario: "S-9".to_owned(), epochs: vec![1, 3] },
            scenario(1),
        ];
        let expected =
            ["contestant old", "m: task root_cause_analysis", "m: scenario S-1", "m: epochs 2, 4 of scenario S-9"];
        assert_eq!(texts(&some), expected);
        let many: Vec<_> = (1..=14).map(scenario).collect();
        let told = texts(&many);
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("m: 14 scenarios (S-1, ") && told[0].ends_with("S-12 and 2 more)"), "{told:?}");
        assert!(texts(&[]).is_empty());
    }
}

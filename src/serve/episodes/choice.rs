//! Reads which incident a reset asks for, and under which name its episode is kept.

use std::sync::Arc;

use serde_json::{Map, Number, Value};
use sha2::{Digest, Sha256};

use crate::serve::error::{Fault, Misfit, excerpt};
use crate::serve::ports::{Incidents, Which};
use crate::serve::wire::field::{check_id, integer, text};
use crate::serve::wire::schema::split::SPLIT;
use incident_env::{Catalog, Scenario, TaskId};

/// The length in bytes that the name of a generated suite must not exceed.
const LONGEST_SUITE: usize = 80;

/// The choice of a reset. Every part may be missing, and unknown keys are ignored.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Choice {
    task_id: Option<String>,
    scenario_index: Option<i128>,
    scenario_id: Option<String>,
    /// The seed in its JSON form; it only matters that equal seeds choose the same scenario.
    seed: Option<String>,
    level: Option<String>,
    split: Option<String>,
    index: Option<i128>,
    /// A generated suite, instead of the suite that is served.
    suite: Option<String>,
    /// The name that the client gives the episode.
    pub(crate) episode_id: Option<String>,
}

impl Choice {
    /// Reads the choice of a request over HTTP.
    pub(crate) fn read(mut data: Map<String, Value>) -> Result<Self, Misfit> {
        let seed = data.remove("seed");
        let seed = integer("seed", seed)?;
        if let Some(seed) = seed.filter(|seed| *seed < 0) {
            return Err(Misfit { place: "seed".to_owned(), problem: format!("expected 0 or more, found {seed}") });
        }
        Ok(Self { seed: seed.map(|seed| seed.to_string()), ..Self::read_but_seed(data)? })
    }

    /// Reads the choice of a message on OpenEnv's socket, where a seed may be any value.
    pub(crate) fn read_any_seed(mut data: Map<String, Value>) -> Result<Self, Misfit> {
        let seed = data.remove("seed").filter(|seed| !seed.is_null()).map(|seed| {
            // Data frames write whole numbers as 7.0, which must draw the same scenario as 7.
            let whole = integer("seed", Some(seed.clone())).ok().flatten();
            whole.map_or_else(|| seed.to_string(), |whole| whole.to_string())
        });
        Ok(Self { seed, ..Self::read_but_seed(data)? })
    }

    fn read_but_seed(mut data: Map<String, Value>) -> Result<Self, Misfit> {
        let choice = Self {
            task_id: text("task_id", data.remove("task_id"))?,
            scenario_index: integer("scenario_index", data.remove("scenario_index"))?,
            scenario_id: text("scenario_id", data.remove("scenario_id"))?,
            seed: None,
            level: text("level", data.remove("level"))?,
            split: text("split", data.remove("split"))?,
            index: integer("index", data.remove("index"))?,
            suite: text("suite", data.remove("suite"))?,
            episode_id: text("episode_id", data.remove("episode_id"))?,
        };
        choice.episode_id.as_deref().map_or(Ok(()), |id| check_id("episode_id", id))?;
        Ok(choice)
    }

    /// Completes the choice of a body by that of a query.
    pub(crate) fn or(self, query: Self) -> Self {
        // The id of a scenario chooses by itself, so that of the query must not overrule another choice of the body.
        let body_chooses = self.task_id.is_some() || self.scenario_index.is_some() || self.index.is_some();
        Self {
            scenario_id: self.scenario_id.or(query.scenario_id.filter(|_| !body_chooses)),
            task_id: self.task_id.or(query.task_id),
            scenario_index: self.scenario_index.or(query.scenario_index),
            seed: self.seed.or(query.seed),
            level: self.level.or(query.level),
            split: self.split.or(query.split),
            index: self.index.or(query.index),
            suite: self.suite.or(query.suite),
            episode_id: self.episode_id.or(query.episode_id),
        }
    }

    /// Returns the generated suite that is asked for, if it is not the suite that is served.
    pub(crate) fn suite(&self) -> Option<&str> {
        self.suite.as_deref()
    }

    /// Returns whether the scenario is chosen among those of a level.
    pub(crate) fn names_level(&self) -> bool {
        self.level.is_some()
    }

    /// Makes the incident of a generated suite that is asked for: by its number in the suite
    /// (`index`) or among the incidents of its task (`scenario_index`), or else the first.
    pub(crate) fn made(&self, suite: &str, incidents: &dyn Incidents) -> Result<Arc<Scenario>, Fault> {
        // The refusal repeats the name, so the name must not be long.
        if suite.len() > LONGEST_SUITE {
            return Err(Fault::Suite(format!("unknown suite '{}'", excerpt(suite))));
        }
        let task = self.task_id.as_deref().map(str::parse::<TaskId>).transpose()?;
        let number = |name: &str, index: i128| {
            u64::try_from(index)
                .map_err(|_| Fault::Suite(format!("{name}: expected the number of an incident, found {index}")))
        };
        let which = match (self.index, self.scenario_index) {
            (Some(index), _) => Which::Numbered(number("index", index)?),
            (None, Some(index)) => Which::After(number("scenario_index", index)?),
            (None, None) => Which::After(0),
        };
        incidents.make(suite, task, which).map_err(Fault::Suite)
    }

    /// Finds the scenario that is asked for. An id alone finds it. Otherwise it is chosen among the scenarios of the
    /// named level, if a level is named: by its number among all or within its task, drawn by the seed, or the first.
    pub(crate) fn scenario<'a>(&self, catalog: &'a Catalog) -> Result<&'a Arc<Scenario>, Fault> {
        if let Some(id) = &self.scenario_id {
            return Ok(catalog.scenario(id)?);
        }
        if let Some(split) = &self.split {
            check_split(split)?;
        }
        let level = self.level.as_deref().map(|level| known_level(level, catalog)).transpose()?;
        let of_level = level.map_or_else(String::new, |level| format!(" at level {level}"));
        let of_task = |task: Option<TaskId>| {
            let all = catalog.scenarios().iter().filter(move |one| level.is_none_or(|level| one.level() == level));
            all.filter(move |one| task.is_none_or(|task| one.task() == task))
        };
        if let Some(index) = self.index {
            return nth(&of_task(None).collect::<Vec<_>>(), index, &format!("the suite{of_level}")).copied();
        }
        let task = self.task_id.as_deref().map(str::parse::<TaskId>).transpose()?;
        if let (Some(seed), None) = (&self.seed, self.scenario_index) {
            let of: Vec<_> = of_task(task).collect();
            let task = task.map_or("any task", TaskId::as_str);
            return of
                .get(drawn(seed, of.len()))
                .copied()
                .ok_or_else(|| Fault::NoScenarios(format!("{task}{of_level}")));
        }
        // If nothing was chosen and the suite lacks the first task, the first task that it has is played.
        let task = task.unwrap_or_else(|| {
            let first = of_task(Some(TaskId::AlertClassification)).next().or_else(|| of_task(None).next());
            first.map_or(TaskId::AlertClassification, |scenario| scenario.task())
        });
        let (of, name) = (of_task(Some(task)).collect::<Vec<_>>(), format!("{task}{of_level}"));
        if of.is_empty() {
            return Err(Fault::NoScenarios(name));
        }
        nth(&of, self.scenario_index.unwrap_or(0), &name).copied()
    }
}

/// The levels in their order, for messages.
const LEVELS: [&str; 4] = ["easy", "medium", "hard", "expert"];

/// Checks that scenarios of the suite have this level.
fn known_level(name: &str, catalog: &Catalog) -> Result<&'static str, Fault> {
    let mut levels: Vec<_> = catalog.scenarios().iter().map(|scenario| scenario.level()).collect();
    if let Some(level) = levels.iter().find(|level| level.eq_ignore_ascii_case(name)) {
        return Ok(level);
    }
    levels.sort_by_key(|level| LEVELS.iter().position(|known| known == level));
    levels.dedup();
    Err(Fault::Level { name: excerpt(name).into_owned(), known: levels.join(", ") })
}

/// Returns the entry with this number, from 0, in a list of scenarios.
pub(crate) fn nth<'a, T>(all: &'a [T], index: i128, of: &str) -> Result<&'a T, Fault> {
    let range = || Fault::Range { index: index.to_string(), task: of.to_owned(), last: all.len().saturating_sub(1) };
    usize::try_from(index).ok().and_then(|index| all.get(index)).ok_or_else(range)
}

/// Refuses a split that does not exist.
pub(crate) fn check_split(name: &str) -> Result<(), Fault> {
    if name == SPLIT { Ok(()) } else { Err(Fault::Split { name: name.to_owned(), known: SPLIT }) }
}

/// Returns the number that a seed draws, which is the same in every release.
fn drawn(seed: &str, len: usize) -> usize {
    let digest = Sha256::digest(format!("scenario\n{seed}"));
    let bits = digest.iter().take(8).fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
    usize::try_from((u128::from(bits) * len as u128) >> 64).unwrap_or(0)
}

/// Turns the parameters of a query, which are all texts, into numbers where numbers are expected.
pub(crate) fn from_query(query: Map<String, Value>) -> Map<String, Value> {
    let number = |name: &str, value: Value| match &value {
        Value::String(text) if matches!(name, "scenario_index" | "seed" | "index") => {
            // Exactly the numbers that a body could have.
            text.trim().parse::<Number>().map_or(value, Value::from)
        }
        _ => value,
    };
    query.into_iter().map(|(name, value)| (name.clone(), number(&name, value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn choice(data: Value) -> Result<Choice, Misfit> {
        let Value::Object(data) = data else { unreachable!("tests pass objects") };
        Choice::read(data)
    }

    fn chosen(choice: &Choice) -> Result<String, String> {
        let catalog = Catalog::embedded().unwrap();
        choice.scenario(&catalog).map(|scenario| scenario.id().to_owned()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn what_is_chosen() {
        for (data, expected) in [
            (json!({}), "AC-001"),
            (json!({"task_id": null, "scenario_index": null, "seed": null}), "AC-001"),
            (json!({"scenario_index": 2}), "AC-003"),
            (json!({"scenario_index": 2.0}), "AC-003"),
            (json!({"task_id": "root_cause_analysis"}), "RCA-001"),
            (json!({"task_id": "root_cause_analysis", "scenario_index": 1, "seed": 9}), "RCA-002"),
            (json!({"task_id": "alert_classification", "scenario_index": 0, "scenario_id": "rp-002"}), "RP-002"),
            (json!({"split": "test", "index": 8}), "RCA-003"),
            (json!({"prompt": ["anything"], "tier": 2}), "AC-001"),
            (json!({"level": "hard"}), "RP-001"),
            (json!({"level": "Medium", "scenario_index": 1}), "RCA-002"),
            (json!({"level": "hard", "task_id": "remediation_planning", "scenario_index": 2}), "RP-003"),
            (json!({"level": "medium", "split": "test", "index": 2}), "RCA-003"),
            (json!({"level": "hard", "scenario_id": "AC-002"}), "AC-002"),
        ] {
            let got = chosen(&choice(data.clone()).unwrap());
            if data.get("index").is_some() && data.get("level").is_none() {
                // The suite is ordered by task and id.
                assert_eq!(got.unwrap(), Catalog::embedded().unwrap().scenarios()[8].id());
            } else {
                assert_eq!(got.as_deref(), Ok(expected), "{data}");
            }
        }
    }

    #[test]
    fn what_is_refused() {
        for (data, message) in [
            (json!({"task_id": 3}), "task_id: expected a string, found the number 3"),
            (json!({"scenario_index": "1"}), "scenario_index: expected an integer, found '1'"),
            (json!({"scenario_index": 1.5}), "scenario_index: expected an integer, found the number 1.5"),
            (json!({"level": 2}), "level: expected a string, found the number 2"),
            (json!({"scenario_index": true}), "scenario_index: expected an integer, found a boolean"),
            (json!({"seed": -1}), "seed: expected 0 or more, found -1"),
            (json!({"episode_id": ""}), "episode_id: expected 1 to 255 characters, found 0"),
            (json!({"episode_id": "é".repeat(256)}), "episode_id: expected 1 to 255 characters, found 256"),
        ] {
            assert_eq!(choice(data).unwrap_err().to_string(), message);
        }
        for (data, message) in [
            (
                json!({"task_id": "napping"}),
                "unknown task 'napping'; tasks: alert_classification, root_cause_analysis, remediation_planning",
            ),
            (json!({"scenario_index": 3}), "scenario 3 is out of range; alert_classification has the scenarios 0 to 2"),
            (
                json!({"scenario_index": -1}),
                "scenario -1 is out of range; alert_classification has the scenarios 0 to 2",
            ),
            (json!({"index": 9}), "scenario 9 is out of range; the suite has the scenarios 0 to 8"),
            (
                json!({"level": "expert", "seed": 1}),
                "the suite has no scenarios of level 'expert'; levels: easy, medium, hard",
            ),
            (
                json!({"level": "easy", "task_id": "root_cause_analysis"}),
                "the suite has no scenarios of root_cause_analysis at level easy; GET /tasks lists what there is",
            ),
            (
                json!({"level": "easy", "task_id": "root_cause_analysis", "seed": 3}),
                "the suite has no scenarios of root_cause_analysis at level easy; GET /tasks lists what there is",
            ),
            (
                json!({"level": "hard", "index": 3}),
                "scenario 3 is out of range; the suite at level hard has the scenarios 0 to 2",
            ),
            (json!({"split": "train", "index": 0}), "unknown split 'train'; splits: test"),
        ] {
            assert_eq!(chosen(&choice(data).unwrap()).unwrap_err(), message);
        }
    }

    #[test]
    fn the_body_wins_name_by_name_and_as_a_choice() {
        let all = |body, query| chosen(&choice(body).unwrap().or(choice(query).unwrap())).unwrap();
        let task = json!({"task_id": "root_cause_analysis"});
        assert_eq!(all(json!({"scenario_index": 1}), task.clone()), "RCA-002");
        assert_eq!(all(task.clone(), json!({"scenario_id": "AC-002"})), "RCA-001");
        assert_eq!(all(json!({"scenario_id": "AC-002"}), task), "AC-002");
        assert_eq!(all(json!({}), json!({"scenario_id": "AC-002"})), "AC-002");
        assert_eq!(all(json!({"scenario_index": 2}), json!({"level": "hard"})), "RP-003");
    }

    #[test]
    fn equal_seeds_choose_alike_and_reach_everything() {
        let seeded = |seed: u64| chosen(&choice(json!({"seed": seed})).unwrap()).unwrap();
        let all: std::collections::BTreeSet<_> = (0..200).map(seeded).collect();
        assert_eq!(all.len(), 9);
        assert_eq!(seeded(7), seeded(7));
        for seed in [json!(7), json!(7.0)] {
            let Value::Object(data) = json!({ "seed": seed }) else { unreachable!() };
            assert_eq!(chosen(&Choice::read_any_seed(data).unwrap()).unwrap(), seeded(7), "on sockets too");
        }
        for seed in 0..50 {
            assert!(chosen(&choice(json!({"seed": seed, "level": "hard"})).unwrap()).unwrap().starts_with("RP-"));
            let of_task = choice(json!({"seed": seed, "task_id": "remediation_planning"})).unwrap();
            assert!(chosen(&of_task).unwrap().starts_with("RP-"));
        }
        for seed in [json!(-5), json!("abc"), json!({"a": 1})] {
            let Value::Object(data) = json!({ "seed": seed }) else { unreachable!() };
            assert!(chosen(&Choice::read_any_seed(data).unwrap()).is_ok());
        }
    }
}

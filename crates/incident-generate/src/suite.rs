//! Suites of generated incidents: which levels, from which seeds, how many of each, and by which knobs.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::data::library::Library;
use crate::incident::design::Slot;
use crate::incident::incident::Incident;
use crate::incident::level::{Knobs, Level};
use crate::incident::world::World;
use crate::json;
use crate::make::{Exhausted, VERSION, make};
use crate::play::scenario::{rules, scenario, task_of};
use crate::seeds::{Master, Secret, Seeds};
use incident_env::{Catalog, Scenario, TaskId, Tasks};

/// A suite of incidents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    /// The name of the suite: `smoke`, `lite`, `full`, or a level.
    pub name: String,
    /// The levels, each with its number of incidents.
    pub parts: Vec<(Level, u64)>,
    /// What the incidents are made from.
    pub seeds: Seeds,
    /// The knobs that are turned away from the setting of the level, by name.
    pub turned: Vec<(String, u32)>,
}

/// The named suites, each with its number of incidents of each level.
const NAMED: [(&str, [u64; 4]); 3] =
    [("smoke", [3, 3, 3, 3]), ("lite", [30, 30, 30, 30]), ("full", [150, 150, 150, 150])];
/// The number of incidents of a level if none is given.
const USUAL_COUNT: u64 = 30;
/// The greatest number of incidents of a suite.
const MOST: u64 = 100_000;

impl FromStr for Suite {
    type Err = String;

    /// Reads `smoke`, `lite`, `full` or a level, then `seed=N` or `private=EPOCH`, and for a level also `count=N` and
    /// knobs, all separated by commas.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split(',');
        let name = words.next().unwrap_or_default();
        let (mut seed, mut epoch, mut count, mut turned) = (None, None, None, Vec::new());
        for word in words {
            let (key, value) = word.split_once('=').ok_or_else(|| format!("'{word}' is no KEY=NUMBER"))?;
            let number: u64 = value.parse().map_err(|_| format!("'{value}' is no number for {key}"))?;
            match key {
                "seed" => seed = Some(number),
                "private" => epoch = Some(number),
                "count" => count = Some(number),
                _ => {
                    let value = u32::try_from(number).map_err(|_| format!("{value} is too much for {key}"))?;
                    Knobs::of(Level::Easy).turn(key, value)?;
                    turned.push((key.to_owned(), value));
                }
            }
        }
        let named = NAMED.iter().find(|(known, _)| *known == name);
        let parts = match (named, name.parse::<Level>()) {
            (Some(_), _) if count.is_some() => return Err(format!("{name} has its own count; count= is for a level")),
            (Some(_), _) if !turned.is_empty() => {
                return Err(format!("{name} has its own knobs; turn those of a level"));
            }
            (Some((_, counts)), _) => Level::ALL.into_iter().zip(*counts).filter(|(_, count)| *count > 0).collect(),
            (None, Ok(level)) => vec![(level, count.unwrap_or(USUAL_COUNT))],
            (None, Err(_)) => {
                return Err(format!("unknown suite '{name}'; suites: smoke, lite, full, easy, medium, hard, expert"));
            }
        };
        let total: u64 = parts.iter().map(|(_, count)| count).sum();
        if total == 0 || total > MOST {
            return Err(format!("a suite has from 1 to {MOST} incidents, not {total}"));
        }
        let seeds = match (seed, epoch) {
            (Some(_), Some(_)) => return Err("a suite has a seed, or is private".to_owned()),
            (seed, None) => Seeds::Public(seed.unwrap_or(0)),
            (None, Some(epoch)) => Seeds::Private { epoch, secret: None },
        };
        Ok(Self { name: name.to_owned(), parts, seeds, turned })
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.seeds {
            Seeds::Public(seed) => write!(f, "{},seed={seed}", self.name)?,
            Seeds::Private { epoch, .. } => write!(f, "{},private={epoch}", self.name)?,
        }
        match self.parts.as_slice() {
            [(_, count)] if NAMED.iter().all(|(name, _)| *name != self.name) => write!(f, ",count={count}")?,
            _ => {}
        }
        self.turned.iter().try_for_each(|(name, value)| write!(f, ",{name}={value}"))
    }
}

/// The reason why an incident of a suite was not made.
#[derive(Debug, thiserror::Error)]
pub enum Unmade {
    /// The suite has no incident with this number.
    #[error(transparent)]
    Exhausted(#[from] Box<Exhausted>),
    /// The suite is private, and its secret is missing.
    #[error("the suite is private, and its secret is not known here")]
    NoSecret,
}

impl Suite {
    /// Adds the secret that a private suite is made from.
    #[must_use]
    pub fn with_secret(mut self, known: Secret) -> Self {
        if let Seeds::Private { secret, .. } = &mut self.seeds {
            *secret = Some(known);
        }
        self
    }

    /// Returns whether the secret of a private suite is missing.
    #[must_use]
    pub fn needs_secret(&self) -> bool {
        matches!(self.seeds, Seeds::Private { secret: None, .. })
    }

    /// Returns what the keys of all incidents are derived from.
    pub(crate) fn master(&self) -> Result<Master, Unmade> {
        self.seeds.master().ok_or(Unmade::NoSecret)
    }

    /// Returns the digest of the data that the suite is made from, as its manifest shows it.
    ///
    /// # Errors
    /// The secret is missing.
    pub fn data_digest(&self, library: &Library) -> Result<String, Unmade> {
        match self.seeds {
            Seeds::Public(_) => Ok(library.digest.clone()),
            Seeds::Private { .. } => {
                let mut hash = self.master()?.digest("data");
                hash.update(library.digest.as_bytes());
                Ok(hash.finish())
            }
        }
    }

    /// Makes the incidents, level by level.
    pub fn incidents<'a>(&'a self, library: &'a Arc<Library>) -> impl Iterator<Item = Result<Incident, Unmade>> + 'a {
        let each = self.parts.iter().flat_map(|(level, count)| (0..*count).map(|number| (*level, number)));
        each.map(move |(level, number)| self.incident(library, level, number))
    }

    /// Returns the numbers of the incidents of a level that pose a task, in ascending order and without end.
    ///
    /// # Errors
    /// The secret is missing.
    pub fn numbers_of(&self, level: Level, task: TaskId) -> Result<impl Iterator<Item = u64>, Unmade> {
        let design = self.master()?.design(VERSION);
        Ok((0..).filter(move |number| Slot::of(design, level, *number).task == task))
    }

    /// Makes the incident of a level that has this number, which may be beyond those of the suite.
    ///
    /// # Errors
    /// No incident with this number can be proved, or the secret is missing.
    pub fn incident(&self, library: &Arc<Library>, level: Level, number: u64) -> Result<Incident, Unmade> {
        let mut knobs = Knobs::of(level);
        for (name, value) in &self.turned {
            // Names and values were checked when the suite was read.
            let _ = knobs.turn(name, *value);
        }
        Ok(make(library, level, &knobs, &self.master()?, number)?)
    }

    /// Makes all incidents of the suite, as the catalogue that the environment plays.
    ///
    /// # Errors
    /// An incident cannot be proved, or the secret is missing.
    pub fn catalog(&self, library: &Arc<Library>, tasks: &Tasks) -> Result<Catalog, Unmade> {
        let mut hash = self.master()?.digest("catalog");
        hash.update(format!("{VERSION} {} {self}\n", library.digest).as_bytes());
        let mut scenarios = Vec::new();
        for incident in self.incidents(library) {
            let incident = incident?;
            let task = task_of(&incident);
            let world = World::new(incident, Arc::clone(library));
            hash.update(&json::canonical_bytes(&world));
            scenarios.push(Arc::new(scenario(world, task, tasks)));
        }
        // A suite of several levels allows several numbers of steps; its tasks show the greatest.
        let most = |task: TaskId| {
            let of_task = scenarios.iter().filter(|scenario: &&Arc<Scenario>| scenario.task() == task);
            of_task.map(|scenario| scenario.briefing().task.max_steps).max()
        };
        let tasks = tasks.map(|task| rules(task, &library.tasks, most(task.id).unwrap_or(task.max_steps)));
        Ok(Catalog::of_scenarios(tasks, scenarios, hash.finish()))
    }
}

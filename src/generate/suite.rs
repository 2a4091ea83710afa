//! Suites of generated incidents: which levels, from which seed, how many; and the scenarios that they are.

use std::fmt::{self, Write};
use std::str::FromStr;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::generate::incident::incident::{Exhausted, VERSION};
use crate::generate::play::live::{Playable, deadline, takes};
use crate::generate::seeds::{Secret, Seeds};
use crate::generate::severity::Severity;
use crate::generate::system::topology::Kind;
use super::{Incident, Knobs, Level, Library, World};
use crate::env::{Alert, Briefing, Catalog, Remediation, RewardTable, Scenario, Task, TaskId, Tasks, hex};

/// What a suite consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    /// Its name: that of a named one, or the level.
    pub name: String,
    /// Levels, each with how many incidents of it.
    pub parts: Vec<(Level, u64)>,
    /// Where seeds come from.
    pub seeds: Seeds,
    /// Knobs that are turned from where the level has them, by name.
    pub turned: Vec<(String, u32)>,
}

/// The named suites, each with how many incidents of each level.
const NAMED: [(&str, [u64; 4]); 3] =
    [("smoke", [6, 3, 3, 0]), ("lite", [30, 30, 30, 30]), ("full", [150, 150, 150, 150])];
/// How many incidents of a level there are where nobody says how many.
const USUAL_COUNT: u64 = 30;
/// The most incidents of a suite.
const MOST: u64 = 100_000;

impl FromStr for Suite {
    type Err = String;

    /// `smoke`, `lite`, `full` or a level; then `seed=N` or `private=EPOCH`, and, for a level, `count=N` and knobs, all with commas between.
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

/// Why an incident of a suite was not made.
#[derive(Debug, thiserror::Error)]
pub enum Unmade {
    /// The seed brings none about.
    #[error(transparent)]
    Exhausted(#[from] Box<Exhausted>),
    /// The suite is private.
    #[error("the suite is private, and its secret is not known here")]
    NoSecret,
}

impl Suite {
    /// The same with the secret that private seeds are made from.
    #[must_use]
    pub fn with_secret(mut self, known: Secret) -> Self {
        if let Seeds::Private { secret, .. } = &mut self.seeds {
            *secret = Some(known);
        }
        self
    }

    /// Whether a secret is missing.
    #[must_use]
    pub fn needs_secret(&self) -> bool {
        matches!(self.seeds, Seeds::Private { secret: None, .. })
    }

    /// The incidents, level by level.
    pub fn incidents<'a>(&'a self, library: &'a Arc<Library>) -> impl Iterator<Item = Result<Incident, Unmade>> + 'a {
        let each = self.parts.iter().flat_map(|(level, count)| (0..*count).map(|number| (*level, number)));
        each.map(move |(level, number)| self.incident(library, level, number))
    }

    /// The incident of a level with a number, also beyond those that the suite consists of.
    ///
    /// # Errors
    /// As [`Self::catalog`].
    pub fn incident(&self, library: &Arc<Library>, level: Level, number: u64) -> Result<Incident, Unmade> {
        let mut knobs = Knobs::of(level);
        for (name, value) in &self.turned {
            // Both were looked at when the suite was read.
            let _ = knobs.turn(name, *value);
        }
        let seed = self.seeds.of(level, number).ok_or(Unmade::NoSecret)?;
        Ok(Incident::with(library, level, &knobs, seed, number)?)
    }

    /// The catalogue of the suite.
    ///
    /// # Errors
    /// When a seed brings no incident about that can be proved, or the suite is private and its secret is missing.
    pub fn catalog(&self, library: &Arc<Library>, tasks: &Tasks) -> Result<Catalog, Unmade> {
        let mut hash = Sha256::new();
        hash.update(format!("{VERSION} {} {self}\n", library.digest));
        let mut scenarios = Vec::new();
        for incident in self.incidents(library) {
            let incident = incident?;
            let task = task_of(&incident);
            let world = World::new(incident, Arc::clone(library));
            hash.update(crate::generate::json::canonical(&world));
            scenarios.push(Arc::new(scenario(world, task, tasks, &self.to_string())));
        }
        let digest = format!("sha256:{}", hex(&hash.finalize()));
        let tasks = tasks.map(|task| task_for(task, &library.tasks, task.max_steps));
        Ok(Catalog::of_scenarios(tasks, scenarios, digest))
    }
}

/// The task that an incident poses: each in turn.
#[must_use]
pub fn task_of(incident: &Incident) -> TaskId {
    TaskId::ALL[usize::try_from(incident.number % 3).unwrap_or(0)]
}

/// The task with the rules of simulated worlds: looking earns nothing, and a repair what it changes.
fn task_for(task: &Task, texts: &crate::generate::data::library::TaskTexts, max_steps: u32) -> Task {
    use crate::env::Points;
    let rewards = RewardTable {
        query_new_svc: Points::ZERO,
        query_new_action: Points::ZERO,
        query_repeat: Points::ZERO,
        rem_good: Points::ZERO,
        submit_correct: Points::ZERO,
        ..task.rewards.clone()
    };
    Task { max_steps, rewards, description: texts.of(task.id).to_owned(), ..task.clone() }
}

/// The steps that an incident allows: those of the oracle, times the slack of its level, and some.
#[must_use]
pub fn budget(world: &World, task: TaskId) -> u32 {
    let path = u32::try_from(crate::generate::play::oracle::play(world, task).len()).unwrap_or(u32::MAX);
    (path.max(3) * world.incident.knobs.slack).div_ceil(100) + 4
}

/// An incident as a scenario of a task.
#[must_use]
pub fn scenario(world: World, task: TaskId, tasks: &Tasks, origin: &str) -> Scenario {
    let texts = &world.library.tasks;
    let task = Arc::new(task_for(tasks.get(task), texts, budget(&world, task)));
    let briefing = briefing(&world, task);
    let origin = format!("generated:{origin}");
    let level = world.incident.level.as_str();
    Scenario::simulated(briefing, &origin, level, Arc::new(Playable::new(world)))
}

fn briefing(world: &World, task: Arc<Task>) -> Briefing {
    let World { incident, library, objects, .. } = world;
    let topology = &incident.topology;
    let name = |at: u16| topology.entity(at).name.as_str();
    let sorted = |mut names: Vec<Arc<str>>| {
        names.sort();
        names
    };
    let services = topology.entities.iter().map(|entity| Arc::from(entity.name.as_str())).collect();
    let verbs = library.vocabulary.verbs.iter().filter(|verb| verb.action == Remediation::ExecuteRunbookStep);
    let verbs = verbs.map(|verb| format!("{} ({})", verb.name, takes(verb)).into()).collect();
    let flags = objects.flags.iter().filter(|flag| !flag.is_empty()).map(|flag| flag.as_str().into()).collect();
    let is_planning = task.id == TaskId::RemediationPlanning;
    let only = |names: Vec<Arc<str>>| if is_planning { sorted(names) } else { Vec::new() };
    let mechanisms = library.families.iter().map(|family| family.id.as_str()).chain(["none"]).map(Arc::from).collect();

    let start = world.start();
    let reading = world.reading(&start, incident.alerted, 0);
    let usual = world.usual(incident.alerted);
    let alerted = name(incident.alerted);
    let [errors, _] = world.is_up(&start, incident.alerted, 0);
    let began = world.clock(-i32::try_from(incident.duration).unwrap_or(0));
    let share = f64::from(reading.error) / 1000.0;
    let (title, symptom) = match (&incident.fault, errors) {
        (None, _) => (
            format!("Failed requests of {alerted} over their threshold"),
            format!("threshold 0.2 %, crossed at {began}"),
        ),
        (Some(_), true) => (
            format!("Failed requests of {alerted} over their threshold"),
            format!("{:.1} % of requests to {alerted} fail since about {began}", share * 100.0),
        ),
        (Some(_), false) => (
            format!("Response time of {alerted} over its threshold"),
            format!(
                "p99 of {alerted} is {} ms since about {began}, usually {} ms",
                reading.latency / 1000,
                (usual.latency / 1000).max(1)
            ),
        ),
    };
    let gateway = topology.of(Kind::Gateway).next().map_or("the gateway", name);
    let mut summary = format!(
        "{} fired at {}. The system has {} parts; users come in through {gateway}, whose metrics show what they get of what \
they come for. Every query takes a minute, changes take longer.",
        title,
        world.clock(0),
        topology.entities.len(),
    );
    if task.id == TaskId::AlertClassification {
        summary.push(' ');
        summary.push_str(Severity::RULE);
    }
    if let Some(minutes) = deadline(world, task.id) {
        let _ = write!(summary, " There are {minutes} minutes, until {}.", world.clock(minutes.cast_signed()));
    }
    if incident.knobs.faults > 1 {
        summary.push_str(match task.id {
            TaskId::AlertClassification => " Two faults may be at work; what users lose by both counts.",
            TaskId::RootCauseAnalysis => " Two faults may be at work; asked is for the one that this alert is about.",
            TaskId::RemediationPlanning => {
                " Two faults may be at work; repair both, and name the one that this alert is about."
            }
        });
    }
    let alert = Alert {
        id: format!("ALT-{}", &incident.id[4..12]),
        title,
        severity_fired: None,
        affected_services: vec![alerted.to_owned()],
        symptoms: vec![symptom],
        error_rate: errors.then_some(share),
        duration_minutes: Some(incident.duration.into()),
        revenue_impact_per_min: None,
    };
    Briefing::new(incident.id.clone(), task, summary, alert, [sorted(services), only(verbs), only(flags)])
        .with_mechanisms(mechanisms)
}

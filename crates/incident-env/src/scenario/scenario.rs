//! Scenarios: a briefing and the world behind it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::observation::Briefing;
use crate::scripted::{self, ScenarioError, StrictFile};
use crate::task::{TaskId, Tasks};
use crate::world::World;

/// One incident of one task: the briefing, and the world behind it.
#[derive(Debug, Clone)]
pub struct Scenario {
    briefing: Arc<Briefing>,
    world: Arc<dyn World>,
    level: &'static str,
    origin: Arc<str>,
}

impl Scenario {
    /// Makes a scenario with any world behind it. `level` is the name of its difficulty in tables; `origin` says where
    /// it comes from, such as the name of its file.
    #[must_use]
    pub fn new(briefing: Briefing, world: Arc<dyn World>, level: &'static str, origin: &str) -> Self {
        Self { briefing: Arc::new(briefing), world, level, origin: origin.into() }
    }

    /// Reads and checks a scenario file.
    ///
    /// # Errors
    /// Returns an error that names the file and every place in it that breaks a rule of the format.
    pub fn parse(file: &str, text: &str, tasks: &Tasks) -> Result<Self, ScenarioError> {
        Self::parse_with(file, text, tasks, &BTreeMap::new())
    }

    /// Reads and checks a scenario file. `strict` may hold the strict grader's facts about it, by scenario id.
    pub(super) fn parse_with(
        file: &str,
        text: &str,
        tasks: &Tasks,
        strict: &BTreeMap<String, StrictFile>,
    ) -> Result<Self, ScenarioError> {
        let (briefing, world) = scripted::compile(file, text, tasks, strict)?;
        let level = briefing.task.difficulty.as_str();
        Ok(Self::new(briefing, Arc::new(world), level, file))
    }

    /// Returns the id of the scenario.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.briefing.scenario_id
    }

    /// Returns the difficulty of the scenario: the level of a generated incident, otherwise the difficulty of its task.
    #[must_use]
    pub fn level(&self) -> &'static str {
        self.level
    }

    /// Returns the origin of the scenario: its file, or the suite in which it was generated.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the task that the scenario poses.
    #[must_use]
    pub fn task(&self) -> TaskId {
        self.briefing.task.id
    }

    /// Returns the facts that an agent knows before its first step.
    #[must_use]
    pub fn briefing(&self) -> &Arc<Briefing> {
        &self.briefing
    }

    /// Returns the world behind the scenario, with the answers sealed in it.
    pub(crate) fn world(&self) -> &Arc<dyn World> {
        &self.world
    }

    /// Returns the version of the graders that decide the score, such as `classic/1`.
    #[must_use]
    pub fn graders(&self) -> &'static str {
        self.world.graders()
    }

    /// Returns a shortest sequence of actions that earns the full score: the play of the oracle. It contains the
    /// answers.
    #[must_use]
    pub fn oracle(&self) -> Vec<crate::action::Action> {
        self.world.oracle(&self.briefing)
    }
    /// Returns the play of a program that knows the rules by which the scenario was made and not its answers, or `None` if
    /// the scenario was written by hand.
    #[must_use]
    pub fn abduction(&self) -> Option<Vec<crate::action::Action>> {
        self.world.abduction(&self.briefing)
    }
}

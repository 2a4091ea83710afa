//! What a scenario needs of the world behind it: something that can be looked at, acted upon, and graded.

use std::fmt;
use std::sync::Arc;

use crate::action::{Action, Diagnostic, Remediation};
use crate::grade::Grade;
use crate::observation::{Briefing, Feedback, StepError};
use crate::points::Points;
use crate::proof::{Flaw, Reachability};
use crate::reward::Signal;
use crate::text::Text;
use crate::trajectory::{Resolved, Trajectory};

/// The world of a scenario, with the right answers sealed in it. All episodes of the scenario share it.
///
/// There are two implementations: a world written by hand, whose texts depend on a few facts, and a world simulated
/// from a seed (in the crate `incident-generate`).
pub trait World: fmt::Debug + Send + Sync {
    /// The world as it is when an episode begins. `briefing` is that of the scenario.
    fn start(self: Arc<Self>, briefing: &Arc<Briefing>) -> Box<dyn WorldState>;

    /// A shortest sequence of actions that earns the full score.
    fn oracle(&self, briefing: &Briefing) -> Vec<Action>;

    /// Proves what [`crate::prove`] cannot see by playing the oracle's path: that nothing in the world is dead and
    /// that its goal is reached. Worlds that are proved where they are made return the default.
    ///
    /// # Errors
    /// Returns the first property that the world lacks.
    fn prove(&self, briefing: &Briefing, oracle: &[Action]) -> Result<Reachability, Flaw>;

    /// The version of the graders that [`WorldState::grade`] uses, such as `classic/1`.
    fn graders(&self) -> &'static str;
}

/// The world of one episode.
pub trait WorldState: fmt::Debug + Send + Sync {
    /// A copy of the world that goes its own way from here on.
    fn fork(&self) -> Box<dyn WorldState>;

    /// Takes a reading. `service` is an index into [`Briefing::services`]; `earlier` are the steps before this one.
    fn look(&mut self, kind: Diagnostic, service: u16, earlier: Trajectory<'_>) -> Reading;

    /// Carries out a remediation that the task offers. `earlier` are the steps before this one.
    fn act(&mut self, kind: Remediation, action: &Action, earlier: Trajectory<'_>) -> Acted;

    /// Checks the form of the task's own submission, and returns the signal that submitting it gives.
    ///
    /// # Errors
    /// Returns what is wrong in the answer and what would be right. The episode then goes on.
    fn accept(&self, answer: &Action) -> Result<Option<Signal>, String>;

    /// Whether repeating `action` would show or do nothing new, so that it counts as an exact repeat.
    fn is_repeat(&self, action: &Action, earlier: Trajectory<'_>) -> bool;

    /// Whether the incident's clock has run out, so that nothing more can be done.
    fn is_out_of_time(&self) -> bool {
        false
    }

    /// The grade if the episode ended now.
    fn grade(&self, steps: Trajectory<'_>) -> Grade;

    /// The strict grade if the episode ended now. `None` where [`Self::grade`] is the strict one already, and where
    /// the scenario lacks what the strict grader needs.
    fn strict_grade(&self, steps: Trajectory<'_>) -> Option<Grade>;
}

impl Clone for Box<dyn WorldState> {
    fn clone(&self) -> Self {
        self.fork()
    }
}

/// What a diagnostic brought up.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The text that the agent sees.
    pub text: Text,
    /// The signal that the step gives, if taking a reading is rewarded in this world.
    pub signal: Option<Signal>,
}

/// What came of a remediation.
#[derive(Debug, Clone)]
pub struct Acted {
    /// What graders and later steps know about it.
    pub resolved: Resolved,
    /// What the step earns.
    pub pay: Option<Pay>,
    /// What the agent sees of it, or why the remediation was refused.
    pub report: Result<Report, StepError>,
}

/// What the agent sees of a remediation that was carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What it was done to, in the spelling of the observation.
    pub target: Arc<str>,
    /// What the tool printed.
    pub text: Text,
    /// The sentence about the step.
    pub feedback: Feedback,
}

/// What a step earns for the action itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pay {
    /// The price of this signal in the task's reward table.
    Signal(Signal),
    /// How much the remediation reduced user impact, as a fraction of user traffic; negative if it made things worse.
    /// It is given as [`Signal::Impact`].
    Impact(Points),
}

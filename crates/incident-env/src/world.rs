//! The interface between a scenario and the world behind it: something that can be looked at, acted upon, and graded.

use std::fmt;
use std::sync::Arc;

use crate::action::{Action, Remediation};
use crate::grade::Grade;
use crate::observation::{Briefing, Feedback, StepError};
use crate::points::Points;
use crate::proof::{Flaw, Reachability};
use crate::question::Question;
use crate::reward::Signal;
use crate::text::Text;
use crate::trajectory::{Novelty, Resolved, Trajectory};

/// The world of a scenario, with the right answers sealed in it. All episodes of the scenario share it.
///
/// There are two implementations: hand-written worlds, whose texts depend on a few facts, and worlds simulated from a
/// seed (in the crate `incident-generate`).
pub trait World: fmt::Debug + Send + Sync {
    /// Starts the world of an episode. `briefing` is that of the scenario.
    fn start(self: Arc<Self>, briefing: &Arc<Briefing>) -> Box<dyn WorldState>;

    /// Returns a shortest sequence of actions that earns the full score.
    fn oracle(&self, briefing: &Briefing) -> Vec<Action>;

    /// Returns the play of a program that knows the rules by which the world was made and does not know the answers: it
    /// looks, and reasons from what it read. Worlds that were not made by rules have no such program, and use the default
    /// implementation.
    fn abduction(&self, _briefing: &Briefing) -> Option<Vec<Action>> {
        None
    }

    /// Proves what [`crate::prove`] cannot see by playing the oracle's path: that nothing in the world is dead and that
    /// its goal is reached. Worlds that are proved where they are made use the default implementation.
    ///
    /// # Errors
    /// Returns the first property that the world lacks.
    fn prove(&self, briefing: &Briefing, oracle: &[Action]) -> Result<Reachability, Flaw>;

    /// Returns the version of the graders that [`WorldState::grade`] uses, such as `classic/1`.
    fn graders(&self) -> &'static str;
}

/// The world of one episode.
pub trait WorldState: fmt::Debug + Send + Sync {
    /// Copies the world; the copy and the original then change independently.
    fn fork(&self) -> Box<dyn WorldState>;

    /// Takes a reading. `novelty` says whether the agent has looked there before.
    fn look(&mut self, question: &Question, novelty: Novelty) -> Reading;

    /// Returns whether diagnostics take their optional parameters here. If they do, a reading that was taken before a
    /// remediation does not count as taken before. If they do not, the parameters are passed over.
    fn takes_parameters(&self) -> bool {
        false
    }

    /// Returns the names of the metrics that a service has, where diagnostics take parameters. `service` is an index
    /// into [`Briefing::services`].
    fn metrics(&self, _service: u16) -> Vec<String> {
        Vec::new()
    }

    /// Carries out a remediation that the task offers. `earlier` are the steps before this one.
    fn act(&mut self, kind: Remediation, action: &Action, earlier: Trajectory<'_>) -> Acted;

    /// Checks the form of the task's own submission, and returns the signal that submitting it gives.
    ///
    /// # Errors
    /// Returns what is wrong in the answer and what would be right. The episode then goes on.
    fn accept(&self, answer: &Action) -> Result<Option<Signal>, String>;

    /// Returns whether repeating `action` would show or do nothing new, so that it counts as an exact repeat.
    /// `question` is what it asks, if it is a diagnostic that is not refused.
    fn is_repeat(&self, action: &Action, question: Option<&Question>, earlier: Trajectory<'_>) -> bool;

    /// Returns the number of refused actions of an episode that cost no points.
    fn free_refusals(&self) -> u32 {
        0
    }

    /// Returns whether the incident's clock has run out, so that nothing more can be done.
    fn is_out_of_time(&self) -> bool {
        false
    }

    /// Checks everything that could be read at the moment for readings that contradict each other, such as more calls than
    /// anybody makes. Returns the first contradiction in words, or `None` if there is none or the world knows no such laws.
    /// It reads everything, so it takes as long as some hundred steps.
    fn contradiction(&self) -> Option<String> {
        None
    }

    /// Returns the grade that the episode would get if it ended now.
    fn grade(&self, steps: Trajectory<'_>) -> Grade;

    /// Returns the strict grade that the episode would get if it ended now, or `None` if [`Self::grade`] is the strict
    /// one already or the scenario lacks what the strict grader needs.
    fn strict_grade(&self, steps: Trajectory<'_>) -> Option<Grade>;
}

impl Clone for Box<dyn WorldState> {
    fn clone(&self) -> Self {
        self.fork()
    }
}

/// The result of a diagnostic.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The text that the agent sees.
    pub text: Text,
    /// The pay of the step, if there is any.
    pub pay: Option<Pay>,
}

/// The result of a remediation.
#[derive(Debug, Clone)]
pub enum Acted {
    /// The remediation was carried out.
    Done {
        /// The meaning of the remediation, for graders and later steps.
        resolved: Resolved,
        /// The pay of the step, if there is any.
        pay: Option<Pay>,
        /// The report that the agent sees.
        report: Report,
    },
    /// The remediation was refused, and nothing happened.
    Refused {
        /// The meaning of the remediation, for graders and later steps.
        resolved: Resolved,
        /// The signal of the step. It has no effect while [`WorldState::free_refusals`] are left.
        signal: Signal,
        /// The reason.
        error: StepError,
    },
}

/// The agent's view of a remediation that was carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The target of the remediation, in the spelling of the observation.
    pub target: Arc<str>,
    /// The output of the tool.
    pub text: Text,
    /// The sentence about the step.
    pub feedback: Feedback,
}

/// The pay of a step for the action itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pay {
    /// The price of this signal in the task's reward table.
    Signal(Signal),
    /// The fall of user impact in the step, as a fraction of user traffic, negative if users lose more. It is given as
    /// [`Signal::Impact`].
    Impact(Points),
}

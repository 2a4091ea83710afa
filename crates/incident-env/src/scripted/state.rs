//! The state of a scripted world in an episode: facts that readings show and remediations change.

use std::sync::Arc;

use super::facts::FactSet;
use super::graders;
use super::script::default_outcome;
use super::world::ScriptedWorld;
use crate::action::{Action, Remediation};
use crate::grade::{CLASSIC_VERSION, Grade};
use crate::names::same_name;
use crate::observation::{Briefing, Feedback, StepError};
use crate::proof::{Flaw, Reachability};
use crate::question::Question;
use crate::reward::Signal;
use crate::text::Text;
use crate::trajectory::{Novelty, Resolved, Trajectory};
use crate::world::{Acted, Pay, Reading, Report, World, WorldState};

impl World for ScriptedWorld {
    fn start(self: Arc<Self>, briefing: &Arc<Briefing>) -> Box<dyn WorldState> {
        Box::new(ScriptedState { facts: self.script.start, briefing: Arc::clone(briefing), world: self })
    }

    fn oracle(&self, briefing: &Briefing) -> Vec<Action> {
        super::proof::oracle(self, briefing)
    }

    fn prove(&self, briefing: &Briefing, oracle: &[Action]) -> Result<Reachability, Flaw> {
        super::proof::prove(self, briefing, oracle)
    }

    fn graders(&self) -> &'static str {
        CLASSIC_VERSION
    }
}

/// The facts of one episode.
#[derive(Debug, Clone)]
struct ScriptedState {
    world: Arc<ScriptedWorld>,
    briefing: Arc<Briefing>,
    facts: FactSet,
}

/// The target of a remediation: its index among the targets of its kind, if it exists, and its name.
struct Target {
    index: Option<usize>,
    name: Arc<str>,
}

impl ScriptedState {
    /// Resolves the target of a remediation. An unknown flag or runbook step is a target that the scenario does not
    /// describe; an unknown service is refused.
    fn target(&self, kind: Remediation, action: &Action) -> Result<Target, (StepError, Signal)> {
        let Some(name) = action.target() else {
            let parameter = kind.target_parameters()[0];
            return Err((StepError::NoTarget { kind: action.kind().clone(), parameter }, Signal::RemNoTarget));
        };
        let names = match kind {
            Remediation::DisableFeatureFlag => &self.briefing.flags,
            Remediation::ExecuteRunbookStep => &self.briefing.runbooks,
            _ => &self.briefing.services,
        };
        let index = names.iter().position(|known| same_name(known, name));
        let must_exist = !matches!(kind, Remediation::DisableFeatureFlag | Remediation::ExecuteRunbookStep);
        match index {
            Some(found) => Ok(Target { index, name: Arc::clone(&names[found]) }),
            None if must_exist => {
                let (name, briefing) = (name.to_owned(), Arc::clone(&self.briefing));
                Err((StepError::UnknownService { name, briefing }, Signal::QueryUnknownSvc))
            }
            None => Ok(Target { index, name: name.into() }),
        }
    }
}

impl WorldState for ScriptedState {
    fn fork(&self) -> Box<dyn WorldState> {
        Box::new(self.clone())
    }

    #[expect(clippy::expect_used, reason = "the compiler refuses a scenario in which a reading could show nothing")]
    fn look(&mut self, question: &Question, novelty: Novelty) -> Reading {
        let signal = match novelty {
            Novelty::NewService => Signal::QueryNewSvc,
            Novelty::NewDiagnostic => Signal::QueryNewAction,
            Novelty::Repeat => Signal::QueryRepeat,
        };
        let (script, facts) = (&self.world.script, self.facts);
        let text = question.service.and_then(|service| script.look(question.kind, service, facts));
        let text = text.expect("every diagnostic that a task offers shows something for every service").clone();
        Reading { text, pay: Some(Pay::Signal(signal)) }
    }

    fn act(&mut self, kind: Remediation, action: &Action, earlier: Trajectory<'_>) -> Acted {
        let target = match self.target(kind, action) {
            Ok(target) => target,
            Err((error, signal)) => return Acted::Refused { resolved: Resolved::Remediation(None), signal, error },
        };
        let ScriptedWorld { script, truth, .. } = &*self.world;
        let remedy = target.index.and_then(|index| script.remedy(kind, index));
        let text = match remedy.and_then(|remedy| script.outcome(remedy, self.facts)) {
            Some(outcome) => {
                self.facts = outcome.effect.apply(self.facts);
                outcome.text.clone()
            }
            None => Text::new(default_outcome(kind, &target.name)),
        };
        let (kind, name) = (action.kind().clone(), target.name);
        let was_executed = |remedy: u16| earlier.executed().any(|before| before == remedy);
        let (signal, feedback) = match remedy {
            Some(remedy) if truth.wrong.contains(&remedy) => {
                (Some(Signal::RemWrong), Feedback::Harmful { kind, target: Arc::clone(&name) })
            }
            Some(remedy) if truth.sequence().contains(&remedy) && !was_executed(remedy) => {
                (Some(Signal::RemGood), Feedback::Executed { kind, target: Arc::clone(&name) })
            }
            _ => (None, Feedback::NoEffect { kind, target: Arc::clone(&name) }),
        };
        Acted::Done {
            resolved: Resolved::Remediation(remedy),
            pay: signal.map(Pay::Signal),
            report: Report { target: name, text, feedback },
        }
    }

    fn accept(&self, _answer: &Action) -> Result<Option<Signal>, String> {
        Ok(Some(Signal::SubmitCorrect))
    }

    fn is_repeat(&self, action: &Action, _question: Option<&Question>, earlier: Trajectory<'_>) -> bool {
        earlier.0.iter().any(|step| step.action == *action)
    }

    fn grade(&self, steps: Trajectory<'_>) -> Grade {
        graders::classic::grade(steps, &self.world.truth)
    }

    fn strict_grade(&self, steps: Trajectory<'_>) -> Option<Grade> {
        let truth = self.world.strict.as_ref()?;
        Some(graders::strict::grade(steps, &self.world, &self.briefing, truth))
    }
}

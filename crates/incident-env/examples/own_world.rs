//! Puts a world of our own behind an episode: a cache that serves stale prices until somebody clears it. The episode keeps
//! the rules of steps, rewards and the wire format; the world says what readings show, what remediations do, and what the
//! play was worth.
//!
//! ```text
//! cargo run -p incident-env --example own_world
//! ```
#![expect(clippy::print_stdout, reason = "the example shows what an agent sees")]

use std::sync::Arc;

use incident_env::{
    Acted, Action, Alert, AnswerForm, Breakdown, Briefing, Catalog, Diagnostic, Episode, EpisodeId, Feedback, Flaw,
    Grade, Novelty, Pay, Points, Question, Reachability, Reading, Remediation, Report, Resolved, Scenario, Signal,
    Targets, TaskId, Text, Trajectory, World, WorldState,
};

#[derive(Debug)]
struct StaleCache;

#[derive(Debug, Clone)]
struct CacheState {
    is_stale: bool,
}

impl World for StaleCache {
    fn start(self: Arc<Self>, _briefing: &Arc<Briefing>) -> Box<dyn WorldState> {
        Box::new(CacheState { is_stale: true })
    }

    fn oracle(&self, _briefing: &Briefing) -> Vec<Action> {
        vec![
            Action::diagnostic(Diagnostic::QueryLogs, "price-cache"),
            Action::remediation(Remediation::ClearCache, "price-cache"),
            Action::submit_resolution("The cache served stale prices; it is cleared now."),
        ]
    }

    fn prove(&self, _briefing: &Briefing, _oracle: &[Action]) -> Result<Reachability, Flaw> {
        Ok(Reachability { states: 2, shortest_repair: Some(1) })
    }

    fn graders(&self) -> &'static str {
        "stale-cache/1"
    }
}

impl WorldState for CacheState {
    fn fork(&self) -> Box<dyn WorldState> {
        Box::new(self.clone())
    }

    fn look(&mut self, question: &Question, _novelty: Novelty) -> Reading {
        let kind = question.kind;
        let text = if self.is_stale { "age of the oldest entry: 9 h" } else { "age of the oldest entry: 4 s" };
        Reading { text: Text::new(format!("{kind}: {text}")), pay: Some(Pay::Signal(Signal::QueryNewSvc)) }
    }

    fn act(&mut self, kind: Remediation, action: &Action, _earlier: Trajectory<'_>) -> Acted {
        let helps = kind == Remediation::ClearCache && self.is_stale;
        self.is_stale &= !helps;
        let (kind, target): (_, Arc<str>) = (action.kind().clone(), action.target().unwrap_or_default().into());
        let feedback = if helps {
            Feedback::Executed { kind, target: Arc::clone(&target) }
        } else {
            Feedback::NoEffect { kind, target: Arc::clone(&target) }
        };
        Acted::Done {
            resolved: Resolved::Remediation(None),
            pay: helps.then_some(Pay::Signal(Signal::RemGood)),
            report: Report { target, text: Text::new("done"), feedback },
        }
    }

    fn accept(&self, _answer: &Action) -> Result<Option<Signal>, String> {
        Ok(Some(Signal::SubmitCorrect))
    }

    fn is_repeat(&self, action: &Action, _question: Option<&Question>, earlier: Trajectory<'_>) -> bool {
        earlier.0.iter().any(|step| step.action == *action)
    }

    fn grade(&self, steps: Trajectory<'_>) -> Grade {
        let is_solved = !self.is_stale && steps.answer().is_some();
        let total = if is_solved { Points::ONE } else { Points::ZERO };
        let breakdown = Breakdown::Remediation {
            base: total,
            efficiency_bonus: Points::ZERO,
            wrong_action_penalty: Points::ZERO,
            summary_bonus: Points::ZERO,
            correct_actions_matched: usize::from(is_solved),
            correct_actions_total: 1,
            wrong_actions_count: 0,
            summary_keywords_hit: 0,
        };
        let feedback = if is_solved { "prices are fresh" } else { "prices are stale" };
        Grade { total, breakdown, feedback: feedback.to_owned() }
    }

    fn strict_grade(&self, _steps: Trajectory<'_>) -> Option<Grade> {
        None
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tasks = Catalog::embedded()?;
    let alert = Alert {
        id: "ALT-1".to_owned(),
        title: "Prices differ from the catalogue".to_owned(),
        severity_fired: None,
        affected_services: vec!["price-cache".to_owned()],
        symptoms: Vec::new(),
        error_rate: None,
        duration_minutes: None,
        revenue_impact_per_min: None,
    };
    let targets = Targets { services: vec!["price-cache".into()], ..Targets::default() };
    let task = Arc::clone(tasks.tasks().get(TaskId::RemediationPlanning));
    let summary = "Customers see yesterday's prices.".to_owned();
    let briefing = Briefing::new("OWN-1".to_owned(), task, summary, alert, targets, AnswerForm::FreeText);
    let scenario = Arc::new(Scenario::new(briefing, Arc::new(StaleCache), "easy", "an example"));

    let proof = incident_env::prove(&scenario)?;
    println!("proved: the oracle needs {} steps", proof.path.len());
    let mut episode = Episode::reset(&scenario, EpisodeId::nil());
    for action in proof.path {
        let outcome = episode.step(&action);
        println!("{action}: {} ({})", outcome.info.feedback, outcome.reward.reason);
    }
    Ok(())
}

//! Play without skill: one answer for everything, a soup of words, an answer that leaked. What they earn is what a score must
//! be read against.

use super::{Decision, Policy, Turn};
use crate::env::{Action, ActionKind, Observation, Submission};

/// How the floor is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Floor {
    /// The same answer always: P2, the first alerted service.
    Constant,
    /// Every word that could please: all names, all mechanisms, all that a repair is told with.
    KeywordSoup,
}

/// Words that tell of failures and repairs in general.
const SOUP: &str = "root cause identified: out of memory OOM killed memory leak connection pool exhausted timeout deadlock \
certificate expired credentials rotated configuration change bad deploy rolled back feature flag disabled cache cleared \
service restarted scaled out failover DNS network partition route withdrawn BGP disk full quota exceeded rate limited retry storm \
thundering herd unbounded query lock contention migration cancelled job paused scheduler verified recovered healthy resolved";

impl Policy for Floor {
    fn turn(&mut self, observation: &Observation) -> Turn {
        let briefing = &observation.briefing;
        let submission = briefing.task.id.submission();
        let first = briefing.alert.affected_services.first().cloned();
        let service = first.or_else(|| briefing.services.first().map(ToString::to_string)).unwrap_or_default();
        let words = match self {
            Self::Constant => "it failed".to_owned(),
            Self::KeywordSoup => {
                let names = briefing.services.iter().chain(&briefing.runbooks).chain(&briefing.flags);
                let names = names.chain(briefing.mechanisms()).map(ToString::to_string).collect::<Vec<_>>();
                format!("{SOUP} {}", names.join(" "))
            }
        };
        let parameters: &[(&str, &str)] = match submission {
            Submission::Severity => &[("severity", "P2")],
            Submission::RootCause => &[("service", &service), ("failure_mode", &words)],
            Submission::Resolution => &[("summary", &words)],
        };
        Turn::Act(Decision::builtin(Action::with(ActionKind::Submission(submission), parameters)))
    }
}

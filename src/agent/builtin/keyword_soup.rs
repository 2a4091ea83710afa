//! The agent that submits every word that could please a grader. A score must be read against what it earns.

use super::blind::answer;
use crate::agent::policy::{Decision, Policy, Turn};
use incident_env::Observation;

/// Words about failures and repairs in general.
const SOUP: &str = "root cause identified: out of memory OOM killed memory leak connection pool exhausted timeout deadlock \
certificate expired credentials rotated configuration change bad deploy rolled back feature flag disabled cache cleared \
service restarted scaled out failover DNS network partition route withdrawn BGP disk full quota exceeded rate limited retry storm \
thundering herd unbounded query lock contention migration cancelled job paused scheduler verified recovered healthy resolved";

/// Submits at once all names, all mechanisms, and all words in which repairs are described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeywordSoup;

impl Policy for KeywordSoup {
    fn turn(&mut self, observation: &Observation) -> Turn {
        let briefing = &observation.briefing;
        let names = briefing.services.iter().chain(&briefing.runbooks).chain(&briefing.flags);
        let names = names.chain(briefing.mechanisms()).map(ToString::to_string).collect::<Vec<_>>();
        Turn::Act(Decision::builtin(answer(observation, &format!("{SOUP} {}", names.join(" ")))))
    }
}

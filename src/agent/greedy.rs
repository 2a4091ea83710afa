//! The greedy walker: a program without any knowledge of how things fail. It follows the call that fails most until no call
//! fails, and holds the newest change there responsible. A score must be read against what it earns.

use serde_json::json;

use super::front_door::severity;
use super::policy::{Decision, Policy, Turn};
use super::records::{Call, Change, changes, worst_call};
use incident_env::{Action, ActionKind, Diagnostic, Observation, Remediation, Submission, TaskId};

/// The mechanism that is answered for each kind of change. There is one for each kind, whatever the evidence shows.
const MECHANISMS: [(&str, &str); 9] = [
    ("config", "retry_storm"),
    ("deploy", "regression_deploy"),
    ("flag", "feature_flag_bug"),
    ("job", "noisy_neighbour"),
    ("ntp", "clock_skew"),
    ("purge", "cache_stampede"),
    ("rotation", "stale_credential_push"),
    ("route", "route_withdrawal"),
    ("schema", "migration_lock"),
];
/// The mechanism that is answered if nothing was changed.
const WITHOUT_CHANGE: &str = "cert_expiry";
/// The most records that an answer may cite.
const MOST_CITED: usize = 8;
/// The steps that a repair takes after the walk: a change, a look and the answer.
const STEPS_OF_REPAIR: u32 = 3;

/// The greedy walker in one episode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Greedy {
    stage: Stage,
}

/// How far a repair is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// It looks for the cause.
    #[default]
    Walking,
    /// The change was rolled back.
    RolledBack,
    /// It looked at what came of that.
    LookedAgain,
}

/// Where the walk has led by what was read so far.
struct Walk<'a> {
    /// The parts, from the alerted one on.
    parts: Vec<String>,
    /// The records of the calls that were followed.
    records: Vec<&'a str>,
    /// The look that leads on; none at the end.
    look: Option<Diagnostic>,
}

impl Policy for Greedy {
    fn turn(&mut self, observation: &Observation) -> Turn {
        let simulated = observation.briefing.asks_for_citations();
        let action = match observation.task().id {
            TaskId::AlertClassification => severity(observation),
            TaskId::RootCauseAnalysis | TaskId::RemediationPlanning => self.next(observation, simulated),
        };
        Turn::Act(Decision::builtin(action))
    }
}

impl Greedy {
    fn next(&mut self, observation: &Observation, simulated: bool) -> Action {
        let repairs = observation.task().id == TaskId::RemediationPlanning;
        let kept = if repairs { STEPS_OF_REPAIR } else { 1 };
        let walk = walk(observation);
        let end = walk.parts.last().map_or("", String::as_str);
        if let Some(tool) = walk.look.filter(|_| self.stage == Stage::Walking && observation.steps_left() > kept) {
            return look(tool, end);
        }
        let newest = newest_change(observation, end);
        if repairs && observation.steps_left() > 1 {
            match (self.stage, &newest) {
                (Stage::Walking, Some(change)) => {
                    self.stage = Stage::RolledBack;
                    let kind = ActionKind::Remediation(Remediation::RollbackDeploy);
                    return Action::with(kind, &[("service", end), ("target_version", change.id)]);
                }
                (Stage::RolledBack, _) => {
                    self.stage = Stage::LookedAgain;
                    return look(Diagnostic::CheckMetrics, end);
                }
                (Stage::Walking, None) | (Stage::LookedAgain, _) => {}
            }
        }
        answer(observation, &walk, newest, simulated)
    }
}

fn look(tool: Diagnostic, part: &str) -> Action {
    Action::with(ActionKind::Diagnostic(tool), &[("service", part)])
}

/// Follows the worst call of each part from the alerted one on, as far as its calls were read.
fn walk(observation: &Observation) -> Walk<'_> {
    let mut walk = Walk { parts: Vec::new(), records: Vec::new(), look: None };
    let mut next = observation.briefing.alert.affected_services.first().cloned();
    while let Some(part) = next.take() {
        walk.parts.push(part);
        let part = &walk.parts[walk.parts.len() - 1];
        let Some(edges) = observation.reading(Diagnostic::CheckDependencies, part) else {
            walk.look = Some(Diagnostic::CheckDependencies);
            return walk;
        };
        let worst = worst_call(edges, part).filter(Call::is_failing);
        if let Some(call) = worst.filter(|call| !walk.parts.iter().any(|known| known == call.to)) {
            walk.records.push(call.record.id);
            next = Some(call.to.to_owned());
        }
    }
    let end = walk.parts.last();
    let is_read = |end: &String| observation.reading(Diagnostic::CheckRecentDeploys, end).is_some();
    walk.look = end.filter(|end| !is_read(end)).map(|_| Diagnostic::CheckRecentDeploys);
    walk
}

fn newest_change<'a>(observation: &'a Observation, part: &str) -> Option<Change<'a>> {
    let shown = observation.reading(Diagnostic::CheckRecentDeploys, part)?;
    changes(shown).min_by_key(|change| change.minutes_ago)
}

/// Submits the end of the walk and its newest change. Incidents that are not simulated ask for words instead of names.
fn answer(observation: &Observation, walk: &Walk<'_>, newest: Option<Change<'_>>, simulated: bool) -> Action {
    let end = walk.parts.last().map_or("none", String::as_str);
    let kind = observation.task().id.submission();
    if !simulated {
        let words = "its newest change broke it";
        let texts: &[(&str, &str)] = match kind {
            Submission::RootCause => &[("service", end), ("failure_mode", words)],
            Submission::Severity | Submission::Resolution => &[("summary", words)],
        };
        return Action::with(ActionKind::Submission(kind), texts);
    }
    let of_kind = |change: &Change<'_>| MECHANISMS.iter().find(|(kind, _)| *kind == change.kind);
    let mechanism = newest.as_ref().and_then(of_kind).map_or(WITHOUT_CHANGE, |(_, mechanism)| *mechanism);
    let evidence: Vec<_> = walk.records.iter().copied().chain(newest.as_ref().map(|change| change.record.id)).collect();
    let first = evidence.len().saturating_sub(MOST_CITED);
    let parameters = json!({
        "service": end,
        "mechanism": mechanism,
        "trigger": newest.as_ref().map_or("none", |change| change.id),
        "path": walk.parts,
        "evidence": evidence[first..],
        "status": if newest.is_some() { "resolved" } else { "unresolved" },
        "confidence": 0.5,
    });
    let kind = ActionKind::Submission(kind);
    let parameters = parameters.as_object().cloned().unwrap_or_default();
    Action::new(kind.clone(), parameters).unwrap_or_else(|_| Action::with(kind, &[]))
}

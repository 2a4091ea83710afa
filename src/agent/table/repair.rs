//! The steps of the table against a mechanism, with the targets that records name.

use incident_env::{Action, ActionKind, Diagnostic, Remediation};

use super::data::{Relation, Step, Table, Target};
use super::seen::{Look, Seen, Shown};
use super::weigh::Candidate;

/// Returns the looks that are needed to know what the steps are applied to.
pub(super) fn looks<'a>(seen: &Seen<'a>, table: &'static Table, candidate: &Candidate<'a>) -> Vec<Look<'a>> {
    let mut needed = Vec::new();
    for step in &candidate.mechanism.steps {
        match &step.target {
            Target::Job => needed.push(Look::at(Diagnostic::CheckServiceStatus, candidate.place)),
            Target::Flag | Target::Certificate => {
                needed.push(Look::at(Diagnostic::CheckServiceStatus, candidate.root));
            }
            Target::Each(at, Some(sign)) => {
                let Some(sign) = table.sign(sign) else { continue };
                let fails =
                    |part: &str| seen.calls.iter().any(|call| (call.from == part || call.to == part) && call.is_bad());
                let affected = seen.related(*at, candidate.root).into_iter();
                let affected = affected.filter(|part| *at != Relation::User || fails(part));
                needed.extend(affected.filter_map(|part| match seen.shown(sign, part, Some((*at, candidate.root))) {
                    Shown::Unread(look) => Some(look),
                    _ => None,
                }));
            }
            Target::Root | Target::Place | Target::Change | Target::Each(_, None) => {}
        }
    }
    needed.retain(|look| !seen.is_taken(*look));
    needed
}

/// Returns the actions of all steps. A step whose target no record names is left out.
pub(super) fn plan<'a>(seen: &Seen<'a>, table: &'static Table, candidate: &Candidate<'a>) -> Vec<Action> {
    candidate.mechanism.steps.iter().flat_map(|step| actions(seen, table, candidate, step)).collect()
}

fn actions<'a>(seen: &Seen<'a>, table: &'static Table, candidate: &Candidate<'a>, step: &Step) -> Vec<Action> {
    let one = |target: Option<&str>| target.map(|target| action(&step.verb, target)).into_iter().collect();
    match &step.target {
        Target::Root => one(Some(candidate.root)),
        Target::Place => one(Some(candidate.place)),
        Target::Job => one(seen.field(candidate.place, "job")),
        Target::Flag => one(seen.field(candidate.root, "flag")),
        Target::Certificate => one(seen.field(candidate.root, "certificate")),
        Target::Change => {
            let taken_back = |id: &str| {
                let parameters = [("service", candidate.place), ("target_version", id)];
                Action::with(ActionKind::Remediation(Remediation::RollbackDeploy), &parameters)
            };
            candidate.trigger(seen).map(|change| taken_back(change.id)).into_iter().collect()
        }
        Target::Each(at, sign) => {
            let sign = sign.as_ref().and_then(|id| table.sign(id));
            let mut affected = seen.related(*at, candidate.root);
            affected.retain(|part| {
                let shown = sign.map(|sign| seen.shown(sign, part, Some((*at, candidate.root))));
                shown.is_none_or(|shown| matches!(shown, Shown::Now { .. }))
            });
            affected.iter().map(|part| action(&step.verb, part)).collect()
        }
    }
}

/// Makes the action of a verb: one of its own, or a step of a runbook.
fn action(verb: &str, target: &str) -> Action {
    if let Some(kind) = Remediation::from_name(verb) {
        return Action::remediation(kind, target);
    }
    let parameters = [("runbook_action", verb), ("target", target)];
    Action::with(ActionKind::Remediation(Remediation::ExecuteRunbookStep), &parameters)
}

//! Makes a long episode with much evidence, for benchmarks.

use incident_env::{Action, ActionKind, Diagnostic, Scenario};

/// Looks at every service in turn, then repairs.
pub(crate) fn long_play(scenario: &Scenario) -> Vec<Action> {
    let repair = scenario.oracle();
    let room = scenario.briefing().task.max_steps as usize - repair.len();
    let kinds = [Diagnostic::QueryLogs, Diagnostic::CheckMetrics];
    let looks = kinds.iter().flat_map(|kind| {
        let services = &scenario.briefing().services;
        services.iter().map(|service| Action::with(ActionKind::Diagnostic(*kind), &[("service", service)]))
    });
    looks.take(room).chain(repair).collect()
}

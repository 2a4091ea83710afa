//! The alert in words: the rule that fired, and since when. It does not say how far the rule is exceeded.

use crate::data::kinds::Symptom;
use crate::draws::Stream;
use crate::incident::incident::AlertRule;
use crate::incident::world::World;
use crate::telemetry::reader::Tenths;
use crate::telemetry::response_time::usual_p99s;

/// What agents read of the alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AlertText {
    /// The id of the alert.
    pub(crate) id: String,
    /// What fired.
    pub(crate) title: String,
    /// The rule, and since when it fires.
    pub(crate) rule: String,
}

impl AlertText {
    /// Writes the alert of an incident.
    #[must_use]
    pub(crate) fn of(world: &World) -> Self {
        let incident = &world.incident;
        let AlertRule { at, symptom, threshold, window, since } = incident.alert;
        let alerted = incident.topology.name(at);
        let fired = world.clock(-since.cast_signed());
        let (title, watched) = match symptom {
            Symptom::Errors => (
                format!("Failed requests of {alerted} above their threshold"),
                // The rule is set above what fails on any day.
                format!(
                    "failed requests of {alerted} > {} %",
                    Tenths(i64::from(threshold) + i64::from(world.usual(at).error))
                ),
            ),
            Symptom::Latency => (
                format!("Response time of {alerted} above its threshold"),
                format!(
                    "p99 response time of {alerted} > {} ms",
                    u64::from(usual_p99s(world)[at.index()]) * u64::from(threshold) / 100_000
                ),
            ),
        };
        Self {
            id: format!("ALT-{:08x}", incident.names.bits(Stream::Alert, 0, 0, 0) >> 32),
            title,
            rule: format!("rule: {watched}, mean of {window} min; first exceeded at {fired}"),
        }
    }
}

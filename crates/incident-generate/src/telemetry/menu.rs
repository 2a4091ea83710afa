//! The menu of metrics: the names by which the metrics of an entity can be asked for.

use crate::ids::EntityId;
use crate::incident::world::World;

/// The metrics that every entity with requests has.
const OF_REQUESTS: [&str; 3] = ["requests", "failed requests", "p99 of response time"];

/// Returns the names of the metrics of an entity, in the order of its dashboard.
#[must_use]
pub(crate) fn metrics_of(world: &World, at: EntityId) -> Vec<String> {
    let incident = &world.incident;
    let kind = incident.topology.entity(at).kind;
    let of_requests: &[&str] = if incident.traffic.usual(at) > 0 { &OF_REQUESTS } else { &[] };
    let series = world.library.telemetry.series.iter().filter(|series| series.kinds.contains(&kind));
    let journeys = incident.topology.journeys.iter().filter(|_| at == incident.topology.gateway);
    let of_requests = of_requests.iter().map(|name| (*name).to_owned());
    let series = series.map(|series| series.label.clone());
    of_requests.chain(series).chain(journeys.map(|journey| format!("journey '{}'", journey.name))).collect()
}

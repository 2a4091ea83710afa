//! The catalogue: every entity with its kind and its place, and the alerts that fire.

use std::fmt::Write;

use crate::data::kinds::Symptom;
use crate::ids::EntityId;
use crate::incident::incident::AlertRule;
use crate::incident::world::{State, World};
use crate::proof::claim::Claim;
use crate::telemetry::alert::AlertText;
use crate::telemetry::reader::{CATALOGUE, Reader, Sheet};

/// The slots of the line about an entity, and of the line about its alert.
const ENTITY: u64 = 0;
const ALERT: u64 = 1;

/// Writes the alerts that fire, and then all entities in the order of their names.
pub(super) fn catalogue(world: &World, state: &State, sheet: &mut Sheet) {
    let topology = &world.incident.topology;
    Reader::new(world, state, world.incident.alert.at).alert(sheet);
    let mut order: Vec<EntityId> = topology.ids().collect();
    order.sort_by_key(|at| topology.name(*at));
    for at in order {
        Reader::new(world, state, at).entry(sheet);
    }
}

impl Reader<'_> {
    /// Writes the line about the alert. Until something is changed it fires, whether it is true or false; after that it
    /// fires while the entity is in the trouble that its rule watches.
    fn alert(&self, sheet: &mut Sheet) {
        let AlertRule { at, symptom, .. } = self.world.incident.alert;
        let trouble = self.world.trouble(self.state, at, self.now);
        let (claim, fires) = match symptom {
            _ if !self.state.is_touched() => (Claim::Nothing, true),
            Symptom::Errors => (Claim::Errors { at, up: trouble.errors }, trouble.errors),
            Symptom::Latency => (Claim::Slow { at, up: trouble.slow }, trouble.slow),
        };
        sheet.begin(self.id(CATALOGUE, ALERT, i64::from(self.now)), claim);
        let AlertText { id, title, rule } = AlertText::of(self.world);
        let now = self.clock(self.now);
        let _ = if fires {
            writeln!(sheet.text, "{now} alert {id}: {title}; {rule}")
        } else {
            writeln!(sheet.text, "{now} no alert fires; {id} of {} is over", self.name(at))
        };
    }

    /// Writes the line of the entity.
    fn entry(&self, sheet: &mut Sheet) {
        let topology = &self.world.incident.topology;
        let entity = topology.entity(self.at);
        sheet.begin(self.id(CATALOGUE, ENTITY, i64::from(self.now)), Claim::Nothing);
        let zone = if entity.zone == 0 { 'a' } else { 'b' };
        let _ = write!(sheet.text, "{}: kind {}, zone-{zone}", entity.name, entity.kind.as_str());
        if let Some(node) = entity.node {
            let _ = write!(sheet.text, ", on {}", self.name(node));
        }
        let _ = write!(sheet.text, ", runs {}", self.dialect(self.at).name);
        if self.at == topology.gateway {
            sheet.text.push_str(", users come in here");
        }
        sheet.text.push('\n');
    }
}

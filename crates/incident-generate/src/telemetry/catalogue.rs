//! The catalogue: every entity with its kind and its place, and the alerts that fire.

use std::fmt::Write;

use crate::data::kinds::Symptom;
use crate::ids::EntityId;
use crate::incident::rule::AlertRule;
use crate::incident::world::{State, World};
use crate::proof::claim::Claim;
use crate::telemetry::alert::{AlertText, Standing, standing};
use crate::telemetry::reader::{CATALOGUE, Reader, Sheet};

/// The slots of the line about an entity, and of the first line about an alert.
const ENTITY: u64 = 0;
const ALERT: u64 = 1;

/// Writes the alert that woke the responder, the others in the order in which they fired, and then all entities in the
/// order of their names.
pub(super) fn catalogue(world: &World, state: &State, sheet: &mut Sheet) {
    let topology = &world.incident.topology;
    let alerts = std::iter::once(&world.incident.alert).chain(&world.incident.alerts);
    for (number, rule) in (0..).zip(alerts) {
        Reader::new(world, state, rule.at).alert(sheet, *rule, number);
    }
    let mut order: Vec<EntityId> = topology.ids().collect();
    order.sort_by_key(|at| topology.name(*at));
    for at in order {
        Reader::new(world, state, at).entry(sheet);
    }
}

impl Reader<'_> {
    /// Writes the line about an alert of the entity: that it fires, or since when it does so no more. What fires anew says when it was resolved. The record is a sign
    /// only of what the part shows in this minute too, because a rule looks back.
    fn alert(&self, sheet: &mut Sheet, rule: AlertRule, number: u64) {
        let at = self.at;
        let trouble = self.world.trouble(self.state, at, self.now);
        let standing = standing(self.world, self.state, &rule);
        let fires = standing.fires();
        let claim = match rule.symptom {
            _ if number > 0 || !self.state.is_touched() => Claim::Nothing,
            Symptom::Errors if trouble.errors == fires => Claim::Errors { at, up: fires },
            Symptom::Latency if trouble.slow == fires => Claim::Slow { at, up: fires },
            _ => Claim::Nothing,
        };
        sheet.begin(self.id(CATALOGUE, ALERT + number, i64::from(self.now)), claim);
        let AlertText { id, title, rule } = AlertText::of(self.world, rule, number, standing);
        let now = self.clock(self.now);
        let _ = match standing {
            Standing::Fires { .. } => writeln!(sheet.text, "{now} alert {id}: {title}; {rule}"),
            Standing::Over { resolved, .. } => {
                writeln!(sheet.text, "{now} alert {id}: resolved at {}: {title}; {rule}", self.clock(resolved))
            }
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

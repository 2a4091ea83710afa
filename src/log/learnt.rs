//! What was learnt of the endpoints of a run: what its manifest and its events say together. Pure.

use std::collections::BTreeMap;

use super::event::{Event, EventKind};
use super::manifest::{Contestant, Manifest};
use crate::chat::adjust::Adjusted;

/// What was changed in requests to each model, by label: before the run, which its manifest says, and in these events of its
/// log.
#[must_use]
pub fn learnt(manifest: &Manifest, events: &[Event]) -> BTreeMap<String, Adjusted> {
    let of_model = |one: &Contestant| Some((one.label.clone(), one.settings.as_ref()?.adjusted.clone()));
    let mut all: BTreeMap<_, _> = manifest.contestants.iter().filter_map(of_model).collect();
    for event in events {
        if let EventKind::EndpointAdjusted { model, adjusted } = &event.event
            && let Some(known) = all.get_mut(model)
        {
            adjusted.iter().for_each(|one| known.add(one.clone()));
        }
    }
    all
}

//! The first step at which two plays of a scenario differ. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::log::{EpisodeKey, Event, EventKind};

/// The first step at which two plays of a scenario differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FirstDifference {
    /// The number of the epoch, from 0.
    pub epoch: u32,
    /// The number of the step, from 1.
    pub step: u32,
    /// The action in the base; none if the episode had ended.
    pub base: Option<String>,
    /// The action in the new run; none if the episode had ended.
    pub new: Option<String>,
}

/// The actions of a contestant, by scenario and epoch.
pub(super) struct Steps(BTreeMap<(String, u32), Vec<String>>);

impl Steps {
    /// Collects the actions of a contestant from the events of its run.
    pub(super) fn of(events: &[Event], contestant: &str) -> Self {
        let mut steps: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for event in events {
            if let (EventKind::StepTaken(step), Some(EpisodeKey { contestant: of, scenario, epoch })) =
                (&event.event, &event.episode)
                && of == contestant
            {
                let parameters = serde_json::to_string(&step.parameters).unwrap_or_default();
                let action = format!("{} {parameters}", step.action_type);
                steps.entry((scenario.clone(), *epoch)).or_default().push(action);
            }
        }
        Self(steps)
    }

    /// Finds the first step of a scenario that the new run took in another way, in the first epoch that has one.
    pub(super) fn first_difference(&self, new: &Self, scenario: &str) -> Option<FirstDifference> {
        self.0.iter().filter(|((of, _), _)| of == scenario).find_map(|(key, before)| {
            let after = new.0.get(key)?;
            let longest = before.len().max(after.len());
            let step = (0..longest).find(|step| before.get(*step) != after.get(*step))?;
            Some(FirstDifference {
                epoch: key.1,
                step: u32::try_from(step + 1).unwrap_or(u32::MAX),
                base: before.get(step).cloned(),
                new: after.get(step).cloned(),
            })
        })
    }
}

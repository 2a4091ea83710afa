//! Finds the settings that an API has no place for, so that they do not stand in a record as if they held. Pure.

use super::adjustment::{Adjustment, Change};
use crate::chat::Api;
use crate::chat::wire::{ModelSettings, Optional};

/// The settings that requests cannot carry by the API with which the model is asked, each with the reason.
#[must_use]
pub fn uncarried(settings: &ModelSettings) -> Vec<Adjustment> {
    let left_out = |part: Optional, words: String| Adjustment { change: Change::LeftOut(part), words };
    let api = settings.spoken();
    let thinks_by_budget = settings.thinking_budget.is_some() && settings.sends(Optional::Thinking);
    let thinks_by_effort = settings.sends(Optional::Thinking)
        && settings.sends(Optional::ReasoningEffort)
        && settings.reasoning_effort.as_deref().is_some_and(|effort| effort != "none");
    let has_temperature = settings.temperature.is_some() && settings.sends(Optional::Temperature);
    match api {
        Api::Chat | Api::Responses if thinks_by_budget => {
            let words =
                format!("the API '{api}' has no field for thinking_budget; reasoning_effort or extra_body may do");
            vec![left_out(Optional::Thinking, words)]
        }
        Api::Messages if has_temperature && (thinks_by_budget || thinks_by_effort) => {
            vec![left_out(
                Optional::Temperature,
                format!("the API '{api}' takes no temperature from a model that thinks"),
            )]
        }
        Api::Chat | Api::Responses | Api::Messages => Vec::new(),
    }
}

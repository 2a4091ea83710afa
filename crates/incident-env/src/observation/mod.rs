//! Everything that an agent may see: the briefing before the first step, and the observation after each step.

mod briefing;
mod feedback;
mod observation;
mod wire;

pub use briefing::{Alert, AnswerForm, Briefing, Targets};
pub use feedback::{Feedback, StepError};
pub use observation::{Evidence, Observation, QueriedData};
pub use wire::{FeedbackView, ObservationView};

//! The environment: what an agent can do in an incident, what it sees, and what it earns.
//!
//! Pure and synchronous: no clock, no file, no network, and no randomness. The same actions on the same scenario give
//! the same observations, rewards and grade, byte for byte.
//!
//! ```text
//! TOML ─► ScenarioFile ─► compile + validate ─► Scenario (briefing | world | sealed truth, or a live world)
//!                                                   │
//!                      Action ─► Episode::step ◄────┘
//!                                   │
//!                                   ├─► Observation   what the agent may see
//!                                   ├─► Reward        the signals of this step
//!                                   └─► Grade         at the end, by the task's grader
//! ```
//!
//! ```
//! use incident_bench::env::{Action, Catalog, Episode, EpisodeId};
//! use serde_json::json;
//!
//! let catalog = Catalog::embedded()?;
//! let scenario = catalog.scenario("AC-003")?;
//! let mut episode = Episode::reset(scenario, EpisodeId::nil());
//!
//! let look = Action::from_value(json!({
//!     "action_type": "check_metrics",
//!     "parameters": { "service": "recommendation-service" }
//! }))?;
//! assert_eq!(episode.step(&look).reward.score.to_f64(), 0.04);
//!
//! let submit = Action::from_value(json!({
//!     "action_type": "submit_severity",
//!     "parameters": { "severity": "P3" }
//! }))?;
//! let outcome = episode.step(&submit);
//! assert!(outcome.done);
//! assert_eq!(outcome.reward.score.to_f64(), 1.02);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod action;
mod catalog;
mod episode;
mod episode_id;
mod evidence;
mod facts;
pub mod grade;
mod live;
mod names;
mod observation;
mod points;
mod reward;
mod scenario;
mod scenario_file;
mod shown;
mod task;
mod trajectory;
pub mod verify;

pub use action::{Action, ActionError, ActionKind, Diagnostic, Remediation, Submission};
pub(crate) use catalog::hex;
pub use catalog::{Catalog, CatalogError, Source};
pub use episode::{ActionRecord, Episode, EpisodeState, Info, StepOutcome};
pub use episode_id::EpisodeId;
pub use evidence::Text;
pub use facts::{Effect, FactNames, Facts, Guard};
pub use grade::{Breakdown, Grade};
pub use live::{CannotRepair, Live, LiveState, Repaired};
pub use names::{canonical, same_name};
pub use observation::{Alert, Briefing, Evidence, Feedback, Observation, StepError};
pub use points::Points;
pub use reward::{Reason, Reward, RewardTable, Signal};
pub use scenario::{Place, Scenario, ScenarioError};
pub use scenario_file::{AlertFile, OutcomeFile, ScenarioFile, TruthFile, VariantFile};
pub use shown::{Shown, ShownFeedback};
pub use task::{Difficulty, SEVERITIES, Task, TaskId, Tasks, UnknownTask};
pub use trajectory::{Resolved, StepRecord, Trajectory};

//! The environment: the actions of an agent in a cloud incident, its observations, and its rewards.
//!
//! Everything here is pure and synchronous: no clock, no file, no network, and no randomness. The same actions on the
//! same scenario give the same observations, rewards and grade, byte for byte.
//!
//! ```text
//! TOML ─► scripted::compile ─┐
//!                            ├─► Scenario = Briefing + World (which seals the answers)
//! a simulated World ─────────┘         │
//!                                      ▼
//!                     Action ─► Episode::step ◄─► WorldState: looks, acts, grades
//!                                      │
//!                                      ├─► Observation   what the agent may see
//!                                      ├─► Reward        the signals of this step
//!                                      └─► Grade         at the end
//! ```
//!
//! An episode of an embedded scenario:
//!
//! ```
//! use incident_env::{Action, Catalog, Diagnostic, Episode, EpisodeId, Severity};
//!
//! let catalog = Catalog::embedded()?;
//! let mut episode = Episode::reset(catalog.scenario("AC-003")?, EpisodeId::nil());
//!
//! let look = Action::diagnostic(Diagnostic::CheckMetrics, "recommendation-service");
//! assert_eq!(episode.step(&look).reward.score.to_f64(), 0.04);
//!
//! let outcome = episode.step(&Action::submit_severity(Severity::P3));
//! assert!(outcome.done);
//! assert_eq!(outcome.reward.score.to_f64(), 1.02);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Actions that come from elsewhere are read by [`Action::from_value`]. A world of another kind, such as a simulator,
//! implements [`World`] and [`WorldState`]; the episode, its rules and its wire format stay the same.
//!
//! # Terms
//!
//! | term | meaning |
//! |---|---|
//! | task | a kind of problem: classify the alert, find the root cause, or repair the system |
//! | scenario | one incident of one task |
//! | briefing | the facts that an agent knows about a scenario before the first step |
//! | world | the model behind a scenario: what readings show, what remediations do, and the right answers |
//! | episode | one play of a scenario |
//! | diagnostic, remediation, submission | an action that reads, that changes something, that answers the task |
//! | question | what a diagnostic asks: of which service, and with which optional parameters |
//! | reading | the text that a diagnostic shows |
//! | signal | a named reason for which a step earns or costs points |
//! | reward | the points of a step |
//! | grade | the score of an episode, 0 to 1, with its parts and reasons |
//! | oracle | the agent that knows the answers; its play proves that a full score can be reached |

mod action;
mod action_schema;
mod definitions;
mod digest;
mod episode;
mod episode_id;
pub mod grade;
mod mechanism;
mod named_enum;
mod names;
mod observation;
mod points;
mod proof;
mod prove;
mod question;
mod reward;
mod scenario;
mod scripted;
mod severity;
mod task;
mod text;
mod trajectory;
mod world;

pub use action::{Action, ActionError, ActionKind, Diagnostic, Remediation, Submission};
pub use action_schema::ActionSchema;
pub use definitions::{Definition, Definitions};
pub use digest::{Digest, hex};
pub use episode::{ActionRecord, Episode, EpisodeState, Info, StepOutcome};
pub use episode_id::EpisodeId;
pub use grade::{Breakdown, CLASSIC_VERSION, Grade, STRICT_VERSION, strict_record};
pub use mechanism::{Mechanism, mechanisms};
pub use named_enum::UnknownName;
pub use names::{canonical, same_name};
pub use observation::{
    Alert, AnswerForm, Briefing, Evidence, Feedback, FeedbackView, Observation, ObservationView, QueriedData,
    StepError, Targets,
};
pub use points::Points;
pub use proof::{Flaw, Proof, Reachability};
pub use prove::prove;
pub use question::{Asked, Dimension, LOOK_BACK, LogLevel, LookParameter, Question, SYSTEM, without_service};
pub use reward::{Reason, Reward, RewardTable, Signal};
pub use scenario::{Catalog, CatalogError, Scenario, Source};
pub use scripted::{
    AlertFile, OutcomeFile, Place, ScenarioError, ScenarioFile, StrictFile, TruthFile, VariantFile, asserted, occurs,
};
pub use severity::{Loss, Severity};
pub use task::{Difficulty, Task, TaskId, Tasks};
pub use text::Text;
pub use trajectory::{Novelty, Resolved, StepRecord, Trajectory};
pub use world::{Acted, Pay, Reading, Report, World, WorldState};

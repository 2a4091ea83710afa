//! Verbs: the remediations that an agent can perform, what they can be performed on, and what they do beside the facts of a
//! fault. They are part of the vocabulary.

use serde::Deserialize;

use crate::data::kinds::Kind;
use crate::ids::{PredicateId, VerbId};
use incident_env::Remediation;

/// A kind of target that a verb accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    Change,
    Job,
    Flag,
    Certificate,
    #[serde(untagged)]
    Entity(Kind),
}

impl TargetKind {
    /// Returns the word that agents read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Job => "job",
            Self::Flag => "flag",
            Self::Certificate => "certificate",
            Self::Entity(kind) => kind.as_str(),
        }
    }
}

/// What a verb does to the system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerbRole {
    /// It changes the system.
    #[default]
    Change,
    /// It lets time pass and changes nothing.
    Observe,
    /// It hands something over to others and changes nothing.
    Ticket,
}

/// What a verb does beside ending and beginning facts of a fault, whether there is a fault or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Besides {
    /// It suspends a job, until a verb resumes the job.
    SuspendsJob,
    /// It resumes a job that was suspended.
    ResumesJob,
    /// It makes the volume of a store half as large again.
    GrowsVolume,
    /// It issues a new generation of secrets.
    RotatesSecrets,
    /// It issues a certificate anew.
    RenewsCertificate,
}

/// A remediation that an agent can perform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verb {
    /// The name of the verb. For runbook steps it is the `runbook_action`.
    pub name: String,
    /// The type of the action that performs it.
    pub action: Remediation,
    /// What the verb does to the system.
    pub role: VerbRole,
    /// The kinds of targets that it accepts.
    pub takes: Vec<TargetKind>,
    /// How many minutes it takes.
    pub minutes: u32,
    /// The predicate that holds about the target meanwhile.
    pub interrupts: Option<PredicateId>,
    /// What it does beside ending and beginning facts.
    pub besides: Option<Besides>,
    /// The predicates that it relieves its target of for some minutes: those that hold about the target begin anew.
    pub relieves: Vec<PredicateId>,
    /// The harm to users if nothing called for it, in thousandths.
    pub harm: i32,
    /// The same harm if the target is a store.
    pub harm_store: i32,
}

impl Verb {
    /// Lists the kinds of targets that the verb accepts, as agents read them: `job`, or `db, queue`. A verb without a
    /// target takes a number of minutes.
    #[must_use]
    pub fn accepted(&self) -> String {
        if self.role == VerbRole::Observe {
            return "minutes".to_owned();
        }
        self.takes.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// The verb of each type of action that does not name one. A runbook step names its verb itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DirectVerbs {
    restart: VerbId,
    rollback: VerbId,
    scale: VerbId,
    flag: VerbId,
    cache: VerbId,
}

/// A verb as the file of the vocabulary has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VerbFile {
    #[serde(default = "runbook_step")]
    action: Remediation,
    #[serde(default)]
    role: VerbRole,
    takes: Vec<TargetKind>,
    minutes: u32,
    interrupts: Option<String>,
    besides: Option<Besides>,
    #[serde(default)]
    relieves: Vec<String>,
    harm: i32,
    harm_store: Option<i32>,
}

const fn runbook_step() -> Remediation {
    Remediation::ExecuteRunbookStep
}

impl Verb {
    /// Reads and checks a verb. `predicate` finds a predicate by its name.
    ///
    /// # Errors
    /// The text says what is wrong, and with which verb.
    pub(super) fn parse(
        name: String,
        file: VerbFile,
        predicate: impl Fn(&str) -> Option<PredicateId>,
    ) -> Result<Self, String> {
        let needs_target = file.role != VerbRole::Observe;
        if file.takes.is_empty() == needs_target || file.minutes == 0 || file.harm < 0 {
            return Err(format!("verb.{name}: takes something, some minutes, and does no good unasked"));
        }
        let does_something = file.besides.is_some() || !file.relieves.is_empty();
        if file.role != VerbRole::Change && ((file.action, file.harm) != (runbook_step(), 0) || does_something) {
            return Err(format!("verb.{name}: what changes nothing is a step of a runbook and does no harm"));
        }
        let VerbFile { action, role, takes, minutes, interrupts, besides, relieves, harm, harm_store } = file;
        let known = |what: &str, by: &String| {
            predicate(by).ok_or_else(|| format!("verb.{name}: {what} the unknown predicate '{by}'"))
        };
        let interrupts = interrupts.map(|by| known("interrupts by", &by)).transpose()?;
        let relieves = relieves.iter().map(|of| known("relieves of", of)).collect::<Result<_, _>>()?;
        let harm_store = harm_store.unwrap_or(harm);
        Ok(Self { name, action, role, takes, minutes, interrupts, besides, relieves, harm, harm_store })
    }
}

impl DirectVerbs {
    /// Resolves the verbs, so that no action can be without one later.
    ///
    /// # Errors
    /// The text names the action that no verb has.
    pub(super) fn among(verbs: &[Verb]) -> Result<Self, String> {
        let of = |action: Remediation| {
            VerbId::find(verbs, |verb| verb.action == action)
                .ok_or_else(|| format!("verb: no verb has the action {action}"))
        };
        Ok(Self {
            restart: of(Remediation::RestartService)?,
            rollback: of(Remediation::RollbackDeploy)?,
            scale: of(Remediation::ScaleService)?,
            flag: of(Remediation::DisableFeatureFlag)?,
            cache: of(Remediation::ClearCache)?,
        })
    }

    /// Returns the verb of a type of action, or nothing if the action names its verb itself.
    pub(super) fn of(&self, action: Remediation) -> Option<VerbId> {
        match action {
            Remediation::RestartService => Some(self.restart),
            Remediation::RollbackDeploy => Some(self.rollback),
            Remediation::ScaleService => Some(self.scale),
            Remediation::DisableFeatureFlag => Some(self.flag),
            Remediation::ClearCache => Some(self.cache),
            Remediation::ExecuteRunbookStep => None,
        }
    }
}

//! Named objects: the jobs, certificates and feature flags that entities have.

use crate::data::kinds::Kind;
use crate::draws::{Draws, Stream};
use crate::ids::EntityId;
use crate::system::fault::{Target, Thing};
use crate::system::topology::Topology;

/// The names of all jobs, certificates and flags of a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedObjects {
    jobs: Vec<Option<String>>,
    certificates: Vec<Option<String>>,
    flags: Vec<Option<String>>,
}

/// Returns whether an entity has a feature flag that is on for a share of its users.
#[must_use]
pub(crate) fn has_flag(topology: &Topology, draws: Draws, at: EntityId) -> bool {
    topology.entity(at).kind == Kind::Api && draws.below(Stream::Objects, u64::from(at), 1, 2) == 0
}

impl NamedObjects {
    /// Names the objects of a system. Their names are drawn from the source of names, and which there are from the other
    /// one.
    #[must_use]
    pub fn new(topology: &Topology, draws: Draws, names: Draws) -> Self {
        let number = |at: EntityId, kind: u64| names.within(Stream::Objects, u64::from(at), kind, 1000, 9999);
        let objects = |exists: &dyn Fn(EntityId) -> bool, prefix: &str, kind: u64| {
            let mut names: Vec<Option<String>> = Vec::new();
            for at in topology.ids() {
                let name = exists(at).then(|| {
                    // Names are unique, because an action could mean either of two objects otherwise.
                    let mut next = number(at, kind);
                    let mut name = Some(format!("{prefix}-{next}"));
                    while names.contains(&name) {
                        next += 1;
                        name = Some(format!("{prefix}-{next}"));
                    }
                    name
                });
                names.push(name.flatten());
            }
            names
        };
        let kind = |at: EntityId| topology.entity(at).kind;
        Self {
            jobs: objects(&|at| kind(at).has_job(), "job", 10),
            certificates: objects(&|at| matches!(kind(at), Kind::Api | Kind::Identity), "crt", 11),
            flags: objects(&|at| has_flag(topology, draws, at), "ff", 12),
        }
    }

    /// Returns the name of the job of an entity.
    #[must_use]
    pub fn job(&self, at: EntityId) -> Option<&str> {
        self.jobs[at.index()].as_deref()
    }

    /// Returns the name of the certificate of an entity.
    #[must_use]
    pub fn certificate(&self, at: EntityId) -> Option<&str> {
        self.certificates[at.index()].as_deref()
    }

    /// Returns the name of the feature flag of an entity.
    #[must_use]
    pub fn flag(&self, at: EntityId) -> Option<&str> {
        self.flags[at.index()].as_deref()
    }

    /// Goes through the names of all feature flags.
    pub fn flags(&self) -> impl Iterator<Item = &str> {
        self.flags.iter().flatten().map(String::as_str)
    }

    /// Finds an object by its exact name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Target> {
        let lists = [(&self.jobs, Thing::Job), (&self.certificates, Thing::Certificate), (&self.flags, Thing::Flag)];
        lists.into_iter().find_map(|(names, thing)| {
            let at = EntityId::find(names, |known| known.as_deref() == Some(name))?;
            Some(Target { at, thing })
        })
    }
}

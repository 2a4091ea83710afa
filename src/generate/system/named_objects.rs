//! What stands at entities and has a name of its own: jobs, certificates, feature flags.

use crate::generate::system::fault::has_flag;
use crate::generate::draws::{Draws, Stream};
use crate::generate::system::topology::{Kind, Topology};

/// The names of what stands at each entity; empty where there is nothing of the kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objects {
    /// Jobs, by entity.
    pub jobs: Vec<String>,
    /// Certificates, by entity.
    pub certificates: Vec<String>,
    /// Feature flags, by entity.
    pub flags: Vec<String>,
}

impl Objects {
    /// The objects of a system; their names depend on its skin.
    #[must_use]
    pub fn new(topology: &Topology, draws: Draws, skin: u64) -> Self {
        let all = || (0..).take(topology.entities.len());
        let number =
            |at: u16, kind: u64| draws.within(Stream::Objects, u64::from(at), skin << 8 | kind, 0, 8999) + 1000;
        let named = |exists: &dyn Fn(u16) -> bool, prefix: &str, kind: u64| {
            let mut names: Vec<String> = Vec::new();
            for at in all() {
                let mut name = String::new();
                if exists(at) {
                    // No two have the same name: then an action could mean either.
                    let mut next = number(at, kind);
                    name = format!("{prefix}-{next}");
                    while names.contains(&name) {
                        next += 1;
                        name = format!("{prefix}-{next}");
                    }
                }
                names.push(name);
            }
            names
        };
        let kind = |at: u16| topology.entity(at).kind;
        Self {
            jobs: named(&|at| kind(at).has_job(), "job", 10),
            certificates: named(&|at| matches!(kind(at), Kind::Api | Kind::Identity), "crt", 11),
            flags: named(&|at| has_flag(topology, draws, at), "ff", 12),
        }
    }
}

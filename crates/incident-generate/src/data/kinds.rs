//! The kinds of entities and of dependencies that a system can have.

use serde::Deserialize;

/// What an entity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Gateway,
    Api,
    Worker,
    Batch,
    Db,
    Cache,
    Queue,
    External,
    Config,
    Identity,
    Dns,
    Network,
    Node,
}

impl Kind {
    /// All kinds of entities.
    pub const ALL: [Self; 13] = [
        Self::Gateway,
        Self::Api,
        Self::Worker,
        Self::Batch,
        Self::Db,
        Self::Cache,
        Self::Queue,
        Self::External,
        Self::Config,
        Self::Identity,
        Self::Dns,
        Self::Network,
        Self::Node,
    ];

    /// Returns the word that agents read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Api => "api",
            Self::Worker => "worker",
            Self::Batch => "batch",
            Self::Db => "db",
            Self::Cache => "cache",
            Self::Queue => "queue",
            Self::External => "external",
            Self::Config => "config",
            Self::Identity => "identity",
            Self::Dns => "dns",
            Self::Network => "network",
            Self::Node => "node",
        }
    }

    /// Returns whether an entity of this kind keeps data that a wrong step can lose.
    #[must_use]
    pub const fn is_store(self) -> bool {
        matches!(self, Self::Db | Self::Queue)
    }

    /// Returns whether an entity of this kind handles requests. It then counts as a service and runs on a node.
    #[must_use]
    pub const fn is_service(self) -> bool {
        !matches!(self, Self::Config | Self::Identity | Self::Dns | Self::Network | Self::Node)
    }

    /// Returns whether an entity of this kind has a job, such as an export, a rotation, a refresh or a migration.
    #[must_use]
    pub const fn has_job(self) -> bool {
        matches!(self, Self::Batch | Self::Db | Self::Cache | Self::Queue)
    }
}

/// How one entity needs another. The *caller* is the entity that needs the other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    /// The caller calls the other entity for each request, and fails without it.
    Req,
    /// The caller calls the other entity for each request, and has a substitute for its answer.
    Opt,
    /// The caller keeps its data in the other entity.
    Data,
    /// The caller reads through this cache.
    Cached,
    /// The caller is a cache that is filled from this store.
    Store,
    /// The caller sends messages to this queue.
    Produce,
    /// The caller reads messages from this queue.
    Consume,
    /// The caller calls this external provider.
    External,
}

impl EdgeKind {
    /// Returns the share of the failures of the other entity that reach the caller, in thousandths.
    #[must_use]
    pub const fn weight(self) -> i32 {
        match self {
            Self::Req | Self::Data => 1000,
            // What a cache cannot answer is read from the store.
            Self::Cached => 250,
            Self::External => 550,
            Self::Produce => 300,
            Self::Opt => 40,
            Self::Store => 700,
            Self::Consume => 900,
        }
    }

    /// Returns the word that agents read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Req => "sync",
            Self::Opt => "sync, with fallback",
            Self::Data => "data",
            Self::Cached => "cache",
            Self::Store => "backing store",
            Self::Produce => "produces to",
            Self::Consume => "consumes from",
            Self::External => "external",
        }
    }
}

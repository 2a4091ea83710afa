//! The kinds of entities and of dependencies that a system can have.

incident_env::named_enum! {
    /// What an entity is.
    pub enum Kind ("kind", "kinds") {
        Gateway = "gateway",
        Api = "api",
        Worker = "worker",
        Batch = "batch",
        Db = "db",
        Cache = "cache",
        Queue = "queue",
        External = "external",
        Config = "config",
        Identity = "identity",
        Dns = "dns",
        Network = "network",
        Node = "node",
    }
}

impl Kind {
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

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symptom {
    /// Requests fail.
    Errors,
    /// Response times are long.
    Latency,
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
    /// Returns between which bounds the share of requests is drawn that fail where a call fails, in thousandths.
    #[must_use]
    pub const fn needed(self) -> [i32; 2] {
        match self {
            Self::Req | Self::Data => [1000, 1000],
            // What a cache cannot answer is read from the store.
            Self::Cached => [180, 320],
            Self::External => [450, 650],
            Self::Produce => [240, 360],
            // Callers have a substitute for the answer.
            Self::Opt => [0, 0],
            Self::Store => [600, 800],
            Self::Consume => [850, 950],
        }
    }

    /// Returns whether the caller waits for the answer.
    #[must_use]
    pub const fn waits(self) -> bool {
        !matches!(self, Self::Produce | Self::Consume)
    }

    /// Returns whether calls are requests of one service to another, and not queries or messages.
    #[must_use]
    pub const fn is_request(self) -> bool {
        matches!(self, Self::Req | Self::Opt | Self::External)
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

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Symptom {
    /// Requests fail.
    Errors,
    /// Response times are long.
    Latency,
    /// A resource is used up.
    Saturation(Resource),
    /// Far less is done than is usual at this hour.
    Absence(Work),
}

impl Symptom {
    /// All that an alert can be about.
    pub const ALL: [Self; 10] = [
        Self::Errors,
        Self::Latency,
        Self::Saturation(Resource::Processor),
        Self::Saturation(Resource::Memory),
        Self::Saturation(Resource::Connections),
        Self::Saturation(Resource::Volume),
        Self::Saturation(Resource::Backlog),
        Self::Absence(Work::Requests),
        Self::Absence(Work::Messages),
        Self::Absence(Work::Runs),
    ];

    /// Returns whether it is that a resource is used up, or that something is absent.
    #[must_use]
    pub const fn is_rare(self) -> bool {
        matches!(self, Self::Saturation(_) | Self::Absence(_))
    }
}

/// A resource that an alert can watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// Time of the processor.
    Processor,
    /// Memory, up to its limit.
    Memory,
    /// Open connections, up to their limit.
    Connections,
    /// A volume.
    Volume,
    /// Messages that nobody has read yet.
    Backlog,
}

impl Resource {
    /// Returns the name of the class of evidence that shows that the resource is used up, or `None` if it follows from
    /// traffic.
    #[must_use]
    pub const fn class(self) -> Option<&'static str> {
        match self {
            Self::Processor => None,
            Self::Memory => Some("mem_ramp"),
            Self::Connections => Some("conns_high"),
            Self::Volume => Some("disk_high"),
            Self::Backlog => Some("backlog"),
        }
    }
}

/// What an alert can miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// Requests that arrive.
    Requests,
    /// Messages that are read and handled.
    Messages,
    /// Runs of jobs that end well.
    Runs,
}

impl Work {
    /// Returns what is missed where an entity of this kind does far less than usual.
    #[must_use]
    pub const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Worker => Self::Messages,
            Kind::Batch => Self::Runs,
            _ => Self::Requests,
        }
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

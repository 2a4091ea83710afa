//! The queue of a run: the address of its server, and the terms on which its episodes are lent.

use super::environment::Environment;
use super::error::ConfigError;
use super::file::ConfigFile;
use super::layers::Layers;
use super::options::Options;
use super::origin::Origin;
use super::paths::path;
use crate::queue::nats::Access;
use crate::queue::{Address, Terms};

/// A queue, with the terms on which its jobs are lent.
#[derive(Debug, Clone)]
pub struct QueueSettings {
    /// The address of its server, with credentials.
    pub access: Access,
    /// The terms on which jobs are lent.
    pub terms: Terms,
}

impl QueueSettings {
    /// Resolves the queue of a run, or returns `None` if no queue is named.
    pub(super) fn resolve(l: &mut Layers<'_, Options>) -> Result<Option<Self>, ConfigError> {
        let access = access(l)?;
        let deliveries = l.pick("queue-deliveries", |o| o.queue_deliveries, 5).at_least(1)?.value;
        let lease = l.pick("queue-lease", |o| o.queue_lease, 30.0).seconds()?;
        let record = l.optional("record", |o| o.record.clone());
        if access.is_some() && record.value.is_some() {
            return Err(record
                .error("with --queue each worker would keep answers of its own; record a run that is played here"));
        }
        Ok(access.map(|access| Self { access, terms: Terms { lease, deliveries } }))
    }
}

/// Resolves the access to the server of a queue. The report has the address without the user and the password in it.
fn access(l: &mut Layers<'_, Options>) -> Result<Option<Access>, ConfigError> {
    // The text itself may hold a password and must not appear in the report, so it is not picked.
    let text = l.highest(|o| o.queue.clone(), l.variable("BENCH_QUEUE"));
    let origin = text.as_ref().map_or(Origin::Default, |(_, origin)| *origin);
    let address = text.map(|(text, _)| text.parse::<Address>()).transpose();
    let address = address.map_err(|error| ConfigError::option("queue", error.to_string(), origin))?;
    l.report.insert("queue", (serde_json::to_value(&address).unwrap_or_default(), origin));
    let creds = l.read_optional("queue-creds", "BENCH_QUEUE_CREDS", |o| o.queue_creds.clone(), path)?;
    let authorities = l.read_optional("queue-ca", "BENCH_QUEUE_CA", |o| o.queue_ca.clone(), path)?.value;
    let credentials = creds.value;
    Ok(address.map(|address| Access { address, credentials, authorities }))
}

/// Resolves the queue from which a worker takes episodes.
///
/// # Errors
/// Returns an error if no layer names a queue, or if its name is not an address.
pub fn workers_queue(flags: &Options, environment: &Environment, file: &ConfigFile) -> Result<Access, ConfigError> {
    access(&mut Layers::new(flags, environment, &file.options))?.ok_or_else(|| {
        let problem = "a worker needs the URL of a queue, such as nats://HOST:4222";
        ConfigError::option("queue", problem, Origin::Default)
    })
}

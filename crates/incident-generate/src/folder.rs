//! The format of a written suite, `incident-bench/generated/2`: a manifest, for each incident one file that agents may
//! see and one with the sealed truth, and a sealed list of all incidents. This file says what the files hold; it reads
//! and writes none.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::data::library::Library;
use crate::incident::world::World;
use crate::json::{canonical_bytes, system_json, truth_json};
use crate::make::VERSION;
use crate::play::scenario::{scenario, task_of};
use crate::seeds::{Master, SuiteHash};
use crate::suite::{Suite, Unmade};
use incident_env::{Episode, EpisodeId, Tasks};

/// The schema of a manifest.
pub const SCHEMA: &str = "incident-bench/generated/2";
/// The name of the manifest's file.
pub const MANIFEST: &str = "manifest.json";
/// The name of the folder with the sealed truth.
pub const SEALED: &str = "sealed";
/// The name of the file in [`SEALED`] that lists the incidents.
pub const LISTING: &str = "listing.json";
/// A text that every file holds, so that it can be found out whether a data set contains the file.
pub const CANARY: &str =
    "incident-bench generated incident; not for training. canary 5d0c7f0e-9a58-4b1d-8f57-2f6f7a9be1c4";

/// `manifest.json`: what was written, and from what it was made. That of a private suite can be published at once: it
/// tells nothing from which an incident could be made, and its digests are codes under the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuiteManifest {
    /// The schema, which is [`SCHEMA`].
    pub schema: String,
    /// The text of [`CANARY`].
    pub canary: String,
    /// The version of the generator.
    pub version: String,
    /// The suite as `--suite generated:…` would name it, if it is public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<String>,
    /// The commitment to the secret of a private suite. The secret is shown when the suite is retired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commitment: Option<String>,
    /// The number of incidents of each task.
    pub counts: BTreeMap<String, u64>,
    /// The digest of the generator's data: families, vocabulary and wording.
    pub data: String,
    /// The digest of all incidents together.
    pub digest: String,
}

/// `sealed/listing.json`: the incidents of a suite one by one. Only the holder of a private suite may read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuiteListing {
    /// The text of [`CANARY`].
    pub canary: String,
    /// The suite as `--suite generated:…` would name it.
    pub suite: String,
    /// The incidents in the order of the suite.
    pub incidents: Vec<SuiteEntry>,
}

/// One incident of a suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuiteEntry {
    /// The id of the incident.
    pub id: String,
    /// Its level.
    pub level: String,
    /// Its number among those of the level.
    pub number: u64,
    /// The task that it poses.
    pub task: String,
    /// The digest of its canonical form.
    pub digest: String,
}

impl SuiteEntry {
    /// The name of the file that agents may see, and of the one with the truth, which is in [`SEALED`].
    #[must_use]
    pub fn file(&self) -> String {
        format!("{}.json", self.id)
    }
}

impl SuiteManifest {
    /// Checks that this program makes suites of this form.
    ///
    /// # Errors
    /// The function returns a text that names both forms.
    pub fn check_version(&self) -> Result<(), String> {
        if self.schema == SCHEMA && self.version == VERSION {
            return Ok(());
        }
        let found = format!("{} of generator {}", self.schema, self.version);
        Err(format!("this program makes {SCHEMA} of generator {VERSION}, not {found}"))
    }

    /// Checks that a suite has the secret that the manifest commits to.
    ///
    /// # Errors
    /// The function returns a text if the secret is another one.
    pub fn check_secret(&self, suite: &Suite) -> Result<(), String> {
        if self.commitment == suite.seeds.commitment() {
            return Ok(());
        }
        Err("it was made from another secret".to_owned())
    }

    /// Checks that the suite was made from these families.
    ///
    /// # Errors
    /// The function returns a text that names both digests, or says that the secret is missing.
    pub fn check_data(&self, suite: &Suite, library: &Library) -> Result<(), String> {
        let known = suite.data_digest(library).map_err(|error| error.to_string())?;
        if self.data == known {
            return Ok(());
        }
        Err(format!(
            "it was made from the data {}, and these are {known}; families that were laid over are given by --scenarios",
            self.data
        ))
    }
}

/// Lists the incidents of a suite one by one, and digests them.
#[derive(Debug)]
pub struct Listing<'a> {
    suite: &'a Suite,
    master: Master,
    incidents: Vec<SuiteEntry>,
    counts: BTreeMap<String, u64>,
    whole: SuiteHash,
}

impl<'a> Listing<'a> {
    /// Begins the list of a suite.
    ///
    /// # Errors
    /// The suite is private, and its secret is missing.
    pub fn of(suite: &'a Suite) -> Result<Self, Unmade> {
        let master = suite.master()?;
        let whole = master.digest("incidents");
        Ok(Self { suite, master, incidents: Vec::new(), counts: BTreeMap::new(), whole })
    }

    /// Adds the next incident of the suite, and gives its entry.
    pub fn add(&mut self, world: &World) -> SuiteEntry {
        let (incident, bytes) = (&world.incident, canonical_bytes(world));
        self.whole.update(&bytes);
        let mut alone = self.master.digest("incident");
        alone.update(&bytes);
        let entry = SuiteEntry {
            id: incident.id.clone(),
            level: incident.level.to_string(),
            number: incident.number,
            task: task_of(incident).to_string(),
            digest: alone.finish(),
        };
        *self.counts.entry(entry.task.clone()).or_default() += 1;
        self.incidents.push(entry.clone());
        entry
    }

    /// Returns the manifest of the suite whose incidents were added, and the list of them.
    ///
    /// # Errors
    /// The suite is private, and its secret is missing.
    pub fn finish(self, library: &Library) -> Result<(SuiteManifest, SuiteListing), Unmade> {
        let Self { suite, incidents, counts, whole, .. } = self;
        let manifest = SuiteManifest {
            schema: SCHEMA.to_owned(),
            canary: CANARY.to_owned(),
            version: VERSION.to_owned(),
            suite: suite.seeds.are_public().then(|| suite.to_string()),
            commitment: suite.seeds.commitment(),
            counts,
            data: suite.data_digest(library)?,
            digest: whole.finish(),
        };
        Ok((manifest, SuiteListing { canary: CANARY.to_owned(), suite: suite.to_string(), incidents }))
    }
}

/// The sealed file of an incident.
#[must_use]
pub fn sealed(entry: &SuiteEntry, world: &World) -> Value {
    json!({
        "canary": CANARY,
        "id": entry.id,
        "task": entry.task,
        "system": system_json(world),
        "truth": truth_json(world),
    })
}

/// The file of an incident that agents may see: the observation with which an episode begins.
#[must_use]
pub fn shown(entry: &SuiteEntry, world: World, tasks: &Tasks) -> Value {
    let task = task_of(&world.incident);
    let scenario = Arc::new(scenario(world, task, tasks));
    let episode = Episode::reset(&scenario, EpisodeId::nil());
    let observation = serde_json::to_value(episode.observation()).unwrap_or_default();
    json!({ "canary": CANARY, "id": entry.id, "task": entry.task, "observation": observation })
}

/// Whether a sealed file holds the system and the truth of an incident.
#[must_use]
pub fn is_sealed_as(file: &Value, world: &World) -> bool {
    file["truth"] == truth_json(world) && file["system"] == system_json(world)
}

/// What is different between a manifest and what the suite comes to now, one text for each flaw.
#[must_use]
pub fn flaws(written: &SuiteManifest, made: &SuiteManifest) -> Vec<String> {
    let mut flaws = Vec::new();
    if written.suite != made.suite {
        let named = |manifest: &SuiteManifest| manifest.suite.clone().unwrap_or_else(|| "no suite".to_owned());
        flaws.push(format!("the manifest names {}; it should name {}", named(written), named(made)));
    }
    if written.counts != made.counts {
        flaws.push(format!("the manifest counts {:?}; the suite has {:?}", written.counts, made.counts));
    }
    if made.digest != written.digest {
        flaws.push(format!("the manifest's digest is {}; it should be {}", written.digest, made.digest));
    }
    flaws
}

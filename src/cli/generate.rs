//! `bench generate`, `bench verify` and `bench explain`: generated incidents as files, their proofs, and what lies behind one.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::args::{ExplainArgs, GenerateArgs, VerifyArgs};
use super::build::library;
use super::exit::{Failure, Status};
use super::out;
use crate::env::{Catalog, Episode, EpisodeId, Tasks, hex};
use crate::generate::{
    Incident, Level, Library, VERSION, World, canonical_bytes, explain, prove, read, scenario, system_json, task_of,
    truth_json,
};

/// The form of a manifest.
const SCHEMA: &str = "incident-bench/generated/1";
const MANIFEST: &str = "manifest.json";
/// In every file, so that a data set that holds it can be found out.
const CANARY: &str = "incident-bench generated incident; not for training. canary 5d0c7f0e-9a58-4b1d-8f57-2f6f7a9be1c4";

/// What was written, and from what.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    schema: String,
    canary: String,
    /// The version of the generator.
    version: String,
    /// The digest of the generator's data: families, vocabulary, wording.
    data: String,
    suite: String,
    /// What commits to the secret of a private suite, which is shown when the suite is retired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commitment: Option<String>,
    /// Of all incidents together.
    digest: String,
    incidents: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    level: String,
    number: u64,
    task: String,
    digest: String,
}

fn tasks() -> Result<Tasks, Failure> {
    Catalog::embedded().map(|catalog| catalog.tasks().clone()).map_err(|error| Failure::other(error.to_string()))
}

fn world(incident: Result<Incident, impl std::fmt::Display>, library: &Arc<Library>) -> Result<World, Failure> {
    let incident = incident.map_err(|error| Failure::other(error.to_string()).hint("take another seed"))?;
    Ok(World::new(incident, Arc::clone(library)))
}

fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

/// Writes a suite: what agents are shown, the sealed truth apart, and a manifest.
pub(super) fn generate(args: &GenerateArgs) -> Result<Status, Failure> {
    let suite = match args.private {
        Some(epoch) => format!("{},private={epoch}", args.level),
        None => format!("{},seed={}", args.level, args.seed.unwrap_or(0)),
    };
    let suite = match args.count {
        Some(count) => format!("{suite},count={count}"),
        None => suite,
    };
    let suite = args.knobs.iter().fold(suite, |suite, knob| format!("{suite},{knob}"));
    let suite = super::build::read_suite(&suite)?;
    let (library, tasks) = (library(args.scenarios.as_deref())?, tasks()?);
    if args.out.join(MANIFEST).exists() {
        let message = format!("{} holds a suite already", args.out.display());
        return Err(Failure::usage(message).hint("choose another folder with -o"));
    }
    let sealed = args.out.join("sealed");
    let failed =
        |path: &Path, error: std::io::Error| Failure::other(format!("cannot write {}: {error}", path.display()));
    fs::create_dir_all(&sealed).map_err(|error| failed(&sealed, error))?;
    let write = |path: &Path, value: &serde_json::Value| {
        let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
        text.push('\n');
        fs::write(path, text).map_err(|error| failed(path, error))
    };
    let (mut incidents, mut whole) = (Vec::new(), Sha256::new());
    for incident in suite.incidents(&library) {
        let world = world(incident, &library)?;
        let (entry, bytes) = entry(&world);
        whole.update(&bytes);
        let name = format!("{}.json", entry.id);
        write(
            &sealed.join(&name),
            &json!({
                "canary": CANARY,
                "id": entry.id,
                "task": entry.task,
                "system": system_json(&world),
                "truth": truth_json(&world),
            }),
        )?;
        let task = task_of(&world.incident);
        let scenario = Arc::new(scenario(world, task, &tasks, &suite.to_string()));
        let episode = Episode::reset(&scenario, EpisodeId::nil());
        let observation = serde_json::to_value(episode.observation()).unwrap_or_default();
        let shown = json!({ "canary": CANARY, "id": entry.id, "task": entry.task, "observation": observation });
        write(&args.out.join(&name), &shown)?;
        incidents.push(entry);
    }
    let count = incidents.len();
    let manifest = Manifest {
        schema: SCHEMA.to_owned(),
        canary: CANARY.to_owned(),
        version: VERSION.to_owned(),
        suite: suite.to_string(),
        commitment: suite.seeds.commitment(),
        data: library.digest.clone(),
        digest: format!("sha256:{}", hex(&whole.finalize())),
        incidents,
    };
    // Last: a folder without it is one that was not finished.
    write(&args.out.join(MANIFEST), &serde_json::to_value(&manifest).unwrap_or_default())?;
    out::result(&format!("{count} incidents of {suite} in {}, {}\n", args.out.display(), manifest.digest))?;
    Ok(Status::Done)
}

fn entry(world: &World) -> (Entry, Vec<u8>) {
    let (incident, bytes) = (&world.incident, canonical_bytes(world));
    let entry = Entry {
        id: incident.id.clone(),
        level: incident.level.to_string(),
        number: incident.number,
        task: task_of(incident).to_string(),
        digest: sha256(&bytes),
    };
    (entry, bytes)
}

/// Makes every incident of a written suite anew, compares it with what is written, and proves it.
pub(super) fn verify_suite(args: &VerifyArgs) -> Result<Status, Failure> {
    let path = args.suite.join(MANIFEST);
    let unreadable = |problem: String| {
        Failure::usage(format!("{}: {problem}", path.display())).hint("`bench generate -o DIR` writes a suite")
    };
    let text = fs::read_to_string(&path).map_err(|error| unreadable(error.to_string()))?;
    let manifest: Manifest = serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
    if manifest.schema != SCHEMA || manifest.version != VERSION {
        let found = format!("{} of generator {}", manifest.schema, manifest.version);
        return Err(unreadable(format!("this program makes {SCHEMA} of generator {VERSION}, not {found}")));
    }
    let suite = super::build::read_suite(&manifest.suite)?;
    if manifest.commitment != suite.seeds.commitment() {
        return Err(unreadable("it was made from another secret".to_owned()));
    }
    let (library, tasks) = (library(args.scenarios.as_deref())?, tasks()?);
    if manifest.data != library.digest {
        return Err(unreadable(format!(
            "it was made from the data {}, and these are {}; families that were laid over are given by --scenarios",
            manifest.data, library.digest
        )));
    }
    let (mut flaws, mut count, mut whole) = (Vec::new(), 0_usize, Sha256::new());
    for incident in suite.incidents(&library) {
        let world = Arc::new(world(incident, &library)?);
        let (entry, bytes) = entry(&world);
        whole.update(&bytes);
        if manifest.incidents.get(count) != Some(&entry) {
            flaws.push(format!("{}: the manifest has another one in its place", entry.id));
        }
        if let Err(problem) = same_truth(&args.suite.join("sealed").join(format!("{}.json", entry.id)), &world) {
            flaws.push(format!("{}: {problem}", entry.id));
        }
        if let Err(flaw) = prove(&world, &tasks) {
            flaws.push(format!("{}: {flaw}", entry.id));
        }
        count += 1;
    }
    if manifest.incidents.len() != count {
        flaws.push(format!("the manifest lists {} incidents; the suite has {count}", manifest.incidents.len()));
    }
    let digest = format!("sha256:{}", hex(&whole.finalize()));
    if digest != manifest.digest {
        flaws.push(format!("the manifest's digest is {}; it should be {digest}", manifest.digest));
    }
    if !flaws.is_empty() {
        const SHOWN: usize = 20;
        let mut text = flaws.iter().take(SHOWN).fold(String::new(), |text, flaw| text + flaw + "\n");
        if flaws.len() > SHOWN {
            text.push_str("…\n");
        }
        out::result(&text)?;
        return Ok(Status::GateFailed(format!("{} flaws in {count} incidents", flaws.len())));
    }
    out::result(&format!("{count} incidents of {suite}: solvable, unique, non-trivial, severities right; {digest}\n"))?;
    Ok(Status::Done)
}

/// Whether what is sealed in a file is the truth.
fn same_truth(path: &Path, world: &World) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let kept: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    if kept["truth"] == truth_json(world) && kept["system"] == system_json(world) {
        Ok(())
    } else {
        Err(format!("{} holds another truth", path.display()))
    }
}

/// Tells all about one incident.
pub(super) fn explain_one(args: &ExplainArgs) -> Result<Status, Failure> {
    let library = library(args.scenarios.as_deref())?;
    let level: Level = args.level.parse().map_err(Failure::usage)?;
    let suite = format!("{level},seed={},count=1", args.seed);
    let suite = super::build::read_suite(&args.knobs.iter().fold(suite, |suite, knob| format!("{suite},{knob}")))?;
    let world = world(suite.incident(&library, level, args.number), &library)?;
    let mut text = explain(&world);
    if args.records {
        text.push_str("\nRecords at the alert\n");
        let state = world.start();
        for at in world.incident.topology.ids() {
            for tool in crate::env::Diagnostic::ALL {
                let sheet = read(&world, &state, at, *tool);
                text = text
                    + "\n"
                    + tool.as_str()
                    + " "
                    + &world.incident.topology.entity(at).name
                    + "\n"
                    + &sheet.text
                    + "\n";
            }
        }
    }
    out::result(&text)?;
    Ok(Status::Done)
}

//! `bench merge`: joins the shards of one run into one run.

use std::collections::BTreeMap;

use crate::cli::args::run::MergeArgs;
use crate::cli::exit::{Failure, Status};
use crate::cli::out;
use crate::cli::setup::manifest::run_id;
use crate::cli::setup::{record, results};
use crate::log::join::Shards;
use crate::log::store::{RunFolder, Store, pretty};
use crate::log::{Durations, Event, EventKind, Manifest};
use crate::report::files;
use crate::run::Hub;

/// Writes the events of all shards as one log, and the reports of the whole run.
pub(in crate::cli) async fn execute(args: &MergeArgs) -> Result<Status, Failure> {
    let store = Store::new(results(args.results.out.as_deref())?);
    let mut shards = Shards::default();
    let mut digests = BTreeMap::new();
    for name in &args.runs {
        let run = record(store.find(name)?)?;
        digests.extend(run.chain.map(|chain| (run.manifest.id.clone(), chain.to_string())));
        shards.add(run.manifest, run.contents.events)?;
    }
    let mut manifest = shards.whole(run_id(jiff::Timestamp::now()))?;
    manifest.merged_logs = manifest.merged.iter().filter_map(|run| digests.get(run).cloned()).collect();
    manifest.check().map_err(Failure::usage)?;
    // It becomes a run when it is whole: half of one would be read as one.
    let folder = store.begin_merge(&manifest.id)?;
    folder.write_manifest(&pretty(&manifest))?;
    write(&manifest, &folder, shards.into_events()).await?;
    let merged = record(folder)?;
    let summary = merged.summary();
    files::write(&merged.folder, &summary, &Durations::of(merged.events()))?;
    let whole = store.finish_merge(&merged.folder, &manifest.id)?;
    store.set_latest(&manifest.id)?;
    out::note(&format!("merged into {}", whole.path.display()));
    out::summary(args.printed.format, &summary)?;
    Ok(Status::Done)
}

/// Writes the events of the shards as one log, each with its original time.
async fn write(manifest: &Manifest, folder: &RunFolder, events: impl Iterator<Item = Event>) -> Result<(), Failure> {
    let (hub, thread) = Hub::start(manifest, folder.clone(), Vec::new())?;
    let started = EventKind::RunStarted { v: crate::log::event::VERSION, run: manifest.id.clone() };
    hub.send(None, started).await?;
    for event in events.filter(|event| !matches!(event.event, EventKind::RunStarted { .. })) {
        hub.send_past(event).await?;
    }
    drop(hub);
    thread.join()?;
    Ok(())
}

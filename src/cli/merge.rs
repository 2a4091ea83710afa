//! `bench merge`: the shards of one run become one run.

use std::collections::BTreeMap;

use super::args::MergeArgs;
use super::exit::{Failure, Status};
use super::{build, out, play, report};
use crate::log::shard::Shard;
use crate::log::store::{RunFolder, Store, pretty};
use crate::log::{Event, EventKind, Fold, Manifest};
use crate::run::Hub;

pub(super) async fn execute(args: &MergeArgs) -> Result<Status, Failure> {
    let store = Store::new(build::results(args.out.as_deref())?);
    let mut shards: BTreeMap<Shard, (Manifest, Vec<Event>)> = BTreeMap::new();
    for name in &args.runs {
        let (manifest, contents) = report::read(&store.find(name)?)?;
        let Some(shard) = manifest.shard else {
            return Err(Failure::usage(format!("run {} is no shard: it was made without --shard", manifest.id)));
        };
        if let Some((other, _)) = shards.get(&shard) {
            let message = format!("runs {} and {} are both shard {shard}", other.id, manifest.id);
            return Err(Failure::usage(message));
        }
        shards.insert(shard, (manifest, contents.events));
    }
    let manifest = whole(&shards)?;
    let folder = store.create(&manifest.id)?;
    let _lock = folder.lock()?;
    folder.write_manifest(&pretty(&manifest))?;
    write(&manifest, &folder, shards.into_values().flat_map(|(_, events)| events)).await?;
    let (_, contents) = report::read(&folder)?;
    let mut fold = Fold::new(&manifest);
    contents.events.iter().for_each(|event| fold.apply(event));
    let summary = fold.summary();
    play::write_reports(&folder, &summary)?;
    store.set_latest(&manifest.id)?;
    out::note(&format!("merged into {}", folder.path.display()));
    play::print(args.format, &summary)?;
    Ok(Status::Done)
}

/// The manifest of the whole run.
fn whole(shards: &BTreeMap<Shard, (Manifest, Vec<Event>)>) -> Result<Manifest, Failure> {
    let Some((first, (manifest, _))) = shards.first_key_value() else {
        return Err(Failure::usage("no run was named"));
    };
    for (shard, (other, _)) in shards {
        if shard.of != first.of || !other.plays_as(manifest) || other.contestants != manifest.contestants {
            let message = format!("runs {} and {} are not shards of one run", manifest.id, other.id);
            return Err(
                Failure::usage(message).hint("suite, prompts, graders, models, epochs, seed and N must be the same")
            );
        }
    }
    let missing: Vec<_> =
        (1..=first.of).map(|index| Shard { index, of: first.of }).filter(|shard| !shards.contains_key(shard)).collect();
    if !missing.is_empty() {
        let missing: Vec<_> = missing.iter().map(ToString::to_string).collect();
        return Err(Failure::usage(format!("shards are missing: {}", missing.join(", "))));
    }
    let started_at = shards.values().map(|(manifest, _)| manifest.started_at).min().unwrap_or(manifest.started_at);
    let merged = shards.values().map(|(manifest, _)| manifest.id.clone()).collect();
    Ok(Manifest { id: build::run_id(jiff::Timestamp::now()), started_at, shard: None, merged, ..manifest.clone() })
}

/// Writes the events of the shards as one log, each with the time when it happened.
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

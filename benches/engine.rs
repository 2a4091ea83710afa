//! Measures how fast the engine steps, alone and with its observations as JSON, each beside a bound.
//!
//! `cargo bench` prints steps a second. An episode is played from reset to grade; the time is per step. The bound of a
//! step with JSON is copying bytes that are ready; the peer is `serde_json` writing the same observation from a tree.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use incident_bench::agent::heuristic::Heuristic;
use incident_bench::agent::{Policy, Turn};
use incident_env::{Action, Catalog, Episode, EpisodeId, Scenario};
use incident_generate::{Generator, Level, Seeds, Suite};

use long_play::long_play;

mod long_play;

fn play(scenario: &Arc<Scenario>, actions: &[Action], mut each: impl FnMut(&Episode)) {
    let mut episode = Episode::reset(scenario, EpisodeId::nil());
    for action in actions {
        black_box(episode.step(action).reward);
        each(&episode);
    }
}

fn engine(c: &mut Criterion) {
    let Ok(catalog) = Catalog::embedded() else { return };
    let plays: Vec<_> = catalog.scenarios().iter().map(|scenario| (scenario, long_play(scenario))).collect();
    let steps: usize = plays.iter().map(|(_, actions)| actions.len()).sum();

    let mut group = c.benchmark_group("step");
    group.throughput(Throughput::Elements(steps as u64));
    group.bench_function("engine alone, nine scenarios", |b| {
        b.iter(|| plays.iter().for_each(|(scenario, actions)| play(scenario, actions, |_| ())));
    });
    group.bench_function("engine with the observation as JSON", |b| {
        let mut text = Vec::with_capacity(1 << 16);
        b.iter(|| {
            for (scenario, actions) in &plays {
                play(scenario, actions, |episode| {
                    text.clear();
                    let _ = serde_json::to_writer(&mut text, episode.observation());
                    black_box(&text);
                });
            }
        });
    });
    // The least cost of the JSON, and its cost without texts that are kept in their JSON form.
    let mut ready = Vec::new();
    for (scenario, actions) in &plays {
        play(scenario, actions, |episode| ready.push(serde_json::to_string(episode.observation()).unwrap_or_default()));
    }
    let trees: Vec<serde_json::Value> = ready.iter().filter_map(|text| serde_json::from_str(text).ok()).collect();
    group.bench_function("bound: copying the same JSON", |b| {
        let mut text = Vec::with_capacity(1 << 16);
        b.iter(|| {
            for one in &ready {
                text.clear();
                text.extend_from_slice(one.as_bytes());
                black_box(&text);
            }
        });
    });
    group.bench_function("peer: serde_json from a tree", |b| {
        let mut text = Vec::with_capacity(1 << 16);
        b.iter(|| {
            for tree in &trees {
                text.clear();
                let _ = serde_json::to_writer(&mut text, tree);
                black_box(&text);
            }
        });
    });
    group.finish();
}

fn agents(c: &mut Criterion) {
    let Ok(catalog) = Catalog::embedded() else { return };
    let mut group = c.benchmark_group("agent");
    group.throughput(Throughput::Elements(catalog.scenarios().len() as u64));
    group.bench_function("heuristic plays all scenarios", |b| {
        b.iter(|| {
            for scenario in catalog.scenarios() {
                let mut episode = Episode::reset(scenario, EpisodeId::nil());
                let mut policy = Heuristic::default();
                while !episode.is_done() {
                    let Turn::Act(decision) = policy.turn(episode.observation()) else { break };
                    episode.step(&decision.action);
                }
                black_box(episode.grade());
            }
        });
    });
    group.bench_function("catalogue is read and checked", |b| b.iter(|| black_box(Catalog::embedded().is_ok())));
    group.finish();
}

/// Measures simulated worlds beside hand-written ones, and the time to make and prove an incident.
fn generated(c: &mut Criterion) {
    let Ok(generator) = Generator::embedded() else { return };
    let mut group = c.benchmark_group("generated");
    for level in [Level::Easy, Level::Hard] {
        let suite =
            Suite { name: level.to_string(), parts: vec![(level, 12)], seeds: Seeds::Public(0), turned: Vec::new() };
        let Ok(catalog) = suite.catalog(generator.library(), generator.tasks()) else { continue };
        let plays: Vec<_> = catalog.scenarios().iter().map(|scenario| (scenario, long_play(scenario))).collect();
        group.throughput(Throughput::Elements(plays.iter().map(|(_, actions)| actions.len()).sum::<usize>() as u64));
        group.bench_function(format!("steps of {level}, reset and grade included"), |b| {
            b.iter(|| plays.iter().for_each(|(scenario, actions)| play(scenario, actions, |_| ())));
        });
    }
    group.throughput(Throughput::Elements(1));
    for level in Level::ALL {
        let mut number = 0;
        group.bench_function(format!("an incident of {level}, made and proved"), |b| {
            b.iter(|| {
                number += 1;
                black_box(generator.incident(level, 7, number).is_ok())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, engine, generated, agents);
criterion_main!(benches);

//! Tests of the program.

use std::collections::BTreeMap;

use crate::task_of;
use crate::testing::{place, play, suite, total};

#[test]
#[ignore = "a measurement"]
fn what_it_earns() {
    let which = std::env::vars().find(|(k, _)| k == "ABD").map(|(_, v)| v).unwrap_or_default();
    let which = if which.is_empty() { "count=60,seed=5".to_owned() } else { which };
    for level in ["easy", "medium", "hard", "expert"] {
        let mut sums: BTreeMap<String, (f64, u32)> = BTreeMap::new();
        for made in suite(&format!("{level},{which}")) {
            let task = task_of(made.incident());
            let actions = made.scenario(task).abduction().unwrap();
            let episode = play(&made, task, &actions);
            let score = total(&episode).to_f64();
            let sum = sums.entry(task.to_string()).or_default();
            sum.0 += score;
            sum.1 += 1;
            if score < 0.999 {
                println!(
                    "{} {task} {score}: {} of {} steps; {:?} {:?}",
                    place(&made),
                    actions.len(),
                    made.scenario(task).briefing().task.max_steps,
                    episode.grade().map(|g| &g.feedback),
                    episode.observation().last_action_error.as_ref().map(ToString::to_string)
                );
                println!(
                    "      {}",
                    actions
                        .last()
                        .unwrap()
                        .parameters()
                        .iter()
                        .map(|(k, v)| format!("{k}={v}"))
                        .collect::<Vec<_>>()
                        .join(" ")
                );
            }
        }
        println!(
            "{level}: {:?}",
            sums.iter().map(|(t, (s, n))| format!("{t} {:.3} ({n})", s / f64::from(*n))).collect::<Vec<_>>()
        );
    }
}

#[test]
#[ignore = "a measurement"]
fn why_the_truth_is_lost() {
    use crate::proof::claim::is_consistent;
    for level in ["hard", "expert"] {
        for made in suite(&format!("{level},count=200,seed=5")) {
            let task = task_of(made.incident());
            let world = made.world();
            let limits = super::player::Limits { steps: made.scenario(task).briefing().task.max_steps, deadline: None };
            let Some(fault) = &world.incident.fault else { continue };
            let mut told = false;
            super::player::watched(world, task, limits, |mind| {
                let truth = mind.known().open.iter().position(|one| {
                    one.fault.as_ref().is_some_and(|one| (one.family, one.root) == (fault.family, fault.root))
                });
                let Some(truth) = truth else {
                    if !told {
                        println!("{} truth not open", place(&made));
                        told = true;
                    }
                    return;
                };
                if mind.belief().left().contains(&truth) || told {
                    return;
                }
                told = true;
                let appearance = &mind.known().open[truth].appearance;
                for claim in mind.belief().claims() {
                    if !is_consistent(appearance, &[*claim], 1) {
                        println!(
                            "{} {claim:?} root {:?} least {} most {}",
                            place(&made),
                            fault.root,
                            match claim {
                                crate::proof::claim::Claim::Slow { at, .. } => appearance.least.slow.contains(*at),
                                crate::proof::claim::Claim::Errors { at, .. } => appearance.least.errors.contains(*at),
                                crate::proof::claim::Claim::Calls { to, .. } => appearance.least.errors.contains(*to),
                                _ => false,
                            },
                            match claim {
                                crate::proof::claim::Claim::Slow { at, .. } => appearance.most.slow.contains(*at),
                                crate::proof::claim::Claim::Errors { at, .. } => appearance.most.errors.contains(*at),
                                crate::proof::claim::Claim::Calls { to, .. } => appearance.most.errors.contains(*to),
                                _ => false,
                            }
                        );
                        if let crate::proof::claim::Claim::Errors { at, .. }
                        | crate::proof::claim::Claim::Slow { at, .. }
                        | crate::proof::claim::Claim::Calls { to: at, .. } = claim
                        {
                            println!(
                                "   reading {:?} usual {:?} decoys {:?}",
                                world.reading(&world.start(), *at, 0),
                                world.usual(*at),
                                world
                                    .incident
                                    .decoys
                                    .iter()
                                    .filter(|d| d.at == *at || world.incident.topology.needs(*at).any(|e| e.to == d.at))
                                    .map(|d| (
                                        d.at,
                                        &world.library.vocabulary.predicate(d.predicate).name,
                                        d.from,
                                        d.to
                                    ))
                                    .collect::<Vec<_>>()
                            );
                        }
                    }
                }
            });
        }
    }
}

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

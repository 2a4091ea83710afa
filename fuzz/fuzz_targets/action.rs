//! Fuzzes the actions of episodes, hand-written and simulated, with lines of JSON: every step is answered, and grades
//! stay in bounds.
#![no_main]

use std::sync::{Arc, LazyLock};

use incident_env::{Action, Catalog, Episode, EpisodeId, Points, Scenario};
use incident_generate::{Library, Suite};
use libfuzzer_sys::fuzz_target;

static SCENARIOS: LazyLock<Vec<Arc<Scenario>>> = LazyLock::new(|| {
    let written = Catalog::embedded().unwrap();
    let suite: Suite = "easy,seed=1,count=6".parse().unwrap();
    let made = suite.catalog(&Arc::new(Library::embedded().unwrap()), written.tasks()).unwrap();
    written.scenarios().iter().chain(made.scenarios()).cloned().collect()
});

fuzz_target!(|data: &[u8]| {
    let Some((which, lines)) = data.split_first() else { return };
    let scenario = &SCENARIOS[usize::from(*which) % SCENARIOS.len()];
    let mut episode = Episode::reset(scenario, EpisodeId::nil());
    for line in lines.split(|byte| *byte == b'\n').take(40) {
        let Ok(value) = serde_json::from_slice(line) else { continue };
        let Ok(action) = Action::from_value(value) else { continue };
        let was_done = episode.is_done();
        let outcome = episode.step(&action);
        assert!(outcome.done || !was_done, "an end is an end");
        assert!(!was_done || outcome.reward.score == Points::ZERO, "nothing is earned after the end");
        serde_json::to_string(&outcome).unwrap();
    }
    serde_json::to_string(&episode.state()).unwrap();
    for grade in [Some(episode.grade_now()), episode.strict_grade()].into_iter().flatten() {
        let text = serde_json::to_value(&grade).unwrap();
        let total = text["total"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&total), "{text}");
    }
});

//! Makes the incident of a seed, proves it, shows what an agent sees of it, and lets the oracle play it.
//!
//! ```text
//! cargo run -p incident-generate --example incident -- 7
//! ```
#![expect(clippy::print_stdout, reason = "the example shows what an agent sees")]

use incident_generate::{Generator, Level};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seed = std::env::args().nth(1).map_or(Ok(7), |text| text.parse())?;
    let incident = Generator::embedded()?.incident(Level::Medium, seed, 0)?;
    incident.prove()?;

    let mut episode = incident.episode(incident.task());
    let briefing = episode.observation().briefing.clone();
    println!("{} ({})\n{}\n", briefing.scenario_id, briefing.task.id, briefing.summary);
    println!("services: {}\n", briefing.services.join(", "));

    for action in episode.scenario().clone().oracle() {
        let outcome = episode.step(&action);
        println!("{}. {action}: {}", outcome.info.step, outcome.info.feedback);
        if let Some(evidence) = outcome.observation.evidence.last().filter(|_| !outcome.done) {
            println!("{}\n", evidence.text.as_str().lines().take(4).collect::<Vec<_>>().join("\n"));
        }
    }
    let grade = episode.grade().ok_or("the oracle did not end its episode")?;
    println!("\nthe oracle's grade is {}: {}", grade.total, grade.feedback);
    Ok(())
}

//! Plays one embedded scenario with an agent of ten lines: it reads what the alert names, and answers with the severity
//! that the alerting rule carries.
//!
//! ```text
//! cargo run -p incident-env --example play
//! ```
#![expect(clippy::print_stdout, reason = "the example shows what an agent sees")]

use incident_env::{Action, Catalog, Diagnostic, Episode, EpisodeId, Severity};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let catalog = Catalog::embedded()?;
    let mut episode = Episode::reset(catalog.scenario("AC-001")?, EpisodeId::nil());

    let alert = episode.observation().briefing.alert.clone();
    println!("{}: {}", alert.id, alert.title);
    // The last step is for the answer.
    let looks = episode.observation().steps_left() as usize - 1;
    for service in alert.affected_services.iter().take(looks) {
        let outcome = episode.step(&Action::diagnostic(Diagnostic::CheckMetrics, service));
        let reading = outcome.observation.reading(Diagnostic::CheckMetrics, service).unwrap_or_default();
        println!("\n{service}, reward {:+}\n{reading}", outcome.reward.score);
    }

    let severity = alert.severity_fired.as_deref().and_then(Severity::from_name).unwrap_or(Severity::P2);
    let outcome = episode.step(&Action::submit_severity(severity));
    println!("\nanswered {severity}, reward {:+} ({})", outcome.reward.score, outcome.reward.reason);
    let grade = episode.grade().ok_or("the episode goes on after its submission")?;
    println!("grade {}: {}", grade.total, grade.feedback);
    Ok(())
}

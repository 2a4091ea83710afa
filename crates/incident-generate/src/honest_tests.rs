//! Honest responders: ten ways of being right as careful people are, with the least that each must earn. A grade under
//! which one of them earns little punishes people for how they write up what they found. What they earn is printed:
//! `cargo test --release -p incident-generate --lib honest_responders -- --ignored --nocapture`.

use std::fmt::Write;

use serde_json::json;

use crate::careful::{Person, Way, plan};
use crate::generator::GeneratedIncident;
use crate::incident::level::Level;
use crate::incident::world::World;
use crate::testing::{incidents, of_every_level, place};
use incident_env::{Action, Diagnostic, Episode, TaskId};

/// The least that each responder must earn on average of a level.
const MEAN: f64 = 0.90;
/// The least that each must earn in every incident.
const LEAST: f64 = 0.75;
/// The seed of the incidents.
const SEED: u64 = 47;
/// The number of incidents in which a responder earns least that are reported.
const REPORTED: usize = 3;

/// A way of being right.
struct Honest {
    name: &'static str,
    task: TaskId,
    play: fn(&World, Episode) -> (Episode, u32),
}

/// The ten ways. All of them walk from the alert along failing calls to the root and read what is there.
const HONEST: [Honest; 10] = [
    // This person writes up why: what is wrong at the root, how it reaches the alert, and what set it off.
    Honest {
        name: "cites the causal chain",
        task: TaskId::RootCauseAnalysis,
        play: |world, episode| explain(world, episode, Diagnostic::QueryLogs, Person::cite_chain),
    },
    // This person shows where the trouble comes from, and lets the reader look at the root.
    Honest {
        name: "cites failing calls only",
        task: TaskId::RootCauseAnalysis,
        play: |world, episode| explain(world, episode, Diagnostic::QueryLogs, Person::cite_calls),
    },
    // This person goes by the status page and the list of changes.
    Honest {
        name: "cites status and changes only",
        task: TaskId::RootCauseAnalysis,
        play: |world, episode| explain(world, episode, Diagnostic::CheckServiceStatus, Person::cite_status),
    },
    // This person also cites what was well.
    Honest {
        name: "cites the chain and two harmless extras",
        task: TaskId::RootCauseAnalysis,
        play: |world, episode| explain(world, episode, Diagnostic::QueryLogs, Person::cite_chain_and_extras),
    },
    // This person keeps notes from the start, and hands them in.
    Honest {
        name: "cites the first eight records of the walk",
        task: TaskId::RootCauseAnalysis,
        play: |world, episode| explain(world, episode, Diagnostic::QueryLogs, Person::cite_first_seen),
    },
    // This person checks something else before the repair, and then the metrics of what was repaired.
    Honest {
        name: "repairs with one needless look",
        task: TaskId::RemediationPlanning,
        play: |world, episode| mend(world, episode, Way::Shortest, Checked::Root, true),
    },
    // This person takes another step than the planner's where there is one, and watches the alerted part.
    Honest {
        name: "turns the flag off, or takes another right step",
        task: TaskId::RemediationPlanning,
        play: |world, episode| mend(world, episode, Way::FlagOffOrAnother, Checked::Alerted, false),
    },
    // This person rolls back what was changed, and reads the status and the log of the root.
    Honest {
        name: "rolls the change back",
        task: TaskId::RemediationPlanning,
        play: |world, episode| mend(world, episode, Way::RollBack, Checked::RootByStatus, false),
    },
    // This person asks whether users are well again.
    Honest {
        name: "checks the front door only",
        task: TaskId::RemediationPlanning,
        play: |world, episode| mend(world, episode, Way::Shortest, Checked::FrontDoor, false),
    },
    // This person reads what users lose, and whether stored data comes apart.
    Honest {
        name: "reads the front door and the root",
        task: TaskId::AlertClassification,
        play: |world, episode| {
            let mut person = Person::new(world, episode, 1);
            person.read_severity();
            person.submit(&[], &json!({}));
            person.finish()
        },
    },
];

/// Where a person looks after the repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Checked {
    /// The metrics of the root.
    Root,
    /// The status and the log of the root.
    RootByStatus,
    /// The metrics of the alerted part.
    Alerted,
    /// The metrics of the part through which users come in.
    FrontDoor,
}

/// Finds the cause and answers with these citations.
fn explain<'a>(
    world: &'a World,
    episode: Episode,
    beside: Diagnostic,
    cite: fn(&Person<'a>) -> Vec<String>,
) -> (Episode, u32) {
    let mut person = Person::new(world, episode, 1);
    person.walk(beside);
    let cited = cite(&person);
    person.submit(&cited, &json!({}));
    person.finish()
}

/// Finds the cause, repairs it, looks at what came of it, and says so.
fn mend(world: &World, episode: Episode, way: Way, checked: Checked, needless: bool) -> (Episode, u32) {
    let incident = &world.incident;
    let root = incident.fault.as_ref().map_or(incident.alert.at, |fault| fault.root);
    let verify = match checked {
        Checked::Root => vec![(root, Diagnostic::CheckMetrics)],
        Checked::RootByStatus => vec![(root, Diagnostic::CheckServiceStatus), (root, Diagnostic::QueryLogs)],
        Checked::Alerted => vec![(incident.alert.at, Diagnostic::CheckMetrics)],
        Checked::FrontDoor => vec![(incident.topology.gateway, Diagnostic::CheckMetrics)],
    };
    let steps: Vec<Action> = plan(world, way);
    let mut person = Person::new(world, episode, steps.len() + verify.len() + usize::from(needless) + 2);
    person.walk(Diagnostic::QueryLogs);
    let cited = person.cite_chain();
    if needless {
        person.look_elsewhere();
    }
    person.repair(&steps, &verify);
    let status = if incident.fault.is_some() { "resolved" } else { "no_incident" };
    person.submit(&cited, &json!({ "status": status }));
    person.finish()
}

/// What a responder earned in an incident, and why.
struct Played {
    total: f64,
    why: String,
}

fn played(honest: &Honest, made: &GeneratedIncident) -> Played {
    let (episode, left_out) = (honest.play)(made.world(), made.episode(honest.task));
    let grade = episode.grade_now();
    let parts = serde_json::to_string(&grade.breakdown).unwrap();
    let budget = if left_out > 0 { format!("; {left_out} looks left out for want of steps") } else { String::new() };
    let why = format!("{:.3} {}{budget}: {} {parts}", grade.total.to_f64(), place(made), grade.feedback);
    Played { total: grade.total.to_f64(), why }
}

/// Measures what each responder earns over so many incidents of each level. Prints a table in Markdown, and the
/// incidents in which each earns least. Every gate must hold.
fn measure(count: u32) {
    let mut broken = Vec::new();
    let mut rows = HONEST.map(|honest| format!("| {} | {} |", honest.name, honest.task));
    for level in Level::ALL {
        let made: Vec<_> = incidents(level, SEED, count.into()).collect();
        for (honest, row) in HONEST.iter().zip(&mut rows) {
            let mut all: Vec<_> = made.iter().map(|made| played(honest, made)).collect();
            all.sort_by(|a, b| a.total.total_cmp(&b.total));
            let mean = all.iter().map(|one| one.total).sum::<f64>() / f64::from(count);
            let least = all[0].total;
            write!(row, " {mean:.3} ({least:.2}) |").unwrap();
            if mean < MEAN - 1e-9 || least < LEAST - 1e-9 {
                broken.push(format!("{level} {}: mean {mean:.3}, least {least:.3}", honest.name));
            }
            for one in all.iter().take(REPORTED).filter(|one| one.total < LEAST) {
                println!("{}: {}", honest.name, one.why);
            }
        }
    }
    let levels = Level::ALL.map(|level| format!(" {level} |")).concat();
    println!("| Responder | Task |{levels}\n|---|---|{}\n{}", "--:|".repeat(Level::ALL.len()), rows.join("\n"));
    assert!(broken.is_empty(), "{} gates are broken:\n{}", broken.len(), broken.join("\n"));
}

/// Whatever the grade is, the responders name the right part and cite what they were shown, and no step is refused.
#[test]
fn honest_people_find_the_root() {
    for made in of_every_level(SEED, 6) {
        for honest in HONEST.iter().filter(|honest| honest.task != TaskId::RemediationPlanning) {
            let one = played(honest, &made);
            assert!(one.total > 0.0, "{}: {}", honest.name, one.why);
        }
    }
}

#[test]
#[ignore = "the grade strict/1 caps right answers by how they are cited, so the gates hold only with its successor"]
fn honest_people_earn_much() {
    measure(12);
}

#[test]
#[ignore = "200 incidents a level take minutes without optimization"]
fn honest_responders_stay_over_their_gates() {
    measure(200);
}

//! Plays of generated incidents through the environment: the oracle's, and those that try to get by without skill.

use std::sync::Arc;

use crate::generate::suite::{Suite, scenario, task_of};
use crate::generate::telemetry::reader::{Sheet, View};
use super::{Incident, Level, Library, World};
use crate::env::{Action, Catalog, Diagnostic, Episode, EpisodeId, Points, Scenario, TaskId, verify};
use serde_json::{Value, json};

fn each(count: u64) -> impl Iterator<Item = (String, Arc<Scenario>)> {
    let library = Arc::new(Library::embedded().unwrap());
    let rules = Catalog::embedded().unwrap();
    let each = Level::ALL.into_iter().flat_map(move |level| (0..count).map(move |number| (level, number)));
    each.flat_map(move |(level, number)| {
        let incident = Incident::new(&library, level, 5, number).unwrap();
        TaskId::ALL.map(|task| {
            let world = World::new(incident.clone(), Arc::clone(&library));
            let family = incident.family(&library).map_or("none", |family| &family.id).to_owned();
            let place = format!("{level} {number} {task} {family}");
            (place, Arc::new(scenario(world, task, rules.tasks(), "test")))
        })
    })
}

fn play(scenario: &Arc<Scenario>, actions: &[Action]) -> Episode {
    let mut episode = Episode::reset(scenario, EpisodeId::nil());
    for action in actions {
        episode.step(action);
    }
    episode
}

#[test]
fn the_oracle_earns_everything() {
    let mut worst = Vec::new();
    for (place, scenario) in each(8) {
        let path = verify::oracle(&scenario);
        let episode = play(&scenario, &path);
        let grade = episode.grade().map(|grade| (grade.total, grade.feedback.clone()));
        if grade.as_ref().is_none_or(|(total, _)| *total != Points::ONE) {
            worst.push(format!(
                "{place}: {grade:?} after {} of {} steps; {:?} {:?}",
                path.len(),
                scenario.briefing().task.max_steps,
                episode.observation().last_action_error.as_ref().map(ToString::to_string),
                episode.grade().map(|grade| serde_json::to_string(&grade.breakdown).unwrap()),
            ));
        }
    }
    assert!(worst.is_empty(), "{}\n{}", worst.len(), worst.join("\n"));
}

fn action(value: Value) -> Action {
    Action::from_value(value).unwrap()
}

#[test]
fn what_names_nothing_is_refused_and_costs_a_step() {
    let suite: Suite = "easy,count=3,seed=2".parse().unwrap();
    let library = Arc::new(Library::embedded().unwrap());
    let catalog = suite.catalog(&library, Catalog::embedded().unwrap().tasks()).unwrap();
    assert_eq!(catalog.scenarios().len(), 3);
    let scenario = catalog.of_task(TaskId::RemediationPlanning).next().unwrap();
    let part = scenario.briefing().services[0].to_string();
    for (parameters, words) in [
        (json!({"runbook_action": "hug", "target": part}), "is none of available_runbooks"),
        (json!({"runbook_action": "pause_job"}), "needs the parameter 'target'"),
        (json!({"runbook_action": "pause_job", "target": part}), "pause_job takes job"),
        (json!({"runbook_action": "pause_job", "target": "job-1"}), "has no target 'job-1'"),
        (json!({"runbook_action": "PAUSE_JOB", "target": "job-1"}), "is none of available_runbooks"),
    ] {
        let episode =
            play(scenario, &[action(json!({"action_type": "execute_runbook_step", "parameters": parameters}))]);
        let error = episode.observation().last_action_error.as_ref().unwrap().to_string();
        assert!(error.contains(words), "{error}");
        assert_eq!(episode.observation().step_count, 1);
    }
    let scenario = catalog.of_task(TaskId::RootCauseAnalysis).next().unwrap();
    let part = scenario.briefing().services[0].to_string();
    for (parameters, words) in [
        (json!({}), "'service' is missing"),
        (json!({"service": part.to_uppercase()}), "none of known_services"),
        (json!({"service": part, "mechanism": "gremlins"}), "mechanism 'gremlins'"),
        (json!({"service": part, "evidence": ["e-1"]}), "no record id"),
        (json!({"service": part, "evidence": (0..9).map(|n| format!("e-000{n}")).collect::<Vec<_>>()}), "at most 8"),
        (json!({"service": part, "confidence": 2}), "from 0 to 1"),
        (json!({"service": part, "trigger": "chg-1"}), "no change id"),
        (json!({"service": part, "path": "nowhere"}), "none of known_services"),
    ] {
        let episode = play(scenario, &[action(json!({"action_type": "submit_root_cause", "parameters": parameters}))]);
        let error = episode.observation().last_action_error.as_ref().unwrap().to_string();
        assert!(error.contains(words) && !episode.is_done(), "{error}");
    }
}

#[test]
fn tasks_take_turns_and_suites_are_read() {
    let library = Arc::new(Library::embedded().unwrap());
    let suite: Suite = "smoke".parse().unwrap();
    assert_eq!(suite.to_string(), "smoke,seed=0");
    let tasks: Vec<_> = suite.incidents(&library).map(|incident| task_of(&incident.unwrap())).collect();
    assert_eq!(tasks.len(), 12);
    assert!(TaskId::ALL.iter().all(|task| tasks.iter().filter(|known| *known == task).count() == 4));
    assert_eq!("hard,count=5,seed=9".parse::<Suite>().unwrap().to_string(), "hard,seed=9,count=5");
    assert_eq!(
        "hard,decoys=0,services=12".parse::<Suite>().unwrap().to_string(),
        "hard,seed=0,count=30,decoys=0,services=12"
    );
    for (text, words) in [
        ("tough", "unknown suite 'tough'"),
        ("easy,size=3", "unknown key 'size'"),
        ("easy,services=3", "services is from 6 to 60"),
        ("smoke,decoys=3", "its own knobs"),
        ("easy,count=0", "from 1 to"),
        ("easy,count=x", "no number"),
        ("smoke,count=3", "its own count"),
        ("easy,3", "no KEY=NUMBER"),
    ] {
        assert!(text.parse::<Suite>().unwrap_err().contains(words), "{text}");
    }
}

/// What changes earn adds up to what users lose less in the end, however much needless is done in between: nothing can be farmed.
#[test]
fn what_changes_earn_adds_up() {
    let library = Arc::new(Library::embedded().unwrap());
    let rules = Catalog::embedded().unwrap();
    for number in (0..24).filter(|number| number % 3 == 2) {
        let incident = Incident::new(&library, Level::Easy, 5, number).unwrap();
        let task = task_of(&incident);
        let world = World::new(incident, Arc::clone(&library));
        let least = if world.incident.fault.is_some() { world.least_impact() } else { 0 };
        let all = (world.incident.impact - least) * 10;
        let scenario = Arc::new(scenario(world, task, rules.tasks(), "test"));
        let (services, path) = (&scenario.briefing().services, verify::oracle(&scenario));
        let restart = |number: usize| {
            let part = &services[number % services.len()];
            action(json!({"action_type": "restart_service", "parameters": {"service": **part}}))
        };
        let with_more = path[..path.len() - 1].iter().cloned().chain((0..2).map(restart));
        let mut episode = Episode::reset(&scenario, EpisodeId::nil());
        let mut earned = 0;
        for step in with_more {
            let outcome = episode.step(&step);
            assert!(!outcome.done, "{number}");
            let impact = outcome.reward.reason.signals().filter(|(signal, _)| *signal == crate::env::Signal::Impact);
            earned += impact.map(|(_, points)| points.ten_thousandths()).sum::<i32>();
        }
        assert_eq!(earned, all, "{number}");
    }
}

/// The rename-gap probe: who scores otherwise on the same incident under other names knows names and not incidents.
#[test]
fn other_names_are_the_same_incident() {
    let library = Arc::new(Library::embedded().unwrap());
    let rules = Catalog::embedded().unwrap();
    let made = |text: &str| text.parse::<Suite>().unwrap().catalog(&library, rules.tasks()).unwrap();
    let worlds = |text: &str| -> Vec<World> {
        let suite: Suite = text.parse().unwrap();
        suite.incidents(&library).map(|incident| World::new(incident.unwrap(), Arc::clone(&library))).collect()
    };
    let first = "medium,seed=4,count=9";
    for other in ["medium,seed=4,count=9,names=7", "medium,seed=4,count=9,semantic=1"] {
        assert_ne!(made(first).digest(), made(other).digest());
        for (a, b) in made(first).scenarios().iter().zip(made(other).scenarios()) {
            assert_eq!((a.id(), a.task()), (b.id(), b.task()), "runs are paired by scenario");
            let kinds =
                |scenario| verify::oracle(scenario).iter().map(|action| action.kind().clone()).collect::<Vec<_>>();
            assert_eq!(kinds(a), kinds(b));
            assert_eq!(a.briefing().task.max_steps, b.briefing().task.max_steps);
        }
        for (a, b) in worlds(first).iter().zip(&worlds(other)) {
            let (mut same, mut all) = (0, 0);
            for (at, (one, two)) in
                (0_u16..).zip(a.incident.topology.entities.iter().zip(&b.incident.topology.entities))
            {
                (same, all) = (same + usize::from(one.name == two.name), all + 1);
                for tool in Diagnostic::ALL {
                    let sheet = |world: &World| View::new(world, &world.start(), at).sheet(*tool);
                    let (one, two) = (sheet(a), sheet(b));
                    let says = |sheet: &Sheet| sheet.records.iter().map(|(_, atom)| *atom).collect::<Vec<_>>();
                    assert_eq!(says(&one), says(&two), "{other}: {tool} of {at}");
                }
            }
            assert!(same * 4 < all, "{same} of {all} names are the same");
            assert_eq!(a.incident.severity, b.incident.severity);
            assert!(
                a.incident.trigger.is_none() || other.contains("semantic") || a.incident.trigger != b.incident.trigger
            );
        }
    }
}

#[test]
fn lost_lines_and_noise_take_no_proof_away() {
    let library = Arc::new(Library::embedded().unwrap());
    let sheets = |text: &str| {
        let suite: Suite = text.parse().unwrap();
        let worlds = suite.incidents(&library).map(|incident| World::new(incident.unwrap(), Arc::clone(&library)));
        let of = |world: World| -> Vec<Sheet> {
            let state = world.start();
            let all = (0..).take(world.incident.topology.entities.len());
            let views = all.flat_map(|at| Diagnostic::ALL.iter().map(move |tool| (at, *tool)));
            views.map(|(at, tool)| View::new(&world, &state, at).sheet(tool)).collect()
        };
        worlds.flat_map(of).collect::<Vec<_>>()
    };
    let says = |sheet: &Sheet| {
        let mut atoms: Vec<_> = sheet.records.iter().map(|(_, atom)| format!("{atom:?}")).collect();
        atoms.sort();
        atoms.dedup();
        atoms
    };
    let whole = sheets("hard,count=4,seed=6");
    for text in ["hard,count=4,seed=6,log_loss=90", "hard,count=4,seed=6,noise=300", "hard,count=4,seed=6,noise=0"] {
        let other = sheets(text);
        assert_eq!(whole.iter().map(says).collect::<Vec<_>>(), other.iter().map(says).collect::<Vec<_>>(), "{text}");
        let lines = |sheets: &[Sheet]| sheets.iter().map(|sheet| sheet.records.len()).sum::<usize>();
        let fewer = lines(&other) < lines(&whole);
        assert_eq!(fewer, text.contains("log_loss"), "{text}: {} of {}", lines(&other), lines(&whole));
        assert!(whole.iter().zip(&other).any(|(one, two)| one.text != two.text), "{text}");
    }
}

#[test]
fn a_tool_that_is_out_gives_nothing_and_costs_a_step() {
    let suite: Suite = "medium,count=9,seed=8,outage=50".parse().unwrap();
    let library = Arc::new(Library::embedded().unwrap());
    let catalog = suite.catalog(&library, Catalog::embedded().unwrap().tasks()).unwrap();
    let mut out = 0;
    for scenario in catalog.scenarios() {
        let path = verify::oracle(scenario);
        let mut episode = Episode::reset(scenario, EpisodeId::nil());
        for action in &path {
            let outcome = episode.step(action);
            let latest = outcome.observation.evidence.last();
            out += usize::from(latest.is_some_and(|evidence| evidence.text.as_str().contains("no answer within")));
        }
        let grade = episode.grade().unwrap();
        assert_eq!((grade.total, episode.is_done()), (Points::ONE, true), "{}: {}", scenario.id(), grade.feedback);
        assert_eq!(episode.observation().step_count as usize, path.len());
    }
    assert!(out > catalog.scenarios().len(), "{out}");
}

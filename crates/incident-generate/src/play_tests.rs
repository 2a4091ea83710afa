//! Plays of generated incidents through the environment.

use std::sync::Arc;

use serde_json::json;

use super::play::verification::would_show;
use super::suite::Suite;
use super::telemetry::query::read;
use super::telemetry::reader::Sheet;
use super::testing::{action, generator, incidents, of_every_level, place, play, suite, total};
use super::{Level, World, task_of};
use incident_env::{Action, Catalog, Diagnostic, Episode, EpisodeId, Points, Scenario, TaskId};

/// The catalogue of a suite.
fn catalog(text: &str) -> Catalog {
    let suite: Suite = text.parse().unwrap();
    suite.catalog(generator().library(), generator().tasks()).unwrap()
}

/// The error of an action, which must not have ended the episode.
fn error_of(scenario: &Arc<Scenario>, kind: &str, parameters: &serde_json::Value) -> String {
    let mut episode = Episode::reset(scenario, EpisodeId::nil());
    episode.step(&action(kind, parameters));
    let observation = episode.observation();
    assert!(observation.step_count == 1 && !episode.is_done(), "{parameters}");
    observation.last_action_error.as_ref().unwrap().to_string()
}

#[test]
fn the_oracle_earns_everything() {
    let mut worst = Vec::new();
    for made in of_every_level(5, 8) {
        for task in TaskId::ALL {
            let scenario = made.scenario(task);
            let path = scenario.oracle();
            let episode = play(&made, task, &path);
            if total(&episode) != Points::ONE {
                worst.push(format!(
                    "{} {task}: {:?} after {} of {} steps; {:?}",
                    place(&made),
                    episode.grade(),
                    path.len(),
                    scenario.briefing().task.max_steps,
                    episode.observation().last_action_error.as_ref().map(ToString::to_string),
                ));
            }
        }
    }
    assert!(worst.is_empty(), "{}\n{}", worst.len(), worst.join("\n"));
}

#[test]
fn what_names_nothing_is_refused_and_costs_a_step() {
    let catalog = catalog("easy,count=12,seed=2");
    assert_eq!(catalog.scenarios().len(), 12);
    let scenario = catalog.of_task(TaskId::RemediationPlanning).next().unwrap();
    let part = scenario.briefing().services[0].to_string();
    for (parameters, words) in [
        (json!({"runbook_action": "hug", "target": part}), "is none of available_runbooks"),
        (json!({"runbook_action": "pause_job"}), "needs the parameter 'target'"),
        (json!({"runbook_action": "pause_job", "target": part}), "pause_job takes job"),
        (json!({"runbook_action": "pause_job", "target": "job-1"}), "has no target 'job-1'"),
        (json!({"runbook_action": "PAUSE_JOB", "target": "job-1"}), "is none of available_runbooks"),
    ] {
        let error = error_of(scenario, "execute_runbook_step", &parameters);
        assert!(error.contains(words), "{error}");
    }
    let scenario = catalog.of_task(TaskId::RootCauseAnalysis).next().unwrap();
    let part = scenario.briefing().services[0].to_string();
    for (parameters, words) in [
        (json!({}), "'service' is missing"),
        (json!({"service": part.to_uppercase()}), "none of known_services"),
        (json!({"service": part, "mechanism": "gremlins"}), "mechanism 'gremlins'"),
        (json!({"service": part, "evidence": ["e-1"]}), "no record id"),
        (
            json!({"service": part, "evidence": (0..9).map(|n| format!("e-000000000{n}")).collect::<Vec<_>>()}),
            "at most 8",
        ),
        (json!({"service": part, "confidence": 2}), "from 0 to 1"),
        (json!({"service": part, "trigger": "chg-1"}), "no change id"),
        (json!({"service": part, "path": "nowhere"}), "none of known_services"),
    ] {
        let error = error_of(scenario, "submit_root_cause", &parameters);
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn tasks_take_turns_and_suites_are_read() {
    assert_eq!("smoke".parse::<Suite>().unwrap().to_string(), "smoke,seed=0");
    let tasks: Vec<_> = suite("smoke").iter().map(|made| task_of(made.incident())).collect();
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

/// The rewards of all steps add up to what users lose less in the end, whatever needless is done in between and however
/// often one looks. So nothing can be farmed.
#[test]
fn what_steps_earn_adds_up() {
    for made in incidents(Level::Easy, 5, 24).filter(|made| made.task() == TaskId::RemediationPlanning) {
        let (world, number) = (made.world(), made.incident().number);
        let least = if world.incident.fault.is_some() { world.least_impact() } else { 0 };
        let all = (world.lasting_impact(&world.start()) - least) * 10;
        let scenario = made.scenario(made.task());
        let (services, path) = (&scenario.briefing().services, scenario.oracle());
        let restart = |number: usize| {
            let part = &services[number % services.len()];
            action("restart_service", &json!({ "service": **part }))
        };
        let wait = action("execute_runbook_step", &json!({"runbook_action": "observe", "minutes": 12}));
        let with_more = path[..path.len() - 1].iter().cloned().chain((0..2).map(restart)).chain([wait]);
        let mut episode = Episode::reset(&scenario, EpisodeId::nil());
        let mut earned = 0;
        for step in with_more {
            let outcome = episode.step(&step);
            assert!(!outcome.done, "{number}");
            let impact = outcome.reward.reason.signals().filter(|(signal, _)| *signal == incident_env::Signal::Impact);
            earned += impact.map(|(_, points)| points.ten_thousandths()).sum::<i32>();
        }
        assert_eq!(earned, all, "{number}");
    }
}

/// The rename probe: a player that scores otherwise on the same incident under other names knows names and not
/// incidents.
#[test]
fn other_names_are_the_same_incident() {
    let first = "medium,seed=4,count=9";
    for other in ["medium,seed=4,count=9,names=7", "medium,seed=4,count=9,codenames=1"] {
        assert_ne!(catalog(first).digest(), catalog(other).digest());
        for (a, b) in catalog(first).scenarios().iter().zip(catalog(other).scenarios()) {
            assert_eq!((a.id(), a.task()), (b.id(), b.task()), "runs are paired by scenario");
            let kinds =
                |scenario: &Scenario| scenario.oracle().iter().map(|action| action.kind().clone()).collect::<Vec<_>>();
            assert_eq!(kinds(a), kinds(b));
            assert_eq!(a.briefing().task.max_steps, b.briefing().task.max_steps);
        }
        for (a, b) in suite(first).iter().zip(&suite(other)) {
            let (a, b) = (a.world(), b.world());
            let (mut same, mut all) = (0, 0);
            for at in a.incident.topology.ids() {
                let [one, two] = [a, b].map(|world| world.incident.topology.name(at));
                (same, all) = (same + usize::from(one == two), all + 1);
                for tool in Diagnostic::ALL {
                    let sheet = |world: &World| read(world, &world.start(), at, tool);
                    let (one, two) = (sheet(a), sheet(b));
                    let says = |sheet: &Sheet| sheet.records.iter().map(|record| record.claim).collect::<Vec<_>>();
                    assert_eq!(says(&one), says(&two), "{other}: {tool} of {at:?}");
                }
            }
            assert!(same * 4 < all, "{same} of {all} names are the same");
            assert_eq!(a.incident.severity, b.incident.severity);
            assert!(
                a.incident.trigger.is_none() || other.contains("codenames") || a.incident.trigger != b.incident.trigger
            );
        }
    }
}

#[test]
fn lost_lines_and_noise_take_no_proof_away() {
    let sheets = |text: &str| {
        let of = |world: &World| -> Vec<Sheet> {
            let state = world.start();
            let views = world.incident.topology.ids().flat_map(|at| Diagnostic::ALL.iter().map(move |tool| (at, tool)));
            views.map(|(at, tool)| read(world, &state, at, *tool)).collect()
        };
        suite(text).iter().flat_map(|made| of(made.world())).collect::<Vec<_>>()
    };
    let says = |sheet: &Sheet| {
        let mut claims: Vec<_> = sheet.records.iter().map(|record| format!("{:?}", record.claim)).collect();
        claims.sort();
        claims.dedup();
        claims
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
    let catalog = catalog("medium,count=9,seed=8,outage=50");
    let mut out = 0;
    for scenario in catalog.scenarios() {
        let path = scenario.oracle();
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

/// The parameters of a step of a runbook.
fn runbook(verb: &str, key: &str, value: &serde_json::Value) -> Action {
    action("execute_runbook_step", &json!({"runbook_action": verb, key: value}))
}

/// Observing and handing over change nothing: the grade is the same with and without them.
#[test]
fn observing_and_tickets_are_no_changes() {
    for made in of_every_level(5, 4).filter(|made| made.incident().fault.is_some()) {
        let (task, place) = (TaskId::RemediationPlanning, place(&made));
        let scenario = made.scenario(task);
        let path = scenario.oracle();
        let part = json!(*scenario.briefing().services[0]);
        let mut episode = made.episode(task);
        let more = [runbook("observe", "minutes", &json!("2")), runbook("open_ticket", "target", &part)];
        for step in more.iter().chain(&path) {
            let outcome = episode.step(step);
            let error = outcome.observation.last_action_error.as_ref().map(ToString::to_string);
            assert_eq!(error, None, "{place}");
        }
        let text = serde_json::to_string(&episode.observation().queried_data()).unwrap();
        assert!(text.contains("2 min passed") && text.contains("T-"), "{place}: {text}");
        let grade = serde_json::to_value(episode.grade().unwrap()).unwrap();
        let changes = made.incident().proof.repair.len();
        assert_eq!((&grade["total"], &grade["breakdown"]["changes"]), (&json!(1.0), &json!(changes)), "{place}");
    }
}

#[test]
fn minutes_out_of_range_are_refused() {
    let catalog = catalog("easy,count=3,seed=2");
    let scenario = catalog.of_task(TaskId::RemediationPlanning).next().unwrap();
    for (parameters, words) in [
        (json!({"runbook_action": "observe"}), "needs the parameter 'minutes'"),
        (json!({"runbook_action": "observe", "minutes": 0}), "observe takes minutes from 1 to 60, not '0'"),
        (json!({"runbook_action": "observe", "minutes": 61}), "from 1 to 60, not '61'"),
        (json!({"runbook_action": "observe", "minutes": "soon"}), "from 1 to 60, not 'soon'"),
        (json!({"runbook_action": "observe", "minutes": 2.5}), "from 1 to 60, not '2.5'"),
        (json!({"runbook_action": "open_ticket"}), "needs the parameter 'target'"),
        (json!({"runbook_action": "open_ticket", "target": "nobody"}), "has no target 'nobody'"),
    ] {
        let error = error_of(scenario, "execute_runbook_step", &parameters);
        assert!(error.contains(words), "{error}");
    }
}

/// The first three refusals of an episode cost neither a minute nor points, and later ones cost points.
#[test]
fn three_refusals_are_free() {
    let catalog = catalog("easy,count=3,seed=2");
    let scenario = catalog.of_task(TaskId::RemediationPlanning).next().unwrap();
    let mut episode = Episode::reset(scenario, EpisodeId::nil());
    let wrong = |number: usize| match number % 3 {
        0 => action("check_metrics", &json!({"service": format!("nobody-{number}")})),
        1 => runbook("pause_job", "target", &json!(format!("job-{number}"))),
        _ => action("submit_resolution", &json!({"mechanism": format!("gremlins-{number}")})),
    };
    for number in 0..6 {
        let outcome = episode.step(&wrong(number));
        let is_free = outcome.reward.score == Points::ZERO;
        assert!(outcome.observation.last_action_error.is_some());
        assert_eq!(is_free, number < 3, "{number}: {}", outcome.reward.reason);
    }
}

/// What was repaired is verified by a look that comes once the system has settled, and by no earlier one.
#[test]
fn a_repair_is_verified_when_the_system_has_settled() {
    for made in of_every_level(6, 3).filter(|made| made.incident().fault.is_some()) {
        let (task, incident) = (TaskId::RemediationPlanning, made.incident());
        let path = made.scenario(task).oracle();
        let is_observed = |action: &Action| action.text("runbook_action") == Some("observe");
        let observed = path.iter().position(is_observed).unwrap();
        let look = |at, tool: Diagnostic| action(tool.as_str(), &json!({"service": incident.topology.name(at)}));
        let door = || look(incident.topology.gateway, Diagnostic::CheckMetrics);
        let root = incident.fault.as_ref().unwrap().root;
        let shows = |tool: &&Diagnostic| would_show(made.world(), root, **tool);
        let at_root = look(root, *Diagnostic::ALL.iter().find(shows).unwrap());
        let answer = path.last().unwrap();
        let wait = |minutes: u32| runbook("observe", "minutes", &json!(minutes));
        for (between, expected) in [
            (vec![], 0.85),
            (vec![door()], 0.85),
            (vec![wait(3), door()], 0.85),
            (vec![wait(4), door()], 1.0),
            (vec![wait(20), at_root], 1.0),
        ] {
            let actions: Vec<_> = path[..observed].iter().chain(&between).chain([answer]).cloned().collect();
            let grade = serde_json::to_value(play(&made, task, &actions).grade().unwrap()).unwrap();
            assert_eq!(grade["total"], json!(expected), "{}: {between:?}", place(&made));
        }
    }
}

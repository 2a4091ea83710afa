//! Tests of the program.

use std::sync::Arc;

use super::belief::is_of_fault;
use super::known::Known;
use super::player::{Limits, known, share, watched};
use super::seen::{Line, Page, Seen};
use super::{choice, play};
use crate::data::family::{ChangeKind, Trigger};
use crate::ids::FactSet;
use crate::incident::incident::{Change, Incident};
use crate::incident::world::World;
use crate::proof::claim::{Claim, Record};
use crate::proof::hypotheses::{View, log2};
use crate::record_id::RecordId;
use crate::system::fault::Fault;
use crate::telemetry::query;
use crate::testing::play as episode_of;
use crate::testing::{GATEWAY, SERVICE, STORE, Small, of_every_level, place, suite, total};
use incident_env::{Diagnostic, Loss, Points, Severity, TaskId};

const LIMITS: Limits = Limits { steps: 30, deadline: None };

fn view(at: crate::EntityId, tool: Diagnostic) -> View {
    View { at, glance: tool.into() }
}

/// What is left open never grows, nor does its entropy; the truth stays among it; and the same incident is played the same
/// way.
#[test]
fn what_is_left_shrinks_to_the_truth() {
    for made in of_every_level(5, 3) {
        let world = made.world();
        let of_truth = world.incident.fault.as_ref().map(|fault| (fault.family, fault.root));
        for task in TaskId::ALL {
            let limits = Limits { steps: made.scenario(task).briefing().task.max_steps, deadline: None };
            let (mut open, mut entropy) = (usize::MAX, u32::MAX);
            let actions = watched(world, task, limits, |mind| {
                let (belief, known) = (mind.belief(), mind.known());
                assert!(belief.left().len() <= open && belief.entropy() <= entropy, "{}", place(&made));
                (open, entropy) = (belief.left().len(), belief.entropy());
                assert_eq!(entropy, log2(open as u64));
                let is_truth =
                    |one: &usize| known.open[*one].fault.as_ref().map(|fault| (fault.family, fault.root)) == of_truth;
                assert!(belief.left().iter().any(is_truth), "{} {task}", place(&made));
            });
            assert!(open > 0 && actions.len() <= limits.steps as usize);
            assert_eq!(actions, play(world, task, limits), "{} {task}", place(&made));
            let episode = episode_of(&made, task, &actions);
            assert!(episode.observation().last_action_error.is_none(), "{} {task}", place(&made));
            // It repairs the fault of the alert and no other one.
            let is_whole = task != TaskId::RemediationPlanning || made.incident().second.is_none();
            let least = if is_whole { 9500 } else { 2500 };
            assert!(total(&episode) > Points::new(least), "{} {task}: {:?}", place(&made), episode.grade());
        }
    }
}

/// Everything is changed that is true of the incident and that no page prints: what the fault is called and where its
/// root is, how it is repaired, what set it off, what users lose, and which faults are its rivals.
fn with_another_truth(world: &World) -> World {
    let incident = world.incident.clone();
    let topology = incident.topology.clone();
    let fault = incident.fault.as_ref().map(|fault| Fault {
        family: (fault.family + 1) % world.library.families.len(),
        root: topology.gateway,
        trigger_at: topology.gateway,
        harmful: FactSet::EMPTY,
        durable: FactSet::EMPTY,
        ops: Vec::new(),
        verify: Vec::new(),
        ..fault.clone()
    });
    let loss = Loss { share: 1000 - incident.loss.share, late_work: !incident.loss.late_work, ..incident.loss };
    let mut proof = incident.proof.clone();
    proof.views = None;
    proof.repair.clear();
    let severity = Severity::of(loss);
    let other =
        Incident { fault, loss, severity, proof, trigger: None, shows: Vec::new(), rivals: Vec::new(), ..incident };
    World::new(other, Arc::clone(&world.library))
}

#[test]
fn worlds_that_print_the_same_are_played_the_same() {
    for made in of_every_level(11, 3) {
        let world = made.world();
        let other = with_another_truth(world);
        for at in world.incident.topology.ids() {
            for tool in Diagnostic::ALL {
                let [one, same] = [world, &other].map(|world| query::read(world, &world.start(), at, tool));
                assert_eq!(one, same, "{} {tool}", place(&made));
            }
        }
        for task in TaskId::ALL {
            assert_eq!(play(world, task, LIMITS), play(&other, task, LIMITS), "{} {task}", place(&made));
        }
    }
}

#[test]
fn no_answer_is_asked_for_again_and_limits_are_kept() {
    for text in ["easy,count=6,seed=2,outage=60", "easy,count=6,seed=3,minutes=150", "easy,count=6,seed=4,slack=50"] {
        for made in suite(text) {
            let scenario = made.scenario(made.task());
            let actions = scenario.abduction().unwrap();
            let episode = episode_of(&made, made.task(), &actions);
            let steps = scenario.briefing().task.max_steps;
            assert!(actions.len() <= steps as usize && episode.is_done(), "{text} {}", place(&made));
            let is_answer = |place: usize| actions[place].kind().is_submission();
            assert!((0..actions.len()).all(|place| is_answer(place) == (place + 1 == actions.len())), "{actions:?}");
        }
    }
}

#[test]
fn two_faults_are_played_and_the_one_of_the_alert_is_named() {
    let mut named = 0;
    let made = suite("easy,count=12,seed=7,second=100");
    let causes: Vec<_> = made.iter().filter(|made| made.task() == TaskId::RootCauseAnalysis).collect();
    for made in &causes {
        let actions = made.scenario(made.task()).abduction().unwrap();
        named += usize::from(total(&episode_of(made, made.task(), &actions)) >= Points::new(9000));
    }
    assert_eq!(named, causes.len());
}

/// The small system with what everybody knows of it.
fn small() -> World {
    Small::new().world()
}

fn cause(world: &World) -> Known<'_> {
    known(world, TaskId::RootCauseAnalysis, LIMITS)
}

#[test]
fn the_look_that_splits_best_comes_first_and_none_comes_that_splits_nothing() {
    let world = small();
    let known = cause(&world);
    // Errors at the gateway can be the crash of the store, or a false alarm.
    let roots: Vec<_> = known.open.iter().map(|one| one.fault.as_ref().map(|fault| fault.root)).collect();
    assert_eq!(roots, [None, Some(STORE)]);
    let mut belief = super::belief::Belief::new(&known);
    let mut seen = Seen::default();
    assert_eq!((belief.entropy(), known.stray), (1024, 0));
    // All looks that tell the two apart are worth the same, so the first one is taken.
    let first = view(GATEWAY, Diagnostic::CheckMetrics);
    assert_eq!(choice::next(&known, &belief, &seen), Some(first));
    seen.add(first, Page::default());
    assert_ne!(choice::next(&known, &belief, &seen), Some(first));
    let line = |claim| Line { record: Record { id: RecordId::numbered(1), claim }, fails: Some(500) };
    belief.learn(&known, line(Claim::Errors { at: GATEWAY, up: true }));
    assert_eq!((belief.left(), belief.entropy()), (&[1][..], 0));
    assert_eq!(choice::next(&known, &belief, &seen), None);
    // What nothing that is left explains is set aside.
    belief.learn(&known, line(Claim::Errors { at: STORE, up: false }));
    assert_eq!(belief.left(), [1]);
    assert_eq!(belief.likeliest(&known).fault.as_ref().map(|fault| fault.root), Some(STORE));
}

#[test]
fn few_failures_and_second_faults_are_no_evidence() {
    let world = small();
    let line = |claim, fails| Line { record: Record { id: RecordId::numbered(1), claim }, fails };
    let [alerted, other] = [GATEWAY, SERVICE].map(|at| Claim::Errors { at, up: true });
    let well = Claim::Errors { at: SERVICE, up: false };
    let sign = Claim::Shows { at: SERVICE, class: crate::ids::ClassId(0) };
    for (claim, fails, one, two) in [
        (alerted, Some(30), true, true),
        (other, Some(30), false, false),
        (other, Some(300), true, false),
        (well, Some(0), true, true),
        (sign, None, true, false),
    ] {
        for (two_faults, expected) in [(false, one), (true, two)] {
            let mut known = cause(&world);
            (known.stray, known.public.two_faults) = (66, two_faults);
            assert_eq!(is_of_fault(&known, line(claim, fails)), expected, "{claim:?} {fails:?} {two_faults}");
        }
    }
}

#[test]
fn the_trigger_is_the_newest_change_of_its_kind_before_the_onset() {
    let alert = small().incident.alert;
    let trigger = Trigger { kind: ChangeKind::Deploy, on: "root".to_owned(), lag: [1, 30] };
    let change = |number: usize, kind, minutes_ago| {
        (number, Change { id: format!("chg-{number}"), at: SERVICE, kind, minutes_ago, posed: None, set_off: false })
    };
    // The rule fired 8 minutes ago, 1 to 13 minutes after the onset.
    for (ages, found) in [
        (&[(ChangeKind::Deploy, 8)][..], None),
        (&[(ChangeKind::Deploy, 8), (ChangeKind::Deploy, 12), (ChangeKind::Deploy, 20)], Some(1)),
        (&[(ChangeKind::Config, 12), (ChangeKind::Deploy, 45)], Some(1)),
        (&[(ChangeKind::Deploy, 52)], None),
        (&[], None),
    ] {
        let mut seen = Seen::default();
        let changes = ages.iter().enumerate().map(|(number, (kind, ago))| change(number, *kind, *ago)).collect();
        let page = Page { changes, ..Page::default() };
        seen.add(view(SERVICE, Diagnostic::CheckRecentDeploys), page);
        assert_eq!(seen.trigger(SERVICE, &trigger, alert).map(|(number, _)| *number), found, "{ages:?}");
        assert!(seen.trigger(STORE, &trigger, alert).is_none());
    }
}

#[test]
fn shares_are_read_from_the_lines_that_print_them() {
    let errors = Claim::Errors { at: GATEWAY, up: true };
    let calls = Claim::Calls { from: GATEWAY, to: SERVICE, fail: true, errors: None };
    for (claim, line, expected) in [
        (errors, "[e-1] failed requests (%), every 10 min to 14:02: 0.1 0.0 12.5 12.7", Some(127)),
        (errors, "[e-1] failed requests (%), every 10 min to 14:02: 0.1 99.0 100", Some(1000)),
        (calls, "[e-1] a -> b (req): failing, 37.4 % of calls fail, p99 20.0 ms", Some(374)),
        (calls, "[e-1] 14:02 trace of a request: a 20 ms, failed", None),
        (Claim::Nothing, "[e-1] requests (per s): 1.0 2.0", None),
    ] {
        assert_eq!(share(claim, line), expected, "{line}");
    }
}

#[test]
fn a_repair_is_planned_performed_and_looked_at() {
    let world = small();
    let actions = play(&world, TaskId::RemediationPlanning, LIMITS);
    let kinds: Vec<_> = actions.iter().map(|action| action.kind().as_str().to_owned()).collect();
    // It looks, reads the name of the job that it stops, stops it and restarts the store, waits, looks and answers.
    assert_eq!(
        kinds,
        [
            "check_metrics",
            "check_service_status",
            "execute_runbook_step",
            "restart_service",
            "execute_runbook_step",
            "check_metrics",
            "submit_resolution"
        ]
    );
    assert_eq!(actions[6].text("service"), Some("db-1"));
}

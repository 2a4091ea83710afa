//! Repairs as they go in life: what only relieves comes back, what was paused is resumed, and what changes say.

use serde_json::{Value, json};

use super::testing::{action, incidents, of_every_level, place};
use super::{Level, State, World};
use crate::data::verb::{Besides, TargetKind};
use crate::draws::{Draws, Stream};
use crate::ids::{EntityId, VerbId};
use crate::incident::remediation::Effect;
use crate::system::fault::{Target, Thing};
use incident_env::TaskId;

/// The verbs that relieve something, each with a part that it can be performed on and that a fact is about.
fn reliefs(world: &World) -> Vec<(VerbId, Target)> {
    let World { incident, library, .. } = world;
    let fault = incident.fault.as_ref();
    let mut parts: Vec<EntityId> = fault.iter().flat_map(|fault| fault.facts.iter().map(|fact| fact.at)).collect();
    parts.sort_unstable();
    parts.dedup();
    let verbs = &library.vocabulary.verbs;
    let named = |name: &str| library.vocabulary.verb_named(name).unwrap();
    let fits = |verb: VerbId, at: EntityId| {
        let verb = library.vocabulary.verb(verb);
        !verb.relieves.is_empty() && verb.takes.contains(&TargetKind::Entity(incident.topology.entity(at).kind))
    };
    let all = verbs
        .iter()
        .flat_map(|verb| parts.iter().map(move |at| (named(&verb.name), *at)))
        .filter(|(verb, at)| fits(*verb, *at));
    all.map(|(verb, at)| (verb, Target { at, thing: Thing::Entity })).collect()
}

/// Whether a verb would be an op of a repair now.
fn helps(world: &World, state: &State, (verb, target): (VerbId, Target)) -> bool {
    let mut after = state.clone();
    world.perform(&mut after, verb, target).helped
}

/// Whoever restarts, moves, scales and clears whatever is in trouble, as often as they like and with whatever pauses between,
/// leaves users no better off than whoever does nothing.
#[test]
fn no_reliefs_recover_more_than_leaving_it_alone() {
    let (mut relieved, mut better) = (0, 0);
    for made in of_every_level(23, 8).filter(|made| made.incident().fault.is_some()) {
        let (world, draws) = (made.world(), Draws::new(made.incident().number));
        let all = reliefs(world);
        let alone = world.lasting_impact(&world.start());
        for round in 0..4 {
            let mut state = world.start();
            for number in 0..5 {
                if all.is_empty() {
                    continue;
                }
                let one = *draws.pick(Stream::Phrases, round, number, &all);
                if helps(world, &state, one) {
                    continue;
                }
                let before = world.impact(&state);
                let effect = world.perform(&mut state, one.0, one.1).effect;
                relieved += u32::from(effect == Effect::Relief);
                better += u32::from(effect == Effect::Relief && world.impact(&state) < before);
                world.pass(&mut state, draws.below(Stream::Phrases, round, number + 100, 9));
            }
            let after = world.lasting_impact(&state);
            // What users do varies from minute to minute, and reliefs take some.
            assert!(after + (alone / 100).max(2) >= alone, "{}: {after} after reliefs, {alone} without", place(&made));
        }
    }
    assert!(relieved > 100 && better > 30, "{relieved} reliefs, after {better} of which users lost less");
}

/// What a relief holds back for some minutes is gone at first, and grows back within a quarter of an hour.
#[test]
fn what_is_relieved_is_gone_at_first_and_comes_back() {
    let mut seen = 0;
    for made in of_every_level(29, 8).filter(|made| made.incident().fault.is_some()) {
        let world = made.world();
        for (verb, target) in reliefs(world) {
            let mut state = world.start();
            if world.perform(&mut state, verb, target).effect != Effect::Relief {
                continue;
            }
            let verb = world.library.vocabulary.verb(verb);
            let own = |state: &State, minute: i32| -> i32 {
                let holding = world.holding(state, target.at, minute);
                let of_it =
                    |name: &str| verb.relieves.iter().any(|id| world.library.vocabulary.predicate(*id).name == name);
                holding.filter(|acting| of_it(&acting.predicate.name)).map(|acting| acting.error()).sum()
            };
            let (before, now) = (own(&state, 0), state.minute());
            assert_eq!(own(&state, now), 0, "{}: {}", place(&made), verb.name);
            world.pass(&mut state, 20);
            let mut alone = world.start();
            world.pass(&mut alone, state.now());
            assert_eq!(own(&state, now + 20), own(&alone, now + 20), "{}: {}", place(&made), verb.name);
            assert_eq!(own(&state, 0), before, "what was before the relief stays on record");
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen}");
}

fn verb_that(world: &World, does: Besides) -> VerbId {
    let verbs = &world.library.vocabulary.verbs;
    VerbId::find(verbs, |verb| verb.besides == Some(does)).unwrap()
}

#[test]
fn a_job_that_is_resumed_brings_its_fault_back_and_any_other_has_to_be_resumed() {
    let (mut causes, mut others) = (0, 0);
    for made in of_every_level(5, 12) {
        let (world, place) = (made.world(), place(&made));
        let [pause, resume] = [Besides::SuspendsJob, Besides::ResumesJob].map(|does| verb_that(world, does));
        let fault = world.incident.fault.as_ref();
        let jobs = world.incident.topology.ids().filter(|at| world.objects.job(*at).is_some());
        for target in jobs.map(|at| Target { at, thing: Thing::Job }) {
            let mut state = world.start();
            let is_of_fault = fault.is_some_and(|fault| fault.ops.iter().any(|op| op.target == target && op.harm == 0));
            let was_clean = world.is_clean(&state);
            let paused = world.perform(&mut state, pause, target);
            if paused.helped {
                causes += 1;
                let alone = world.lasting_impact(&world.start());
                world.pass(&mut state, 3);
                let resumed = world.perform(&mut state, resume, target);
                assert!(resumed.harm > 0 && resumed.effect == Effect::Change, "{place}");
                // What it does varies from minute to minute.
                let anew = world.lasting_impact(&state);
                let is_as_before = anew.abs_diff(alone) <= 2 + alone.unsigned_abs() / 50;
                assert!(!world.is_durable(&state) && is_as_before, "{place}: {anew} again, {alone} without");
            } else if !is_of_fault {
                others += 1;
                assert!(!world.is_clean(&state), "{place}");
                let resumed = world.perform(&mut state, resume, target);
                assert_eq!((resumed.harm, resumed.helped), (0, false), "{place}");
                assert_eq!(world.is_clean(&state), was_clean, "{place}");
                assert!(world.perform(&mut state, resume, target).harm > 0, "{place}: nothing was suspended any more");
            }
        }
    }
    assert!(causes > 0 && others > 20, "{causes} {others}");
}

/// What the tool printed for an action of an episode, or why it was refused.
fn said(episode: &mut incident_env::Episode, kind: &str, parameters: &Value) -> String {
    let before = episode.observation().evidence.clone();
    episode.step(&action(kind, parameters));
    let observation = episode.observation();
    if let Some(error) = &observation.last_action_error {
        return error.to_string();
    }
    let new = observation.evidence.iter().find(|evidence| !before.contains(evidence));
    new.map_or_else(String::new, |evidence| evidence.text.as_str().to_owned())
}

#[test]
fn a_job_reads_as_it_was_left_and_a_change_that_changes_nothing_says_so() {
    let made = incidents(Level::Easy, 3, 1).next().unwrap();
    let (world, mut episode) = (made.world(), made.episode(TaskId::RemediationPlanning));
    let is_idle = |at: &EntityId| world.objects.job(*at).is_some() && world.incident.shows(*at).is_empty();
    let at = world.incident.topology.ids().find(is_idle).unwrap();
    let (part, job) = (world.incident.topology.name(at), world.objects.job(at).unwrap());
    let mut step =
        |verb: &str| said(&mut episode, "execute_runbook_step", &json!({"runbook_action": verb, "target": job}));
    assert!(step("resume_job").contains(&format!("nothing to do: {job} is not suspended")));
    assert!(step("pause_job").contains(&format!("{job} suspended")));
    assert!(step("pause_job").contains(&format!("nothing to do: {job} is suspended already")));
    let status = said(&mut episode, "check_service_status", &json!({ "service": part }));
    assert!(status.contains(&format!("job {job}: suspended at ")), "{status}");
    let mut step =
        |verb: &str| said(&mut episode, "execute_runbook_step", &json!({"runbook_action": verb, "target": job}));
    assert!(step("resume_job").contains(&format!("{job} resumed")));
    let status = said(&mut episode, "check_service_status", &json!({ "service": part }));
    assert!(status.contains(&format!("job {job}: idle, resumed at ")), "{status}");
    let changes = said(&mut episode, "check_recent_deploys", &json!({ "service": part }));
    let own: Vec<_> = changes.lines().filter(|line| line.contains(" by you: ")).collect();
    assert!(own.len() == 4 && own[0].ends_with(&format!("by you: resume_job {job}")), "{changes}");
}

#[test]
fn a_rollback_names_its_change_unless_there_is_only_one() {
    let (mut one, mut several) = (0, 0);
    for made in incidents(Level::Medium, 3, 4) {
        let incident = made.incident();
        for at in incident.topology.ids() {
            let of_it: Vec<_> = incident.changes.iter().filter(|change| change.at == at).collect();
            let mut episode = made.episode(TaskId::RemediationPlanning);
            let text = said(&mut episode, "rollback_deploy", &json!({ "service": incident.topology.name(at) }));
            match of_it.as_slice() {
                [] => assert!(text.contains("has no change that could be taken back"), "{text}"),
                [only] => {
                    one += 1;
                    assert!(text.contains(&format!("{} taken back", only.id)), "{text}");
                    let again =
                        said(&mut episode, "rollback_deploy", &json!({ "service": incident.topology.name(at) }));
                    assert!(again.contains(&format!("nothing to do: {} was taken back before", only.id)), "{again}");
                }
                all => {
                    several += 1;
                    assert!(all.iter().all(|change| text.contains(&change.id)), "{text}");
                }
            }
        }
    }
    assert!(one > 0 && several > 0, "{one} {several}");
}

#[test]
fn a_volume_that_is_expanded_holds_what_it_held() {
    let made = incidents(Level::Easy, 3, 1).next().unwrap();
    let world = made.world();
    let grow = verb_that(world, Besides::GrowsVolume);
    let store = world.incident.topology.ids().find(|at| world.incident.topology.entity(*at).kind.is_store()).unwrap();
    let mut state = world.start();
    world.perform(&mut state, grow, Target { at: store, thing: Thing::Entity });
    let sizes = [0, 3, 4, 9].map(|minute| state.volume(store, minute));
    assert_eq!(sizes, [1000, 1000, 1500, 1500]);
}

/// Clients that were refused hold the old generation until they are restarted, and the status tells which do.
#[test]
fn the_status_tells_who_holds_old_secrets() {
    let mut seen = 0;
    for made in of_every_level(11, 30) {
        let (world, incident) = (made.world(), made.incident());
        if incident.family(&world.library).is_none_or(|family| family.id != "stale_credential_push")
            || incident.second.is_some()
        {
            continue;
        }
        seen += 1;
        let scenario = made.scenario(TaskId::RemediationPlanning);
        let mut episode = made.episode(TaskId::RemediationPlanning);
        let root = incident.topology.name(incident.fault.as_ref().unwrap().root).to_owned();
        let status = |episode: &mut incident_env::Episode, part: &str| {
            said(episode, "check_service_status", &json!({ "service": part }))
        };
        let mut active = Vec::new();
        let mut is_rotated = false;
        let issuer = status(&mut episode, &root);
        let before = issuer.split_once("generation ").and_then(|(_, rest)| rest.split(' ').next()).map(str::to_owned);
        for step in scenario.oracle() {
            let restarted = step.text("service").filter(|_| is_rotated && step.kind().as_str() == "restart_service");
            if let Some(part) = restarted {
                let text = status(&mut episode, part);
                assert!(text.contains("; loaded when it was last started"), "{text}");
                // It is the one that was in use before, and none that was never sent.
                let held = text.split_once("credentials: generation ").unwrap().1.split(' ').next().unwrap();
                assert_eq!(Some(held), before.as_deref(), "{text}");
            }
            episode.step(&step);
            is_rotated |= step.text("runbook_action") == Some("rotate_credentials");
            if let Some(part) = restarted {
                let text = status(&mut episode, part);
                assert!(!text.contains("; loaded when it was last started"), "{text}");
            }
            if is_rotated && !episode.is_done() {
                let text = status(&mut episode, &root);
                let (_, rest) = text.split_once("newest generation active on ").unwrap();
                let words: Vec<_> = rest.split_whitespace().collect();
                active.push((words[0].parse::<u32>().unwrap(), words[2].parse::<u32>().unwrap()));
            }
        }
        let [(first, all), .., (last, _)] = active.as_slice() else { panic!("{active:?}") };
        assert!(first < all && last == all, "{active:?}");
        assert!(active.windows(2).all(|pair| pair[0].0 <= pair[1].0), "{active:?}");
    }
    assert!(seen > 0);
}

/// Once its consumers work again, a queue says how much of what had piled up is left, less and less, and then no more.
#[test]
fn a_queue_tells_how_its_backlog_drains() {
    let mut seen = 0;
    for made in of_every_level(11, 30) {
        let (world, place) = (made.world(), place(&made));
        let Some(fault) = &world.incident.fault else { continue };
        let backlog = world.library.vocabulary.class_named("backlog").unwrap();
        let shows = |at: &EntityId| {
            let here = world.incident.topology.entity(*at).kind == crate::data::kinds::Kind::Queue;
            here && world.incident.shows(*at).contains(backlog)
        };
        let Some(queue) = world.incident.topology.ids().find(shows) else { continue };
        seen += 1;
        let left = |state: &State| -> Option<u32> {
            let text =
                crate::telemetry::query::read(world, state, queue, incident_env::Diagnostic::CheckServiceStatus).text;
            let (_, rest) = text.split_once("consumers: catching up since ")?;
            rest.split_once(", ")?.1.split(' ').next()?.parse().ok()
        };
        let mut state = world.start();
        assert_eq!(left(&state), None, "{place}: nothing is said while it grows");
        for number in &world.incident.proof.repair {
            let op = &fault.ops[*number];
            world.perform(&mut state, op.verb, op.target);
        }
        let mut before = left(&state).unwrap_or(100);
        for _ in 0..90 {
            world.pass(&mut state, 1);
            let now = left(&state).unwrap_or(0);
            assert!(now <= before, "{place}: {before} and then {now}");
            before = now;
        }
        assert_eq!(before, 0, "{place}");
    }
    assert!(seen > 3, "{seen}");
}

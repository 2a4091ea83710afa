//! The weighing on records that are made up, and one incident played through the engine.

use std::sync::Arc;

use incident_env::{
    ActionKind, Alert, AnswerForm, Briefing, Catalog, Diagnostic, Episode, EpisodeId, Evidence, Feedback, Observation,
    Points, SYSTEM, Targets, TaskId, Text,
};

use super::TableSolver;
use super::data::{Relation, table};
use super::repair;
use super::seen::{Level, Look, Seen, Shown};

use super::walk::Trail;
use super::weigh::weigh;
use crate::agent::fallback;
use crate::agent::policy::{Policy, Turn};

/// What one look showed.
type Read<'a> = (Diagnostic, &'a str, &'a str);

/// What one look at the whole system showed. The table takes a change of schema to be called a `migration`.
const ALL_CHANGES: Read<'static> = (
    Diagnostic::CheckRecentDeploys,
    SYSTEM,
    "[e-11] chg-1 shop-db 09:28 (38 min ago), migration: orders 4\n\
[e-12] chg-2 shop-db 09:50 (16 min ago), migration: orders 5\n\
[e-13] chg-3 shop-db 09:00 (66 min ago), config: revision 2\n\
[e-14] chg-4 shop-api 09:20 (46 min ago), deploy: release 3",
);

/// A caller whose calls to a store fail, and a store in which sessions wait for a lock.
const LOCKED: [Read<'static>; 7] = [
    (
        Diagnostic::CheckMetrics,
        "shop-api",
        "[e-1] failed requests (%), every 10 min to 10:00 and at 10:04: 0.1 0.2 0.1 60.0 61.0 60.5",
    ),
    (
        Diagnostic::CheckDependencies,
        "shop-api",
        "[e-2] shop-api -> shop-db (data): failing, 60.0 % of calls fail (timeout), p99 2000 ms\n\
[e-3] shop-api runs on node-1",
    ),
    (
        Diagnostic::CheckMetrics,
        "shop-db",
        "[e-4] failed requests (%), every 10 min to 10:00 and at 10:02: 0.1 0.2 0.1 60.0 61.0 60.5\n\
[e-5] pg_stat_activity_count{datname=\"shop\",state=\"active\"}, every 10 min to 10:00 and at 10:02: 30 31 30 97 98 97",
    ),
    (
        Diagnostic::CheckDependencies,
        "shop-db",
        "[e-6] shop-api -> shop-db (data): failing, 60.0 % of calls fail (timeout), p99 2000 ms",
    ),
    (
        Diagnostic::QueryLogs,
        "shop-db",
        "[e-7] 10:04 log of shop-db (PostgreSQL 15.6), last 120 min: 343 entries, the newest of each sort below\n\
[e-8] 2026-08-12 10:03:16.430 UTC [5036] shop_rw@shop LOG:  process 5036 still waiting for RowExclusiveLock on relation 7\n\
2026-08-12 10:03:16.430 UTC [5036] shop_rw@shop DETAIL:  Process holding the lock: 22095. Wait queue: 5036.",
    ),
    (
        Diagnostic::CheckServiceStatus,
        "shop-db",
        "[e-9] 10:05 shop-db: failing; kind db, zone-a, on node-1, job job-7\n\
[e-10] job job-7: running for 50 min, last runs took 4 min, since 09:30",
    ),
    ALL_CHANGES,
];

fn observation(read: &[Read<'_>]) -> Observation {
    let catalog = Catalog::embedded().unwrap();
    let alert = Alert {
        id: "ALT-1".to_owned(),
        title: "Error budget of shop-api burns too fast".to_owned(),
        severity_fired: None,
        affected_services: vec!["shop-api".to_owned()],
        symptoms: vec![
            "rule: shop-api burns more than 6 times its monthly error budget of 0.1 %, failed requests > 0.6 %, \
             windows of 6 h and 30 min, for 2 min; fires since 09:32"
                .to_owned(),
        ],
        error_rate: None,
        duration_minutes: None,
        revenue_impact_per_min: None,
    };
    let services = ["node-1", "shop-api", "shop-db"].map(Arc::from).to_vec();
    let briefing = Briefing::new(
        "GEN-1".to_owned(),
        Arc::clone(catalog.tasks().get(TaskId::RemediationPlanning)),
        String::new(),
        alert,
        Targets { services, ..Targets::default() },
        AnswerForm::Cited { mechanisms: Vec::new() },
    );
    let evidence = read.iter().map(|(tool, part, text)| Evidence {
        kind: ActionKind::Diagnostic(*tool),
        target: Arc::from(*part),
        text: Text::new(*text),
    });
    Observation {
        episode_id: EpisodeId::nil(),
        briefing: Arc::new(briefing),
        step_count: 0,
        evidence: evidence.collect(),
        shown: None,
        cumulative_reward: Points::ZERO,
        done: false,
        feedback: Feedback::Started,
        last_action_error: None,
    }
}

#[test]
fn signs_tell_the_mechanism_and_its_trigger() {
    let observation = observation(&LOCKED);
    let seen = Seen::new(&observation, &[]);
    assert_eq!((seen.level("shop-db"), seen.level("node-1")), (Level::Rose, Level::Unread));
    assert_eq!(seen.alert_holds("shop-api"), Some(("e-1", true)));
    let (trail, open) = Trail::follow(&seen, "shop-api");
    assert_eq!((trail.parts.as_slice(), open), (["shop-api", "shop-db"].as_slice(), None));
    let best = &weigh(&seen, table(), &trail, true)[0];
    assert_eq!((best.mechanism.id.as_str(), best.root), ("migration_lock", "shop-db"));
    assert!(["e-8", "e-10", "e-5"].iter().all(|record| best.records.contains(record)), "{:?}", best.records);
    // The newer migration came after the fault showed.
    assert_eq!(best.trigger(&seen).map(|change| change.id), Some("chg-1"));
    let plan: Vec<_> = repair::plan(&seen, table(), best).iter().map(|step| step.parameters().clone()).collect();
    assert_eq!(
        (plan[0]["runbook_action"].as_str(), plan[0]["target"].as_str()),
        (Some("cancel_migration"), Some("job-7"))
    );
    assert_eq!(plan[1]["target"].as_str(), Some("shop-db"));
}

#[test]
fn without_signs_only_the_place_and_the_changes_count() {
    let observation = observation(&LOCKED);
    let seen = Seen::new(&observation, &[]);
    let (trail, _) = Trail::follow(&seen, "shop-api");
    let candidates = weigh(&seen, table(), &trail, false);
    assert_eq!(candidates[0].root, "shop-db");
    assert!(candidates.iter().all(|one| one.records.is_empty()));
}

#[test]
fn a_part_that_has_failed_for_long_is_no_trail() {
    let mut read = LOCKED;
    read[2].2 = "[e-4] failed requests (%), every 10 min to 10:00 and at 10:02: 60.1 60.2 60.1 60.0 61.0 60.5";
    let observation = observation(&read);
    let (trail, open) = Trail::follow(&Seen::new(&observation, &[]), "shop-api");
    assert_eq!((trail.end(), open), ("shop-api", None));
}

#[test]
fn an_alert_that_is_over_is_no_incident() {
    let mut read = LOCKED;
    read[0].2 = "[e-1] failed requests (%), every 10 min to 10:00 and at 10:04: 0.1 0.2 0.1 60.0 0.2 0.1";
    assert_eq!(Seen::new(&observation(&read), &[]).alert_holds("shop-api"), Some(("e-1", false)));
}

#[test]
fn calls_and_splits_are_read_from_the_root() {
    let refused = "[e-1] a-api -> b-api (sync): failing, 9.0 % of calls fail (tls_handshake), p99 9 ms\n\
[e-2] a-api -> c-db (data): failing, 9.0 % of calls fail (dns), p99 9 ms";
    let by_client = "[e-3] share of connections{client=\"a-api\"} (%), every 10 min to 10:00: 20 21 80 85 86\n\
[e-4] share of connections{client=\"b-api\"} (%), every 10 min to 10:00: 80 79 20 15 14";
    let mut observation = observation(&[
        (Diagnostic::CheckDependencies, "shop-api", refused),
        (Diagnostic::CheckMetrics, "shop-db by=client", by_client),
    ]);
    let mut briefing = Arc::try_unwrap(observation.briefing).unwrap();
    briefing.services = ["a-api", "b-api", "c-db", "shop-api", "shop-db"].map(Arc::from).to_vec();
    observation.briefing = Arc::new(briefing);
    let seen = Seen::new(&observation, &[]);
    let shown = |sign: &str, part, root| seen.shown(table().sign(sign).unwrap(), part, Some(root));
    let now = |record| Shown::Now { record, since: None };
    assert_eq!(shown("tls_fails", "a-api", (Relation::Caller, "b-api")), now("e-1"));
    // The calls of a caller to another part are no sign at the root.
    assert!(matches!(shown("tls_fails", "a-api", (Relation::Caller, "c-db")), Shown::Unread(_)));
    assert_eq!(shown("no_name", "a-api", (Relation::User, "x-dns")), now("e-2"));
    let client = |root| shown("client_split", "shop-db", (Relation::Callee, root));
    assert!(matches!(client("a-api"), Shown::Now { record: "e-3", .. }));
    assert_eq!(client("b-api"), Shown::Absent);
    // What has no partitions is not asked for them.
    assert_eq!(shown("redelivery", "shop-db", (Relation::Callee, "a-worker")), Shown::Absent);
}

#[test]
fn a_look_without_an_answer_is_not_taken_for_ever() {
    let silent = [(Diagnostic::QueryLogs, "shop-db", "[e-1] 09:45 query_logs: no answer within 30 s")];
    let observation = observation(&silent);
    let look = Look::at(Diagnostic::QueryLogs, "shop-db");
    let taken = |times: usize| vec![(look.tool(), look.key()); times];
    assert!(!Seen::new(&observation, &taken(1)).is_taken(look));
    assert!(Seen::new(&observation, &taken(3)).is_taken(look));
}

#[test]
fn incidents_are_played_to_their_answers() {
    let generator = incident_generate::Generator::embedded().unwrap();
    let suite: incident_generate::Suite = "easy,count=6,seed=900001".parse().unwrap();
    let catalog = suite.catalog(generator.library(), generator.tasks()).unwrap();
    let mut totals = Vec::new();
    for scenario in catalog.scenarios() {
        let mut episode = Episode::reset(scenario, EpisodeId::nil());
        let mut solver = TableSolver::new();
        while !episode.is_done() {
            let Turn::Act(decision) = solver.turn(episode.observation()) else { panic!("it asks no model") };
            episode.step(&decision.action);
        }
        let observation = episode.observation();
        let answered = matches!(observation.feedback, Feedback::Submitted { .. });
        assert!(answered && observation.last_action_error.is_none(), "{}: {:?}", scenario.id(), observation.feedback);
        totals.push(episode.grade().unwrap().total.to_f64());
    }
    // It is no oracle, so one of them may be wrong.
    assert!(totals.iter().filter(|total| **total >= 0.6).count() + 1 >= totals.len(), "{totals:?}");
}

#[test]
fn without_an_alerted_part_the_fallback_plays() {
    let mut observation = observation(&[]);
    let mut briefing = Arc::try_unwrap(observation.briefing).unwrap();
    briefing.alert.affected_services.clear();
    observation.briefing = Arc::new(briefing);
    let Turn::Act(decision) = TableSolver::new().turn(&observation) else { panic!("it asks no model") };
    assert_eq!(decision.action, fallback::next(&observation));
}

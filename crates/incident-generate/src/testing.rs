//! Helpers of the tests of the generator: made incidents, and a system of three entities that is written by hand.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use crate::data::dialect::{Dialect, Dialects};
use crate::data::family::Family;
use crate::data::kinds::{EdgeKind, Kind, Symptom};
use crate::data::library::Library;
use crate::data::templates::Templates;
use crate::data::vocabulary::Vocabulary;
use crate::draws::Draws;
use crate::generator::{GeneratedIncident, Generator};
use crate::ids::{EntityId, PredicateId};
use crate::incident::incident::{Change, Incident, Proof};
use crate::incident::level::{Knobs, Level};
use crate::incident::rule::{AlertRule, Limit};
use crate::incident::world::World;
use crate::proof::hypotheses::{Hypothesis, Laboratory};
use crate::proof::repair_plan;
use crate::suite::Suite;
use crate::system::bind::{Strengths, bind};
use crate::system::fault::Fault;
use crate::system::topology::{Calls, Edge, Entity, Journey, Topology};
use crate::system::traffic::TrafficModel;
use incident_env::Severity;
use incident_env::{Action, Episode, Points, TaskId};

static GENERATOR: LazyLock<Generator> = LazyLock::new(|| Generator::embedded().unwrap());

/// The generator of the program, read once for all tests.
pub(crate) fn generator() -> &'static Generator {
    &GENERATOR
}

/// The first incidents of a level.
pub(crate) fn incidents(level: Level, seed: u64, count: u64) -> impl Iterator<Item = GeneratedIncident> {
    (0..count).map(move |number| generator().incident(level, seed, number).unwrap())
}

/// The first incidents of each level, easiest first.
pub(crate) fn of_every_level(seed: u64, count: u64) -> impl Iterator<Item = GeneratedIncident> {
    Level::ALL.into_iter().flat_map(move |level| incidents(level, seed, count))
}

/// The incidents of a suite.
pub(crate) fn suite(text: &str) -> Vec<GeneratedIncident> {
    let suite: Suite = text.parse().unwrap();
    suite.incidents(generator().library()).map(|incident| generator().play(incident.unwrap())).collect()
}

/// What a failed assertion says about an incident.
pub(crate) fn place(incident: &GeneratedIncident) -> String {
    let family = incident.incident().family(generator().library()).map_or("none", |family| &family.id);
    format!("{} {} {family}", incident.incident().level, incident.incident().number)
}

/// An action from its type and parameters.
pub(crate) fn action(kind: &str, parameters: &Value) -> Action {
    Action::from_value(json!({"action_type": kind, "parameters": parameters})).unwrap()
}

/// An episode in which these actions were taken.
pub(crate) fn play(incident: &GeneratedIncident, task: TaskId, actions: &[Action]) -> Episode {
    let mut episode = incident.episode(task);
    for action in actions {
        episode.step(action);
    }
    episode
}

/// The records of a text, each with its id and what it says. What has no id of its own belongs to the line before.
pub(crate) fn entries(text: &str) -> Vec<(&str, String)> {
    let mut entries: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix('[').and_then(|rest| rest.split_once("] ")), entries.last_mut()) {
            (Some((id, said)), _) if id.starts_with("e-") => entries.push((id, said.to_owned())),
            (_, Some((_, before))) => {
                before.push('\n');
                before.push_str(line);
            }
            (_, None) => panic!("no record: {line}"),
        }
    }
    entries
}

/// The score of an episode; 0 if it is not over.
pub(crate) fn total(episode: &Episode) -> Points {
    episode.grade().map_or(Points::ZERO, |grade| grade.total)
}

/// The entities of the small system: users come in through the gateway, which calls the service, which keeps its data
/// in the store.
pub(crate) const GATEWAY: EntityId = EntityId(0);
pub(crate) const SERVICE: EntityId = EntityId(1);
pub(crate) const STORE: EntityId = EntityId(2);

const VOCABULARY: &str = r#"
[event]
broken = "aside"
ailing = "aside"
passing_errors = "aside"
passing_latency = "aside"
passing_use = "aside"
passing_lull = "aside"
passing_halt = "aside"

[class]
oom_kill = { tool = "logs", is = "the process is killed" }
cpu_high = { tool = "metrics", is = "processor time is used up" }
restarts = { tool = "status", is = "the process was restarted" }

[predicate]
job_runs = { capacity = 900, shows = ["cpu_high"] }
crashes = { error = 1000, fails_as = "refused", shows = ["oom_kill", "restarts"] }
fails_half = { error = 500, shows = ["oom_kill"] }
slow = { latency = 5000, shows = ["cpu_high"] }
starved = { capacity = 200, shows = ["cpu_high"] }
restarting = { error = 1000, fails_as = "refused", shows = [] }
data_lost = { role = "catastrophe", shows = [] }
aside = { role = "beside", error = 10, shows = [] }

[verb]
restart = { action = "restart_service", takes = ["gateway", "api", "db"], minutes = 3, interrupts = "restarting", harm = 50, harm_store = 100 }
rollback = { action = "rollback_deploy", takes = ["change"], minutes = 4, harm = 50 }
scale = { action = "scale_service", takes = ["api"], minutes = 2, harm = 50 }
flag_off = { action = "disable_feature_flag", takes = ["flag"], minutes = 1, harm = 50 }
clear = { action = "clear_cache", takes = ["cache"], minutes = 1, harm = 50 }
stop_job = { takes = ["job"], minutes = 1, harm = 0 }
wipe = { takes = ["db"], minutes = 1, harm = 300 }
observe = { role = "observe", takes = [], minutes = 1, harm = 0 }
open_ticket = { role = "ticket", takes = ["gateway", "api", "db", "change"], minutes = 1, harm = 0 }
"#;

const TEMPLATES: &str = r#"
[[series]]
label = "cpu"
unit = "%"
class = "cpu_high"
kinds = ["gateway", "api", "db"]
usual = [20, 40]
shifted = [90, 99]
shape = "step"
[status]
restarts = { kinds = ["gateway", "api", "db"], usual = "no restarts", shifted = "restarted" }
"#;

/// What all parts of the small system run, and what the platform says of it.
const DIALECT: &str = r#"
id = "kubernetes"
name = "Something 1.0"
kinds = ["gateway", "api", "worker", "batch", "db", "cache", "queue", "external", "config", "identity", "dns", "network", "node"]
share = 1
[stream.main]
source = "{pod}"
line = "{clock} {level} {text}"
level = { error = "ERROR", warn = "WARN", info = "INFO" }
[[says]]
class = "oom_kill"
text = ["killed"]
[[fails]]
as = "refused"
text = ["{peer} refused"]
[[usual]]
text = ["at work"]
"#;

/// A job of a store uses up its capacity, and the store crashes again and again until the job is stopped.
pub(crate) const CRASH: &str = r#"
id = "crash"
version = 1
group = "load"
is = "A job uses up the capacity of its store."
points_at = "the store"
words = { root = "the store" }
severities = ["P1", "P2", "P3", "P4"]
root = { kinds = ["db"], called = true }
trigger = { kind = "job", on = "root", lag = [5, 5] }
onset = "step"
bind = [["job", "job(root)"]]
facts = { job = "job_runs(root)", crash = "crashes(root)" }
later = { lost = "data_lost(root)" }
durable_off = ["job"]
verify = ["root"]
[[op]]
verb = "stop_job"
on = "job"
clears = ["job"]
[[op]]
verb = "restart"
on = "root"
needs = ["!job"]
clears = ["crash"]
[[wrong]]
verb = "wipe"
on = "root"
sets = ["lost"]
harm = 300
"#;

/// A service is slow, and nothing fails.
const SLOW: &str = r#"
id = "slow"
version = 1
group = "load"
is = "A release is slow."
points_at = "the service"
words = { root = "the service" }
severities = ["P1", "P2", "P3", "P4"]
root = { kinds = ["api"] }
trigger = { kind = "deploy", on = "root", lag = [5, 5] }
onset = "step"
facts = { slow = "slow(root)" }
durable_off = ["slow"]
verify = ["root"]
[[op]]
verb = "rollback"
on = "trigger"
clears = ["slow"]
"#;

/// A small system with its vocabulary and its two families.
pub(crate) struct Small {
    pub(crate) library: Arc<Library>,
    pub(crate) topology: Topology,
    pub(crate) traffic: TrafficModel,
}

impl Small {
    pub(crate) fn new() -> Self {
        let vocabulary = Vocabulary::parse(VOCABULARY).unwrap();
        let library = Arc::new(Library {
            telemetry: Templates::parse(TEMPLATES, &vocabulary).unwrap(),
            dialects: Dialects::new(vec![Dialect::parse(DIALECT, &vocabulary).unwrap()]).unwrap(),
            families: [CRASH, SLOW].map(|text| Family::parse(text, &vocabulary).unwrap()).to_vec(),
            vocabulary,
            ..Library::clone(generator().library())
        });
        let entity = |name: &str, kind, demand| Entity {
            name: name.to_owned(),
            keeps: None,
            kind,
            zone: 0,
            node: None,
            demand,
            used: 500,
            base_latency: 10_000,
        };
        let calls = Calls { share: 1000, times: 1, bundle: 1, needed: 1000, retried: 0, parallel: false };
        let edge = |from, to, kind| Edge { from, to, kind, calls };
        let topology = Topology {
            entities: vec![
                entity("gateway-1", Kind::Gateway, 1_000_000),
                entity("api-1", Kind::Api, 0),
                entity("db-1", Kind::Db, 0),
            ],
            edges: vec![edge(GATEWAY, SERVICE, EdgeKind::Req), edge(SERVICE, STORE, EdgeKind::Data)],
            journeys: vec![Journey { name: "checkout", entry: SERVICE, weight: 1000, requests: 1000 }],
            gateway: GATEWAY,
        };
        Self { traffic: TrafficModel::new(&topology), library, topology }
    }

    pub(crate) fn predicate(&self, name: &str) -> PredicateId {
        self.library.vocabulary.predicate_named(name).unwrap()
    }

    pub(crate) fn laboratory(&self) -> Laboratory<'_> {
        Laboratory { topology: &self.topology, traffic: &self.traffic, vocabulary: &self.library.vocabulary }
    }

    /// The store that crashes, and the service that is slow.
    pub(crate) fn hypotheses(&self) -> Vec<Hypothesis> {
        self.laboratory().every_fault(&self.library.families, Draws::new(1), &self.laboratory().nothing_beside())
    }

    pub(crate) fn crash(&self) -> Fault {
        let family = &self.library.families[0];
        bind(0, family, STORE, &self.topology, &self.library.vocabulary, Draws::new(1), Strengths::Usual).unwrap()
    }

    /// An incident in which the store crashes, the gateway is alerted, and the slow service is a rival.
    pub(crate) fn world(self) -> World {
        let all = self.hypotheses();
        let fault = self.crash();
        let loss = self.laboratory().effects(Some(&fault), &self.laboratory().nothing_beside()).loss;
        let proof = Proof {
            faults: all.len(),
            after_alert: all.len(),
            entropy: 1024,
            views: None,
            repair: repair_plan::shortest(&fault).unwrap(),
            hops: 2,
        };
        let change = |id: &str, at, minutes_ago| Change {
            id: id.to_owned(),
            at,
            kind: crate::data::family::ChangeKind::Job,
            minutes_ago,
            posed: None,
            set_off: false,
        };
        let incident = Incident {
            id: "GEN-0000000000000001".to_owned(),
            level: Level::Easy,
            number: 0,
            attempt: 0,
            draws: Draws::new(1),
            names: Draws::new(2),
            topology: self.topology,
            traffic: self.traffic,
            fault: Some(fault),
            second: None,
            growth: None,
            duration: 10,
            changes: vec![change("chg-10001", STORE, 15), change("chg-10002", SERVICE, 500)],
            trigger: Some("chg-10001".to_owned()),
            decoys: Vec::new(),
            task: TaskId::RootCauseAnalysis,
            alert: AlertRule {
                at: GATEWAY,
                symptom: Symptom::Errors,
                limit: Limit::Burn { rate: 144, budget: 100 },
                windows: [60, 5],
                pending: 2,
                since: 8,
            },
            alerts: Vec::new(),
            loss,
            severity: Severity::of(loss),
            knobs: Knobs::of(Level::Easy),
            shows: all[0].appearance.shows.clone(),
            rivals: vec![all[1].appearance.clone()],
            proof,
        };
        World::new(incident, self.library)
    }
}

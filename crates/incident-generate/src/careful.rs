//! A careful person on call, whom the honest responders of the tests play. The person takes the looks that lead from the
//! alert to the root, one step each, and cites lines that were shown. The truth is only used to know which way leads to
//! the root and which of the lines shown are signs of the fault; no search for the best citations is made.

use serde_json::{Map, Value, json};

use crate::data::family::ChangeKind;
use crate::data::vocabulary::Glance;
use crate::ids::EntityId;
use crate::incident::world::{State, World};
use crate::play::answer::NONE;
use crate::play::command;
use crate::play::limits::SETTLED_AFTER;
use crate::proof::claim::Claim;
use crate::proof::hypotheses::View;
use crate::proof::repair_plan;
use crate::system::fault::{Fault, Op, Target, Thing};
use crate::telemetry::query;
use crate::testing::entries;
use incident_env::{Action, ActionKind, Diagnostic, Episode, Remediation};

/// The most records that an answer cites.
const MOST_CITED: usize = 8;
/// The most parts beside the root at which what follows from the cause is checked.
const CONFIRMED: usize = 2;
/// The looks at the root without which nobody would answer, the most important first.
const AT_ROOT: [Diagnostic; 4] =
    [Diagnostic::CheckMetrics, Diagnostic::QueryLogs, Diagnostic::CheckServiceStatus, Diagnostic::CheckRecentDeploys];

/// A line that was shown.
struct Line {
    /// The part that was looked at, and with what.
    at: EntityId,
    tool: Diagnostic,
    glance: Glance,
    /// The id that the line is cited by.
    id: String,
    /// The line without its id.
    text: String,
    claim: Claim,
}

/// How the cause is repaired, where the fault allows for several ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// By a shortest plan.
    Shortest,
    /// A flag is turned off, and of other faults the first step that has an alternative is replaced by it.
    FlagOffOrAnother,
    /// The change that set the fault off is rolled back, wherever that can be done, also a change of a flag.
    RollBack,
}

/// A person who plays an episode of an incident.
pub(crate) struct Person<'a> {
    world: &'a World,
    episode: Episode,
    /// The state of the world as the episode has it, as long as nothing was changed. It tells what each line means.
    state: State,
    /// The parts from the alerted one to the root; only the alerted one if nothing is wrong.
    walk: Vec<EntityId>,
    lines: Vec<Line>,
    /// The steps that are kept for what comes after the diagnosis.
    kept: u32,
    /// The looks that were left out because the steps would not have been enough.
    left_out: u32,
}

impl<'a> Person<'a> {
    /// Begins an episode. So many steps are kept for what comes after the diagnosis.
    pub(crate) fn new(world: &'a World, episode: Episode, kept: usize) -> Self {
        let walk = world.path().unwrap_or_else(|| vec![world.incident.alert.at]);
        let kept = u32::try_from(kept).unwrap();
        Self { state: world.start(), world, episode, walk, lines: Vec::new(), kept, left_out: 0 }
    }

    /// Returns the episode as it was played, and how many looks were left out for want of steps.
    pub(crate) fn finish(self) -> (Episode, u32) {
        (self.episode, self.left_out)
    }

    fn name(&self, at: EntityId) -> &'a str {
        self.world.incident.topology.name(at)
    }

    fn spare(&self) -> u32 {
        self.episode.observation().steps_left().saturating_sub(self.kept)
    }

    /// Takes a step, which is never refused.
    fn step(&mut self, action: &Action) {
        self.episode.step(action);
        let refused = self.episode.observation().last_action_error.as_ref();
        assert!(refused.is_none(), "{}: {action:?}: {refused:?}", self.world.incident.id);
    }

    /// Looks at a part if there are more steps than are needed for other looks; each is taken once.
    fn look(&mut self, at: EntityId, glance: impl Into<Glance>, needed: u32) {
        let glance = glance.into();
        let kind = ActionKind::Diagnostic(glance.tool);
        let is_known = self.lines.iter().any(|line| (line.at, line.glance) == (at, glance));
        if is_known || !self.episode.observation().task().offers(&kind) {
            return;
        }
        if self.spare() <= needed {
            self.left_out += 1;
            return;
        }
        self.step(&View { at, glance }.action(self.name(at)));
        self.world.pass(&mut self.state, 1);
        let sheet = query::read(self.world, &self.state, at, glance);
        let key = glance.by.map_or_else(|| self.name(at).to_owned(), |by| format!("{} by={by}", self.name(at)));
        let shown = self.episode.observation().reading(glance.tool, &key);
        assert_eq!(shown, Some(&*sheet.text), "the states differ");
        for (record, (_, text)) in sheet.records.iter().zip(entries(&sheet.text)) {
            self.lines.push(Line {
                at,
                tool: glance.tool,
                glance,
                id: record.id.to_string(),
                text,
                claim: record.claim,
            });
        }
    }

    /// Walks from the alert to the root: at each part on the way the dependencies and one more look, and at the root
    /// everything. If nothing is wrong, the alerted part and the front door are read.
    pub(crate) fn walk(&mut self, beside: Diagnostic) {
        let (root, before) = self.walk.clone().split_last().map(|(root, before)| (*root, before.to_vec())).unwrap();
        let trigger_at = self.trigger().map_or(root, |change| change.0);
        let splits = self.telling_splits(root).len();
        let at_root = u32::try_from(AT_ROOT.len() + splits).unwrap() + u32::from(trigger_at != root);
        for (hops, at) in (1..=u32::try_from(before.len()).unwrap()).rev().zip(before) {
            self.look(at, Diagnostic::CheckDependencies, 0);
            self.look(at, beside, at_root + hops - 1);
        }
        self.look(root, Diagnostic::CheckDependencies, at_root);
        for tool in AT_ROOT {
            self.look(root, tool, 0);
        }
        for glance in self.telling_splits(root) {
            self.look(root, glance, 0);
        }
        self.look(trigger_at, Diagnostic::CheckRecentDeploys, 0);
        self.confirm();
        if self.world.incident.fault.is_none() {
            self.look(self.world.incident.topology.gateway, Diagnostic::CheckMetrics, 0);
        }
    }

    /// The splits of the metrics of a part in which somebody would look who suspects what is wrong there.
    fn telling_splits(&self, at: EntityId) -> Vec<Glance> {
        let vocabulary = &self.world.library.vocabulary;
        let shown = self.world.incident.shows(at);
        let glances = vocabulary.glances().into_iter().filter(|glance| glance.by.is_some());
        glances.filter(|glance| shown.meets(vocabulary.of_glance(*glance))).collect()
    }

    /// Checks what follows from the cause, with the steps that are to spare: the other parts at which it shows, such as
    /// the store that refuses old credentials, and then the metrics of the parts on the walk.
    fn confirm(&mut self) {
        let incident = &self.world.incident;
        let facts = incident.fault.iter().flat_map(|fault| fault.facts_in(fault.start));
        let mut others: Vec<_> = facts.map(|fact| fact.at).filter(|at| Some(at) != self.walk.last()).collect();
        others.dedup();
        let shows = others.into_iter().filter(|at| !incident.shows(*at).is_empty()).take(CONFIRMED);
        let both = shows.flat_map(|at| [Diagnostic::QueryLogs, Diagnostic::CheckMetrics].map(|tool| (at, tool)));
        let on_the_walk = self.walk.clone().into_iter().map(|at| (at, Diagnostic::CheckMetrics));
        for (at, tool) in both.chain(on_the_walk) {
            if self.spare() > 0 {
                self.look(at, tool, 0);
            }
        }
    }

    /// Reads what users lose, and whether stored data comes apart at the root.
    pub(crate) fn read_severity(&mut self) {
        self.look(self.world.incident.topology.gateway, Diagnostic::CheckMetrics, 0);
        let root = *self.walk.last().unwrap();
        self.look(root, Diagnostic::CheckServiceStatus, 0);
        self.look(root, Diagnostic::QueryLogs, 0);
    }

    /// The part and the id of the change that set the fault off.
    fn trigger(&self) -> Option<(EntityId, &'a str)> {
        let id = self.world.incident.trigger.as_deref()?;
        Some((self.world.incident.change(id)?.at, id))
    }

    fn cite<'b>(lines: impl IntoIterator<Item = &'b Line>) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        for line in lines {
            if ids.len() < MOST_CITED && !ids.contains(&line.id) {
                ids.push(line.id.clone());
            }
        }
        ids
    }

    /// The signs of the fault at the root, or the readings that show that the alerted part is well.
    fn signs(&self) -> impl Iterator<Item = &Line> {
        let incident = &self.world.incident;
        let root = *self.walk.last().unwrap();
        self.lines.iter().filter(move |line| match line.claim {
            Claim::Shows { at, class } => at == root && incident.shows(at).contains(class),
            Claim::Errors { at, up: false } | Claim::Slow { at, up: false } => {
                incident.fault.is_none() && at == root && line.tool == Diagnostic::CheckMetrics
            }
            _ => false,
        })
    }

    /// The line for the call from one part to the next one on the walk, as the caller sees it.
    fn call(&self, from: EntityId, to: EntityId) -> Option<&Line> {
        let start = format!("{} -> {} ", self.name(from), self.name(to));
        self.lines.iter().find(|line| line.tool == Diagnostic::CheckDependencies && line.text.starts_with(&start))
    }

    /// The errors that a part of the walk logs about the next one: those that name it, or any if it is no call.
    fn logged(&self, from: EntityId, to: EntityId) -> impl Iterator<Item = &Line> {
        let is_called = self.call(from, to).is_some();
        let logged = self.lines.iter().filter(move |line| (line.at, line.tool) == (from, Diagnostic::QueryLogs));
        logged.filter(move |line| match line.claim {
            Claim::Calls { to: called, fail: true, .. } => !is_called || called == to,
            Claim::Shows { .. } => !is_called,
            _ => false,
        })
    }

    /// For each pair of parts on the walk, from the root back: the call that fails, or an error of the log.
    fn failing_calls(&self) -> impl Iterator<Item = &Line> {
        let pairs = self.walk.windows(2).rev();
        pairs.filter_map(|pair| self.call(pair[0], pair[1]).or_else(|| self.logged(pair[0], pair[1]).next()))
    }

    /// The calls of the part where the walk ends, which show that the trouble is its own or that there is none.
    fn calls_at_the_end(&self) -> impl Iterator<Item = &Line> {
        let root = *self.walk.last().unwrap();
        self.lines.iter().filter(move |line| (line.at, line.tool) == (root, Diagnostic::CheckDependencies))
    }

    /// The change that set the fault off, or the line that says that there was none.
    fn changes(&self) -> impl Iterator<Item = &Line> {
        let trigger = self.trigger().map(|(_, id)| id);
        self.lines.iter().filter(move |line| {
            line.tool == Diagnostic::CheckRecentDeploys
                && trigger.map_or_else(|| line.text.contains(" no change of "), |id| line.text.starts_with(id))
        })
    }

    /// Cites the causal chain: a sign from each look at the root, the calls that fail, and the change.
    pub(crate) fn cite_chain(&self) -> Vec<String> {
        let one_of = |tool| self.signs().find(|line| line.tool == tool);
        let signs = AT_ROOT.into_iter().filter_map(one_of);
        let well = self.calls_at_the_end().filter(|_| self.world.incident.fault.is_none());
        Self::cite(signs.chain(self.failing_calls().take(MOST_CITED / 2)).chain(self.changes()).chain(well.take(2)))
    }

    /// Cites failing calls and nothing else: the edges of the walk, and what its parts log about them. Where the alert
    /// is at the root, those are the calls to it.
    pub(crate) fn cite_calls(&self) -> Vec<String> {
        let logged = self.walk.windows(2).rev().flat_map(|pair| self.logged(pair[0], pair[1]).take(2));
        let ends = self.calls_at_the_end().filter(|_| self.walk.len() == 1);
        Self::cite(self.failing_calls().chain(logged).chain(ends))
    }

    /// Cites what the status says of the walk, and the change.
    pub(crate) fn cite_status(&self) -> Vec<String> {
        let is_status = |line: &&Line| line.tool == Diagnostic::CheckServiceStatus;
        let signs = self.signs().filter(is_status);
        let health = self.walk.iter().rev().filter_map(|at| self.lines.iter().filter(is_status).find(|l| l.at == *at));
        Self::cite(signs.chain(self.changes()).chain(health))
    }

    /// Cites the causal chain, and two more lines that were read and say nothing wrong.
    pub(crate) fn cite_chain_and_extras(&self) -> Vec<String> {
        let mut ids = self.cite_chain();
        ids.truncate(MOST_CITED - 2);
        let others: Vec<_> = self.lines.iter().map(|line| line.id.clone()).filter(|id| !ids.contains(id)).collect();
        ids.extend(others.into_iter().take(2));
        ids
    }

    /// Cites eight lines in the order in which they were seen: the first of each look, then the second of each.
    pub(crate) fn cite_first_seen(&self) -> Vec<String> {
        let mut looks: Vec<Vec<&Line>> = Vec::new();
        for line in &self.lines {
            match looks.last_mut() {
                Some(look) if (look[0].at, look[0].tool) == (line.at, line.tool) => look.push(line),
                _ => looks.push(vec![line]),
            }
        }
        Self::cite((0..MOST_CITED).flat_map(|row| looks.iter().filter_map(move |look| look.get(row).copied())))
    }

    /// Submits the truth with these citations, and with what the task asks for besides.
    pub(crate) fn submit(&mut self, evidence: &[String], more: &Value) {
        let World { incident, library, .. } = self.world;
        let walk: &[EntityId] = if incident.fault.is_some() { &self.walk } else { &[] };
        let mut parameters = json!({
            "service": incident.fault.as_ref().map_or(NONE, |fault| self.name(fault.root)),
            "mechanism": incident.family(library).map_or(NONE, |family| &family.id),
            "trigger": incident.trigger.as_deref().unwrap_or(NONE),
            "path": walk.iter().map(|at| self.name(*at)).collect::<Vec<_>>(),
            "severity": incident.severity.as_str(),
            "evidence": evidence,
            "confidence": 0.9,
        });
        let all = parameters.as_object_mut().unwrap();
        all.extend(more.as_object().cloned().unwrap_or_else(Map::new));
        let kind = ActionKind::Submission(self.episode.observation().task().id.submission());
        self.step(&Action::new(kind, all.clone()).unwrap());
    }

    /// Looks at a part that has nothing to do with the fault.
    pub(crate) fn look_elsewhere(&mut self) {
        let incident = &self.world.incident;
        let mut parts = incident.topology.ids().filter(|at| !self.walk.contains(at) && incident.shows(*at).is_empty());
        if let Some(at) = parts.next() {
            self.step(&Action::with(ActionKind::Diagnostic(Diagnostic::QueryLogs), &[("service", self.name(at))]));
        }
    }

    /// Takes the steps of a repair, watches until the system has settled, and then takes these looks, which show what came
    /// of it.
    pub(crate) fn repair(&mut self, plan: &[Action], verify: &[(EntityId, Diagnostic)]) {
        for action in plan {
            self.step(action);
        }
        if !plan.is_empty() {
            self.step(&command::observe(SETTLED_AFTER));
        }
        for (at, tool) in verify.iter().filter(|_| !plan.is_empty()) {
            self.step(&Action::with(ActionKind::Diagnostic(*tool), &[("service", self.name(*at))]));
        }
    }
}

/// Returns the steps of a repair of an incident in this way. There are none if nothing is wrong.
pub(crate) fn plan(world: &World, way: Way) -> Vec<Action> {
    let Some(fault) = &world.incident.fault else { return Vec::new() };
    let shortest: Vec<_> = world.incident.proof.repair.iter().map(|number| &fault.ops[*number]).collect();
    let perform = |op: &&Op| command::action(world, op.verb, op.target);
    let is = |op: &Op, action: Remediation| world.library.vocabulary.verb(op.verb).action == action;
    let only = |keep: &dyn Fn(&Op) -> bool| {
        let ops = fault.ops.iter().filter(|op| keep(op)).cloned().collect();
        let fault = Fault { ops, ..fault.clone() };
        let plan = repair_plan::shortest(&fault)?;
        Some(plan.iter().map(|number| perform(&&fault.ops[*number])).collect::<Vec<_>>())
    };
    let own = || shortest.iter().map(perform).collect();
    match way {
        Way::Shortest => own(),
        Way::FlagOffOrAnother => {
            let flags = |op: &Op| !(op.target.thing == Thing::Trigger && is(op, Remediation::RollbackDeploy));
            if fault.ops.iter().any(|op| is(op, Remediation::DisableFeatureFlag)) {
                return only(&flags).unwrap_or_else(own);
            }
            let without = |one: &&Op| only(&|op| (op.verb, op.target) != (one.verb, one.target));
            shortest.iter().find_map(without).unwrap_or_else(own)
        }
        Way::RollBack => {
            let ends_it = |op: &Op| op.harm == 0 && op.clears.meets(fault.durable);
            let rolled_back = |op: &Op| !ends_it(op) || op.target.thing == Thing::Trigger;
            if let Some(plan) = only(&rolled_back) {
                return plan;
            }
            let trigger = world.incident.trigger.as_deref().and_then(|id| world.incident.change(id));
            let of_flag = trigger.filter(|change| change.kind == ChangeKind::Flag);
            let rollback = world.library.vocabulary.verb_of(Remediation::RollbackDeploy, "").unwrap();
            let replaced = |op: &&Op| match of_flag {
                Some(change) if is(op, Remediation::DisableFeatureFlag) => {
                    command::action(world, rollback, Target { at: change.at, thing: Thing::Trigger })
                }
                _ => perform(op),
            };
            shortest.iter().map(replaced).collect()
        }
    }
}

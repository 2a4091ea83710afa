//! The oracle: a play that knows the truth, looks until it is proved, and repairs by the shortest plan.

use serde_json::{Map, Value, json};

use crate::generate::proof::claim::{Atom, is_consistent};
use crate::generate::proof::hypotheses as checker;
use crate::generate::system::fault::{Target, Thing};
use crate::generate::incident::incident::Rejected;
use crate::generate::play::live::atoms_of;
use crate::generate::play::grade::{self, Deeds, SETTLE};
use crate::generate::system::topology::Kind;
use crate::generate::incident::world::{State, World};
use crate::env::{Action, ActionKind, Diagnostic, Remediation, Submission, TaskId};

/// What was read, and which of it proves the truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The views, in order.
    pub views: Vec<(u16, Diagnostic)>,
    /// The records to cite.
    pub cited: Vec<u16>,
}

/// The play of a task.
#[must_use]
pub fn play(world: &World, task: TaskId) -> Vec<Action> {
    let incident = &world.incident;
    let name = |at: u16| incident.topology.entity(at).name.as_str();
    let look = |(at, tool): &(u16, Diagnostic)| Action::with(ActionKind::Diagnostic(*tool), &[("service", name(*at))]);
    if task == TaskId::AlertClassification {
        let gateway = incident.topology.of(Kind::Gateway).next().unwrap_or(0);
        let severity = json!({ "severity": incident.severity.as_str(), "confidence": 1.0 });
        let mut actions = Vec::new();
        read(world, &mut world.start(), gateway, Diagnostic::CheckMetrics, &mut |at, tool| {
            actions.push(look(&(at, tool)));
        });
        actions.push(submit(Submission::Severity, severity));
        return actions;
    }
    let diagnosis = diagnose(world);
    let mut actions: Vec<_> = diagnosis.views.iter().map(look).collect();
    let cited: Vec<_> = diagnosis.cited.iter().map(|id| format!("e-{id:04x}")).collect();
    let none = || "none".to_owned();
    let root = incident.fault.as_ref().map_or_else(none, |fault| name(fault.root).to_owned());
    let mechanism = incident.family(&world.library).map_or_else(none, |family| family.id.clone());
    let mut answer = json!({
        "service": root,
        "mechanism": mechanism,
        "trigger": incident.trigger.clone().unwrap_or_else(none),
        "evidence": cited,
        "confidence": 1.0,
    });
    if task == TaskId::RootCauseAnalysis {
        let path: Vec<_> = world.path().unwrap_or_default().into_iter().map(name).collect();
        answer["path"] = json!(path);
        actions.push(submit(Submission::RootCause, answer));
        return actions;
    }
    if let Some(fault) = &incident.fault {
        let mut state = repaired(world, u32::try_from(diagnosis.views.len()).unwrap_or(u32::MAX));
        for number in &incident.proof.repair {
            let step = &fault.steps[*number];
            actions.push(repair(world, step.verb, step.target));
        }
        for at in &fault.verify {
            read(world, &mut state, *at, Diagnostic::CheckMetrics, &mut |at, tool| actions.push(look(&(at, tool))));
        }
    }
    answer["status"] = json!(if incident.fault.is_some() { "resolved" } else { "no_incident" });
    actions.push(submit(Submission::Resolution, answer));
    actions
}

/// The minutes that the play of a task takes.
#[must_use]
pub fn minutes(world: &World, task: TaskId) -> u32 {
    let mut state = world.start();
    match task {
        TaskId::AlertClassification => {
            let gateway = world.incident.topology.of(Kind::Gateway).next().unwrap_or(0);
            read(world, &mut state, gateway, Diagnostic::CheckMetrics, &mut |_, _| {});
        }
        TaskId::RootCauseAnalysis => world.pass(&mut state, looks(world)),
        TaskId::RemediationPlanning => {
            state = repaired(world, looks(world));
            for at in world.incident.fault.iter().flat_map(|fault| &fault.verify) {
                read(world, &mut state, *at, Diagnostic::CheckMetrics, &mut |_, _| {});
            }
        }
    }
    state.now()
}

/// How often it looks until it knows.
fn looks(world: &World) -> u32 {
    u32::try_from(diagnose(world).views.len()).unwrap_or(u32::MAX)
}

/// What users lose while it is found out and repaired in this way, minute by minute.
pub(crate) fn lost(world: &World) -> Vec<i32> {
    let mut state = repaired(world, looks(world));
    world.pass(&mut state, SETTLE);
    state.lost().to_vec()
}

/// The world after so many looks and the shortest repair.
fn repaired(world: &World, looks: u32) -> State {
    let mut state = world.start();
    world.pass(&mut state, looks);
    if let Some(fault) = &world.incident.fault {
        for number in &world.incident.proof.repair {
            let step = &fault.steps[*number];
            world.change(&mut state, step.verb, step.target);
        }
    }
    state
}

/// Looks until the tool answers. Tells of each try.
fn read(world: &World, state: &mut State, at: u16, tool: Diagnostic, tried: &mut dyn FnMut(u16, Diagnostic)) {
    loop {
        world.pass(state, 1);
        tried(at, tool);
        if !world.is_out(state, at, tool) {
            return;
        }
    }
}

fn submit(kind: Submission, parameters: Value) -> Action {
    let parameters = match parameters {
        Value::Object(parameters) => parameters,
        _ => Map::new(),
    };
    let kind = ActionKind::Submission(kind);
    Action::new(kind.clone(), parameters).unwrap_or_else(|_| Action::with(kind, &[]))
}

/// The action that does something to something.
#[must_use]
pub fn repair(world: &World, verb: u16, target: Target) -> Action {
    let words = &world.library.vocabulary.verbs[usize::from(verb)];
    let (incident, objects, at) = (&world.incident, &world.objects, usize::from(target.at));
    let name = &incident.topology.entities[at].name;
    let is_there = |id: &&String| incident.changes.iter().any(|change| change.id == **id && change.at == target.at);
    let trigger = incident.triggers().find(is_there).map_or("", String::as_str);
    let object = match target.thing {
        Thing::Entity => name.as_str(),
        Thing::Job => &objects.jobs[at],
        Thing::Certificate => &objects.certificates[at],
        Thing::Flag => &objects.flags[at],
        Thing::Trigger | Thing::Change => trigger,
    };
    let kind = ActionKind::Remediation(words.action);
    match words.action {
        Remediation::RollbackDeploy => Action::with(kind, &[("service", name), ("target_version", object)]),
        Remediation::DisableFeatureFlag => Action::with(kind, &[("flag", object)]),
        Remediation::ExecuteRunbookStep => Action::with(kind, &[("runbook_action", &words.name), ("target", object)]),
        _ => Action::with(kind, &[("service", object)]),
    }
}

/// Whether a full answer can be given.
///
/// # Errors
/// Why none can.
pub fn can_be_answered(world: &World) -> Result<(), Rejected> {
    if world.incident.fault.is_some() && world.path().is_none() {
        return Err(Rejected::NoPath);
    }
    let diagnosis = diagnose(world);
    let mut state = world.start();
    let mut deeds = Deeds::default();
    for (at, tool) in &diagnosis.views {
        world.pass(&mut state, 1);
        if !world.is_out(&state, *at, *tool) {
            deeds.seen.extend(atoms_of(world, &state, *at, *tool));
        }
    }
    let grounding = grade::grounding(&world.incident, &deeds, &diagnosis.cited);
    if grounding < 1.0 { Err(Rejected::TooManyRecords) } else { Ok(()) }
}

/// Reads until only the truth is left, and picks the records that show it.
#[must_use]
pub fn diagnose(world: &World) -> Diagnosis {
    let incident = &world.incident;
    let mut state = world.start();
    let mut diagnosis = Diagnosis { views: Vec::new(), cited: Vec::new() };
    let mut seen: Vec<(u16, Atom)> = Vec::new();
    let look = |diagnosis: &mut Diagnosis, state: &mut State, seen: &mut Vec<_>, at: u16, tool: Diagnostic| {
        read(world, state, at, tool, &mut |at, tool| diagnosis.views.push((at, tool)));
        seen.extend(atoms_of(world, state, at, tool));
    };
    for view in incident.proof.views.iter().flatten() {
        look(&mut diagnosis, &mut state, &mut seen, view.at, view.tool);
    }
    // Where no few views were found, the one that rules out most is read next.
    for _ in 0..20 {
        let atoms: Vec<_> = seen.iter().map(|(_, atom)| *atom).collect();
        let left: Vec<_> =
            incident.rivals.iter().filter(|looks| is_consistent(looks, &atoms, incident.knobs.tolerance)).collect();
        if left.is_empty() && !atoms.is_empty() {
            break;
        }
        let rules_out = |at: u16, tool: Diagnostic| {
            let mut all = atoms.clone();
            all.extend(atoms_of(world, &state, at, tool).into_iter().map(|(_, atom)| atom));
            left.iter().filter(|looks| !is_consistent(looks, &all, incident.knobs.tolerance)).count()
        };
        let views = (0..).take(incident.topology.entities.len()).flat_map(|at| checker::TOOLS.map(|tool| (at, tool)));
        let best = views.max_by_key(|(at, tool)| (rules_out(*at, *tool), std::cmp::Reverse(*at)));
        let Some((at, tool)) = best.filter(|(at, tool)| rules_out(*at, *tool) > 0 || seen.is_empty()) else { break };
        look(&mut diagnosis, &mut state, &mut seen, at, tool);
    }
    diagnosis.cited = cite(world, &seen);
    diagnosis
}

/// Records that say something together: each alone, and signs at the same entity by twos and threes, which together are more
/// than something else could show.
fn groups(seen: &[(u16, Atom)]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = (0..seen.len()).map(|index| vec![index]).collect();
    let sign = |(index, (_, atom)): (usize, &(u16, Atom))| match atom {
        Atom::Shows { at, class } => Some((index, *at, *class)),
        _ => None,
    };
    let signs: Vec<_> = seen.iter().enumerate().filter_map(sign).collect();
    for (first, one) in signs.iter().enumerate() {
        for (second, two) in
            signs.iter().enumerate().skip(first + 1).filter(|(_, two)| two.1 == one.1 && two.2 != one.2)
        {
            groups.push(vec![one.0, two.0]);
            for three in
                signs.iter().skip(second + 1).filter(|three| three.1 == one.1 && ![one.2, two.2].contains(&three.2))
            {
                groups.push(vec![one.0, two.0, three.0]);
            }
        }
    }
    groups
}

/// The fewest records, looked for one by one, that rule out as much as all do.
#[must_use]
pub fn cite(world: &World, seen: &[(u16, Atom)]) -> Vec<u16> {
    let incident = &world.incident;
    let left = |chosen: &[usize]| {
        let atoms: Vec<_> = chosen.iter().map(|index: &usize| seen[*index].1).collect();
        incident.rivals.iter().filter(|looks| is_consistent(looks, &atoms, incident.knobs.tolerance)).count()
    };
    let groups = groups(seen);
    let mut chosen: Vec<usize> = Vec::new();
    loop {
        let now = left(&chosen);
        let fits = |group: &&Vec<usize>| {
            let fresh = group.iter().filter(|index| !chosen.contains(index)).count();
            fresh == group.len() && chosen.len() + fresh <= crate::generate::play::answer::MOST_CITED
        };
        // What a record rules out on average; the first of those that are as good.
        let worth = |group: &&Vec<usize>| {
            let with: Vec<_> = chosen.iter().chain(group.iter()).copied().collect();
            let gone = now - left(&with);
            (gone * 60 / group.len(), std::cmp::Reverse(group.first().copied()))
        };
        match groups.iter().filter(fits).max_by_key(worth).filter(|group| worth(group).0 > 0) {
            Some(group) => chosen.extend(group),
            None => break,
        }
    }
    if chosen.is_empty() {
        // Where the alert alone left nothing else, any sign of the fault is one.
        chosen.extend(
            seen.iter()
                .position(|(_, atom)| matches!(atom, Atom::Shows { at, class } if incident.shows(*at) & class != 0)),
        );
    }
    // What later ones made needless.
    let mut index = 0;
    while index < chosen.len() && chosen.len() > 1 {
        let mut without = chosen.clone();
        without.remove(index);
        if left(&without) == left(&chosen) { chosen = without } else { index += 1 }
    }
    chosen.into_iter().map(|index| seen[index].0).collect()
}

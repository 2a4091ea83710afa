//! Reasons: what an answer says beside the cause, from what was read and by the explanation that is believed.

use super::belief::{is_of_fault, trigger};
use super::known::{Explanation, Known};
use super::seen::{Line, Seen};
use crate::ids::{EntityId, EntitySet};
use crate::incident::propagation::Propagation;
use crate::play::citing::Citing;
use crate::play::limits::{CHAIN, MOST_CITED};
use crate::proof::claim::Claim;
use crate::proof::hypotheses::{Appearance, View};
use crate::record_id::RecordId;
use crate::system::reading::Troubled;
use incident_env::{Diagnostic, Loss, Severity};

/// Returns a chain of entities along which the explanation acts, from the alerted one to the root. It leads through what is
/// in trouble for sure if it can, and otherwise through what may be.
#[must_use]
pub(super) fn path(known: &Known<'_>, seen: &Seen, explanation: &Explanation) -> Vec<EntityId> {
    let Some(fault) = &explanation.fault else { return Vec::new() };
    let Appearance { shows, least, most } = &explanation.appearance;
    let is_up = |line: Line| match line.record.claim {
        Claim::Errors { at, up: true } | Claim::Slow { at, up: true } => Some(at),
        Claim::Calls { to, errors: Some(true), .. } => Some(to),
        _ => None,
    };
    let read: EntitySet = seen.lines().filter_map(is_up).collect();
    let usual = explanation.cases.iter().map(|case| case.any()).collect::<Vec<_>>();
    let sure = [least.any() | (read & most.any())];
    let troubled = sure.into_iter().chain(usual).chain([Troubled::any(*most)]);
    let topology = known.public.laboratory.topology;
    let mut paths = troubled.filter_map(|troubled| {
        Propagation { topology, root: fault.root, shows, troubled }.path_from(known.public.alert.at)
    });
    paths.next().unwrap_or_else(|| vec![known.public.alert.at, fault.root])
}

/// Returns the records to cite: three of the chain from the alert to the cause, if so many were read, and those that
/// exclude the other explanations.
#[must_use]
pub(super) fn cited(known: &Known<'_>, seen: &Seen, believed: &Explanation, path: &[EntityId]) -> Vec<RecordId> {
    let root = |one: &Explanation| one.fault.as_ref().map(|fault| (fault.family, fault.root));
    // That nothing is wrong is no fault that could be taken for the one that is believed.
    let is_rival = |one: &&Explanation| one.fault.is_some() && root(one) != root(believed);
    let rivals = known.open.iter().filter(is_rival).map(|one| &one.appearance).collect();
    let reliable: Vec<_> = seen.lines().filter(|line| is_of_fault(known, *line)).map(|line| line.record).collect();
    let is_sign = |claim: Claim| match claim {
        Claim::Shows { at, class } => believed.appearance.shows[at.index()].contains(class),
        _ => false,
    };
    let excluding = Citing { rivals, ambiguity: known.public.ambiguity }.few(&reliable, is_sign);
    let chain = chain(known, seen, believed, path, is_sign);
    let (first, then) = if chain.len() < CHAIN { (excluding, chain) } else { (chain, excluding) };
    let mut cited = first;
    for id in then {
        if !cited.contains(&id) {
            cited.push(id);
        }
    }
    cited.truncate(MOST_CITED);
    cited
}

/// Returns a few records of the chain from the alert to the cause: the change that set the fault off or that there is none,
/// signs of the fault, and calls on the path that fail.
fn chain(
    known: &Known<'_>,
    seen: &Seen,
    believed: &Explanation,
    path: &[EntityId],
    is_sign: impl Fn(Claim) -> bool,
) -> Vec<RecordId> {
    let Some(fault) = &believed.fault else { return Vec::new() };
    let trigger = trigger(known, seen, believed).map(|(number, _)| number);
    let is_change = |claim: Claim| match claim {
        Claim::Changed { number } => trigger == Some(number),
        Claim::Unchanged { at } => trigger.is_none() && at == fault.root,
        _ => false,
    };
    let is_call = |claim: Claim| match claim {
        Claim::Calls { from, to, fail, .. } => fail && path.windows(2).any(|pair| pair == [from, to]),
        _ => false,
    };
    let of = |is: &dyn Fn(Claim) -> bool, most: usize| {
        let mut ids: Vec<RecordId> = Vec::new();
        for Line { record, .. } in seen.lines().filter(|line| is(line.record.claim)) {
            if ids.len() < most && !ids.contains(&record.id) {
                ids.push(record.id);
            }
        }
        ids
    };
    let mut chain = of(&is_change, 1);
    chain.extend(of(&is_sign, CHAIN));
    chain.extend(of(&is_call, CHAIN));
    chain.truncate(CHAIN);
    chain
}

/// Returns the looks that show what users lose: the metrics of the front door and of the services that journeys enter
/// at.
#[must_use]
pub(super) fn views_of_loss(known: &Known<'_>) -> Vec<View> {
    let topology = known.public.laboratory.topology;
    let mut parts = vec![topology.gateway];
    for journey in &topology.journeys {
        if !parts.contains(&journey.entry) {
            parts.push(journey.entry);
        }
    }
    parts.into_iter().map(|at| View { at, glance: Diagnostic::CheckMetrics.into() }).collect()
}

/// Returns the severity of an explanation by the rule: by what users lose, as the pages show it, and by what the
/// explanation says of work and of stored data.
#[must_use]
pub(super) fn severity(known: &Known<'_>, seen: &Seen, explanation: &Explanation) -> Severity {
    let Explanation { late_work, diverges, .. } = *explanation;
    Severity::of(Loss { share: lost(known, seen, explanation), late_work, diverges })
}

/// Returns the share of what users come for that they lose, in thousandths. What fails at the front door and at none of the
/// services behind it counts where the explanation is about the front door.
fn lost(known: &Known<'_>, seen: &Seen, explanation: &Explanation) -> i32 {
    let topology = known.public.laboratory.topology;
    let is_about_door = explanation.fault.iter().flat_map(|fault| &fault.facts).any(|fact| fact.at == topology.gateway);
    let behind: i32 = topology
        .needs(topology.gateway)
        .map(|edge| edge.calls.share * seen.failed(edge.to).unwrap_or_default() / 1000)
        .sum();
    let admitted = match seen.failed(topology.gateway) {
        Some(all) if is_about_door && behind < 1000 => ((1000 - all) * 1000 / (1000 - behind)).min(1000),
        _ => 1000,
    };
    let journeys = topology.journeys.iter().map(|journey| {
        let served = admitted * (1000 - seen.failed(journey.entry).unwrap_or_default()) / 1000;
        journey.weight * (1000 - served)
    });
    journeys.sum::<i32>() / 1000
}

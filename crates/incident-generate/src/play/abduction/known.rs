//! What is known before the first look: the rules, the system, the alert, and how every fault would look.

use incident_env::TaskId;

use crate::data::family::Family;
use crate::data::library::Library;
use crate::data::vocabulary::Predicate;
use crate::incident::rule::AlertRule;
use crate::proof::hypotheses::{Appearance, Hypothesis, Laboratory, WHOLE};
use crate::system::fault::Fault;
use crate::system::reading::Troubled;
use crate::system::strength::{Effect, Strength};

/// One in so many incidents is a false alarm.
const FALSE_ALARMS: u64 = 10;

/// The number of decoys that may add up in the failures of one entity.
const STRAYS: i32 = 3;

/// What everybody can know who knows the rules: nothing in it depends on what is wrong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Public<'a> {
    /// The system, and the model of its traffic.
    pub(super) laboratory: Laboratory<'a>,
    /// The families and the verbs.
    pub(super) library: &'a Library,
    /// The alert.
    pub(super) alert: AlertRule,
    /// The number of classes at an entity that a fault need not explain.
    pub(super) ambiguity: u32,
    /// Whether a second fault is at work, as the briefing says.
    pub(super) two_faults: bool,
    /// The task.
    pub(super) task: TaskId,
    /// The steps that are allowed.
    pub(super) steps: u32,
    /// The last minute, if there is one.
    pub(super) deadline: Option<u32>,
}

/// An explanation of the alert: a fault, or none.
#[derive(Debug, Clone)]
pub(super) struct Explanation {
    /// The fault, unless the alert is false.
    pub(super) fault: Option<Fault>,
    /// What can be seen of it at whatever strength.
    pub(super) appearance: Appearance,
    /// What it troubles at its least, usual and greatest strength, as far as the alert would fire then.
    pub(super) cases: Vec<Troubled>,
    /// How likely it is before the alert, by how often its family comes up and at how many roots.
    pub(super) weight: u64,
    /// Whether work is late.
    pub(super) late_work: bool,
    /// Whether stored data comes apart.
    pub(super) diverges: bool,
}

/// What is known before the first look.
#[derive(Debug, Clone)]
pub(super) struct Known<'a> {
    /// What does not depend on the alert.
    pub(super) public: Public<'a>,
    /// The share of failures, in thousandths, up to which decoys may be all that is in it.
    pub(super) stray: i32,
    /// The explanations that the alert leaves open: no fault first, then faults by family and root.
    pub(super) open: Vec<Explanation>,
}

impl<'a> Known<'a> {
    /// Works out what the alert leaves open of all faults that the system can have.
    #[must_use]
    pub(super) fn new(public: Public<'a>, all: &[Hypothesis]) -> Self {
        let Public { laboratory, library, alert, .. } = public;
        let entities = laboratory.topology.entities.len();
        let roots = |family: usize| all.iter().filter(|one| one.fault.family == family).count();
        let quota = |family: usize| library.quotas.iter().map(|of| of.get(family).copied().unwrap_or(0)).sum::<u32>();
        let weight = |family: usize| {
            let roots = u64::try_from(roots(family)).unwrap_or(1).max(1);
            u64::from(quota(family)) * WHOLE / roots
        };
        let whole: u64 = (0..library.families.len()).map(quota).map(u64::from).sum();
        let no_fault = Explanation {
            fault: None,
            appearance: Appearance::of_nothing(entities),
            cases: vec![Troubled::default()],
            weight: whole / (FALSE_ALARMS - 1) * WHOLE,
            late_work: false,
            diverges: false,
        };
        let alone = laboratory.nothing_beside();
        // What a class of evidence shows does not depend on how strongly a fault acts.
        let class = laboratory.vocabulary.class_of(alert.symptom);
        let fires = |troubled: &Troubled| class.is_some() || troubled.has(alert.symptom).contains(alert.at);
        let explanation = |one: &Hypothesis| {
            let fault = &one.fault;
            let at_strength = |strength| laboratory.effects(Some(&fault.at_strength(strength)), &alone).troubled;
            let usual = at_strength(Strength::USUAL);
            let facts = || fault.holding(laboratory.vocabulary, fault.start).map(|acting| acting.predicate);
            let any = |is: fn(&Predicate) -> bool| facts().any(is);
            Explanation {
                cases: [one.appearance.least, usual, one.appearance.most].into_iter().filter(fires).collect(),
                appearance: one.appearance.clone().given(alert.at, alert.symptom),
                weight: weight(fault.family),
                late_work: any(|predicate| predicate.delays),
                diverges: any(|predicate| predicate.diverges),
                fault: Some(fault.clone()),
            }
        };
        let can_fire = |one: &&Hypothesis| one.appearance.can_fire(alert.at, alert.symptom, class);
        let faults = all.iter().filter(can_fire).map(explanation);
        let open = std::iter::once(no_fault).chain(faults).collect();
        let events = laboratory.vocabulary.classes.iter().filter_map(|class| class.decoy);
        let strongest = |event| Effect::of(laboratory.vocabulary.predicate(event), Strength::STRONGEST).error;
        Self { public, stray: STRAYS * events.map(strongest).max().unwrap_or_default(), open }
    }

    /// Returns the family of an explanation, unless it is that nothing is wrong.
    #[must_use]
    pub(super) fn family(&self, explanation: &Explanation) -> Option<&'a Family> {
        explanation.fault.as_ref().map(|fault| &self.public.library.families[fault.family])
    }
}

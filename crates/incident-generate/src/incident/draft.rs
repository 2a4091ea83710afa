//! Drafts: a system with all faults that it can have, from which the parts of an incident are chosen and proved.

use crate::data::library::Library;
use crate::draws::{Draws, Sources, Stream};
use crate::ids::{ClassSet, EntityId, EntitySet};
use crate::incident::alarm::{self, Alarms, Page};
use crate::incident::course::Course;
use crate::incident::decoys::Decoys;
use crate::incident::design::{Slot, quota};
use crate::incident::history::{DURATION, History};
use crate::incident::incident::{Decoy, Incident, Proof, Second};
use crate::incident::level::{Knobs, Level};
use crate::incident::rejected::Rejected;
use crate::incident::rule::AlertRule;
use crate::incident::timed::Timed;
use crate::proof::hypotheses::{Appearance, Beside, Effects, Hypotheses, Hypothesis, Laboratory, Scene};
use crate::proof::repair_plan;
use crate::system::bind::{Strengths, bind};
use crate::system::builder::{self, Size};
use crate::system::fault::Fault;
use crate::system::growth::Growth;
use crate::system::topology::Topology;
use crate::system::traffic::{Acting, TrafficModel};
use incident_env::{Loss, Severity};

/// The number of times that strengths are drawn for a root until the fault has the wanted severity.
const MOST_STRENGTHS: u64 = 6;
/// The number of faults that are tried as a second one.
const MOST_SECONDS: usize = 24;

/// Where an incident comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    /// The id of the incident.
    pub id: &'a str,
    /// The level that was asked for.
    pub level: Level,
    /// The knobs of the level, or as they were turned.
    pub knobs: Knobs,
    /// The number of the incident among those of the suite and level.
    pub number: u64,
    /// The number of attempts before.
    pub attempt: u64,
}

/// What an incident should be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// Its place in the design of the suite.
    pub slot: Slot,
    /// The family, or `None` for a control.
    pub family: Option<usize>,
    /// Whether no single look may tell the severity.
    pub misleads: bool,
}

/// A system in which an incident can happen.
#[derive(Debug)]
pub(crate) struct Draft {
    draws: Draws,
    topology: Topology,
    traffic: TrafficModel,
    /// The source of names and ids. Nothing that happens depends on it.
    names: Draws,
}

/// A false alarm.
#[derive(Debug, Clone, Copy)]
struct FalseAlarm {
    /// The rule that fired.
    rule: AlertRule,
    /// Where it comes from planned work, and how many minutes ago that began.
    planned: Option<(EntityId, u32)>,
    /// The minute in which what made it fire began.
    begun: i32,
    /// The number of decoys that made it fire. They are the last ones.
    events: usize,
}

/// What was chosen in a draft.
#[derive(Debug)]
pub(crate) struct Parts {
    slot: Slot,
    /// The true fault, unless it is a control.
    fault: Option<Fault>,
    /// The second fault, and both joined.
    second: Option<(Fault, Fault)>,
    growth: Option<Growth>,
    loss: Loss,
    decoys: Vec<Decoy>,
    /// Minutes from the onsets of the two faults to the alert.
    durations: [u32; 2],
    alert: AlertRule,
    /// The rules that fired elsewhere.
    alerts: Vec<AlertRule>,
    /// Where a false alarm comes from planned work, and how many minutes ago that began.
    planned: Option<(EntityId, u32)>,
    /// The classes that the true fault shows.
    shows: Vec<ClassSet>,
    /// The appearances of all other faults that the alert leaves open.
    rivals: Vec<Appearance>,
    proof: Proof,
}

/// Returns whether a loss is clearly within its severity: at most 1.5 %, from 2.5 to 8 %, from 12 to 27 %, or 33 % and
/// more.
pub(crate) fn is_clear(loss: Loss) -> bool {
    loss.diverges || [0..=15, 25..=80, 120..=270, 330..=1000].iter().any(|clear| clear.contains(&loss.share))
}

/// Returns whether what users lose has a severity clearly, and whether it is the same if those who went away are counted.
pub(crate) fn is_clearly(severity: Severity, loss: Loss, with_leavers: Loss) -> bool {
    let is_it = Severity::of(loss) == severity && is_clear(loss) && Severity::of(with_leavers) == severity;
    // A tenth of what makes the next severity is left, or one in twenty where it is much.
    let is_far = [0..=17, 20..=90, 100..=285, 300..=1000].iter().any(|far| far.contains(&with_leavers.share));
    is_it && (is_far || with_leavers.diverges)
}

impl Draft {
    /// Builds a system.
    #[must_use]
    pub(crate) fn new(knobs: &Knobs, Sources { draws, names }: Sources) -> Self {
        let topology = builder::build(draws, names, Size { services: knobs.services, hops: knobs.hops }, knobs.naming);
        let traffic = TrafficModel::new(&topology);
        Self { draws, topology, traffic, names }
    }

    fn laboratory<'a>(&'a self, library: &'a Library) -> Laboratory<'a> {
        Laboratory { topology: &self.topology, traffic: &self.traffic, vocabulary: &library.vocabulary }
    }

    /// Chooses the parts of an incident, and proves that they hold together.
    ///
    /// # Errors
    /// The draft has nothing that is wanted, or it cannot be proved.
    pub(crate) fn choose(&self, library: &Library, knobs: &Knobs, wanted: &Wanted) -> Result<Parts, Rejected> {
        let laboratory = self.laboratory(library);
        let alone = laboratory.nothing_beside();
        let fault = match (wanted.slot.severity, wanted.family) {
            (Some(severity), Some(family)) => {
                Some(self.fault(library, family, severity, wanted.misleads, &alone).ok_or(Rejected::NoFault)?)
            }
            _ => None,
        };
        let second = match (&fault, wanted.slot.severity) {
            (Some(fault), Some(severity)) if wanted.slot.second < knobs.second => {
                Some(self.second(library, fault, severity, &alone)?)
            }
            _ => None,
        };
        let durations = [0, 1].map(|which| self.draws.within(Stream::Onset, which, 0, DURATION[0], DURATION[1]));
        let whole = second.as_ref().map(|(_, both)| both).or(fault.as_ref());
        let decoys = Decoys { library, topology: &self.topology, draws: self.draws, knobs };
        let mut decoys = decoys.drawn(whole, &laboratory.effects(whole, &alone).troubled, durations[0]);
        let alarms = Alarms { library, laboratory, draws: self.draws, knobs };
        let alarm = match fault {
            Some(_) => None,
            None => Some(self.false_alarm(alarms, &mut decoys, durations[0])?),
        };

        // From here on, everything is compared with what is seen while the decoys are at work.
        let beside = self.beside(library, second.as_ref().map(|(other, _)| other), &decoys);
        let effects = laboratory.effects(fault.as_ref(), &beside);
        let severity = wanted.slot.severity.unwrap_or(Severity::P4);
        let is_calm = fault.is_some() || effects.troubled.any().is_empty();
        if !is_clearly(severity, effects.loss, effects.loss_with_leavers) || !is_calm {
            return Err(Rejected::DecoysCount);
        }
        let all = laboratory.every_fault(&library.families, self.draws, &beside);
        let truth = fault.as_ref().map(|fault| index_of(&all, fault).ok_or(Rejected::NoFault)).transpose()?;
        let growth = fault.as_ref().and_then(|fault| self.growth(library, fault, severity, &beside));
        let hypotheses = Hypotheses::over(&library.vocabulary, &all);
        let seen = decoys.iter().map(|decoy| (decoy.at, decoy.shows));
        let entities = self.topology.entities.len();
        let scene = hypotheses.scene(truth, effects.troubled, entities, seen, knobs.ambiguity);
        hypotheses.only(&scene, truth).map_err(|_| Rejected::Ambiguous)?;
        let course = course(laboratory, self.draws, fault.as_ref(), second.as_ref(), durations, &decoys, &beside);
        let further = |rule: &AlertRule| further(alarms, rule, &course, &decoys, alarm.as_ref(), durations[0]);
        let parts = |alert: AlertRule, left: &[usize], views, repair, hops| {
            let others = left.iter().filter(|left| Some(**left) != truth);
            Parts {
                slot: wanted.slot,
                fault: fault.clone(),
                second: second.clone(),
                growth,
                loss: effects.loss,
                decoys: decoys.clone(),
                durations,
                alert,
                alerts: further(&alert),
                planned: alarm.and_then(|alarm| alarm.planned),
                shows: truth.map_or_else(Vec::new, |truth| all[truth].appearance.shows.clone()),
                rivals: others.map(|left| all[*left].appearance.clone().given(alert.at, alert.symptom)).collect(),
                proof: Proof {
                    faults: all.len(),
                    after_alert: left.len(),
                    entropy: hypotheses.entropy(left),
                    views,
                    repair,
                    hops,
                },
            }
        };
        let (Some(truth), Some(own)) = (truth, &fault) else {
            let alert = alarm.ok_or(Rejected::NoAlert)?.rule;
            let left = hypotheses.after_alert(alert.at, alert.symptom);
            if !left.iter().all(|rival| hypotheses.is_set_apart(&scene, None, *rival)) {
                return Err(Rejected::NotSetApart);
            }
            return Ok(parts(alert, &left, None, Vec::new(), 0));
        };
        if let Some((other, _)) = &second {
            let pair = [truth, index_of(&all, other).ok_or(Rejected::NoFault)?];
            self.only_pair(library, &scene, pair, &beside)?;
        }
        let of_other = |(other, _): &(Fault, Fault)| laboratory.effects(Some(other), &alone).troubled.any();
        let others = second.as_ref().map_or(EntitySet::EMPTY, of_other);
        let of_own = laboratory.effects(Some(own), &alone).troubled;
        let troubled = |symptom| (of_own.has(symptom) & effects.troubled.has(symptom)) - others;
        let candidates = alarms.of_fault(own, troubled);
        let Page { rule: alert, left } = alarms.page(truth, own, candidates, &hypotheses, &course, durations[0])?;
        // What wakes the responder is over when the fault is.
        let idle = self::course(laboratory, self.draws, None, None, durations, &decoys, &beside);
        if idle.first(&alert, alarms.class(alert.symptom), [-IDLE, 0]).is_some() {
            return Err(Rejected::DecoysCount);
        }
        let mut others = left.iter().filter(|rival| **rival != truth);
        if !others.all(|rival| hypotheses.is_set_apart(&scene, Some(truth), *rival)) {
            return Err(Rejected::NotSetApart);
        }
        if wanted.misleads && is_by_share(effects.loss) && self.is_told_by_one_look(&effects, Some(alert.at)) {
            return Err(Rejected::SeverityTold);
        }
        let views = hypotheses.fewest_views(&scene, &left, truth);
        if views.as_ref().is_some_and(|views| views.len() < knobs.views) {
            return Err(Rejected::TooFewViews);
        }
        let repair = repair_plan::shortest(whole.unwrap_or(own)).ok_or(Rejected::NoRepair)?;
        Ok(parts(alert, &left, views, repair, alarm::hops(&self.topology, alert.at, own)))
    }

    /// Returns what is at work beside the fault.
    fn beside<'a>(&'a self, library: &'a Library, fault: Option<&'a Fault>, decoys: &[Decoy]) -> Beside<'a> {
        beside(self.laboratory(library), fault, decoys)
    }

    /// Checks that a pair of faults, by their numbers among all, is the only one that explains a scene.
    fn only_pair(
        &self,
        library: &Library,
        scene: &Scene,
        pair: [usize; 2],
        beside: &Beside<'_>,
    ) -> Result<(), Rejected> {
        let laboratory = self.laboratory(library);
        let alone = Beside { fault: None, ..beside.clone() };
        let every = laboratory.every_fault(&library.families, self.draws, &alone);
        laboratory.only_pair(&every, scene, pair, &alone).map_err(|_| Rejected::Ambiguous)
    }

    /// Chooses a fault of a family that has this severity: one of its roots, and strengths for its facts. If it has to
    /// mislead, no look at what fails gives the severity.
    fn fault(
        &self,
        library: &Library,
        family: usize,
        severity: Severity,
        misleads: bool,
        alone: &Beside<'_>,
    ) -> Option<Fault> {
        let laboratory = self.laboratory(library);
        let data = &library.families[family];
        let bound = |root: EntityId, strengths: u64| {
            bind(family, data, root, &self.topology, &library.vocabulary, self.draws, Strengths::Drawn(strengths))
        };
        let fits = |fault: &Fault| {
            let [loss, with_leavers] = laboratory.losses(Some(fault), alone);
            if !is_clearly(severity, loss, with_leavers) {
                return false;
            }
            let effects = laboratory.effects(Some(fault), alone);
            let tells = misleads && is_by_share(effects.loss) && self.is_told_by_one_look(&effects, None);
            !tells && !effects.troubled.any().is_empty()
        };
        let order = self.draws.shuffled(Stream::Family, 1, self.topology.entities.len());
        let ids: Vec<_> = self.topology.ids().collect();
        let roots: Vec<_> = order.into_iter().map(|index| ids[index]).collect();
        let tries = (0..MOST_STRENGTHS).flat_map(|strengths| roots.iter().map(move |root| (*root, strengths)));
        tries.filter_map(|(root, strengths)| bound(root, strengths)).find(fits)
    }

    /// Draws how a fault grows after the alert. It grows less, or not at all, where that would change the severity, or bring it near to
    /// another one.
    fn growth(&self, library: &Library, fault: &Fault, severity: Severity, beside: &Beside<'_>) -> Option<Growth> {
        let fits = |growth: &Growth| {
            let grown = self.laboratory(library).effects(Some(&fault.grown(*growth)), beside);
            is_clearly(severity, grown.loss, grown.loss_with_leavers)
        };
        let growth = Growth::drawn(self.draws);
        [growth, growth.gentle()].into_iter().find(fits)
    }

    /// Chooses a second fault with which the incident has the wanted severity, and joins it to the first one. The two
    /// never show anything at the same entity.
    fn second(
        &self,
        library: &Library,
        one: &Fault,
        severity: Severity,
        alone: &Beside<'_>,
    ) -> Result<(Fault, Fault), Rejected> {
        let laboratory = self.laboratory(library);
        let shows = |fault: &Fault| laboratory.simulated(fault.clone(), alone).appearance.shows;
        let own = shows(one);
        let is_apart =
            |other: &Fault| own.iter().zip(&shows(other)).all(|(its, others)| its.is_empty() || others.is_empty());
        let places = library
            .families
            .iter()
            .enumerate()
            .flat_map(|(family, data)| self.topology.ids().map(move |root| (family, data, root)));
        let mut others: Vec<_> = places
            .filter(|(family, ..)| *family != one.family)
            .filter_map(|(family, data, root)| {
                let strengths = Strengths::Drawn(0);
                bind(family, data, root, &self.topology, &library.vocabulary, self.draws, strengths)
            })
            .filter(|other| other.trigger_at != one.trigger_at && is_apart(other))
            .collect();
        // Families are drawn before roots, so that those with many roots do not crowd out the others.
        others.sort_by_key(|other| {
            let [family, root] = [0, u64::from(other.root) + 1]
                .map(|root| self.draws.bits(Stream::Family, other.family as u64, root, 2));
            (family, root)
        });
        others.truncate(MOST_SECONDS);
        let joined = others.into_iter().find_map(|other| {
            let both = one.joined(&other)?;
            let effects = laboratory.effects(Some(&other), alone);
            let seen = laboratory.effects(Some(one), &Beside { fault: Some(&other), ..alone.clone() });
            let fits = !effects.troubled.any().is_empty()
                && Severity::of(effects.loss) >= severity
                && is_clearly(severity, seen.loss, seen.loss_with_leavers);
            fits.then_some((other, both))
        });
        joined.ok_or(Rejected::NoFault)
    }

    /// Returns whether the rule, applied to what one look shows, gives the right severity: what the gateway fails, the
    /// alerted part, the entry of the weightiest journey, or all entries on average.
    fn is_told_by_one_look(&self, effects: &Effects, alerted: Option<EntityId>) -> bool {
        let fails = |at: EntityId| i32::from(effects.flow.readings()[at.index()].error);
        let weightiest = self.topology.journeys.iter().max_by_key(|journey| journey.weight);
        let of_weightiest = weightiest.map(|journey| fails(journey.entry) * journey.weight / 1000);
        let journeys = &self.topology.journeys;
        let all: i32 = journeys.iter().map(|journey| fails(journey.entry)).sum();
        let on_average = i32::try_from(journeys.len()).ok().and_then(|count| all.checked_div(count));
        let read = [Some(fails(self.topology.gateway)), alerted.map(fails), of_weightiest, on_average];
        let right = Severity::of(effects.loss);
        read.into_iter().flatten().any(|share| Severity::of(Loss { share, ..Loss::default() }) == right)
    }

    /// Chooses where a false alarm is, and adds what made it fire to the decoys. It is where a fault, drawn as true
    /// ones are, would have made an alert fire, and when, so neither tells that it is false.
    fn false_alarm(&self, alarms: Alarms<'_>, decoys: &mut Vec<Decoy>, duration: u32) -> Result<FalseAlarm, Rejected> {
        let (library, laboratory) = (alarms.library, alarms.laboratory);
        let alone = laboratory.nothing_beside();
        let severity = *self.draws.pick(Stream::Alert, 3, 0, &Severity::ALL);
        let family = quota(library.quotas(severity), self.draws.below(Stream::Alert, 4, 0, u32::MAX));
        let family = family.ok_or(Rejected::NoFault)?;
        let supposed = self.fault(library, family, severity, false, &alone).ok_or(Rejected::NoFault)?;
        let all = laboratory.every_fault(&library.families, self.draws, &alone);
        let supposed_index = index_of(&all, &supposed).ok_or(Rejected::NoFault)?;
        let troubled = laboratory.effects(Some(&supposed), &alone).troubled;
        let candidates = alarms.of_fault(&supposed, |symptom| troubled.has(symptom));
        let hypotheses = Hypotheses::over(&library.vocabulary, &all);
        // Rules are set by what fails every day, here as where a fault is true.
        let beside = self.beside(library, None, decoys);
        let course = course(laboratory, self.draws, Some(&supposed), None, [duration; 2], decoys, &beside);
        let page = alarms.page(supposed_index, &supposed, candidates, &hypotheses, &course, duration)?;
        let blip = alarms.blip(&page.rule, &beside.quiet).ok_or(Rejected::NoAlert)?;
        // What a blip shows stands alone at its part.
        decoys.retain(|decoy| !blip.events.iter().any(|event| event.at == decoy.at && !event.shows.is_empty()));
        let begun = blip.events.first().map_or(-page.rule.since.cast_signed(), |event| event.from);
        let alarm = FalseAlarm { rule: page.rule, planned: blip.planned, begun, events: blip.events.len() };
        decoys.extend(blip.events);
        Ok(alarm)
    }

    /// Finishes an incident with the chosen parts, and with the history of changes.
    #[must_use]
    pub(crate) fn finish(self, library: &Library, parts: Parts, origin: &Origin<'_>) -> Incident {
        let Parts {
            slot,
            fault,
            second,
            growth,
            loss,
            decoys,
            durations,
            alert,
            alerts,
            planned,
            shows,
            rivals,
            proof,
        } = parts;
        let Origin { id, level, knobs, number, attempt } = *origin;
        let draws = self.draws;
        let [duration, other_duration] = durations;
        let own = fault.as_ref().map(|fault| (fault, duration));
        let other = second.as_ref().map(|(other, _)| (other, other_duration));
        let with_family = |(fault, duration)| {
            let fault: &Fault = fault;
            (fault, &library.families[fault.family], duration)
        };
        let faults: Vec<_> = own.into_iter().chain(other).map(with_family).collect();
        let history = History { topology: &self.topology, library, knobs: &knobs, draws, names: self.names };
        let (changes, triggers) = history.changes(&faults, planned);
        let mut triggers = triggers.into_iter();
        let trigger = triggers.next().flatten();
        let second_fault = fault.as_ref().zip(second.as_ref()).map(|(one, (other, _))| Second {
            family: other.family,
            root: other.root,
            trigger_at: other.trigger_at,
            trigger: triggers.next().flatten(),
            duration: other_duration,
            first_fact: one.facts.len(),
            facts_before: one.start.len() as usize,
        });
        Incident {
            id: id.to_owned(),
            level,
            number,
            attempt,
            draws,
            names: self.names,
            fault: second.map(|(_, both)| both).or(fault),
            second: second_fault,
            growth,
            duration,
            changes,
            trigger,
            decoys,
            task: slot.task,
            alert,
            alerts,
            loss,
            severity: Severity::of(loss),
            knobs,
            shows,
            rivals,
            proof,
            topology: self.topology,
            traffic: self.traffic,
        }
    }
}

/// Returns the course up to the alert of everything that happens.
fn course(
    laboratory: Laboratory<'_>,
    draws: Draws,
    fault: Option<&Fault>,
    second: Option<&(Fault, Fault)>,
    [duration, other_duration]: [u32; 2],
    decoys: &[Decoy],
    beside: &Beside<'_>,
) -> Course {
    let own = fault.into_iter().flat_map(|fault| Timed::of_fault(fault, laboratory.vocabulary, duration));
    let other = second.into_iter().flat_map(|(other, _)| Timed::of_fault(other, laboratory.vocabulary, other_duration));
    let events = decoys.iter().map(|decoy| Timed::of_decoy(decoy, laboratory.vocabulary));
    let events = events.map(|event| event.going_on(draws));
    let faults = own.map(|fact| fact.swaying(draws, 0)).chain(other.map(|fact| fact.swaying(draws, 1)));
    let timed: Vec<_> = faults.chain(events).collect();
    Course::of(laboratory, &beside.quiet, &timed).with(decoys)
}

/// The minutes before the alert in which its rule must not be met without the fault.
const IDLE: i32 = 30;

/// Returns the alerts that fire beside that of a rule.
fn further(
    alarms: Alarms<'_>,
    rule: &AlertRule,
    course: &Course,
    decoys: &[Decoy],
    alarm: Option<&FalseAlarm>,
    duration: u32,
) -> Vec<AlertRule> {
    let Some(FalseAlarm { begun, events, .. }) = alarm else {
        return alarms.further(rule, course, decoys, 0, -duration.cast_signed());
    };
    // What a false alarm comes from is over, and was there when the rule fired.
    alarms.further(rule, course, &decoys[..decoys.len() - events], -rule.since.cast_signed(), *begun)
}

/// Returns whether it is the share that users lose that makes the severity, and whether they lose something. Otherwise no
/// look at what fails can mislead.
fn is_by_share(loss: Loss) -> bool {
    let by_share = Severity::of(Loss { share: loss.share, ..Loss::default() });
    by_share == Severity::of(loss) && by_share != Severity::P4
}

/// Returns what is at work beside a fault: another fault, and the decoys that are there at the alert.
pub(crate) fn beside<'a>(laboratory: Laboratory<'a>, fault: Option<&'a Fault>, decoys: &[Decoy]) -> Beside<'a> {
    let acting = |decoy: &Decoy| Acting {
        predicate: laboratory.vocabulary.predicate(decoy.predicate),
        at: decoy.at,
        strength: decoy.strength,
    };
    let at_alert = decoys.iter().filter(|decoy| (decoy.from..decoy.to).contains(&0));
    let every_day: Vec<_> = decoys.iter().filter(|decoy| decoy.is_chronic()).map(acting).collect();
    Beside { fault, events: at_alert.map(acting).collect(), quiet: laboratory.traffic.settled(&every_day) }
}

/// Returns the place of a fault among all that a system can have.
pub(crate) fn index_of(all: &[Hypothesis], fault: &Fault) -> Option<usize> {
    all.iter().position(|one| (one.fault.family, one.fault.root) == (fault.family, fault.root))
}

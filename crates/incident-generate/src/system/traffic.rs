//! Traffic: requests flow from callers to what they call, and failures flow back. One tick is one minute.
//!
//! All numbers are integers, so the same incident gives the same readings on every machine. Shares and factors are in
//! thousandths, durations in microseconds, and rates in thousandths of a request a second.

use crate::data::kinds::EdgeKind;
use crate::data::vocabulary::{FailsAs, Predicate, Toward};
use crate::ids::{EntityId, EntitySet};
use crate::system::link::{Effects, Link, Waiting};
use crate::system::reading::{Reading, Troubled};
use crate::system::strength::{Effect, Strength};
use crate::system::times::Times;
use crate::system::topology::{Entity, Journey, Topology};

/// The share of the users who do not get what they come for that goes away, in thousandths.
pub(crate) const LEAVE: i32 = 120;
/// The share of its capacity above which an entity fails requests.
const OVERLOAD: i64 = 930;
/// The greatest use of capacity that is told apart, 30 times what an entity can do.
const MOST_USED: i64 = 30_000;
/// The greatest share of requests that an entity fails because of overload alone.
const MOST_OVERLOAD: i64 = 900;
/// The use of capacity beyond which a queue is taken to be as long as at this use.
const LONGEST_QUEUE: i64 = 930;
/// The greatest number of requests that are taken to wait in a queue, in thousandths.
const MOST_WAITING: i64 = 7000;

/// A fact as traffic needs it: a predicate that holds about an entity, and how strongly it acts.
#[derive(Debug, Clone, Copy)]
pub struct Acting<'a> {
    /// The predicate that holds.
    pub predicate: &'a Predicate,
    /// The entity that it holds about.
    pub at: EntityId,
    /// How strongly it acts.
    pub strength: Strength,
}

impl Acting<'_> {
    /// Returns the share of requests that it fails, in thousandths.
    #[must_use]
    pub(crate) fn error(&self) -> i32 {
        Effect::of(self.predicate, self.strength).error
    }

    /// Returns whether it fails calls along an edge of this kind, and nothing else.
    #[must_use]
    pub(crate) fn fails_calls_along(&self, kind: EdgeKind) -> bool {
        self.predicate.error > 0 && self.predicate.toward.is_some_and(|toward| toward.includes(kind))
    }

    /// Returns whether it fails requests, whatever they are about.
    #[must_use]
    pub(crate) fn fails_requests(&self) -> bool {
        self.predicate.error > 0 && self.predicate.toward.is_none()
    }
}

/// The model of the traffic through one system.
#[derive(Debug, Clone)]
pub struct TrafficModel {
    /// The links, sorted by caller.
    links: Vec<Link>,
    /// Where the links of each caller begin, and at the end the number of links.
    starts: Vec<usize>,
    capacities: Vec<Capacity>,
    journeys: Vec<JourneyLoad>,
    readers: Vec<Messages>,
    /// The calls along each link on a quiet day.
    usual_calls: Vec<i64>,
    /// Who calls each entity.
    callers: Vec<EntitySet>,
    gateway: EntityId,
}

/// The messages that an entity reads from a queue.
#[derive(Debug, Clone)]
struct Messages {
    reader: EntityId,
    /// The place of the queue.
    queue: usize,
    /// The links along which messages are sent to the queue.
    sent: Vec<usize>,
    /// The messages that are sent on a quiet day.
    usual: i64,
}

/// A journey as traffic sees it.
#[derive(Debug, Clone, Copy)]
struct JourneyLoad {
    entry: EntityId,
    /// Its share of all that users come for.
    weight: i32,
    /// Its share of the requests of users.
    requests: i32,
}

impl JourneyLoad {
    fn of(journey: &Journey) -> Self {
        Self { entry: journey.entry, weight: journey.weight, requests: journey.requests }
    }
}

/// What an entity can do, and what it is asked to do on a quiet day.
#[derive(Debug, Clone, Copy)]
struct Capacity {
    /// The requests of its own users.
    demand: i64,
    /// The requests of all callers on a quiet day.
    usual: i64,
    /// The requests that it can answer.
    most: i64,
    /// The duration of its own work.
    latency: i64,
}

/// Returns the share of its processor that an entity needs for calls beside those for which it has requests, in thousandths: so
/// much for each time that they double.
fn toil(made: i64, asked: i64) -> i64 {
    const DOUBLED: i64 = 60;
    if asked <= 0 || made <= asked {
        return 0;
    }
    // The logarithm is taken to be a line between powers of two.
    let times = made.saturating_mul(1024) / asked;
    let power = i64::from(times.max(1).ilog2());
    let rest = (times - (1 << power)) * 1000 / (1 << power);
    DOUBLED * ((power - 10) * 1000 + rest) / 1000
}

/// The traffic in one minute.
#[derive(Debug, Clone)]
pub struct Flow {
    readings: Vec<Reading>,
    /// The requests that reach each entity, in thousandths of a request a second.
    loads: Vec<i64>,
    /// The messages that each reader of a queue gets, likewise.
    read: Vec<i64>,
    /// The calls along each link, likewise.
    calls: Vec<i64>,
    /// How long answers take that are not waited for in vain, by entity.
    times: Vec<Times>,
    effects: Vec<Effects>,
    /// The entities that something acts on.
    acted_on: EntitySet,
    stale: Stale,
}

/// The entities for which something has changed since it was last used. What nothing has changed for is as it was, and is
/// not computed again.
#[derive(Debug, Clone, Copy)]
struct Stale {
    /// Those that have to make their calls anew.
    calls: EntitySet,
    /// Those that have to fail requests anew.
    failures: EntitySet,
    /// Those that have to wait anew for what they call.
    delays: EntitySet,
}

impl Stale {
    fn all(of: EntitySet) -> Self {
        Self { calls: of, failures: of, delays: of }
    }

    fn add(&mut self, of: EntitySet) {
        self.calls |= of;
        self.failures |= of;
        self.delays |= of;
    }
}

impl Flow {
    /// Returns the readings of all entities, by their numbers.
    #[must_use]
    pub fn readings(&self) -> &[Reading] {
        &self.readings
    }

    /// Returns the calls along a dependency, in thousandths of a call a second at the usual number of users, given its number
    /// among all dependencies; 0 if there is no such dependency.
    #[must_use]
    pub(crate) fn calls(&self, number: usize) -> i64 {
        self.calls.get(number).copied().unwrap_or_default()
    }

    /// Replaces the facts that hold from the next tick on.
    pub fn set(&mut self, facts: &[Acting<'_>]) {
        let before: Vec<_> = self.acted_on.iter().map(|at| (at, self.effects[at.index()])).collect();
        for (at, _) in &before {
            self.effects[at.index()] = Effects::NONE;
        }
        self.act(facts);
        let acted_on: EntitySet = facts.iter().map(|acting| acting.at).collect();
        let begun = (acted_on - self.acted_on).iter().filter(|at| self.effects[at.index()] != Effects::NONE);
        let changed = before.iter().filter(|(at, effects)| self.effects[at.index()] != *effects).map(|(at, _)| *at);
        self.stale.add(begun.chain(changed).collect());
        self.acted_on = acted_on;
    }

    /// Adds what some facts do.
    fn act(&mut self, facts: &[Acting<'_>]) {
        for Acting { predicate, at, strength } in facts {
            let effects = &mut self.effects[at.index()];
            let effect = Effect::of(predicate, *strength);
            let passes = 1000 - effect.error;
            match predicate.toward {
                Some(toward) => {
                    let slot = toward as usize;
                    effects.passes_toward[slot] = effects.passes_toward[slot] * passes / 1000;
                    effects.extra[slot] += effect.load;
                }
                None => effects.passes = effects.passes * passes / 1000,
            }
            if predicate.fails_as.is_quick() && predicate.error > 0 {
                let stays = match predicate.toward {
                    Some(toward) => &mut effects.stays_toward[toward as usize],
                    None => &mut effects.stays,
                };
                *stays = *stays * i64::from(passes) / 1000;
            }
            if predicate.fails_as == FailsAs::Timeout && predicate.error > 0 && !predicate.is_harmless() {
                let hung = match predicate.toward {
                    Some(toward) => &mut effects.hung_toward[toward as usize],
                    None => &mut effects.hung,
                };
                *hung = (*hung).max(effect.error.into());
            }
            effects.capacity = effects.capacity * effect.capacity / 1000;
            effects.latency = effects.latency.max(effect.latency);
            if let Some(toward) = predicate.spares {
                effects.spared[toward as usize] = true;
            }
            effects.retries += effect.retries;
            effects.miss = effects.miss.max(effect.miss);
        }
    }

    /// Lets so many more requests reach an entity, in thousandths of a request a second.
    fn load(&mut self, at: EntityId, more: i64) {
        if more != 0 {
            self.loads[at.index()] += more;
            self.stale.calls |= EntitySet::of(at);
            self.stale.failures |= EntitySet::of(at);
        }
    }

    /// Compares all entities with a quiet day.
    #[must_use]
    pub fn troubled(&self, quiet: &Self) -> Troubled {
        let pairs = EntityId::first(self.readings.len()).zip(self.readings.iter().zip(&quiet.readings));
        let mut troubled = Troubled::default();
        for (at, (now, quiet)) in pairs {
            let trouble = now.trouble(quiet);
            let set = |holds: bool| if holds { EntitySet::of(at) } else { EntitySet::EMPTY };
            troubled.errors |= set(trouble.errors);
            troubled.slow |= set(trouble.slow);
            troubled.saturated |= set(trouble.saturated);
            troubled.idle |= set(trouble.idle);
            troubled.undone |= set(trouble.undone);
        }
        troubled
    }
}

impl TrafficModel {
    /// Makes the model of a system. What each entity can do follows from its load and its use of capacity on a quiet
    /// day.
    #[must_use]
    pub fn new(topology: &Topology) -> Self {
        let mut starts = Vec::with_capacity(topology.entities.len() + 1);
        let mut links = Vec::with_capacity(topology.edges.len());
        for from in topology.ids() {
            starts.push(links.len());
            links.extend(topology.needs(from).map(|edge| Link {
                to: edge.to,
                calls: edge.calls,
                toward: Toward::ALL.into_iter().find(|one| one.includes(edge.kind)),
                is_store: edge.kind == EdgeKind::Store,
                is_sent: edge.kind == EdgeKind::Produce,
                waits: edge.kind.waits(),
            }));
        }
        starts.push(links.len());
        let unlimited = |entity: &Entity| Capacity {
            demand: entity.demand,
            usual: 0,
            most: i64::MAX,
            latency: i64::from(entity.base_latency),
        };
        let mut model = Self {
            links,
            starts,
            capacities: topology.entities.iter().map(unlimited).collect(),
            journeys: topology.journeys.iter().map(JourneyLoad::of).collect(),
            readers: Vec::new(),
            usual_calls: vec![0; topology.edges.len()],
            callers: topology.ids().map(|to| topology.needed_by(to).map(|edge| edge.from).collect()).collect(),
            gateway: topology.gateway,
        };
        let mut quiet = model.still();
        model.pass_on(&mut quiet);
        let reads = topology.edges.iter().filter(|edge| edge.kind == EdgeKind::Consume);
        let messages = reads.map(|reads| {
            let sent = topology
                .edges
                .iter()
                .zip(0..)
                .filter(|(edge, _)| edge.kind == EdgeKind::Produce && edge.to == reads.to);
            let sent: Vec<_> = sent.map(|(_, place)| place).collect();
            let usual = sent.iter().map(|place: &usize| quiet.calls[*place]).sum();
            Messages { reader: reads.from, queue: reads.to.index(), sent, usual }
        });
        model.readers = messages.filter(|messages| messages.usual > 0).collect();
        model.usual_calls.clone_from(&quiet.calls);
        for ((capacity, entity), load) in model.capacities.iter_mut().zip(&topology.entities).zip(&quiet.loads) {
            capacity.usual = *load;
            capacity.most = (*load * 1000 / i64::from(entity.used)).max(1);
        }
        model
    }

    /// Returns the traffic before anything has been passed on, while nothing acts.
    fn still(&self) -> Flow {
        let count = self.capacities.len();
        let mut loads: Vec<_> = self.capacities.iter().map(|capacity| capacity.demand).collect();
        for (link, calls) in self.links.iter().zip(&self.usual_calls) {
            loads[link.to.index()] += calls;
        }
        Flow {
            readings: vec![Reading::default(); count],
            loads,
            read: self.readers.iter().map(|messages| self.capacities[messages.reader.index()].demand).collect(),
            calls: self.usual_calls.clone(),
            times: vec![Times::default(); count],
            effects: vec![Effects::NONE; count],
            acted_on: EntitySet::EMPTY,
            stale: Stale::all(EntityId::first(count).collect()),
        }
    }

    /// Lets a minute pass: loads are passed on from callers to what they call, then failures and delays back.
    pub fn tick(&self, flow: &mut Flow) {
        self.pass_on(flow);
        self.delay(flow);
    }

    /// Passes loads on from callers to what they call, and failures back. Returns whether that changed anything.
    fn pass_on(&self, flow: &mut Flow) -> bool {
        // Who reads a queue gets what was sent to it a minute ago.
        for (number, Messages { reader, queue, sent, usual }) in self.readers.iter().enumerate() {
            let calls: i64 = sent.iter().map(|place| flow.calls[*place]).sum();
            let taken = calls.min(*usual) * i64::from(1000 - flow.readings[*queue].error) / 1000;
            let read = self.capacities[reader.index()].demand * taken / usual;
            flow.load(*reader, read - flow.read[number]);
            flow.read[number] = read;
        }
        // What a call changes is mostly behind the caller, and what a failure changes mostly before it.
        let mut place = 0;
        while let Some(from) = flow.stale.calls.first_from(place) {
            self.call(flow, from);
            place = from.index() + 1;
        }
        let mut has_changed = false;
        let mut place = self.capacities.len();
        while let Some(at) = flow.stale.failures.last_before(place) {
            has_changed |= self.fail(flow, at);
            place = at.index();
        }
        has_changed
    }

    /// Passes delays back from what is called to its callers. They change neither loads nor failures.
    fn delay(&self, flow: &mut Flow) {
        let mut place = self.capacities.len();
        while let Some(at) = flow.stale.delays.last_before(place) {
            self.wait(flow, at);
            place = at.index();
        }
    }

    /// Returns the share of its capacity that an entity uses at a load.
    fn used(&self, at: usize, load: i64, own: &Effects) -> i64 {
        let can = (self.capacities[at].most / 1000).saturating_mul(i64::from(own.capacity)).max(1);
        (load.saturating_mul(1000) / can).min(MOST_USED)
    }

    /// Lets an entity make the calls for its requests. Those that are repeated are as many as failed a minute ago.
    fn call(&self, flow: &mut Flow, caller: EntityId) {
        flow.stale.calls -= EntitySet::of(caller);
        let from = caller.index();
        for place in self.starts[from]..self.starts[from + 1] {
            let link = &self.links[place];
            let calls = self.calls(flow, from, link);
            let more = calls - flow.calls[place];
            if more != 0 {
                flow.calls[place] = calls;
                flow.stale.failures |= EntitySet::of(caller);
                flow.load(link.to, more);
            }
        }
    }

    /// Returns the calls that an entity makes along a link for its requests.
    fn calls(&self, flow: &Flow, from: usize, link: &Link) -> i64 {
        let (own, load) = (&flow.effects[from], flow.loads[from]);
        if own.spares(link) {
            return 0;
        }
        let fails = own.fails(link, flow.readings[link.to.index()].error);
        let attempts = 1000 + link.repeated(fails) + i64::from(own.retries) * fails / 1000;
        let extra = link.toward.map_or(0, |toward| i64::from(own.extra[toward as usize]));
        // What a request that is repeated has sent is not sent again.
        let usual = self.capacities[from].usual;
        let asks = if link.is_sent && usual > 0 { load.min(usual) } else { load };
        let made = asks * link.rate(own) / 1000 * attempts / 1000;
        // Calls that are not made are a share of those that would be.
        let whole = if extra < 0 { made } else { self.capacities[link.to.index()].usual };
        (made + whole * extra / 1000).max(0)
    }

    /// Lets an entity fail a share of its requests, once what it calls has failed some. Returns whether that changed anything.
    fn fail(&self, flow: &mut Flow, entity: EntityId) -> bool {
        let at = entity.index();
        flow.stale.failures -= EntitySet::of(entity);
        let (capacity, own) = (&self.capacities[at], &flow.effects[at]);
        let used = self.used(at, flow.loads[at], own);
        let mut passes = i64::from(own.passes) * (1000 - overload(used)) / 1000;
        let is_gateway = at == self.gateway.index();
        let mut lost_behind = 0;
        for link in self.links(at).iter().filter(|link| !own.spares(link)) {
            let fails = own.fails(link, flow.readings[link.to.index()].error);
            // A request at the gateway goes to one of the services behind it, and any other request to all.
            if is_gateway {
                lost_behind += i64::from(link.calls.share) * fails / 1000;
            } else {
                passes = passes * (1000 - link.loses(own, fails)) / 1000;
            }
        }
        passes = passes * (1000 - lost_behind).max(0) / 1000;
        let load = if capacity.usual == 0 { 1000 } else { flow.loads[at].saturating_mul(1000) / capacity.usual };
        let own_links = self.starts[at]..self.starts[at + 1];
        let made: i64 = flow.calls[own_links].iter().sum();
        let asked = flow.loads[at] * self.links(at).iter().map(|link| link.rate(own)).sum::<i64>() / 1000;
        let before = flow.readings[at];
        flow.readings[at] = Reading {
            toil: i16::try_from(toil(made, asked)).unwrap_or(i16::MAX),
            error: i16::try_from(1000 - passes).unwrap_or(1000),
            used: i16::try_from(used).unwrap_or(i16::MAX),
            load: i32::try_from(load).unwrap_or(i32::MAX),
            ..before
        };
        let now = flow.readings[at];
        if now.error != before.error {
            flow.stale.calls |= self.callers[at];
            flow.stale.failures |= self.callers[at];
        }
        if now.used != before.used {
            flow.stale.delays |= EntitySet::of(entity);
        }
        now != before
    }

    /// Lets an entity wait for what it calls, once that has answered.
    fn wait(&self, flow: &mut Flow, entity: EntityId) {
        flow.stale.delays -= EntitySet::of(entity);
        let at = entity.index();
        let (capacity, own) = (&self.capacities[at], &flow.effects[at]);
        let work = capacity.latency * i64::from(own.latency) / 1000 * crowding(flow.readings[at].used.into()) / 1000;
        let stays = own.stays * (1000 - overload(flow.readings[at].used.into())) / 1000;
        let mut waiting = Waiting::new(work, own.hung, stays, at == self.gateway.index());
        for link in self.links(at).iter().filter(|link| link.waits && !own.spares(link)) {
            let hung = link.toward.map_or(0, |toward| own.hung_toward[toward as usize]);
            waiting.wait(link, own, &flow.readings[link.to.index()], flow.times[link.to.index()], hung);
        }
        let narrow = |micros: i64| u32::try_from(micros).unwrap_or(u32::MAX);
        let (times, percentiles) = waiting.over();
        let before = (flow.times[at], flow.readings[at]);
        flow.times[at] = times;
        flow.readings[at] = Reading {
            mean: narrow(percentiles.mean),
            p50: narrow(percentiles.p50),
            p99: narrow(percentiles.p99),
            hung: i16::try_from(percentiles.hung).unwrap_or(1000),
            quick: i16::try_from(percentiles.quick).unwrap_or(1000),
            ..flow.readings[at]
        };
        if (flow.times[at], flow.readings[at]) != before {
            flow.stale.delays |= self.callers[at];
        }
    }

    /// Returns the traffic once loads and failures have stopped changing, or after a fixed number of minutes in systems that
    /// oscillate.
    #[must_use]
    pub fn settled(&self, facts: &[Acting<'_>]) -> Flow {
        self.settled_after(&self.still(), facts)
    }

    /// Returns the traffic once it has settled after these facts have taken the place of others. It takes less time the less
    /// of the traffic they change.
    #[must_use]
    pub fn settled_after(&self, before: &Flow, facts: &[Acting<'_>]) -> Flow {
        let mut flow = self.passed_on_after(before, facts);
        self.delay(&mut flow);
        flow
    }

    /// Returns the traffic once it has settled after these facts have taken the place of others, with response times as they
    /// were before.
    pub(crate) fn passed_on_after(&self, before: &Flow, facts: &[Acting<'_>]) -> Flow {
        const MOST_TICKS: usize = 13;
        let mut flow = before.clone();
        flow.set(facts);
        for _ in 0..MOST_TICKS {
            if !self.pass_on(&mut flow) {
                break;
            }
        }
        flow
    }

    /// Returns the impact: the share of what users come for that they do not get.
    #[must_use]
    pub fn impact(&self, flow: &Flow) -> i32 {
        let lost = |journey: &JourneyLoad| journey.weight * (1000 - self.served(flow, journey));
        self.journeys.iter().map(lost).sum::<i32>() / 1000
    }

    /// Returns the share of what users come for that they do not get, against the usual number of users: those who went away
    /// because they did not get it count as well.
    #[must_use]
    pub fn impact_with_leavers(&self, flow: &Flow) -> i32 {
        let fails = |journey: &JourneyLoad| journey.requests * (1000 - self.served(flow, journey));
        let failed = self.journeys.iter().map(fails).sum::<i32>() / 1000;
        let stay = 1000 - failed * LEAVE / 1000;
        1000 - stay * (1000 - self.impact(flow)) / 1000
    }

    /// Returns the share of the requests of a journey that are served.
    fn served(&self, flow: &Flow, journey: &JourneyLoad) -> i32 {
        let admitted = flow.effects[self.gateway.index()].passes;
        admitted * (1000 - i32::from(flow.readings[journey.entry.index()].error)) / 1000
    }

    /// Returns the requests that reach an entity on a quiet day, in thousandths of a request a second.
    #[must_use]
    pub fn usual(&self, at: EntityId) -> i64 {
        self.capacities[at.index()].usual
    }

    fn links(&self, from: usize) -> &[Link] {
        &self.links[self.starts[from]..self.starts[from + 1]]
    }
}

/// Returns the share of requests that are failed because of overload: two thirds of the use of capacity above
/// [`OVERLOAD`], and [`MOST_OVERLOAD`] at most.
fn overload(used: i64) -> i64 {
    ((used - OVERLOAD) * 2 / 3).clamp(0, MOST_OVERLOAD)
}

/// Returns the factor by which waiting prolongs an entity's own work, from 1 to 2.75 in thousandths.
///
/// In a queue with one server and Poisson arrivals (M/M/1), ρ² / (1 − ρ) requests wait on average at a use ρ of the
/// capacity. A quarter of that number is added to the factor. In the denominator ρ is [`LONGEST_QUEUE`] at most, and
/// no more than [`MOST_WAITING`] count.
fn crowding(used: i64) -> i64 {
    let waiting = used * used / (1000 - used.min(LONGEST_QUEUE));
    1000 + waiting.min(MOST_WAITING) / 4
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::level::Level;
    use crate::proof::hypotheses::Hypothesis;
    use crate::testing::{GATEWAY, SERVICE, STORE, Small, incidents};

    /// The readings of gateway, service and store once traffic has settled, and the impact.
    fn settled(facts: &[(&str, EntityId)]) -> (Vec<Reading>, i32, Troubled) {
        let small = Small::new();
        let facts: Vec<_> = facts
            .iter()
            .map(|(name, at)| Acting {
                predicate: small.library.vocabulary.predicate(small.predicate(name)),
                at: *at,
                strength: Strength::USUAL,
            })
            .collect();
        let flow = small.traffic.settled(&facts);
        let troubled = flow.troubled(&small.traffic.settled(&[]));
        (flow.readings().to_vec(), small.traffic.impact(&flow), troubled)
    }

    #[test]
    fn a_quiet_day_is_quiet() {
        let (readings, impact, troubled) = settled(&[]);
        for reading in readings {
            assert_eq!((reading.error, reading.used, reading.load), (0, 500, 1000));
        }
        assert_eq!((impact, troubled), (0, Troubled::default()));
    }

    #[test]
    fn failures_flow_back_to_all_callers_and_to_nobody_else() {
        for (predicate, at, errors, impact) in [
            ("crashes", STORE, [1000, 1000, 1000], 1000),
            ("fails_half", STORE, [500, 500, 500], 500),
            ("crashes", SERVICE, [1000, 1000, 0], 1000),
            ("fails_half", GATEWAY, [500, 0, 0], 500),
        ] {
            let (readings, lost, troubled) = settled(&[(predicate, at)]);
            assert_eq!(readings.iter().map(|reading| reading.error).collect::<Vec<_>>(), errors, "{predicate} {at:?}");
            assert_eq!(lost, impact, "{predicate} {at:?}");
            assert_eq!(troubled.at(STORE).errors, errors[2] > 0, "{predicate} {at:?}");
        }
    }

    #[test]
    fn delays_add_up_along_the_way_of_a_request() {
        let (quiet, ..) = settled(&[]);
        let (readings, impact, troubled) = settled(&[("slow", SERVICE)]);
        assert_eq!((impact, troubled.errors), (0, EntitySet::EMPTY));
        assert_eq!(troubled.slow, [GATEWAY, SERVICE].into_iter().collect());
        assert_eq!(readings[STORE.index()].p99, quiet[STORE.index()].p99);
        let longer = |at: EntityId| readings[at.index()].mean - quiet[at.index()].mean;
        assert_eq!(longer(GATEWAY), longer(SERVICE));
    }

    #[test]
    fn an_entity_that_cannot_do_its_work_fails_some_of_it() {
        let (readings, impact, _) = settled(&[("starved", STORE)]);
        // It has a fifth of twice what it needs, so it is used two and a half times.
        assert_eq!(readings[STORE.index()].used, 2500);
        let expected = i16::try_from(overload(2500)).unwrap();
        assert_eq!((readings[STORE.index()].error, i32::from(expected)), (expected, impact));
    }

    /// What is not computed again is what it would be. From a quiet day on, traffic settles where it settles from nothing.
    #[test]
    fn traffic_settles_in_one_place_wherever_it_begins() {
        for made in incidents(Level::Medium, 11, 2).chain(incidents(Level::Hard, 11, 1)) {
            let crate::World { incident, library, .. } = &**made.world();
            let (traffic, laboratory) = (&incident.traffic, incident.laboratory(library));
            let quiet = traffic.settled(&[]);
            let all = laboratory.every_fault(&library.families, incident.draws, &laboratory.nothing_beside());
            for Hypothesis { fault, .. } in &all {
                let facts: Vec<_> = fault.holding(&library.vocabulary, fault.start).collect();
                let (anew, after) = (traffic.settled(&facts), traffic.settled_after(&quiet, &facts));
                assert_eq!(anew.readings, after.readings, "{} of {:?}", library.families[fault.family].id, fault.root);
                assert_eq!((&anew.loads, &anew.calls), (&after.loads, &after.calls));
                assert_eq!(traffic.settled_after(&after, &facts).readings, after.readings, "nothing has changed");
            }
        }
    }

    #[test]
    fn formulas_keep_to_their_bounds() {
        for (made, asked, share) in [(0, 0, 0), (10, 20, 0), (1000, 1000, 0), (1500, 1000, 30), (8000, 1000, 180)] {
            assert_eq!(toil(made, asked), share, "{made} {asked}");
        }
        for (used, share) in [(0, 0), (930, 0), (1230, 200), (2280, 900), (30_000, 900)] {
            assert_eq!(overload(used), share, "{used}");
        }
        for (used, factor) in [(0, 1000), (500, 1125), (930, 2750), (30_000, 2750)] {
            assert_eq!(crowding(used), factor, "{used}");
        }
    }
}

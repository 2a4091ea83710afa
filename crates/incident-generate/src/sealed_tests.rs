//! What is shown of a private suite tells nothing about the rest of it. The attack is written out here that solved the
//! suites of `generated/1` from their own ids; it must find nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::draws::Draws;
use super::folder::{Listing, SuiteManifest};
use super::generator::GeneratedIncident;
use super::incident::level::{Knobs, Level};
use super::make::VERSION;
use super::seeds::{Secret, Seeds};
use super::suite::Suite;
use super::telemetry::query::read;
use super::testing::{entries, generator, of_every_level};
use super::{State, World, canonical_bytes};
use incident_env::{Diagnostic, Digest};

/// The secrets of two owners, which differ in one bit.
const SECRETS: [&str; 2] = [
    "8f2c64d1b07e93a55c1f08e2d94b76a3f01d5e8829c7b4460a9e3d71c5f28b60",
    "8f2c64d1b07e93a55c1f08e2d94b76a3f01d5e8829c7b4460a9e3d71c5f28b61",
];

fn private(text: &str, secret: &str) -> Suite {
    text.parse::<Suite>().unwrap().with_secret(Secret::new(secret).unwrap())
}

fn made(suite: &Suite) -> Vec<GeneratedIncident> {
    suite.incidents(generator().library()).map(|incident| generator().play(incident.unwrap())).collect()
}

/// Everything about an incident that a player or a reader of its published files is shown, as numbers of at most 64
/// bits: its id, the numbers in the names of its objects, its duration, and the ids of its records.
struct Shown {
    id: u64,
    duration: u32,
    /// The names of the entities in the order of the system, which a player who looks around comes close to.
    names: Vec<String>,
    numbers: Vec<u64>,
    records: Vec<u64>,
}

/// The value of an id of a record.
fn value_of(id: &str) -> u64 {
    let letters = "0123456789abcdefghjkmnpqrstvwxyz";
    id["e-".len()..].chars().fold(0, |value, letter| value << 5 | letters.find(letter).unwrap() as u64)
}

impl Shown {
    fn of(world: &World) -> Self {
        let (incident, state) = (&world.incident, world.start());
        let after = |name: &str| name.rsplit_once('-').and_then(|(_, number)| number.parse().ok());
        let objects = incident.topology.ids().flat_map(|at| {
            [world.objects.job(at), world.objects.certificate(at), world.objects.flag(at)].into_iter().flatten()
        });
        let numbers = objects.chain(incident.changes.iter().map(|change| change.id.as_str())).filter_map(after);
        let views = incident.topology.ids().flat_map(|at| Diagnostic::ALL.map(|tool| (at, tool)));
        let records = views.flat_map(|(at, tool)| read(world, &state, at, tool).records);
        Self {
            id: u64::from_str_radix(&incident.id["GEN-".len()..], 16).unwrap(),
            duration: incident.duration,
            names: incident.topology.entities.iter().map(|entity| entity.name.clone()).collect(),
            numbers: numbers.collect(),
            records: records.map(|record| value_of(&record.id.to_string())).collect(),
        }
    }

    /// All values, each once.
    fn values(&self) -> BTreeSet<u64> {
        [self.id].iter().chain(&self.records).copied().collect()
    }
}

/// The draws of `generated/1`: 64 bits of state, and steps that can be inverted.
mod invertible {
    /// The finalizer of `SplitMix64` (Steele, Lea and Flood 2014).
    pub(super) fn finish(mut z: u64) -> u64 {
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The inverse of the finalizer.
    pub(super) fn unfinish(mut z: u64) -> u64 {
        z = z ^ (z >> 31) ^ (z >> 62);
        z = z.wrapping_mul(0x3196_42b2_d24d_8ec3);
        z = z ^ (z >> 27) ^ (z >> 54);
        z = z.wrapping_mul(0x96de_1b17_3f11_9089);
        z ^ (z >> 30) ^ (z >> 60)
    }

    pub(super) fn new(seed: u64) -> u64 {
        finish(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    pub(super) fn child(state: u64, number: u64) -> u64 {
        finish(state ^ finish(number.wrapping_add(0xd1b5_4a32_d192_ed03)))
    }

    const STEPS: [u64; 4] =
        [0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db, 0x8ebc_6af0_9c88_c6e3, 0x5899_65cc_7537_4cc3];

    pub(super) fn bits(state: u64, place: [u64; 4]) -> u64 {
        place.iter().zip(STEPS).fold(state, |state, (part, step)| finish(state ^ part.wrapping_mul(step)))
    }

    /// The state whose draw at a place has these bits.
    pub(super) fn state_of(bits: u64, place: [u64; 4]) -> u64 {
        place.iter().zip(STEPS).rev().fold(bits, |bits, (part, step)| unfinish(bits) ^ part.wrapping_mul(step))
    }

    /// The minutes from the onset to the alert.
    pub(super) fn duration(state: u64) -> u32 {
        6 + u32::try_from((u128::from(bits(state, [8, 0, 0, 0])) * 40) >> 64).unwrap()
    }

    /// The order of the words that entities are named by.
    pub(super) fn words(state: u64) -> Vec<usize> {
        let mut order: Vec<_> = (0..72).collect();
        order.sort_by_key(|index| (bits(state, [1, 0, *index as u64, 1]), *index));
        order
    }

    /// The place of the draw whose upper 48 bits were the id of an incident.
    pub(super) const ID: [u64; 4] = [1, 9, 9, 9];
}

/// The attack: the bits of an id that are not shown are guessed, the steps are inverted, and a state is kept if it
/// explains the duration and the names. `is_named` tells whether the words of a state fit the names that are shown.
fn attacked(id: u64, duration: u32, is_named: impl Fn(&[usize]) -> bool) -> Vec<u64> {
    // Ids had 48 bits of 64. An id of 64 bits is taken as it is, and with its upper and its lower 48 bits.
    let guesses = (0..1 << 16).flat_map(|low| [(id >> 16) << 16 | low, id << 16 | low]).chain([id]);
    let states = guesses.map(|bits| invertible::state_of(bits, invertible::ID));
    states.filter(|state| invertible::duration(*state) == duration && is_named(&invertible::words(*state))).collect()
}

#[test]
fn the_attack_solves_what_can_be_inverted() {
    // As `generated/1` made it: seed, number, knobs, attempt.
    let (seed, number, knobs, attempt) = (0x1234_5678_9abc_def0, 3, 26 << 32 | 8, 1);
    let parents = [invertible::new(seed), 0, 0, 0];
    let state = [number, knobs, attempt].iter().fold(parents[0], |state, part| invertible::child(state, *part));
    let id = invertible::bits(state, invertible::ID) >> 16;
    let words = invertible::words(state);
    let found = attacked(id, invertible::duration(state), |order| order == words);
    assert_eq!(found, [state]);
    // The way back from an attempt to its suite's seed is as short.
    let parent = |state: u64, part: u64| {
        invertible::unfinish(state) ^ invertible::finish(part.wrapping_add(0xd1b5_4a32_d192_ed03))
    };
    let root = [attempt, knobs, number].iter().fold(found[0], |state, part| parent(state, *part));
    assert_eq!(invertible::unfinish(root) ^ 0x9e37_79b9_7f4a_7c15, seed);
}

#[test]
fn the_attack_finds_nothing_in_private_suites() {
    for level in ["medium", "hard"] {
        for made in made(&private(&format!("{level},private=9,count=2,codenames=1"), SECRETS[0])) {
            let shown = Shown::of(made.world());
            // Only the words of the first names are compared, so that no detail of naming could hide a hit.
            let first: Vec<_> = shown.names.iter().take(4).map(|name| name.rsplit('-').next().unwrap()).collect();
            let is_named = |order: &[usize]| {
                order.iter().zip(&first).all(|(index, word)| super::system::names::WORDS[*index] == *word)
            };
            // The ids of records have bits enough, too.
            for value in [shown.id, shown.records[0] << 14] {
                assert_eq!(attacked(value, shown.duration, is_named), Vec::<u64>::new(), "{value:x}");
            }
        }
    }
}

#[test]
fn nothing_that_is_shown_comes_from_64_bits() {
    // A source of draws is its key of 128 bits, and nothing of it is smaller. `draws` tests that each bit counts.
    assert_eq!(size_of::<Draws>(), 16);
    // Two secrets that differ in one bit give incidents that have nothing in common.
    let [one, other] = SECRETS.map(|secret| made(&private("medium,private=9,count=8", secret)));
    let [ours, theirs] = [&one, &other].map(|made| made.iter().map(|made| Shown::of(made.world())).collect::<Vec<_>>());
    let values = |all: &[Shown]| all.iter().flat_map(Shown::values).collect::<BTreeSet<_>>();
    assert!(values(&ours).is_disjoint(&values(&theirs)));
    // The two-way share of equal small numbers and names is that of chance.
    let pairs = ours.iter().zip(&theirs);
    let (mut same, mut all) = (0, 0);
    for (one, other) in pairs {
        let here: BTreeSet<_> = one.numbers.iter().collect();
        same += other.numbers.iter().filter(|number| here.contains(number)).count();
        all += other.numbers.len();
        let equal = one.names.iter().zip(&other.names).filter(|(one, other)| one == other).count();
        assert!(equal * 4 < one.names.len(), "{equal} of {} names are the same", one.names.len());
    }
    assert!(same * 50 < all, "{same} of {all} numbers are the same");
}

/// Ids of one suite, and of suites whose secrets are alike, are spread as random numbers are.
#[test]
fn ids_of_one_secret_share_nothing() {
    let knobs = Knobs::of(Level::Hard);
    let ids = |secret: &str, epoch, level| -> Vec<u64> {
        let seeds = Seeds::Private { epoch, secret: Some(Secret::new(secret).unwrap()) };
        let master = seeds.master().unwrap();
        let of = |number| u64::from_str_radix(&master.incident(VERSION, level, number, &knobs).id()[4..], 16).unwrap();
        (0..2000).map(of).collect()
    };
    let of_one = ids(SECRETS[0], 1, Level::Hard);
    // The mean of a bit over n ids is 1/2 within 5 standard errors, and so is the mean of each bit of the differences
    // between neighbours, and between suites.
    let is_even = |what: &str, values: &[u64]| {
        let count = f64::from(u32::try_from(values.len()).unwrap());
        for bit in 0..64 {
            let ones: u32 = values.iter().map(|value| u32::from(*value >> bit & 1 == 1)).sum();
            let off = (f64::from(ones) / count - 0.5).abs();
            assert!(off < 2.5 / count.sqrt(), "{what}: bit {bit} is set in {ones} of {count}");
        }
    };
    is_even("ids", &of_one);
    is_even("neighbours", &of_one.windows(2).map(|pair| pair[0] ^ pair[1]).collect::<Vec<_>>());
    let mut seen: BTreeSet<_> = of_one.iter().copied().collect();
    for (what, other) in [
        ("another secret", ids(SECRETS[1], 1, Level::Hard)),
        ("another epoch", ids(SECRETS[0], 2, Level::Hard)),
        ("another level", ids(SECRETS[0], 1, Level::Easy)),
    ] {
        is_even(what, &of_one.iter().zip(&other).map(|(one, other)| one ^ other).collect::<Vec<_>>());
        assert!(other.iter().all(|id| seen.insert(*id)), "{what}");
    }
}

/// A player who tries the public seeds one by one meets no incident of a private suite.
#[test]
fn no_public_seed_makes_a_private_incident() {
    let knobs = Knobs::of(Level::Hard);
    let of = |seeds: &Seeds| {
        let keys = seeds.master().unwrap().incident(VERSION, Level::Hard, 0, &knobs);
        (keys.id(), keys.attempt(0).draws)
    };
    // Not even a secret that spells a number is that number.
    let spelled = "00000000000000000000000000000007";
    let private = [spelled, SECRETS[0]]
        .map(|secret| [0, 7].map(|epoch| of(&Seeds::Private { epoch, secret: Some(Secret::new(secret).unwrap()) })));
    for seed in 0..20_000 {
        let (id, draws) = of(&Seeds::Public(seed));
        assert!(private.iter().flatten().all(|one| one.0 != id && one.1 != draws), "{seed}");
    }
}

/// What can be published of a private suite names none of its incidents, and nothing in it can be computed without the
/// secret.
#[test]
fn a_private_manifest_tells_nothing() {
    let library = generator().library();
    let written = |suite: &Suite| {
        let mut listing = Listing::of(suite).unwrap();
        let entries: Vec<_> = made(suite).iter().map(|made| listing.add(made.world())).collect();
        let (manifest, sealed) = listing.finish(library).unwrap();
        assert_eq!(sealed.incidents, entries);
        assert_eq!(sealed.suite, suite.to_string());
        manifest
    };
    let suite = private("easy,private=9,count=4", SECRETS[0]);
    let manifest = written(&suite);
    let text = serde_json::to_string(&manifest).unwrap();
    for word in ["easy", "private", "level", "number", "seed", "attempt", "GEN-", &library.digest] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    let SuiteManifest { suite: None, commitment: Some(_), counts, digest, .. } = &manifest else { panic!("{text}") };
    assert_eq!(counts.values().sum::<u64>(), 4);
    // Whoever guesses all incidents cannot test the guess.
    let all: Vec<u8> = made(&suite).iter().flat_map(|made| canonical_bytes(made.world())).collect();
    assert!(digest.starts_with("hmac-sha256:") && !digest.contains(&Digest::of(&all).hex()));
    assert_ne!(written(&private("easy,private=9,count=4", SECRETS[1])).data, manifest.data);
    // A public suite says what it is.
    let public = written(&"easy,seed=9,count=4".parse().unwrap());
    assert_eq!((public.suite.as_deref(), &public.data), (Some("easy,seed=9,count=4"), &library.digest));
}

/// A scenario shows no suite, seed, number or attempt, whatever it was made from.
#[test]
fn scenarios_do_not_say_where_they_come_from() {
    let suite = private("easy,private=9,count=3", SECRETS[0]);
    let catalog = suite.catalog(generator().library(), generator().tasks()).unwrap();
    for scenario in catalog.scenarios() {
        assert_eq!(scenario.origin(), "generated");
        let briefing = scenario.briefing();
        assert!(scenario.id().len() == 20 && briefing.alert.id.len() == 12, "{} {}", scenario.id(), briefing.alert.id);
        assert!(!scenario.id().to_uppercase().contains(&briefing.alert.id[4..].to_uppercase()));
    }
    assert!(catalog.digest().starts_with("hmac-sha256:"));
}

/// Record ids are unique at the alert; a record that is read again is the same, and a window of another minute is
/// another record.
#[test]
fn record_ids_are_a_function_of_what_is_recorded() {
    for made in of_every_level(12, 2) {
        let world = made.world();
        let mut state = world.start();
        world.pass(&mut state, 1);
        let looks = |state: &State| {
            let views = world.incident.topology.ids().flat_map(|at| Diagnostic::ALL.map(|tool| (at, tool)));
            let mut lines: BTreeMap<String, String> = BTreeMap::new();
            for (at, tool) in views {
                for (id, text) in entries(&read(world, state, at, tool).text) {
                    let text = format!("{tool} {text}");
                    assert_eq!(lines.insert(id.to_owned(), text), None, "{id} twice");
                }
            }
            lines
        };
        let first = looks(&state);
        assert_eq!(looks(&state), first);
        world.pass(&mut state, 1);
        let second = looks(&state);
        let (mut kept, mut anew) = (0, 0);
        for (id, text) in &second {
            let is_event = text.starts_with("check_recent_deploys") || text.starts_with("query_logs");
            match first.get(id) {
                // The age of a change goes on, and a line of a log is what it was.
                Some(before) if text.starts_with("query_logs") => assert_eq!(before, text),
                Some(_) => assert!(is_event, "{id} {text}"),
                None => anew += 1,
            }
            kept += usize::from(first.contains_key(id));
        }
        assert!(kept > 50 && anew > 50, "{kept} {anew}");
    }
}

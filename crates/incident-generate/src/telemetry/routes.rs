//! The requests of texts: methods and paths. Each part is asked for a few things under the name of what it keeps, and for one of
//! them far more often than for the others. What is asked for now was mostly asked for just before.

use std::fmt::Write;

use crate::data::kinds::Kind;
use crate::draws::Stream;
use crate::ids::EntityId;
use crate::system::particulars::Particulars;
use crate::telemetry::spelling::snake;
use crate::telemetry::words::Words;

/// A method, as it is sent and as a word.
type Method = [&'static str; 2];

const GET: Method = ["GET", "Get"];
const POST: Method = ["POST", "Post"];

/// What a path names below what the part keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// One thing.
    One,
    /// All of them, or those that fit.
    All,
    /// What belongs to one thing.
    Below,
    /// The whole, to which one is added.
    Whole,
    /// Work that is to be done.
    Work,
}

/// Something that a part can be asked for.
const ENDPOINTS: [(Method, Shape); 9] = [
    (GET, Shape::One),
    (GET, Shape::All),
    (GET, Shape::Below),
    (POST, Shape::Whole),
    (POST, Shape::Below),
    (POST, Shape::Work),
    (["PUT", "Put"], Shape::One),
    (["PATCH", "Patch"], Shape::One),
    (["DELETE", "Delete"], Shape::One),
];
/// How often a part is asked for each of them, in percent. Each part has one of these habits.
const HABITS: [[u32; 9]; 8] = [
    [68, 14, 9, 6, 0, 0, 2, 0, 1],
    [29, 2, 4, 52, 9, 0, 0, 4, 0],
    [21, 66, 8, 3, 2, 0, 0, 0, 0],
    [17, 0, 3, 7, 0, 73, 0, 0, 0],
    [6, 0, 0, 0, 0, 94, 0, 0, 0],
    [38, 6, 7, 3, 0, 0, 46, 0, 0],
    [22, 5, 57, 4, 12, 0, 0, 0, 0],
    [81, 4, 0, 13, 0, 0, 0, 1, 1],
];
/// How often a provider is asked for each of them.
const OF_PROVIDERS: [u32; 9] = [24, 3, 0, 73, 0, 0, 0, 0, 0];
/// What work is called.
const WORK: [&str; 8] = ["search", "validate", "calculate", "batch", "query", "preview", "sync", "lookup"];
/// What stands before the names of what parts keep: the custom of the company, and the ways of single teams.
const BEFORE: [&str; 6] = ["/api", "/api/v1", "/v1", "/v2", "", "/api"];
const OTHERS: [&str; 5] = ["/internal", "/rest", "/api/rest", "/svc/v1", ""];
/// The milliseconds in which who asks for some things asks for the same ones again.
const SESSION: i64 = 70_000;
/// How many such times ago a thing was asked for first, and which of those of that time it is.
const AGES: [i64; 10] = [0, 0, 0, 0, 1, 1, 2, 5, 19, 240];
const PLACES: [u64; 8] = [0, 0, 0, 1, 1, 2, 3, 6];
/// The draws of a request, each with a number of its own.
const ENDPOINT: u64 = 1 << 56;
const AGE: u64 = 1 << 56 | 1;
const PLACE: u64 = 1 << 56 | 2;
const PAGE: u64 = 1 << 56 | 3;

impl<'a> Words<'a> {
    /// Returns the part whose routes an entry names: whoever is called, if it is about a call of the part to another.
    pub(super) fn route_of(&self) -> EntityId {
        let is_store = |at: EntityId| !matches!(self.of(at).kind(), Kind::Api | Kind::External | Kind::Gateway);
        match self.peer {
            Some(peer) if self.is_call && !is_store(peer) => peer,
            _ => self.at,
        }
    }

    /// Returns the provider that an entry is about: the part itself, or what it calls.
    pub(super) fn partner(&self) -> Particulars<'a> {
        if self.own().kind() == Kind::External { self.own() } else { self.other() }
    }

    /// Returns who answers requests to a part. A gateway has no routes but those of what it passes requests on to.
    fn answers(&self, of: EntityId) -> Particulars<'a> {
        let passes_on = self.of(of).kind() == Kind::Gateway;
        let next = || self.world.incident.topology.needs(of).next().map(|edge| edge.to);
        self.of(if passes_on { self.peer.filter(|_| of == self.at).or_else(next).unwrap_or(of) } else { of })
    }

    /// Returns what a part is asked for.
    fn endpoint(&self, of: Particulars<'_>) -> (Method, Shape) {
        let habit = if of.kind() == Kind::External { &OF_PROVIDERS } else { &HABITS[of.drawn(90, 0, 7) as usize] };
        let mut left = self.within(ENDPOINT, 0, 99);
        let found = ENDPOINTS.iter().zip(habit).find(|(_, share)| match left.checked_sub(**share) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        found.map_or(ENDPOINTS[0], |(endpoint, _)| *endpoint)
    }

    /// Returns the method of a request to a part, as it is sent and as a word.
    pub(super) fn method_to(&self, of: EntityId) -> Method {
        match self.outside.filter(|_| self.is_call) {
            Some(outside) => outside.method,
            None => self.endpoint(self.answers(of)).0,
        }
    }

    /// Returns the status of an answer to the request that the entry is about, which is well.
    pub(super) fn status(&self) -> &'static str {
        let is_new = self.outside.is_none() && self.endpoint(self.answers(self.route_of())).1 == Shape::Whole;
        if is_new { "201" } else { "200" }
    }

    /// Appends the path of a request to a part.
    pub(super) fn write_route(&self, out: &mut String, of: EntityId) {
        if let Some(outside) = self.outside.filter(|_| self.is_call) {
            out.push_str(outside.path);
            return;
        }
        let of = self.answers(of);
        if of.kind() == Kind::External {
            return self.write_partner_route(out, of);
        }
        let is_other = of.drawn(91, 0, 5) == 0;
        out.push_str(if is_other {
            OTHERS[of.drawn(94, 0, 4) as usize]
        } else {
            BEFORE[self.site().choice(0, 6) as usize]
        });
        out.push('/');
        match of.drawn(92, 0, 6) {
            0 => snake(out, of.role()),
            1 => snake(out, of.resource().map_or(of.role(), |resource| &resource.one)),
            _ => out.push_str(of.role()),
        }
        match self.endpoint(of).1 {
            Shape::Whole => {}
            Shape::All => self.write_query(out, of),
            Shape::Work => {
                let _ = write!(out, "/{}", WORK[of.drawn(93, 0, 7) as usize]);
            }
            shape @ (Shape::One | Shape::Below) => {
                out.push('/');
                self.write_thing(out, of);
                let below = of.resource().map(|resource| resource.below.as_slice()).unwrap_or_default();
                if shape == Shape::Below {
                    // One of what belongs to a thing is asked for more often than the rest.
                    let place = of.drawn(95, 0, 59) as usize + usize::from(self.within(PAGE, 0, 9) > 7);
                    let word = below.get(place % below.len().max(1)).map_or("history", String::as_str);
                    let _ = write!(out, "/{word}");
                }
            }
        }
    }

    /// Appends what some of the things of a part are chosen by.
    fn write_query(&self, out: &mut String, of: Particulars<'_>) {
        let page = [0, 0, 0, 0, 1, 1, 2, 7][self.within(PAGE, 0, 7) as usize];
        let size = [20, 50, 100, 25][of.drawn(55, 0, 3) as usize];
        let _ = match of.drawn(96, 0, 5) {
            0 => write!(out, "?page={page}&size={size}"),
            1 => write!(out, "?limit={size}&offset={}", page * size),
            2 => write!(out, "?status=open&limit={size}"),
            3 => write!(out, "?sort=-createdAt&size={size}"),
            4 => {
                out.push_str("?ids=");
                self.write_thing(out, of);
                Ok(())
            }
            _ => Ok(()),
        };
    }

    /// Appends the id of one thing of a part. Each part numbers its things in its own way.
    fn write_thing(&self, out: &mut String, of: Particulars<'_>) {
        let age = AGES[self.within(AGE, 0, 9) as usize];
        let time = (self.time + i64::from(of.drawn(97, 0, 69_000))).div_euclid(SESSION) - age;
        let place = PLACES[self.within(PLACE, 0, 7) as usize];
        let draws = self.world.incident.names.child(1 << 57 | u64::from(of.id())).child(time.cast_unsigned());
        let bits = |word: u64| draws.bits(Stream::Addresses, place, 0, word);
        let risen = (time + 20_000).unsigned_abs();
        let _ = match of.drawn(53, 0, 9) {
            0..=2 => {
                Self::uuid(out, bits(0), bits(1));
                Ok(())
            }
            3 | 4 => {
                let rate = u64::from(of.drawn(98, 2, 70));
                write!(out, "{}", u64::from(of.drawn(99, 310_000, 98_700_000)) + risen * rate + bits(0) % rate)
            }
            5 | 6 => {
                let rate = u64::from(of.drawn(98, 1, 4));
                write!(out, "{}", u64::from(of.drawn(99, 900, 71_000)) + risen / 90 * rate + bits(0) % 23)
            }
            7 => write!(out, "{:x}{}", bits(0) >> 24, bits(1) % 10),
            8 => {
                const LETTERS: &[u8; 31] = b"23456789ABCDEFGHJKLMNPQRSTUVWXY";
                let mut bits = bits(0);
                for _ in 0..7 {
                    out.push(char::from(LETTERS[usize::try_from(bits % 31).unwrap_or_default()]));
                    bits /= 31;
                }
                write!(out, "{}", bits % 10)
            }
            _ => write!(out, "{}{:09}", 1 + bits(1) % 4, bits(0) % 1_000_000_000),
        };
    }

    /// Appends the path of a request to a provider, which offers one kind of thing.
    pub(super) fn write_partner_route(&self, out: &mut String, of: Particulars<'_>) {
        let path = of.provider().map_or("/v1/charges/ch_", |provider| provider.path.as_str());
        let start = out.len();
        out.push_str(path);
        match self.endpoint(of).1 {
            Shape::One => {
                let draws = self.world.incident.names.child(1 << 57 | u64::from(of.id()));
                let number = self.time.div_euclid(SESSION) - AGES[self.within(AGE, 0, 9) as usize];
                let _ = write!(out, "{:013x}", draws.bits(Stream::Addresses, number.cast_unsigned(), 1, 0) >> 12);
            }
            // What is new has no id yet.
            _ => out.truncate(start + path.rfind('/').filter(|at| *at > 0).unwrap_or(path.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn habits_are_whole() {
        for habit in HABITS.iter().chain([&OF_PROVIDERS]) {
            assert_eq!(habit.iter().sum::<u32>(), 100, "{habit:?}");
            // One thing is asked for more often than a third of the time.
            assert!(habit.iter().any(|share| *share > 33), "{habit:?}");
        }
    }
}

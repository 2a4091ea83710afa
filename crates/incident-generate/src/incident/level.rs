//! Levels of difficulty. A level is a usual setting of all knobs, and each knob can be turned alone.

use crate::system::names::Naming;
use incident_env::TaskId;

incident_env::named_enum! {
    /// A level of difficulty.
    #[expect(missing_docs, reason = "the names say it")]
    pub enum Level ("level", "levels") {
        Easy = "easy",
        Medium = "medium",
        Hard = "hard",
        Expert = "expert",
    }
}

/// The settings that make an incident hard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Knobs {
    /// The number of services, from 6 to 60. What they run on is added to it.
    pub services: u16,
    /// The greatest number of services in a row from the gateway to a store.
    pub hops: u16,
    /// The number of decoys, each of which something refutes.
    pub decoys: u16,
    /// The share of decoys, in hundredths, that began with the fault and stand near what it troubles.
    pub coincident: u32,
    /// The most services that have failed for days and that their callers can do without.
    pub broken: u16,
    /// The number of changes of the last day that set nothing off.
    pub changes: u32,
    /// The share of incidents, in hundredths, in which no single look tells the severity, among those that cost users
    /// something.
    pub misleading: u32,
    /// The number of classes of evidence that a decoy may show, and that a fault therefore need not explain at an
    /// entity.
    pub ambiguity: u32,
    /// The least number of faults that the alert leaves open: two to the power of their entropy.
    pub hypotheses: usize,
    /// The least number of views that it takes to exclude all other faults.
    pub views: usize,
    /// How entities are named.
    pub naming: Naming,
    /// The steps that are allowed in each task.
    pub steps: [u32; TaskId::COUNT],
    /// The steps that are allowed, in hundredths of [`Self::steps`].
    pub slack: u32,
    /// The scatter of series, in hundredths of the usual scatter.
    pub noise: u32,
    /// The share of log lines that are lost, in hundredths. The newest line of each kind of message is never lost.
    pub log_loss: u32,
    /// The share of queries that get no answer, in hundredths. The same query may be answered a minute later.
    pub outage: u32,
    /// The share of incidents, in hundredths, in which another fault is at work that the alert is not about.
    pub second: u32,
    /// The most alerts beside the one that wakes the responder on parts that suffer as well, and the most on parts that look
    /// bad for another reason.
    pub alerts: u16,
    /// The minutes that are allowed, in hundredths of those that the oracle takes; 0 for no limit.
    pub minutes: u32,
}

/// A knob that can be turned by name.
struct Knob {
    name: &'static str,
    least: u32,
    most: u32,
    set: fn(&mut Knobs, u32),
}

const fn knob(name: &'static str, least: u32, most: u32, set: fn(&mut Knobs, u32)) -> Knob {
    Knob { name, least, most, set }
}

/// All knobs that can be turned by name, each with its least and its greatest value.
const KNOBS: [Knob; 19] = [
    knob("services", 6, 60, |knobs, value| knobs.services = small(value)),
    knob("hops", 1, 6, |knobs, value| knobs.hops = small(value)),
    knob("decoys", 0, 20, |knobs, value| knobs.decoys = small(value)),
    knob("coincident", 0, 100, |knobs, value| knobs.coincident = value),
    knob("broken", 0, 6, |knobs, value| knobs.broken = small(value)),
    knob("changes", 0, 60, |knobs, value| knobs.changes = value),
    knob("misleading", 0, 100, |knobs, value| knobs.misleading = value),
    knob("ambiguity", 1, 3, |knobs, value| knobs.ambiguity = value),
    knob("hypotheses", 1, 60, |knobs, value| knobs.hypotheses = value as usize),
    knob("views", 1, 3, |knobs, value| knobs.views = value as usize),
    knob("slack", 50, 1000, |knobs, value| knobs.slack = value),
    knob("noise", 0, 300, |knobs, value| knobs.noise = value),
    knob("log_loss", 0, 90, |knobs, value| knobs.log_loss = value),
    knob("outage", 0, 60, |knobs, value| knobs.outage = value),
    knob("second", 0, 100, |knobs, value| knobs.second = value),
    knob("alerts", 0, 9, |knobs, value| knobs.alerts = small(value)),
    knob("minutes", 0, 1000, |knobs, value| knobs.minutes = value),
    knob("names", 0, 999, |knobs, value| knobs.naming.skin = value),
    knob("codenames", 0, 1, |knobs, value| knobs.naming.codenames = value == 1),
];

/// Narrows a value that is within the bounds of its knob.
fn small(value: u32) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}

impl Knobs {
    /// Turns a knob.
    ///
    /// # Errors
    /// The text says that there is no such knob, or that the value is out of its bounds.
    pub fn turn(&mut self, name: &str, value: u32) -> Result<(), String> {
        let Some(Knob { least, most, set, .. }) = KNOBS.iter().find(|knob| knob.name == name) else {
            let names = KNOBS.map(|knob| knob.name).join(", ");
            return Err(format!("unknown key '{name}'; keys: seed, count, {names}"));
        };
        if !(*least..=*most).contains(&value) {
            return Err(format!("{name} is from {least} to {most}, not {value}"));
        }
        if name == "minutes" && (1..100).contains(&value) {
            return Err("minutes is 0, or 100 and more".to_owned());
        }
        set(self, value);
        Ok(())
    }

    /// Returns the knobs of a level.
    #[must_use]
    pub const fn of(level: Level) -> Self {
        let easy = Self {
            services: 14,
            hops: 3,
            decoys: 2,
            coincident: 0,
            broken: 0,
            changes: 6,
            misleading: 0,
            ambiguity: 1,
            hypotheses: 8,
            views: 2,
            naming: Naming { skin: 0, codenames: false },
            steps: [12, 20, 28],
            slack: 100,
            noise: 100,
            log_loss: 0,
            outage: 0,
            second: 0,
            alerts: 0,
            minutes: 0,
        };
        match level {
            Level::Easy => easy,
            Level::Medium => Self {
                services: 18,
                hops: 4,
                decoys: 4,
                broken: 1,
                changes: 8,
                misleading: 20,
                hypotheses: 15,
                alerts: 2,
                steps: [14, 24, 34],
                ..easy
            },
            Level::Hard => Self {
                services: 28,
                hops: 5,
                decoys: 8,
                broken: 2,
                changes: 10,
                misleading: 76,
                hypotheses: 25,
                views: 3,
                alerts: 3,
                steps: [18, 30, 42],
                ..easy
            },
            Level::Expert => Self {
                services: 44,
                hops: 6,
                decoys: 14,
                broken: 3,
                changes: 12,
                misleading: 100,
                hypotheses: 40,
                views: 3,
                second: 50,
                alerts: 5,
                steps: [22, 36, 50],
                ..easy
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_knob_turns_what_it_says_and_nothing_else() {
        let usual = Knobs::of(Level::Easy);
        for Knob { name, least, most, .. } in KNOBS {
            let (mut low, mut high) = (usual, usual);
            low.turn(name, least).unwrap();
            high.turn(name, most).unwrap();
            // No setting of another knob makes the two equal again, so each has a field of its own.
            assert_ne!(low, high, "{name}");
            assert!(low.turn(name, most + 1).unwrap_err().contains(&format!("{name} is from {least} to {most}")));
            let mut again = high;
            again.turn(name, least).unwrap();
            assert_eq!(again, low, "{name}");
        }
        assert!(usual.clone().turn("minutes", 99).unwrap_err().contains("0, or 100"));
        assert!(usual.clone().turn("size", 9).unwrap_err().contains("unknown key 'size'; keys: seed, count, services"));
    }
}

//! Faults on purpose: a share of all attempts fails before it is sent, to see how a run copes.
//!
//! Which attempts fail depends on the run's seed alone and not on time or order, so a run that is played again meets
//! the same faults. Such an attempt costs no tokens; its cost is in the retries and the waiting that follow.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::{ChatError, ErrorKind};
use crate::stats::rng::SplitMix64;

/// A fault that can be requested: its word, the kind of error, the HTTP status, and the seconds that the endpoint asks
/// to wait.
struct Known {
    word: &'static str,
    kind: ErrorKind,
    status: Option<u16>,
    asks: Option<u64>,
}

const fn known(word: &'static str, kind: ErrorKind, status: Option<u16>, asks: Option<u64>) -> Known {
    Known { word, kind, status, asks }
}

const KNOWN: [Known; 8] = [
    known("429", ErrorKind::RateLimited, Some(429), None),
    // Makes the same fault with a wait that the endpoint asks for.
    known("429-wait", ErrorKind::RateLimited, Some(429), Some(1)),
    known("500", ErrorKind::Server, Some(500), None),
    known("timeout", ErrorKind::Timeout, None, None),
    known("disconnect", ErrorKind::ConnectionLost, None, None),
    known("malformed", ErrorKind::MalformedBody, Some(200), None),
    known("html", ErrorKind::HtmlBody, Some(200), None),
    known("empty", ErrorKind::EmptyChoices, Some(200), None),
];

/// The shares of attempts that fail, by fault, as in `429=5%,timeout=1%`.
#[derive(Debug, Clone, PartialEq)]
pub struct Chaos {
    /// Indices in the list of known faults, each with its share from 0 to 1.
    faults: Vec<(usize, f64)>,
}

impl Chaos {
    /// The fault of an attempt, counted from 0, of the call with this seed; none if it does not fail.
    #[must_use]
    pub fn strikes(&self, seed: u64, attempt: u32) -> Option<ChatError> {
        // The stream of random numbers differs from that of the waits between attempts.
        let mut drawn = SplitMix64::new(seed ^ 0x6368_616f_7321_u64.rotate_left(attempt % 64)).unit();
        for (place, share) in &self.faults {
            if drawn < *share {
                let Known { word, kind, status, asks } = &KNOWN[*place];
                let mut error = ChatError::new(*kind, &format!("injected by --chaos {word}"));
                error.status = *status;
                error.retry_after = asks.map(Duration::from_secs);
                return Some(error);
            }
            drawn -= share;
        }
        None
    }
}

impl FromStr for Chaos {
    type Err = String;

    /// Reads `FAULT=SHARE%`, several of them separated by commas.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut faults: Vec<(usize, f64)> = Vec::new();
        for word in text.split(',').map(str::trim) {
            let (name, share) =
                word.split_once('=').ok_or_else(|| format!("'{word}' is no FAULT=SHARE%, such as 429=5%"))?;
            let place = KNOWN.iter().position(|known| known.word == name).ok_or_else(|| {
                let all = KNOWN.map(|known| known.word).join(", ");
                format!("unknown fault '{name}'; faults: {all}")
            })?;
            if faults.iter().any(|(other, _)| *other == place) {
                return Err(format!("{name} stands there twice"));
            }
            let number = share.strip_suffix('%').and_then(|number| number.parse::<f64>().ok());
            let share = number.filter(|share| (0.0..=100.0).contains(share));
            let share = share.ok_or_else(|| format!("{word}: the share is a number from 0% to 100%"))?;
            faults.push((place, share / 100.0));
        }
        let sum: f64 = faults.iter().map(|(_, share)| share).sum();
        if sum > 1.0 + 1e-9 {
            return Err(format!("the shares come to {:.0} %, which is more than all attempts", sum * 100.0));
        }
        Ok(Self { faults })
    }
}

impl fmt::Display for Chaos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (place, share)) in self.faults.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            // Shares are written as they were read: 0.29 and not 0.28999….
            let percent = (share * 100.0 * 1e9).round() / 1e9;
            write!(f, "{comma}{}={percent}%", KNOWN[*place].word)?;
        }
        Ok(())
    }
}

impl Serialize for Chaos {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_and_written() {
        for text in ["429=5%,timeout=1%,malformed=2%", "500=100%", "429-wait=0.5%", "html=29%", "empty=0%"] {
            assert_eq!(text.parse::<Chaos>().unwrap().to_string(), text);
        }
        for (text, words) in [
            ("", "'' is no FAULT=SHARE%"),
            ("429", "'429' is no FAULT=SHARE%"),
            ("418=5%", "unknown fault '418'; faults: 429, 429-wait, 500"),
            ("429=5", "the share is a number from 0% to 100%"),
            ("429=-1%", "the share is a number"),
            ("429=NaN%", "the share is a number"),
            ("429=5%,429=5%", "429 stands there twice"),
            ("429=60%,500=60%", "the shares come to 120 %"),
        ] {
            let error = text.parse::<Chaos>().unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn as_many_attempts_fail_as_were_asked_for_and_always_the_same() {
        let chaos: Chaos = "429=20%,timeout=5%,malformed=5%".parse().unwrap();
        let mut counts = std::collections::BTreeMap::<ErrorKind, u32>::new();
        for seed in 0..5_000 {
            for attempt in 0..4 {
                let found = chaos.strikes(seed, attempt);
                assert_eq!(
                    found.as_ref().map(|error| error.kind),
                    chaos.strikes(seed, attempt).map(|error| error.kind)
                );
                if let Some(error) = found {
                    *counts.entry(error.kind).or_default() += 1;
                }
            }
        }
        // Of 20,000 attempts, 4,000, 1,000 and 1,000 fail, within five standard deviations.
        for (kind, expected, within) in [
            (ErrorKind::RateLimited, 4_000, 283),
            (ErrorKind::Timeout, 1_000, 155),
            (ErrorKind::MalformedBody, 1_000, 155),
        ] {
            assert!(counts[&kind].abs_diff(expected) < within, "{kind}: {}", counts[&kind]);
        }
        // An attempt after a failed one is as likely to fail as any other.
        let again = (0..20_000).filter(|seed| chaos.strikes(*seed, 0).is_some());
        let both = again.clone().filter(|seed| chaos.strikes(*seed, 1).is_some()).count();
        let share = f64::from(u32::try_from(both).unwrap()) / f64::from(u32::try_from(again.count()).unwrap());
        assert!((share - 0.3).abs() < 0.03, "{share}");
        let never: Chaos = "500=0%".parse().unwrap();
        let always: Chaos = "500=100%".parse().unwrap();
        assert!((0..100).all(|seed| never.strikes(seed, 0).is_none() && always.strikes(seed, 0).is_some()));
    }
}

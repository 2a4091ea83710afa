//! Where the incidents of a suite come from: a master, either public or secret, from which the keys of each incident
//! are derived. There is one derivation for all suites.
//!
//! ```text
//! master       the secret of a private suite, or a digest of a public seed
//! design       HMAC(master, "design", version, epoch)                          its first 128 bits key the draws
//! scenario id  64 bits of HMAC(master, "id", place, every knob but names)
//! attempt      HMAC(master, "attempt", place, knobs of the world, attempt)     its first 128 bits key the draws
//! names        HMAC(attempt, "names", N)                                       its first 128 bits key names and ids
//! ```
//!
//! HMAC is HMAC-SHA256 (RFC 2104), and the place is the version of the generator, the epoch, the level and the number.
//! So a scenario id shares no input with any draw but the master, and none of them tells another one.

use std::fmt;
use std::sync::Arc;

use hmac::digest::Key;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};

use crate::draws::{Draws, Sources};
use crate::incident::level::{Knobs, Level};
use incident_env::{Digest, hex};

/// The least number of characters of a secret. A secret of 64 hexadecimal digits has 256 bits; one that somebody made
/// up has fewer bits than it looks.
const SHORTEST: usize = 32;

/// A secret that private suites are made from. Its `Debug` form does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<[u8]>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// Takes a secret.
    ///
    /// # Errors
    /// The secret is too short.
    pub fn new(text: &str) -> Result<Self, String> {
        let length = text.chars().count();
        if length < SHORTEST {
            return Err(format!("the secret has {length} characters; {SHORTEST} are the least"));
        }
        Ok(Self(text.as_bytes().into()))
    }

    /// Writes 32 random bytes as the text of a secret.
    #[must_use]
    pub fn text_of(random: &[u8; 32]) -> String {
        hex(random)
    }

    /// Returns a commitment to the secret. It can be published before a suite is used, and proves that the secret is
    /// the right one when the suite is retired and the secret is published.
    #[must_use]
    pub fn commitment(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(b"incident-bench suite secret\n");
        hash.update(&self.0);
        Digest::from(hash).to_string()
    }
}

/// The source of the incidents of a suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seeds {
    /// The master is a digest of this number, so everybody can make the incidents.
    Public(u64),
    /// The master is a secret. Without it no incident can be made.
    Private {
        /// The epoch, after which the suite is retired.
        epoch: u64,
        /// The secret, if it is known.
        secret: Option<Secret>,
    },
}

impl Seeds {
    /// Returns the commitment to the secret, if there is one.
    #[must_use]
    pub fn commitment(&self) -> Option<String> {
        match self {
            Self::Private { secret: Some(secret), .. } => Some(secret.commitment()),
            _ => None,
        }
    }

    /// Returns whether everybody can make the incidents.
    #[must_use]
    pub fn are_public(&self) -> bool {
        matches!(self, Self::Public(_))
    }

    /// Returns the master, or `None` if the secret is missing.
    #[must_use]
    pub(crate) fn master(&self) -> Option<Master> {
        match self {
            Self::Public(seed) => Some(Master::public(*seed)),
            Self::Private { epoch, secret } => {
                secret.as_ref().map(|secret| Master { code: code_under(&secret.0), epoch: Some(*epoch) })
            }
        }
    }
}

/// What all keys of a suite are derived from. Its `Debug` form shows neither a seed nor a secret.
#[derive(Clone)]
pub(crate) struct Master {
    /// The message authentication code under the master, to which nothing was fed yet.
    code: Hmac<Sha256>,
    /// The epoch of a private suite.
    epoch: Option<u64>,
}

impl fmt::Debug for Master {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Master")
    }
}

impl Master {
    /// Returns the master of the suites of a public seed.
    #[must_use]
    pub(crate) fn public(seed: u64) -> Self {
        let digest = Sha256::digest(format!("incident-bench public seed\n{seed}"));
        Self { code: code_under(&digest), epoch: None }
    }

    /// Returns the keys of an incident that the given version of the generator makes.
    #[must_use]
    pub(crate) fn incident(&self, version: &str, level: Level, number: u64, knobs: &Knobs) -> IncidentKeys {
        let epoch = self.epoch.map_or_else(|| "public".to_owned(), |epoch| epoch.to_string());
        let place = format!("{version}\nepoch {epoch}\nlevel {level}\nnumber {number}\n");
        IncidentKeys { code: self.code.clone(), place, knobs: *knobs }
    }

    /// Returns the source of the design of the suite: which task, severity and family each incident has.
    #[must_use]
    pub(crate) fn design(&self, version: &str) -> Draws {
        let epoch = self.epoch.map_or_else(|| "public".to_owned(), |epoch| epoch.to_string());
        source(code_of(&self.code, &["design", &format!("{version}\nepoch {epoch}\n")]))
    }

    /// Begins a digest of a part of the suite, such as its incidents.
    #[must_use]
    pub(crate) fn digest(&self, part: &str) -> SuiteHash {
        match self.epoch {
            None => SuiteHash::Plain(Sha256::new()),
            Some(epoch) => {
                let mut code = self.code.clone();
                code.update(format!("digest\n{part}\nepoch {epoch}\n").as_bytes());
                SuiteHash::Keyed(code)
            }
        }
    }
}

/// A digest that is being computed. That of a private suite is an HMAC under its secret, so that nobody else can test
/// whether it is the digest of what they guess.
#[derive(Debug, Clone)]
pub(crate) enum SuiteHash {
    /// The SHA-256 digest of a part of a public suite.
    Plain(Sha256),
    /// The HMAC-SHA256 of a part of a private suite.
    Keyed(Hmac<Sha256>),
}

impl SuiteHash {
    /// Feeds it further bytes.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Plain(hash) => hash.update(bytes),
            Self::Keyed(code) => Mac::update(code, bytes),
        }
    }

    /// Returns the digest, with the name of its function.
    #[must_use]
    pub(crate) fn finish(self) -> String {
        match self {
            Self::Plain(hash) => Digest::from(hash).to_string(),
            Self::Keyed(code) => format!("hmac-sha256:{}", hex(&code.finalize().into_bytes())),
        }
    }
}

/// What the keys of one incident are derived from.
#[derive(Clone)]
pub(crate) struct IncidentKeys {
    code: Hmac<Sha256>,
    place: String,
    knobs: Knobs,
}

impl IncidentKeys {
    /// Returns the id of the incident. It is the same under all names, so that runs can be paired.
    #[must_use]
    pub(crate) fn id(&self) -> String {
        let code = code_of(&self.code, &["id", &self.place, &of_world(&self.knobs), &of_play(&self.knobs)]);
        format!("GEN-{}", hex(&code[..8]))
    }

    /// Returns the source of what all attempts have in common.
    #[must_use]
    pub(crate) fn wanted(&self) -> Draws {
        source(code_of(&self.code, &["wanted", &self.place, &of_world(&self.knobs)]))
    }

    /// Returns the sources of an attempt.
    #[must_use]
    pub(crate) fn attempt(&self, attempt: u64) -> Sources {
        let attempt = format!("attempt {attempt}\n");
        let key = code_of(&self.code, &["attempt", &self.place, &of_world(&self.knobs), &attempt]);
        let names = code_of(&code_under(&key), &["names", &self.knobs.naming.skin.to_string()]);
        Sources { draws: source(key), names: source(names) }
    }
}

/// Returns the message authentication code under a key of any length, to which nothing was fed yet.
fn code_under(key: &[u8]) -> Hmac<Sha256> {
    let mut block = Key::<Hmac<Sha256>>::default();
    if key.len() > block.len() {
        let digest = Sha256::digest(key);
        block[..digest.len()].copy_from_slice(&digest);
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    Hmac::new(&block)
}

/// Returns the HMAC of some texts under the key of `code`. The first text says what the code is for, and with it how
/// many lines each of the others has, so no two lists of texts feed the same bytes.
fn code_of(code: &Hmac<Sha256>, texts: &[&str]) -> [u8; 32] {
    let mut code = code.clone();
    for text in texts {
        Mac::update(&mut code, text.as_bytes());
        Mac::update(&mut code, b"\n");
    }
    code.finalize().into_bytes().into()
}

/// Returns the source of draws whose key is the first half of a code.
fn source(code: [u8; 32]) -> Draws {
    Draws::keyed(std::array::from_fn(|index| code[index]))
}

/// Writes the knobs that decide what happens in an incident. Those that concern play alone are left out, so that
/// turning one of them compares the same incidents.
fn of_world(knobs: &Knobs) -> String {
    let Knobs {
        services,
        hops,
        decoys,
        coincident,
        broken,
        changes,
        misleading,
        ambiguity,
        hypotheses,
        views,
        steps,
        second,
        ..
    } = knobs;
    format!(
        "services {services} hops {hops} decoys {decoys} coincident {coincident} broken {broken} changes {changes} misleading {misleading} ambiguity {ambiguity} \
         hypotheses {hypotheses} views {views} steps {steps:?} second {second}"
    )
}

/// Writes the knobs that concern play alone, but for how entities are named.
fn of_play(knobs: &Knobs) -> String {
    // A new knob must be put into one of the two texts, so all are named here.
    let Knobs {
        services: _,
        hops: _,
        decoys: _,
        coincident: _,
        broken: _,
        changes: _,
        misleading: _,
        ambiguity: _,
        hypotheses: _,
        views: _,
        steps: _,
        second: _,
        naming: _,
        alerts,
        slack,
        noise,
        log_loss,
        outage,
        minutes,
    } = knobs;
    format!("slack {slack} noise {noise} log_loss {log_loss} outage {outage} minutes {minutes} alerts {alerts}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::names::Naming;

    const SECRET: &str = "correct horse battery staple, and some more";

    fn private(secret: &str, epoch: u64) -> Seeds {
        Seeds::Private { epoch, secret: Some(Secret::new(secret).unwrap()) }
    }

    /// The id and the keys of the first attempt.
    fn keys(seeds: &Seeds, version: &str, level: Level, number: u64, knobs: &Knobs) -> (String, Draws, Draws) {
        let keys = seeds.master().unwrap().incident(version, level, number, knobs);
        let Sources { draws, names } = keys.attempt(0);
        (keys.id(), draws, names)
    }

    #[test]
    fn secrets_are_long_and_not_shown() {
        assert!(Secret::new("short").unwrap_err().contains("5 characters; 32 are the least"));
        assert!(Secret::new(&"ä".repeat(31)).is_err());
        let secret = Secret::new(&Secret::text_of(&[0xa5; 32])).unwrap();
        assert_eq!(secret, Secret::new(&"a5".repeat(32)).unwrap());
        let seeds = Seeds::Private { epoch: 1, secret: Some(secret) };
        assert!(!format!("{seeds:?} {:?}", seeds.master()).contains("a5"));
        assert_ne!(seeds.commitment(), private(SECRET, 1).commitment());
        assert!(Seeds::Private { epoch: 1, secret: None }.master().is_none());
    }

    #[test]
    fn everything_that_names_an_incident_counts_in_its_keys() {
        let knobs = Knobs::of(Level::Hard);
        let usual = keys(&private(SECRET, 1), "generated/9", Level::Hard, 3, &knobs);
        let longer = format!("{SECRET}r");
        let hops = Knobs { hops: 4, ..knobs };
        for (what, other) in [
            ("secret", keys(&private(&longer, 1), "generated/9", Level::Hard, 3, &knobs)),
            ("epoch", keys(&private(SECRET, 2), "generated/9", Level::Hard, 3, &knobs)),
            ("version", keys(&private(SECRET, 1), "generated/8", Level::Hard, 3, &knobs)),
            ("level", keys(&private(SECRET, 1), "generated/9", Level::Easy, 3, &knobs)),
            ("number", keys(&private(SECRET, 1), "generated/9", Level::Hard, 13, &knobs)),
            ("hops", keys(&private(SECRET, 1), "generated/9", Level::Hard, 3, &hops)),
            ("seed", keys(&Seeds::Public(1), "generated/9", Level::Hard, 3, &knobs)),
        ] {
            assert!(usual.0 != other.0 && usual.1 != other.1 && usual.2 != other.2, "{what}");
        }
        let incident = private(SECRET, 1).master().unwrap().incident("generated/9", Level::Hard, 3, &knobs);
        let [one, two] = [0, 1].map(|attempt| incident.attempt(attempt));
        assert!(one.draws != two.draws && one.names != two.names && one.draws != one.names);
        assert!(incident.wanted() != one.draws);
    }

    #[test]
    fn names_and_play_change_no_incident() {
        let knobs = Knobs::of(Level::Hard);
        let of = |knobs: &Knobs| keys(&private(SECRET, 1), "generated/9", Level::Hard, 3, knobs);
        let usual = of(&knobs);
        let renamed = of(&Knobs { naming: Naming { skin: 7, ..Naming::default() }, ..knobs });
        assert_eq!((&renamed.0, renamed.1), (&usual.0, usual.1));
        assert_ne!(renamed.2, usual.2);
        let codenames = of(&Knobs { naming: Naming { codenames: true, ..Naming::default() }, ..knobs });
        assert_eq!((&codenames.0, codenames.1), (&usual.0, usual.1));
        for other in [
            Knobs { slack: 111, ..knobs },
            Knobs { noise: 0, ..knobs },
            Knobs { log_loss: 9, ..knobs },
            Knobs { outage: 9, ..knobs },
            Knobs { minutes: 100, ..knobs },
        ] {
            let other = of(&other);
            assert_ne!(other.0, usual.0, "another scenario has another id");
            assert_eq!((other.1, other.2), (usual.1, usual.2), "and the same incident");
        }
    }

    #[test]
    fn keys_of_any_length_are_those_of_the_standard() {
        for length in [0, 1, 32, 63, 64, 65, 200] {
            let key = vec![7; length];
            let standard = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            assert_eq!(code_of(&code_under(&key), &["a", "b"]), code_of(&standard, &["a", "b"]), "{length}");
        }
    }

    #[test]
    fn digests_of_private_suites_are_keyed() {
        let digest = |seeds: Seeds, part| {
            let mut hash = seeds.master().unwrap().digest(part);
            hash.update(b"abc");
            hash.finish()
        };
        assert_eq!(digest(Seeds::Public(3), "suite"), Digest::of("abc").to_string());
        let longer = format!("{SECRET}r");
        let all = [
            digest(private(SECRET, 1), "suite"),
            digest(private(SECRET, 1), "data"),
            digest(private(SECRET, 2), "suite"),
            digest(private(&longer, 1), "suite"),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert!(all.iter().all(|digest| digest.starts_with("hmac-sha256:")));
    }
}

//! Seeds of suites: either a public number, or codes that are derived from a secret.

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};

use crate::incident::level::Level;
use incident_env::Digest;

/// The least number of bytes of a secret, so that it cannot be guessed.
const SHORTEST: usize = 16;

/// A secret that the seeds of private suites are derived from. Its `Debug` form does not show it.
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
        if text.len() < SHORTEST {
            return Err(format!("the secret has {} bytes; {SHORTEST} are the least", text.len()));
        }
        Ok(Self(text.as_bytes().into()))
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

/// The source of the seeds of a suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seeds {
    /// All incidents have this seed.
    Public(u64),
    /// The seed of each incident is an HMAC-SHA256 of epoch, level and number under a secret (RFC 2104). Without the
    /// secret no incident can be made.
    Private {
        /// The epoch, after which the suite is retired.
        epoch: u64,
        /// The secret, if it is known.
        secret: Option<Secret>,
    },
}

impl Seeds {
    /// Returns the seed of an incident, or `None` if the secret is missing.
    #[must_use]
    pub fn of(&self, level: Level, number: u64) -> Option<u64> {
        match self {
            Self::Public(seed) => Some(*seed),
            Self::Private { epoch, secret } => {
                let mut mac = Hmac::<Sha256>::new_from_slice(&secret.as_ref()?.0).ok()?;
                mac.update(format!("{epoch}/{level}/{number}").as_bytes());
                let code = mac.finalize().into_bytes();
                code.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))
            }
        }
    }

    /// Returns the commitment to the secret, if there is one.
    #[must_use]
    pub fn commitment(&self) -> Option<String> {
        match self {
            Self::Private { secret: Some(secret), .. } => Some(secret.commitment()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_seeds_need_the_secret_and_differ() {
        assert!(Secret::new("short").unwrap_err().contains("16 are the least"));
        let one = Secret::new("correct horse battery staple").unwrap();
        let other = Secret::new("correct horse battery stapler").unwrap();
        assert_eq!(format!("{one:?}"), "Secret");
        assert_ne!(one.commitment(), other.commitment());
        let seeds = |secret: &Secret, epoch| Seeds::Private { epoch, secret: Some(secret.clone()) };
        let all = [
            seeds(&one, 1).of(Level::Hard, 0),
            seeds(&one, 1).of(Level::Hard, 1),
            seeds(&one, 1).of(Level::Easy, 0),
            seeds(&one, 2).of(Level::Hard, 0),
            seeds(&other, 1).of(Level::Hard, 0),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().flatten().collect();
        assert_eq!(distinct.len(), all.len());
        assert_eq!(Seeds::Private { epoch: 1, secret: None }.of(Level::Hard, 0), None);
        assert_eq!(Seeds::Public(7).of(Level::Hard, 3), Some(7));
    }
}

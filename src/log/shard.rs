//! Shards: shares of a run's episodes, so that several machines can play one run. Pure.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::EpisodeKey;

/// One of several shares, written `INDEX/OF`. Every episode belongs to exactly one of them, on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    /// The number of the share, from 1.
    pub index: u32,
    /// The number of shares.
    pub of: u32,
}

/// The error for a text that does not name a shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no shard; write I/N with 1 ≤ I ≤ N, such as 2/3")]
pub struct NoShard(pub String);

impl Shard {
    /// Whether an episode belongs to this share.
    ///
    /// A digest of its key decides, so the answer depends neither on the other episodes nor on their order.
    #[must_use]
    pub fn includes(self, key: &EpisodeKey) -> bool {
        let digest = Sha256::digest(format!("shard\n{}\n{}\n{}", key.contestant, key.scenario, key.epoch));
        let bits = digest.iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        bits % u64::from(self.of) == u64::from(self.index - 1)
    }
}

impl FromStr for Shard {
    type Err = NoShard;

    fn from_str(text: &str) -> Result<Self, NoShard> {
        let parts = text.trim().split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((index, of)) if 1 <= index && index <= of => Ok(Self { index, of }),
            _ => Err(NoShard(text.to_owned())),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl Serialize for Shard {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Shard {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_shard() {
        assert_eq!("2/3".parse(), Ok(Shard { index: 2, of: 3 }));
        for text in ["", "1", "0/3", "4/3", "-1/3", "1/0", "a/b", "1/3/5"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn shards_are_a_partition(model in ".{0,12}", scenario in "[A-Z]{2}-[0-9]{3}", epoch in 0_u32..50, of in 1_u32..20) {
            let key = EpisodeKey { contestant: model, scenario, epoch };
            let count = (1..=of).filter(|index| Shard { index: *index, of }.includes(&key)).count();
            proptest::prop_assert_eq!(count, 1);
        }
    }
}

//! Addresses of hosts.

use std::fmt::{self, Display};

/// An address of version 4 of the internet protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address(pub(crate) [u8; 4]);

/// The addresses that a node has for its pods are announced in blocks of so many bits.
const BLOCK: u8 = 26;

impl Address {
    /// Returns the block of addresses that it belongs to, as routes name it.
    pub(crate) fn block(self) -> String {
        let Self([first, second, third, last]) = self;
        format!("{}/{BLOCK}", Self([first, second, third, last & (u8::MAX << (32 - BLOCK))]))
    }
}

impl Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, third, last] = self.0;
        write!(f, "{first}.{second}.{third}.{last}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_covers_its_addresses() {
        for (last, block) in [(2, "10.8.3.0/26"), (63, "10.8.3.0/26"), (64, "10.8.3.64/26"), (250, "10.8.3.192/26")] {
            assert_eq!(Address([10, 8, 3, last]).block(), block);
        }
    }
}

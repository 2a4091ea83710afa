//! Addresses of hosts.

use std::fmt::{self, Display};

/// An address of version 4 of the internet protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address(pub(crate) [u8; 4]);

impl Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, third, last] = self.0;
        write!(f, "{first}.{second}.{third}.{last}")
    }
}

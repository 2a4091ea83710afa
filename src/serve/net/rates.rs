//! Limits how often a client may use the server. It has no clock and is told the time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The address from which a connection comes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// A rate limit for each client: a number of requests a second, and a burst of the same number after an idle second.
#[derive(Debug)]
pub(crate) struct Rates {
    per_second: u32,
    clients: Mutex<HashMap<IpAddr, Debt>>,
}

/// The time at which a client will have paid for its requests, at the given rate.
type Debt = Duration;

impl Rates {
    /// Allows each client this number of requests a second.
    #[must_use]
    pub(crate) fn new(per_second: u32) -> Self {
        Self { per_second: per_second.max(1), clients: Mutex::default() }
    }

    /// Counts a request of a client.
    ///
    /// # Errors
    /// Returns the time that the client must wait before its next request is taken.
    pub(crate) fn take(&self, client: IpAddr, now: Duration) -> Result<(), Duration> {
        let cost = Duration::from_secs(1) / self.per_second;
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let debt = clients.entry(network(client)).or_default();
        let paid = (*debt).max(now) + cost;
        // A client may owe the requests of one second.
        let limit = now + Duration::from_secs(1).max(cost);
        match paid.checked_sub(limit) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                *debt = paid;
                Ok(())
            }
        }
    }

    /// Forgets the clients that owe nothing.
    pub(crate) fn sweep(&self, now: Duration) {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, debt| *debt > now);
    }
}

/// Maps an address to the block that one client has: a single IPv4 address, but a network of 2⁶⁴ IPv6 addresses.
fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn neighbours_of_ipv6_are_one_client() {
        let rates = Rates::new(1);
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(rates.take(at("2001:db8::1"), Duration::ZERO).is_ok());
        assert!(rates.take(at("2001:db8::2"), Duration::ZERO).is_err());
        assert!(rates.take(at("2001:db8:0:1::2"), Duration::ZERO).is_ok());
        assert!(rates.take(at("10.0.0.1"), Duration::ZERO).is_ok());
        assert!(rates.take(at("::ffff:10.0.0.1"), Duration::ZERO).is_err(), "the same in other clothes");
    }

    proptest! {
        /// Checks that in any period a client gets the requests of one second plus the rate, and that a client that
        /// waits as told is served.
        #[test]
        fn nobody_gets_more_than_the_rate(rate in 1_u32..50, gaps in prop::collection::vec(0_u64..400, 1..300)) {
            let (rates, client) = (Rates::new(rate), IpAddr::from([10, 0, 0, 1]));
            let (mut now, mut taken) = (Duration::from_secs(5), Vec::new());
            for gap in gaps {
                now += Duration::from_millis(gap);
                match rates.take(client, now) {
                    Ok(()) => taken.push(now),
                    Err(wait) => {
                        prop_assert!(rates.take(client, now + wait).is_ok());
                        taken.push(now + wait);
                        now += wait;
                    }
                }
                rates.sweep(now);
            }
            for (first, from) in taken.iter().enumerate() {
                for (last, to) in taken.iter().enumerate().skip(first) {
                    let most = f64::from(rate) * (to.as_secs_f64() - from.as_secs_f64() + 1.0) + 1e-3;
                    prop_assert!(f64::from(u32::try_from(last - first).unwrap()) <= most);
                }
            }
        }
    }
}

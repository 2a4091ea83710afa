//! The site: what its operator has chosen for a whole system, such as the namespace and the ranges of its addresses. All of it
//! is drawn from the source of names.
//!
//! Domains end in what is never delegated, and addresses are private ones, so no host of anybody is named.

use std::fmt::{self, Display, Write};

use crate::draws::{Draws, Stream};
use crate::system::address::Address;

/// The first coordinate of the draws of a site, which no part has.
const SITE: u64 = 1 << 44;
/// The namespaces.
const NAMESPACES: [&str; 12] = [
    "shop",
    "prod",
    "production",
    "default",
    "core",
    "platform",
    "apps",
    "backend",
    "storefront",
    "services",
    "live",
    "commerce",
];
/// The operators, as their domains are called.
const OPERATORS: [&str; 24] = [
    "northgate",
    "halvard",
    "oakmere",
    "velora",
    "tarnwood",
    "brixen",
    "kestrelia",
    "lumenta",
    "corvane",
    "ashdown",
    "meridio",
    "pallas",
    "trigono",
    "everholt",
    "sundmark",
    "quillon",
    "marlstone",
    "nordhavn",
    "cobrian",
    "feldkamp",
    "brackwater",
    "zenmart",
    "wexcom",
    "iolanta",
];
/// What domains of operators end in.
const ENDS: [&str; 5] = ["internal", "corp", "lan", "intra", "prod.internal"];
/// What the host of users is called.
const FRONTS: [&str; 5] = ["api", "edge", "gw", "public-api", "www"];
/// The first two octets of the addresses of pods, and those of services.
const NETWORKS: [[[u8; 2]; 2]; 8] = [
    [[10, 42], [10, 43]],
    [[10, 244], [10, 96]],
    [[10, 1], [10, 152]],
    [[10, 233], [10, 234]],
    [[10, 128], [172, 30]],
    [[100, 96], [100, 64]],
    [[192, 168], [10, 100]],
    [[10, 36], [10, 39]],
];
/// How the users of stores are called after those that log in: what stands before the name, and what after it.
const USERS: [[&str; 2]; 5] = [["", "_rw"], ["", "_app"], ["svc_", ""], ["", ""], ["", "_user"]];
/// How databases are called after what they are for, in the same way.
const DATABASES: [[&str; 2]; 5] = [["", ""], ["", "_prod"], ["", "db"], ["", ""], ["", "_production"]];
/// The hosts that images come from.
const REGISTRIES: [&str; 4] = ["registry", "harbor", "docker", "nexus"];

/// What the operator of a system has chosen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site(Draws);

impl Site {
    /// Returns the site of a system, given the source of its names.
    pub(crate) const fn of(names: Draws) -> Self {
        Self(names)
    }

    fn pick<T: Copy>(self, purpose: u64, of: &[T]) -> T {
        *self.0.pick(Stream::Addresses, SITE, purpose, of)
    }

    fn octet(self, purpose: u64, low: u8, high: u8) -> u8 {
        u8::try_from(self.0.within(Stream::Addresses, SITE, purpose, low.into(), high.into())).unwrap_or(high)
    }

    /// Returns the namespace that all parts run in.
    pub(crate) fn namespace(self) -> &'static str {
        self.pick(0, &NAMESPACES)
    }

    /// Returns the domain of the operator.
    pub(crate) fn domain(self) -> Domain {
        Domain([self.pick(1, &OPERATORS), self.pick(2, &ENDS)])
    }

    /// Appends the host that users call.
    pub(crate) fn front(self, out: &mut String) {
        let _ = write!(out, "{}.{}", self.pick(3, &FRONTS), self.domain());
    }

    /// Appends where images of a part come from.
    pub(crate) fn image(self, out: &mut String, part: &str) {
        let _ = write!(out, "{}.{}/{}/{part}", self.pick(4, &REGISTRIES), self.domain(), self.namespace());
    }

    /// Appends the user that a store knows what is for `role` as.
    pub(crate) fn user(self, out: &mut String, role: &str) {
        let [before, after] = self.pick(5, &USERS);
        let _ = write!(out, "{before}{role}{after}");
    }

    /// Appends the name of the database of what is for `role`.
    pub(crate) fn database(self, out: &mut String, role: &str) {
        let [before, after] = self.pick(6, &DATABASES);
        let _ = write!(out, "{before}{role}{after}");
    }

    /// Returns the first two octets of the addresses of pods.
    pub(crate) fn pods(self) -> [u8; 2] {
        self.pick(7, &NETWORKS)[0]
    }

    /// Returns the first two octets of the addresses of services.
    pub(crate) fn services(self) -> [u8; 2] {
        self.pick(7, &NETWORKS)[1]
    }

    /// Returns the address of a host outside of the system, which is reached by a link of its own.
    pub(crate) fn outside(self, last: u8) -> Address {
        Address([172, self.octet(8, 16, 19), self.octet(9, 0, 255), last])
    }

    /// Returns the address of a user, who comes from one of a few networks. The numbers are drawn for the request.
    pub(crate) fn of_user(self, network: u64, [third, last]: [u8; 2]) -> Address {
        Address([172, self.octet(10 + network % 3, 24, 31), third, last])
    }
}

/// The domain of an operator, displayed as `northgate.internal`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Domain([&'static str; 2]);

impl Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [operator, end] = self.0;
        write!(f, "{operator}.{end}")
    }
}

//! Hosts that are no part of the system: what a certificate that ended elsewhere belongs to, and names that nobody has.

use crate::system::address::Address;
use crate::system::particulars::Particulars;
use crate::system::site::Site;

/// The port of hosts outside of the system.
pub(super) const PORT: u16 = 443;
/// The purpose of the draws of hosts.
const HOST: u64 = 1 << 22;

const GET: [&str; 2] = ["GET", "Get"];
const POST: [&str; 2] = ["POST", "Post"];

/// A host that is no part of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outside {
    /// What it is called in the texts of who calls it.
    pub name: &'static str,
    /// The name by which it is looked up. What is nowhere has no domain.
    host: &'static str,
    /// The method, as it is sent and as a word, and the path that is asked for.
    pub method: [&'static str; 2],
    pub path: &'static str,
    /// The last octet of its address.
    last: u8,
}

/// Hosts of others that parts call beside their work.
const HOSTS: [Outside; 4] = [
    Outside { name: "webhooks", host: "wh-eu2.pbxlink24.net", method: POST, path: "/in/a7f20c/events", last: 3 },
    Outside { name: "licence-check", host: "lic3.mdt-sw.net", method: POST, path: "/activate/check.php", last: 4 },
    Outside { name: "erp-connector", host: "edi02.hgh-partner.net", method: POST, path: "/as2/receive", last: 5 },
    Outside { name: "ftp-proxy", host: "xfer.rkd-data.net", method: GET, path: "/outbox/list.json", last: 6 },
];
/// Names that clients ask for and that are nowhere.
const NOWHERE: [Outside; 3] = [
    Outside { name: "wpad", host: "wpad", method: GET, path: "/", last: 7 },
    Outside { name: "ldap", host: "_ldap._tcp.dc._msdcs", method: GET, path: "/", last: 8 },
    Outside { name: "metadata", host: "metadata.google.internal", method: GET, path: "/", last: 9 },
];

impl Outside {
    /// Returns the host outside that a part calls beside its work.
    pub(super) fn called_by(of: Particulars<'_>) -> Self {
        one_of(&HOSTS, of)
    }

    /// Returns a name that clients of a name server ask for and that it does not know.
    pub(super) fn unknown_to(of: Particulars<'_>) -> Self {
        one_of(&NOWHERE, of)
    }

    /// Returns the name by which it is looked up. What is nowhere is looked up where parts of the system are.
    pub(super) fn host(self, site: Site) -> String {
        if HOSTS.contains(&self) {
            self.host.to_owned()
        } else {
            format!("{}.{}.svc.cluster.local", self.host, site.namespace())
        }
    }

    /// Returns its address.
    pub(super) fn address(self, site: Site) -> Address {
        site.outside(self.last)
    }
}

/// Returns the one of some hosts that is drawn for a part.
fn one_of(hosts: &[Outside], of: Particulars<'_>) -> Outside {
    let place = of.drawn(HOST, 0, u32::try_from(hosts.len()).unwrap_or(1) - 1);
    hosts[place as usize]
}

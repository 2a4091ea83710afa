//! What a name server prints of a lookup. A client asks for both kinds of address at the same time, with the same port, and
//! it looks in the domains that it searches first, because a name of a service has fewer dots than it wants.

use std::fmt::Write;

use crate::data::kinds::Kind;
use crate::data::phrase::Known;
use crate::telemetry::words::Words;

/// The bytes of a query beside its name, and those by which an answer is longer: with an address, or with the SOA record.
const QUESTION: usize = 18;
const ADDRESS: usize = 14;
const NOTHING: usize = 93;
/// The domains that a client searches after that of its namespace.
const SEARCHED: [&str; 2] = ["svc.cluster.local", "cluster.local"];

/// Names that hosts and platforms look up beside those of the system.
const OTHERS: [&str; 10] = [
    "sts.amazonaws.com",
    "s3.eu-central-1.amazonaws.com",
    "login.microsoftonline.com",
    "o119241.ingest.sentry.io",
    "hooks.slack.com",
    "storage.googleapis.com",
    "kubernetes.default.svc.cluster.local",
    "otel-collector.observability.svc.cluster.local",
    "prometheus-operated.monitoring.svc.cluster.local",
    "vault-active.vault.svc.cluster.local",
];

impl Words<'_> {
    /// Appends the lines of a lookup, without the level before the first.
    pub(super) fn lookup_lines(&self, out: &mut String, place: Known) -> std::fmt::Result {
        let mut name = String::new();
        match self.outside {
            Some(outside) => name.push_str(&outside.host(self.site())),
            None => Self::host(&mut name, self.other()),
        }
        let is_inside = self.outside.is_none() && self.other().kind() != Kind::External;
        let flags = if is_inside { "qr,aa,rd" } else { "qr,rd,ra" };
        match place {
            Known::Lookup => self.pair(out, &name, 0, ["NOERROR", flags], is_inside, None),
            Known::LookupOther => {
                // A few are asked for again and again.
                let own = self.own().drawn(118, 0, 9) + [0, 0, 0, 3, 3, 7][self.within(1 << 55, 0, 5) as usize];
                let name = OTHERS[own as usize % OTHERS.len()];
                let is_inside = name.ends_with(".cluster.local");
                let flags = if is_inside { "qr,aa,rd" } else { "qr,rd,ra" };
                self.pair(out, name, 0, ["NOERROR", flags], is_inside, None)
            }
            Known::LookupSlow => self.pair(out, &name, 0, ["NOERROR", flags], is_inside, self.ms),
            _ => {
                let namespace = format!("{}.svc.cluster.local", self.site().namespace());
                // A client with a short name in its settings finds nothing where it looks first either.
                let is_short = self.outside.is_none() && self.of(self.caller).drawn(113, 0, 2) > 0;
                let name = if is_short { name.split('.').next().unwrap_or_default() } else { &name };
                let own = self.site().search_domain();
                let searched = [namespace.as_str()].into_iter().chain(SEARCHED).chain(own.as_deref());
                for (number, domain) in (1..).zip(searched) {
                    let flags = if own.as_deref() == Some(domain) { "qr,rd,ra" } else { "qr,aa,rd" };
                    self.pair(out, &format!("{name}.{domain}"), number, ["NXDOMAIN", flags], false, None)?;
                    out.push_str("\n[INFO] ");
                }
                let flags = if name.ends_with(".cluster.local") { "qr,aa,rd" } else { "qr,rd,ra" };
                self.pair(out, name, 0, ["NXDOMAIN", flags], false, None)?;
                Ok(())
            }
        }
    }

    /// Appends the two lines of a lookup of both kinds of address.
    fn pair(
        &self,
        out: &mut String,
        name: &str,
        number: u64,
        [code, flags]: [&str; 2],
        has_address: bool,
        ms: Option<u32>,
    ) -> std::fmt::Result {
        let within = |purpose: u64, low: u32, high: u32| self.within(1 << 53 | number << 8 | purpose, low, high);
        let mut client = String::new();
        self.write_caller(&mut client);
        let first_port = within(1, 32_768, 60_999);
        let first = within(2, 1000, 65_000);
        // Resolvers number their queries in a row, or at random, and some ask from one port and others from two.
        let resolver = self.of(self.caller).drawn(114, 0, 3);
        let second = if resolver < 2 { first ^ within(3, 1, 511) } else { within(3, 1000, 65_000) };
        let second_port = if resolver == 3 { within(6, 32_768, 60_999) } else { first_port };
        let size = QUESTION + name.len();
        // The answer that needs no record of an address is no faster than the other.
        for (kind, id, port) in [("A", first, first_port), ("AAAA", second, second_port)] {
            let answer = if kind == "A" && (has_address || code == "NOERROR") {
                size + name.len() + ADDRESS + 2
            } else {
                size + NOTHING
            };
            let nanos = within(if kind == "A" { 4 } else { 5 }, 61_000, 199_000);
            // What others must be asked for takes longer.
            let nanos = if flags.contains("ra") { nanos * within(7, 2, 90) } else { nanos * within(8, 1, 2) };
            let nanos = u64::from(ms.unwrap_or_default()) * 1_000_000 + u64::from(nanos);
            let took = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
            if kind == "AAAA" {
                out.push_str("\n[INFO] ");
            }
            write!(
                out,
                "{client}:{port} - {id} \"{kind} IN {name}. udp {size} false 512\" {code} {flags} {answer} {}s",
                took.trim_end_matches('0')
            )?;
        }
        Ok(())
    }
}

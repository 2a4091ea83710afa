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
            Known::LookupSlow => self.pair(out, &name, 0, ["NOERROR", flags], is_inside, self.ms),
            _ => {
                let namespace = format!("{}.svc.cluster.local", self.site().namespace());
                let searched = [namespace.as_str()].into_iter().chain(SEARCHED);
                let count = self.within(1 << 52, 0, 3) as usize;
                for (number, domain) in (1..).zip(searched.take(count)) {
                    self.pair(out, &format!("{name}.{domain}"), number, ["NXDOMAIN", "qr,aa,rd"], false, None)?;
                    out.push_str("\n[INFO] ");
                }
                self.pair(out, &name, 0, ["NXDOMAIN", "qr,aa,rd"], false, None)?;
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
        let port = within(1, 32_768, 60_999);
        let first = within(2, 1000, 65_000);
        let size = QUESTION + name.len();
        // The answer that needs no record of an address is no faster than the other.
        for (kind, id) in [("A", first), ("AAAA", first ^ within(3, 1, 511))] {
            let answer = if kind == "A" && (has_address || code == "NOERROR") {
                size + name.len() + ADDRESS + 2
            } else {
                size + NOTHING
            };
            let nanos = within(if kind == "A" { 4 } else { 5 }, 61_000, 489_000);
            let seconds = ms.unwrap_or_default();
            let took = format!("{}.{:03}{nanos:06}", seconds / 1000, seconds % 1000);
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

//! What fills the places of phrases about a part: its particulars, the other end of a call, the time, and numbers that
//! vary from entry to entry.

use std::fmt::Write;

use crate::data::dialect::Dialect;
use crate::data::kinds::Kind;
use crate::data::phrase::{Fill, Known, Place};
use crate::draws::Stream;
use crate::ids::EntityId;
use crate::incident::calendar::{Moment, Style};
use crate::incident::world::{State, World};
use crate::system::address::Address;
use crate::system::particulars::{Particulars, Size};
use crate::system::site::Site;
use crate::system::times::TIMEOUT;
use crate::telemetry::flag_share::{flag_share, set_by};
use crate::telemetry::generations::{Generations, revision, told};
use crate::telemetry::outside::{Outside, PORT};
use crate::telemetry::releases::{Release, brought_by, release};
use crate::telemetry::restarts::{Container, container, replacements, within_an_hour};
use crate::telemetry::spelling::{WORDS, pad_logger, snake, table_of, write_camel, write_pascal};

/// Places in code where a part fails on some input: what file and class are called after the thing that they are for, the
/// function, the field.
const BUGS: [[&str; 4]; 16] = [
    ["mapper", "Mapper", "to_response", "locale"],
    ["validator", "Validator", "check_dates", "valid_until"],
    ["assembler", "Assembler", "assemble", "external_ref"],
    ["merge", "MergeSupport", "merge_into", "parent_id"],
    ["serializer", "JsonWriter", "write_line", "unit"],
    ["rules", "RuleEngine", "apply_rule", "threshold"],
    ["convert", "Converter", "convert", "amount"],
    ["enricher", "Enricher", "enrich", "postal_code"],
    ["diff", "ChangeDetector", "diff", "updated_at"],
    ["policy", "AccessPolicy", "evaluate", "plan"],
    ["import", "Importer", "import_row", "quantity"],
    ["view", "ViewBuilder", "build", "owner"],
    ["normalizer", "Normalizer", "normalize_address", "country"],
    ["helper", "Utils", "first_active", "status"],
    ["facade", "FacadeImpl", "load_details", "variant"],
    ["events", "EventFactory", "event_of", "schema_version"],
];
/// The least and the greatest clock offset of a node whose time source is wrong, in milliseconds.
pub(super) const SKEW: [u32; 2] = [3900, 4400];

/// What fills the places of phrases about a part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words<'a> {
    /// The world that the part is in.
    pub world: &'a World,
    /// The state that it is in.
    pub state: &'a State,
    /// The part itself.
    pub at: EntityId,
    /// The other end of the call that the phrase is about.
    pub peer: Option<EntityId>,
    /// A part that calls it.
    pub caller: EntityId,
    /// Whether the entry is about a call to the other end, and not about the part alone.
    pub is_call: bool,
    /// What stands in the place of the other end, if it is no part.
    pub thing: Option<&'a str>,
    /// The time of the entry, in milliseconds after the alert.
    pub time: i64,
    /// The duration to report in milliseconds. If it is unknown, one is drawn.
    pub ms: Option<u32>,
    /// Minutes since the symptom began.
    pub minutes: u32,
    /// The minute in which something ended.
    pub until: i32,
    /// The coordinate of the numbers: records with the same salt show the same numbers.
    pub salt: u64,
    /// The status that failed requests of a series have.
    pub code: &'a str,
    /// Which container of the pod is meant, if it is not the one that runs at the time of the entry.
    pub ordinal: Option<u64>,
    /// Whether the entry is of a restart of the first pod.
    pub of_restart: bool,
    /// Which change of the history the phrase is about, if it is about one.
    pub change: Option<usize>,
    /// The host outside of the system that is the other end, if it is no part.
    pub outside: Option<Outside>,
    /// The word for the level, in the line of a stream.
    pub level: &'a str,
    /// The text of the entry, in the line of a stream.
    pub text: &'a str,
    /// Which of several texts the entry has.
    pub variant: u64,
    /// The milliseconds by which a line of the entry comes after its first.
    pub later: i64,
    /// The number of the line of the entry.
    pub line: u64,
    /// How many messages of the entry came before that of this line. A message may have several lines.
    pub message: u64,
    /// The milliseconds from the line before to this one.
    pub gap: i64,
}

impl<'a> Words<'a> {
    /// Returns whether the pods of the part were replaced after a minute.
    fn has_loaded_since(&self, minute: i32) -> bool {
        replacements(self.world, self.state, self.at).any(|replaced| replaced >= minute)
    }

    /// Returns the particulars of a part.
    pub(super) fn of(&self, at: EntityId) -> Particulars<'a> {
        let incident = &self.world.incident;
        Particulars::of(&incident.topology, incident.draws, incident.names, at)
    }

    /// Returns the container of the part's first pod at the time of the entry.
    pub(super) fn container(&self) -> Container {
        container(self.world, self.state, self.at, self.time)
    }

    /// Returns the number of the pod of the part that prints the entry: the first, or another one while that waits for its container.
    pub(super) fn own_pod(&self) -> u32 {
        u32::from(!self.of_restart && self.container().waits)
    }

    /// Appends the name of a pod of a part at the time of the entry.
    fn pod(&self, out: &mut String, of: EntityId, number: u32) {
        self.of(of).pod(out, number, container(self.world, self.state, of, self.time).replaced);
    }

    pub(super) fn own(&self) -> Particulars<'a> {
        self.of(self.at)
    }

    pub(super) fn other(&self) -> Particulars<'a> {
        self.of(self.peer.unwrap_or(self.at))
    }

    fn dialect(&self, of: Particulars<'a>) -> &'a Dialect {
        let dialects = &self.world.library.dialects;
        dialects.get(of.technology(dialects))
    }

    /// Returns the part of some kinds that an entry is about: the part itself, or what it calls, or else the first such part
    /// that it needs.
    pub(super) fn about(&self, kinds: &[Kind]) -> Particulars<'a> {
        let is_one = |at: EntityId| kinds.contains(&self.of(at).kind());
        let needs = self.world.incident.topology.needs(self.at).map(|edge| edge.to);
        let found = [Some(self.at), self.peer].into_iter().flatten().chain(needs).find(|at| is_one(*at));
        found.map_or_else(|| self.other(), |at| self.of(at))
    }

    /// Returns what the operator of the system has chosen.
    pub(super) fn site(&self) -> Site {
        Site::of(self.world.incident.names)
    }

    /// Returns the database that an entry is about: the part itself, what it calls, or the first that it needs. Where there is
    /// none, it is what the part itself would have.
    pub(super) fn database(&self) -> Particulars<'a> {
        if matches!(self.own().kind(), Kind::Queue | Kind::Cache) {
            return self.own();
        }
        let about = self.about(&[Kind::Db]);
        if about.kind() == Kind::Db { about } else { self.own() }
    }

    /// Returns the client that an entry is about: the caller of a store, or the part itself.
    fn client(&self) -> Particulars<'a> {
        if matches!(self.own().kind(), Kind::Db | Kind::Queue | Kind::Cache) {
            self.of(self.caller)
        } else {
            self.own()
        }
    }

    /// Appends the address of who calls.
    pub(super) fn write_caller(&self, out: &mut String) {
        let _ = write!(out, "{}", self.caller_address());
    }

    /// Returns the address of one of the pods of the part that calls, or that of a user if no part does.
    fn caller_address(&self) -> Address {
        let kind = self.own().kind();
        if kind == Kind::External {
            // A provider sees the few addresses from which its customer's requests come.
            return self.site().exit(u8::try_from(u64::from(self.caller) % 3).unwrap_or_default());
        }
        if self.caller != self.at {
            let caller = self.of(self.caller);
            return caller.address_numbered(self.within(1 << 42, 0, caller.size(Size::Replicas) - 1));
        }
        match kind {
            Kind::Gateway => self.site().balancer(self.bits(1 << 42)),
            _ => self.some_address(1 << 30),
        }
    }

    pub(super) fn within(&self, index: u64, low: u32, high: u32) -> u32 {
        let salt = u64::from(self.at) << 40 ^ self.salt;
        self.world.incident.draws.within(Stream::Phrases, salt, index, low, high)
    }

    pub(super) fn bits(&self, index: u64) -> u64 {
        let salt = u64::from(self.at) << 40 ^ self.salt;
        self.world.incident.draws.bits(Stream::Phrases, salt, index, 1)
    }

    /// Returns the address and the port of the other end of a call.
    fn peer_end(&self) -> (Address, u16) {
        let other = self.other();
        let part = || (other.address(), self.dialect(other).port);
        self.outside.map_or_else(part, |outside| (outside.address(self.site()), PORT))
    }

    /// Returns something that the part keeps or works on, or else that others do. Each number is another thing.
    fn word(&self, number: usize) -> &'static str {
        let drawn = self.within(Known::Word as u64, 0, 5039) as usize + number;
        if let Some(resource) = self.own().resource() {
            let mut all: Vec<&str> = resource.tables.iter().chain(&resource.below).map(String::as_str).collect();
            all.sort_unstable();
            all.dedup();
            return all.get(drawn % all.len().max(1)).copied().unwrap_or(&resource.name);
        }
        let all: Vec<_> = self.world.incident.topology.ids().filter_map(|at| self.of(at).resource()).collect();
        all.get(drawn % all.len().max(1)).map_or(WORDS[drawn % WORDS.len()], |one| &one.name)
    }

    /// Returns how many connections of the pool are idle.
    fn idle(&self) -> u32 {
        let pool = self.own().size(Size::Pool);
        self.within(1 << 22, pool / 3, pool - 1)
    }

    fn ms(&self, index: u64) -> u32 {
        self.ms.unwrap_or_else(|| self.within(index, 2000, 9800))
    }

    /// Returns the method of the request that the entry is about, as it is sent and as a word.
    pub(super) fn method(&self) -> [&'static str; 2] {
        self.method_to(self.route_of())
    }

    /// Returns whether the request that the entry is about has no body.
    pub(super) fn is_read(&self) -> bool {
        self.method()[0] == "GET"
    }

    /// Returns the release that a part runs at the time of the entry.
    fn release(&self, of: Particulars<'_>) -> Release {
        release(self.world, self.state, of, self.minute())
    }

    /// Returns the generations that the entry tells of.
    fn generations(&self) -> Generations {
        told(self.world, self.state, self.at, self.minute())
    }

    /// Returns the minute of the entry.
    fn minute(&self) -> i32 {
        i32::try_from(self.time.div_euclid(60_000)).unwrap_or(i32::MAX)
    }

    pub(super) fn some_address(&self, index: u64) -> Address {
        let octet = |number: u64, high: u32| u8::try_from(self.within(index << 8 | number, 2, high)).unwrap_or(2);
        let [first, second] = self.site().pods();
        Address([first, second, octet(1, 40), octet(2, 250)])
    }

    /// Returns the clock offset of the node that the part runs on, in milliseconds.
    pub(super) fn skew(&self) -> u32 {
        let node = self.world.incident.topology.entity(self.at).node.unwrap_or(self.at);
        self.world.incident.draws.within(Stream::Sizes, u64::from(node), 200, SKEW[0], SKEW[1])
    }

    pub(super) fn host(out: &mut String, of: Particulars<'_>) {
        let _ = match of.kind() {
            Kind::External => match of.provider() {
                Some(provider) => {
                    write!(out, "{}.{}.net", ["api", "api", "gw", "ws"][of.drawn(116, 0, 3) as usize], provider.name)
                }
                None => write!(out, "api.{}.{}", of.role(), of.site().domain()),
            },
            Kind::Node => out.write_str(of.name()),
            _ => write!(out, "{}.{}.svc.cluster.local", of.name(), of.site().namespace()),
        };
    }

    pub(super) fn uuid(out: &mut String, high: u64, low: u64) {
        let (first, second, third) = (high >> 32, high >> 16 & 0xffff, high & 0xfff);
        let (fourth, last) = (low >> 48 & 0x3fff | 0x8000, low & 0xffff_ffff_ffff);
        let _ = write!(out, "{first:08x}-{second:04x}-4{third:03x}-{fourth:04x}-{last:012x}");
    }

    /// Appends the package of a service in Java.
    pub(super) fn package(&self, out: &mut String) {
        let company = self.site().company().replace('-', "");
        let role = self.own().role();
        let end = ["com", "io", "de", "com", "net"][self.site().choice(30, 5) as usize];
        let _ = match self.site().choice(31, 3) {
            0 => write!(out, "{end}.{company}.{}.", role.replace('-', "")),
            1 => write!(out, "{end}.{company}.backend.{}.", role.replace('-', ".")),
            _ => write!(out, "{end}.{company}.{}.", role.replace('-', ".")),
        };
    }

    fn moment(&self, out: &mut String, style: Style) {
        self.moment_at(out, self.time + self.later, style);
    }

    pub(super) fn moment_at(&self, out: &mut String, time: i64, style: Style) {
        let Moment(alert) = self.world.moment_of_alert();
        let _ = Moment(alert + time).write(out, style);
    }

    /// Returns when the symptom began, in milliseconds after the alert.
    pub(super) fn began(&self) -> i64 {
        let minute = self.time.div_euclid(60_000) - i64::from(self.minutes);
        minute * 60_000
    }

    /// Returns a time shortly before the symptom began, in milliseconds after the alert.
    fn ended(&self) -> i64 {
        self.began() - i64::from(self.world.incident.names.within(Stream::Addresses, 1 << 45, 0, 1, 57)) * 1000
    }
}

impl Fill for Words<'_> {
    #[expect(clippy::too_many_lines, reason = "each place has its line")]
    fn fill(&self, out: &mut String, place: Place, index: u64) {
        let place = match place {
            Place::Known(known) => known,
            Place::Drawn(number, drawn) => return self.drawn(out, number, drawn, index),
        };
        // Within one entry a place has one value, wherever it stands, but for counts that mean nothing.
        let is_one = !matches!(place, Known::N | Known::Few | Known::Rows);
        let index = if is_one { place as u64 } else { 1 << 20 | index };
        let (own, other) = (self.own(), self.other());
        let within = |low, high| self.within(index, low, high);
        let objects = &self.world.objects;
        let bug = |field: usize| BUGS[self.own().drawn(7, 0, 15) as usize][field];
        let one = || own.resource().map_or("record", |resource| resource.one.as_str());
        let _ = match place {
            Known::Itself => out.write_str(own.name()),
            Known::Peer => {
                let outside = self.outside.map(|outside| outside.name);
                out.write_str(self.thing.or(outside).unwrap_or_else(|| other.name()))
            }
            Known::Caller | Known::ClientId => out.write_str(self.of(self.caller).name()),
            Known::Job => out.write_str(objects.job(self.at).unwrap_or_default()),
            Known::Cert => out.write_str(objects.certificate(self.at).unwrap_or_default()),
            Known::Flag => out.write_str(objects.flag(self.at).unwrap_or_default()),
            Known::Zone => {
                let zone = self.world.incident.topology.entity(self.at).zone;
                write!(out, "zone-{}", if zone == 0 { 'a' } else { 'b' })
            }
            // Who collects metrics has one address.
            Known::Ip => {
                let [first, second] = self.site().pods();
                write!(out, "{first}.{second}.{}.{}", self.site().choice(1, 12) + 1, self.site().choice(2, 240) + 4)
            }
            Known::Word => out.write_str(self.word(0)),
            Known::OtherWord => out.write_str(self.word(1)),
            Known::Ms => write!(out, "{}", self.ms(index)),
            Known::Seconds => {
                let ms = self.ms(index);
                write!(out, "{}.{:03}", ms / 1000, ms % 1000)
            }
            Known::TimeoutMs => write!(out, "{}", TIMEOUT / 1000),
            Known::TimeoutS => write!(out, "{}", TIMEOUT / 1_000_000),
            Known::N => write!(out, "{}", within(3, 96)),
            Known::Few => write!(out, "{}", within(0, 2)),
            Known::Pct => write!(out, "{}", within(61, 94)),
            Known::Mb => write!(out, "{}", within(900, 7900)),
            Known::Minutes => write!(out, "{}", self.minutes),
            Known::Short => write!(out, "{}", own.drawn(8, 4, 15)),
            Known::Rows => write!(out, "{}", within(48_000, 9_600_000)),
            Known::Gen => write!(out, "{}", self.generations().in_use),
            Known::Next => write!(out, "{}", self.generations().issued),
            Known::Date => return self.moment(out, Style::Date),
            Known::Clock => return self.moment(out, Style::Time),
            Known::Milli => return self.moment(out, Style::Milliseconds),
            Known::Micro => {
                write!(out, "{:03}{:03}", (self.time + self.later).rem_euclid(1000), self.micros())
            }
            Known::Iso => return self.moment(out, Style::Iso),
            Known::Syslog => return self.moment(out, Style::Syslog),
            Known::Clf => return self.moment(out, Style::Clf),
            Known::Dmy => return self.moment(out, Style::DayFirst),
            Known::Epoch => return self.moment(out, Style::Epoch),
            // What is logged when it is over began as long before as it took.
            Known::EpochStart => {
                let Moment(alert) = self.world.moment_of_alert();
                let took = i64::from(self.ms.unwrap_or_default());
                write!(out, "{}", Moment(alert + self.time - took).epoch_ms() / 1000)
            }
            Known::Mmdd => return self.moment(out, Style::MonthDay),
            Known::Pod => return self.pod(out, self.at, self.own_pod()),
            Known::Host => match own.kind() {
                Kind::Node | Kind::External => return Self::host(out, own),
                Kind::Network => out.write_str(own.name()),
                _ => return self.pod(out, self.at, self.own_pod()),
            },
            Known::Node => {
                let node = self.world.incident.topology.entity(self.at).node.unwrap_or(self.at);
                out.write_str(self.of(node).name())
            }
            Known::NodeIp => {
                let node = self.world.incident.topology.entity(self.at).node.unwrap_or(self.at);
                write!(out, "{}", self.of(node).address())
            }
            Known::Namespace | Known::Nns => out.write_str(self.site().namespace()),
            Known::App => out.write_str(&own.role().replace('-', "_")),
            Known::One => out.write_str(own.resource().map_or("record", |resource| &resource.one)),
            Known::OneClass => return write_pascal(out, own.resource().map_or("record", |resource| &resource.one)),
            Known::Done => {
                let done = own.resource().map(|resource| resource.done.as_slice()).unwrap_or_default();
                let number = self.within(index, 0, 59) as usize % done.len().max(1);
                out.write_str(done.get(number).map_or("updated", String::as_str))
            }
            Known::Package => {
                self.package(out);
                Ok(())
            }
            Known::Pad => return pad_logger(out),
            Known::CaughtUpMs | Known::RetainedMs => {
                let Moment(alert) = self.world.moment_of_alert();
                // A copy lags for longer than it may, and a segment is kept for a week.
                let before = match place {
                    Known::CaughtUpMs => 30_000 + i64::from(self.within(index, 40, 4900)),
                    _ => 604_800_000 + i64::from(self.within(index, 2000, 298_000)),
                };
                write!(out, "{}", Moment(alert + self.time + self.later).epoch_ms() - before)
            }
            Known::PeerUrl => {
                self.fill(out, Place::Known(Known::PeerHost), index);
                let port = self.peer_end().1;
                if port == PORT { Ok(()) } else { write!(out, ":{port}") }
            }
            Known::Version => write!(out, "{}", self.release(own)),
            Known::Image => {
                self.site().image(out, own.name());
                write!(out, ":{}", self.release(own))
            }
            Known::OwnIp => write!(out, "{}", own.address_numbered(self.own_pod())),
            Known::PeerHost => match self.outside {
                Some(outside) => out.write_str(&outside.host(self.site())),
                None => return Self::host(out, other),
            },
            Known::PeerIp => write!(out, "{}", self.peer_end().0),
            Known::PeerAddr => write!(out, "{}:{}", self.peer_end().0, self.peer_end().1),
            Known::PeerPort => write!(out, "{}", self.peer_end().1),
            Known::CallerIp => write!(out, "{}", self.caller_address()),
            Known::CallerAddr => write!(out, "{}:{}", self.caller_address(), within(32_768, 60_999)),
            Known::Database => return self.site().database(out, self.database().role()),
            Known::User => return self.client().user(out),
            Known::Table => {
                let of = self.database();
                let schema =
                    if self.site().choice(3, 3) == 0 { of.role().replace('-', "_") } else { "public".to_owned() };
                write!(out, "{schema}.{}", table_of(of))
            }
            Known::Topic => return self.site().topic(out, self.queue().role()),
            Known::Group => out.write_str(self.of(self.consumer()).name()),
            Known::Partition => write!(out, "{}", self.queue().drawn(16, 0, 11)),
            Known::Offset => write!(out, "{}", self.end_of_partition(self.stuck_since().unwrap_or(self.time))),
            Known::LogEnd => write!(out, "{}", self.end_of_partition(self.time)),
            Known::LogBehind => write!(out, "{}", self.end_of_partition(self.time) - u64::from(within(900, 4000))),
            Known::LogStart => write!(out, "{}", self.log_start()),
            Known::Queue => return self.site().queue(out, self.queue().role()),
            Known::ZoneFile => write!(out, "/etc/coredns/zones/{}.zone", self.site().domain()),
            Known::KeyPattern => {
                write!(out, "{}:*", self.about(&[Kind::Cache]).resource().map_or("items", |resource| &resource.one))
            }
            Known::Route => return self.write_route(out, self.route_of()),
            Known::Records => write!(out, "{}", u64::from(within(3, 96)).min(self.risen())),
            Known::Method => out.write_str(self.method()[0]),
            Known::MethodLower => out.write_str(&self.method()[0].to_ascii_lowercase()),
            Known::MethodWord => out.write_str(self.method()[1]),
            Known::Status => out.write_str(self.status()),
            Known::LimitKb => write!(out, "{}", own.size(Size::Memory) * 1024),
            // The kernel counts pages of 4 kB.
            Known::RssKb => write!(out, "{}", (own.size(Size::Memory) * 1024 - within(800, 5200)) / 4 * 4),
            Known::VmKb => {
                write!(out, "{}", own.size(Size::Memory) * 1024 * 2 + own.drawn(20, 90_000, 900_000) / 4 * 4)
            }
            Known::FileKb => write!(out, "{}", within(0, 9000) * 4),
            Known::Pool => write!(out, "{}", own.size(Size::Pool)),
            Known::Idle => write!(out, "{}", self.idle()),
            Known::Busy => write!(out, "{}", own.size(Size::Pool) - self.idle()),
            Known::Rev => {
                let revision = self.change.map(|slot| revision(self.world, slot));
                write!(out, "{}", revision.unwrap_or_else(|| within(104, 612)))
            }
            Known::VersionOf => {
                let brought = self.change.map(|slot| brought_by(self.world, own, slot));
                write!(out, "{}", brought.unwrap_or_else(|| self.release(own)))
            }
            Known::FlagPct => {
                let set = self.change.map(|slot| set_by(self.world, self.at, slot));
                write!(out, "{}", set.unwrap_or_else(|| flag_share(self.world, self.state, self.at, self.minute())))
            }
            Known::MaxConnections => {
                write!(out, "{}", self.about(&[Kind::Db, Kind::Queue, Kind::Cache]).size(Size::Connections))
            }
            Known::SkewS => {
                // It is set right and goes wrong again, by not quite as much.
                let micros = u64::from(self.skew()) * 1000 + u64::from(within(0, 39_000));
                write!(out, "{}.{:06}", micros / 1_000_000, micros % 1_000_000)
            }
            Known::MsOver => write!(out, "{}", self.ms(Known::Ms as u64) + within(1, 14)),
            Known::Uptime => {
                let [boot, ms] = [i64::from(own.drawn(35, 90_000, 9_000_000)), self.time + self.later + 86_400_000];
                let micros = ms * 1000 + i64::from(self.kernel_micros());
                write!(out, "{:5}.{:06}", boot + micros / 1_000_000, micros % 1_000_000)
            }
            Known::Waiter => write!(out, "{}", self.waiter()),
            Known::Lookup | Known::LookupLost | Known::LookupSlow | Known::LookupOther => self.lookup_lines(out, place),
            Known::Compacted => write!(out, "{}", self.compacted(1)),
            Known::CompactedBefore => write!(out, "{}", self.compacted(2)),
            Known::CertDays => write!(out, "{}", own.drawn(57, 9, 88)),
            Known::CertLoaded => out.write_str(if self.has_loaded_since(self.until) {
                "in use since the last restart"
            } else {
                "the one before is loaded until a restart"
            }),
            Known::CertEndIso | Known::SinceIso => return self.moment_at(out, self.ended(), Style::IsoSeconds),
            Known::EventFirst => return self.moment_at(out, self.event().first, Style::IsoSeconds),
            Known::Attempt => write!(out, "{}", self.attempt()),
            Known::Tries => write!(out, "{}", self.minutes + 1),
            Known::Restarts => write!(out, "{}", self.container().restarts),
            Known::BackOff => out.write_str(match self.container().restarts {
                ..=1 => "10s",
                2 => "40s",
                3 => "2m40s",
                _ => "5m0s",
            }),
            Known::RestartsHour => {
                write!(out, "{}", within_an_hour(self.world, self.state, self.at, self.minute()).max(1))
            }
            Known::Until => write!(out, "{}", self.world.clock(self.until)),
            Known::BugFile => {
                snake(out, one());
                write!(out, "_{}", bug(0))
            }
            Known::BugClass => {
                write_pascal(out, one());
                out.write_str(bug(1))
            }
            Known::BugFn => out.write_str(bug(2)),
            Known::BugMethod | Known::BugLfn => return write_camel(out, bug(2)),
            Known::BugField => out.write_str(bug(3)),
            Known::Blocker => write!(out, "{}", self.blocker()),
            Known::Backend => write!(out, "{}", self.backend(index)),
            Known::WaitQueue => return self.wait_queue(out),
            Known::SpringThread => self.spring_thread(out, index),
            Known::Lsn => self.log_position(out),
            Known::LastUp => return self.last_up(out, index),
            Known::Checkpoint => self.checkpoint(out, false),
            Known::CheckpointRecovery => self.checkpoint(out, true),
            Known::Relation => write!(out, "{}", self.database().drawn(24, 16_400, 24_600)),
            Known::SkewMs => write!(out, "{}", self.skew()),
            Known::TableName => out.write_str(table_of(self.database())),
            Known::AheadIso => return self.moment_at(out, self.time + i64::from(self.skew()), Style::IsoSeconds),
            Known::CertEndJava => return self.moment_at(out, self.ended(), Style::Java),
            Known::RevisionBefore => return self.rising(out, "revision", within(1000, 5000)),
            Known::RaftIndexBefore => return self.rising(out, "raft_index", within(10_000, 20_000)),
            Known::RemoteMemberIp | Known::RemoteNodeIp | Known::MemberIp => {
                let Address([a, b, c, d]) = own.address();
                write!(out, "{a}.{b}.{c}.{}", if d < 128 { d + 101 } else { d - 101 })
            }
            Known::ConfigKey => write!(out, "{}/{}/config", self.site().namespace(), other.name()),
            Known::Role => {
                let caller = self.of(self.caller);
                let kind = match caller.kind() {
                    Kind::Worker if caller.resource().is_some() => "-worker",
                    Kind::Batch if caller.resource().is_some() => "-batch",
                    _ => "",
                };
                let after = ["-rw", "-app", "", "-role", "-readwrite", "-db"][self.site().choice(36, 6) as usize];
                write!(out, "{}{kind}{after}", caller.role())
            }
            Known::ZoneSerial => {
                self.moment(out, Style::Day);
                write!(out, "{:02}", self.generations().in_use % 100)
            }
            Known::ZoneOrigin => write!(out, "{}.", self.site().domain()),
            Known::EventCount => write!(out, "{}", self.event().count),
            Known::EventUid => {
                let [high, low] = self.event().uid;
                return Self::uuid(out, high, low);
            }
            Known::EventHex16 => write!(out, "{:016x}", self.event().nanos),
            Known::EventVersion => write!(out, "{}", self.rises(60, [40_000_000, 700_000_000], 900)),
            Known::Lapse => self.lapse(out),
            Known::Kernel => out.write_str(self.site().kernel()),
            Known::Frame => self.frame(out),
            Known::SqlRead | Known::SqlChange | Known::SqlAdd => self.statement(out, place),
            Known::SqlReadAt | Known::SqlChangeAt | Known::SqlAddAt => self.statement_at(out, place),
            Known::ReaderIp => write!(out, "{}", self.of(self.consumer()).address()),
            Known::GoMod => {
                let forge = ["github.com", "gitlab.com", "gitlab.com", "git.int"][self.site().choice(33, 4) as usize];
                write!(out, "{forge}/{}/{}", self.site().company(), own.name())
            }
            Known::QueryFailed => self.query_failed(out),
            Known::IssuedIso => {
                let ago = i64::from(self.of(self.caller).drawn(117, 300, 86_000)) * 1000;
                return self.moment_at(out, self.time - 60_000 - ago, Style::IsoSeconds);
            }
            Known::CallFailed => self.call_failed(out),
            Known::BugNull => self.write_null(out, bug(3)),
            Known::BugLfield => return write_camel(out, bug(3)),
            Known::Started => return self.moment_at(out, self.container().started, Style::IsoSeconds),
            Known::LastStarted => return self.moment_at(out, self.container().last[0], Style::IsoSeconds),
            Known::LastEnded => return self.moment_at(out, self.container().last[1], Style::IsoSeconds),
            Known::LastContainerId => return self.last_container_id(out),
            Known::Comm => {
                let name = match self.dialect(own).id.as_str() {
                    "python" => "python",
                    "java" => "java",
                    "nodejs" => "node",
                    "postgresql" => "postgres",
                    "mysql" => "mysqld",
                    _ => own.name(),
                };
                out.write_str(&name[..name.len().min(15)])
            }
            Known::UidUs => {
                let before = out.len();
                self.named_drawn(out, "uid");
                let changed = out[before..].replace('-', "_");
                out.truncate(before);
                out.write_str(&changed)
            }
            Known::PgtablesKb => write!(out, "{}", (own.size(Size::Memory) * 1024 / 512 + 80) / 4 * 4),
            Known::ImageRepo => return self.site().image(out, own.name()),
            Known::DateSlash => return self.moment(out, Style::Slashes),
            Known::DnsIp => {
                let [first, second] = self.site().services();
                write!(out, "{first}.{second}.0.10")
            }
            Known::Code => out.write_str(self.code),
            Known::PartnerRoute => return self.write_partner_route(out, self.partner()),
            Known::NeighborIp => self.write_neighbor_ip(out, 0),
            Known::NeighborIp2 => self.write_neighbor_ip(out, 1),
            Known::NeighborIp3 => self.write_neighbor_ip(out, 2),
            Known::NeighborIp4 => self.write_neighbor_ip(out, 3),
            Known::Neighbor2 => out.write_str(self.neighbor(1)),
            Known::Neighbor3 => out.write_str(self.neighbor(2)),
            Known::Neighbor4 => out.write_str(self.neighbor(3)),
            Known::Prefix => write!(out, "{}", other.address().block()),
            Known::UsualPrefix => {
                let [first, second] = self.site().services();
                write!(out, "{first}.{second}.{}.0/24", within(0, 250))
            }
            Known::KubeletPid7 => {
                let mut number = String::new();
                self.named_drawn(&mut number, "kubelet_pid");
                write!(out, "{number:>7}")
            }
            Known::NtpIp => write!(out, "{}", self.site().time_address(own.drawn(51, 0, 1))),
            Known::NtpIp2 => write!(out, "{}", self.site().time_address(2)),
            Known::Npod | Known::Ncontainer | Known::Nimage => {
                let topology = &self.world.incident.topology;
                let placed: Vec<_> =
                    topology.numbered().filter(|(_, entity)| entity.node == Some(self.at)).map(|(at, _)| at).collect();
                let count = u32::try_from(placed.len()).unwrap_or_default();
                // What one entry says is about one pod.
                let chosen = (count > 0).then(|| placed[self.within(1 << 40, 0, count - 1) as usize]);
                let at = chosen.unwrap_or(self.at);
                let of = self.of(at);
                match place {
                    Known::Npod => return self.pod(out, at, 0),
                    Known::Ncontainer => out.write_str(of.name()),
                    _ => {
                        self.site().image(out, of.name());
                        write!(out, ":{}", self.release(of))
                    }
                }
            }
            Known::ApiserverAddr => write!(out, "{}:6443", self.site().apiserver()),
            Known::EpochBegin => {
                let Moment(alert) = self.world.moment_of_alert();
                write!(
                    out,
                    "{}",
                    Moment(alert + self.time).epoch_ms() / 1000 - i64::from(own.drawn(35, 90_000, 900_000))
                )
            }
            Known::Member => return self.pod(out, self.at, 1),
            Known::Domain => write!(out, "{}", self.site().domain()),
            Known::ApiHost => return self.site().front(out),
            Known::NtpName => write!(out, "{}", self.site().time_server(own.drawn(51, 0, 1))),
            Known::NtpName2 => write!(out, "{}", self.site().time_server(2)),
            Known::MsUp | Known::SecondsUp | Known::WaitedMs | Known::Took | Known::Sent => {
                self.durations(out, place, index)
            }
            Known::DnsSize | Known::DnsAnswer | Known::DnsNone | Known::PtrName => self.lookup(out, place),
            Known::ProxyTemp => self.spooled(out),
            Known::WorkerConnections => write!(out, "{}", [512, 768, 1024, 2048, 4096][own.drawn(52, 0, 4) as usize]),
            Known::SnapshotIndex
            | Known::SnapshotBefore
            | Known::CompactIndex
            | Known::SnapshotFile
            | Known::WalFile => self.snapshot(out, place),
            Known::SegmentFile => write!(out, "{:020}", self.log_start()),
            Known::Text => out.write_str(self.text),
            Known::Level => out.write_str(self.level),
        };
    }
}

//! The site: what its operator has chosen for a whole system, such as the namespace and the ranges of its addresses. All of it
//! is drawn from the source of names.
//!
//! Names of companies are invented, and addresses are private ones, so no host of anybody is meant.

use std::fmt::{self, Display, Write};

use crate::data::companies::{Business, Companies, Style};
use crate::draws::{Draws, Stream};
use crate::system::address::Address;

/// The first coordinate of the draws of a site, which no part has.
const SITE: u64 = 1 << 44;
/// The namespaces. An empty one stands for the name of the company.
const NAMESPACES: [&str; 14] = [
    "prod",
    "production",
    "default",
    "",
    "core",
    "prd",
    "apps",
    "backend",
    "prod-eu1",
    "services",
    "live",
    "default",
    "app-prod",
    "prod",
];
/// How companies call the domain of their hosts: what stands before and after the name of the company.
const DOMAINS: [[&str; 2]; 10] = [
    ["", ".lan"],
    ["int.", ".net"],
    ["", ".local"],
    ["", ".internal"],
    ["corp.", "-it.net"],
    ["k8s.", ".intra"],
    ["", ".priv"],
    ["infra.", "-ops.net"],
    ["prd.", ".corp"],
    ["ad.", ".local"],
];
/// What the domain that users know ends in.
const PUBLIC: [&str; 6] = ["-online.net", "-app.net", "-portal.eu", "-web.net", "-services.eu", "-cloud.net"];
/// The regions of clouds, and the places of hosts of one's own.
const REGIONS: [&str; 7] =
    ["eu-west-1", "eu-central-1", "us-west-2", "ap-southeast-1", "eu-north-1", "us-east-2", "ca-central-1"];
const PLACES: [&str; 6] = ["dc1", "dc2", "fra", "ams3", "hel1", "iad"];
/// What pools of nodes are called.
const POOLS: [&str; 6] = ["default-pool", "pool-1", "pool-2", "workers", "general", "apps"];
/// The kernels of nodes, by the cloud or the installer.
const KERNELS: [&[&str]; 7] = [
    &["6.1.75-99.163.amzn2023.x86_64 #1", "5.15.148-97.161.amzn2.x86_64 #1"],
    &["6.1.79-99.164.amzn2023.x86_64 #1", "5.15.0-1055-aws #60~20.04.1-Ubuntu"],
    &["6.1.58+ #1", "5.15.133+ #1"],
    &["5.15.0-1054-azure #62-Ubuntu", "5.15.0-1057-azure #65-Ubuntu"],
    &["5.15.0-94-generic #104-Ubuntu", "5.15.0-101-generic #111-Ubuntu"],
    &["6.1.0-18-amd64 #1  Debian 6.1.76-1", "5.14.0-362.18.1.el9_3.x86_64 #1"],
    &["5.14.0-362.8.1.el9_3.x86_64 #1", "5.15.0-97-generic #107-Ubuntu"],
];
/// What the host of users is called.
const FRONTS: [&str; 6] = ["api", "www", "app", "api", "m", "gateway"];
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
const USERS: [[&str; 2]; 10] = [
    ["", "_rw"],
    ["", "_app"],
    ["svc_", ""],
    ["", ""],
    ["", "_user"],
    ["u_", ""],
    ["", ""],
    ["", "_owner"],
    ["app_", ""],
    ["", "_prd"],
];
/// How what stands for a name of several words is made short.
const SHORT: usize = 4;
/// How databases are called after what they are for, in the same way.
const DATABASES: [[&str; 2]; 8] =
    [["", ""], ["", "_prod"], ["", "db"], ["", ""], ["", "_production"], ["p_", ""], ["", "_v2"], ["", "_live"]];
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

    /// Returns the business of the operator.
    pub(crate) fn business(self) -> &'static Business {
        let all = &Companies::all().businesses;
        &all[self.0.below(Stream::Addresses, SITE, 20, u32::try_from(all.len()).unwrap_or(1)) as usize]
    }

    /// Returns the name of the operator.
    pub(crate) fn company(self) -> &'static str {
        self.0.pick::<String>(Stream::Addresses, SITE, 1, &self.business().companies)
    }

    /// Returns how the operator calls parts.
    pub(crate) fn style(self) -> &'static Style {
        self.0.pick(Stream::Addresses, SITE, 21, &Companies::all().styles)
    }

    /// Returns the namespace that all parts run in.
    pub(crate) fn namespace(self) -> &'static str {
        Some(self.pick(0, &NAMESPACES)).filter(|name| !name.is_empty()).unwrap_or_else(|| self.company())
    }

    /// Returns the domain of the operator's hosts.
    pub(crate) fn domain(self) -> Domain {
        let [before, after] = self.pick(2, &DOMAINS);
        Domain([before, self.company(), after])
    }

    /// Returns the domain that users know.
    pub(crate) fn public_domain(self) -> Domain {
        let name = self.company();
        let end =
            if name.contains('-') { [".net", ".eu"][self.choice(37, 2) as usize] } else { self.pick(22, &PUBLIC) };
        Domain(["", name, end])
    }

    /// Appends the host that users call.
    pub(crate) fn front(self, out: &mut String) {
        let _ = write!(out, "{}.{}", self.pick(3, &FRONTS), self.public_domain());
    }

    /// Returns the address of a node.
    pub(crate) fn node_address(self, index: usize) -> Address {
        let number = u64::try_from(index).unwrap_or_default();
        let octet = u8::try_from((u64::from(self.octet(23, 0, 199)) + number * 37) % 231).unwrap_or_default() + 12;
        let subnet = self.octet(24, 0, 60) + u8::try_from(number * 7 % 3).unwrap_or_default() * 16;
        Address([10, self.octet(25, 0, 30), subnet, octet])
    }

    /// Returns the address of the platform's own server.
    pub(crate) fn apiserver(self) -> Address {
        let Address([a, b, c, _]) = self.node_address(0);
        Address([a, b, c, self.octet(44, 4, 11)])
    }

    /// Returns which cloud or installer names the nodes.
    fn node_style(self) -> u32 {
        self.0.below(Stream::Addresses, SITE, 26, 7)
    }

    /// Returns the number of the hardware of the nodes, of so many.
    pub(crate) fn hardware(self, count: usize) -> usize {
        let number = match self.node_style() {
            0 | 1 => 0,
            2 => 1,
            3 => 4,
            _ => [2, 3, 5][self.choice(5, 3) as usize],
        };
        number.min(count - 1)
    }

    /// Returns the name of a server that tells the time.
    pub(crate) fn time_server(self, number: u32) -> String {
        match self.choice(7, 4) {
            0 => format!("ntp{}.{}", number + 1, self.domain()),
            1 => format!("ntp{}.{}.{}", number % 2, self.pick(29, &PLACES), self.domain()),
            2 => format!("time{}", number + 1),
            _ => format!("dc{:02}.{}", number + 1, self.domain()),
        }
    }

    /// Returns the address of such a server.
    pub(crate) fn time_address(self, number: u32) -> Address {
        let Address([a, b, _, _]) = self.node_address(0);
        let number = u8::try_from(number % 3).unwrap_or_default();
        Address([a, b, self.octet(45, 0, 3), self.octet(46, 4, 60) + number * self.octet(47, 1, 40)])
    }

    /// Returns the domain that hosts search by themselves, if the cloud or the installer sets one.
    pub(crate) fn search_domain(self) -> Option<String> {
        match self.node_style() {
            0 | 1 => Some(format!("{}.compute.internal", self.pick(28, &REGIONS))),
            5 => Some(self.domain().to_string()),
            _ => None,
        }
    }

    /// Returns the kernel of the nodes, as it names itself.
    pub(crate) fn kernel(self) -> &'static str {
        let own = &KERNELS[self.node_style() as usize % KERNELS.len()];
        own[self.choice(6, 3) as usize % own.len()]
    }

    /// Returns the name of a node, as the cloud or the installer of the operator gives it.
    pub(crate) fn node(self, index: usize) -> String {
        let number = u64::try_from(index).unwrap_or_default();
        let bits = |purpose: u64| self.0.bits(Stream::Addresses, SITE, purpose, 1);
        let pool = self.pick(27, &POOLS);
        match self.node_style() {
            0 | 1 => {
                let Address([a, b, c, d]) = self.node_address(index);
                format!("ip-{a}-{b}-{c}-{d}.{}.compute.internal", self.pick(28, &REGIONS))
            }
            2 => {
                let group = bits(29) >> 32;
                let letters = letters_of(bits(100 + number), 4);
                format!("gke-{}-{pool}-{group:08x}-{letters}", self.pick(30, &["prod", "main", "cluster-1", "live"]))
            }
            3 => {
                let group = 10_000_000 + bits(29) % 89_000_000;
                let place = number * 3 % 36;
                let digit =
                    char::from(b"0123456789abcdefghijklmnopqrstuvwxyz"[usize::try_from(place).unwrap_or_default()]);
                format!("aks-{}-{group}-vmss00000{digit}", self.pick(30, &["nodepool1", "apps", "general", "workers"]))
            }
            4 => format!(
                "{}{:02}",
                self.pick(30, &["worker", "k8s-worker", "kube-node-", "prod-k8s-w"]),
                number % 89 + 1
            ),
            5 => format!("k8s-node-{}.{}.{}", number % 89 + 1, self.pick(28, &PLACES), self.domain()),
            _ => format!("{}-k8s-{}-{}", self.company(), self.pick(30, &["wk", "node", "worker"]), number % 89 + 1),
        }
    }

    /// Returns one of the few addresses from which users reach the front door: those of a balancer before it.
    pub(crate) fn balancer(self, bits: u64) -> Address {
        // The first takes the most.
        let number = [0, 0, 0, 1, 1, 2][usize::try_from(bits % 6).unwrap_or_default()];
        let Address([a, b, _, _]) = self.node_address(0);
        Address([a, b, 64 + self.octet(31, 0, 60) + number, self.octet(32 + u64::from(number), 4, 250)])
    }

    /// Appends where images of a part come from.
    pub(crate) fn image(self, out: &mut String, part: &str) {
        let _ = write!(out, "{}.{}/{}/{part}", self.pick(4, &REGISTRIES), self.domain(), self.namespace());
    }

    /// Appends a name as it stands where names are short: as it is, or with its words cut.
    fn short(self, out: &mut String, name: &str) {
        let words = name.split(['-', '_']);
        match self.choice(35, 3) {
            0 if name.contains('-') => {
                let cut = words.map(|word| &word[..word.len().min(SHORT)]);
                out.extend(cut);
            }
            1 if name.len() > 10 => {
                for (number, word) in words.enumerate() {
                    out.push_str(if number == 0 { "" } else { "_" });
                    out.push_str(&word[..word.len().min(SHORT)]);
                }
            }
            _ => out.extend(name.chars().map(|letter| if letter == '-' { '_' } else { letter })),
        }
    }

    /// Appends the user that a store knows what is for `role` as, with what tells a worker or a batch from a service.
    pub(crate) fn user(self, out: &mut String, role: &str, kind: &str) {
        let [before, after] = self.pick(5, &USERS);
        out.push_str(before);
        self.short(out, role);
        let _ = write!(out, "{kind}{after}");
    }

    /// Returns what follows the names of workers and batches where names are short.
    pub(crate) fn worker(self) -> &'static str {
        ["_worker", "_w", "_bg", "_async", "_jobs"][self.choice(34, 5) as usize]
    }

    /// Appends the name of the database of what is for `role`.
    pub(crate) fn database(self, out: &mut String, role: &str) {
        let [before, after] = self.pick(6, &DATABASES);
        out.push_str(before);
        self.short(out, role);
        out.push_str(after);
    }

    /// Appends the topic of what is for `role`.
    pub(crate) fn topic(self, out: &mut String, role: &str) {
        let _ = match self.0.below(Stream::Addresses, SITE, 41, 5) {
            0 => write!(out, "{role}.events"),
            1 => write!(out, "{role}-events"),
            2 => write!(out, "{}.{role}.v1", self.company()),
            3 => write!(out, "prod.{}.events", role.replace('-', "_")),
            _ => write!(out, "{role}-events-v2"),
        };
    }

    /// Appends the queue of what is for `role`.
    pub(crate) fn queue(self, out: &mut String, role: &str) {
        let _ = match self.0.below(Stream::Addresses, SITE, 42, 5) {
            0 => write!(out, "{role}.work"),
            1 => write!(out, "{role}"),
            2 => write!(out, "{role}_tasks"),
            3 => write!(out, "q.{role}.process"),
            _ => write!(out, "{}.{role}", self.company()),
        };
    }

    /// Returns a choice of the operator that is one for the whole system.
    pub(crate) fn choice(self, purpose: u64, count: u32) -> u32 {
        self.0.below(Stream::Addresses, SITE, 200 + purpose, count)
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

    /// Returns the address from which the operator's requests reach others.
    pub(crate) fn exit(self, number: u8) -> Address {
        self.outside(self.octet(40, 4, 200) + number % 3)
    }
}

/// Returns some letters as Kubernetes draws them.
fn letters_of(mut bits: u64, count: u32) -> String {
    let mut text = String::new();
    for _ in 0..count {
        text.push(char::from(b"bcdfghjklmnpqrstvwxz2456789"[usize::try_from(bits % 27).unwrap_or_default()]));
        bits /= 27;
    }
    text
}

/// The domain of an operator, displayed as `prod.northgate.io`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Domain([&'static str; 3]);

impl Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [before, operator, end] = self.0;
        write!(f, "{before}{operator}{end}")
    }
}

//! Places of phrases whose values mean nothing by themselves: ids, process numbers, counters. Each is drawn, once for
//! whatever it belongs to.

/// What a value belongs to. Wherever it is read there, it is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Each {
    /// One entry of a log.
    Entry,
    /// The part that prints it.
    Part,
    /// The container that prints it.
    Container,
    /// The pod that prints it.
    Pod,
    /// The queue that the entry is about.
    Queue,
    /// The message that the entry is about.
    Message,
    /// What reads from that queue.
    Consumer,
    /// A part that calls the one that prints it.
    Caller,
    /// The node that the part runs on.
    Node,
    /// The whole system.
    System,
}

/// How a value is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// A number from the first to the second.
    Number(u32, u32),
    /// A number that is drawn as the first two say, and that rises by the third each minute.
    Rising(u32, u32, u32),
    /// A number that is drawn as the first two say, and that rises by one each time that so many seconds have passed.
    Counting(u32, u32, u32),
    /// The number after that of another place.
    After(&'static str),
    /// So many hexadecimal digits.
    Hex(u32),
    /// So many letters and digits.
    Letters(u32),
    /// So many lower-case letters and digits.
    Lower(u32),
    /// A number of 64 bits.
    Long,
    /// A UUID of version 4.
    Uuid,
    /// One of these.
    Of(&'static [&'static str]),
}

/// A place whose value is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Drawn {
    /// The name that stands in braces.
    pub(crate) name: &'static str,
    /// What its value belongs to.
    pub(crate) each: Each,
    /// How its value is made.
    pub(crate) how: How,
}

/// The hardware of nodes, as the kernel names it.
const HARDWARE: [&str; 6] = [
    "Amazon EC2 m6i.4xlarge/, BIOS 1.0 10/16/2017",
    "Google Google Compute Engine/Google Compute Engine, BIOS Google 01/25/2024",
    "OpenStack Foundation OpenStack Nova, BIOS 1.16.2-1 04/01/2014",
    "QEMU Standard PC (Q35 + ICH9, 2009), BIOS 1.16.2-debian-1.16.2-1 04/01/2014",
    "Microsoft Corporation Virtual Machine/Virtual Machine, BIOS Hyper-V UEFI Release v4.1 04/06/2022",
    "VMware, Inc. VMware Virtual Platform/440BX Desktop Reference Platform, BIOS 6.00 11/12/2020",
];
/// Where the code of services in Go calls others, and where it logs requests.
const GO_CLIENTS: [&str; 5] =
    ["httpx/client.go:74", "transport/roundtrip.go:118", "client/http.go:91", "rest/do.go:63", "upstream/call.go:140"];
const GO_ACCESS: [&str; 5] = [
    "httpx/access.go:48",
    "middleware/logging.go:57",
    "server/middleware.go:39",
    "rest/access.go:33",
    "api/logger.go:52",
];
/// What clients of providers call themselves.
const CLIENTS: [&str; 6] = [
    "okhttp/4.9.3",
    "axios/0.27.2",
    "python-requests/2.28.1",
    "Go-http-client/1.1",
    "Apache-HttpClient/4.5.13 (Java/17.0.9)",
    "Java/17.0.9",
];
/// What services in Go say of a call that failed.
const FAILED: [&str; 6] =
    ["call failed", "upstream request failed", "http request error", "request to backend failed", "do", "client error"];
/// What copies topics elsewhere.
const SINKS: [&str; 5] =
    ["connect-s3-sink-raw", "connect-es-sink", "dwh-loader", "connect-bq-stage", "mirrormaker2-dr"];
/// What browsers and other clients of users call themselves.
const AGENTS: [&str; 10] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/121.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:122.0) Gecko/20100101 Firefox/122.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
    "okhttp/4.12.0",
    "python-requests/2.31.0",
    "Dart/3.2 (dart:io)",
    "axios/1.6.7",
];

/// The neighbours of a network.
pub(crate) const NEIGHBORS: [&str; 5] = ["spine1", "spine2", "edge_rtr1", "edge_rtr2", "edge_rtr3"];

const fn drawn(name: &'static str, each: Each, how: How) -> Drawn {
    Drawn { name, each, how }
}

/// All places whose values are drawn. The place in the list is hashed into the values, so new ones are appended.
pub(crate) const DRAWN: [Drawn; 118] = [
    drawn("hex8", Each::Entry, How::Hex(8)),
    drawn("hex16", Each::Entry, How::Hex(16)),
    drawn("trace_id", Each::Entry, How::Hex(32)),
    drawn("hex64", Each::Entry, How::Hex(64)),
    drawn("uuid", Each::Entry, How::Uuid),
    drawn("uid", Each::Pod, How::Uuid),
    drawn("container_id", Each::Container, How::Hex(64)),
    drawn("lease_id", Each::Entry, How::Letters(24)),
    drawn("mount_id", Each::Part, How::Hex(8)),
    drawn("realm", Each::System, How::Of(&["internal", "customers", "platform", "main", "apps", "partners"])),
    drawn("realm_id", Each::System, How::Uuid),
    drawn("client_user_id", Each::Caller, How::Uuid),
    drawn("member_id", Each::Part, How::Hex(16)),
    drawn("remote_member_id", Each::Part, How::Hex(16)),
    drawn("remote_node", Each::Part, How::Of(&["node-2", "node-3", "node-4"])),
    drawn("revision", Each::Part, How::Rising(900_000, 90_000_000, 2050)),
    drawn("raft_index", Each::Part, How::Rising(90_000, 9_000_000, 450)),
    drawn("raft_term", Each::Part, How::Number(2, 40)),
    drawn("config_field", Each::Part, How::Of(&["retry_budget", "max_entries", "pool_size", "allow_list", "limits"])),
    drawn("zone_line", Each::Part, How::Number(12, 240)),
    drawn("doc_line", Each::System, How::Number(12, 240)),
    drawn("upstream_ip", Each::Part, How::Of(&["169.254.169.253", "10.0.0.2", "10.0.1.2"])),
    drawn("neighbor", Each::Part, How::Of(&NEIGHBORS)),
    drawn("neighbor_asn", Each::Part, How::Number(64_512, 65_534)),
    drawn("asn", Each::System, How::Number(64_512, 65_534)),
    drawn("peer_port_local", Each::Entry, How::Number(32_768, 60_999)),
    drawn("caller_port", Each::Entry, How::Number(32_768, 60_999)),
    drawn("kubelet_pid", Each::Node, How::Number(900, 1900)),
    drawn("containerd_pid", Each::Node, How::Number(600, 899)),
    drawn("chronyd_pid", Each::Node, How::Number(2000, 2400)),
    drawn("zebra_pid", Each::Part, How::Number(40, 90)),
    drawn("watchfrr_pid", Each::Part, How::Number(20, 39)),
    drawn("netlink_pid", Each::Part, How::Number(2_000_000_000, 4_290_000_000)),
    drawn("agent", Each::Entry, How::Of(&AGENTS)),
    drawn("image_digest", Each::Part, How::Hex(64)),
    drawn("nsandbox_id", Each::Entry, How::Hex(64)),
    drawn("ncontainer_id", Each::Entry, How::Hex(64)),
    drawn("npod_uid", Each::Entry, How::Uuid),
    drawn("veth", Each::Entry, How::Hex(8)),
    drawn("api_id", Each::Part, How::Lower(10)),
    drawn("api_key_id", Each::Caller, How::Lower(10)),
    drawn("incident_id", Each::Part, How::Lower(12)),
    drawn("config_sha512", Each::Part, How::Hex(128)),
    drawn("jgroups_id", Each::Part, How::Number(10_000, 64_000)),
    drawn("remote_server_id", Each::Part, How::Uuid),
    drawn("oom_score_adj", Each::Part, How::Number(3, 999)),
    drawn("msg_id", Each::Message, How::Uuid),
    drawn("digit", Each::Entry, How::Number(1, 9)),
    drawn("thread", Each::Entry, How::Number(1, 16)),
    drawn("n3", Each::Entry, How::Number(100, 999)),
    drawn("session", Each::Entry, How::Number(1000, 32_000)),
    drawn("bytes", Each::Entry, How::Number(180, 9800)),
    drawn("waiting", Each::Entry, How::Number(4, 90)),
    drawn("pid", Each::Container, How::Number(7, 97)),
    drawn("offsets", Each::Consumer, How::Number(0, 49)),
    drawn("cluster_uuid", Each::Part, How::Uuid),
    drawn("producer_id", Each::Queue, How::Number(1000, 90_000)),
    drawn("member_uuid", Each::Consumer, How::Uuid),
    drawn("seq", Each::Part, How::Rising(40, 900, 1)),
    drawn("bug_line", Each::Part, How::Number(40, 480)),
    drawn("conn", Each::Part, How::Rising(20_000, 6_000_000, 530)),
    drawn("cow", Each::Entry, How::Number(4, 19)),
    drawn("cow_mean", Each::Entry, How::Number(1, 4)),
    drawn("startup_pid", Each::Container, How::Number(24, 33)),
    drawn("checkpoint_pid", Each::Container, How::Number(34, 39)),
    drawn("cpu", Each::Entry, How::Number(0, 15)),
    drawn("hardware", Each::Node, How::Of(&HARDWARE)),
    drawn("took_ms", Each::Entry, How::Number(4012, 19_400)),
    drawn("thread_id", Each::Part, How::Rising(9000, 700_000, 41)),
    drawn("accessor", Each::Caller, How::Hex(64)),
    drawn("error_bytes", Each::Part, How::Number(19, 168)),
    drawn("dbid", Each::Part, How::Number(16_384, 16_410)),
    drawn("session2", Each::Entry, How::Number(1000, 64_000)),
    drawn("go_client", Each::System, How::Of(&GO_CLIENTS)),
    drawn("go_access", Each::System, How::Of(&GO_ACCESS)),
    drawn(
        "log_client",
        Each::System,
        How::Of(&["RestClientCallLogger", "HttpCallLogger", "OutboundLogger", "ClientTracing"]),
    ),
    drawn("log_cache", Each::System, How::Of(&["CacheGuard", "RedisSupport", "CacheErrorLogger", "SafeCache"])),
    drawn("log_access", Each::System, How::Of(&["AccessLogFilter", "RequestLogFilter", "HttpLogFilter"])),
    drawn("retry_ms", Each::Entry, How::Number(3, 61)),
    drawn("small", Each::Entry, How::Number(2, 9)),
    drawn("dns_port", Each::Entry, How::Number(32_768, 60_999)),
    drawn("members", Each::Consumer, How::Number(2, 6)),
    drawn("seq_next", Each::Part, How::After("seq")),
    drawn("erl", Each::Part, How::Rising(900_000, 9_000_000, 700)),
    drawn("erl_old", Each::Part, How::Rising(900_000, 9_000_000, 700)),
    drawn("stream_id", Each::Entry, How::Long),
    drawn("new_thread", Each::Part, How::Rising(9000, 700_000, 41)),
    drawn("generation", Each::Consumer, How::Counting(4, 700, 300)),
    drawn("generation_next", Each::Consumer, How::After("generation")),
    drawn("sink_generation", Each::Part, How::Counting(3, 160, 3600)),
    drawn("sink_generation_next", Each::Part, How::After("sink_generation")),
    drawn("stuck_seq", Each::Part, How::Number(310_000, 98_000_000)),
    drawn("stuck_pos", Each::Part, How::Number(4_100, 1_060_000_000)),
    drawn("stuck_key", Each::Part, How::Number(21_000, 48_900_000)),
    drawn("events", Each::Part, How::Rising(900_000, 90_000_000, 18_700)),
    drawn("conflicts", Each::Part, How::Rising(900_000_000, 2_900_000_000, 3_100_417)),
    drawn("occupied", Each::Part, How::Rising(400, 90_000, 3)),
    drawn("connect_sink", Each::System, How::Of(&SINKS)),
    drawn(
        "probe",
        Each::Part,
        How::Of(&[
            "8081/actuator/health/readiness",
            "8080/healthz",
            "8080/health",
            "3000/readyz",
            "9090/-/ready",
            "8080/api/health",
            "8000/status",
        ]),
    ),
    drawn(
        "monitor",
        Each::Part,
        How::Of(&[
            "Blackbox Exporter/0.24.0",
            "UptimeRobot/2.0",
            "Site24x7",
            "check_http/v2.3.3 (monitoring-plugins 2.3.3)",
        ]),
    ),
    drawn("svc_line", Each::Part, How::Number(31, 390)),
    drawn("ctl_line", Each::Part, How::Number(22, 210)),
    drawn("scraped", Each::Part, How::Rising(31_000, 460_000, 3)),
    drawn("go_failed", Each::System, How::Of(&FAILED)),
    drawn("py_db", Each::Part, How::Of(&["db", "storage.session", "models.base", "db.session", "persistence"])),
    drawn(
        "py_client",
        Each::Part,
        How::Of(&["clients", "integrations.http", "services.remote", "gateway", "utils.http"]),
    ),
    drawn("token_hmac", Each::Caller, How::Hex(64)),
    drawn("entity_id", Each::Caller, How::Uuid),
    drawn("pod_version", Each::Pod, How::Number(28_000_000, 39_900_000)),
    drawn("volatile", Each::Part, How::Rising(900, 131_000, 2)),
    drawn("clients", Each::Part, How::Rising(48, 870, 1)),
    drawn("keys", Each::Part, How::Rising(140_000, 390_000, 7)),
    drawn("heap", Each::Part, How::Rising(310_000_000, 980_000_000, 41_017)),
    drawn("aof", Each::Part, How::Counting(3, 900, 3600)),
    drawn("aof_next", Each::Part, How::After("aof")),
    drawn("sinks", Each::Part, How::Number(2, 8)),
    drawn("sink_offsets", Each::Part, How::Number(0, 49)),
    drawn("client_version", Each::Caller, How::Of(&CLIENTS)),
];

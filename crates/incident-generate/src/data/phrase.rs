//! Phrases: texts with named places that are filled in.

use crate::data::places::{DRAWN, Drawn};

incident_env::named_enum! {
    /// A place whose value follows from what the phrase is about.
    pub(crate) enum Known ("place", "places") {
        Itself = "self",
        Peer = "peer",
        Caller = "caller",
        Job = "job",
        Cert = "cert",
        CertDays = "cert_days",
        CertLoaded = "cert_loaded",
        Flag = "flag",
        Zone = "zone",
        Ip = "ip",
        Word = "word",
        OtherWord = "other_word",
        Ms = "ms",
        N = "n",
        Few = "few",
        Pct = "pct",
        Mb = "mb",
        Minutes = "minutes",
        Short = "short",
        Rows = "rows",
        Gen = "gen",
        Next = "next",
        Date = "date",
        Clock = "clock",
        Milli = "milli",
        Micro = "micro",
        Iso = "iso",
        Syslog = "syslog",
        Clf = "clf",
        Dmy = "dmy",
        Epoch = "epoch",
        EpochStart = "epoch_start",
        Mmdd = "mmdd",
        Pod = "pod",
        Host = "host",
        Node = "node",
        NodeIp = "node_ip",
        Namespace = "namespace",
        App = "app",
        Version = "version",
        Image = "image",
        OwnIp = "own_ip",
        PeerHost = "peer_host",
        PeerIp = "peer_ip",
        PeerAddr = "peer_addr",
        PeerPort = "peer_port",
        CallerIp = "caller_ip",
        CallerAddr = "caller_addr",
        Database = "database",
        User = "user",
        Table = "table",
        Topic = "topic",
        Group = "group",
        Partition = "partition",
        Offset = "offset",
        LogEnd = "log_end",
        LogBehind = "log_behind",
        LogStart = "log_start",
        Queue = "queue",
        ZoneFile = "zone_file",
        KeyPattern = "key_pattern",
        Route = "route",
        Method = "method",
        Seconds = "seconds",
        TimeoutMs = "timeout_ms",
        TimeoutS = "timeout_s",
        Status = "status",
        LimitKb = "limit_kb",
        RssKb = "rss_kb",
        VmKb = "vm_kb",
        Pool = "pool",
        Idle = "idle",
        Busy = "busy",
        Rev = "rev",
        VersionOf = "version_of",
        MaxConnections = "max_connections",
        SkewS = "skew_s",
        CertEndIso = "cert_end_iso",
        SinceIso = "since_iso",
        Attempt = "attempt",
        Tries = "tries",
        Restarts = "restarts",
        BackOff = "back_off",
        RestartsHour = "restarts_hour",
        Until = "until",
        BugFile = "bug_file",
        BugClass = "bug_class",
        BugFn = "bug_fn",
        BugMethod = "bug_Fn",
        BugField = "bug_field",
        Blocker = "blocker",
        Relation = "relation",
        Text = "text",
        Level = "level",
        BugLfn = "bug_lfn",
        SkewMs = "skew_ms",
        TableName = "table_name",
        AheadIso = "ahead_iso",
        CertEndJava = "cert_end_java",
        RevisionBefore = "revision_before",
        RaftIndexBefore = "raft_index_before",
        RemoteMemberIp = "remote_member_ip",
        RemoteNodeIp = "remote_node_ip",
        ConfigKey = "config_key",
        ClientId = "client_id",
        Role = "role",
        ZoneSerial = "zone_serial",
        ZoneOrigin = "zone_origin",
        EventCount = "event_count",
        EventHex16 = "event_hex16",
        EventFirst = "event_first",
        Started = "started",
        LastStarted = "last_started",
        LastEnded = "last_ended",
        LastContainerId = "last_container_id",
        Comm = "comm",
        UidUs = "uid_us",
        PgtablesKb = "pgtables_kb",
        ImageRepo = "image_repo",
        DateSlash = "date_slash",
        DnsIp = "dns_ip",
        Code = "code",
        PartnerRoute = "partner_route",
        NeighborIp = "neighbor_ip",
        Neighbor2 = "neighbor_2",
        Neighbor3 = "neighbor_3",
        Neighbor4 = "neighbor_4",
        NeighborIp2 = "neighbor_ip_2",
        NeighborIp3 = "neighbor_ip_3",
        NeighborIp4 = "neighbor_ip_4",
        Prefix = "prefix",
        UsualPrefix = "usual_prefix",
        KubeletPid7 = "kubelet_pid7",
        NtpIp = "ntp_ip",
        NtpIp2 = "ntp_ip2",
        Npod = "npod",
        Nns = "nns",
        Ncontainer = "ncontainer",
        Nimage = "nimage",
        ApiserverAddr = "apiserver_addr",
        EpochBegin = "epoch_begin",
        Member = "member",
        MemberIp = "member_ip",
        FlagPct = "flag_pct",
        MethodWord = "method_word",
        MethodLower = "method_lower",
        Records = "records",
        Domain = "domain",
        ApiHost = "api_host",
        NtpName = "ntp_name",
        NtpName2 = "ntp_name2",
        MsUp = "ms_up",
        SecondsUp = "seconds_up",
        WaitedMs = "waited_ms",
        Took = "took",
        Sent = "sent",
        DnsSize = "dns_size",
        DnsAnswer = "dns_answer",
        DnsNone = "dns_none",
        PtrName = "ptr_name",
        ProxyTemp = "proxy_temp",
        WorkerConnections = "worker_connections",
        SnapshotIndex = "snapshot_index",
        SnapshotBefore = "snapshot_before",
        CompactIndex = "compact_index",
        SnapshotFile = "snapshot_file",
        WalFile = "wal_file",
        SegmentFile = "segment_file",
        EventUid = "event_uid",
        EventVersion = "event_version",
        FileKb = "file_kb",
        Backend = "backend",
        WaitQueue = "wait_queue",
        SpringThread = "spring_thread",
        Lsn = "lsn",
        LastUp = "last_up",
        Checkpoint = "checkpoint",
        CheckpointRecovery = "checkpoint_recovery",
        One = "one",
        OneClass = "One",
        Done = "done",
        Package = "package",
        Pad = "pad",
        PeerUrl = "peer_url",
        CaughtUpMs = "caught_up_ms",
        RetainedMs = "retained_ms",
        MsOver = "ms_over",
        Uptime = "uptime",
        Waiter = "waiter",
        Lookup = "lookup",
        LookupLost = "lookup_lost",
        LookupSlow = "lookup_slow",
        Compacted = "compacted",
        CompactedBefore = "compacted_before",
        Lapse = "lapse",
        Kernel = "kernel",
        Frame = "frame",
        SqlRead = "sql_read",
        SqlReadAt = "sql_read_at",
        SqlChange = "sql_change",
        SqlChangeAt = "sql_change_at",
        SqlAdd = "sql_add",
        SqlAddAt = "sql_add_at",
        ReaderIp = "reader_ip",
        CallFailed = "call_failed",
        IssuedIso = "issued_iso",
        LookupOther = "lookup_other",
        QueryFailed = "query_failed",
        GoMod = "go_mod",
        BugNull = "bug_null",
        BugLfield = "bug_lfield",
    }
}

/// A place in a phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Its value follows from what the phrase is about.
    Known(Known),
    /// Its value is drawn. The number tells it from the others that are.
    Drawn(u64, Drawn),
}

impl Place {
    /// Finds the place that a name in braces stands for.
    fn named(name: &str) -> Option<Self> {
        let drawn = || (0..).zip(DRAWN).find(|(_, place)| place.name == name);
        Known::from_name(name).map(Self::Known).or_else(|| drawn().map(|(number, place)| Self::Drawn(number, place)))
    }

    /// Returns whether the place names the other end of a call.
    pub(crate) const fn is_of_peer(self) -> bool {
        matches!(
            self,
            Self::Known(
                Known::Peer | Known::PeerHost | Known::PeerIp | Known::PeerAddr | Known::PeerPort | Known::PeerUrl
            )
        )
    }
}

/// What fills the places of phrases.
pub(crate) trait Fill {
    /// Appends what belongs at a place. `index` tells the places of one phrase apart.
    fn fill(&self, out: &mut String, place: Place, index: u64);
}

/// A text with named places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Phrase(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(Place),
}

impl Phrase {
    /// Reads `text with {places}`. A doubled brace stands for the brace itself.
    ///
    /// # Errors
    /// The text names the unknown place, or says that a brace is not closed.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                plain.push_str(brace);
                rest = after;
                continue;
            }
            let closed = (brace == "{").then(|| rest.split_once('}')).flatten();
            let (name, after) = closed.ok_or_else(|| format!("'{text}': a brace is not closed"))?;
            let place = Place::named(name).ok_or_else(|| format!("'{text}': unknown place '{{{name}}}'"))?;
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Place(place));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }

    /// Appends the text with its places filled in.
    pub(crate) fn write(&self, out: &mut String, fill: &impl Fill) {
        for (index, part) in self.0.iter().enumerate() {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Place(place) => fill.fill(out, *place, index as u64),
            }
        }
    }

    /// Goes through the places of the phrase.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> + '_ {
        self.0.iter().filter_map(|part| match part {
            Part::Place(place) => Some(*place),
            Part::Text(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    struct Names;

    impl Fill for Names {
        fn fill(&self, out: &mut String, place: Place, _index: u64) {
            let name = match place {
                Place::Known(known) => known.as_str(),
                Place::Drawn(_, drawn) => drawn.name,
            };
            let _ = write!(out, "<{name}>");
        }
    }

    #[test]
    fn places_are_filled_in() {
        for (text, filled) in [
            ("{self} to {peer}: {ms} ms", "<self> to <peer>: <ms> ms"),
            ("{{\"msg\":\"{text}\"}}", "{\"msg\":\"<text>\"}"),
            ("plain", "plain"),
            ("", ""),
        ] {
            let mut out = String::new();
            Phrase::parse(text).unwrap().write(&mut out, &Names);
            assert_eq!(out, filled);
        }
        for (text, problem) in [("{nothing}", "'{nothing}'"), ("{self", "not closed"), ("a } b", "not closed")] {
            assert!(Phrase::parse(text).unwrap_err().contains(problem), "{text}");
        }
    }
}

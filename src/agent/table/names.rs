//! What the name of a part tells of its kind, where nothing else does yet.

/// Names that are words of one kind and mean another.
const WHOLE: [(&str, &str); 9] = [
    ("iam-svc", "identity"),
    ("cfg-svc", "config"),
    ("dns-svc", "dns"),
    ("auth-backend", "identity"),
    ("gateway-service", "gateway"),
    ("config-service", "config"),
    ("identity-service", "identity"),
    ("rtr-core", "network"),
    ("net-core", "network"),
];
/// The words that names of parts of a kind end with, or else begin with.
const WORDS: [(&str, &[&str]); 12] = [
    ("api", &["api", "service", "svc", "backend", "v2", "legacy"]),
    ("db", &["db", "database", "store"]),
    ("queue", &["queue", "events", "mq", "bus", "stream", "broker"]),
    ("cache", &["cache"]),
    ("worker", &["worker", "consumer", "wrk", "processor"]),
    ("batch", &["batch", "job", "cron", "nightly", "etl", "export"]),
    ("gateway", &["gateway", "gw", "proxy", "ingress"]),
    ("external", &["provider"]),
    ("config", &["config", "configuration"]),
    ("identity", &["identity", "sso", "auth"]),
    ("dns", &["dns"]),
    ("network", &["network", "router", "backbone"]),
];
/// How names of nodes begin.
const NODES: [&str; 9] = ["node-", "ip-", "gke-", "aks-", "k8s-", "worker0", "kube-node-", "prod-k8s-w", "k8s-worker"];

/// Returns the kind of a part that its name tells.
pub(super) fn kind_by_name(part: &str) -> Option<&'static str> {
    if part.contains('.') || part.contains("-k8s-") || NODES.iter().any(|node| part.starts_with(node)) {
        return Some("node");
    }
    let whole = WHOLE.iter().find(|(name, _)| *name == part).map(|(_, kind)| *kind);
    let of = |word: &str| WORDS.iter().find(|(_, words)| words.contains(&word)).map(|(kind, _)| *kind);
    let last = || part.rsplit('-').next().and_then(of);
    let first = || part.split_once('-').and_then(|(first, _)| of(first));
    whole.or_else(last).or_else(first)
}

#[cfg(test)]
mod tests {
    use super::kind_by_name;

    #[test]
    fn names_tell_the_kinds_of_parts() {
        for (name, kind) in [
            ("orders-api", Some("api")),
            ("svc-auth-tokens", Some("api")),
            ("legacy-cart-svc", Some("api")),
            ("db-accounts", Some("db")),
            ("iam-svc", Some("identity")),
            ("ip-10-2-41-7.eu-west-1.compute.internal", Some("node")),
            ("worker-orders", Some("worker")),
            ("node-1", Some("node")),
            ("paybrixo", None),
        ] {
            assert_eq!(kind_by_name(name), kind, "{name}");
        }
    }
}

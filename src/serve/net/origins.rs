//! Decides which web pages may use the server, by the origin and the host that their requests name.

use std::net::IpAddr;

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName};

/// The web pages that may use the server. Programs other than browsers send no origin, and may use it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins {
    /// The allowed origins besides the server's own, such as `https://example.com`; `*` allows all.
    pub allowed: Vec<String>,
    /// Whether only this machine can reach the server. Then the server's own origin must have a name that means this
    /// machine, since a page can make its own name resolve to this machine (DNS rebinding).
    pub local: bool,
}

impl Origins {
    /// Returns whether every page may use the server.
    #[must_use]
    pub fn all(&self) -> bool {
        self.allowed.iter().any(|origin| origin == "*")
    }

    /// Returns whether a page of this origin is listed.
    #[must_use]
    pub fn lists(&self, origin: &str) -> bool {
        self.all() || self.allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }

    /// Returns whether a request is addressed to a name of this server. If only this machine can reach it, a page that
    /// made its own name resolve to this machine asks under that name, and its browser sends no origin when it only
    /// reads.
    pub(crate) fn is_own_name(&self, headers: &HeaderMap) -> bool {
        let named = |host: &str| {
            let authorities = self.allowed.iter().filter_map(|origin| origin.split_once("://"));
            authorities.into_iter().any(|(_, authority)| authority.eq_ignore_ascii_case(host))
        };
        !self.local || self.all() || header_text(headers, HOST).is_some_and(|host| is_loopback(host) || named(host))
    }

    /// Returns whether the sender of these headers may use the server.
    pub(crate) fn admit(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        if self.lists(origin) {
            return true;
        }
        // A proxy that ends TLS in front of the server changes the scheme and nothing else.
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority
            .zip(header_text(headers, HOST))
            .is_some_and(|(authority, host)| authority.eq_ignore_ascii_case(host) && (!self.local || is_loopback(host)))
    }
}

/// Returns whether a `Host` means this machine by a name that nobody else can assign to it.
pub(crate) fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Reads a header as text.
pub(crate) fn header_text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_was_turned_around_is_not_the_servers_own() {
        let under = |host: &str| HeaderMap::from_iter([(HOST, host.parse().unwrap())]);
        let local = Origins { local: true, ..Origins::default() };
        assert!(local.is_own_name(&under("127.0.0.1:7860")) && local.is_own_name(&under("localhost")));
        assert!(!local.is_own_name(&under("evil.example:7860")) && !local.is_own_name(&HeaderMap::new()));
        let named = Origins { allowed: vec!["https://bench.example".to_owned()], ..local.clone() };
        assert!(named.is_own_name(&under("Bench.example")) && !named.is_own_name(&under("evil.example")));
        let all = Origins { allowed: vec!["*".to_owned()], ..local };
        assert!(all.is_own_name(&under("evil.example")) && Origins::default().is_own_name(&under("evil.example")));
    }

    #[test]
    fn only_names_that_mean_this_machine_for_everybody() {
        for host in ["localhost", "localhost:7860", "127.0.0.1:7860", "127.3.2.1", "[::1]:7860", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in
            ["", "example.com", "localhost.example.com", "10.0.0.1:7860", "[::]", "127.0.0.1.example.com", "::1"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn pages_of_the_server_itself_and_of_who_is_listed() {
        let headers = |origin: &str, host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            if !origin.is_empty() {
                headers.insert(ORIGIN, origin.parse().unwrap());
            }
            headers
        };
        let local = Origins { allowed: vec!["https://lab.example".to_owned()], local: true };
        let open = Origins { local: false, ..local.clone() };
        for (origin, host, by_local, by_open) in [
            ("", "localhost:7860", true, true),
            ("", "evil.example", true, true),
            ("http://localhost:7860", "localhost:7860", true, true),
            ("http://localhost:3000", "localhost:7860", false, false),
            ("https://lab.example", "localhost:7860", true, true),
            ("http://lab.example", "localhost:7860", false, false),
            ("https://bench.example", "bench.example", false, true),
            ("http://evil.example:7860", "evil.example:7860", false, true),
            ("http://evil.example", "localhost:7860", false, false),
            ("null", "localhost:7860", false, false),
            ("null", "null", false, false),
        ] {
            let headers = headers(origin, host);
            assert_eq!((local.admit(&headers), open.admit(&headers)), (by_local, by_open), "{origin} at {host}");
        }
        let all = Origins { allowed: vec!["*".to_owned()], local: true };
        assert!(all.admit(&headers("null", "localhost")));
    }
}

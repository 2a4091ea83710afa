//! The way to an endpoint: straight, or through the proxy that the environment names.

use std::env;

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use reqwest::Url;

use super::config::SetupError;

/// The kinds of proxies that can be used.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];
/// A proxy that is not asked for anything: it stands for any in a question about exceptions.
const ANY_PROXY: &str = "http://proxy.invalid:1";

/// The way to an endpoint.
#[derive(Debug)]
pub(super) enum Way {
    /// There is no proxy, or the HTTP library leaves it aside for this address.
    Straight,
    /// The environment excepts this address in a form that the HTTP library does not know.
    Excepted,
    /// There is a proxy.
    Through(Proxy),
}

/// A proxy.
#[derive(Debug)]
pub(super) struct Proxy {
    /// The variable of the environment that names it.
    pub(super) variable: &'static str,
    /// Whether it passes requests on and can answer them itself. It does so for addresses without TLS.
    pub(super) answers: bool,
    /// Its address, and the name and the password for it.
    pub(super) address: Intercept,
}

impl Way {
    /// The proxy, if there is one.
    pub(super) const fn proxy(&self) -> Option<&Proxy> {
        match self {
            Self::Through(proxy) => Some(proxy),
            Self::Straight | Self::Excepted => None,
        }
    }

    /// Finds the way to an address.
    ///
    /// # Errors
    /// Says which variable names a proxy that cannot be used. The error does not repeat its value, which may have a password.
    pub(super) fn to(url: &Url) -> Result<Self, SetupError> {
        let names: [&'static str; 4] = match url.scheme() {
            "https" => ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
            _ => ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
        };
        let Some((variable, value)) = names.into_iter().find_map(set) else { return Ok(Self::Straight) };
        let Ok(uri) = url.as_str().parse() else { return Ok(Self::Straight) };
        let exceptions = ["no_proxy", "NO_PROXY"].into_iter().find_map(set).map(|(_, value)| value).unwrap_or_default();
        if is_excepted(url, &exceptions) {
            return Ok(Self::Excepted);
        }
        if Matcher::builder().all(ANY_PROXY).no(exceptions).build().intercept(&uri).is_none() {
            return Ok(Self::Straight);
        }
        if let Some((scheme, _)) = value.split_once("://")
            && !SCHEMES.contains(&scheme.to_ascii_lowercase().as_str())
        {
            return Err(SetupError::Proxy { variable, scheme: scheme.chars().take(20).collect() });
        }
        let address = Matcher::builder().all(value).build().intercept(&uri);
        let Some(address) = address.filter(|address| address.uri().host().is_some_and(|host| !host.is_empty())) else {
            // The HTTP library would leave it aside, and the call would go out without the proxy.
            return Err(SetupError::ProxyAddress(variable));
        };
        let is_http = matches!(address.uri().scheme_str(), Some("http" | "https"));
        Ok(Self::Through(Proxy { variable, answers: is_http && url.scheme() == "http", address }))
    }
}

/// The value of a variable of the environment, unless it is empty.
// The HTTP library reads these variables itself, and does not say which one it took.
#[expect(clippy::disallowed_methods, reason = "the way is that of the HTTP library; errors name the variable")]
pub(super) fn set(name: &'static str) -> Option<(&'static str, String)> {
    env::var(name).ok().filter(|value| !value.is_empty()).map(|value| (name, value))
}

/// Whether an address is excepted by `*`, which the HTTP library knows for names only, or by a host with its port, which it
/// does not know.
fn is_excepted(url: &Url, exceptions: &str) -> bool {
    let Ok(uri) = url.as_str().parse() else { return false };
    exceptions.split(',').map(str::trim).any(|entry| {
        let of_port = entry.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
        let host = of_port.filter(|(_, port)| port.parse().ok() == url.port_or_known_default()).map(|(host, _)| host);
        let is_host = |host: &str| {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            !host.is_empty() && Matcher::builder().all(ANY_PROXY).no(host).build().intercept(&uri).is_none()
        };
        entry == "*" || host.is_some_and(is_host)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_of_many_forms() {
        for (url, exceptions, is) in [
            ("http://127.0.0.1:7103/v1", "*", true),
            ("http://127.0.0.1:7103/v1", "example.org, 127.0.0.1:7103", true),
            ("http://127.0.0.1:7103/v1", "127.0.0.1:7104", false),
            ("http://[::1]:7103/v1", "[::1]:7103", true),
            ("https://api.example.org/v1", "example.org:443", true),
            ("https://api.example.org/v1", "example.org:80", false),
            ("https://api.example.org/v1", "other.org:443", false),
            // What the HTTP library knows is left to it.
            ("http://127.0.0.1:7103/v1", "127.0.0.1", false),
            ("http://[::1]:7103/v1", "::1", false),
            ("http://127.0.0.1:7103/v1", "", false),
        ] {
            assert_eq!(is_excepted(&Url::parse(url).unwrap(), exceptions), is, "{url} {exceptions}");
        }
    }
}

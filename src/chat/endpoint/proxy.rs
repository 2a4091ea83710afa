//! The proxy that the environment names, and the faults of proxies and certificates.

use std::env;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;

use super::config::SetupError;
use crate::chat::error::with_causes;
use crate::chat::{ChatError, ErrorKind};

/// The kinds of proxies that can be used.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// Returns the variable of the environment that names the proxy through which an address is reached, if there is one.
pub(super) fn variable_for(url: &Url) -> Result<Option<&'static str>, SetupError> {
    let names: [&'static str; 4] = match url.scheme() {
        "https" => ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
        _ => ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
    };
    // The HTTP library reads these variables itself, and does not say which one it took.
    #[expect(clippy::disallowed_methods, reason = "nothing is configured by it; errors name the variable")]
    let set = |name: &'static str| env::var(name).ok().filter(|value| !value.is_empty()).map(|value| (name, value));
    let Some((variable, value)) = names.into_iter().find_map(set) else { return Ok(None) };
    if let Some((scheme, _)) = value.split_once("://")
        && !SCHEMES.contains(&scheme.to_ascii_lowercase().as_str())
    {
        return Err(SetupError::Proxy { variable, scheme: scheme.chars().take(20).collect() });
    }
    let is_used = url.as_str().parse().is_ok_and(|uri| Matcher::from_env().intercept(&uri).is_some());
    Ok(is_used.then_some(variable))
}

/// Makes the error for a fault below HTTP, where there was no complete answer.
pub(super) fn transport(error: &reqwest::Error, proxy: Option<&'static str>) -> ChatError {
    let words = with_causes(error);
    let lower = words.to_lowercase();
    let (kind, cure) = if lower.contains("certificate") {
        (ErrorKind::Certificate, "if a company opens the traffic, set SSL_CERT_FILE to a file with its certificate")
    } else if lower.contains("proxy authorization required") || lower.contains("proxy authentication required") {
        (ErrorKind::ProxyRefused, "write its name and password into the variable: http://NAME:PASSWORD@HOST:PORT")
    } else if error.is_connect() {
        (ErrorKind::Connect, "")
    } else if error.is_timeout() {
        (ErrorKind::Timeout, "")
    } else {
        (ErrorKind::ConnectionLost, "")
    };
    let through = proxy.map(|variable| format!("through the proxy that {variable} names"));
    let parts = [Some(words), through, Some(cure.to_owned()).filter(|cure| !cure.is_empty())];
    ChatError::new(kind, &parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
}

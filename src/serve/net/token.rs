//! Decides who may start runs, which cost money: clients that have the token, or without one those on this machine.

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HOST};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::origins::{header_text, is_loopback};
use crate::serve::error::Fault;

/// Admits a request that carries the token. Without a token it admits requests to a name that means this machine.
///
/// # Errors
/// Returns [`Fault::Unauthorized`] if the token is missing or another one, and [`Fault::Foreign`] if there is no token and
/// the request came under another name.
pub(crate) fn admit(token: Option<&SecretString>, headers: &HeaderMap) -> Result<(), Fault> {
    let Some(token) = token else {
        // A page can also reach a machine by a name that it made resolve to it; the name of its origin is checked
        // elsewhere.
        let host = header_text(headers, HOST).unwrap_or("localhost");
        return if is_loopback(host) { Ok(()) } else { Err(Fault::Foreign) };
    };
    let given = header_text(headers, AUTHORIZATION);
    let given = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    // Digests are compared, so that the time of the comparison tells nothing about the token.
    if Sha256::digest(given.trim()) == Sha256::digest(token.expose_secret()) {
        Ok(())
    } else {
        Err(Fault::Unauthorized)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_or_this_machine() {
        let headers = |host: &str, authorization: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            if !authorization.is_empty() {
                headers.insert(AUTHORIZATION, authorization.parse().unwrap());
            }
            headers
        };
        let token = SecretString::from("s3cret");
        for (token, host, authorization, is_admitted) in [
            (Some(&token), "bench.example", "Bearer s3cret", true),
            (Some(&token), "localhost", "Bearer s3cre", false),
            (Some(&token), "localhost", "s3cret", false),
            (Some(&token), "localhost", "", false),
            (None, "localhost:7860", "", true),
            (None, "bench.example", "Bearer anything", false),
        ] {
            let admitted = admit(token, &headers(host, authorization)).is_ok();
            assert_eq!(admitted, is_admitted, "{host} {authorization}");
        }
    }
}

//! The headers of requests, and the secrets that travel in them.

use std::collections::BTreeMap;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::address::Addresses;
use super::config::{Endpoint, SetupError};
use crate::chat::Api;
use crate::chat::wire::Secrets;

/// The version of Messages that is spoken.
const MESSAGES_VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");

/// The headers whose values say who asks and how, and are no secret.
const OPEN_HEADERS: [&str; 10] = [
    "accept",
    "anthropic-beta",
    "anthropic-version",
    "content-type",
    "http-referer",
    "openai-beta",
    "referer",
    "user-agent",
    "x-title",
    "x-openrouter-title",
];

/// The headers of requests by one API: the key as this API takes it, and the configured ones, which win.
pub(super) fn headers(endpoint: &Endpoint, addresses: &Addresses, api: Api) -> Result<HeaderMap, SetupError> {
    let mut headers = HeaderMap::new();
    if let Some(key) = &endpoint.key {
        let (name, value) = match api {
            _ if addresses.is_bearer() => (AUTHORIZATION, bearer(key)),
            Api::Messages => (HeaderName::from_static("x-api-key"), key.expose_secret().to_owned()),
            Api::Chat | Api::Responses if addresses.is_azure() => {
                (HeaderName::from_static("api-key"), key.expose_secret().to_owned())
            }
            Api::Chat | Api::Responses => (AUTHORIZATION, bearer(key)),
        };
        let mut value = HeaderValue::from_str(&value).map_err(|_| SetupError::Key)?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    if api == Api::Messages {
        headers.insert(MESSAGES_VERSION.0, HeaderValue::from_static(MESSAGES_VERSION.1));
    }
    for (name, value) in &endpoint.headers {
        let parsed = HeaderName::try_from(name).ok().zip(HeaderValue::from_str(value).ok());
        let (header, mut value) = parsed.ok_or_else(|| SetupError::Header(name.clone()))?;
        value.set_sensitive(is_secret(name));
        headers.insert(header, value);
    }
    Ok(headers)
}

fn bearer(key: &SecretString) -> String {
    format!("Bearer {}", key.expose_secret())
}

fn is_secret(header: &str) -> bool {
    !OPEN_HEADERS.contains(&header.to_ascii_lowercase().as_str())
}

/// All that must not be shown of what is sent to an endpoint.
pub(super) fn secrets(endpoint: &Endpoint, addresses: &Addresses) -> Secrets {
    let key = endpoint.key.iter().map(|key| key.expose_secret().to_owned());
    Secrets::new(key.chain(addresses.secrets())).and(header_secrets(&endpoint.headers))
}

/// What is secret of the headers that are configured.
#[must_use]
pub fn header_secrets(headers: &BTreeMap<String, String>) -> Secrets {
    Secrets::new(headers.iter().filter(|(name, _)| is_secret(name)).flat_map(|(_, value)| {
        // The word before a token, as in `Bearer abc`, is not secret.
        let token = value.rsplit_once(' ').map(|(_, token)| token.to_owned());
        [Some(value.clone()), token].into_iter().flatten()
    }))
}

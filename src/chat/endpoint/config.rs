//! What is to be known of an endpoint.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::chat::limit::Limiter;

/// The waits for an answer. Comments and pings are no data, but they begin a wait anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The longest silence before the first data of an answer.
    pub first_data: Duration,
    /// The longest silence after the first data.
    pub between_data: Duration,
    /// The time for one attempt, from connecting to the last byte.
    pub whole: Duration,
}

impl Patience {
    /// The waits for a model that thinks before it answers, which may be silent for long also after its first data.
    #[must_use]
    pub fn with_reasoning() -> Self {
        Self { between_data: Self::default().first_data, ..Self::default() }
    }

    /// The waits of an endpoint that may be silent for this long.
    #[must_use]
    pub fn of_silence(longest: Duration) -> Self {
        Self { first_data: longest, between_data: longest, whole: Self::default().whole.max(longest) }
    }
}

impl Default for Patience {
    fn default() -> Self {
        let [first_data, between_data, whole] = [600, 120, 1_800].map(Duration::from_secs);
        Self { first_data, between_data, whole }
    }
}

/// An endpoint: its address, key, headers and limits.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The URL without its ending, such as `/chat/completions`. It may have a query, which every request gets.
    pub base_url: String,
    /// The key, if one is sent.
    pub key: Option<SecretString>,
    /// Further headers that are sent. They win over ours.
    pub headers: BTreeMap<String, String>,
    /// The waits for an answer.
    pub patience: Patience,
    /// The most bytes of an answer in one piece that are read.
    pub max_body: usize,
    /// The limiter that makes calls wait for their turn; none if they need not wait.
    pub limiter: Option<Arc<Limiter>>,
}

impl Default for Endpoint {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            key: None,
            headers: BTreeMap::new(),
            patience: Patience::default(),
            // This is far more than any completion that a limit on tokens allows.
            max_body: 4 * 1024 * 1024,
            limiter: None,
        }
    }
}

/// The reasons why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The key has bytes that no header can carry. The error does not repeat the key.
    #[error("the API key has characters that cannot be sent, such as a line break; check the variable that holds it")]
    Key,
    /// A header of the provider is wrong.
    #[error("'{0}' is no valid header name or value")]
    Header(String),
    /// The URL is wrong.
    #[error("'{url}' is no URL: {problem}")]
    Url {
        /// The URL that was given.
        url: String,
        /// The problem with the URL.
        problem: String,
    },
    /// The environment names a proxy that cannot be used.
    #[error(
        "{variable} names a proxy that begins with '{scheme}://'; a proxy begins with http://, https://, socks5:// or \
         socks5h://, or set NO_PROXY to the host of the endpoint"
    )]
    Proxy {
        /// The variable.
        variable: &'static str,
        /// The scheme of its value.
        scheme: String,
    },
    /// The environment names a proxy by what is no address. The error does not repeat it, because it may have a password.
    #[error(
        "{0} is no address of a proxy, such as http://HOST:PORT or http://NAME:PASSWORD@HOST:PORT, in which other signs \
         than letters and digits are written as %20"
    )]
    ProxyAddress(&'static str),
    /// TLS or the HTTP client cannot be set up.
    #[error("cannot set up the HTTP client: {0}")]
    Client(String),
}

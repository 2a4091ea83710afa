//! The address of a queue. It is parsed once, and shown without its secrets. Pure.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use reqwest::Url;
use secrecy::SecretString;
use serde::{Serialize, Serializer};

/// The address of one server or of several servers of a cluster: `nats://USER:PASSWORD@HOST:PORT`, `nats://TOKEN@HOST`,
/// `tls://HOST`.
#[derive(Debug, Clone)]
pub struct Address {
    /// The servers, each as `nats://HOST:PORT` or `tls://HOST:PORT`.
    pub servers: Vec<String>,
    /// The login: a user with a password, or a token.
    pub login: Option<Login>,
}

/// The ways to log in.
#[derive(Debug, Clone)]
pub enum Login {
    /// A user with a password.
    User(String, SecretString),
    /// A token without a user.
    Token(SecretString),
}

/// The reasons why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAddress {
    /// The text is not a URL.
    #[error("'{shown}' is no URL: {problem}")]
    NoUrl {
        /// The text, without the part that may be a password.
        shown: String,
        /// The problem with the text.
        problem: String,
    },
    /// The scheme is neither `nats` nor `tls`.
    #[error("'{0}' must begin with nats:// or tls://")]
    Scheme(String),
    /// The URL has no host.
    #[error("'{0}' names no host")]
    NoHost(String),
    /// The URL continues after the port.
    #[error("'{0}' must end with the host or its port")]
    TooLong(String),
    /// The servers of a cluster must share one login.
    #[error("the servers have different users; a cluster has one")]
    TwoLogins,
}

/// A text without the part before its last `@`.
fn shown(text: &str) -> String {
    text.rsplit_once('@').map_or(text.to_owned(), |(_, host)| format!("…@{host}"))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

impl FromStr for Address {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let (mut servers, mut first_login) = (Vec::new(), None::<(String, Option<String>)>);
        for one in text.split(',').map(str::trim) {
            let parsed = Url::parse(one);
            let url = parsed.map_err(|error| NoAddress::NoUrl { shown: shown(one), problem: error.to_string() })?;
            if !matches!(url.scheme(), "nats" | "tls") {
                return Err(NoAddress::Scheme(shown(one)));
            }
            let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| NoAddress::NoHost(shown(one)))?;
            if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
                return Err(NoAddress::TooLong(shown(one)));
            }
            let login = (!url.username().is_empty()).then(|| (decoded(url.username()), url.password().map(decoded)));
            match (&first_login, login) {
                (Some(first), Some(login)) if *first != login => return Err(NoAddress::TwoLogins),
                (None, login) => first_login = login,
                _ => {}
            }
            servers.push(format!("{}://{host}:{}", url.scheme(), url.port().unwrap_or(4222)));
        }
        let login = first_login.map(|login| match login {
            (user, Some(password)) => Login::User(user, password.into()),
            (token, None) => Login::Token(token.into()),
        });
        Ok(Self { servers, login })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.servers.join(","))
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A text from a command line, in which the login of an address is hidden.
#[must_use]
pub fn without_login(argument: &str) -> String {
    let parts = argument.split(',').map(|part| match part.split_once("://") {
        Some((scheme, rest)) if rest.contains('@') && (scheme.ends_with("nats") || scheme.ends_with("tls")) => {
            format!("{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, host)| host))
        }
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn an_address_is_shown_without_its_login() {
        let address: Address = "nats://me:se%40cret@a:4223, tls://b".parse().unwrap();
        assert_eq!(address.to_string(), "nats://a:4223,tls://b:4222");
        assert_eq!(serde_json::to_string(&address).unwrap(), r#""nats://a:4223,tls://b:4222""#);
        let Some(Login::User(user, password)) = &address.login else { panic!("{address:?}") };
        assert_eq!((user.as_str(), password.expose_secret()), ("me", "se@cret"));
        assert!(!format!("{address:?}").contains("@cret"));
        assert!(matches!("nats://t0ken@a".parse::<Address>().unwrap().login, Some(Login::Token(_))));
        assert!("nats://[::1]:4222".parse::<Address>().unwrap().login.is_none());
    }

    #[test]
    fn what_is_no_address_is_refused_without_a_word_of_its_login() {
        for text in
            ["", "a:4222", "http://me:secret@a", "nats://me:secret@", "nats://me:secret@a:x", "nats://me:secret@a/b"]
        {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
        assert_eq!("nats://x:y@a,nats://z:y@b".parse::<Address>().unwrap_err(), NoAddress::TwoLogins);
    }

    #[test]
    fn a_command_line_is_kept_without_logins() {
        assert_eq!(without_login("nats://me:secret@a:4222"), "nats://a:4222");
        assert_eq!(without_login("--queue=nats://me:s@cret@a,tls://t@b"), "--queue=nats://a,tls://b");
        for other in ["--model", "a@b", "https://me@host/v1", "m,n"] {
            assert_eq!(without_login(other), other);
        }
    }
}

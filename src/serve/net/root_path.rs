//! The path under which a proxy shows the server. Requests with it and without it are the same, because some proxies take it off
//! and others pass it on. Pure.

use std::str::FromStr;

use axum::http::Uri;
use axum::http::uri::PathAndQuery;

/// A path such as `/user/me/proxy/8000`, without a slash at its end; empty where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RootPath(String);

impl FromStr for RootPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = text.trim().trim_end_matches('/');
        let is_path = path.is_empty() || path.starts_with('/');
        let is_plain = |c: char| c.is_ascii_graphic() && !"?#\\\"<>{}|^`".contains(c);
        if !is_path || path.contains("//") || !path.chars().all(is_plain) {
            return Err(format!("'{text}' is no path, such as /bench/"));
        }
        Ok(Self(path.to_owned()))
    }
}

impl RootPath {
    /// The path of a request without this one; none if it does not begin with it. `/x` is no beginning of `/xy`.
    fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(&self.0).filter(|_| !self.0.is_empty())?;
        rest.starts_with('/').then_some(rest)
    }

    /// Takes the path off an address.
    #[must_use]
    pub fn without(&self, uri: &Uri) -> Option<Uri> {
        let path = self.below(uri.path())?;
        let whole = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::try_from(whole).ok()?);
        Uri::from_parts(parts).ok()
    }

    /// Whether an address is this path without a slash behind it, from which the page could not find its files.
    #[must_use]
    pub fn is_bare(&self, uri: &Uri) -> bool {
        !self.0.is_empty() && uri.path() == self.0
    }

    /// The address of the page.
    #[must_use]
    pub fn page(&self) -> String {
        format!("{}/", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_with_the_path_and_without_it_are_the_same() {
        let root: RootPath = "/user/me/x/".parse().unwrap();
        for (asked, expected) in [
            ("/user/me/x/step?a=/b", Some("/step?a=/b")),
            ("/user/me/x/", Some("/")),
            ("/user/me/xy/step", None),
            ("/step", None),
            ("/user/me/x", None),
        ] {
            let without = root.without(&asked.parse().unwrap()).map(|uri| uri.to_string());
            assert_eq!(without.as_deref(), expected, "{asked}");
        }
        assert!(root.is_bare(&"/user/me/x?a".parse().unwrap()) && root.page() == "/user/me/x/");
        let none = RootPath::default();
        assert!(!none.is_bare(&Uri::from_static("/")) && none.without(&Uri::from_static("/step")).is_none());
        assert_eq!(none.page(), "/");
    }

    #[test]
    fn what_is_no_path_is_refused() {
        assert_eq!("/".parse(), Ok(RootPath::default()));
        for text in ["x", "x/", "/a?b", "/a b", "/a//b", "https://x/y", "/a#b", "/\u{e9}"] {
            assert!(text.parse::<RootPath>().is_err(), "{text}");
        }
    }
}

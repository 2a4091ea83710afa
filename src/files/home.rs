//! `~` in paths that no shell has read: those of files, of variables, and of options in quotes.

use std::path::{Path, PathBuf};

/// A path that cannot be meant as it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPath {
    /// The home of this user is not known.
    #[error("'{0}' begins with ~, and HOME is not set; write the whole path")]
    NoHome(String),
    /// The home of another user.
    #[error("'{0}' begins with the home of another user; write the whole path, or ./{0} for a folder of that name")]
    OtherUser(String),
    /// A variable, which only a shell replaces.
    #[error(
        "'{0}' begins with a variable, which only a shell replaces; write the whole path, or ./{0} for a folder of that name"
    )]
    Variable(String),
}

/// Puts the home of the user in the place of `~`.
///
/// # Errors
/// Says why a path cannot be meant as it stands.
pub fn expanded(path: &Path, home: Option<&str>) -> Result<PathBuf, NoPath> {
    let Some(text) = path.to_str() else { return Ok(path.to_owned()) };
    let behind = |text: &str| {
        let home = home.filter(|home| !home.is_empty()).ok_or_else(|| NoPath::NoHome(path.display().to_string()))?;
        Ok(Path::new(home).join(text))
    };
    match text.strip_prefix('~') {
        Some("") => behind(""),
        Some(rest) if rest.starts_with(['/', '\\']) => behind(rest.trim_start_matches(['/', '\\'])),
        // `~1` and `~file` are names, but `~name/` is how a shell names the home of a user.
        Some(rest) if rest.contains('/') => Err(NoPath::OtherUser(text.to_owned())),
        _ if is_variable(text) => Err(NoPath::Variable(text.to_owned())),
        _ => Ok(path.to_owned()),
    }
}

/// Whether a path begins with `$NAME`, `${NAME}` or `%NAME%`.
fn is_variable(text: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let first = text.split(['/', '\\']).next().unwrap_or_default();
    let braced = first.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let percent = first.strip_prefix('%').and_then(|rest| rest.strip_suffix('%'));
    braced.or(percent).or_else(|| first.strip_prefix('$')).is_some_and(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilde_is_the_home() {
        let of = |path: &str, home| expanded(Path::new(path), home).map(|path| path.display().to_string());
        for (path, expected) in [
            ("~", "/home/me/"),
            ("~/results", "/home/me/results"),
            ("~//x", "/home/me/x"),
            ("results/~", "results/~"),
            ("./~", "./~"),
            ("~x", "~x"),
            ("a$HOME", "a$HOME"),
            ("100%", "100%"),
            ("$a-b", "$a-b"),
        ] {
            assert_eq!(of(path, Some("/home/me")).as_deref(), Ok(expected), "{path}");
        }
        for home in [None, Some("")] {
            assert!(matches!(of("~/x", home), Err(NoPath::NoHome(_))));
        }
        assert!(matches!(of("~other/x", Some("/h")), Err(NoPath::OtherUser(_))));
        for path in ["$HOME", "$HOME/results", "${HOME}/x", "%USERPROFILE%\\x"] {
            assert!(matches!(of(path, Some("/h")), Err(NoPath::Variable(_))), "{path}");
        }
    }
}

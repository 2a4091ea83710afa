//! Paths as people write them: on the command line, in variables and in `bench.toml`, where no shell has replaced `~`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser};
use serde::{Deserialize, Deserializer};

use crate::files::home::expanded;

/// Reads a path, in which `~` is the home of the user.
///
/// # Errors
/// Says why the path cannot be meant as it stands.
pub fn path(text: &str) -> Result<PathBuf, String> {
    #[expect(clippy::disallowed_methods, reason = "the command line is read before the environment is")]
    let home = std::env::var("HOME").or_else(|_| std::env::var("USERPROFILE")).ok();
    expanded(Path::new(text), home.as_deref()).map_err(|problem| problem.to_string())
}

/// Makes a parser of paths for the command line. A path that is no text is taken as it is.
#[must_use]
pub fn path_parser() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().try_map(|given: OsString| match given.to_str() {
        Some(text) => path(text),
        None => Ok(PathBuf::from(given)),
    })
}

/// Reads a text that may be a path, such as the name of a run or of a suite.
///
/// # Errors
/// Fails as [`path`] does.
pub fn name_or_path(text: &str) -> Result<String, String> {
    Ok(path(text)?.to_str().map_or_else(|| text.to_owned(), str::to_owned))
}

/// Reads the path of an option in a file.
pub(super) fn some_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    path(&String::deserialize(deserializer)?).map(Some).map_err(serde::de::Error::custom)
}

/// Reads the option of a file that may be a path.
pub(super) fn some_name_or_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    name_or_path(&String::deserialize(deserializer)?).map(Some).map_err(serde::de::Error::custom)
}

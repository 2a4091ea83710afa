//! `bench.toml`: the options of a run, those of a server in `[serve]`, and providers, aliases and settings of single models
//! beside them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::error::ConfigError;
use super::model_options::ModelOptions;
use super::options::Options;
use super::origin::FILE;
use super::providers::Providers;
use super::server_options::ServerOptions;
use crate::files;

/// A configuration file. Keys that it does not know are errors.
#[derive(Debug, Clone, Default)]
pub struct ConfigFile {
    /// The options of a run.
    pub options: Options,
    /// The options of `bench serve` and `bench mcp`, which are in the section `[serve]`.
    pub server: ServerOptions,
    /// More providers and aliases.
    pub providers: Option<Providers>,
    /// The settings of single models, by their names.
    pub models: BTreeMap<String, ModelOptions>,
}

/// The sections that are read apart so that an error has the path of its key.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sections {
    serve: ServerOptions,
    models: BTreeMap<String, ModelOptions>,
}

impl ConfigFile {
    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// Returns an error that names the file and what is wrong in it.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        let error =
            |problem: String| ConfigError::File { file: file.to_owned(), problem: problem.trim_end().to_owned() };
        // The error must not quote the line itself: a header may hold a secret.
        let syntax = |e: toml::de::Error| {
            let before = e.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let (line, column) =
                (before.matches('\n').count() + 1, before.chars().rev().take_while(|c| *c != '\n').count() + 1);
            error(format!("line {line}, column {column}: {}", e.message()))
        };
        // From here on an error has the path of the key instead of a line.
        let wrong = |e: toml::de::Error| error(e.to_string());
        let mut table: toml::Table = toml::from_str(text).map_err(syntax)?;
        let sections: Sections = take(&mut table, &["serve", "models"]).try_into().map_err(wrong)?;
        let providers = take(&mut table, &["providers", "aliases"]);
        let providers = if providers.is_empty() { None } else { Some(providers.try_into().map_err(wrong)?) };
        let options = table.try_into().map_err(wrong)?;
        Ok(Self { options, server: sections.serve, providers, models: sections.models })
    }

    /// Reads `bench.toml` in a folder, or another file by its path. `bench.toml` may be missing; a named file may not.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, or as [`Self::parse`] does.
    pub fn read(folder: &Path, named: Option<&Path>) -> Result<Self, ConfigError> {
        let path = named.map_or_else(|| folder.join(FILE), Path::to_owned);
        if named.is_none() && !path.exists() {
            return Ok(Self::default());
        }
        let file = path.display().to_string();
        let text =
            files::read_text(&path).map_err(|e| ConfigError::File { file: file.clone(), problem: e.to_string() })?;
        Self::parse(&file, &text)
    }
}

/// Takes the sections of these names out of a table.
fn take(table: &mut toml::Table, names: &[&str]) -> toml::Table {
    names.iter().filter_map(|name| Some(((*name).to_owned(), table.remove(*name)?))).collect()
}

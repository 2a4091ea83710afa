//! All providers, and the routes to a model.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::provider::Provider;
use crate::config::options::one_or_many;

/// All providers and the short names of models.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Providers {
    /// The providers, by name.
    pub providers: BTreeMap<String, Provider>,
    /// The aliases: a short name, and the routes to that model in their order, each as `provider/name`.
    pub aliases: BTreeMap<String, Routes>,
}

/// The routes to a model, each as `provider/name`, of which the first one whose key is set is taken.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Routes(#[serde(deserialize_with = "one_or_many")] pub Vec<String>);

impl Providers {
    /// Lays other providers and aliases over these. A provider with a base URL replaces the one of its name; without one it
    /// changes only what it names.
    pub fn overlay(&mut self, other: Self) {
        for (name, provider) in other.providers {
            match self.providers.get_mut(&name) {
                Some(known) if provider.base_url.is_none() => known.overlay(provider),
                _ => _ = self.providers.insert(name, provider),
            }
        }
        self.aliases.extend(other.aliases);
    }

    /// The names of all providers, separated by commas.
    #[must_use]
    pub fn names(&self) -> String {
        self.providers.keys().cloned().collect::<Vec<_>>().join(", ")
    }

    /// The aliases that resemble a name, the closest first, at most this many.
    #[must_use]
    pub fn aliases_like(&self, name: &str, most: usize) -> Vec<&str> {
        let name = name.to_ascii_lowercase();
        let is_close = |alias: &str| match alias {
            _ if alias == name => 0,
            _ if alias.starts_with(&name) || name.starts_with(alias) => 1,
            _ if alias.contains(&name) || name.contains(alias) => 2,
            _ => 3,
        };
        let mut close: Vec<_> =
            self.aliases.keys().map(|alias| (is_close(alias), alias.as_str())).filter(|(rank, _)| *rank < 3).collect();
        // Newer models have higher numbers.
        close.sort_unstable_by(|(a, one), (b, other)| a.cmp(b).then(other.cmp(one)));
        close.into_iter().map(|(_, alias)| alias).take(most).collect()
    }
}

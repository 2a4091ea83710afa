//! Environment variables and `.env`, read once.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// The variables of the process, laid over those of a `.env` file.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Reads the variables of the process, and `.env` in this folder.
    ///
    /// # Errors
    /// Returns an error if `.env` exists and cannot be read. The message quotes no line of it, because lines hold keys.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let file = folder.join(".env");
        let mut variables = BTreeMap::new();
        if file.is_file() {
            let lines = dotenvy::from_path_iter(&file).map_err(|_| format!("cannot read {}", file.display()))?;
            for (index, line) in lines.enumerate() {
                let (name, value) =
                    line.map_err(|_| format!("{}: entry {} is not NAME=value", file.display(), index + 1))?;
                variables.insert(name, value);
            }
        }
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
        variables.extend(std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))));
        Ok(Self(variables))
    }

    /// Removes variables.
    pub fn forget(&mut self, names: &[&str]) {
        self.0.retain(|name, _| !names.contains(&name.as_str()));
    }

    /// Sets a variable.
    pub fn remember(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    /// Returns the value of a variable without surrounding white space, or `None` if it is missing or blank.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Environment {
    /// Shows only the number of variables, because values may be keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} variables)", self.0.len())
    }
}

//! Environment variables and `.env`, read once.

use std::collections::BTreeMap;
use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use super::dotenv::DotEnv;
use crate::files;

/// The variables of the process, laid over those of a `.env` file.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    warnings: Vec<String>,
}

impl Environment {
    /// Reads the variables of the process, and `.env` in this folder. Lines of the file that cannot be read are passed over;
    /// [`Self::warnings`] names them.
    ///
    /// # Errors
    /// Returns an error if `.env` exists and cannot be read at all. The message quotes no line of it, because lines hold keys.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let file = folder.join(".env");
        let name = file.display();
        let found = match files::read(&file) {
            Ok(bytes) => DotEnv::parse(&bytes),
            // Some keep a Python environment in a folder of that name.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory) => DotEnv::default(),
            Err(error) => return Err(format!("cannot read {name}: {error}")),
        };
        let warn = |(line, problem): &(usize, &str)| format!("{name}: line {line} is passed over: {problem}");
        let warnings = found.passed_over.iter().map(warn).collect();
        let mut variables = found.variables;
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
        variables.extend(std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))));
        Ok(Self { variables, warnings })
    }

    /// Returns what is to be said of `.env`.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Removes variables.
    pub fn forget(&mut self, names: &[&str]) {
        self.variables.retain(|name, _| !names.contains(&name.as_str()));
    }

    /// Sets a variable.
    pub fn remember(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Returns the names of all variables, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// Returns the value of a variable as it is, or `None` if it is missing.
    #[must_use]
    pub fn whole(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Returns the value of a variable without surrounding white space, or `None` if it is missing or blank.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Environment {
    /// Shows only the number of variables, because values may be keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} variables)", self.variables.len())
    }
}

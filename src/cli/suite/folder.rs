//! A generated suite on disk: reading and writing the files that [`incident_generate::folder`] describes.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::exit::Failure;
use incident_generate::World;
use incident_generate::folder::{MANIFEST, SEALED, SuiteEntry, SuiteManifest, is_sealed_as, sealed};

/// The folder of a written suite, or of one that is being written.
pub(super) struct SuiteFolder<'a>(&'a Path);

impl<'a> SuiteFolder<'a> {
    /// Opens a folder that holds a suite.
    pub(super) fn at(path: &'a Path) -> Self {
        Self(path)
    }

    /// Makes the folder of a new suite, which may hold other files but no suite.
    pub(super) fn create(path: &'a Path) -> Result<Self, Failure> {
        let folder = Self(path);
        if folder.manifest_path().exists() {
            let message = format!("{} holds a suite already", path.display());
            return Err(Failure::usage(message).hint("choose another folder with -o"));
        }
        let sealed = path.join(SEALED);
        fs::create_dir_all(&sealed).map_err(|error| unwritten(&sealed, &error))?;
        Ok(folder)
    }

    fn manifest_path(&self) -> PathBuf {
        self.0.join(MANIFEST)
    }

    fn sealed_path(&self, entry: &SuiteEntry) -> PathBuf {
        self.0.join(SEALED).join(entry.file())
    }

    /// Writes the sealed truth of an incident.
    pub(super) fn seal(&self, entry: &SuiteEntry, world: &World) -> Result<(), Failure> {
        write(&self.sealed_path(entry), &sealed(entry, world))
    }

    /// Writes the file of an incident that agents may see.
    pub(super) fn show(&self, entry: &SuiteEntry, shown: &Value) -> Result<(), Failure> {
        write(&self.0.join(entry.file()), shown)
    }

    /// Writes the manifest. It is written last: a folder without it holds an unfinished suite.
    pub(super) fn finish(&self, manifest: &SuiteManifest) -> Result<(), Failure> {
        write(&self.manifest_path(), &serde_json::to_value(manifest).unwrap_or_default())
    }

    /// Reads the manifest.
    pub(super) fn manifest(&self) -> Result<SuiteManifest, Failure> {
        let text = fs::read_to_string(self.manifest_path()).map_err(|error| self.unusable(&error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| self.unusable(&error.to_string()))
    }

    /// Makes the failure of a suite whose manifest cannot be used.
    pub(super) fn unusable(&self, problem: &str) -> Failure {
        Failure::usage(format!("{}: {problem}", self.manifest_path().display()))
            .hint("`bench generate -o DIR` writes a suite")
    }

    /// Checks that the sealed file of an incident holds its truth.
    pub(super) fn check_truth(&self, entry: &SuiteEntry, world: &World) -> Result<(), String> {
        let path = self.sealed_path(entry);
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let kept: Value = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        if is_sealed_as(&kept, world) { Ok(()) } else { Err(format!("{} holds another truth", path.display())) }
    }
}

fn write(path: &Path, value: &Value) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    fs::write(path, text).map_err(|error| unwritten(path, &error))
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::other(format!("cannot write {}: {error}", path.display()))
}

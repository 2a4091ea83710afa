//! A generated suite on disk: reading and writing the files that [`incident_generate::folder`] describes.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cli::exit::Failure;
use crate::files;
use incident_generate::World;
use incident_generate::folder::{
    LISTING, MANIFEST, SEALED, SuiteEntry, SuiteListing, SuiteManifest, is_sealed_as, sealed,
};

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

    fn listing_path(&self) -> PathBuf {
        self.0.join(SEALED).join(LISTING)
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

    /// Writes the list of the incidents, and then the manifest: a folder without it holds an unfinished suite.
    pub(super) fn finish(&self, manifest: &SuiteManifest, listing: &SuiteListing) -> Result<(), Failure> {
        write(&self.listing_path(), listing)?;
        write(&self.manifest_path(), manifest)
    }

    /// Reads the manifest.
    pub(super) fn manifest(&self) -> Result<SuiteManifest, Failure> {
        read(&self.manifest_path()).map_err(|problem| self.unusable(&problem))
    }

    /// Reads the sealed list of the incidents.
    pub(super) fn listing(&self) -> Result<SuiteListing, Failure> {
        let path = self.listing_path();
        read(&path).map_err(|problem| {
            Failure::usage(format!("{}: {problem}", path.display()))
                .hint("a suite is proved by who holds its sealed files; they are not published with the others")
        })
    }

    /// Makes the failure of a suite whose manifest cannot be used.
    pub(super) fn unusable(&self, problem: &str) -> Failure {
        Failure::usage(format!("{}: {problem}", self.manifest_path().display()))
            .hint("`bench generate -o DIR` writes a suite")
    }

    /// Checks that the sealed file of an incident holds its truth.
    pub(super) fn check_truth(&self, entry: &SuiteEntry, world: &World) -> Result<(), String> {
        let path = self.sealed_path(entry);
        let kept: Value = read(&path).map_err(|problem| format!("{}: {problem}", path.display()))?;
        if is_sealed_as(&kept, world) { Ok(()) } else { Err(format!("{} holds another truth", path.display())) }
    }
}

/// Reads a JSON file, or returns what is wrong with it.
fn read<T: DeserializeOwned>(path: &Path) -> Result<T, String> {
    let text = files::read_text(path).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

fn write(path: &Path, value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value);
    let mut text = text.map_err(|error| Failure::other(format!("cannot write {}: {error}", path.display())))?;
    text.push('\n');
    fs::write(path, text).map_err(|error| unwritten(path, &error))
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::other(format!("cannot write {}: {error}", path.display()))
}

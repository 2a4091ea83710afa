//! Runs the real binary in an isolated folder and environment.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::world::small_file;

/// A working folder.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    /// Makes an empty folder.
    pub(crate) fn empty() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// Makes a folder with the three small scenarios in `suite/`.
    pub(crate) fn with_suite() -> Self {
        let place = Self::empty();
        for file in ["AC-901.toml", "RCA-901.toml", "RP-901.toml"] {
            place.write(&format!("suite/{file}"), small_file(file));
        }
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Makes the command `bench` with these arguments, no variables and no terminal.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
        command.args(arguments).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command
    }

    /// Runs `bench` to its end.
    #[track_caller]
    pub(crate) fn bench(&self, arguments: &[&str]) -> Ended {
        Ended::of(&self.command(arguments).output().unwrap())
    }

    /// Returns the id of the newest run.
    pub(crate) fn latest(&self) -> String {
        self.read("results/latest").trim().to_owned()
    }

    /// Reads a file of the newest run.
    pub(crate) fn kept(&self, name: &str) -> String {
        self.read(&format!("results/runs/{}/{name}", self.latest()))
    }

    /// Reads the newest run's summary.
    pub(crate) fn summary(&self) -> Value {
        serde_json::from_str(&self.kept("summary.json")).unwrap()
    }

    /// Reads the newest run's events. Of a run that goes on, what is written of the last line is left out.
    pub(crate) fn events(&self) -> Vec<Value> {
        let text = self.kept("events.jsonl");
        let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        whole.map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Returns the names in a folder, sorted.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(name).collect();
    names.sort();
    names
}

/// A command that has ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    #[track_caller]
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let ended = Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) };
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
        ended
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stderr: {}\nstdout: {}", self.stderr, self.stdout);
        self
    }

    /// Checks that the command ends with this code, has these words on stderr, and has no result.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, words: &[&str]) -> Self {
        let ended = self.exits(code);
        for word in words {
            assert!(ended.stderr.contains(word), "'{word}' is missing: {}", ended.stderr);
        }
        assert_eq!(ended.stdout, "", "{}", ended.stderr);
        ended
    }
}

//! The layers hold: every edge between modules stands in the table, and the pure ones touch no world.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Module → the modules that it may use. `docs/ARCHITECTURE.md` has the reasons.
const MAY_USE: [(&str, &[&str]); 13] = [
    ("env", &[]),
    ("stats", &[]),
    ("chat", &["stats"]),
    ("agent", &["env", "chat", "stats"]),
    ("generate", &["env"]),
    ("log", &["env", "chat", "stats", "agent"]),
    ("run", &["agent", "log", "chat", "env", "stats"]),
    ("queue", &["run", "log", "chat", "env", "stats"]),
    ("report", &["log", "stats", "run", "env", "chat"]),
    ("gate", &["log", "stats", "env", "report"]),
    ("serve", &["env", "gate", "log", "report", "stats"]),
    ("config", &["agent", "chat", "env", "log", "queue"]),
    ("cli", &["agent", "chat", "config", "env", "gate", "generate", "log", "queue", "report", "run", "serve", "stats"]),
];

/// Files, or folders of files, that neither wait nor look at the clock, the disk, the network or the environment.
const PURE: [&str; 35] = [
    "env",
    "generate",
    "stats",
    "agent",
    "log/event.rs",
    "log/summary.rs",
    "log/reader.rs",
    "log/conduct.rs",
    "log/failure.rs",
    "log/join.rs",
    "log/listing.rs",
    "log/shard.rs",
    "log/trajectory_file.rs",
    "run/estimate.rs",
    "run/plan.rs",
    "run/kept.rs",
    "run/audit.rs",
    "gate",
    "queue/intake.rs",
    "queue/message.rs",
    "report/atif",
    "report/episodes.rs",
    "report/plan.rs",
    "report/publish.rs",
    "report/score_table.rs",
    "report/table.rs",
    "report/markdown.rs",
    "report/csv.rs",
    "report/html",
    "report/junit.rs",
    "report/markup.rs",
    "report/inspect",
    "serve/session.rs",
    "serve/mcp/protocol.rs",
    "serve/mcp/tools.rs",
];

const IMPURE: [&str; 9] = [
    "tokio",
    "reqwest",
    "std::fs",
    "std::net",
    "std::env",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "thread_rng",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Every source file by its path below `src`, without comments.
fn code() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    let strip = |text: String| {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        lines.collect::<Vec<_>>().join("\n")
    };
    found
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            (name, strip(fs::read_to_string(&path).unwrap()))
        })
        .collect()
}

#[test]
fn edges_stand_in_the_table() {
    let table: BTreeMap<_, _> = MAY_USE.into_iter().collect();
    for (file, text) in code() {
        let Some((module, _)) = file.split_once('/') else { continue };
        if file.ends_with("tests.rs") {
            continue;
        }
        let allowed = table.get(module).unwrap_or_else(|| panic!("{module} is missing in the table"));
        for (at, _) in text.match_indices("crate::") {
            let rest = &text[at + "crate::".len()..];
            let used: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            assert!(used == module || allowed.contains(&used.as_str()), "{file} uses crate::{used}");
        }
    }
}

#[test]
fn pure_code_touches_no_world() {
    for (file, text) in code() {
        if PURE.iter().any(|pure| file == *pure || file.starts_with(&format!("{pure}/"))) {
            for word in IMPURE {
                assert!(!text.contains(word), "{file} uses {word}");
            }
        }
    }
}

#[test]
fn every_file_says_what_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in code().keys() {
        let text = fs::read_to_string(root.join(file)).unwrap();
        assert!(text.starts_with("//! "), "{file} has no module documentation");
    }
}

#[test]
fn the_heuristic_sees_observations_only() {
    for (file, text) in code().into_iter().filter(|(file, _)| file.starts_with("agent/heuristic/")) {
        // Its own tests may write what they like.
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in ["Scenario", "Catalog", "Episode", "grade", "verify::", "Truth", "include_str", "RustEmbed"] {
            assert!(!text.contains(word), "{file} mentions {word}");
        }
        // A rule for one scenario would have to name something of it.
        for name in [
            "postgres",
            "analytics",
            "bgp",
            "export",
            "AC-0",
            "RCA-0",
            "RP-0",
            "gateway",
            "redis",
            "credential",
            "-service",
        ] {
            assert!(!text.to_lowercase().contains(&name.to_lowercase()), "{file} mentions {name}");
        }
    }
}

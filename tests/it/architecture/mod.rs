//! Tests of the architecture: no circle of imports, layers that use lower ones only, pure code without effects, and a
//! map in `docs/ARCHITECTURE.md` that agrees with the code.

mod document;
mod imports;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use imports::{Edges, Imports, circles};

/// The crates of the workspace, from the bottom up: name and folder of sources.
const CRATES: [(&str, &str); 3] = [
    ("incident_env", "crates/incident-env/src"),
    ("incident_generate", "crates/incident-generate/src"),
    ("incident_bench", "src"),
];

/// The modules of the root package, from the bottom up, with the modules and crates that each may use and the reason.
const LAYERS: [(&str, &[&str], &str); 13] = [
    ("escape", &[], "texts only"),
    ("files", &["incident_env"], "digests in names"),
    ("stats", &[], "formulas only"),
    ("chat", &["stats", "escape"], "seeded jitter of retry delays; the texts of endpoints and programs on one line"),
    (
        "agent",
        &["incident_env", "chat", "stats"],
        "the one place where a prompt meets an observation; the random agent is seeded",
    ),
    (
        "log",
        &["incident_env", "files", "chat", "stats", "agent"],
        "events hold points, messages and the source of a step; the summary needs means",
    ),
    (
        "run",
        &["incident_env", "files", "agent", "log", "chat", "stats"],
        "it joins decision, model and world, and logs what they do",
    ),
    (
        "queue",
        &["incident_env", "run", "log", "chat"],
        "it carries the episodes of a run to other machines and their events back",
    ),
    (
        "report",
        &["incident_env", "escape", "log", "stats", "run", "chat"],
        "it renders a summary; two of its files are sinks of a live run",
    ),
    ("gate", &["incident_env", "escape", "log", "stats", "report"], "it compares summaries and prints tables"),
    (
        "serve",
        &["incident_env", "escape", "gate", "log", "report", "run"],
        "it plays episodes for others, keeps exams as runs, and shows kept runs",
    ),
    (
        "config",
        &["incident_env", "files", "agent", "chat", "log", "queue"],
        "names of agents, protocols and tasks; prices; where a queue is",
    ),
    (
        "cli",
        &[
            "incident_env",
            "agent",
            "chat",
            "config",
            "escape",
            "files",
            "gate",
            "incident_generate",
            "log",
            "queue",
            "report",
            "run",
            "serve",
            "stats",
        ],
        "it puts the parts together",
    ),
];

/// Files, or folders of files, that neither wait nor look at the clock, the disk, the network or the environment.
const PURE: [&str; 62] = [
    "src/escape",
    "src/files/encoding.rs",
    "src/files/home.rs",
    "src/files/name.rs",
    "crates/incident-env/src",
    "crates/incident-generate/src",
    "src/chat/adjust",
    "src/chat/api.rs",
    "src/chat/call.rs",
    "src/chat/message.rs",
    "src/chat/wire",
    "src/stats",
    "src/agent",
    "src/log/event.rs",
    "src/log/episode_key.rs",
    "src/log/summary",
    "src/log/reliability.rs",
    "src/log/rounding.rs",
    "src/log/reader.rs",
    "src/log/conduct.rs",
    "src/log/durations.rs",
    "src/log/chain.rs",
    "src/log/salvage.rs",
    "src/log/failure.rs",
    "src/log/join.rs",
    "src/log/listing.rs",
    "src/log/shard.rs",
    "src/log/trajectory_file.rs",
    "src/run/estimate.rs",
    "src/run/plan.rs",
    "src/run/budget/amount.rs",
    "src/run/budget/spent.rs",
    "src/run/progress.rs",
    "src/run/audit.rs",
    "src/run/cleaned.rs",
    "src/run/completeness.rs",
    "src/serve/net/root_path.rs",
    "src/gate",
    "src/queue/intake.rs",
    "src/queue/message.rs",
    "src/config/layers.rs",
    "src/config/model.rs",
    "src/config/options.rs",
    "src/config/server.rs",
    "src/config/server_options.rs",
    "src/config/settings.rs",
    "src/report/atif",
    "src/report/detail_tables.rs",
    "src/report/episodes.rs",
    "src/report/plan.rs",
    "src/report/power",
    "src/report/reference_page.rs",
    "src/report/score_table.rs",
    "src/report/table.rs",
    "src/report/markdown.rs",
    "src/report/csv.rs",
    "src/report/html",
    "src/report/junit.rs",
    "src/report/inspect",
    "src/serve/episodes/table.rs",
    "src/serve/mcp/protocol.rs",
    "src/serve/mcp/tools.rs",
];

/// Words that only impure code needs.
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

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the modules of the workspace, which are read once.
fn workspace() -> &'static Imports {
    static WORKSPACE: LazyLock<Imports> = LazyLock::new(|| {
        let mut imports = Imports::default();
        for (name, sources) in CRATES {
            imports.read_crate(root(), name, sources);
        }
        imports
    });
    &WORKSPACE
}

/// Returns the text of a file without its comment lines and without its own tests.
fn code(file: &str) -> String {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Returns the unit of the layers that a file belongs to: its crate, or its module in the root package. Returns `None`
/// for `lib.rs`.
fn unit(file: &str) -> Option<&str> {
    match file.strip_prefix("src/") {
        Some(rest) => rest.split_once('/').map(|(module, _)| module),
        None => CRATES.iter().find(|(_, sources)| file.starts_with(sources)).map(|(name, _)| *name),
    }
}

#[test]
fn no_file_imports_itself_through_others() {
    let circles = circles(&workspace().edges());
    assert!(circles.is_empty(), "these files import each other: {circles:#?}");
}

#[test]
fn layers_use_lower_layers_only() {
    let table: BTreeMap<_, _> = LAYERS.iter().map(|(module, may_use, _)| (*module, *may_use)).collect();
    let mut used: BTreeSet<(&str, &str)> = BTreeSet::new();
    let edges = workspace().edges();
    for (file, imported) in &edges {
        let Some(importer) = unit(file).filter(|_| file.starts_with("src/")) else { continue };
        let may_use = table.get(importer).unwrap_or_else(|| panic!("src/{importer} is missing in the table"));
        // The macro for enums with names knows nothing of the world.
        for other in imported.iter().filter(|other| !other.ends_with("/named_enum.rs")) {
            let Some(module) = unit(other).filter(|module| *module != importer) else { continue };
            assert!(may_use.contains(&module), "{file} uses {other}, and {importer} may not use {module}");
            used.insert((importer, module));
        }
    }
    for (module, may_use, _) in LAYERS {
        for other in may_use {
            assert!(used.contains(&(module, *other)), "the table lets {module} use {other}, which it does not");
        }
    }
}

#[test]
fn pure_code_touches_no_world() {
    let workspace = workspace();
    for pure in PURE {
        let of_it = |file: &&String| *file == pure || file.starts_with(&format!("{pure}/"));
        assert!(workspace.about.keys().any(|file| of_it(&file)), "{pure} is no source file");
        for file in workspace.about.keys().filter(of_it) {
            let text = code(file);
            for word in IMPURE {
                assert!(!text.contains(word), "{file} uses {word}");
            }
        }
    }
}

#[test]
fn programs_see_observations_only() {
    let workspace = workspace();
    // The data of the table is read by a file of its own, and tests play through the engine.
    let exempt = ["src/agent/table/data.rs", "src/agent/table/tests.rs"];
    let of_programs = |file: &str| {
        let program = file.starts_with("src/agent/heuristic/") || file.starts_with("src/agent/table/");
        program && !exempt.contains(&file)
    };
    let others = ["src/agent/front_door.rs", "src/agent/greedy.rs", "src/agent/records.rs"];
    for file in workspace.about.keys().filter(|file| of_programs(file) || others.contains(&file.as_str())) {
        let text = code(file);
        for word in ["Scenario", "Catalog", "Episode", "grade", "oracle", "prove", "Truth", "include_str", "RustEmbed"]
        {
            assert!(!text.contains(word), "{file} mentions {word}");
        }
        assert!(!text.contains("briefing.summary"), "{file} reads the summary, which is prose");
        if !file.starts_with("src/agent/heuristic/") {
            continue;
        }
        // A rule for one scenario would have to name something in it.
        for name in [
            "postgres",
            "analytics",
            "bgp",
            "export",
            "ac-0",
            "rca-0",
            "rp-0",
            "gateway",
            "redis",
            "credential",
            "-service",
        ] {
            assert!(!text.to_lowercase().contains(name), "{file} mentions {name}");
        }
    }
}

/// What decides in the program that reasons by the rules gets what is known beforehand and what pages show, and its player
/// alone has the world.
#[test]
fn the_mind_of_abduction_has_no_way_to_the_truth() {
    let folder = "crates/incident-generate/src/play/abduction/";
    let edges = workspace().edges();
    let minds: Vec<_> = edges.keys().filter(|file| file.starts_with(folder) && !file.ends_with("/player.rs")).collect();
    assert!(minds.len() >= 7, "{minds:?}");
    for file in minds {
        let text = code(file);
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect::<BTreeSet<_>>();
        for word in ["World", "State", "Incident", "Decoy", "Draws", "Playable", "oracle", "grade", "query"] {
            assert!(!words.contains(word), "{file} mentions {word}");
        }
        let is_mod = file.ends_with("/mod.rs");
        for other in edges[file].iter().filter(|_| !is_mod) {
            let tells =
                ["incident/world.rs", "play/live.rs", "play/oracle.rs", "telemetry/query.rs", "abduction/player.rs"];
            assert!(!tells.iter().any(|end| other.ends_with(end)), "{file} imports from {other}");
        }
    }
}

#[test]
fn every_file_says_what_it_is() {
    for (file, about) in &workspace().about {
        assert!(about.len() > 10, "{file} does not open with a sentence of documentation");
    }
}

#[test]
fn a_made_circle_is_found() {
    let mut imports = Imports::default();
    for (file, path, text) in [
        ("lib.rs", vec!["made"], "mod a; mod b; mod room; pub use room::Thing;"),
        ("a.rs", vec!["made", "a"], "use crate::b::B; pub struct A(B);"),
        ("b.rs", vec!["made", "b"], "pub struct B; fn f() { println!(\"{}\", crate::Thing::new()); }"),
        ("room/mod.rs", vec!["made", "room"], "mod thing; mod other; pub use thing::Thing; pub(crate) use other::*;"),
        ("room/thing.rs", vec!["made", "room", "thing"], "pub struct Thing; impl Thing { fn x() { super::help() } }"),
        ("room/other.rs", vec!["made", "room", "other"], "pub(crate) fn help() { let _: super::super::a::A; }"),
    ] {
        imports.read_text(file, text, path.into_iter().map(str::to_owned).collect());
    }
    let edges = imports.edges();
    // The circle goes through a macro and a re-export of the crate, through a glob of a module, and through the parent.
    assert_eq!(edges["b.rs"], BTreeSet::from(["room/thing.rs".to_owned()]));
    assert_eq!(edges["room/thing.rs"], BTreeSet::from(["room/other.rs".to_owned()]));
    let files = ["a.rs", "b.rs", "room/other.rs", "room/thing.rs"].map(str::to_owned).to_vec();
    assert_eq!(circles(&edges), BTreeSet::from([files]));
    // Tests may import everything, and a module that re-exports its files does not import from them.
    let mut tests = Imports::default();
    for (file, path, text) in [
        ("lib.rs", vec!["made"], "mod a; mod b; pub use a::A;"),
        ("a.rs", vec!["made", "a"], "pub struct A; #[cfg(test)] mod tests { use crate::b::B; }"),
        ("b.rs", vec!["made", "b"], "use crate::A; pub struct B(A);"),
    ] {
        tests.read_text(file, text, path.into_iter().map(str::to_owned).collect());
    }
    assert_eq!(
        tests.edges(),
        Edges::from([
            ("lib.rs".to_owned(), BTreeSet::new()),
            ("a.rs".to_owned(), BTreeSet::new()),
            ("b.rs".to_owned(), BTreeSet::from(["a.rs".to_owned()])),
        ])
    );
}

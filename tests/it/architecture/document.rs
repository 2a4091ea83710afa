//! Writes the map and the table of edges in `docs/ARCHITECTURE.md` from the code.

use std::fmt::Write as _;
use std::fs;

use super::{CRATES, LAYERS, PURE, root, workspace};

const DOCUMENT: &str = "docs/ARCHITECTURE.md";

/// Returns the first sentence of a documentation paragraph, as a cell of a table.
fn sentence(about: &str) -> String {
    let end = about.find(". ").map_or(about.len(), |end| end + 1);
    about[..end].trim_end_matches('.').replace('|', "\\|").replace("[`", "`").replace("`]", "`")
}

/// Makes a table for each crate and each module of the root package: every file with its first sentence.
fn map() -> String {
    let about = &workspace().about;
    let mut text = String::new();
    let units = CRATES[..CRATES.len() - 1].iter().map(|(_, sources)| (*sources).to_owned());
    let modules = LAYERS.iter().map(|(module, _, _)| format!("src/{module}"));
    for folder in units.chain(modules) {
        let files: Vec<_> = about.iter().filter(|(file, _)| file.starts_with(&format!("{folder}/"))).collect();
        let head = files.iter().find(|(file, _)| file.ends_with("/lib.rs") || **file == format!("{folder}/mod.rs"));
        let _ = writeln!(text, "\n### `{}`\n", folder.trim_end_matches("/src"));
        let _ =
            writeln!(text, "{}.\n\n| file | what it holds |\n|---|---|", sentence(head.map_or("", |(_, about)| about)));
        for (file, about) in files {
            let name = file.strip_prefix(&format!("{folder}/")).unwrap();
            if name != "mod.rs" && name != "lib.rs" {
                let _ = writeln!(text, "| `{name}` | {} |", sentence(about));
            }
        }
    }
    text
}

fn edges() -> String {
    let mut text = "\n| module | may use | why |\n|---|---|---|\n".to_owned();
    for (module, may_use, why) in LAYERS {
        let list: Vec<_> = may_use.iter().map(|other| format!("`{other}`")).collect();
        let list = if list.is_empty() { "–".to_owned() } else { list.join(", ") };
        let _ = writeln!(text, "| `{module}` | {list} | {why} |");
    }
    text
}

fn pure() -> String {
    let list: Vec<_> = PURE.iter().map(|file| format!("`{file}`")).collect();
    format!("\n{}.\n", list.join(", "))
}

/// Replaces the text between the marks of a section.
fn with_section(document: &str, name: &str, section: &str) -> String {
    let (start, end) = (format!("<!-- {name}: written by a test -->\n"), format!("\n<!-- end of {name} -->"));
    let from =
        document.find(&start).unwrap_or_else(|| panic!("{DOCUMENT} has no mark '{}'", start.trim())) + start.len();
    let to = document.find(&end).unwrap_or_else(|| panic!("{DOCUMENT} has no mark '{}'", end.trim()));
    format!("{}{section}{}", &document[..from], &document[to..])
}

#[test]
fn the_document_has_the_map_and_the_edges_of_the_code() {
    let document = fs::read_to_string(root().join(DOCUMENT)).unwrap();
    let sections = [("map", map()), ("edges", edges()), ("pure", pure())];
    let written = sections.iter().fold(document.clone(), |text, (name, section)| with_section(&text, name, section));
    if document != written {
        let beside = format!("{DOCUMENT}.new");
        fs::write(root().join(&beside), written).unwrap();
        panic!("{DOCUMENT} is not what the code says; look at the difference, then: mv {beside} {DOCUMENT}");
    }
}

/// The documents at the root; those in `docs/` are read besides.
const DOCUMENTS: [&str; 4] = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "VALIDITY.md"];

#[test]
fn files_that_documents_name_exist() {
    let mut found = 0;
    let folder = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let markdown = folder.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    for path in DOCUMENTS.iter().map(|name| root().join(name)).chain(markdown) {
        let text = fs::read_to_string(&path).unwrap();
        for quoted in text.split('`').skip(1).step_by(2) {
            let is_path =
                quoted.contains('/') && !quoted.contains(|c: char| c.is_whitespace() || "{}*<>…$".contains(c));
            let top = quoted.split('/').next().unwrap_or_default();
            let is_ours =
                ["src", "crates", "tests", "web", "prompts", "schemas", "benches", "fuzz", "examples", "deploy"];
            if is_path && is_ours.contains(&top) {
                let file = quoted.split("::").next().unwrap_or_default();
                assert!(root().join(file).exists(), "{}: there is no {quoted}", path.display());
                found += 1;
            }
        }
    }
    assert!(found > 50, "{found} paths were found, which is too few to be true");
}

/// A folder that does not exist counts as changed, and would have the program built anew each time.
#[test]
fn what_build_scripts_watch_exists() {
    for package in ["", "crates/incident-env/", "crates/incident-generate/"] {
        let script = fs::read_to_string(root().join(format!("{package}build.rs"))).unwrap();
        let quoted = script.split('"').skip(1).step_by(2);
        let watched: Vec<_> = quoted.map(|text| text.trim_start_matches("cargo:rerun-if-changed=")).collect();
        for path in watched.into_iter().filter(|path| !path.is_empty() && !path.contains('{')) {
            assert!(root().join(format!("{package}{path}")).exists(), "{package}build.rs watches {path}");
        }
    }
}

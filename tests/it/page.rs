//! The sources of the web page: no way for a text to become markup, nothing from elsewhere, and no file that is not there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn sources() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    files.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn texts_stay_texts() {
    for (name, text) in sources() {
        for word in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "DOMParser",
            "createContextualFragment",
            "javascript:",
            "srcdoc",
            "setAttribute('style'",
            "<style",
            " style=\"",
        ] {
            assert!(!text.contains(word), "web/{name} has {word}");
        }
    }
}

#[test]
fn everything_is_here() {
    let sources = sources();
    let names: BTreeSet<&str> = sources.iter().map(|(name, _)| name.as_str()).collect();
    for (name, text) in &sources {
        // But for the names of namespaces, and examples of the API that are not followed.
        for (at, _) in text.match_indices("://") {
            let around: String = text[..at].chars().rev().take(60).collect::<String>().chars().rev().collect();
            assert!(text[at..].starts_with("://www.w3.org/"), "web/{name} names an address of elsewhere: {around}…");
        }
        let quoted = text.split(['\'', '"']).skip(1).step_by(2);
        for file in quoted.filter_map(|word| word.strip_prefix("./").or_else(|| word.strip_prefix("/web/"))) {
            assert!(names.contains(file), "web/{name} asks for {file}");
        }
        if name.rsplit_once('.').is_some_and(|(_, ending)| ending == "js") {
            let first = text.lines().next().unwrap_or_default();
            assert!(first.starts_with("// ") && first.len() > 20, "web/{name} does not say what it is: {first}");
        }
    }
}

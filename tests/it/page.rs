//! Tests of the sources of the web page: no text can become markup, there is no address of another server, and every
//! imported file exists.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path};

use incident_bench::serve::Options;

use crate::service::{Client, service};

/// Returns the embedded files by their path within `web/`, read from all folders.
fn sources() -> BTreeMap<String, String> {
    let mut sources = BTreeMap::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("web"), "", &mut sources);
    sources
}

fn read(folder: &Path, prefix: &str, into: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            read(&path, &format!("{name}/"), into);
        } else {
            into.insert(name, fs::read_to_string(path).unwrap());
        }
    }
}

/// Returns the path within `web/` that `word` means in the file `name`, or `None` if the word is not a path of the
/// page.
fn meant(name: &str, word: &str) -> Option<String> {
    // The page is at `/`, or below the path of a proxy, so that no address in it may begin with a slash.
    assert!(!word.starts_with("/web"), "web/{name} is lost behind a proxy with a path of its own: {word}");
    if let Some(path) = word.strip_prefix("web/").filter(|_| name == "index.html") {
        return Some(path.to_owned());
    }
    if !word.starts_with("./") && !word.starts_with("../") {
        return None;
    }
    let mut parts: Vec<_> = name.split('/').collect();
    parts.pop();
    for component in Path::new(word).components() {
        match component {
            Component::ParentDir => assert!(parts.pop().is_some(), "web/{name} leaves web/ by {word}"),
            Component::Normal(part) => parts.push(part.to_str().unwrap()),
            _ => {}
        }
    }
    Some(parts.join("/"))
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
    assert!(sources.keys().any(|name| name.contains('/')), "no folder was read");
    for (name, text) in &sources {
        // Names of namespaces, and examples of the API that are not followed, are exempt.
        for (at, _) in text.match_indices("://") {
            let around: String = text[..at].chars().rev().take(60).collect::<String>().chars().rev().collect();
            assert!(text[at..].starts_with("://www.w3.org/"), "web/{name} names an address of elsewhere: {around}…");
        }
        // The text between two strings is checked too: an apostrophe in a comment would exchange inside and outside.
        for path in text.split(['\'', '"']).filter_map(|word| meant(name, word)) {
            assert!(sources.contains_key(&path), "web/{name} asks for {path}");
        }
        if name.rsplit_once('.').is_some_and(|(_, ending)| ending == "js") {
            let first = text.lines().next().unwrap_or_default();
            assert!(first.starts_with("// ") && first.len() > 20, "web/{name} does not say what it is: {first}");
        }
    }
}

#[tokio::test]
async fn every_file_is_served_at_its_path_and_nothing_else_is() {
    let mut browser = Client::of(&service(Options::default()));
    for (name, text) in sources() {
        let answer = browser.get(&format!("/web/{name}")).await;
        let kind = match name.rsplit_once('.').unwrap().1 {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("web/{name}: the server knows no content type for .{other}"),
        };
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some(kind)), "{name}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "{name}");
        assert!(answer.header("etag").is_some_and(|tag| tag.len() == 18), "{name}: {:?}", answer.header("etag"));
        assert!(answer.header("content-security-policy").is_some_and(|policy| policy.contains("script-src 'self';")));
        assert!(answer.text == text, "web/{name} is served with another content");
    }
    for path in [
        "lib",
        "lib/",
        "dom.js",
        "lib/none.js",
        "lib//dom.js",
        "/lib/dom.js",
        "./app.js",
        "lib/../app.js",
        "lib/..%2Fapp.js",
        "lib%5Cdom.js",
        "../Cargo.toml",
        "..%2FCargo.toml",
        "lib/../../Cargo.toml",
        "lib/%2e%2e/%2e%2e/Cargo.toml",
        "%2Fetc%2Fpasswd",
        "/etc/passwd",
        "app.js%00",
        "app.js/",
    ] {
        let answer = browser.get(&format!("/web/{path}")).await;
        assert_eq!(answer.status.as_u16(), 404, "/web/{path}");
        assert_eq!(answer.json()["code"], "not_found", "/web/{path}");
    }
}

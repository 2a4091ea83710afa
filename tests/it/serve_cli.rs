//! Tests of the command `bench serve`: how it begins, what it logs, and how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::binary::Place;

/// A server in a separate process.
pub(crate) struct Serving {
    pub(crate) place: Place,
    child: Child,
    stderr: BufReader<ChildStderr>,
    pub(crate) first_line: String,
}

impl Serving {
    pub(crate) fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::start_in(Place::empty(), arguments, variables)
    }

    pub(crate) fn start_in(place: Place, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = place.command(&[&["serve"], arguments].concat());
        command.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut first_line = String::new();
        stderr.read_line(&mut first_line).unwrap();
        // Warnings about files come before the line that names the address.
        while first_line.starts_with("warning: ") {
            first_line.clear();
            stderr.read_line(&mut first_line).unwrap();
        }
        Self { place, child, stderr, first_line }
    }

    fn address(&self) -> &str {
        let (_, rest) = self.first_line.split_once("http://").unwrap_or_else(|| panic!("{}", self.first_line));
        rest.split(';').next().unwrap()
    }

    pub(crate) fn ask(&self, head: &str) -> String {
        self.send(head, "", "")
    }

    pub(crate) fn send(&self, head: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let length = body.len();
        let all = format!(
            "{head} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        );
        stream.write_all(all.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Asks the server to end, and returns its exit code and the rest of its output.
    #[cfg(unix)]
    pub(crate) fn end(self, signal: &str) -> (Option<i32>, String) {
        let (code, said, _) = self.end_with_place(signal);
        (code, said)
    }

    #[cfg(unix)]
    pub(crate) fn end_with_place(mut self, signal: &str) -> (Option<i32>, String, Place) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said, self.place)
    }
}

#[cfg(unix)]
#[test]
fn it_serves_logs_and_stops_when_asked() {
    for signal in ["-TERM", "-INT"] {
        let serving = Serving::start(&["--port", "0", "-v"], &[]);
        assert!(serving.first_line.starts_with("serving 9 scenarios at http://127.0.0.1:"), "{}", serving.first_line);
        assert!(serving.ask("POST /reset").starts_with("HTTP/1.1 200"));
        assert!(serving.ask("GET /state?episode_id=secret").starts_with("HTTP/1.1 404"));
        let (code, said) = serving.end(signal);
        assert_eq!(code, Some(0), "{said}");
        let lines: Vec<_> = said.lines().collect();
        assert!(lines[0].contains(" method=POST path=\"/reset\" status=200 duration_ms="), "{said}");
        assert!(lines[1].contains(" method=GET path=\"/state\" status=404 "), "{said}");
        assert_eq!(lines.len(), 3, "{said}");
        assert!(lines[2].starts_with("stopping: "), "{said}");
        assert!(!said.contains("secret"));
    }
}

#[cfg(unix)]
#[test]
fn logs_for_programs_limits_and_origins() {
    let arguments = ["--port", "0", "--log", "json", "--rate-limit", "1", "--allow-origin", "https://lab.example/"];
    let serving = Serving::start(&arguments, &[]);
    let first: Value = serde_json::from_str(&serving.first_line).unwrap();
    assert!(first["message"].as_str().unwrap().starts_with("serving 9 scenarios"), "{first}");
    let answer = serving.send("GET /health", "origin: https://lab.example\r\n", "");
    assert!(answer.contains("access-control-allow-origin: https://lab.example"), "{answer}");
    let answer = serving.send("GET /health", "origin: https://evil.example\r\n", "");
    assert!(answer.starts_with("HTTP/1.1 403") && !answer.contains("access-control-allow-origin"), "{answer}");
    let answers: Vec<_> = (0..5).map(|_| serving.ask("GET /health")).collect();
    let refused = answers.iter().find(|answer| answer.starts_with("HTTP/1.1 429")).expect("five in a moment");
    assert!(refused.contains("retry-after: 1\r\n") && refused.contains("too_many_requests"), "{refused}");
    let (_, said) = serving.end("-TERM");
    for line in said.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["time"].is_string() && line["level"] == "info", "{line}");
    }
    assert!(said.contains("\"client\":\"127.0.0.1\"") && said.contains("\"status\":429"), "{said}");
}

#[cfg(unix)]
#[test]
fn variables_stand_in_for_flags() {
    let serving = Serving::start(&[], &[("BENCH_OPENENV", "1"), ("PORT", "0"), ("BENCH_EXAM", "true")]);
    assert!(serving.first_line.contains("as an exam"), "{}", serving.first_line);
    assert!(serving.ask("GET /health").contains("\"healthy\""));
    assert!(serving.ask("POST /reset").contains("\"reward\":null"));
    assert!(serving.ask("GET /grader").starts_with("HTTP/1.1 403"));
    assert_eq!(serving.end("-TERM").0, Some(0));
}

#[test]
fn what_cannot_be_served() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let place = Place::empty();
    place.bench(&["serve", "--port", &port]).fails(2, &["cannot listen at 127.0.0.1:", "--port 0 takes a free one"]);
    place.bench(&["serve", "--max-sessions", "0"]).fails(2, &["--max-sessions: must be at least 1"]);
    place.bench(&["serve", "--suite", "nowhere"]).fails(2, &["unknown suite 'nowhere'"]);
    place.write("server.toml", "[serve]\nmax-body = 0\n");
    place.bench(&["serve", "--config", "server.toml"]).fails(2, &["--max-body: must be at least 1 (from bench.toml)"]);
    place.write("bench.toml", "[serve]\nepochs = 0\n");
    place.bench(&["mcp", "--exam"]).fails(2, &["--epochs: must be at least 1 (from bench.toml)"]);
    place.write("bench.toml", "[serve]\nhosts = 'x'\n");
    for command in ["serve", "mcp", "list"] {
        place.bench(&[command]).fails(2, &["bench.toml", "unknown field `hosts`"]);
    }
    std::fs::remove_file(place.path("bench.toml")).unwrap();
    for (name, value) in [("BENCH_PORT", "x"), ("BENCH_EXAM", "maybe"), ("BENCH_REVEAL", "later")] {
        let output = place.command(&["serve"]).env(name, value).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(name) && said.contains(value), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn it_makes_incidents_on_demand_and_shows_the_page_and_runs() {
    let serving = Serving::start(&["--port", "0"], &[]);
    let made = ["generate", "--level", "easy", "--count", "6", "--seed", "7", "-o", "suite"];
    serving.place.bench(&made).exits(0);
    let listing: Value = serde_json::from_str(&serving.place.read("suite/sealed/listing.json")).unwrap();
    let reset = |body: Value| {
        let answer = serving.send("POST /reset", "content-type: application/json\r\n", &body.to_string());
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), serde_json::from_str::<Value>(body).unwrap())
    };
    for (index, one) in listing["incidents"].as_array().unwrap().iter().enumerate() {
        let (_, shown) = reset(json!({"suite": "generated:easy,seed=7", "index": index}));
        assert_eq!((&shown["scenario_id"], &shown["task_id"]), (&one["id"], &one["task"]));
        let (_, again) = reset(json!({"suite": "generated:easy,seed=7", "task_id": one["task"]}));
        let of_task = |other: &&Value| other["task"] == one["task"];
        let first = listing["incidents"].as_array().unwrap().iter().find(of_task).unwrap();
        assert_eq!(again["scenario_id"], first["id"], "the first one that poses the task");
        let before = listing["incidents"].as_array().unwrap()[..index].iter().filter(of_task).count();
        let (_, counted) =
            reset(json!({"suite": "generated:easy,seed=7", "task_id": one["task"], "scenario_index": before}));
        assert_eq!(counted["scenario_id"], one["id"], "the one after {before} others of the task");
    }
    for (body, words) in [
        (json!({"suite": "classic"}), "expected generated:LEVEL,seed=N"),
        (json!({"suite": "generated:smoke"}), "expected generated:LEVEL,seed=N"),
        (json!({"suite": "generated:easy,private=3"}), "the suite is private"),
        (json!({"suite": "generated:easy,decoys=99"}), "decoys is from 0 to 20"),
        (json!({"suite": "generated:easy,decoys=3"}), "knobs are for a suite that is served whole"),
        (json!({"suite": "generated:easy", "index": -1}), "index: expected the number of an incident, found -1"),
        (json!({"suite": "generated:easy", "index": 0, "task_id": "remediation_planning"}), "incident 0 poses"),
        (
            json!({"suite": "generated:easy", "scenario_index": 10_000, "task_id": "remediation_planning"}),
            "scenario_index: expected at most 9999, found 10000",
        ),
        (json!({"suite": "generated:easy", "scenario_index": -1}), "scenario_index: expected the number"),
    ] {
        let (head, refusal) = reset(body.clone());
        assert!(head.starts_with("HTTP/1.1 4"), "{body}: {head}");
        assert!(refusal["detail"].as_str().unwrap().contains(words), "{body}: {refusal}");
    }
    // The server shows the page, its files, and the runs of this folder.
    let page = serving.ask("GET /");
    assert!(page.contains("content-security-policy: default-src 'none'; script-src 'self';"), "{page}");
    let tag = page.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
    for file in page.split('"').filter(|word| word.starts_with("/web/")) {
        assert!(serving.ask(&format!("GET {file}")).starts_with("HTTP/1.1 200"), "{file}");
    }
    assert!(serving.send("GET /", &format!("if-none-match: {tag}\r\n"), "").starts_with("HTTP/1.1 304"));
    assert!(serving.ask("GET /web/..%2FCargo.toml").starts_with("HTTP/1.1 404"));
    serving.place.bench(&["--agent", "oracle", "--quiet"]).exits(0);
    assert!(serving.ask("GET /runs").contains(&format!("\"id\":\"{}\"", serving.place.latest())));
    serving.end("-TERM");
    // If other machines can reach the server, a folder is shown only if it is named; and an exam makes no incidents.
    let open = Serving::start(&["--port", "0", "--host", "0.0.0.0", "--token", "t"], &[]);
    assert!(open.ask("GET /runs").contains("no_runs"));
    open.end("-TERM");
    let named =
        Serving::start(&["--port", "0", "--host", "0.0.0.0", "--token", "t"], &[("BENCH_RESULTS", "elsewhere")]);
    assert!(named.ask("GET /runs").ends_with("{\"runs\":[]}"));
    named.end("-TERM");
    let exam = Serving::start(&["--port", "0", "--exam"], &[]);
    let refusal = exam.send("POST /reset", "content-type: application/json\r\n", "{\"suite\":\"generated:easy\"}");
    assert!(refusal.starts_with("HTTP/1.1 403"), "{refusal}");
    exam.end("-TERM");
}

//! `bench serve` as a command: how it begins, what it logs, and how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use crate::binary::Place;

/// A server in a process of its own.
struct Serving {
    child: Child,
    stderr: BufReader<ChildStderr>,
    first_line: String,
}

impl Serving {
    fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let place = Place::empty();
        let mut command = place.command(&[&["serve"], arguments].concat());
        command.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut first_line = String::new();
        stderr.read_line(&mut first_line).unwrap();
        Self { child, stderr, first_line }
    }

    fn address(&self) -> &str {
        let (_, rest) = self.first_line.split_once("http://").unwrap_or_else(|| panic!("{}", self.first_line));
        rest.split(';').next().unwrap()
    }

    fn ask(&self, head: &str) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(format!("{head} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Asks it to end, and gives its exit code and the rest of what it said.
    #[cfg(unix)]
    fn end(mut self, signal: &str) -> (Option<i32>, String) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
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
    for (name, value) in [("BENCH_PORT", "x"), ("BENCH_EXAM", "maybe"), ("BENCH_REVEAL", "later")] {
        let output = place.command(&["serve"]).env(name, value).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(name) && said.contains(value), "{said}");
    }
}

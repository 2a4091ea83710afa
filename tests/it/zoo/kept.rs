//! Runs by each of the three APIs that are recorded, killed, resumed and replayed: the same table, the model's messages byte for
//! byte, no call paid twice, nothing learnt twice, and no socket for a replay.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use incident_bench::stats::rng::SplitMix64;
use serde_json::Value;

use super::dialect::Dialect;
use super::endpoint::{Endpoint, KEY};
use super::kinds;
use super::play::{arguments, configured_price, problems_of_row};
use super::player;
use crate::binary::{Ended, Place};
use crate::resume::rows;

/// Dialects of all APIs, each of which insists on something else that must come back.
const DIALECTS: [&str; 5] =
    ["deepseek-v4", "gemini-3-compatible", "openrouter", "openai-responses", "anthropic-native"];

/// A dialect of each API, for runs that are killed, which take their time.
const KILLED: [&str; 3] = ["deepseek-v4", "openai-responses", "anthropic-native"];

/// The time that a call takes, so that a process can be killed in the midst of a run.
const PAUSE: Duration = Duration::from_millis(4);

fn place_of(dialect: &Dialect) -> Place {
    let place = Place::empty();
    place.write("bench.toml", &configured_price(dialect));
    place
}

fn run(place: &Place, arguments: &[&str]) -> Ended {
    Ended::of(&place.command(arguments).env("API_KEY", KEY).output().unwrap())
}

#[test]
fn a_recording_repeats_the_run_without_a_socket() {
    for name in DIALECTS {
        let dialect = kinds::named(name);
        let (place, endpoint) = (place_of(dialect), Endpoint::of(dialect));
        let url = endpoint.base_url();
        let more = ["--protocol", "tools", "--record", "tape"];
        let live: Value = serde_json::from_str(&run(&place, &arguments(dialect, &url, &more)).exits(0).stdout).unwrap();
        assert_eq!(problems_of_row(&live, dialect.model), [""; 0], "{name}");
        let calls = endpoint.calls();

        // Whoever connects is seen, because nobody accepts.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let elsewhere = format!("http://127.0.0.1:{port}{}", dialect.base);
        for concurrency in ["1", "8"] {
            let more = ["--protocol", "tools", "--replay", "tape", "--concurrency", concurrency];
            // A replay needs no key.
            let again = place.bench(&arguments(dialect, &elsewhere, &more)).exits(0);
            let again: Value = serde_json::from_str(&again.stdout).unwrap();
            assert_eq!(again["rows"], live["rows"], "{name}: every number, latencies among them");
        }
        assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "{name}");
        assert_eq!(endpoint.calls(), calls, "{name}");
    }
}

/// Kills a run and its resumptions until one comes to its end. Returns how often it was killed and how often it was begun.
fn kill_until_done(place: &Place, arguments: &[&str], rng: &mut SplitMix64) -> (usize, usize) {
    let (mut kills, mut begun) = (0, 0);
    loop {
        let is_begun = place.path("results/latest").exists();
        begun += usize::from(!is_begun);
        let mut command = place.command(if is_begun { &["resume", "--quiet"] } else { arguments });
        let command = command.env("API_KEY", KEY).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        // A busy machine gets further before each kill, so that the end is reached at last.
        std::thread::sleep(Duration::from_millis(200 + rng.below(300) as u64 + 25 * kills as u64));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return (kills, begun);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
}

#[test]
fn a_killed_run_goes_on_as_if_nothing_had_happened() {
    let mut rng = SplitMix64::new(20);
    for name in KILLED {
        let dialect = kinds::named(name);
        let more = ["--protocol", "tools", "--concurrency", "1", "--max-retries", "2"];
        let undisturbed = place_of(dialect);
        let endpoint = Endpoint::of(dialect);
        run(&undisturbed, &arguments(dialect, &endpoint.base_url(), &more)).exits(0);
        let expected = rows(&undisturbed.summary());
        let (refused, checks) = endpoint.book(|book| (book.refused.len(), book.checks));

        let place = place_of(dialect);
        let endpoint = Endpoint::slow(dialect, PAUSE);
        let url = endpoint.base_url();
        let (kills, begun) = kill_until_done(&place, &arguments(dialect, &url, &more), &mut rng);
        assert!(kills > 0, "{name}: the run was never killed");
        let summary = place.summary();
        let timeless = rows(&summary);
        assert_eq!(timeless, expected, "{name} after {kills} kills");
        assert_eq!(problems_of_row(&summary, dialect.model), [""; 0], "{name} after {kills} kills");
        endpoint.book(|book| {
            assert!(book.notes.is_empty(), "{name} after {kills} kills: {:#?}", book.notes);
            // Only a call in flight is asked again, and there is one at a time.
            assert!(book.answers <= player::steps() + kills, "{name}: {} answers after {kills} kills", book.answers);
            assert!(book.checks <= checks * begun, "{name}: {} checks of {begun} beginnings", book.checks);
            assert!(book.refused.len() <= refused * begun, "{name}: {} refusals", book.refused.len());
        });
        // What the log kept is what the endpoint said, to the byte.
        let calls = place.events().into_iter().filter(|event| event["event"]["type"] == "model.called").count();
        assert_eq!(calls, player::steps(), "{name}");
    }
}

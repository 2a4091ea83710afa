//! Keeps the episodes of the server: its table of sessions, its routes and its answers, but no socket, and one client
//! after another.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode};
use incident_bench::serve::{App, Limits, Options, service};
use incident_bench::stats::rng::SplitMix64;
use incident_env::Catalog;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use tower::util::BoxCloneSyncService;
use uuid::Uuid;

use crate::long_play::long_play;
use crate::sample::{Sample, Store};
use crate::{Arguments, Problem};

/// The lifetime of an idle session, which is longer than this program runs.
const TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// The bodies of a play: a reset and its steps.
struct Play {
    reset: Bytes,
    steps: Vec<Bytes>,
}

struct Sessions {
    service: BoxCloneSyncService<Request, axum::response::Response, std::convert::Infallible>,
    runtime: Runtime,
    plays: Vec<Play>,
    /// The index of the play of the next session, which takes the place of one that has ended.
    next: u8,
    /// The index of the play of each session, and the number of steps that it has taken.
    live: Vec<[u8; 2]>,
}

impl Sessions {
    fn of(catalog: Catalog, episodes: usize) -> Result<Self, Problem> {
        let plays = catalog.scenarios().iter().map(|scenario| Play {
            reset: json!({ "scenario_id": scenario.id() }).to_string().into(),
            steps: long_play(scenario).iter().map(|action| json!(action).to_string().into()).collect(),
        });
        let plays = plays.collect();
        let options = Options { limits: Limits { ttl: TTL, most: episodes }, ..Options::default() };
        let app = App::new(catalog, options, CancellationToken::new());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        // The vector is written to, so that it is in memory before the sessions are.
        let mut live = vec![[1; 2]; episodes];
        live.clear();
        Ok(Self { service: BoxCloneSyncService::new(service(&app)), runtime, plays, next: 0, live })
    }

    fn reset(&self, index: usize, play: u8) -> Result<(), Problem> {
        self.post("/reset", &name(index)?, self.plays[usize::from(play)].reset.clone())
    }

    /// Sends a request that must be answered well.
    fn post(&self, path: &str, name: &HeaderValue, body: Bytes) -> Result<(), Problem> {
        let request = Request::post(path).header("content-type", "application/json").header("x-episode-id", name);
        let answer = self.runtime.block_on(self.service.clone().oneshot(request.body(Body::from(body))?))?;
        if answer.status() != StatusCode::OK {
            return Err(format!("{path} was answered with {}", answer.status()).into());
        }
        Ok(())
    }
}

/// Makes the name of a session, which is as long as the names that the server makes. It is kept nowhere, so that it
/// counts as the server's memory only.
fn name(index: usize) -> Result<HeaderValue, Problem> {
    let mut random = SplitMix64::new(index as u64);
    let mut text = Uuid::encode_buffer();
    let id = Uuid::from_u64_pair(random.next_u64(), random.next_u64());
    Ok(HeaderValue::from_str(id.hyphenated().encode_lower(&mut text))?)
}

impl Store for Sessions {
    const BATCH: usize = 1;

    fn lengths(&self) -> Vec<usize> {
        self.plays.iter().map(|play| play.steps.len()).collect()
    }

    fn start(&mut self, play: usize) -> Result<(), Problem> {
        let (index, play) = (self.live.len(), u8::try_from(play)?);
        self.reset(index, play)?;
        self.live.push([play, 0]);
        self.step(index)
    }

    fn step(&mut self, index: usize) -> Result<(), Problem> {
        let [mut play, mut taken] = self.live[index];
        if usize::from(taken) == self.plays[usize::from(play)].steps.len() {
            (play, taken) = (self.next, 0);
            self.next = u8::try_from((usize::from(play) + 1) % self.plays.len())?;
            self.reset(index, play)?;
        }
        self.post("/step", &name(index)?, self.plays[usize::from(play)].steps[usize::from(taken)].clone())?;
        self.live[index] = [play, taken + 1];
        Ok(())
    }
}

/// Measures sessions of the nine hand-written scenarios, which take turns.
pub(crate) fn run(arguments: &Arguments) -> Result<Sample, Problem> {
    Sample::take(arguments, Sessions::of(Catalog::embedded()?, arguments.episodes)?)
}

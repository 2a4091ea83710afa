//! Tests of exams by every door of the server: who may begin an incident, who may touch an episode, and what an episode
//! comes to that is given up.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use incident_bench::log::Manifest;
use incident_bench::log::store::RunFolder;
use incident_bench::run::Exam;
use incident_bench::serve::{App, Backing, Limits, Options};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::serve_sockets::{Running, Socket};
use crate::service::{Answer, Client, Service, catalog, exam, service, serving};

const SCENARIO: &str = "RCA-001";

/// A server that holds an exam.
struct Hall {
    app: Arc<App>,
    service: Service,
    exam: Arc<Exam>,
    folder: TempDir,
    stop: CancellationToken,
}

impl Hall {
    fn open(epochs: u32, options: Options) -> Self {
        let (folder, catalog, stop) = (TempDir::new().unwrap(), catalog(), CancellationToken::new());
        let scenarios = catalog.scenarios().iter().map(|one| json!({"id": one.id(), "task": one.task()}));
        let manifest: Manifest = serde_json::from_value(json!({
            "schema": "incident-bench/run/1", "id": "exam", "started_at": "2026-01-02T03:04:05Z", "bench_version": "0",
            "suite": "classic", "suite_digest": catalog.digest(), "prompts": "none", "prompts_digest": "none",
            "graders": catalog.graders(), "contestants": [{"label": "client", "agent": "client"}],
            "scenarios": scenarios.collect::<Vec<_>>(), "epochs": epochs, "seed": 0, "options": {}, "command": [],
            "machine": {"os": "", "arch": "", "cpus": 1},
        }))
        .unwrap();
        let run = RunFolder { path: folder.path().to_owned() };
        let exam = Arc::new(Exam::start(&manifest, run).unwrap());
        let backing = Backing { exam: Some(Arc::clone(&exam)), ..Backing::default() };
        let app = App::backed(catalog, options, stop.clone(), backing);
        Self { service: serving(&app), app, exam, folder, stop }
    }

    /// Returns the events of episodes, each as its type, its epoch, and how it ended.
    fn log(&self) -> Vec<(String, u64, Value)> {
        let log = std::fs::read_to_string(self.folder.path().join("events.jsonl")).unwrap();
        let events = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let of_episode = events.filter(|event| event["episode"].is_object()).map(|event| {
            let (kind, epoch) =
                (event["event"]["type"].as_str().unwrap().to_owned(), event["episode"]["epoch"].clone());
            (kind, epoch.as_u64().unwrap(), event["event"]["outcome"]["kind"].clone())
        });
        of_episode.collect()
    }

    fn count(&self, kind: &str) -> usize {
        self.log().iter().filter(|(known, ..)| known == kind).count()
    }

    fn endings(&self) -> Vec<String> {
        self.log().iter().filter_map(|(_, _, outcome)| Some(outcome.as_str()?.to_owned())).collect()
    }
}

/// The ways in which a client reaches the server.
#[derive(Debug, Clone, Copy)]
enum Door {
    Rest,
    RestInOpenenv,
    Socket,
    ToolsOnSocket,
    McpInSocket,
    McpBySession,
    McpByHeader,
    McpSocket,
}

const DOORS: [Door; 8] = [
    Door::Rest,
    Door::RestInOpenenv,
    Door::Socket,
    Door::ToolsOnSocket,
    Door::McpInSocket,
    Door::McpBySession,
    Door::McpByHeader,
    Door::McpSocket,
];

/// A client of one door, with the session or the episode that it was given.
struct Player {
    door: Door,
    client: Client,
    socket: Option<Socket>,
    name: String,
}

impl Player {
    async fn of(door: Door, hall: &Hall, server: &Running) -> Self {
        let socket = match door {
            Door::Socket | Door::ToolsOnSocket | Door::McpInSocket => Some(server.socket().await),
            Door::McpSocket => Some(server.socket_at("/mcp").await),
            _ => None,
        };
        let mut player = Self { door, client: Client::of(&hall.service), socket, name: String::new() };
        match door {
            Door::McpBySession => {
                let reply = player.client.post("/mcp", rpc("openenv/session/create", json!({}))).await.ok();
                reply["result"]["session_id"].as_str().unwrap().clone_into(&mut player.name);
            }
            Door::McpByHeader => {
                let answer = player.client.post("/mcp", rpc("initialize", json!({}))).await;
                answer.header("mcp-session-id").unwrap().clone_into(&mut player.name);
            }
            _ => {}
        }
        player
    }

    async fn send(&mut self, path: &str, header: &str, body: Value) -> Answer {
        let request = Request::post(path).header("content-type", "application/json").header(header, &self.name);
        self.client.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    async fn socket(&mut self, message: Value) -> Value {
        self.socket.as_mut().unwrap().ask(message).await
    }

    /// Calls a tool of MCP, and returns the result or what is wrong.
    async fn tool(&mut self, tool: &str, arguments: Value) -> Result<Value, String> {
        let mut params = json!({"name": tool, "arguments": arguments});
        let reply = match self.door {
            Door::McpBySession => {
                params["session_id"] = json!(self.name);
                self.client.post("/mcp", rpc("tools/call", params)).await.ok()
            }
            Door::McpByHeader => self.send("/mcp", "mcp-session-id", rpc("tools/call", params)).await.ok(),
            Door::McpInSocket => {
                let message = json!({"type": "mcp", "data": rpc("tools/call", params)});
                self.socket(message).await["data"].clone()
            }
            _ => self.socket(rpc("tools/call", params)).await,
        };
        let result = &reply["result"];
        match result["isError"].as_bool() {
            Some(false) => Ok(result["structuredContent"]["observation"].clone()),
            _ => Err(result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned()),
        }
    }

    /// Starts an incident, and returns its observation or what is wrong.
    async fn start(&mut self, scenario: &str) -> Result<Value, String> {
        let choice = json!({"scenario_id": scenario});
        match self.door {
            Door::Rest | Door::RestInOpenenv => {
                let shown = answered(self.client.post("/reset", choice).await)?;
                shown["episode_id"].as_str().unwrap().clone_into(&mut self.name);
                Ok(shown)
            }
            Door::Socket => on_socket(self.socket(json!({"type": "reset", "data": choice})).await),
            Door::ToolsOnSocket => self.step_tool("start_incident", choice).await,
            _ => self.tool("start_incident", choice).await,
        }
    }

    /// Takes a step, and returns its observation or what is wrong.
    async fn step(&mut self, action: &str, parameters: Value) -> Result<Value, String> {
        let whole = json!({"action_type": action, "parameters": parameters});
        match self.door {
            Door::Rest => answered(self.send("/step", "x-episode-id", whole).await),
            Door::RestInOpenenv => answered(self.send("/step", "x-episode-id", json!({"action": whole})).await),
            Door::Socket => on_socket(self.socket(json!({"type": "step", "data": whole})).await),
            Door::ToolsOnSocket => self.step_tool(action, parameters).await,
            _ => self.tool(action, parameters).await,
        }
    }

    async fn step_tool(&mut self, tool: &str, arguments: Value) -> Result<Value, String> {
        let call = json!({"type": "call_tool", "tool_name": tool, "arguments": arguments});
        let shown = on_socket(self.socket(json!({"type": "step", "data": call})).await)?;
        match shown["error"]["message"].as_str() {
            Some(problem) => Err(problem.to_owned()),
            None => Ok(shown["result"]["structured_content"]["observation"].clone()),
        }
    }

    async fn look(&mut self) -> Result<Value, String> {
        self.step("query_logs", json!({"service": "postgres-db"})).await
    }

    async fn answer(&mut self) -> Result<Value, String> {
        self.step("submit_root_cause", json!({"service": "postgres-db", "failure_mode": "none"})).await
    }
}

fn rpc(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

fn answered(answer: Answer) -> Result<Value, String> {
    let value = answer.json();
    if answer.status.is_success() {
        return Ok(value["observation"].clone());
    }
    assert_eq!(answer.status, 409, "{value}");
    Err(value["detail"].as_str().unwrap().to_owned())
}

fn on_socket(answer: Value) -> Result<Value, String> {
    match answer["data"]["message"].as_str() {
        Some(problem) => Err(problem.to_owned()),
        None => Ok(answer["data"]["observation"].clone()),
    }
}

#[track_caller]
fn refused(outcome: Result<Value, String>, words: &str) {
    let problem = outcome.unwrap_err();
    assert!(problem.contains(words) && problem.contains("start another scenario"), "{problem}");
}

const OPEN: &str = "no second episode of it begins while one is open";
const USED: &str = "is used up";

/// Two clients in an exam, by every pair of doors: while one plays an incident, the other can neither start it nor go on
/// with an episode of it that it had started before; nor can anybody afterwards.
#[tokio::test]
async fn practice_beside_an_open_episode_and_after_it_is_refused() {
    for one in DOORS {
        for other in DOORS {
            let hall = Hall::open(1, exam());
            let server = Running::of(Arc::clone(&hall.app), hall.stop.clone(), 100).await;
            let mut counted = Player::of(one, &hall, &server).await;
            let mut beside = Player::of(other, &hall, &server).await;
            // Whoever has only seen the alert keeps nobody from playing, and the alert is the same for all.
            let alert = |shown: Result<Value, String>| shown.unwrap()["alert"].clone();
            assert_eq!(alert(beside.start(SCENARIO).await), alert(counted.start(SCENARIO).await), "{one:?} {other:?}");
            counted.look().await.unwrap();
            refused(beside.look().await, OPEN);
            refused(beside.start(SCENARIO).await, OPEN);
            assert_eq!(counted.look().await.unwrap()["step_count"], 2, "{one:?} {other:?}");
            let mut repair = Player::of(other, &hall, &server).await;
            repair.start("RP-001").await.unwrap();
            repair.look().await.unwrap();
            counted.answer().await.unwrap();
            refused(beside.start(SCENARIO).await, USED);
            refused(counted.start(SCENARIO).await, USED);
            assert_eq!((hall.count("episode.started"), hall.count("step.taken")), (2, 4), "{one:?} {other:?}");
            assert_eq!(hall.endings(), ["completed"]);
        }
    }
}

#[tokio::test]
async fn epochs_are_played_one_after_the_other() {
    for door in DOORS {
        let hall = Hall::open(2, exam());
        let server = Running::of(Arc::clone(&hall.app), hall.stop.clone(), 100).await;
        let mut player = Player::of(door, &hall, &server).await;
        for _ in 0..2 {
            player.start(SCENARIO).await.unwrap();
            player.look().await.unwrap();
            let mut beside = Player::of(door, &hall, &server).await;
            refused(beside.start(SCENARIO).await, OPEN);
            player.answer().await.unwrap();
        }
        refused(player.start(SCENARIO).await, USED);
        assert_eq!(hall.endings(), ["completed", "completed"], "{door:?}");
    }
}

#[tokio::test]
async fn who_names_no_episode_is_refused() {
    let step = json!({"action_type": "query_logs", "parameters": {"service": "postgres-db"}});
    let open = Options { nameless: false, ..Options::default() };
    let openenv = |options: Options| Options { openenv: true, ..options };
    for (options, is_exam) in [(exam(), true), (openenv(exam()), true), (open.clone(), false), (openenv(open), false)] {
        let is_openenv = options.openenv;
        let service = service(options);
        let mut owner = Client::with_jar(&service);
        let name = owner.post("/reset", json!({"scenario_id": SCENARIO})).await.ok()["episode_id"].clone();
        let mut stranger = Client::of(&service);
        for body in [step.clone(), json!({"action": step})] {
            let answer = stranger.post("/step", body).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (400, &json!("episode_unnamed")));
            assert!(answer.text.contains("X-Episode-Id"), "{}", answer.text);
        }
        let state = stranger.get("/state").await;
        assert!(!state.text.contains(name.as_str().unwrap()), "{}", state.text);
        // Hosts of OpenEnv ask for the state before a reset, and are told that there is none.
        assert_eq!(state.status.as_u16(), if is_openenv && !is_exam { 200 } else { 400 }, "{}", state.text);
        assert_eq!(stranger.get("/grader").await.status.as_u16(), if is_exam { 403 } else { 400 });
        // The owner names its episode by its cookie.
        assert_eq!(owner.get("/state").await.ok()["step_count"], 0);
        assert_eq!(owner.post("/step", step.clone()).await.ok()["observation"]["step_count"], 1);
        let call = json!({"name": "query_logs", "arguments": {"service": "postgres-db"}});
        let reply = stranger.post("/mcp", rpc("tools/call", call)).await.ok();
        assert_eq!(reply["error"].is_object(), is_exam, "{reply}");
        for method in ["ping", "tools/list"] {
            assert!(stranger.post("/mcp", rpc(method, json!({}))).await.ok()["result"].is_object(), "{method}");
        }
    }
}

#[tokio::test]
async fn a_name_in_use_is_not_given_to_another_episode() {
    let hall = Hall::open(1, exam());
    let (mut owner, mut stranger) = (Client::of(&hall.service), Client::of(&hall.service));
    let reset = |scenario: &str| json!({"scenario_id": scenario, "episode_id": "mine"});
    let step = |action: &str| json!({"action_type": action, "parameters": {"service": "x", "failure_mode": "y"}, "episode_id": "mine"});
    let steps = async |client: &mut Client| client.get("/state?episode_id=mine").await.ok()["step_count"].clone();
    owner.post("/reset", reset(SCENARIO)).await.ok();
    // A client that crashed before its first step gets its episode again, and the name is not turned to another incident.
    owner.post("/reset", reset(SCENARIO)).await.ok();
    let taken = async |client: &mut Client, scenario: &str| {
        let answer = client.post("/reset", reset(scenario)).await;
        assert_eq!((answer.status.as_u16(), answer.json()["code"].clone()), (409, json!("episode_open")));
        assert!(answer.text.contains("another episode_id"), "{}", answer.text);
    };
    taken(&mut stranger, "RP-001").await;
    assert_eq!(steps(&mut owner).await, 0);
    owner.post("/step", step("query_logs")).await.ok();
    taken(&mut stranger, "RP-001").await;
    assert_eq!(steps(&mut owner).await, 1);
    assert_eq!(stranger.post("/reset", reset(SCENARIO)).await.json()["code"], "scenario_open");
    owner.post("/step", step("submit_root_cause")).await.ok();
    assert_eq!(owner.post("/reset", reset("RP-001")).await.ok()["scenario_id"], "RP-001");
    assert_eq!(hall.endings(), ["completed"]);
}

#[tokio::test]
async fn newcomers_do_not_drive_out_an_episode_that_counts() {
    let limits = Limits { ttl: Duration::from_secs(60), most: 2 };
    let hall = Hall::open(1, Options { limits, ..exam() });
    let mut counted = [Client::with_jar(&hall.service), Client::with_jar(&hall.service)];
    let look = || json!({"action_type": "query_logs", "parameters": {"service": "x"}});
    let mut newcomer = Client::of(&hall.service);
    for (client, scenario) in counted.iter_mut().zip([SCENARIO, "RP-001"]) {
        client.post("/reset", json!({"scenario_id": scenario})).await.ok();
        client.post("/step", look()).await.ok();
        // What has taken no step makes room.
        for _ in 0..3 {
            let status = newcomer.post("/reset", json!({"scenario_id": "AC-001"})).await.status.as_u16();
            assert_eq!(status, if scenario == SCENARIO { 200 } else { 503 });
        }
    }
    let full = newcomer.post("/mcp", rpc("openenv/session/create", json!({}))).await.ok();
    assert!(full["error"]["message"].as_str().unwrap().contains("at capacity"), "{full}");
    for client in &mut counted {
        assert_eq!(client.post("/step", look()).await.ok()["observation"]["step_count"], 2);
    }
}

/// Each way to leave an episode ends it with the grade of what was done, and the incident is used up.
#[tokio::test]
async fn what_is_given_up_counts() {
    for door in DOORS {
        let limits = Limits { ttl: Duration::from_millis(300), most: 10 };
        let hall = Hall::open(1, Options { limits, ..exam() });
        let server = Running::of(Arc::clone(&hall.app), hall.stop.clone(), 100).await;
        let mut player = Player::of(door, &hall, &server).await;
        player.start(SCENARIO).await.unwrap();
        player.look().await.unwrap();
        match door {
            // Nothing ends these but time, which the counters of the server tell.
            Door::Rest | Door::RestInOpenenv => {}
            Door::McpBySession => {
                let closed = rpc("openenv/session/close", json!({"session_id": player.name}));
                assert_eq!(player.client.post("/mcp", closed).await.ok()["result"]["closed"], true);
            }
            Door::McpByHeader => {
                let request = Request::delete("/mcp").header("mcp-session-id", &player.name);
                assert_eq!(player.client.send(request.body(Body::empty()).unwrap()).await.status, 204);
            }
            Door::Socket | Door::ToolsOnSocket | Door::McpInSocket | Door::McpSocket => drop(player.socket.take()),
        }
        let mut patience = 0;
        while hall.count("episode.finished") == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Client::of(&hall.service).get("/metrics").await;
            patience += 1;
            assert!(patience < 500, "{door:?}");
        }
        assert_eq!(hall.endings(), ["given_up"], "{door:?}");
        refused(Player::of(door, &hall, &server).await.start(SCENARIO).await, USED);
        let row = hall.exam.finish().unwrap().rows.remove(0);
        assert_eq!((row.episodes, row.unfinished), (1, catalog().scenarios().len() - 1));
    }
}

#[tokio::test]
async fn another_incident_in_the_same_session_gives_the_first_one_up() {
    let hall = Hall::open(2, exam());
    let server = Running::of(Arc::clone(&hall.app), hall.stop.clone(), 100).await;
    let mut player = Player::of(Door::Socket, &hall, &server).await;
    player.start(SCENARIO).await.unwrap();
    player.look().await.unwrap();
    refused(player.start(SCENARIO).await, OPEN);
    assert_eq!(player.look().await.unwrap()["step_count"], 2, "the refusal took nothing away");
    player.start("RP-001").await.unwrap();
    assert_eq!(hall.endings(), ["given_up"]);
    let mut tools = Player::of(Door::McpSocket, &hall, &server).await;
    tools.start(SCENARIO).await.unwrap();
    tools.look().await.unwrap();
    let problem = tools.start("AC-001").await.unwrap_err();
    assert!(problem.contains("still under way"), "{problem}");
    assert_eq!(hall.endings(), ["given_up"]);
}

/// Many clients take the first step of an incident at once, by all doors: one of them has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_first_steps_one_counts() {
    let hall = Hall::open(1, exam());
    let server = Running::of(Arc::clone(&hall.app), hall.stop.clone(), 100).await;
    let mut players = Vec::new();
    for door in DOORS.repeat(4) {
        let mut player = Player::of(door, &hall, &server).await;
        player.start(SCENARIO).await.unwrap();
        players.push(player);
    }
    let steps = players.into_iter().map(|mut player| {
        tokio::spawn(async move {
            let stepped = player.look().await;
            (player, stepped)
        })
    });
    let mut winners = 0;
    // Sockets stay open until all have answered, or else the winner's could give its episode up early.
    let mut held = Vec::new();
    for task in steps.collect::<Vec<_>>() {
        let (player, stepped) = task.await.unwrap();
        match stepped {
            Ok(_) => winners += 1,
            Err(problem) => assert!(problem.contains(OPEN), "{problem}"),
        }
        held.push(player);
    }
    assert_eq!((winners, hall.count("episode.started"), hall.count("step.taken")), (1, 1, 1));
}

#[tokio::test]
async fn after_the_end_nothing_is_played() {
    let hall = Hall::open(1, exam());
    let (mut open, mut fresh) = (Client::with_jar(&hall.service), Client::with_jar(&hall.service));
    open.post("/reset", json!({"scenario_id": SCENARIO})).await.ok();
    fresh.post("/reset", json!({"scenario_id": "RP-001"})).await.ok();
    let look = || json!({"action_type": "query_logs", "parameters": {"service": "postgres-db"}});
    open.post("/step", look()).await.ok();
    hall.exam.finish().unwrap();
    let log = hall.log();
    for client in [&mut open, &mut fresh] {
        let answer = client.post("/step", look()).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (503, &json!("exam_ended")));
    }
    assert!(hall.stop.is_cancelled());
    assert_eq!((hall.log(), hall.endings()), (log, vec!["given_up".to_owned()]));
}

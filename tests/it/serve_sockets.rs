//! Tests of `/ws` and of sockets in general: conversations, refusals, pings, limits, and how a server stops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use incident_bench::serve::{App, Options, Server};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, connect_async_with_config};
use tokio_util::sync::CancellationToken;

use crate::service::{catalog, exam, limited};

/// A server on a free port.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: CancellationToken,
    ended: JoinHandle<bool>,
}

impl Running {
    pub(crate) async fn start(options: Options) -> Self {
        Self::with_connections(options, 100).await
    }

    async fn with_connections(options: Options, connections: usize) -> Self {
        let stop = CancellationToken::new();
        Self::of(App::new(catalog(), options, stop.clone()), stop, connections).await
    }

    pub(crate) async fn of(app: Arc<App>, stop: CancellationToken, connections: usize) -> Self {
        let server = Server::bind("127.0.0.1:0", app, connections).await.unwrap().grace(Duration::from_secs(5));
        let address = server.address().unwrap();
        Self { address, stop, ended: tokio::spawn(server.run()) }
    }

    pub(crate) async fn socket(&self) -> Socket {
        self.socket_at("/ws").await
    }

    pub(crate) async fn socket_at(&self, path: &str) -> Socket {
        Socket(connect_async(format!("ws://{}{path}", self.address)).await.unwrap().0)
    }

    /// Makes a connection that has left HTTP by hand, for frames that no client library sends.
    async fn leave_http(&self) -> TcpStream {
        self.leave_http_at("/ws", "").await.0
    }

    /// The same at any path and with more lines in the head, with the head of the answer.
    async fn leave_http_at(&self, path: &str, more: &str) -> (TcpStream, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("HTTP/1.1 101 ") && head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
        (stream, head)
    }

    /// Sends bytes, and returns everything that arrives until the other side closes.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await.unwrap().unwrap();
        String::from_utf8(answer).unwrap()
    }
}

pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub(crate) async fn send(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    pub(crate) async fn frame(&mut self) -> Option<Message> {
        let frame = tokio::time::timeout(Duration::from_secs(10), self.0.next()).await.expect("an answer in time");
        frame.map(Result::unwrap)
    }

    pub(crate) async fn answer(&mut self) -> Value {
        match self.frame().await {
            Some(Message::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("expected a text, found {other:?}"),
        }
    }

    pub(crate) async fn ask(&mut self, message: Value) -> Value {
        self.ask_text(&message.to_string()).await
    }

    pub(crate) async fn ask_text(&mut self, text: &str) -> Value {
        self.send(Message::text(text)).await;
        self.answer().await
    }

    /// Ends the session, and waits until the other side has ended it too.
    pub(crate) async fn ask_to_close(&mut self) {
        self.send(Message::text("{\"type\": \"close\"}")).await;
        assert_eq!(self.closed().await, 1000);
        while let Some(Ok(_)) = self.0.next().await {}
    }

    /// Returns the code with which the other side closes.
    pub(crate) async fn closed(&mut self) -> u16 {
        match self.frame().await {
            Some(Message::Close(Some(CloseFrame { code, .. }))) => code.into(),
            other => panic!("expected a close, found {other:?}"),
        }
    }
}

pub(crate) fn code(answer: &Value) -> &str {
    assert_eq!(answer["type"], "error", "{answer}");
    answer["data"]["code"].as_str().unwrap()
}

// ---- conversations ----

#[tokio::test]
async fn an_episode() {
    let server = Running::start(Options::default()).await;
    let mut socket = server.socket().await;
    // There is an episode from the start.
    let state = socket.ask(json!({"type": "state"})).await;
    assert_eq!((&state["type"], &state["data"]["step_count"]), (&json!("state"), &json!(0)));
    assert!(state["data"]["episode_id"].is_string());

    let data = json!({"seed": 7, "episode_id": "ep-7", "scenario_id": "AC-003", "prompt": [{"role": "user"}]});
    let reset = socket.ask(json!({"type": "reset", "data": data})).await;
    assert_eq!(reset["type"], "observation");
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&reset["data"]), ["observation", "reward", "done"]);
    assert_eq!((&reset["data"]["reward"], &reset["data"]["done"]), (&json!(0.0), &json!(false)));
    assert_eq!(reset["data"]["observation"]["episode_id"], "ep-7");

    let look = json!({"action_type": "check_metrics", "parameters": {"service": "recommendation-service"}});
    let step = socket.ask(json!({"type": "step", "data": look})).await;
    assert_eq!(keys(&step["data"]), ["observation", "reward", "done", "metadata"]);
    assert_eq!(step["data"]["reward"], 0.04);
    assert!(step["data"]["observation"].get("done").is_none());
    let submit = json!({"action_type": "submit_severity", "parameters": {"severity": "P3"}});
    let step = socket.ask(json!({"type": "step", "data": submit})).await;
    assert_eq!((&step["data"]["reward"], &step["data"]["done"]), (&json!(1.02), &json!(true)));
    let state = socket.ask(json!({"type": "state"})).await;
    assert_eq!((&state["data"]["episode_id"], &state["data"]["step_count"]), (&json!("ep-7"), &json!(2)));
    socket.send(Message::text("{\"type\": \"close\"}")).await;
    assert_eq!(socket.closed().await, 1000);
}

#[tokio::test]
async fn the_oracle_earns_a_full_score_everywhere() {
    let server = Running::start(Options::default()).await;
    let mut socket = server.socket().await;
    for scenario in catalog().scenarios() {
        socket.ask(json!({"type": "reset", "data": {"scenario_id": scenario.id()}})).await;
        let mut last = Value::Null;
        for action in scenario.oracle() {
            last = socket.ask(json!({"type": "step", "data": action})).await;
        }
        assert_eq!(last["data"]["done"], true);
        assert_eq!(last["data"]["metadata"]["grader"]["total"], 1.0, "{}", scenario.id());
    }
}

#[tokio::test]
async fn what_is_refused_and_survived() {
    let server = Running::start(Options::default()).await;
    let mut socket = server.socket().await;
    let big = "x".repeat(70_000);
    for (text, expected, says) in [
        ("{bad json", "INVALID_JSON", "Invalid JSON: "),
        ("", "INVALID_JSON", "Invalid JSON: "),
        ("{\"type\": \"bogus\"}", "UNKNOWN_TYPE", "Unknown message type: bogus; types: reset, step, state, mcp, close"),
        ("{}", "UNKNOWN_TYPE", "Unknown message type: null"),
        ("{\"type\": 3}", "UNKNOWN_TYPE", "Unknown message type: 3"),
        ("{\"type\": \"step\"}", "VALIDATION_ERROR", "Invalid message: data: missing; expected an action"),
        ("{\"type\": \"step\", \"data\": []}", "VALIDATION_ERROR", "Invalid message: expected an object"),
        ("{\"type\": \"step\", \"data\": {}}", "VALIDATION_ERROR", "Invalid message: action_type: missing"),
        (
            "{\"type\": \"step\", \"data\": {\"action_type\": \"x\", \"parameters\": {\"service\": 1}}}",
            "VALIDATION_ERROR",
            "Invalid message: parameters.service: expected a string, found a number",
        ),
        ("{\"type\": \"step\", \"data\": {}, \"id\": 1}", "VALIDATION_ERROR", "Invalid message: id: "),
        ("{\"type\": \"state\", \"data\": {}}", "VALIDATION_ERROR", "Invalid message: data: "),
        ("{\"type\": \"close\", \"x\": 1}", "VALIDATION_ERROR", "Invalid message: x: "),
        ("{\"type\": \"reset\", \"data\": 3}", "VALIDATION_ERROR", "Invalid message: data: expected an object"),
        ("{\"type\": \"reset\", \"data\": {\"task_id\": 3}}", "VALIDATION_ERROR", "Invalid message: task_id: "),
        ("{\"type\": \"reset\", \"data\": {\"task_id\": \"x\"}}", "EXECUTION_ERROR", "unknown task 'x'; tasks: "),
        ("{\"type\": \"reset\", \"data\": {\"scenario_index\": 9}}", "EXECUTION_ERROR", "scenario 9 is out of range"),
        (
            &format!("{{\"type\": \"step\", \"data\": {{\"action_type\": \"{big}\"}}}}"),
            "EXECUTION_ERROR",
            "the body is larger than the 65536 bytes",
        ),
    ] {
        let answer = socket.ask_text(text).await;
        let shown = &text[..text.len().min(80)];
        assert_eq!(code(&answer), expected, "{shown}: {answer}");
        let message = answer["data"]["message"].as_str().unwrap();
        assert!(message.starts_with(says), "{shown}: {message}");
        assert_eq!(answer["data"].get("errors").is_some(), expected == "VALIDATION_ERROR", "{shown}");
    }
    let answer = socket.ask(json!({"type": "step", "data": {"action_type": "x", "parameters": {"flag": 1}}})).await;
    let errors = json!([{
        "type": "type_error", "loc": ["parameters", "flag"], "msg": "expected a string, found a number", "input": null,
    }]);
    assert_eq!(answer["data"]["errors"], errors);
    // None of these messages was a step.
    assert_eq!(socket.ask(json!({"type": "state"})).await["data"]["step_count"], 0);
    // Any seed is accepted here.
    for seed in [json!(-5), json!("abc")] {
        assert_eq!(socket.ask(json!({"type": "reset", "data": {"seed": seed}})).await["type"], "observation");
    }
}

#[tokio::test]
async fn what_ends_a_session() {
    let server = Running::start(Options::default()).await;
    for message in [Message::text("[]"), Message::text("7"), Message::binary(b"{\"type\": \"state\"}".to_vec())] {
        let mut socket = server.socket().await;
        socket.send(message).await;
        assert_eq!(code(&socket.answer().await), "SESSION_ERROR");
        assert_eq!(socket.closed().await, 1000);
    }
    let mut socket = server.socket_at("/ws?session_id=nope").await;
    let answer = socket.answer().await;
    assert_eq!(code(&answer), "SESSION_ERROR");
    assert_eq!(answer["data"]["message"], "Unknown session_id: nope");
    socket.send(Message::text("{}")).await;
    assert_eq!(socket.closed().await, 1000);
}

#[tokio::test]
async fn sockets_have_episodes_of_their_own_and_answer_in_order() {
    let server = Running::start(Options::default()).await;
    let (mut a, mut b) = (server.socket().await, server.socket().await);
    a.ask(json!({"type": "reset", "data": {"scenario_id": "AC-001", "episode_id": "same"}})).await;
    b.ask(json!({"type": "reset", "data": {"scenario_id": "RP-001", "episode_id": "same"}})).await;
    // All messages are sent at once: the answers come one by one.
    for _ in 0..3 {
        let look = json!({"action_type": "query_logs", "parameters": {"service": "api-gateway"}});
        a.send(Message::text(json!({"type": "step", "data": look}).to_string())).await;
    }
    for step in 1..=3 {
        assert_eq!(a.answer().await["data"]["metadata"]["step"], step);
    }
    let state = b.ask(json!({"type": "state"})).await;
    assert_eq!((&state["data"]["scenario_id"], &state["data"]["step_count"]), (&json!("RP-001"), &json!(0)));
    // REST does not see them either.
    let answer = server.raw(b"GET /state HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("no_episode"), "{answer}");
}

#[tokio::test]
async fn pings_are_answered_and_large_frames_taken() {
    let server = Running::start(Options::default()).await;
    let mut socket = server.socket().await;
    socket.send(Message::Ping(vec![1, 2].into())).await;
    assert_eq!(socket.frame().await, Some(Message::Pong(vec![1, 2].into())));
    let row = "x".repeat((16 << 20) - 100);
    let answer = socket.ask(json!({"type": "reset", "data": {"row": row}})).await;
    assert_eq!(answer["type"], "observation");
    let config = WebSocketConfig::default().max_frame_size(None).max_message_size(None);
    let url = format!("ws://{}/ws", server.address);
    let mut socket = Socket(connect_async_with_config(url, Some(config), false).await.unwrap().0);
    let _ = socket.0.send(Message::text("x".repeat((16 << 20) + 1))).await;
    // The close may be overtaken by the reset of a connection on which much was unread.
    match socket.0.next().await {
        Some(Ok(Message::Close(Some(CloseFrame { code, .. })))) => assert_eq!(u16::from(code), 1009),
        Some(Err(_)) => {}
        other => panic!("expected the end, found {other:?}"),
    }
}

#[tokio::test]
async fn a_message_may_come_in_frames_with_a_ping_between() {
    let server = Running::start(Options::default()).await;
    let mut socket = server.leave_http().await;
    for (head, payload) in [(0x01, "{\"type\": "), (0x89, "hm"), (0x80, "\"state\"}"), (0x81, "{\"type\": \"close\"}")]
    {
        socket.write_all(&masked(head, payload.as_bytes())).await.unwrap();
    }
    let said = read_all(&mut socket).await;
    assert!(said.starts_with(b"\x8a\x02hm\x81\x7e"), "{}", said.escape_ascii());
    let text = String::from_utf8_lossy(&said);
    assert!(text.contains("{\"type\":\"state\"") && said.ends_with(&[0x88, 2, 3, 0xe8]), "{text}");
}

#[tokio::test]
async fn frames_that_break_the_protocol_are_told_why() {
    let server = Running::start(Options::default()).await;
    let half = vec![b'x'; 9 << 20];
    for (frames, code) in [
        (b"\x81\x02{}".to_vec(), 1002),                              // no mask
        (masked(0xc1, b"{}"), 1002),                                 // a reserved bit
        (masked(0x83, b"{}"), 1002),                                 // a reserved opcode
        (masked(0x80, b"{}"), 1002),                                 // a continuation of nothing
        ([masked(0x01, b"{"), masked(0x81, b"{}")].concat(), 1002),  // a text within a text
        (masked(0x09, b""), 1002),                                   // half a ping
        (masked(0x81, b"\xff"), 1007),                               // no UTF-8
        (b"\x81\xff\0\0\0\x02\0\0\0\0".to_vec(), 1009),              // 8 GiB are on their way
        ([masked(0x01, &half), masked(0x80, &half)].concat(), 1009), // too much in all
    ] {
        let mut socket = server.leave_http().await;
        socket.write_all(&frames).await.unwrap();
        let said = read_all(&mut socket).await;
        let shown = frames[..frames.len().min(9)].escape_ascii();
        assert_eq!(said[0], 0x88, "{shown}: {}", said.escape_ascii());
        assert_eq!(u16::from_be_bytes([said[2], said[3]]), code, "{shown}");
    }
}

/// Makes a frame as a client sends it. A mask of zeros leaves the payload as it is.
fn masked(head: u8, payload: &[u8]) -> Vec<u8> {
    let length = payload.len();
    let mut frame = vec![head];
    if let Ok(length @ ..126) = u8::try_from(length) {
        frame.push(0x80 | length);
    } else {
        frame.push(0xff);
        frame.extend((length as u64).to_be_bytes());
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

async fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut said)).await;
    // A close that meets bytes which nobody reads any more ends in a reset, after the answer.
    let _ = read.expect("an end in time");
    said
}

// ---- limits ----

#[tokio::test]
async fn a_full_server_says_so_and_lingers() {
    let server = Running::start(limited(60, 1)).await;
    let first = server.socket().await;
    for patient in [true, false] {
        let mut second = server.socket().await;
        let answer = second.answer().await;
        assert_eq!(
            answer,
            json!({"type": "error", "data": {
                "message": "Server at capacity: 1/1 sessions active. Cannot accept new connections.",
                "code": "CAPACITY_REACHED", "active_sessions": 1, "max_sessions": 1,
            }})
        );
        if patient {
            second.send(Message::text("{\"type\": \"reset\"}")).await;
        }
        assert_eq!(second.closed().await, 1000);
    }
    let full = server.raw(b"POST /reset HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(full.starts_with("HTTP/1.1 503") && full.contains("retry-after: 5"), "{full}");
    drop(first);
    // The place is free as soon as the server has noticed the end.
    let again = async {
        loop {
            let mut socket = server.socket().await;
            socket.send(Message::text("{\"type\": \"state\"}")).await;
            if socket.answer().await["type"] == "state" {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), again).await.unwrap();
}

#[tokio::test]
async fn who_says_nothing_for_too_long_is_closed() {
    let server = Running::start(Options { socket_idle: Duration::from_millis(50), ..Options::default() }).await;
    assert_eq!(server.socket().await.closed().await, 1001);
}

#[tokio::test]
async fn who_is_gone_without_a_word_gives_its_place_back_and_who_pings_keeps_it() {
    let idle = Duration::from_secs(1);
    let options = Options { socket_idle: idle, ..limited(60, 4) };
    // There are places for all sessions, and one more for a request that asks for the gauge.
    let server = Running::with_connections(options, 5).await;
    let began = tokio::time::Instant::now();
    let mut talker = server.socket().await;
    // Their connections stay open, but no client answers any more: no close, and no end of the stream.
    let mut silent = Vec::new();
    for _ in 0..3 {
        let mut socket = server.socket().await;
        socket.ask(json!({"type": "state"})).await;
        silent.push(socket);
    }
    let metrics = b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert!(server.raw(metrics).await.contains("bench_sessions 4\n"));
    let given_back = async {
        while !server.raw(metrics).await.contains("bench_sessions 1\n") {
            talker.send(Message::Ping(vec![1].into())).await;
            assert_eq!(talker.frame().await, Some(Message::Pong(vec![1].into())));
        }
    };
    tokio::time::timeout(Duration::from_secs(30), given_back).await.unwrap();
    assert!(began.elapsed() > idle);
    assert_eq!(talker.ask(json!({"type": "state"})).await["data"]["step_count"], 0);
    // Their connections are given back as well: there are places for three others, and for a request.
    let mut others = Vec::new();
    for _ in 0..3 {
        let mut socket = tokio::time::timeout(Duration::from_secs(30), server.socket()).await.unwrap();
        assert_eq!(socket.ask(json!({"type": "state"})).await["type"], "state");
        others.push(socket);
    }
    drop(silent);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_their_turn() {
    let server = Running::with_connections(Options::default(), 1).await;
    let first = server.socket().await;
    let request = b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let waiting = server.raw(request);
    tokio::pin!(waiting);
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut waiting).await.is_err());
    drop(first);
    assert!(waiting.await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn one_of_the_subprotocols_that_are_offered_is_agreed_to() {
    let server = Running::start(Options::default()).await;
    for path in ["/ws", "/mcp"] {
        for (offered, agreed) in [
            ("", None),
            ("Sec-WebSocket-Protocol: mcp\r\n", Some("mcp")),
            ("Sec-WebSocket-Protocol: mcp.v2, mcp\r\n", Some("mcp.v2")),
            ("Sec-WebSocket-Protocol: (no token), json\r\n", Some("json")),
            ("Sec-WebSocket-Protocol: ,\r\nSec-WebSocket-Protocol: x\r\n", Some("x")),
        ] {
            let (_, head) = server.leave_http_at(path, offered).await;
            let told = head.lines().find_map(|line| line.strip_prefix("sec-websocket-protocol: "));
            assert_eq!(told, agreed, "{offered}");
        }
    }
}

#[tokio::test]
async fn without_an_upgrade_it_says_what_it_is() {
    let server = Running::start(Options::default()).await;
    let answer = server.raw(b"GET /ws HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 426") && answer.contains("\"code\":\"upgrade_required\""), "{answer}");
}

#[tokio::test]
async fn who_sends_too_much_still_reads_why() {
    let server = Running::start(Options::default()).await;
    let body = "x".repeat(1 << 20);
    let head = format!("POST /step HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    let answer = server.raw((head + &body).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("body_too_large"), "{answer}");
    let head = "POST /step HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunked = format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let answer = server.raw(chunked.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

// ---- who waits, and who is waited for ----

#[tokio::test]
async fn who_says_nothing_is_not_kept_and_who_is_being_answered_is() {
    const PATIENCE: Duration = Duration::from_millis(300);
    let server = Running::start(Options { connection_idle: PATIENCE, ..Options::default() }).await;
    let began = std::time::Instant::now();
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    slow.write_all(b"GET /health HTT").await.unwrap();
    let mut asking = TcpStream::connect(server.address).await.unwrap();
    let head = b"POST /reset HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{";
    asking.write_all(head).await.unwrap();
    let mut socket = server.socket().await;

    // The server does not wait for half a head or none.
    for stream in [&mut silent, &mut slow] {
        let mut nothing = Vec::new();
        stream.read_to_end(&mut nothing).await.unwrap();
        assert!(nothing.is_empty() && began.elapsed() >= PATIENCE);
    }
    // A request that is being read, and a socket, have separate time limits.
    tokio::time::sleep(PATIENCE * 2).await;
    asking.write_all(b"}").await.unwrap();
    let mut answer = Vec::new();
    asking.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(socket.ask(json!({"type": "state"})).await["type"], "state");
}

#[tokio::test]
async fn bodies_may_come_in_pieces() {
    let server = Running::start(Options::default()).await;
    let body = format!("{{\"episode_id\": \"{}\"}}", "é".repeat(100));
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let head =
        format!("POST /reset HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    for piece in body.as_bytes().chunks(7) {
        stream.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(&"é".repeat(100)), "{answer}");
}

// ---- the end ----

#[tokio::test]
async fn it_stops_without_losing_an_answer() {
    let server = Running::start(Options::default()).await;
    let mut socket = server.socket().await;
    socket.ask(json!({"type": "state"})).await;
    // A request of which half has arrived is finished; an idle connection is closed.
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut buffer = vec![0; 4096];
    assert!(idle.read(&mut buffer).await.unwrap() > 0);
    let mut half = TcpStream::connect(server.address).await.unwrap();
    half.write_all(b"POST /reset HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{").await.unwrap();
    // Its head must have been read before the server stops.
    tokio::time::timeout(Duration::from_secs(1), async {
        while !server.raw(b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.contains("200") {}
    })
    .await
    .unwrap();
    server.stop.cancel();
    assert_eq!(socket.closed().await, 1001);
    assert_eq!(idle.read(&mut buffer).await.unwrap(), 0);
    half.write_all(b"}").await.unwrap();
    let mut answer = Vec::new();
    half.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    assert!(server.ended.await.unwrap(), "all ended in time");
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn an_exam_on_a_socket_judges_nothing() {
    let server = Running::start(exam()).await;
    let mut socket = server.socket().await;
    let suite = catalog();
    for scenario in suite.scenarios() {
        let reset = socket.ask(json!({"type": "reset", "data": {"scenario_id": scenario.id()}})).await;
        assert_eq!(reset["data"]["reward"], Value::Null);
        let mut step = 0;
        for action in scenario.oracle() {
            step += 1;
            let answer = socket.ask(json!({"type": "step", "data": action})).await;
            assert_eq!(answer["data"]["reward"], Value::Null);
            assert_eq!(answer["data"]["metadata"], json!({ "step": step }));
            assert_eq!(answer["data"]["observation"]["cumulative_reward"], Value::Null);
        }
        let state = socket.ask(json!({"type": "state"})).await;
        assert_eq!((&state["data"]["resolved"], &state["data"]["cumulative_reward"]), (&Value::Null, &Value::Null));
        assert_eq!(state["data"]["feedback"], "Submission received.");
    }
}

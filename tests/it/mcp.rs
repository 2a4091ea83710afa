//! Tests of MCP: every error of OpenEnv's `/mcp`, sessions, whole episodes over HTTP, sockets and stdio, and hostile
//! input.

use std::io::Write;
use std::process::Stdio;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use incident_bench::serve::Options;
use serde_json::{Value, json};

use crate::binary::{Ended, Place};
use crate::serve_sockets::{Running, code};
use crate::service::{Answer, Client, Service, catalog, exam, limited, service};

// ---- a client ----

/// Posts to `/mcp` with these headers.
async fn send(service: &Service, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = Request::post("/mcp").header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Client::of(service).send(request.body(body.to_owned().into()).unwrap()).await
}

/// Sends a request, and returns its reply, whose status is always 200.
async fn rpc(service: &Service, method: &str, params: Value) -> Value {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let reply = send(service, &[], &body.to_string()).await.ok();
    assert_eq!((&reply["jsonrpc"], &reply["id"]), (&json!("2.0"), &json!(1)));
    reply
}

async fn create(service: &Service) -> String {
    rpc(service, "openenv/session/create", json!({})).await["result"]["session_id"].as_str().unwrap().to_owned()
}

async fn call(service: &Service, session: &str, tool: &str, arguments: Value) -> Value {
    let reply = rpc(service, "tools/call", json!({"name": tool, "arguments": arguments, "session_id": session})).await;
    reply["result"].clone()
}

fn error(code: i64, message: &str, data: Value) -> Value {
    json!({"code": code, "message": message, "data": data})
}

/// Returns the calls of the oracle in a scenario, each a tool with its arguments.
fn oracle_calls(scenario: &str) -> Vec<(String, Value)> {
    let actions = catalog().scenario(scenario).unwrap().oracle();
    actions.iter().map(|action| (action.kind().as_str().to_owned(), json!(action.parameters()))).collect()
}

fn all_scenarios() -> Vec<String> {
    catalog().scenarios().iter().map(|scenario| scenario.id().to_owned()).collect()
}

// ---- errors ----

#[tokio::test]
async fn what_is_refused() {
    let service = service(Options::default());
    let deep = "[".repeat(100_000);
    for (body, id, code, message) in [
        ("", json!(null), -32700, "Parse error"),
        ("{bad", json!(null), -32700, "Parse error"),
        (deep.get(..60_000).unwrap(), json!(null), -32700, "Parse error"),
        ("{}", json!(null), -32600, "Invalid request: jsonrpc: missing"),
        ("[]", json!(null), -32600, "Invalid request: batches are not taken"),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, json!(null), -32600, "Invalid request: batches"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#, json!(1), -32602, "Invalid params - params: "),
        (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, json!(null), -32600, "Invalid request: id: "),
        (
            r#"{"jsonrpc":"2.0","id":"a","method":"resources/list"}"#,
            json!("a"),
            -32601,
            "Method not found: resources/list",
        ),
        (r#"{"jsonrpc":"2.0","id":7,"method":"tools/call"}"#, json!(7), -32602, "Missing 'name' in params"),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":""}}"#,
            json!(7),
            -32602,
            "Missing 'name' in params",
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":3}}"#,
            json!(7),
            -32602,
            "Invalid params - name: ",
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"query_logs","arguments":[]}}"#,
            json!(7),
            -32602,
            "Invalid params - arguments: expected an object",
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"nope"}}"#,
            json!(7),
            -32602,
            "Unknown tool: 'nope'",
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"reset"}}"#,
            json!(7),
            -32602,
            "Unknown tool: 'reset'",
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"ping","params":{"session_id":"bogus"}}"#,
            json!(7),
            -32602,
            "Unknown session_id: bogus",
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"nope","params":{"session_id":"bogus"}}"#,
            json!(7),
            -32602,
            "Unknown session_id: bogus",
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"initialize","params":{"session_id":3}}"#,
            json!(7),
            -32602,
            "Unknown session_id: 3",
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"openenv/session/close"}"#,
            json!(7),
            -32602,
            "Invalid params - 'session_id' is required",
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"openenv/session/close","params":{"session_id":"bogus"}}"#,
            json!(7),
            -32602,
            "Unknown session_id: bogus",
        ),
    ] {
        let shown = body.get(..body.len().min(80)).unwrap();
        let reply = send(&service, &[], body).await.ok();
        assert_eq!((&reply["id"], &reply["error"]["code"]), (&id, &json!(code)), "{shown}: {reply}");
        let told = reply["error"]["message"].as_str().unwrap();
        assert!(told.starts_with(message), "{shown}: {told}");
        assert!(told.len() < 200 && reply.get("result").is_none(), "{shown}: {told}");
    }
    let answer = send(&service, &[], &format!("\"{}\"", "x".repeat(70_000))).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let answer =
        send(&service, &[("mcp-protocol-version", "1999-01-01")], r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).await;
    assert_eq!((answer.status, &answer.json()["id"]), (StatusCode::BAD_REQUEST, &json!(1)));
}

#[tokio::test]
async fn nobody_is_answered_who_does_not_wait() {
    let service = service(Options::default());
    for body in [
        r#"{"jsonrpc":"2.0","method":"notifications/initialized","params":null}"#,
        r#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":3}}"#,
        r#"{"jsonrpc":"2.0","method":"nope"}"#,
        r#"{"jsonrpc":"2.0","id":7,"result":{"roots":[]}}"#,
        r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"Method not found"}}"#,
    ] {
        let answer = send(&service, &[], body).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::ACCEPTED, ""), "{body}");
    }
    for (body, id) in [
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":null,"x":1}"#, json!(1)),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, json!(1.5)),
        (r#"{"jsonrpc":"2.0","method":"ping"}"#, json!(null)),
    ] {
        let reply = send(&service, &[], body).await.ok();
        assert_eq!((&reply["id"], &reply["result"]), (&id, &json!({})), "{body}");
    }
}

#[tokio::test]
async fn a_full_server_says_so() {
    let service = service(limited(60, 2));
    let (first, _) = (create(&service).await, create(&service).await);
    let message = "Server at capacity: 2/2 sessions active. Cannot accept new connections.";
    let full = error(-32000, message, json!({"active_sessions": 2, "max_sessions": 2}));
    assert_eq!(rpc(&service, "openenv/session/create", json!({})).await["error"], full);
    assert_eq!(rpc(&service, "initialize", json!({})).await["error"], full);
    // REST shares the places, but cannot evict sessions.
    assert_eq!(Client::of(&service).empty_post("/reset").await.status, StatusCode::SERVICE_UNAVAILABLE);
    rpc(&service, "openenv/session/close", json!({"session_id": first})).await;
    create(&service).await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_session_expires() {
    let service = service(limited(60, 1));
    let id = create(&service).await;
    tokio::time::advance(std::time::Duration::from_secs(61)).await;
    let expected = error(-32602, &format!("Unknown session_id: {id}"), json!(null));
    assert_eq!(rpc(&service, "ping", json!({"session_id": id})).await["error"], expected);
    create(&service).await;
}

// ---- tools ----

#[tokio::test]
async fn tools_in_both_spellings() {
    let service = service(Options::default());
    let listed = rpc(&service, "tools/list", json!({})).await["result"].clone();
    let tools = listed["tools"].as_array().unwrap();
    assert_eq!(tools.len(), 16);
    for tool in tools {
        assert_eq!(tool["inputSchema"], tool["input_schema"]);
        assert!(jsonschema::meta::is_valid(&tool["inputSchema"]), "{tool}");
        assert!(!tool["description"].as_str().unwrap().is_empty(), "{tool}");
        let required = tool["inputSchema"]["required"].as_array().cloned().unwrap_or_default();
        for (name, property) in tool["inputSchema"]["properties"].as_object().unwrap() {
            assert!(property["type"].is_string(), "some clients pass over a tool for its {name}: {tool}");
        }
        for name in required {
            assert!(tool["inputSchema"]["properties"].get(name.as_str().unwrap()).is_some(), "{tool}");
        }
        assert!(!["reset", "step", "state", "close", "get_state"].contains(&tool["name"].as_str().unwrap()));
    }
    // The calls of the oracle satisfy the schemas.
    for scenario in all_scenarios() {
        for (name, arguments) in oracle_calls(&scenario) {
            let tool = tools.iter().find(|tool| tool["name"] == *name).unwrap();
            assert!(jsonschema::is_valid(&tool["inputSchema"], &arguments), "{name} {arguments}");
        }
    }
}

#[tokio::test]
async fn a_call_is_a_step() {
    let service = service(Options::default());
    let id = create(&service).await;
    let started = call(&service, &id, "start_incident", json!({"scenario_id": "AC-003"})).await;
    assert_eq!(started["structuredContent"]["observation"]["scenario_id"], "AC-003");
    let look = call(&service, &id, "check_metrics", json!({"service": "recommendation-service"})).await;
    let brought = &look["structuredContent"];
    assert_eq!((&brought["reward"], &brought["done"]), (&json!(0.04), &json!(false)));
    assert_eq!(brought["observation"]["step_count"], 1);
    assert_eq!((&look["structured_content"], &look["data"]), (brought, brought));
    assert_eq!(serde_json::from_str::<Value>(look["content"][0]["text"].as_str().unwrap()).unwrap(), *brought);
    assert_eq!((&look["isError"], &look["is_error"]), (&json!(false), &json!(false)));
    assert_eq!(
        (&look["_meta"], &look["meta"]),
        (&json!({"reward": 0.04, "done": false}), &json!({"reward": 0.04, "done": false}))
    );

    // Neither a look at the known observation nor a call of the wrong form is a step.
    let shown = call(&service, &id, "show_incident", json!({})).await;
    assert_eq!(shown["data"]["observation"], brought["observation"]);
    let wrong = call(&service, &id, "query_logs", json!({"service": 3})).await;
    let problem = "service: expected a string, found a number";
    assert_eq!((&wrong["isError"], &wrong["is_error"], &wrong["data"]), (&json!(true), &json!(true), &json!(problem)));
    assert_eq!(wrong["content"], json!([{"type": "text", "text": problem}]));
    // Steps cannot be undone either.
    let again = call(&service, &id, "start_incident", json!({})).await;
    assert!(again["data"].as_str().unwrap().starts_with("this incident is still under way (step 1 of 3)"), "{again}");
    // An action that the task does not offer is a step.
    let refused = call(&service, &id, "clear_cache", json!({"service": "recommendation-service"})).await;
    assert_eq!((&refused["isError"], &refused["data"]["observation"]["step_count"]), (&json!(false), &json!(2)));
    let last = call(&service, &id, "submit_severity", json!({"severity": "P3"})).await;
    assert_eq!((&last["data"]["done"], &last["meta"]["done"]), (&json!(true), &json!(true)));
    assert_eq!(call(&service, &id, "start_incident", json!({})).await["isError"], false);
    let unknown = call(&service, &id, "start_incident", json!({"scenario_id": "ZZ-1"})).await;
    assert_eq!(unknown["isError"], true);
    // Without a session each call has a separate episode.
    for _ in 0..2 {
        let reply =
            rpc(&service, "tools/call", json!({"name": "query_logs", "arguments": {"service": "api-gateway"}})).await;
        assert_eq!(reply["result"]["data"]["observation"]["step_count"], 1);
    }
}

#[tokio::test]
async fn sessions_are_apart_and_end() {
    let service = service(Options::default());
    let (a, b) = (create(&service).await, create(&service).await);
    call(&service, &a, "query_logs", json!({"service": "api-gateway"})).await;
    assert_eq!(call(&service, &b, "show_incident", json!({})).await["data"]["observation"]["step_count"], 0);
    // REST does not see them either.
    assert_eq!(Client::of(&service).get("/state").await.status, StatusCode::BAD_REQUEST);
    let closed = rpc(&service, "openenv/session/close", json!({"session_id": a})).await;
    assert_eq!(closed["result"], json!({"session_id": a, "closed": true}));
    assert_eq!(rpc(&service, "ping", json!({"session_id": a})).await["error"]["code"], -32602);
    assert_eq!(rpc(&service, "ping", json!({"session_id": b})).await["result"], json!({}));
}

// ---- ordinary clients over HTTP ----

#[tokio::test]
async fn an_ordinary_client() {
    let service = service(Options::default());
    for (asked, told) in [("2025-06-18", "2025-06-18"), ("2024-11-05", "2024-11-05"), ("2099-01-01", "2025-11-25")] {
        let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": asked, "capabilities": {}, "clientInfo": {"name": "x", "version": "1"},
        }});
        let answer = send(&service, &[], &hello.to_string()).await;
        let session = answer.header("mcp-session-id").unwrap().to_owned();
        let result = answer.ok()["result"].clone();
        assert_eq!(
            (&result["protocolVersion"], &result["serverInfo"]["name"]),
            (&json!(told), &json!("incident-bench"))
        );
        assert!(result["capabilities"]["tools"].is_object() && result["instructions"].is_string());

        let headers = [("mcp-session-id", session.as_str()), ("mcp-protocol-version", told)];
        let heard = send(&service, &headers, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
        assert_eq!((heard.status, heard.text.as_str()), (StatusCode::ACCEPTED, ""));
        let step = json!({"jsonrpc": "2.0", "id": "s", "method": "tools/call", "params": {
            "name": "query_logs", "arguments": {"service": "api-gateway"}, "_meta": {"progressToken": 1},
        }});
        for count in 1..=2 {
            let reply = send(&service, &headers, &step.to_string()).await.ok();
            assert_eq!(reply["result"]["structuredContent"]["observation"]["step_count"], count);
        }
        let end = |id: &str| Request::delete("/mcp").header("mcp-session-id", id).body(Body::empty()).unwrap();
        assert_eq!(Client::of(&service).send(end(&session)).await.status, StatusCode::NO_CONTENT);
        assert_eq!(Client::of(&service).send(end(&session)).await.status, StatusCode::NOT_FOUND);
        let gone = send(&service, &headers, &step.to_string()).await;
        assert_eq!((gone.status, &gone.json()["id"]), (StatusCode::NOT_FOUND, &json!("s")));
    }
    let nobody = Request::delete("/mcp").body(Body::empty()).unwrap();
    assert_eq!(Client::of(&service).send(nobody).await.status, StatusCode::BAD_REQUEST);
    let stream = Client::of(&service).get("/mcp").await;
    assert_eq!((stream.status, stream.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, Some("POST,DELETE")));
}

#[tokio::test]
async fn the_oracle_earns_a_full_score_everywhere() {
    let service = service(Options::default());
    let id = create(&service).await;
    for scenario in all_scenarios() {
        call(&service, &id, "start_incident", json!({"scenario_id": scenario})).await;
        let mut last = Value::Null;
        for (name, arguments) in oracle_calls(&scenario) {
            last = call(&service, &id, &name, arguments).await["data"].clone();
        }
        assert_eq!((&last["done"], &last["metadata"]["grader"]["total"]), (&json!(true), &json!(1.0)), "{scenario}");
    }
}

#[tokio::test]
async fn an_exam_judges_nothing() {
    let service = service(exam());
    let id = create(&service).await;
    for scenario in all_scenarios() {
        call(&service, &id, "start_incident", json!({"scenario_id": scenario})).await;
        for (name, arguments) in oracle_calls(&scenario) {
            let result = call(&service, &id, &name, arguments).await;
            let text = result.to_string();
            for word in
                ["grader", "breakdown", "severity_match", "Grade ", "shaping", "\"reason\"", "a step of the repair"]
            {
                assert!(!text.contains(word), "{scenario} {name}: {word}");
            }
            let data = &result["data"];
            assert_eq!((&data["reward"], &result["meta"]["reward"]), (&Value::Null, &Value::Null));
            assert_eq!(data["observation"]["cumulative_reward"], Value::Null);
        }
    }
}

// ---- sockets ----

#[tokio::test]
async fn a_socket_attaches_to_a_session() {
    let server = Running::start(Options::default()).await;
    let mut mcp = server.socket_at("/mcp").await;
    let make = json!({"jsonrpc": "2.0", "id": 1, "method": "openenv/session/create"});
    let close =
        |id: &str| json!({"jsonrpc": "2.0", "id": 2, "method": "openenv/session/close", "params": {"session_id": id}});
    let own = mcp.ask(make.clone()).await["result"]["session_id"].as_str().unwrap().to_owned();
    assert_eq!(
        mcp.ask(close(&own)).await["error"],
        error(-32600, "Cannot close active WebSocket-managed session via MCP method", json!(null))
    );

    let id = server.create_over_http().await;
    let attach = format!("/ws?session_id={id}");
    let mut socket = server.socket_at(&attach).await;
    let reset = json!({"type": "reset", "data": {"scenario_id": "AC-002", "episode_id": "ep"}});
    assert_eq!(socket.ask(reset).await["data"]["observation"]["scenario_id"], "AC-002");
    // Only one socket at a time may hold a session.
    let mut second = server.socket_at(&attach).await;
    let told = second.answer().await;
    assert_eq!(
        (code(&told), told["data"]["message"].as_str()),
        ("SESSION_ERROR", Some(&*format!("Session {id} already has an attached WebSocket")))
    );
    second.send("{}".into()).await;
    assert_eq!(second.closed().await, 1000);
    // A step over HTTP is a step of the socket's episode, and the session outlives the socket.
    let look = json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {
        "name": "query_logs", "arguments": {"service": "api-gateway"}, "session_id": id,
    }});
    assert_eq!(server.post_mcp(&look).await["result"]["data"]["observation"]["episode_id"], "ep");
    assert_eq!(socket.ask(json!({"type": "state"})).await["data"]["step_count"], 1);
    socket.ask_to_close().await;
    assert_eq!(server.post_mcp(&look).await["result"]["data"]["observation"]["step_count"], 2);

    // A session that is closed while a socket holds it ends with the socket.
    let mut socket = server.socket_at(&attach).await;
    assert_eq!(socket.ask(json!({"type": "state"})).await["data"]["step_count"], 2);
    assert_eq!(
        server.post_mcp(&close(&id)).await["result"],
        json!({"session_id": id, "closed": false, "closing": true})
    );
    assert_eq!(server.post_mcp(&look).await["result"]["data"]["observation"]["step_count"], 3);
    socket.ask_to_close().await;
    assert_eq!(server.post_mcp(&look).await["error"]["message"], format!("Unknown session_id: {id}"));
}

#[tokio::test]
async fn messages_of_mcp_within_those_of_openenv() {
    let server = Running::start(Options::default()).await;
    let mut socket = server.socket().await;
    let mut ask = async |data: Value| socket.ask(json!({"type": "mcp", "data": data})).await;
    let listed = ask(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})).await;
    assert_eq!((&listed["type"], listed["data"]["result"]["tools"].as_array().unwrap().len()), (&json!("mcp"), 16));
    let look = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
        "name": "query_logs", "arguments": {"service": "api-gateway"},
    }});
    assert_eq!(ask(look).await["data"]["result"]["data"]["observation"]["step_count"], 1);
    assert_eq!(ask(json!({})).await["data"]["error"]["code"], -32600);
    // Every frame is answered on this socket.
    let heard = ask(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    assert_eq!(heard["data"], json!({"jsonrpc": "2.0", "id": null, "result": {}}));
    let missing = socket.ask(json!({"type": "mcp"})).await;
    assert_eq!(code(&missing), "VALIDATION_ERROR");
    assert_eq!(socket.ask(json!({"type": "state"})).await["data"]["step_count"], 1);
}

#[tokio::test]
async fn tools_as_actions_of_a_step() {
    let server = Running::start(Options::default()).await;
    let mut socket = server.socket().await;
    let mut step = async |data: Value| socket.ask(json!({"type": "step", "data": data})).await;
    let listed = step(json!({"type": "list_tools"})).await["data"].clone();
    let first = listed["observation"]["tools"][0].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        (first, &listed["reward"]),
        (["name", "description", "input_schema"].map(str::to_owned).into(), &json!(null))
    );
    let mut call = async |name: &str, arguments: Value| {
        step(json!({"type": "call_tool", "tool_name": name, "arguments": arguments})).await["data"].clone()
    };
    for (name, arguments, error) in [
        ("nope", json!({}), json!({"error_type": "tool_not_found", "message": "Unknown tool: 'nope'"})),
        (
            "query_logs",
            json!({"service": 3}),
            json!({"error_type": "invalid_args", "message": "service: expected a string, found a number"}),
        ),
    ] {
        let answer = call(name, arguments).await;
        let observation = json!({"tool_name": name, "result": null, "error": error});
        assert_eq!(answer, json!({"observation": observation, "reward": null, "done": false}));
    }
    call("start_incident", json!({"scenario_id": "RP-001"})).await;
    let mut last = Value::Null;
    for (name, arguments) in oracle_calls("RP-001") {
        last = call(&name, arguments).await;
        assert_eq!((&last["observation"]["tool_name"], &last["observation"]["error"]), (&json!(name), &json!(null)));
        assert_eq!(last["observation"]["result"]["data"]["reward"], last["reward"]);
    }
    assert_eq!((&last["done"], &last["metadata"]["grader"]["total"]), (&json!(true), &json!(1.0)));
    let wrong = socket.ask(json!({"type": "step", "data": {"type": "call_tool"}})).await;
    assert_eq!((code(&wrong), &wrong["data"]["errors"][0]["loc"]), ("VALIDATION_ERROR", &json!(["tool_name"])));
}

#[tokio::test]
async fn mcp_as_a_socket() {
    let server = Running::start(limited(60, 1)).await;
    let mut socket = server.socket_at("/mcp").await;
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18"}});
    assert_eq!(socket.ask(hello).await["result"]["protocolVersion"], "2025-06-18");
    // A notification is accepted and not answered: the next answer is that to the ping.
    socket.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string().into()).await;
    assert_eq!(socket.ask(json!({"jsonrpc": "2.0", "id": "p", "method": "ping"})).await["id"], "p");
    for (text, code) in [("{bad", -32700), ("[]", -32600), (&*"x".repeat(70_000), -32600)] {
        assert_eq!(socket.ask_text(text).await["error"]["code"], code);
    }
    let mut second = server.socket_at("/mcp").await;
    let message = "Server at capacity: 1/1 sessions active. Cannot accept new connections.";
    let full = error(-32000, message, json!({"active_sessions": 1, "max_sessions": 1}));
    assert_eq!(second.answer().await["error"], full);
    socket.send(vec![1_u8].into()).await;
    assert_eq!(socket.answer().await["error"]["code"], -32600);
    assert_eq!(socket.closed().await, 1000);
}

impl Running {
    async fn post_mcp(&self, message: &Value) -> Value {
        let body = message.to_string();
        let head = "POST /mcp HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n";
        let answer = self.raw(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes()).await;
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    async fn create_over_http(&self) -> String {
        let reply = self.post_mcp(&json!({"jsonrpc": "2.0", "id": 1, "method": "openenv/session/create"})).await;
        reply["result"]["session_id"].as_str().unwrap().to_owned()
    }
}

// ---- stdio ----

/// Returns the answers of `bench mcp` to this input, after which the input ends.
fn stdio(arguments: &[&str], input: &[u8]) -> (Ended, Vec<Value>) {
    let place = Place::empty();
    let mut child = place.command(&[&["mcp"], arguments].concat());
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || pipe.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let answers = String::from_utf8(output.stdout.clone()).unwrap();
    let answers = answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (Ended::of(&output), answers)
}

fn lines(messages: &[Value]) -> Vec<u8> {
    messages.iter().flat_map(|message| (message.to_string() + "\n").into_bytes()).collect()
}

fn tool(name: &str, arguments: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": name, "method": "tools/call", "params": {"name": name, "arguments": arguments}})
}

#[test]
fn episodes_on_stdio() {
    let mut messages = vec![
        json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-06-18"}}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
    ];
    let mut ends = Vec::new();
    for scenario in ["AC-001", "RCA-002", "RP-003"] {
        messages.push(tool("start_incident", &json!({"scenario_id": scenario})));
        messages.extend(oracle_calls(scenario).iter().map(|(name, arguments)| tool(name, arguments)));
        // A notification is the only message without an answer.
        ends.push(messages.len() - 2);
    }
    let (ended, answers) = stdio(&[], &lines(&messages));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert_eq!(answers.len(), messages.len() - 1);
    for end in ends {
        let last = &answers[end]["result"]["structuredContent"];
        assert_eq!((&last["done"], &last["metadata"]["grader"]["total"]), (&json!(true), &json!(1.0)));
    }

    let (_, answers) = stdio(&["--exam"], &lines(&messages));
    for (message, answer) in messages.iter().filter(|message| message.get("id").is_some()).zip(&answers) {
        assert_eq!(message["id"], answer["id"]);
        let text = answer.to_string();
        assert!(!text.contains("grader") && !text.contains("Grade ") && !text.contains("\"reason\""), "{text}");
    }
}

#[test]
fn what_comes_on_stdio_and_is_survived() {
    let ping = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}";
    let mut input = b"\n  \r\n{bad\n[]\n\xff\xfe\n".to_vec();
    input.extend("[".repeat(60_000).bytes().chain(*b"\n"));
    input.extend("x".repeat(3_000_000).bytes().chain(*b"\r\n"));
    input.extend(format!("{ping}\r\n{ping}").bytes());
    let (ended, answers) = stdio(&[], &input);
    assert_eq!(ended.code, Some(0));
    let codes: Vec<_> = answers.iter().map(|answer| answer["error"]["code"].as_i64().unwrap_or(0)).collect();
    assert_eq!(codes, [-32700, -32600, -32700, -32700, -32600, 0, 0]);
    let (ended, answers) = stdio(&["--suite", "nowhere"], b"");
    assert_eq!((ended.code, answers.len()), (Some(2), 0));
    assert!(ended.stderr.contains("unknown suite 'nowhere'"), "{}", ended.stderr);
}

//! A scripted model server on a real socket: replies sent by axum, and faults that no framework would produce.
//!
//! It runs on a separate thread, so that both a client in this process and the real binary can be served.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// A request as it arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Seen {
    /// Returns the text of a message, which is empty if there is none.
    pub(crate) fn message(&self, index: usize) -> &str {
        self.body["messages"][index]["content"].as_str().unwrap_or_default()
    }

    /// Returns the number of messages in the request.
    pub(crate) fn messages(&self) -> usize {
        self.body["messages"].as_array().map_or(0, Vec::len)
    }

    /// Returns the path and the query of the request.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// An answer over HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    delay: Duration,
}

impl Reply {
    /// Makes an answer with any body, without a content type.
    pub(crate) fn raw(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.to_owned(), delay: Duration::ZERO }
    }

    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self::raw(status, &body.to_string()).header("content-type", "application/json")
    }

    pub(crate) fn html(status: u16) -> Self {
        Self::raw(status, "<!DOCTYPE html>\n<html><body><h1>Bad gateway</h1></body></html>")
            .header("content-type", "text/html; charset=utf-8")
    }

    /// Makes an error in the usual form.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        Self::json(status, json!({"error": {"message": message, "type": "some_error", "param": null, "code": code}}))
    }

    /// Makes a completion with this text.
    pub(crate) fn says(text: &str) -> Self {
        Self::choice(json!({"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}))
    }

    /// Makes a completion with this choice.
    pub(crate) fn choice(choice: Value) -> Self {
        Self::json(
            200,
            json!({
                "id": "chatcmpl-1", "object": "chat.completion", "model": "m", "choices": [choice],
                "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
            }),
        )
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Delays the answer.
    pub(crate) fn late(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

/// A fault below HTTP.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// The connection is reset before any byte of an answer.
    Reset,
    /// The connection ends before any byte of an answer.
    Closed,
    /// The body ends before its `Content-Length`.
    CutBody,
    /// The connection ends within a chunked body.
    CutChunk,
    /// The connection is reset within a chunked body.
    ResetChunk,
    /// The server never answers.
    Silence,
    /// The server sends a chunked body of this many bytes.
    Flood(usize),
}

impl Fault {
    /// All faults but the flood.
    pub(crate) const ALL: [Self; 6] =
        [Self::Reset, Self::Closed, Self::CutBody, Self::CutChunk, Self::ResetChunk, Self::Silence];
}

type Script = Arc<dyn Fn(usize, &Seen) -> Reply + Send + Sync>;
type Log = Arc<Mutex<Vec<Seen>>>;

/// A running server, which stops when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    seen: Log,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server that answers each request, counted from 0, by a script.
    pub(crate) fn start(script: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        let script: Script = Arc::new(script);
        Self::launch(|listener, seen| async move {
            let app = axum::Router::new().fallback(answer).with_state((script, seen));
            axum::serve(listener, app).await.unwrap();
        })
    }

    /// Starts a server that gives these replies in turn, and then the last one for ever.
    pub(crate) fn of(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Vec<_> = replies.into_iter().collect();
        Self::start(move |index, _| replies[index.min(replies.len() - 1)].clone())
    }

    /// Starts a server that meets every request with a fault.
    pub(crate) fn broken(fault: Fault) -> Self {
        Self::launch(move |listener, seen| async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                seen.lock().unwrap().push(Seen::default());
                // If a client gives up first, that is not an error of the server.
                tokio::spawn(async move {
                    let _ = break_down(stream, fault).await;
                });
            }
        })
    }

    /// Starts a server that answers every request with these pieces of a stream, each after a pause.
    pub(crate) fn slowly(pieces: Vec<String>, pause: Duration) -> Self {
        Self::slowly_after(pieces, pause, pause)
    }

    /// Starts a server that answers every request with these pieces of a stream, the first one after one pause and each
    /// further one after another.
    fn slowly_after(pieces: Vec<String>, first: Duration, further: Duration) -> Self {
        Self::launch(move |listener, seen| async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                seen.lock().unwrap().push(Seen::default());
                let pieces = pieces.clone();
                tokio::spawn(async move {
                    read_request(&mut stream).await?;
                    let head =
                        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
                    stream.write_all(head.as_bytes()).await?;
                    for (place, piece) in pieces.iter().enumerate() {
                        tokio::time::sleep(if place == 0 { first } else { further }).await;
                        stream.write_all(format!("{:x}\r\n{piece}\r\n", piece.len()).as_bytes()).await?;
                    }
                    stream.write_all(b"0\r\n\r\n").await
                });
            }
        })
    }

    /// Starts a server that answers every request with this beginning of a stream, and then with nothing more.
    pub(crate) fn stalled(beginning: String) -> Self {
        // The end comes when nobody waits any more.
        Self::slowly_after(vec![beginning, String::new()], Duration::ZERO, Duration::from_secs(600))
    }

    fn launch<F: Future<Output = ()>>(serve: impl FnOnce(TcpListener, Log) -> F + Send + 'static) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Log::default();
        let log = Arc::clone(&seen);
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = serve(listener, log) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, seen, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Returns the requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Returns the number of requests so far.
    pub(crate) fn calls(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the script fails the test that owns it, unless that test already fails.
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the scripted server failed");
        }
    }
}

/// Returns a URL at which no server listens.
pub(crate) fn dead_url() -> String {
    // The port stays bound and nobody listens at it, so that no other test can get it.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    std::mem::forget(socket);
    format!("http://{address}/v1")
}

async fn answer(
    State((script, seen)): State<(Script, Log)>,
    uri: axum::http::Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<axum::body::Body> {
    let path = uri.to_string();
    let request = Seen { path, headers, body: serde_json::from_slice(&body).unwrap_or_default() };
    let index = {
        let mut seen = seen.lock().unwrap();
        seen.push(request.clone());
        seen.len() - 1
    };
    let reply = script(index, &request);
    tokio::time::sleep(reply.delay).await;
    let mut response = Response::new(reply.body.into());
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap();
    for (name, value) in reply.headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

const BEGINNING: &str = r#"{"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"content":"hel"#;

async fn break_down(mut stream: TcpStream, fault: Fault) -> std::io::Result<()> {
    // A socket that is closed with unread bytes answers with a reset, so such a fault leaves the request unread.
    if matches!(fault, Fault::Reset | Fault::ResetChunk) {
        stream.peek(&mut [0]).await?;
    } else {
        read_request(&mut stream).await?;
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    match fault {
        Fault::Reset | Fault::Closed => {}
        Fault::Silence => std::future::pending().await,
        Fault::CutBody => {
            stream.write_all(format!("{head}content-length: 400\r\n\r\n{BEGINNING}").as_bytes()).await?;
        }
        Fault::CutChunk | Fault::ResetChunk => {
            let chunk = format!("{:x}\r\n{BEGINNING}\r\n", BEGINNING.len());
            stream.write_all(format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}").as_bytes()).await?;
        }
        Fault::Flood(bytes) => {
            stream.write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).await?;
            let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
            for _ in 0..bytes / 0x10000 {
                stream.write_all(chunk.as_bytes()).await?;
            }
            stream.write_all(b"0\r\n\r\n").await?;
        }
    }
    Ok(())
}

/// Reads a request to its last byte.
async fn read_request(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut got = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&got).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Ok(());
            }
        }
        if stream.read_buf(&mut got).await? == 0 {
            return Ok(());
        }
    }
}

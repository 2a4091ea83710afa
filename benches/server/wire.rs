//! The client's side of the wire, by hand: messages are prepared in advance, and answers are only measured. A client
//! that cost as much as the server would hide the cost of the server.

use std::net::SocketAddr;
use std::ops::Range;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An error that is only printed.
pub(crate) type Problem = Box<dyn std::error::Error + Send + Sync>;

/// The protocol of a connection to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// `POST /reset` and `POST /step`, where a header names the episode.
    Http,
    /// The messages of OpenEnv on `/ws`.
    Ws,
}

impl Protocol {
    /// Returns the bytes of a reset under a name.
    pub(crate) fn reset(self, name: &str, mut data: Value) -> Vec<u8> {
        match self {
            Self::Http => post("/reset", name, &data.to_string()),
            Self::Ws => {
                data["episode_id"] = name.into();
                message("reset", &data)
            }
        }
    }

    /// Returns the bytes of a step in the episode with this name.
    pub(crate) fn step(self, name: &str, action: &impl Serialize) -> Vec<u8> {
        match self {
            Self::Http => post("/step", name, &json!(action).to_string()),
            Self::Ws => message("step", action),
        }
    }

    /// Measures the first whole answer among these bytes, or returns `None` if there is none yet.
    fn measure(self, bytes: &[u8]) -> Result<Option<Part>, Problem> {
        match self {
            Self::Http => response(bytes),
            Self::Ws => frame_in(bytes),
        }
    }
}

/// The part of the received bytes that is an answer.
struct Part {
    kind: Kind,
    body: Range<usize>,
}

enum Kind {
    Answer,
    Ping,
    Pong,
}

/// A connection on which at most one message is under way.
#[derive(Debug)]
pub(crate) struct Connection {
    protocol: Protocol,
    stream: TcpStream,
    received: Vec<u8>,
    /// The number of received bytes that were returned as answers.
    used: usize,
}

impl Connection {
    /// Connects, and leaves HTTP if the protocol requires it.
    pub(crate) async fn open(protocol: Protocol, address: SocketAddr) -> Result<Self, Problem> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut connection = Self { protocol, stream, received: Vec::new(), used: 0 };
        if protocol == Protocol::Ws {
            connection.upgrade().await?;
        }
        Ok(connection)
    }

    async fn upgrade(&mut self) -> Result<(), Problem> {
        let request = "GET /ws HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                       sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        self.stream.write_all(request.as_bytes()).await?;
        loop {
            if let Some(end) = end_of_head(&self.received) {
                self.used = end;
                let is_switched = self.received.starts_with(b"HTTP/1.1 101");
                return if is_switched { Ok(()) } else { Err(refused(&self.received)) };
            }
            self.read().await?;
        }
    }

    /// Sends a message and waits for its answer.
    pub(crate) async fn ask(&mut self, message: &[u8]) -> Result<&[u8], Problem> {
        self.stream.write_all(message).await?;
        loop {
            // The buffer is drained here and not after an answer, because the answer is borrowed until the next
            // message.
            self.received.drain(..self.used);
            self.used = 0;
            let Some(Part { kind, body }) = self.protocol.measure(&self.received)? else {
                self.read().await?;
                continue;
            };
            self.used = body.end;
            match kind {
                Kind::Answer => return Ok(&self.received[body]),
                Kind::Ping => self.stream.write_all(&frame(0xA, &self.received[body])).await?,
                Kind::Pong => {}
            }
        }
    }

    async fn read(&mut self) -> Result<(), Problem> {
        self.received.reserve(4 << 10);
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err("the server closed the connection".into()),
            _ => Ok(()),
        }
    }
}

/// Returns the body of `GET path`.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Result<String, Problem> {
    let mut connection = Connection::open(Protocol::Http, address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    Ok(String::from_utf8_lossy(connection.ask(request.as_bytes()).await?).into_owned())
}

/// Makes a message of OpenEnv in its frame.
pub(crate) fn message(kind: &str, data: &impl Serialize) -> Vec<u8> {
    frame(1, json!({ "type": kind, "data": data }).to_string().as_bytes())
}

/// Makes the request for the state of a session, in its frame.
pub(crate) fn state() -> Vec<u8> {
    frame(1, br#"{"type":"state"}"#)
}

fn post(path: &str, name: &str, body: &str) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nx-episode-id: {name}\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

/// Makes a whole frame of a client. Its mask is zeros, which leave the payload as it is.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let length = payload.len();
    // The high bit of the second byte says that there is a mask.
    let mut frame = vec![0x80 | opcode];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ ..126), _) => frame.push(0x80 | length),
        (_, Ok(length)) => {
            frame.push(0xFE);
            frame.extend(length.to_be_bytes());
        }
        _ => {
            frame.push(0xFF);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

fn refused(answer: &[u8]) -> Problem {
    let shown = &answer[..answer.len().min(400)];
    format!("the server answered: {}", String::from_utf8_lossy(shown)).into()
}

fn response(bytes: &[u8]) -> Result<Option<Part>, Problem> {
    let Some(start) = end_of_head(bytes) else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..start])?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    let end = start + length.ok_or("an answer without a length")??;
    if bytes.len() < end {
        return Ok(None);
    }
    if !head.starts_with("HTTP/1.1 200") {
        return Err(refused(bytes));
    }
    Ok(Some(Part { kind: Kind::Answer, body: start..end }))
}

fn frame_in(bytes: &[u8]) -> Result<Option<Part>, Problem> {
    let [first, short, ..] = bytes else { return Ok(None) };
    let size = match short {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let Some(long) = bytes.get(2..2 + size) else { return Ok(None) };
    let length = match long {
        [] => usize::from(*short),
        long => long.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte)),
    };
    let body = 2 + size..2 + size + length;
    if bytes.len() < body.end {
        return Ok(None);
    }
    let kind = match first {
        0x81 => Kind::Answer,
        0x89 => Kind::Ping,
        0x8A => Kind::Pong,
        _ => return Err(format!("an unexpected frame: {}", String::from_utf8_lossy(&bytes[body])).into()),
    };
    Ok(Some(Part { kind, body }))
}

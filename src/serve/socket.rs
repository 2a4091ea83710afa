//! Serves a WebSocket connection: its messages in order, its limits and its end. It does not know the content of
//! messages.
//!
//! A message is answered before the next one is read, so answers come in order and a client cannot pile up work. The
//! WebSocket layer answers pings whenever a frame is awaited.

use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::Extension;
use axum::response::Response;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio_util::sync::CancellationToken;
use tokio_websockets::{CloseCode, Error, Limits, ServerBuilder, WebSocketStream};

use super::app::App;
use super::episodes::session::HeldSession;
use super::net::idle::Idle;
use super::net::rates::Peer;
use super::net::upgrade::{Handshake, Stream};

/// The size of the largest message that is accepted, in bytes.
const MOST_BYTES: usize = 16 << 20;
/// The time that a refused client has to send its first message, since some clients lose a refusal that comes together
/// with the close.
const LINGER: Duration = Duration::from_secs(2);
/// The time that a client has to answer a close.
const CLOSING: Duration = Duration::from_secs(2);
/// The time that a client has to read an answer.
const SENDING: Duration = Duration::from_secs(5 * 60);

/// The dialect of a connection.
pub(super) struct Dialect {
    /// The function that answers a text.
    pub(super) answer: fn(&App, &HeldSession, &str) -> Next,
    /// The function that answers a binary frame.
    pub(super) binary: fn() -> Bytes,
}

/// The answer of dialects to a binary frame.
pub(super) const NO_TEXT: &str = "binary frames are not understood; send JSON as text";

/// Serves a connection in a dialect, on the session that its client gets. Without a session the client is told why.
pub(super) fn accept(
    app: Arc<App>,
    handshake: Handshake,
    peer: Option<Extension<Peer>>,
    session: impl FnOnce(&Arc<App>) -> Result<HeldSession, Bytes> + Send + 'static,
    dialect: &'static Dialect,
) -> Response {
    let client = peer.map(|Extension(Peer(client))| client);
    handshake.then(move |stream| async move {
        let limits = Limits::default().max_payload_len(Some(MOST_BYTES));
        let socket = ServerBuilder::new().limits(limits).serve(stream);
        let mut connection = Connection { socket, stop: app.stop.child_token(), client };
        let ending = match session(&app) {
            Err(message) => connection.refuse(message).await,
            Ok(held) => {
                app.metrics.socket();
                Box::pin(connection.serve(&app, &held, dialect)).await
            }
        };
        connection.close(ending).await;
    })
}

/// The way in which a connection ends.
#[derive(Debug, Clone, Copy)]
enum Ending {
    /// The other side is gone already, or was told the reason.
    Gone,
    /// The connection is closed with this code and reason.
    Close(CloseCode, &'static str),
}

const NORMAL: Ending = Ending::Close(CloseCode::NORMAL_CLOSURE, "");

/// The action that follows a message.
pub(super) enum Next {
    /// The answer is sent, and the next message is read.
    Answer(Bytes),
    /// The next message is read.
    Listen,
    /// The answer is sent, and the connection ends.
    Last(Bytes),
    /// The connection ends.
    End,
}

struct Connection {
    socket: WebSocketStream<Stream>,
    /// The token that is cancelled when the server stops. Each connection has one, so that they do not wait for each
    /// other.
    stop: CancellationToken,
    client: Option<IpAddr>,
}

impl Connection {
    /// Answers messages until there are no more.
    async fn serve(&mut self, app: &App, held: &HeldSession, dialect: &Dialect) -> Ending {
        let idle = Idle::new();
        let mut rested = pin!(idle.rested(app.options.socket_idle));
        loop {
            idle.touch();
            let message = match self.receive(rested.as_mut()).await {
                Ok(message) => message,
                Err(ending) => return ending,
            };
            let next = if let Some(text) = message.as_text() {
                pace(app, self.client).await;
                (dialect.answer)(app, held, text)
            } else if message.is_binary() {
                Next::Last((dialect.binary)())
            } else if message.is_close() {
                return Ending::Gone;
            } else if self.flush().await.is_ok() {
                // The answer to a ping has left, so a client that only sends pings cannot make answers pile up.
                continue;
            } else {
                return Ending::Gone;
            };
            let (text, more) = match next {
                Next::Answer(text) => (text, true),
                Next::Last(text) => (text, false),
                Next::Listen => continue,
                Next::End => return NORMAL,
            };
            if self.send(text).await.is_err() {
                return Ending::Gone;
            }
            if !more {
                return NORMAL;
            }
        }
    }

    /// Reads the next frame, unless the server stops or nothing comes for too long.
    async fn receive(
        &mut self,
        rested: Pin<&mut impl Future<Output = ()>>,
    ) -> Result<tokio_websockets::Message, Ending> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Ending::Close(CloseCode::GOING_AWAY, "the server is stopping")),
            message = self.socket.next() => match message {
                Some(Ok(message)) => Ok(message),
                Some(Err(Error::PayloadTooLong { .. })) => {
                    Err(Ending::Close(CloseCode::MESSAGE_TOO_BIG, "the message is larger than 16 MiB"))
                }
                // A frame that violates the protocol is answered by a close that says so, which leaves with the next
                // read.
                Some(Err(_)) | None => Err(Ending::Gone),
            },
            () = rested => Err(Ending::Close(CloseCode::GOING_AWAY, "nothing was sent for too long")),
        }
    }

    async fn send(&mut self, text: Bytes) -> Result<(), ()> {
        self.socket.feed(tokio_websockets::Message::text(text)).await.map_err(drop)?;
        self.flush().await
    }

    /// Waits until all answers have left.
    async fn flush(&mut self) -> Result<(), ()> {
        let sent = tokio::time::timeout(SENDING, self.socket.flush()).await;
        sent.map_err(drop)?.map_err(drop)
    }

    /// Sends the reason for which there is no session, and waits for the client to have a chance to read it.
    async fn refuse(&mut self, message: Bytes) -> Ending {
        if self.send(message).await.is_ok() {
            let _ = tokio::time::timeout(LINGER, self.socket.next()).await;
        }
        NORMAL
    }

    /// Closes the connection, and lets the other side close too, so that none of its bytes meet a closed socket.
    async fn close(mut self, ending: Ending) {
        let closing = async {
            if let Ending::Close(code, reason) = ending {
                let _ = self.socket.send(tokio_websockets::Message::close(Some(code), reason)).await;
            }
            // An answer to the client's own close leaves with the next read.
            while self.socket.next().await.is_some() {}
        };
        let _ = tokio::time::timeout(CLOSING, closing).await;
    }
}

/// Waits until a client's rate allows an answer.
async fn pace(app: &App, client: Option<IpAddr>) {
    let Some((rates, client)) = app.rates.as_ref().zip(client) else { return };
    while let Err(wait) = rates.take(client, app.now()) {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = app.stop.cancelled() => return,
        }
    }
}

//! Runs the server on a TCP socket: it accepts connections, keeps them alive, and stops without losing an answer.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::response::Response;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tower::Service;

use super::app::App;
use super::middleware::service;
use super::net::idle::Idle;
use super::net::rates::Peer;

/// The time between two removals of expired episodes, even if no request comes.
const SWEEP: Duration = Duration::from_secs(30);
/// The pause of the server when the system has no more sockets.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// A server that has an address.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    app: Arc<App>,
    connections: usize,
    grace: Duration,
}

impl Server {
    /// Takes an address, and at most this number of connections at once.
    ///
    /// # Errors
    /// Returns an error if the address cannot be taken.
    pub async fn bind(address: impl ToSocketAddrs, app: Arc<App>, connections: usize) -> io::Result<Self> {
        Ok(Self::on(TcpListener::bind(address).await?, app, connections))
    }

    /// Makes a server at an address that was already taken.
    #[must_use]
    pub fn on(listener: TcpListener, app: Arc<App>, connections: usize) -> Self {
        Self { listener, app, connections, grace: Duration::from_secs(10) }
    }

    /// Returns the address of the server.
    ///
    /// # Errors
    /// Returns an error if the system cannot tell the address.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Sets the time for which the server waits for open requests when it stops.
    #[must_use]
    pub fn grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }

    /// Serves until the app's token is cancelled. Then it accepts no more connections, finishes requests, and has
    /// sockets close. Returns whether all of them ended within the time of grace.
    pub async fn run(self) -> bool {
        let Self { listener, app, connections, grace } = self;
        let service = service(&app);
        let (free, open) = (Arc::new(Semaphore::new(connections)), TaskTracker::new());
        let mut sweep = tokio::time::interval(SWEEP);
        loop {
            let accepted = tokio::select! {
                () = app.stop.cancelled() => break,
                _ = sweep.tick() => {
                    app.sweep();
                    continue;
                }
                // A client that finds no place waits in the system's queue.
                accepted = async {
                    let place = Arc::clone(&free).acquire_owned().await;
                    (listener.accept().await, place)
                } => accepted,
            };
            match accepted {
                (Ok((stream, peer)), Ok(place)) => {
                    keep_alive(&stream);
                    let idle = Arc::new(Idle::new());
                    let stream = TrackedStream { stream, idle, _place: place, _open: open.token() };
                    // Each connection gets its own token: a shared one would be a lock that all of them contend for.
                    let peer = app.wants_peers().then(|| Peer(peer.ip()));
                    let patience = app.options.connection_idle;
                    tokio::spawn(serve(stream, peer, service.clone(), patience, app.stop.child_token()));
                }
                // The system has no descriptors left, or the client is gone again: others may be served later.
                _ => tokio::time::sleep(EXHAUSTED).await,
            }
        }
        drop(listener);
        open.close();
        tokio::time::timeout(grace, open.wait()).await.is_ok()
    }
}

/// Serves the requests of a connection until it ends, is idle for too long, or the server stops.
async fn serve<S>(stream: TrackedStream, peer: Option<Peer>, service: S, patience: Duration, stop: CancellationToken)
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static,
{
    let (service, idle) = (TowerToHyperService::new(service), Arc::clone(&stream.idle));
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let busy = idle.busy();
        let mut request = request.map(Body::new);
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        let response = service.call(request);
        async move {
            let response = response.await?;
            if response.body().size_hint().exact().is_some() {
                return Ok::<_, Infallible>(response);
            }
            // Events may be far apart, so their stream counts as used until its end.
            Ok(response.map(|body| {
                Body::new(body.map_frame(move |frame| {
                    let _ = &busy;
                    frame
                }))
            }))
        }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
    tokio::pin!(connection);
    // A broken connection is not an error of the server.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = idle.rested(patience) => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// Configures a socket so that small answers leave at once and the system notices a peer that vanished.
fn keep_alive(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let keep = TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(20));
    let _ = SockRef::from(stream).set_tcp_keepalive(&keep);
}

/// The bytes of a connection, with its place among all connections. A WebSocket takes both along when it leaves HTTP.
#[derive(Debug)]
struct TrackedStream {
    stream: TcpStream,
    idle: Arc<Idle>,
    _place: OwnedSemaphorePermit,
    _open: TaskTrackerToken,
}

impl TrackedStream {
    /// Notes that a client has taken bytes of an answer.
    fn note<T>(&self, written: Poll<T>) -> Poll<T> {
        if written.is_ready() {
            self.idle.touch();
        }
        written
    }
}

impl AsyncRead for TrackedStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for TrackedStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let tracked = self.get_mut();
        let written = Pin::new(&mut tracked.stream).poll_write(cx, buf);
        tracked.note(written)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let tracked = self.get_mut();
        let written = Pin::new(&mut tracked.stream).poll_write_vectored(cx, bufs);
        tracked.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

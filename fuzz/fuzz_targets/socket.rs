//! Fuzzes connections that have left HTTP with bytes: the server answers or closes, and still serves others.
#![no_main]

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::Duration;

use incident_env::Catalog;
use incident_bench::serve::{App, Options, Server};
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

struct World {
    runtime: Runtime,
    address: SocketAddr,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let address = runtime.block_on(async {
        let app = App::new(Catalog::embedded().unwrap(), Options::default(), CancellationToken::new());
        let server = Server::bind("127.0.0.1:0", app, 64).await.unwrap();
        let address = server.address().unwrap();
        tokio::spawn(server.run());
        address
    });
    World { runtime, address }
});

const UPGRADE: &[u8] = b"GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

fuzz_target!(|data: &[u8]| {
    WORLD.runtime.block_on(async {
        let mut stream = TcpStream::connect(WORLD.address).await.unwrap();
        stream.write_all(UPGRADE).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101"));
        // The server may close early; then this write meets a broken pipe.
        let _ = stream.write_all(data).await;
        let _ = stream.shutdown().await;
        let mut said = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut said)).await;
        assert!(end.is_ok(), "it neither answers nor closes");
    });
});

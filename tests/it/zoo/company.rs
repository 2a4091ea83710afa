//! Endpoints behind a company's certificate and its proxies: with the right variable nine episodes are played, and without it
//! the run ends before anything is paid, and says which variable it is about.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::endpoint::{Endpoint, KEY};
use super::kinds;
use super::play::{arguments, problems_of_book, problems_of_row};
use crate::binary::{Ended, Place};
use crate::server::dead_url;

/// The certificate of the company's authority, and that of its endpoint with its key. They are of use here only.
const AUTHORITY: &str = include_str!("../fixtures/company/authority.pem");
const CERTIFICATE: &[u8] = include_bytes!("../fixtures/company/endpoint.pem");
const CERTIFICATE_KEY: &[u8] = include_bytes!("../fixtures/company/endpoint.key");

/// Listens on a thread of its own, which ends with the process, and gives each connection to a function.
fn door<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
    });
    address
}

/// Opens TLS with the company's certificate in front of a server.
fn tls(behind: String) -> SocketAddr {
    let chain = vec![CertificateDer::from_pem_slice(CERTIFICATE).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(CERTIFICATE_KEY).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    door(move |stream| {
        let (acceptor, behind) = (acceptor.clone(), behind.clone());
        async move {
            let mut inside = acceptor.accept(stream).await?;
            copy_bidirectional(&mut inside, &mut TcpStream::connect(behind).await?).await.map(drop)
        }
    })
}

/// A proxy that takes `CONNECT` from the user `me` with the password `pass-word` alone.
fn connect_proxy() -> SocketAddr {
    door(|mut stream| async move {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") && stream.read_buf(&mut head).await? > 0 {}
        let head = String::from_utf8_lossy(&head).into_owned();
        // The login in Base64.
        if !head.contains("bWU6cGFzcy13b3Jk") {
            let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm=\"company\"\r\ncontent-length: 0\r\n\r\n";
            return stream.write_all(refusal.as_bytes()).await;
        }
        let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut beyond = TcpStream::connect(target).await?;
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
        copy_bidirectional(&mut stream, &mut beyond).await.map(drop)
    })
}

/// A SOCKS proxy of version 5 that takes everybody.
fn socks_proxy() -> SocketAddr {
    door(|mut stream| async move {
        let mut greeting = [0; 2];
        stream.read_exact(&mut greeting).await?;
        stream.read_exact(&mut vec![0; greeting[1].into()]).await?;
        stream.write_all(&[5, 0]).await?;
        let mut head = [0; 4];
        stream.read_exact(&mut head).await?;
        let host = if head[3] == 1 {
            let mut address = [0; 4];
            stream.read_exact(&mut address).await?;
            std::net::Ipv4Addr::from(address).to_string()
        } else {
            let length = stream.read_u8().await?;
            let mut name = vec![0; length.into()];
            stream.read_exact(&mut name).await?;
            String::from_utf8_lossy(&name).into_owned()
        };
        let port = stream.read_u16().await?;
        let mut beyond = TcpStream::connect((host, port)).await?;
        stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
        copy_bidirectional(&mut stream, &mut beyond).await.map(drop)
    })
}

/// An endpoint behind TLS, and the base URL with which it is reached.
fn company() -> (Endpoint, String) {
    let endpoint = Endpoint::of(kinds::named("ollama"));
    let url = endpoint.base_url();
    let behind = url.trim_start_matches("http://").trim_end_matches("/v1").to_owned();
    let url = format!("https://{}/v1", tls(behind));
    (endpoint, url)
}

/// Plays at an address with these variables; `AUTHORITY` stands for the file of the company's authority.
fn play(url: &str, variables: &[(&str, &str)]) -> Ended {
    let place = Place::empty();
    place.write("authority.pem", AUTHORITY);
    let mut command = place.command(&arguments(kinds::named("ollama"), url, &["--max-retries", "0"]));
    let file = place.path("authority.pem");
    for (name, value) in variables {
        command.env(name, value.replace("AUTHORITY", &file.display().to_string()));
    }
    Ended::of(&command.env("API_KEY", KEY).output().unwrap())
}

#[track_caller]
fn plays(variables: &[(&str, &str)]) {
    let (endpoint, url) = company();
    let ended = play(&url, variables).exits(0);
    let summary = serde_json::from_str(&ended.stdout).unwrap();
    let problems = [problems_of_row(&summary, "gemma4:26b"), problems_of_book(&endpoint, 1)].concat();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[track_caller]
fn ends_before_it_is_paid(variables: &[(&str, &str)], words: &[&str]) {
    let (endpoint, url) = company();
    let ended = play(&url, variables);
    for secret in ["pass-word", "wrong-word", KEY] {
        assert!(!ended.stderr.contains(secret), "{}", ended.stderr);
    }
    ended.fails(2, words);
    assert_eq!(endpoint.calls(), 0);
}

#[test]
fn a_certificate_of_the_company() {
    plays(&[("SSL_CERT_FILE", "AUTHORITY")]);
    ends_before_it_is_paid(&[], &["certificate", "SSL_CERT_FILE"]);
}

#[test]
fn a_proxy_with_a_password() {
    let proxy = connect_proxy();
    let right = format!("http://me:pass-word@{proxy}");
    plays(&[("HTTPS_PROXY", &right), ("SSL_CERT_FILE", "AUTHORITY")]);
    for (variable, login) in [("HTTPS_PROXY", ""), ("https_proxy", "me:wrong-word@"), ("ALL_PROXY", "")] {
        let wrong = format!("http://{login}{proxy}");
        ends_before_it_is_paid(&[(variable, &wrong), ("SSL_CERT_FILE", "AUTHORITY")], &["the proxy refused", variable]);
    }
    // A certificate that the proxy's side breaks open is not known either.
    ends_before_it_is_paid(&[("HTTPS_PROXY", &right)], &["certificate", "SSL_CERT_FILE", "HTTPS_PROXY"]);
}

#[test]
fn a_proxy_by_socks() {
    for scheme in ["socks5", "socks5h"] {
        let proxy = format!("{scheme}://{}", socks_proxy());
        plays(&[("ALL_PROXY", &proxy), ("SSL_CERT_FILE", "AUTHORITY")]);
    }
    ends_before_it_is_paid(
        &[("ALL_PROXY", "socks6://127.0.0.1:1"), ("SSL_CERT_FILE", "AUTHORITY")],
        &["ALL_PROXY", "socks6"],
    );
}

#[test]
fn a_proxy_that_nobody_serves() {
    let dead = dead_url();
    let address = dead.trim_start_matches("http://").trim_end_matches("/v1");
    for scheme in ["http", "socks5h"] {
        let (endpoint, url) = company();
        let ended = play(&url, &[("ALL_PROXY", &format!("{scheme}://{address}")), ("SSL_CERT_FILE", "AUTHORITY")]);
        assert_ne!(ended.code, Some(0));
        assert!(ended.stderr.contains("ALL_PROXY"), "{}", ended.stderr);
        assert_eq!(endpoint.calls(), 0);
    }
}

//! Names the faults below HTTP, where there was no complete answer, and those of proxies.

use std::fs;
use std::time::Duration;

use reqwest::Url;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::proxy::{Proxy, set};
use crate::chat::error::with_causes;
use crate::chat::{ChatError, ErrorKind};

/// The advice for a proxy that wants to know who asks.
const WRITE_A_PASSWORD: &str = "write its name and password into the variable: http://NAME:PASSWORD@HOST:PORT";
/// The variable that names the certificates that are trusted.
const CERTIFICATES: &str = "SSL_CERT_FILE";
/// The time for asking a proxy why it opens no tunnel.
const TIME_TO_SAY_WHY: Duration = Duration::from_secs(5);

/// Makes the error for a fault below HTTP.
pub(super) async fn transport(error: &reqwest::Error, url: &Url, proxy: Option<&Proxy>) -> ChatError {
    let words = with_causes(error);
    let lower = words.to_lowercase();
    let is_tunnel = lower.contains("tunnel error");
    let (kind, cure) = if lower.contains("certificate") {
        (ErrorKind::Certificate, cure_of_certificates())
    } else if lower.contains("proxy authorization required") || lower.contains("proxy authentication required") {
        (ErrorKind::ProxyRefused, WRITE_A_PASSWORD.to_owned())
    } else if lower.contains("invalidcontenttype") {
        (
            ErrorKind::Connect,
            "what answers at this port does not speak TLS: should the URL begin with http://?".to_owned(),
        )
    } else if error.is_connect() {
        (ErrorKind::Connect, String::new())
    } else if error.is_timeout() {
        (ErrorKind::Timeout, String::new())
    } else {
        (ErrorKind::ConnectionLost, String::new())
    };
    let through = proxy.map(|proxy| format!("through the proxy that {} names", proxy.variable));
    let answer = match proxy.filter(|_| is_tunnel && kind == ErrorKind::Connect) {
        Some(proxy) => timeout(TIME_TO_SAY_WHY, why_no_tunnel(proxy, url)).await.ok().flatten(),
        None => None,
    };
    // A proxy that cannot reach the endpoint just now may do so later.
    let kind = match &answer {
        Some(Answer { status, .. }) if *status < 500 => ErrorKind::ProxyRefused,
        _ => kind,
    };
    let answered = answer.as_ref().map(|answer| format!("it answers '{}'", answer.line));
    let status = answer.map(|answer| answer.status);
    let parts = [Some(words), through, answered, Some(cure).filter(|cure| !cure.is_empty())];
    ChatError { status, ..ChatError::new(kind, &parts.into_iter().flatten().collect::<Vec<_>>().join("; ")) }
}

/// What to do about a certificate that is not trusted.
fn cure_of_certificates() -> String {
    let Some((_, path)) = set(CERTIFICATES) else {
        return format!("if a company opens the traffic, set {CERTIFICATES} to a file with its certificate");
    };
    match fs::read_to_string(&path) {
        Err(error) => format!("{CERTIFICATES} names '{path}', which cannot be read: {error}"),
        Ok(text) if !text.contains("BEGIN CERTIFICATE") => {
            format!("{CERTIFICATES} names '{path}', in which there is no certificate")
        }
        Ok(_) => format!("the certificates in '{path}', which {CERTIFICATES} names, do not vouch for it"),
    }
}

/// How a proxy answers.
struct Answer {
    status: u16,
    line: String,
}

/// Asks a proxy once more for a tunnel, because the HTTP library keeps its answer to itself.
async fn why_no_tunnel(proxy: &Proxy, url: &Url) -> Option<Answer> {
    let address = proxy.address.uri();
    if address.scheme_str() != Some("http") {
        return None;
    }
    let mut stream = TcpStream::connect((address.host()?, address.port_u16().unwrap_or(80))).await.ok()?;
    let host = format!("{}:{}", url.host_str()?, url.port_or_known_default()?);
    let who = proxy.address.basic_auth().and_then(|value| value.to_str().ok());
    let who = who.map(|value| format!("Proxy-Authorization: {value}\r\n")).unwrap_or_default();
    stream.write_all(format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n{who}\r\n").as_bytes()).await.ok()?;
    let mut start = vec![0; 256];
    let length = stream.read(&mut start).await.ok()?;
    let text = String::from_utf8_lossy(&start[..length]);
    let (_, line) = text.lines().next()?.split_once(' ')?;
    let status = line.split(' ').next()?.parse().ok().filter(|status| !(200..300).contains(status))?;
    Some(Answer { status, line: line.to_owned() })
}

/// Names the proxy in an error of an answer that it may have given itself.
pub(super) fn answered_by(proxy: &Proxy, is_json: bool, error: ChatError) -> ChatError {
    let is_own = error.status == Some(407) || (!is_json && matches!(error.status, Some(403 | 502..=504)));
    if !proxy.answers || !is_own {
        return error;
    }
    let (kind, cure) = match error.status {
        Some(407) => (ErrorKind::ProxyRefused, format!("; {WRITE_A_PASSWORD}")),
        Some(403) => (ErrorKind::ProxyRefused, String::new()),
        _ => (error.kind, String::new()),
    };
    let through = format!("through the proxy that {} names{cure}", proxy.variable);
    let parts = [error.message.as_str(), through.as_str()].into_iter().filter(|part| !part.is_empty());
    ChatError { kind, message: parts.collect::<Vec<_>>().join("; "), ..error }
}

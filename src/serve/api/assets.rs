//! Serves the web page: the files of `web/` in the binary, compressed once for all clients that accept compression.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;

use crate::serve::error::{Fault, excerpt};
use incident_env::hex;

#[derive(RustEmbed)]
#[folder = "web/"]
struct Web;

/// The content security policy. It allows nothing from another server, and no script or style that is not a file of
/// this server. Hugging Face Spaces show their page in a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'self' https://huggingface.co";

/// An embedded file in the form in which it is sent.
struct File {
    plain: Bytes,
    packed: Bytes,
    /// The tag that tells the file from that of another release.
    tag: String,
    kind: &'static str,
}

static FILES: LazyLock<BTreeMap<String, File>> = LazyLock::new(|| {
    let read = |name: &str| {
        let file = Web::get(name)?;
        let plain = Bytes::from(file.data.into_owned());
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        let packed = packer.write_all(&plain).and_then(|()| packer.finish()).unwrap_or_default().into();
        let tag = format!("\"{}\"", &hex(&file.metadata.sha256_hash())[..16]);
        let kind = match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            _ => "application/octet-stream",
        };
        Some(File { plain, packed, tag, kind })
    };
    Web::iter().filter_map(|name| Some((name.to_string(), read(&name)?))).collect()
});

/// Serves `GET /`.
pub(crate) async fn page(headers: HeaderMap) -> Result<Response, Fault> {
    file("index.html", &headers)
}

/// Serves `GET /web/{*path}`. Only the names of embedded files are known, so no path leads to anything else.
pub(crate) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Fault> {
    file(&name, &headers)
}

fn file(name: &str, asked: &HeaderMap) -> Result<Response, Fault> {
    let Some(File { plain, packed, tag, kind }) = FILES.get(name) else {
        return Err(Fault::Path(format!("/web/{}", excerpt(name))));
    };
    // A new release must not meet files of the old one, so browsers ask each time and are told if nothing has changed.
    let headers = [
        (CONTENT_TYPE, *kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-cache"),
        (ETAG, tag.as_str()),
        (VARY, "accept-encoding"),
    ];
    if asked.get_all(IF_NONE_MATCH).iter().any(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let takes_gzip = |list: &HeaderValue| {
        let mut codings = list.to_str().unwrap_or_default().split(',').map(str::trim);
        codings.any(|coding| coding.eq_ignore_ascii_case("gzip"))
    };
    if asked.get_all(ACCEPT_ENCODING).iter().any(takes_gzip) && !packed.is_empty() {
        return Ok((headers, [(CONTENT_ENCODING, "gzip")], packed.clone()).into_response());
    }
    Ok((headers, plain.clone()).into_response())
}

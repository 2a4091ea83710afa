//! Tests of the proxies that the environment names: errors say which variable it was, before anything is paid.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Starts a proxy that answers every connection like this, and returns its address.
fn proxy(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address.to_string()
}

fn bench(variable: &str, value: &str, url: &str) -> (Output, String) {
    let folder = TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["--model", "m", "--agent", "llm", "--base-url", url, "--out", "out", "--max-retries", "0"])
        .current_dir(folder.path())
        .env_clear()
        .env(variable, value)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

#[test]
fn a_proxy_that_refuses_is_named() {
    const REFUSES: &str = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
    let address = proxy(REFUSES);
    for (variable, url) in [
        ("HTTPS_PROXY", "https://bench.invalid/v1"),
        ("https_proxy", "https://bench.invalid/v1"),
        ("ALL_PROXY", "https://bench.invalid/v1"),
        ("HTTP_PROXY", "http://bench.invalid/v1"),
    ] {
        let (output, said) = bench(variable, &format!("http://me:secret-password@{address}"), url);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("the proxy refused the connection"), "{said}");
        assert!(said.contains(variable), "{variable}: {said}");
        assert!(!said.contains("secret-password"), "{said}");
    }
}

#[test]
fn a_proxy_that_nobody_serves_is_named() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for scheme in ["http", "socks5h"] {
        let (_, said) = bench("ALL_PROXY", &format!("{scheme}://{address}"), "https://bench.invalid/v1");
        assert!(said.contains("no connection") && said.contains("through the proxy that ALL_PROXY names"), "{said}");
    }
}

#[test]
fn a_proxy_of_an_unknown_kind_ends_the_run_before_it_starts() {
    let (output, said) = bench("HTTPS_PROXY", "ftp://127.0.0.1:1", "https://bench.invalid/v1");
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("HTTPS_PROXY names a proxy that begins with 'ftp://'"), "{said}");
    // The proxy is for other addresses.
    let (_, said) = bench("HTTPS_PROXY", "http://127.0.0.1:1", "http://127.0.0.1:1/v1");
    assert!(said.contains("no connection") && !said.contains("through the proxy"), "{said}");
}

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
    bench_with(&[(variable, value)], url)
}

fn bench_with(variables: &[(&str, &str)], url: &str) -> (Output, String) {
    let folder = TempDir::new().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args([
            "--model",
            "m",
            "--agent",
            "llm",
            "--base-url",
            url,
            "--out",
            "out",
            "--max-retries",
            "0",
            "--timeout",
            "2",
        ])
        .current_dir(folder.path())
        .env_clear()
        .envs(variables.iter().copied())
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

#[test]
fn what_a_proxy_answers_is_told() {
    let forbids =
        proxy("HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\ncontent-length: 20\r\n\r\n<html>Blocked</html>");
    for (variable, url) in [("HTTP_PROXY", "http://bench.invalid/v1"), ("HTTPS_PROXY", "https://bench.invalid/v1")] {
        let (output, said) = bench(variable, &format!("http://{forbids}"), url);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("the proxy refused the connection") && said.contains("403"), "{said}");
        assert!(said.contains(&format!("through the proxy that {variable} names")), "{said}");
    }
    let asks = proxy("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
    let (_, said) = bench("HTTP_PROXY", &format!("http://{asks}"), "http://bench.invalid/v1");
    assert!(said.contains("HTTP_PROXY names; write its name and password into the variable"), "{said}");
    let broken = proxy("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
    let (_, said) = bench("HTTPS_PROXY", &format!("http://{broken}"), "https://bench.invalid/v1");
    assert!(said.contains("no connection") && said.contains("it answers '502 Bad Gateway'"), "{said}");
}

#[test]
fn a_silent_proxy_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (_, said) = bench("HTTP_PROXY", &format!("http://{address}"), "http://bench.invalid/v1");
    assert!(said.contains("no answer began") && said.contains("through the proxy that HTTP_PROXY names"), "{said}");
}

#[test]
fn an_address_that_is_none_is_not_left_aside() {
    for value in ["http://user:Proxy Pass77@:x", "http://user:Proxy Pass77@host:1", "http://"] {
        let (output, said) = bench("HTTP_PROXY", value, "http://127.0.0.1:1/v1");
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("HTTP_PROXY is no address of a proxy") && !said.contains("Pass77"), "{said}");
    }
}

#[test]
fn exceptions_of_all_forms_are_honoured() {
    let asks = format!("http://{}", proxy("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n"));
    for except in ["*", "127.0.0.1:1", "127.0.0.1", "127.0.0.0/8", "x.org, 127.0.0.1:1"] {
        let (_, said) = bench_with(&[("HTTP_PROXY", &asks), ("NO_PROXY", except)], "http://127.0.0.1:1/v1");
        assert!(said.contains("no connection") && !said.contains("through the proxy"), "{except}: {said}");
    }
    let (_, said) = bench_with(&[("HTTP_PROXY", &asks), ("NO_PROXY", "127.0.0.1:2")], "http://127.0.0.1:1/v1");
    assert!(said.contains("the proxy refused"), "{said}");
}

#[test]
fn a_port_without_tls_is_named() {
    let plain = proxy("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    let (_, said) = bench("LANG", "C", &format!("https://{plain}/v1"));
    assert!(said.contains("does not speak TLS"), "{said}");
}

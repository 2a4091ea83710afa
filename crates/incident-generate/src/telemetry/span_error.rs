//! What the span of a failed call says of the failure: the type of the error, and its message. Each library of a language has its
//! own words where no answer came, and each store has its own where one did.

use crate::data::vocabulary::FailsAs;

/// The end of a call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SpanError {
    /// The type of the error, for the attribute `error.type`.
    pub kind: String,
    /// What the error says. It is empty where the status of the answer says it all.
    pub message: String,
    /// The status of the answer, if the call is a request that was answered.
    pub status: Option<u16>,
    /// The code that a store answered with, if it did.
    pub code: Option<&'static str>,
}

/// Where a call that failed went.
#[derive(Debug, Clone, Copy)]
pub(super) struct Called<'a> {
    /// The id of the technology that calls.
    pub by: &'a str,
    /// The id of the technology that is called.
    pub technology: &'a str,
    /// Whether the call is a request that is answered with a status.
    pub is_request: bool,
    /// The host name that is called.
    pub host: &'a str,
    /// Its address and port.
    pub address: &'a str,
    /// The address of the name server.
    pub name_server: &'a str,
}

/// Returns the status that a request is answered with that fails like this, or nothing if there is no answer.
pub(super) const fn status(looks: FailsAs) -> Option<u16> {
    match looks {
        FailsAs::Unavailable => Some(503),
        FailsAs::Error => Some(500),
        FailsAs::Auth => Some(401),
        FailsAs::Quota => Some(429),
        FailsAs::Refused | FailsAs::Timeout | FailsAs::Tls | FailsAs::Unresolved | FailsAs::Unreachable => None,
    }
}

/// Returns what the span of a call says that failed like this.
pub(super) fn span_error(called: Called<'_>, looks: FailsAs) -> SpanError {
    match status(looks) {
        Some(status) if called.is_request => {
            SpanError { kind: status.to_string(), message: String::new(), status: Some(status), code: None }
        }
        Some(_) => {
            let (code, message) = answered(called.technology, looks);
            let kind = code.unwrap_or("_OTHER").to_owned();
            SpanError { kind, message: message.to_owned(), status: None, code }
        }
        None => {
            let (kind, message) = unanswered(called, looks);
            SpanError { kind: kind.to_owned(), message, status: None, code: None }
        }
    }
}

/// Returns the code and the words of a store that answers with an error.
fn answered(technology: &str, looks: FailsAs) -> (Option<&'static str>, &'static str) {
    match (technology, looks) {
        ("postgresql", FailsAs::Unavailable) => {
            (Some("53300"), "FATAL: remaining connection slots are reserved for non-replication superuser connections")
        }
        ("postgresql", FailsAs::Auth) => (Some("28P01"), "FATAL: password authentication failed"),
        ("postgresql", FailsAs::Quota) => (Some("53300"), "FATAL: sorry, too many clients already"),
        ("postgresql", _) => (Some("08006"), "connection to server was lost"),
        ("mysql", FailsAs::Auth) => (Some("1045"), "Access denied (using password: YES)"),
        ("mysql", FailsAs::Unavailable | FailsAs::Quota) => (Some("1040"), "Too many connections"),
        ("mysql", _) => (Some("2013"), "Lost connection to MySQL server during query"),
        ("redis", FailsAs::Auth) => (Some("WRONGPASS"), "invalid username-password pair or user is disabled."),
        ("redis", FailsAs::Quota) => (Some("ERR"), "max number of clients reached"),
        ("memcached", FailsAs::Auth) => (None, "CLIENT_ERROR unauthenticated"),
        ("memcached", FailsAs::Quota) => (None, "ERROR Too many open connections"),
        ("redis" | "memcached", FailsAs::Unavailable) => (None, "connection closed by server"),
        ("kafka", FailsAs::Unavailable) => (Some("COORDINATOR_NOT_AVAILABLE"), "The coordinator is not available."),
        ("kafka", FailsAs::Auth) => (Some("SASL_AUTHENTICATION_FAILED"), "SASL Authentication failed."),
        ("kafka", FailsAs::Quota) => (Some("THROTTLING_QUOTA_EXCEEDED"), "The throttling quota has been exceeded."),
        ("kafka", _) => {
            (Some("UNKNOWN_SERVER_ERROR"), "The server experienced an unexpected error when processing the request.")
        }
        ("rabbitmq", FailsAs::Unavailable) => (Some("504"), "channel/connection is not open"),
        ("rabbitmq", FailsAs::Auth) => (Some("403"), "ACCESS_REFUSED - Login was refused"),
        ("rabbitmq", FailsAs::Quota) => (Some("530"), "NOT_ALLOWED - connection limit is reached"),
        ("rabbitmq", _) => (Some("541"), "INTERNAL_ERROR"),
        _ => (None, "connection reset by peer"),
    }
}

/// Returns the type and the words of the error of a library that got no answer.
fn unanswered(called: Called<'_>, looks: FailsAs) -> (&'static str, String) {
    let Called { host, address, name_server, .. } = called;
    match (called.by, looks) {
        ("go", FailsAs::Refused) => ("*net.OpError", format!("dial tcp {address}: connect: connection refused")),
        ("go", FailsAs::Unreachable) => ("*net.OpError", format!("dial tcp {address}: connect: no route to host")),
        ("go", FailsAs::Unresolved) => ("*net.DNSError", format!("lookup {host} on {name_server}:53: no such host")),
        ("go", FailsAs::Tls) => (
            "*tls.CertificateVerificationError",
            "tls: failed to verify certificate: x509: certificate has expired or is not yet valid".to_owned(),
        ),
        ("go", _) => ("context.deadlineExceededError", "context deadline exceeded".to_owned()),
        ("java", FailsAs::Refused) => ("java.net.ConnectException", "Connection refused".to_owned()),
        ("java", FailsAs::Unreachable) => ("java.net.NoRouteToHostException", "No route to host".to_owned()),
        ("java", FailsAs::Unresolved) => ("java.net.UnknownHostException", host.to_owned()),
        ("java", FailsAs::Tls) => {
            ("javax.net.ssl.SSLHandshakeException", "PKIX path validation failed: validity check failed".to_owned())
        }
        ("java", _) => ("java.net.SocketTimeoutException", "Read timed out".to_owned()),
        ("python", FailsAs::Refused) => ("ConnectionRefusedError", "[Errno 111] Connection refused".to_owned()),
        ("python", FailsAs::Unreachable) => ("OSError", "[Errno 113] No route to host".to_owned()),
        ("python", FailsAs::Unresolved) => ("gaierror", "[Errno -2] Name or service not known".to_owned()),
        ("python", FailsAs::Tls) => (
            "SSLCertVerificationError",
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired".to_owned(),
        ),
        ("python", _) => ("TimeoutError", "timed out".to_owned()),
        ("nodejs", FailsAs::Refused) => ("ECONNREFUSED", format!("connect ECONNREFUSED {address}")),
        ("nodejs", FailsAs::Unreachable) => ("EHOSTUNREACH", format!("connect EHOSTUNREACH {address}")),
        ("nodejs", FailsAs::Unresolved) => ("ENOTFOUND", format!("getaddrinfo ENOTFOUND {host}")),
        ("nodejs", FailsAs::Tls) => ("CERT_HAS_EXPIRED", "certificate has expired".to_owned()),
        ("nodejs", _) => ("ETIMEDOUT", "operation timed out".to_owned()),
        (_, FailsAs::Refused) => ("connection_refused", "Connection refused".to_owned()),
        (_, FailsAs::Unreachable) => ("no_route", "No route to host".to_owned()),
        (_, FailsAs::Unresolved) => ("name_resolution", "Name or service not known".to_owned()),
        (_, FailsAs::Tls) => ("tls", "certificate verify failed".to_owned()),
        (_, _) => ("timeout", "upstream request timeout".to_owned()),
    }
}

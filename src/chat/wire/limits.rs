//! Reads the headers in which endpoints say how long to wait and how much they still allow. Pure.

use std::time::Duration;

/// The time that an endpoint asks to wait: `retry-after-ms`, or `Retry-After` in seconds or as a date.
#[must_use]
pub fn retry_after(milliseconds: Option<&str>, header: Option<&str>, now: jiff::Timestamp) -> Option<Duration> {
    let seconds = |text: &str, unit: f64| {
        let value: f64 = text.trim().parse().ok()?;
        Duration::try_from_secs_f64(value * unit).ok()
    };
    if let Some(delay) = milliseconds.and_then(|text| seconds(text, 1e-3)) {
        return Some(delay);
    }
    let header = header?;
    seconds(header, 1.0).or_else(|| {
        let date = jiff::fmt::rfc2822::parse(header.trim()).ok()?.timestamp();
        // A date in the past means now.
        Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
    })
}

/// The rest of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// The number that is still allowed now.
    pub remaining: u64,
    /// The time until more is allowed, if the endpoint gives it.
    pub reset: Option<Duration>,
}

/// The limits that an endpoint states with an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// The limit on requests.
    pub requests: Option<Allowance>,
    /// The limit on tokens.
    pub tokens: Option<Allowance>,
}

/// The headers in which endpoints state what is left and when there will be more: first for requests, then for tokens.
const RATE_LIMIT_HEADERS: [&[(&str, &str)]; 2] = [
    &[
        ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
        ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
        ("x-ratelimit-remaining", "x-ratelimit-reset"),
        ("ratelimit-remaining", "ratelimit-reset"),
    ],
    &[
        ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
        ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    ],
];

/// Reads the headers in which endpoints state their limits. A header that cannot be read counts as missing.
#[must_use]
pub fn rate_limit<'a>(header: impl Fn(&str) -> Option<&'a str>, now: jiff::Timestamp) -> RateLimit {
    let allowance = |names: &[(&str, &str)]| {
        names.iter().find_map(|(remaining, reset)| {
            let remaining = header(remaining)?.trim().parse().ok()?;
            Some(Allowance { remaining, reset: header(reset).and_then(|text| time_until(text, now)) })
        })
    };
    let [requests, tokens] = RATE_LIMIT_HEADERS.map(allowance);
    RateLimit { requests, tokens }
}

/// The time until a moment that is given as a duration (`6m0.5s`, `120ms`), as seconds, as a Unix time in seconds or
/// milliseconds, or as a date.
fn time_until(text: &str, now: jiff::Timestamp) -> Option<Duration> {
    /// A number from here on is a Unix time in seconds, because nobody waits for thirty years.
    const UNIX_SECONDS: f64 = 1e9;
    /// A number from here on is a Unix time in milliseconds.
    const UNIX_MILLISECONDS: f64 = 1e12;
    let text = text.trim();
    let until = |moment: jiff::Timestamp| Duration::try_from(moment.duration_since(now)).unwrap_or(Duration::ZERO);
    if let Ok(number) = text.parse::<f64>() {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of this century fit a double")]
        let now = now.as_millisecond() as f64 / 1e3;
        let seconds = match number {
            _ if number >= UNIX_MILLISECONDS => number / 1e3 - now,
            _ if number >= UNIX_SECONDS => number - now,
            _ => number,
        };
        return Duration::try_from_secs_f64(seconds.max(0.0)).ok();
    }
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(until(moment));
    }
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let value: f64 = rest[..digits].parse().ok()?;
        let unit_end = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |end| digits + end);
        seconds += value
            * match &rest[digits..unit_end] {
                "d" => 86_400.0,
                "h" => 3_600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                _ => return None,
            };
        rest = &rest[unit_end..];
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|_| !text.is_empty())
}

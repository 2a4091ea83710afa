//! Serves `/docs`: the OpenAPI document as a page without a script, and without anything from another server.

use std::fmt::Write;
use std::sync::OnceLock;

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::report::markup::escape;

/// Serves `GET /docs`.
pub(crate) fn answer(document: &Value) -> Response {
    static PAGE: OnceLock<String> = OnceLock::new();
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, policy)];
    (headers, PAGE.get_or_init(|| page(document)).clone()).into_response()
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
pre{background:#8881;padding:.8rem;overflow:auto;border-radius:6px}code{font-size:.92em}\
summary{cursor:pointer;padding:.4rem 0}b{display:inline-block;min-width:3.2rem}:root{color-scheme:light dark}";

const WALK: &str = "\
curl -c jar -b jar -X POST 'HOST/reset?scenario_id=AC-003'
curl -c jar -b jar HOST/step -H 'content-type: application/json' \\
     -d '{\"action_type\": \"check_metrics\", \"parameters\": {\"service\": \"recommendation-service\"}}'
curl -c jar -b jar HOST/step -H 'content-type: application/json' \\
     -d '{\"action_type\": \"submit_severity\", \"parameters\": {\"severity\": \"P3\"}}'
curl -c jar -b jar HOST/grader";

fn page(document: &Value) -> String {
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>incident-bench: API</title>\
         <style>{STYLE}</style></head><body>\n<h1>incident-bench</h1>\n\
         <p>Cloud incidents as episodes. An episode is named by the header <code>X-Episode-Id</code>, the query \
         <code>episode_id</code>, or the cookie of its last reset. Without any, a server that only its own machine can reach takes the last one \
         that was reset; others, and exams, refuse. \
         Programs read <a href=\"openapi.json\">openapi.json</a>.</p>\n<h2>An episode</h2>\n<pre>{}</pre>\n\
         <h2>Routes</h2>\n",
        escape_lines(WALK)
    );
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            let summary = operation["summary"].as_str().unwrap_or_default();
            let _ = writeln!(
                out,
                "<details><summary><b>{}</b> <code>{}</code> {}</summary><pre>{}</pre></details>",
                method.to_uppercase(),
                escape(path),
                escape(summary),
                escape_lines(&pretty(operation)),
            );
        }
    }
    out += "<h2>Shapes</h2>\n";
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let (name, schema) = (escape(name), escape_lines(&pretty(schema)));
        let _ = writeln!(out, "<details><summary><code>{name}</code></summary><pre>{schema}</pre></details>");
    }
    out + "</body></html>\n"
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// Escapes a text line by line, since `escape` turns the end of a line into a space.
fn escape_lines(text: &str) -> String {
    text.lines().map(escape).collect::<Vec<_>>().join("\n")
}

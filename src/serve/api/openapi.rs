//! `/openapi.json`, made from the list of routes and the types on the wire, and `/docs`, made from that.

use std::fmt::Write;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::serve::net::buffer::{json, written};
use super::routes::{Answer, Body, Parameter, Route, routes};
use crate::serve::wire::schema::Refusal;
use crate::report::markup::escape;

/// The version of the API, which validators of OpenEnv want to begin with 1.
const VERSION: &str = "1.0.0";

/// Makes the schema of a type, or a reference to it.
pub(crate) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// The shape of a type.
pub(crate) fn shape<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

/// `GET /openapi.json`.
pub(crate) async fn openapi() -> Response {
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| json(&*DOCUMENT));
    written(TEXT.clone())
}

/// `GET /docs`: a page without a script, and without anything from elsewhere.
pub(crate) async fn docs() -> Response {
    static PAGE: LazyLock<String> = LazyLock::new(|| page(&DOCUMENT));
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, policy)];
    (headers, PAGE.clone()).into_response()
}

fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let refusal = shape::<Refusal>(&mut generator);
    let mut paths = Map::new();
    for route in routes() {
        let operation = operation(&route, &mut generator, &refusal);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "incident-bench",
            "version": VERSION,
            "description": "Cloud incidents as episodes: reset, step, state, grade.",
        },
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn operation(route: &Route, generator: &mut SchemaGenerator, refusal: &Schema) -> Value {
    let mut answers = Map::new();
    let status = match route.answer {
        Answer::Nothing => "204",
        Answer::Socket => "101",
        Answer::Json(_) | Answer::Events(_) | Answer::Text(_) => "200",
    };
    let mut done = answer("Done", &route.answer, generator);
    if let Some((key, operations)) = route.names {
        let link = |to: &&str| {
            let from = format!("$response.body#/{key}");
            ((*to).to_owned(), json!({ "operationId": to, "parameters": { (key): from } }))
        };
        done["links"] = operations.iter().map(link).collect::<Map<_, _>>().into();
    }
    answers.insert(status.to_owned(), done);
    for (status, about, other) in &route.others {
        answers.insert((*status).to_owned(), answer(about, other, generator));
    }
    let refused = json!({
        "description": "Refused; the text says what would be right",
        "content": { "application/json": { "schema": refusal } },
    });
    answers.insert("4XX".to_owned(), refused);
    let mut operation = json!({ "summary": route.summary, "operationId": name(route) });
    if !route.parameters.is_empty() {
        operation["parameters"] = route.parameters.iter().map(|told| parameter(told, generator)).collect();
    }
    if let Some(Body { shape, required }) = route.body {
        let content = json!({ "application/json": { "schema": shape(generator) } });
        operation["requestBody"] = json!({ "required": required, "content": content });
    }
    if route.by_token {
        // Nothing is needed where the server can be reached from its own machine only.
        operation["security"] = json!([{}, { "token": [] }]);
    }
    operation["responses"] = answers.into();
    operation
}

fn parameter(told: &Parameter, generator: &mut SchemaGenerator) -> Value {
    let Parameter { name, place, about, shape, required } = told;
    json!({ "name": name, "in": place, "description": about, "required": required, "schema": shape(generator) })
}

fn answer(about: &str, answer: &Answer, generator: &mut SchemaGenerator) -> Value {
    let content = match answer {
        Answer::Json(shape) => json!({ "application/json": { "schema": shape(generator) } }),
        Answer::Events(shape) => json!({
            "application/json": { "schema": shape(generator) },
            "text/event-stream": { "schema": { "type": "string" } },
        }),
        Answer::Text(kind) => json!({ (*kind): { "schema": { "type": "string" } } }),
        Answer::Nothing => return json!({ "description": about }),
        Answer::Socket => return json!({ "description": "The connection is a WebSocket now" }),
    };
    json!({ "description": about, "content": content })
}

/// `post_reset`, `get_env_splits`.
fn name(route: &Route) -> String {
    let path = route.path.replace(['{', '}'], "").replace(['/', '.'], "_");
    format!("{}{path}", route.method)
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
         <code>episode_id</code>, or the cookie of its last reset; without any, it is the last one that was reset. \
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

/// As `escape`, which takes a line for a space.
fn escape_lines(text: &str) -> String {
    text.lines().map(escape).collect::<Vec<_>>().join("\n")
}

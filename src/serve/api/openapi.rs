//! Makes the OpenAPI document from the list of routes and the types of the wire.

use std::sync::OnceLock;

use axum::body::Bytes;
use axum::response::Response;
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::route::{AnswerForm, Body, Parameter, Route};
use crate::serve::net::buffer::{json, written};
use crate::serve::wire::schema::service::Refusal;
use crate::serve::wire::schema::shape::shape;

/// The version of the API. Validators of OpenEnv want it to begin with 1.
const VERSION: &str = "1.0.0";

/// Serves `GET /openapi.json`.
pub(crate) fn answer(document: &Value) -> Response {
    static TEXT: OnceLock<Bytes> = OnceLock::new();
    written(TEXT.get_or_init(|| json(document)).clone())
}

/// Makes the document that describes these routes.
pub(crate) fn document(routes: &[Route]) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let refusal = shape::<Refusal>(&mut generator);
    let mut paths = Map::new();
    for route in routes {
        let operation = operation(route, &mut generator, &refusal);
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
        AnswerForm::Nothing => "204",
        AnswerForm::Socket => "101",
        AnswerForm::Json(_) | AnswerForm::Events(_) | AnswerForm::Text(_) => "200",
    };
    let mut done = answer_of("Done", &route.answer, generator);
    if let Some((key, operations)) = route.names {
        let link = |to: &&str| {
            let from = format!("$response.body#/{key}");
            ((*to).to_owned(), json!({ "operationId": to, "parameters": { (key): from } }))
        };
        done["links"] = operations.iter().map(link).collect::<Map<_, _>>().into();
    }
    answers.insert(status.to_owned(), done);
    for (status, about, other) in &route.others {
        answers.insert((*status).to_owned(), answer_of(about, other, generator));
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
        // No token is needed where the server can be reached from its own machine only.
        operation["security"] = json!([{}, { "token": [] }]);
    }
    operation["responses"] = answers.into();
    operation
}

fn parameter(told: &Parameter, generator: &mut SchemaGenerator) -> Value {
    let Parameter { name, place, about, shape, required } = told;
    json!({ "name": name, "in": place, "description": about, "required": required, "schema": shape(generator) })
}

fn answer_of(about: &str, answer: &AnswerForm, generator: &mut SchemaGenerator) -> Value {
    let content = match answer {
        AnswerForm::Json(shape) => json!({ "application/json": { "schema": shape(generator) } }),
        AnswerForm::Events(shape) => json!({
            "application/json": { "schema": shape(generator) },
            "text/event-stream": { "schema": { "type": "string" } },
        }),
        AnswerForm::Text(kind) => json!({ (*kind): { "schema": { "type": "string" } } }),
        AnswerForm::Nothing => return json!({ "description": about }),
        AnswerForm::Socket => return json!({ "description": "The connection is a WebSocket now" }),
    };
    json!({ "description": about, "content": content })
}

/// Makes the name of an operation, such as `post_reset` or `get_env_splits`.
fn name(route: &Route) -> String {
    let path = route.path.replace(['{', '}'], "").replace(['/', '.'], "_");
    format!("{}{path}", route.method)
}

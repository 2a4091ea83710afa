//! Describes a route: its request, its answers, and its handler.

use std::sync::Arc;

use axum::routing::MethodRouter;

use crate::serve::app::App;
use crate::serve::wire::schema::shape::Shape;

/// A route: a path and a method, with what they take and answer.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) parameters: &'static [Parameter],
    pub(crate) body: Option<Body>,
    pub(crate) answer: AnswerForm,
    /// The other answers besides that and a plain refusal, each with its status and its reason.
    pub(crate) others: Vec<(&'static str, &'static str, AnswerForm)>,
    /// A key of the answer that names something, and the operations that take it as a parameter of the same name.
    pub(crate) names: Option<(&'static str, &'static [&'static str])>,
    /// Whether the route may need the server's token.
    pub(crate) by_token: bool,
    pub(crate) handler: MethodRouter<Arc<App>>,
}

/// A value that a request carries outside its body.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    /// The place of the parameter: `query`, `header` or `path`.
    pub(crate) place: &'static str,
    pub(crate) about: &'static str,
    pub(crate) shape: Shape,
    pub(crate) required: bool,
}

/// The body that a route takes.
pub(crate) struct Body {
    pub(crate) shape: Shape,
    pub(crate) required: bool,
}

/// The form of an answer.
pub(crate) enum AnswerForm {
    /// The answer is JSON of this shape.
    Json(Shape),
    /// The answer is JSON of this shape, or server-sent events that hold it.
    Events(Shape),
    /// The answer is text of this type.
    Text(&'static str),
    /// The connection changes to another protocol.
    Socket,
    /// The answer is empty.
    Nothing,
}

/// Describes a parameter that may be left out.
pub(crate) const fn may(name: &'static str, place: &'static str, about: &'static str, shape: Shape) -> Parameter {
    Parameter { name, place, about, shape, required: false }
}

/// Describes a parameter that is required.
pub(crate) const fn must(name: &'static str, place: &'static str, about: &'static str, shape: Shape) -> Parameter {
    Parameter { name, place, about, shape, required: true }
}

impl Route {
    fn new(
        method: &'static str,
        path: &'static str,
        summary: &'static str,
        answer: AnswerForm,
        handler: MethodRouter<Arc<App>>,
    ) -> Self {
        let (parameters, body, others, names, by_token): (&[_], _, _, _, _) = (&[], None, Vec::new(), None, false);
        Self { method, path, summary, parameters, body, answer, others, names, by_token, handler }
    }

    /// Describes a route that only reads.
    pub(crate) fn get(
        path: &'static str,
        summary: &'static str,
        answer: AnswerForm,
        handler: MethodRouter<Arc<App>>,
    ) -> Self {
        Self::new("get", path, summary, answer, handler)
    }

    /// Describes a route that takes a body and answers in JSON.
    pub(crate) fn post(
        path: &'static str,
        summary: &'static str,
        [body, answer]: [Shape; 2],
        handler: MethodRouter<Arc<App>>,
    ) -> Self {
        let body = Some(Body { shape: body, required: true });
        Self { body, ..Self::new("post", path, summary, AnswerForm::Json(answer), handler) }
    }

    /// Describes a route that ends something.
    pub(crate) fn delete(path: &'static str, summary: &'static str, handler: MethodRouter<Arc<App>>) -> Self {
        Self::new("delete", path, summary, AnswerForm::Nothing, handler)
    }

    /// Adds parameters to the route.
    pub(crate) fn with(self, parameters: &'static [Parameter]) -> Self {
        Self { parameters, ..self }
    }

    /// Allows the body to be missing, which counts as an empty object.
    pub(crate) fn also_empty(self) -> Self {
        Self { body: self.body.map(|body| Body { required: false, ..body }), ..self }
    }

    /// Adds another answer with its status and its reason.
    pub(crate) fn or(mut self, status: &'static str, about: &'static str, answer: AnswerForm) -> Self {
        self.others.push((status, about, answer));
        self
    }

    /// Declares that a key of the answer is a parameter of other operations.
    pub(crate) fn naming(self, key: &'static str, operations: &'static [&'static str]) -> Self {
        Self { names: Some((key, operations)), ..self }
    }

    /// Declares that the route may need the server's token.
    pub(crate) fn by_token(self) -> Self {
        Self { by_token: true, ..self }
    }
}

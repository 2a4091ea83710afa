//! The protocols by which a model answers.

incident_env::named_enum! {
    /// The protocols by which a model is asked to answer.
    pub enum Protocol ("protocol", "protocols") {
        /// The model answers with free text that contains a JSON object.
        Text = "text",
        /// The model answers with JSON that follows a schema (`response_format: json_schema`).
        Json = "json",
        /// The model calls one of several functions, one for each kind of action.
        Tools = "tools",
    }
}

impl Protocol {
    /// The protocol with this name; none if there is none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == name)
    }
}

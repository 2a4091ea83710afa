//! The forms of conversation that endpoints speak over HTTP. Pure.

incident_env::named_enum! {
    /// The form in which an endpoint is asked.
    pub enum Api ("API", "APIs") {
        /// Chat Completions, at `/chat/completions`.
        Chat = "chat",
        /// OpenAI's Responses, at `/responses`.
        Responses = "responses",
        /// Anthropic's Messages, at `/messages`.
        Messages = "messages",
    }
}

//! Serves MCP on a pipe, for the one client of `bench mcp`.

use std::sync::Arc;

use super::requests::{answer, answer_too_large};
use crate::serve::app::App;
use crate::serve::episodes::session::HeldSession;
use crate::serve::error::Fault;

/// The client on a pipe, which has one session and sends one message on each line.
#[derive(Debug)]
pub struct Stdio {
    app: Arc<App>,
    held: HeldSession,
}

impl Stdio {
    /// Opens the session of the client.
    ///
    /// # Errors
    /// Returns an error if the suite has no scenario.
    pub fn new(app: &Arc<App>) -> Result<Self, Fault> {
        Ok(Self { app: Arc::clone(app), held: app.hold_session()? })
    }

    /// Returns the length of the longest line that is accepted, in bytes.
    #[must_use]
    pub fn longest_line(&self) -> usize {
        self.app.options.max_body
    }

    /// Answers a line. A blank line and a notification have no answer.
    #[must_use]
    pub fn answer(&self, line: &[u8]) -> Option<String> {
        let line = line.trim_ascii();
        if line.is_empty() {
            return None;
        }
        answer(&self.app, &self.held, line).map(|reply| reply.get().to_owned())
    }

    /// Answers a line that is too long and was not read.
    #[must_use]
    pub fn answer_too_long(&self) -> String {
        answer_too_large(&self.app).get().to_owned()
    }
}

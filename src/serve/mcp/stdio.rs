//! Serves MCP on a pipe, for the one client of `bench mcp`.

use std::sync::Arc;

use super::requests::{answer, answer_too_large};
use crate::serve::app::App;
use crate::serve::episodes::session::HeldSession;
use crate::serve::error::Fault;

/// This is the one client on a pipe, which sends a message a line and has a session.
#[derive(Debug)]
pub struct Stdio {
    app: Arc<App>,
    held: HeldSession,
}

impl Stdio {
    /// Opens the session of the client.
    ///
    /// # Errors
    /// It fails if the suite has no scenario.
    pub fn new(app: &Arc<App>) -> Result<Self, Fault> {
        Ok(Self { app: Arc::clone(app), held: app.hold_session()? })
    }

    /// Gives the length of the longest line that is taken, in bytes.
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

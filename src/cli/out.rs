//! The only file that prints: results go to stdout, and everything else to stderr.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};

use crate::config::options::Format;
use crate::escape::lines;
use crate::log::Summary;
use crate::log::store::pretty;
use crate::report::{csv, markdown, protocol, table};

/// Prints a result on stdout.
///
/// # Errors
/// Returns an error if nobody reads stdout any more, or if the disk behind it is full.
pub(super) fn result(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints a result for people on stdout. Whatever others wrote of it commands no terminal.
///
/// # Errors
/// Returns an error as [`result`] does.
pub(super) fn text(text: &str) -> io::Result<()> {
    result(&lines(text))
}

/// Prints a summary on stdout.
///
/// # Errors
/// Returns an error as [`result`] does.
pub(super) fn summary(format: Format, summary: &Summary) -> io::Result<()> {
    result(&match format {
        Format::Table => table::render(summary),
        Format::Markdown => markdown::render(summary),
        Format::Json => String::from_utf8_lossy(&pretty(summary)).into_owned(),
        Format::Csv => csv::render(summary),
        Format::Openenv => protocol::result_line(summary),
    })
}

/// Prints a message on stderr after a word such as `error:`, `hint:` or `warning:`. It is lost if stderr is closed.
pub(super) fn say(word: &str, message: &str) {
    let style = match word {
        "error" | "gate failed" | "void" => Style::new().fg_color(Some(AnsiColor::Red.into())).bold(),
        "warning" | "interrupted" => Style::new().fg_color(Some(AnsiColor::Yellow.into())).bold(),
        _ => Style::new().fg_color(Some(AnsiColor::Cyan.into())).bold(),
    };
    let _ = writeln!(anstream::stderr().lock(), "{style}{word}:{style:#} {}", lines(message));
}

/// Prints a message on stderr without a word before it.
pub(super) fn note(message: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{}", lines(message));
}

/// Returns whether stderr is a terminal.
pub(super) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

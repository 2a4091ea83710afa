//! `bench mcp`: serves one MCP client on stdin and stdout, with one message on each line.

use std::io::{self, BufRead, IsTerminal, Read};
use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::exam::{self, Sitting};
use super::visible::visibility;
use crate::cli::args::serve::McpArgs;
use crate::cli::exit::{Failure, Status};
use crate::cli::out;
use crate::cli::setup::{environment, suite};
use crate::config::ConfigFile;
use crate::config::server::EpisodeSettings;
use crate::serve::{App, Backing, Options, Stdio};

/// Answers until the input ends. Nothing else runs in this process, so the function may block.
pub(in crate::cli) fn execute(args: &McpArgs) -> Result<Status, Failure> {
    let environment = environment()?;
    let file = ConfigFile::read(Path::new("."), args.config.path())?;
    let episodes = EpisodeSettings::resolve(&args.options(), &environment, &file)?;
    let catalog = suite::catalog(&episodes.suite, episodes.overlay.as_deref())?;
    let sitting = Sitting::start(&episodes, &catalog)?;
    if let Some(sitting) = &sitting {
        out::note(&format!("this is {}", sitting.notice()));
    }
    if let Some(warning) = exam::warning(&episodes) {
        out::say("warning", &warning);
    }
    let backing = Backing { exam: sitting.as_ref().map(Sitting::exam), ..Backing::default() };
    let options = Options { visibility: visibility(&episodes), ..Options::default() };
    let stop = CancellationToken::new();
    let stdio = Stdio::new(&App::backed(catalog, options, stop.clone(), backing))
        .map_err(|fault| Failure::usage(fault.to_string()))?;
    if io::stdin().is_terminal() {
        out::note("waiting for MCP messages, a line of JSON each; meant to be started by an MCP client (see --help)");
    }
    let mut input = io::stdin().lock();
    while let Some(line) = next_line(&mut input, stdio.longest_line()).map_err(|error| unreadable(&error))? {
        let answer = match line {
            Line::Whole(line) => stdio.answer(&line),
            Line::TooLong => Some(stdio.answer_too_long()),
        };
        if let Some(answer) = answer {
            out::result(&(answer + "\n"))?;
        }
        // The server stops if a step could not be kept.
        if stop.is_cancelled() {
            break;
        }
    }
    if let Some(sitting) = sitting {
        sitting.finish(true)?;
    }
    Ok(Status::Done)
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::other(format!("cannot read the input: {error}"))
}

/// A line of the input without its line break.
#[derive(Debug, PartialEq)]
enum Line {
    Whole(Vec<u8>),
    /// The line was longer than the limit and is discarded.
    TooLong,
}

/// Reads the next line, and keeps at most this number of its bytes.
fn next_line(input: &mut impl BufRead, most: usize) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    // A line may end in "\r\n".
    let read = input.take(most as u64 + 2).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    let ended = line.ends_with(b"\n");
    if ended {
        line.pop();
        line.pop_if(|last| *last == b'\r');
    } else {
        input.skip_until(b'\n')?;
    }
    Ok(Some(if line.len() > most { Line::TooLong } else { Line::Whole(line) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_by_length_and_end() {
        let whole = |text: &str| Line::Whole(text.into());
        for (text, expected) in [
            ("", vec![]),
            ("abc", vec![whole("abc")]),
            ("abc\n", vec![whole("abc")]),
            ("abcd\r\n\nx", vec![whole("abcd"), whole(""), whole("x")]),
            ("abcde\nx\n", vec![Line::TooLong, whole("x")]),
            ("abcdefghijkl\nx\n", vec![Line::TooLong, whole("x")]),
            ("abcdefghijkl", vec![Line::TooLong]),
        ] {
            let mut input = text.as_bytes();
            let mut lines = Vec::new();
            while let Some(line) = next_line(&mut input, 4).unwrap() {
                lines.push(line);
            }
            assert_eq!(lines, expected, "{text:?}");
        }
    }
}

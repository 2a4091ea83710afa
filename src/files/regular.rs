//! Reads files, and nothing that only looks like one: a FIFO would wait for ever, and a device may never end.

use std::fs::{self, FileType};
use std::io;
use std::path::Path;

use super::encoding;

/// The most bytes of a text that a person wrote.
const LONGEST_TEXT: u64 = 16 * 1024 * 1024;

/// Reads a file as bytes.
///
/// # Errors
/// Fails if it cannot be read or is no file.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    check(fs::metadata(path)?.file_type())?;
    fs::read(path)
}

/// Reads a file that a person wrote as text whose lines end in LF.
///
/// # Errors
/// Fails as [`read`] does, and if it is no text or too large to be one.
pub fn read_text(path: &Path) -> io::Result<String> {
    let about = fs::metadata(path)?;
    check(about.file_type())?;
    if about.len() > LONGEST_TEXT {
        let problem = format!("it has {} bytes, and at most {LONGEST_TEXT} are read", about.len());
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
    }
    encoding::text(&fs::read(path)?).map_err(|problem| io::Error::new(io::ErrorKind::InvalidData, problem))
}

/// Whether a path is a link that leads to a folder. Such a link may lead to the folder that it is in.
#[must_use]
pub fn is_link_to_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink()) && path.is_dir()
}

fn check(kind: FileType) -> io::Result<()> {
    let what = if kind.is_file() {
        return Ok(());
    } else if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    } else {
        special(kind)
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {what}, and only files are read")))
}

#[cfg(unix)]
fn special(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn special(_: FileType) -> &'static str {
    "something else"
}

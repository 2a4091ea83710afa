//! Converts settings to what the clients of a server may see.

use crate::config::server::EpisodeSettings;
use crate::config::server_options::RevealChoice;
use crate::serve::{Reveal, Visibility};

/// Returns what clients may see.
pub(super) const fn visibility(episodes: &EpisodeSettings) -> Visibility {
    let reveal = match episodes.reveal {
        RevealChoice::Never => Reveal::Never,
        RevealChoice::Done => Reveal::Done,
        RevealChoice::Always => Reveal::Always,
    };
    Visibility { reveal, exam: episodes.exam.is_some() }
}

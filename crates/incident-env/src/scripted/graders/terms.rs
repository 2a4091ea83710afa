//! Finds terms in a text.

/// Returns whether `term` occurs in `text` at the start of a word, ignoring case.
///
/// A word starts where no letter or digit comes before it, so `export` occurs in `history_export`, and `oom` in
/// `OOM-killed` but not in `room`.
///
/// ```
/// use incident_env::occurs;
/// assert!(occurs("kill", "the process was KILLED"));
/// assert!(!occurs("oom", "a room"));
/// ```
#[must_use]
pub fn occurs(term: &str, text: &str) -> bool {
    occurs_in_lowered(&term.to_lowercase(), &text.to_lowercase())
}

/// Returns how many of the terms occur in a text; each counts once.
#[must_use]
pub(crate) fn count<'a>(terms: impl IntoIterator<Item = &'a String>, text: &str) -> usize {
    let text = text.to_lowercase();
    terms.into_iter().filter(|term| occurs_in_lowered(&term.to_lowercase(), &text)).count()
}

/// Returns whether `term` occurs in `text` at the start of a word, where both are in lower case.
pub(crate) fn occurs_in_lowered(term: &str, text: &str) -> bool {
    !term.is_empty()
        && text.match_indices(term).any(|(at, _)| !text[..at].chars().next_back().is_some_and(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_at_the_start_of_a_word() {
        for (term, text, expected) in [
            ("kill", "was killed", true),
            ("oom", "OOM-killed", true),
            ("oom", "in the room", false),
            ("oom", "room, then oom", true),
            ("oom", "", false),
            ("", "anything", false),
            ("out of memory", "ran Out Of Memory", true),
            ("export", "full_history_export", true),
            ("route", "reroute", false),
            ("az-1", "(AZ-1)", true),
            ("rotat", "Rotation", true),
            ("größe", "die GRÖSSE; die GRÖßE", true),
            ("limit", "élimité", false),
            ("v3.2.1", "template of v3.2.1", true),
        ] {
            assert_eq!(occurs(term, text), expected, "{term:?} in {text:?}");
        }
    }

    #[test]
    fn each_term_counts_once() {
        let terms: Vec<_> = ["a", "b", "c"].map(str::to_owned).to_vec();
        assert_eq!(count(&terms, "a a a b"), 2);
    }
}

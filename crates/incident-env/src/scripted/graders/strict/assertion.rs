//! Finds the failure mechanisms that a free text asserts: concept groups within one sentence, with negation taken into
//! account. No model is asked, and a bag of words asserts too many mechanisms to earn anything.

use crate::mechanism::{Mechanism, mechanisms};
use crate::scripted::graders::terms::occurs_in_lowered;

/// The largest number of words of an answer to "how did it fail". A longer text asserts nothing.
const MOST_WORDS: usize = 120;
/// The largest number of words of a clause that continues a negated list, as in "no oom, no route, bad query".
const LIST_ITEM: usize = 3;
/// Words after which the rest of a clause is denied or left open.
const DENIES_AFTER: [&str; 18] = [
    "no",
    "not",
    "never",
    "neither",
    "nor",
    "cannot be",
    "isn't",
    "wasn't",
    "aren't",
    "weren't",
    "excludes",
    "excluded",
    "rules out",
    "maybe",
    "perhaps",
    "possibly",
    "might",
    "could",
];
/// Words before which the beginning of a clause is denied.
const DENIES_BEFORE: [&str; 16] = [
    "ruled out",
    "excluded",
    "unrelated",
    "healthy",
    "innocent",
    "is fine",
    "are fine",
    "was fine",
    "is not",
    "was not",
    "are not",
    "were not",
    "isn't",
    "wasn't",
    "aren't",
    "weren't",
];
/// Words that begin a new clause.
const TURNS: [&str; 9] = ["but", "however", "although", "though", "instead", "because", "since", "whereas", "rather"];

/// Returns the mechanisms that a text asserts, as indices into the closed list. The names of services are not concepts.
///
/// ```
/// use incident_env::{asserted, mechanisms};
/// let of = |text| asserted(text, ["config-service"]).into_iter().map(|at| mechanisms()[at].id.as_str()).collect::<Vec<_>>();
/// assert_eq!(of("config-service pushed a stale password"), ["stale_credential_push"]);
/// assert!(of("The password is not stale.").is_empty());
/// ```
#[must_use]
pub fn asserted<'a>(text: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<usize> {
    if text.split_whitespace().count() > MOST_WORDS {
        return Vec::new();
    }
    let mut text = text.to_lowercase().replace(['\u{2019}', '`'], "'");
    for name in names {
        text = text.replace(&name.to_lowercase(), "it");
    }
    // Terms such as "no limit" deny nothing, so each becomes one word.
    for term in terms().filter(|term| term.contains(' ')) {
        text = text.replace(term.as_str(), &term.replace(' ', "_"));
    }
    let sentences: Vec<_> = sentences(&text).map(affirmed).collect();
    let holds = |mechanism: &Mechanism| {
        let in_it = |sentence: &String, term: &String| occurs_in_lowered(&term.replace(' ', "_"), sentence);
        sentences
            .iter()
            .any(|sentence| mechanism.says.iter().all(|group| group.iter().any(|term| in_it(sentence, term))))
    };
    mechanisms().iter().enumerate().filter(|(_, mechanism)| holds(mechanism)).map(|(at, _)| at).collect()
}

fn terms() -> impl Iterator<Item = &'static String> {
    mechanisms().iter().flat_map(|mechanism| mechanism.says.iter().flatten())
}

/// Splits a text into sentences. A full stop inside a word, as in `v3.2.1`, does not end one.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split(['!', '?', ';', '\n']).flat_map(|part| part.split(". "))
}

/// Returns the parts of a sentence that are neither denied nor left open.
fn affirmed(sentence: &str) -> String {
    let mut kept = String::new();
    let mut in_denied_list = false;
    for part in sentence.split(['(', ')', ':']) {
        for clause in part.split([',', '/']).flat_map(turns) {
            let words: Vec<_> = clause.split_whitespace().collect();
            let clause = words.join(" ");
            let start = DENIES_AFTER.iter().filter_map(|word| find(&clause, word)).map(|(start, _)| start).min();
            let end = DENIES_BEFORE.iter().filter_map(|word| find(&clause, word)).map(|(_, end)| end).max();
            if in_denied_list && start.is_none() && end.is_none() && words.len() <= LIST_ITEM {
                continue;
            }
            in_denied_list = start.is_some();
            let first = end.unwrap_or(0);
            let last = start.unwrap_or(clause.len());
            kept.push(' ');
            kept.push_str(clause.get(first..last.max(first)).unwrap_or_default());
        }
        in_denied_list = false;
    }
    kept
}

/// Splits a clause without commas into clauses, before each word that begins a new one.
fn turns(clause: &str) -> Vec<&str> {
    let mut parts = vec![clause];
    for turn in TURNS {
        parts = parts
            .into_iter()
            .flat_map(|part| match find(part, turn) {
                Some((start, end)) => vec![&part[..start], &part[end..]],
                None => vec![part],
            })
            .collect();
    }
    parts
}

/// Finds whole words in a text, and returns where they begin and end.
fn find(text: &str, words: &str) -> Option<(usize, usize)> {
    let is_edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(words)
        .map(|(start, _)| (start, start + words.len()))
        .find(|(start, end)| is_edge(text[..*start].chars().next_back()) && is_edge(text[*end..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<&'static str> {
        asserted(text, ["config-service", "analytics-service"]).into_iter().map(|at| &*mechanisms()[at].id).collect()
    }

    #[test]
    fn right_answers_in_the_words_of_a_person_are_read() {
        let (query, route, stale) = ("unbounded_query_oom", "route_withdrawal", "stale_credential_push");
        for (text, expected) in [
            ("unbounded full_history_export query exhausts the memory of postgres-db, which is OOM-killed", query),
            ("Runaway export without a limit", query),
            ("analytics-service sends a query with no LIMIT; Postgres runs out of memory", query),
            ("BGP route withdrawal by a changed export filter", route),
            ("AZ-1's prefix is not advertised to AZ-2 and AZ-3: network partition", route),
            ("Not a payment bug, the border router withdrew the prefix of AZ-1 from two zones", route),
            ("config-service v3.2.1 pushed the previous password", stale),
            ("Credential rotation delivered generation 41 (expired)", stale),
            ("The database is healthy, but stale credentials are rejected", stale),
            ("It isn't the flag. Rotated secrets are outdated", stale),
        ] {
            assert_eq!(of(text), [expected], "{text}");
        }
    }

    #[test]
    fn what_is_denied_or_left_open_is_not_asserted() {
        for text in [
            "",
            "the password is not stale",
            "stale credentials were ruled out",
            "no unbounded query, no oom, no memory problem",
            "not oom, memory, export, query",
            "neither a stale credential nor a route withdrawal",
            "an unbounded query that exhausts memory is unrelated",
            "maybe an unbounded query used the memory",
            "it could be that the bgp route was withdrawn",
            "the export is fine. memory",
            "oom",
            "query",
            "it wasn\u{2019}t the route that was withdrawn",
        ] {
            assert!(of(text).is_empty(), "{text}: {:?}", of(text));
        }
    }

    #[test]
    fn a_bag_of_words_asserts_many_and_a_flood_nothing() {
        let bag = terms().cloned().collect::<Vec<_>>().join(" ");
        assert!(of(&bag).is_empty() && bag.split_whitespace().count() > MOST_WORDS);
        let short = bag.split_whitespace().take(MOST_WORDS).collect::<Vec<_>>().join(" ");
        assert!(of(&short).len() > 2, "{:?}", of(&short));
        let of_three =
            "unbounded query oom memory export bgp route withdraw partition credential rotat secret stale password";
        assert!(of(of_three).len() > 2, "{:?}", of(of_three));
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_read(text in "\\PC{0,200}") {
            let _ = asserted(&text, ["a-b"]);
        }
    }
}

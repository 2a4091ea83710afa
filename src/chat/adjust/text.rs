//! Reads the text of a refusal: the words of it that are code, and what it says of a word. Pure.

/// The text of a refusal, without addresses and without lists of what the endpoint does take.
#[derive(Debug)]
pub(super) struct Text {
    text: String,
    /// The same in lower case, byte for byte in the same places.
    lower: String,
}

/// A word, with its place in the text.
#[derive(Debug)]
pub(super) struct Word {
    /// The parts of the path that it is, such as `messages`, `2` and `x` of `messages[2].x`.
    pub(super) path: Vec<String>,
    /// Whether it is written as code: with an underscore, with a capital inside, in quotes, as a path, before `=`, or called
    /// a parameter.
    pub(super) is_code: bool,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What begins a list of names that are taken, and not refused.
const TAKEN: [&str; 14] = [
    "expected one of",
    "must be one of",
    "expected tags",
    "supported parameters",
    "allowed parameters",
    "valid parameters",
    "permitted parameters",
    "accepted parameters",
    "supported fields",
    "allowed fields",
    "valid fields",
    "known fields",
    "available parameters",
    "did you mean",
];

/// The words that call their neighbour a parameter.
const NOUNS: [&str; 24] = [
    "parameter",
    "parameters",
    "param",
    "params",
    "field",
    "fields",
    "argument",
    "arguments",
    "argument supplied",
    "property",
    "properties",
    "option",
    "options",
    "attribute",
    "setting",
    "unknown name",
    "参数",
    "字段",
    "parámetro",
    "paramètre",
    "parametro",
    "パラメータ",
    "파라미터",
    "параметр",
];

/// The words that may stand between a verb and the name that it refuses.
const FILLERS: [&str; 19] = [
    "the",
    "this",
    "that",
    "a",
    "an",
    "any",
    "your",
    "value",
    "values",
    "for",
    "of",
    "key",
    "name",
    "parameter",
    "parameters",
    "field",
    "argument",
    "option",
    "property",
];

/// The words that say of the name before them that it is refused.
const SAID_AFTER: [&str; 28] = [
    "not",
    "isn't",
    "aren't",
    "doesn't",
    "don't",
    "can't",
    "cannot",
    "must",
    "should",
    "may",
    "only",
    "has to",
    "unsupported",
    "disabled",
    "fixed",
    "deprecated",
    "rejected",
    "forbidden",
    "prohibited",
    "invalid",
    "removed",
    "incompatible",
    "unavailable",
    "unknown",
    "unrecognized",
    "unrecognised",
    "out of range",
    "restricted",
];

/// The words that refuse the name after them.
const SAID_BEFORE: [&str; 11] = [
    "unsupported",
    "invalid",
    "unknown",
    "unrecognized",
    "unrecognised",
    "rejected",
    "deprecated",
    "disabled",
    "forbidden",
    "extraneous",
    "disallowed",
];

/// The words that refuse the name after them if they are denied.
const DENIED_BEFORE: [&str; 14] = [
    "support",
    "supports",
    "supported",
    "accept",
    "accepts",
    "accepted",
    "allow",
    "allowed",
    "permit",
    "permitted",
    "recognize",
    "recognise",
    "take",
    "use",
];

const DENIALS: [&str; 8] = ["not", "no", "never", "cannot", "doesn't", "don't", "can't", "isn't"];

const QUOTES: [char; 11] = ['\'', '"', '`', '“', '”', '‘', '’', '«', '»', '「', '」'];

/// The most words between a name and what is said of it.
const NEAR: usize = 4;

impl Text {
    pub(super) fn of(message: &str) -> Self {
        let text = without_lists(&without_addresses(message));
        Self { lower: text.to_ascii_lowercase(), text }
    }

    /// The text in lower case.
    pub(super) fn lower(&self) -> &str {
        &self.lower
    }

    /// Whether the text has one of these, wherever.
    pub(super) fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.lower.contains(word))
    }

    /// All words, in their order.
    pub(super) fn words(&self) -> impl Iterator<Item = Word> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | ']' | '-');
        let mut rest = 0;
        std::iter::from_fn(move || {
            let begin = rest + self.text[rest..].find(is_part)?;
            let end = self.text[begin..].find(|c| !is_part(c)).map_or(self.text.len(), |length| begin + length);
            rest = end;
            Some((begin, end))
        })
        .filter_map(|(begin, end)| {
            let edge = ['.', '[', ']', '-'];
            let raw = &self.text[begin..end];
            let begin = begin + raw.len() - raw.trim_start_matches(edge).len();
            let word = raw.trim_matches(edge);
            (!word.is_empty()).then(|| self.word(begin, begin + word.len()))
        })
    }

    fn word(&self, start: usize, end: usize) -> Word {
        let word = &self.text[start..end];
        let path = parts(word);
        let (before, after) = (&self.lower[..start], &self.lower[end..]);
        let has_capital =
            word.as_bytes().windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
        let is_quoted =
            before.ends_with(QUOTES) && after.starts_with([QUOTES.as_slice(), &['=', ':']].concat().as_slice());
        let is_code = word.contains('_')
            || has_capital
            || word.contains(['.', '['])
            || is_quoted
            || after.starts_with('=')
            || (before.is_empty() && after.starts_with(':'))
            || is_called_parameter(before, after);
        Word { path, is_code, start, end }
    }

    /// Whether the text says of what stands here that it is refused: `X is not supported`, `does not accept X`, `invalid X`.
    pub(super) fn refuses_at(&self, start: usize, end: usize) -> bool {
        self.is_subject(start, end) || self.is_object(start)
    }

    fn is_subject(&self, start: usize, end: usize) -> bool {
        let before = self.lower[..start].trim_end();
        let begins = before.is_empty()
            || before.ends_with(['.', ':', ';', ',', '(', '[', '!', '\n'])
            || before.ends_with(QUOTES)
            || last_word(before).is_some_and(|(word, _)| FILLERS.contains(&word));
        let after = self.lower[end..].trim_start_matches(QUOTES);
        let clause = after.split(['.', ':', ';', ',', '!', '?', '\n']).next().unwrap_or_default();
        let near: Vec<_> = words_of(clause).take(NEAR + 1).collect();
        let near = near.join(" ");
        begins && SAID_AFTER.iter().any(|said| has_word(&near, said))
    }

    fn is_object(&self, start: usize) -> bool {
        let mut before = &self.lower[..start];
        for _ in 0..NEAR {
            before = before.trim_end_matches(|c: char| c.is_whitespace() || QUOTES.contains(&c) || ":[(".contains(c));
            match last_word(before) {
                Some((word, rest)) if FILLERS.contains(&word) => before = rest,
                Some((word, _)) if SAID_BEFORE.contains(&word) => return true,
                Some((word, rest)) if DENIED_BEFORE.contains(&word) => {
                    let clause = rest.rsplit(['.', ';', '\n']).next().unwrap_or_default();
                    let words: Vec<_> = words_of(clause).collect();
                    return words.iter().rev().take(NEAR).any(|word| DENIALS.contains(word));
                }
                _ => return false,
            }
        }
        false
    }

    /// The places at which these words stand whole.
    pub(super) fn places<'a>(&'a self, words: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        self.lower.match_indices(words).map(|(start, _)| (start, start + words.len())).filter(move |(start, end)| {
            !self.lower[..*start].ends_with(is_part) && !self.lower[*end..].starts_with(is_part)
        })
    }

    /// The sentence in which something stands.
    pub(super) fn sentence(&self, at: usize) -> &str {
        const ENDS: [&str; 4] = [". ", "; ", "\n", "! "];
        let begin = ENDS.iter().filter_map(|end| self.lower[..at].rfind(end)).max().unwrap_or(0);
        let end = ENDS.iter().filter_map(|end| self.lower[at..].find(end)).min();
        &self.lower[begin..end.map_or(self.lower.len(), |end| at + end)]
    }
}

/// The parts of a path such as `messages[2].content.0.x` or `body/messages/2/x`.
pub(super) fn parts(path: &str) -> Vec<String> {
    let parts = path.split(['.', '[', ']', '/', '#', '$']).map(|part| part.trim_matches(QUOTES));
    parts.filter(|part| !part.is_empty()).skip_while(|part| *part == "body").map(str::to_owned).collect()
}

/// The text without the addresses of web pages, whose paths are full of words, and with the paths of JSON in one form.
fn without_addresses(message: &str) -> String {
    let is_address = |word: &&str| !word.contains("://") && !word.contains("www.");
    let in_one_form = |word: &str| {
        if word.contains("body/") || word.contains("#/") {
            word.replace("#/", "body.").replace('/', ".")
        } else {
            word.to_owned()
        }
    };
    message.split(' ').filter(is_address).map(in_one_form).collect::<Vec<_>>().join(" ")
}

/// The text without lists of what is taken, each to the end of its sentence.
fn without_lists(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut kept = String::with_capacity(text.len());
    let mut place = 0;
    while let Some(start) = TAKEN.iter().filter_map(|list| word_at(&lower[place..], list)).min() {
        kept.push_str(&text[place..place + start]);
        let end = lower[place + start..].find(". ").map_or(text.len(), |end| place + start + end);
        place = end;
        if end == text.len() {
            break;
        }
    }
    kept.push_str(&text[place..]);
    kept
}

fn word_at(text: &str, word: &str) -> Option<usize> {
    text.match_indices(word)
        .map(|(start, _)| start)
        .find(|start| !text[..*start].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
}

/// Whether a text has a word that is not a part of a longer one.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .any(|(start, _)| !text[..start].ends_with(is_part) && !text[start + word.len()..].starts_with(is_part))
}

fn is_called_parameter(before: &str, after: &str) -> bool {
    let before = before.trim_end_matches(|c: char| c.is_whitespace() || c == ':' || QUOTES.contains(&c));
    let after = after.trim_start_matches(|c: char| c.is_whitespace() || QUOTES.contains(&c));
    NOUNS.iter().any(|noun| {
        let stands_before =
            before.strip_suffix(noun).is_some_and(|rest| !rest.ends_with(|c: char| c.is_ascii_alphanumeric()));
        let stands_after =
            after.strip_prefix(noun).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()));
        stands_before || stands_after
    })
}

/// The words of a text, with apostrophes inside.
fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '\'' || c == '’'))
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
}

/// The last word of a text, and what stands before it.
fn last_word(text: &str) -> Option<(&str, &str)> {
    let start = text
        .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
        .map_or(0, |place| place + text[place..].chars().next().map_or(1, char::len_utf8));
    let word = &text[start..];
    (!word.is_empty()).then(|| (word, &text[..start]))
}

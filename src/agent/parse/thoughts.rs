//! Takes the thoughts out of a text, so that they are never searched for actions.
//!
//! Most servers take them out themselves. They stay in the text where a server does not know a model's marks, or is not told
//! to look for them.

use std::borrow::Cow;

/// The marks between which models think. Letters are compared without regard to case.
const MARKS: [(&str, &str); 15] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<thoughts>", "</thoughts>"),
    ("<reasoning>", "</reasoning>"),
    ("<reflection>", "</reflection>"),
    ("<seed:think>", "</seed:think>"),
    ("<longcat_think>", "</longcat_think>"),
    ("[think]", "[/think]"),
    ("◁think▷", "◁/think▷"),
    ("<|start_thinking|>", "<|end_thinking|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|open|>think<|sep|>", "<|close|>think<|sep|>"),
    ("<|channel>thought", "<channel|>"),
    ("<unused94>thought", "<unused95>"),
];

/// The channel of the harmony format on which a model thinks, and the marks that end it or begin something else.
const CHANNEL: &str = "<|channel|>analysis";
const CHANNEL_ENDS: [&str; 5] = ["<|end|>", "<|return|>", "<|call|>", "<|start|>", "<|channel|>"];

/// The same format in a text from which a server has removed the marks: the thought begins the text, and the answer begins
/// with one of these.
const BARE_CHANNEL: &str = "analysis";
const BARE_CHANNEL_ENDS: [&str; 2] = ["assistantfinal", "assistantcommentary"];

/// The marks of a call of a function. A thought that has no end ends where a call begins.
const CALLS: [&str; 4] = ["<tool_call>", "<|tool_calls_section_begin|>", "<|tool_call>", "[tool_calls]"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// The thought of this number in [`MARKS`] begins.
    Open(usize),
    /// The thought of this number ends.
    Close(usize),
    /// A thought on a channel begins.
    Channel,
    /// A thought on a channel ends, if there is one.
    ChannelEnd,
    /// A call of a function begins.
    Call,
}

/// The places of all marks in a text whose letters are small, in order, each with its length.
fn marks(small: &str) -> Vec<(usize, usize, Mark)> {
    let mut found = Vec::new();
    let mut note = |mark: &str, kind| found.extend(small.match_indices(mark).map(|(at, _)| (at, mark.len(), kind)));
    for (number, (open, close)) in MARKS.iter().enumerate() {
        note(open, Mark::Open(number));
        note(close, Mark::Close(number));
    }
    note(CHANNEL, Mark::Channel);
    for mark in CHANNEL_ENDS {
        note(mark, Mark::ChannelEnd);
    }
    for mark in CALLS {
        note(mark, Mark::Call);
    }
    // A channel that begins ends the one before it, so the end comes first.
    found.sort_by_key(|(at, _, kind)| (*at, *kind != Mark::ChannelEnd));
    found
}

/// Where the thought that each mark begins is over; nothing for a mark that begins none. A thought without an end is over
/// where a call begins, or with the text.
fn ends(marks: &[(usize, usize, Mark)], text_end: usize) -> Vec<Option<usize>> {
    let mut ends = vec![None; marks.len()];
    let mut close = [None; MARKS.len()];
    let (mut channel_end, mut call) = (None, None);
    for (index, (at, length, mark)) in marks.iter().enumerate().rev() {
        match mark {
            Mark::Close(number) => close[*number] = Some(at + length),
            // The mark of another channel belongs to what follows.
            Mark::ChannelEnd => channel_end = Some(*at),
            Mark::Call => call = Some(*at),
            Mark::Open(number) => ends[index] = close[*number].or(call).or(Some(text_end)),
            Mark::Channel => ends[index] = channel_end.or(call).or(Some(text_end)),
        }
    }
    ends
}

/// The text without its thoughts. A thought without a beginning began with the text; one without an end lasts to the end of
/// the text, or to the first call of a function in it.
#[must_use]
pub fn without(text: &str) -> Cow<'_, str> {
    let small = text.to_ascii_lowercase();
    let marks = marks(&small);
    let ends = ends(&marks, text.len());
    let (mut kept, mut at) = (String::new(), after_bare_channel(&small));
    for ((start, length, mark), end) in marks.iter().zip(ends) {
        if *start < at {
            continue;
        }
        if let Some(end) = end {
            kept.push_str(&text[at..*start]);
            at = end;
        } else if matches!(mark, Mark::Close(_)) {
            kept.clear();
            at = start + length;
        }
    }
    if at == 0 && kept.is_empty() {
        return Cow::Borrowed(text);
    }
    kept.push_str(&text[at..]);
    Cow::Owned(kept)
}

/// Where the answer begins in a text of the harmony format without its marks; 0 in any other text.
fn after_bare_channel(small: &str) -> usize {
    let answer = || BARE_CHANNEL_ENDS.iter().filter_map(|mark| small.rfind(mark)).max();
    if small.trim_start().starts_with(BARE_CHANNEL) { answer().unwrap_or(0) } else { 0 }
}

/// Whether a text says nothing: it has at most marks of templates, code fences and spaces.
pub(super) fn is_bare(text: &str) -> bool {
    let mut rest = text.trim();
    while !rest.is_empty() {
        let after_mark = match rest.as_bytes() {
            [b'<', b'|' | b'/', ..] => rest.find('>').map(|end| end + 1),
            _ => ["```", "assistant", "]", "}", ")", ",", ";"]
                .iter()
                .find(|mark| rest.starts_with(**mark))
                .map(|mark| mark.len()),
        };
        let Some(end) = after_mark else { return false };
        rest = rest[end..].trim_start();
    }
    true
}

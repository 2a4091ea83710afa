//! Splits a stream of server-sent events into events. Pure.
//!
//! The rules are those of the HTML standard, with three liberties that servers need: bytes that are no UTF-8 are replaced;
//! an event that the end of the stream cuts off is kept, because some servers send no empty line after the last one; and a
//! line that is a JSON object is an event, because gateways write their errors so.

/// An event with data. Comments are not events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// The type of the event, which is empty if there is none.
    pub(super) name: String,
    /// The data, whose lines are separated by line feeds.
    pub(super) data: String,
}

/// Takes bytes in pieces of any size, and gives events.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// Whether the last byte was a carriage return, after which a line feed belongs to the same end of line.
    after_return: bool,
    /// Whether a line has ended already, after which there is no byte order mark.
    begun: bool,
    name: String,
    data: Option<String>,
}

impl Splitter {
    /// Takes bytes, and passes each event that they complete to a function.
    ///
    /// # Errors
    /// Stops with the first error of the function.
    pub(super) fn push<E>(&mut self, bytes: &[u8], mut to: impl FnMut(Event) -> Result<(), E>) -> Result<(), E> {
        let mut rest = bytes;
        if std::mem::take(&mut self.after_return) && rest.first() == Some(&b'\n') {
            rest = &rest[1..];
        }
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.line.extend_from_slice(&rest[..end]);
            let is_return = rest[end] == b'\r';
            rest = &rest[end + 1..];
            if is_return {
                match rest.first() {
                    Some(b'\n') => rest = &rest[1..],
                    Some(_) => {}
                    None => self.after_return = true,
                }
            }
            if let Some(event) = self.end_of_line() {
                to(event)?;
            }
        }
        self.line.extend_from_slice(rest);
        Ok(())
    }

    /// The event that the end of the stream completes, if there is one.
    pub(super) fn end(&mut self) -> Option<Event> {
        if !self.line.is_empty()
            && let Some(event) = self.end_of_line()
        {
            return Some(event);
        }
        self.event()
    }

    fn event(&mut self) -> Option<Event> {
        let name = std::mem::take(&mut self.name);
        self.data.take().map(|data| Event { name, data })
    }

    fn end_of_line(&mut self) -> Option<Event> {
        let bytes = std::mem::take(&mut self.line);
        let bytes = if std::mem::replace(&mut self.begun, true) {
            bytes.as_slice()
        } else {
            bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes)
        };
        if bytes.is_empty() {
            return self.event();
        }
        if bytes.starts_with(b"{") {
            let data = String::from_utf8_lossy(bytes).into_owned();
            return Some(Event { name: String::new(), data });
        }
        let colon = bytes.iter().position(|byte| *byte == b':');
        let (field, value) = colon.map_or((bytes, &b""[..]), |at| (&bytes[..at], &bytes[at + 1..]));
        let value = String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value));
        match field {
            b"data" => match &mut self.data {
                None => self.data = Some(value.into_owned()),
                Some(data) => {
                    data.push('\n');
                    data.push_str(&value);
                }
            },
            b"event" => self.name = value.into_owned(),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
        let (mut splitter, mut events) = (Splitter::default(), Vec::new());
        for piece in pieces {
            let taken: Result<(), ()> = splitter.push(piece, |event| {
                events.push(event);
                Ok(())
            });
            taken.unwrap();
        }
        events.extend(splitter.end());
        events
    }

    fn event(name: &str, data: &str) -> Event {
        Event { name: name.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn events_of_many_forms() {
        for (text, events) in [
            ("data: a\n\n", vec![event("", "a")]),
            ("data:a\r\n\r\n", vec![event("", "a")]),
            ("data: a\r\rdata: b\r\r", vec![event("", "a"), event("", "b")]),
            ("\u{feff}data: a\n\n", vec![event("", "a")]),
            ("event: ping\ndata: {}\n\n", vec![event("ping", "{}")]),
            ("data: a\ndata: b\nid: 7\nretry: 3\n\n", vec![event("", "a\nb")]),
            (": comment\n\ndata: a\n\n: OPENROUTER PROCESSING\n\n", vec![event("", "a")]),
            ("event: lonely\n\ndata: a\n\n", vec![event("", "a")]),
            ("data: a\n\ndata: cut", vec![event("", "a"), event("", "cut")]),
            ("data: a\n\ndata: cut\n", vec![event("", "a"), event("", "cut")]),
            ("data\n\n", vec![event("", "")]),
            ("data: a\n\n{\"error\": 1}\n", vec![event("", "a"), event("", "{\"error\": 1}")]),
            ("", vec![]),
        ] {
            assert_eq!(split([text.as_bytes()]), events, "{text:?}");
        }
        assert_eq!(split([&b"data: a\xF0\n\n"[..]]), [event("", "a\u{fffd}")]);
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(text in "(data|event|: |[:\r\na-c ü]){0,60}", cuts in proptest::collection::vec(0_usize..90, 0..6)) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).chain([0, bytes.len()]).collect();
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
            prop_assert_eq!(split(pieces), split([bytes]));
        }
    }
}

//! What fills the places whose values are drawn: ids, process numbers, counters.

use std::fmt::Write;

use crate::data::places::{DRAWN, Drawn, Each, How};
use crate::draws::Stream;
use crate::ids::EntityId;
use crate::system::particulars::Size;
use crate::telemetry::grammar::risen_by;
use crate::telemetry::words::Words;

impl Words<'_> {
    /// Appends the value of a place that is drawn.
    pub(super) fn drawn(&self, out: &mut String, number: u64, Drawn { name, each, how }: Drawn, index: u64) {
        let draws = self.world.incident.names;
        // New threads are numbered with the others.
        let number = if name == "new_thread" { place_of("thread_id") } else { number };
        let purpose = 1000 + number;
        let of = |at: EntityId| draws.child(1 << 40 | u64::from(at));
        let source = match each {
            // Each message is another one, but for one that comes again and again.
            Each::Message if self.stuck_since().is_some() => of(self.queue().id()),
            Each::Entry | Each::Message => draws.child(1 << 41 | u64::from(self.at)).child(self.salt),
            Each::Part | Each::Container => of(self.at),
            Each::Pod => of(self.at).child(self.container().replaced.into()),
            Each::Queue => of(self.queue().id()),
            Each::Consumer => of(self.consumer()),
            Each::Caller => of(self.caller),
            Each::Node => of(self.world.incident.topology.entity(self.at).node.unwrap_or(self.at)),
            Each::System => draws.child(1 << 42),
        };
        // Counts that mean nothing differ within one entry.
        let place = match (each, name) {
            // Another pod than the first has not been restarted.
            (Each::Container, _) if self.own_pod() > 0 => 0,
            (Each::Container, _) => self.ordinal.unwrap_or_else(|| self.container().ordinal()),
            (_, "n3" | "bytes" | "hex64") => index + 1,
            _ => 0,
        };
        let bits = |word: u64| source.bits(Stream::Addresses, purpose, place, word);
        let within = |low: u32, high: u32| source.within(Stream::Addresses, purpose, place, low, high);
        let _ = match how {
            _ if name == "waiting" => write!(out, "{}", self.waiting()),
            // The identity of a client is that of one of its pods.
            How::Hex(_) if name == "accessor" => {
                let number = self.within(1 << 42, 0, self.of(self.caller).size(Size::Replicas) - 1);
                let bits = |word: u64| source.bits(Stream::Addresses, purpose, u64::from(number) + 1, word);
                write!(out, "{:016x}{:016x}{:016x}{:016x}", bits(0), bits(1), bits(2), bits(3))
            }
            // Hardware is that of the cloud that names the nodes.
            How::Of(all) if name == "hardware" => out.write_str(all[self.site().hardware(all.len())]),
            // A process of a new container has another number than that of the container before.
            How::Number(low, high) if each == Each::Container => {
                let count = high - low + 1;
                let first = source.within(Stream::Addresses, purpose, 0, 0, count - 1);
                let nth = u32::try_from(place % u64::from(count)).unwrap_or_default();
                write!(out, "{}", low + (first + nth * 7 + u32::try_from(place >> 32).unwrap_or_default() * 11) % count)
            }
            How::Number(low, high) => write!(out, "{}", within(low, high)),
            How::Rising(low, high, a_minute) => {
                let risen = source.child(purpose);
                let number = u64::from(within(low, high)) + risen_by(risen, a_minute.into(), self.time);
                match name {
                    // A connection that is spoken of was opened some time before.
                    "thread_id" => write!(out, "{}", number - u64::from(self.within(1 << 51, 0, 2400))),
                    // The processes of a node of Erlang are counted in two numbers.
                    "erl" | "erl_old" => {
                        let started = self.within(
                            1 << 54,
                            if name == "erl" { 0 } else { 9000 },
                            if name == "erl" { 9 } else { 700_000 },
                        );
                        let process = number - u64::from(started);
                        write!(out, "{}.{}", process % 32_768, process / 32_768)
                    }
                    // An entry of the log of a store is a new revision, or something else.
                    "raft_index" => {
                        let mut revision = String::new();
                        self.named_drawn(&mut revision, "revision");
                        write!(out, "{}", number + revision.parse::<u64>().unwrap_or_default())
                    }
                    _ => write!(out, "{number}"),
                }
            }
            // What is next follows what was.
            How::After(name) => {
                let mut before = String::new();
                self.named_drawn(&mut before, name);
                write!(out, "{}", before.parse::<u64>().unwrap_or_default() + 1)
            }
            How::Counting(low, high, seconds) => {
                let ms = (self.time + 86_400_000).unsigned_abs();
                write!(out, "{}", u64::from(within(low, high)) + ms / 1000 / u64::from(seconds))
            }
            How::Hex(digits) => {
                let mut text = String::with_capacity(digits as usize + 16);
                for word in 0..u64::from(digits.div_ceil(16)) {
                    let _ = write!(text, "{:016x}", bits(word));
                }
                out.write_str(&text[..digits as usize])
            }
            How::Letters(count) => {
                const LETTERS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
                for word in 0..u64::from(count) {
                    out.push(char::from(LETTERS[usize::try_from(bits(word) % 62).unwrap_or_default()]));
                }
                Ok(())
            }
            How::Long => write!(out, "{}", bits(0)),
            How::Lower(count) => {
                const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
                for word in 0..u64::from(count) {
                    out.push(char::from(LETTERS[usize::try_from(bits(word) % 36).unwrap_or_default()]));
                }
                Ok(())
            }
            How::Uuid => return Self::uuid(out, bits(0), bits(1)),
            // A system has a few kinds of clients, and one of them sends most of what comes.
            How::Of(all) if name == "agent" => {
                let count = u32::try_from(all.len()).unwrap_or(1);
                let place = [0, 0, 0, 0, 1, 1, 2, 3][usize::try_from(bits(0) % 8).unwrap_or_default()];
                out.write_str(all[((self.site().choice(4, count) + place * 3) % count) as usize])
            }
            How::Of(all) => out.write_str(all[within(0, u32::try_from(all.len()).unwrap_or(1) - 1) as usize]),
        };
    }

    /// Appends the value of the drawn place of a name.
    pub(super) fn named_drawn(&self, out: &mut String, name: &str) {
        let number = place_of(name);
        if let Some(place) = usize::try_from(number).ok().and_then(|number| DRAWN.get(number)) {
            self.drawn(out, number, *place, 0);
        }
    }

    /// Appends what a rising number was so much before.
    pub(super) fn rising(&self, out: &mut String, name: &str, before: u32) {
        let mut number = String::new();
        self.named_drawn(&mut number, name);
        let _ = write!(out, "{}", number.parse::<u64>().unwrap_or_default().saturating_sub(before.into()));
    }

    /// Appends the id of the container that ended last.
    pub(super) fn last_container_id(&self, out: &mut String) {
        let container = self.container();
        let ordinal = container.ordinal() - u64::from(container.restarts > 0);
        Words { ordinal: Some(ordinal), ..*self }.named_drawn(out, "container_id");
    }
}

/// Returns the number of the drawn place of a name.
fn place_of(name: &str) -> u64 {
    (0..).zip(DRAWN).find(|(_, place)| place.name == name).map_or(u64::MAX, |(number, _)| number)
}

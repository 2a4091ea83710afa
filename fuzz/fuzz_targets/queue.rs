//! Fuzzes the messages of a queue, to which others may write: a message is refused with a reason, or carried on
//! unchanged, and a result goes into a log once, even if a coordinator was interrupted while writing it.
#![no_main]

use std::fmt::Debug;

use incident_bench::queue::intake::{Intake, Disposition};
use incident_bench::queue::message::{pack, unpack};
use incident_bench::queue::{Announcement, EpisodeResult, Job, Presence};
use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads a message from these bytes, if they are one, and checks that it survives being packed and unpacked.
fn carried<T: Serialize + DeserializeOwned + PartialEq + Debug>(data: &[u8]) -> Option<T> {
    let read: T = serde_json::from_slice(data).ok()?;
    let carried: T = unpack(&pack(&read).unwrap()).unwrap();
    assert_eq!(carried, read, "what is packed is what is unpacked");
    Some(read)
}

fuzz_target!(|data: &[u8]| {
    let _ = unpack::<Announcement>(data);
    carried::<Announcement>(data);
    carried::<Presence>(data);
    if let Some(job) = carried::<Job>(data) {
        assert_eq!(Intake::of(&job.past).job(&job.key).key, job.key);
    }
    let Some(mut result) = carried::<EpisodeResult>(data) else { return };
    if result.flaw().is_some() {
        return;
    }
    assert_eq!(Intake::default().disposition(&result) == Disposition::Foreign, result.after > 0);
    result.after = 0;
    let length = result.events.len();
    for written in 0..length {
        let mut log = Intake::of(&result.events[..written]);
        assert_eq!(log.disposition(&result), Disposition::Append(written));
        log.note(&result, written);
        assert_eq!(log.disposition(&result), Disposition::Known);
    }
});

//! Fuzzes event logs with bytes: damage is reported, a torn end is left out, and the result does not depend on how the
//! log is read.
#![no_main]

use std::sync::LazyLock;

use incident_bench::log::listing::Listing;
use incident_bench::log::reader::{parse, parse_from};
use incident_bench::log::{Fold, Manifest};
use libfuzzer_sys::fuzz_target;

static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| serde_json::from_str(include_str!("../run.json")).unwrap());

fuzz_target!(|data: &[u8]| {
    let Ok(whole) = parse(data) else { return };
    assert!(whole.whole_bytes <= data.len());
    let (mut fold, mut listing) = (Fold::new(&MANIFEST), Listing::new(&MANIFEST));
    for event in &whole.events {
        fold.apply(event);
        listing.apply(event);
    }
    serde_json::to_string(&fold.summary()).unwrap();
    assert!(listing.ended() <= listing.lines().len());
    // A log that somebody has saved as UTF-16 is read whole: no run that goes on writes one.
    if matches!(data, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return;
    }
    // The log is read in two parts, as a log that grows is.
    let cut = data.len() / 2;
    let first = parse(&data[..cut]).unwrap();
    let rest = parse_from(&data[first.whole_bytes..], first.events.len() as u64).unwrap();
    assert_eq!([first.events, rest.events].concat(), whole.events);
});

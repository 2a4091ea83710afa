//! Fuzzes the answers of endpoints and the replies of models with bytes: the result is a named fault, or an action that
//! can be read back.
#![no_main]

use incident_bench::agent::parse::{self, Counts};
use incident_bench::chat::Api;
use incident_bench::chat::wire::{RawReply, parse_reply};
use incident_env::Action;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((status, body)) = data.split_first() else { return };
    let status = [200, 200, 200, 400, 401, 404, 413, 429, 500, 503][usize::from(*status) % 10];
    let raw = RawReply { status, content_type: Some("application/json"), body, ..RawReply::default() };
    for api in Api::ALL {
        if let Ok(reply) = parse_reply(api, &raw) {
            for counts in [Counts::First, Counts::Last] {
                let _ = parse::action(&reply, counts);
            }
        }
    }
    let Ok(text) = std::str::from_utf8(body) else { return };
    for action in [Counts::First, Counts::Last].into_iter().filter_map(|counts| parse::from_text(text, counts).ok()) {
        let value = serde_json::json!({ "action_type": action.kind().as_str(), "parameters": action.parameters() });
        assert_eq!(Action::from_value(value).unwrap(), action, "what was read can be written");
    }
});

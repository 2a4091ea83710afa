//! Fuzzes fault families with texts: a text is refused with what is wrong in it, or incidents are made with it, or an
//! error says why not.
#![no_main]

use std::sync::Arc;

use incident_generate::{Level, Library, Suite};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Library::with_overlay([("fuzzed.toml".to_owned(), text.to_owned())]) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(library) => {
            let library = Arc::new(library);
            let suite: Suite = "easy,seed=1".parse().unwrap();
            let _ = suite.incident(&library, Level::Easy, 0);
        }
    }
});

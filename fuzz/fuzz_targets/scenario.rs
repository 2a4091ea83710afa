//! Fuzzes scenario files with texts: a text is refused with what is wrong in it, or it can be proved, or an error says
//! why not.
#![no_main]

use incident_env::{Catalog, Source, prove};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let source = Source { file: "fuzzed.toml".to_owned(), text: text.to_owned() };
    match Catalog::of(vec![source]) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(catalog) => {
            for scenario in catalog.scenarios() {
                let _ = prove(scenario);
            }
        }
    }
});

//! Tests of `docs/MECHANISMS.md`, which the program's own data writes.

use std::fs;
use std::path::Path;

use incident_generate::{Library, mechanisms_page};

#[test]
fn the_page_says_what_the_families_say() {
    let page = "docs/MECHANISMS.md";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let written = mechanisms_page(&Library::embedded().unwrap());
    if fs::read_to_string(&path).unwrap_or_default() != written {
        fs::write(path.with_extension("md.new"), written).unwrap();
        panic!("{page} is not what the families say; look at the difference, then: mv {page}.new {page}");
    }
}

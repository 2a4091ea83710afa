//! The macro that embeds the scenarios does not notice new files, so cargo has to.

fn main() {
    println!("cargo:rerun-if-changed=scenarios");
    println!("cargo:rerun-if-changed=build.rs");
}

//! The macro that embeds the families does not notice new files, so cargo has to.

fn main() {
    println!("cargo:rerun-if-changed=families");
    println!("cargo:rerun-if-changed=build.rs");
}

//! Tells cargo to build again when embedded files change, because the embedding macros do not notice new files.

fn main() {
    for folder in ["prompts", "web", "build.rs"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}

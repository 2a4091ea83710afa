//! The embedding macros do not notice new files: cargo must.

fn main() {
    for folder in ["families", "prompts", "web", "build.rs"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}

//! Files that people and other programs have touched: which of them are read, and how their text is.

pub mod encoding;
pub mod home;
pub mod name;
mod regular;

pub use encoding::{decode, text};
pub use regular::{is_link_to_folder, read, read_text};

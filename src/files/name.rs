//! Names of files that are made of names of others: short enough, the same on every file system, and never the same for two.
//! Pure.

use incident_env::Digest;

/// The most bytes of a part of a file name. Two parts, a number, an ending and the name of a temporary file fit into the 255
/// that file systems allow.
const LONGEST: usize = 90;
/// The digits of a digest that a changed name gets.
const DIGITS: usize = 8;
/// Names that are devices on Windows, whatever their ending.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Makes a part of a file name of a name. If the name has to be changed, or if another one could be the same where case does not
/// count, it gets a digest, so that `a/b`, `a-b` and `A-B` get different files.
#[must_use]
pub fn part(name: &str) -> String {
    if name.chars().any(|c| c.is_ascii_uppercase()) { safe(name, true) } else { id(name) }
}

/// Makes a part of a file name of a name that differs from all others also where case does not count.
#[must_use]
pub fn id(name: &str) -> String {
    safe(name, false)
}

fn safe(name: &str, may_clash: bool) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    let mut safe: String = name.chars().map(|c| if is_safe(c) { c } else { '-' }).collect();
    let stem = safe.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let is_device = DEVICES.contains(&stem.as_str())
        || (stem.len() == 4
            && (stem.starts_with("com") || stem.starts_with("lpt"))
            && stem.ends_with(|c: char| c.is_ascii_digit()));
    let has_odd_end = safe.is_empty() || safe.starts_with('.') || safe.ends_with('.');
    if safe == name && safe.len() <= LONGEST && !is_device && !has_odd_end && !may_clash {
        return safe;
    }
    safe.truncate(LONGEST - DIGITS - 1);
    let digest = Digest::of(name).hex();
    let begin = if safe.starts_with('.') || is_device { "_" } else { "" };
    format!("{begin}{safe}~{}", &digest[..DIGITS])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_file_of_its_own() {
        assert_eq!(part("gpt-4.1_mini+x"), "gpt-4.1_mini+x");
        assert_eq!(id("AC-001"), "AC-001");
        assert!(part("GPT").to_lowercase() != part("gpt"));
        let long = "x".repeat(200);
        let names =
            ["a/b", "a-b", "a:b", "", ".", "..", ".x", "x.", "CON", "con.txt", "lpt1", "é", "è", &long, &long[1..]];
        let parts: std::collections::BTreeSet<_> = names.iter().map(|name| part(name)).collect();
        assert_eq!(parts.len(), names.len(), "{parts:?}");
        for part in parts {
            assert!(part.len() <= LONGEST + 1 && !part.starts_with('.') && !part.ends_with('.'), "{part}");
            assert!(part.chars().all(|c| c.is_ascii_alphanumeric() || "._+-~".contains(c)), "{part}");
        }
    }
}

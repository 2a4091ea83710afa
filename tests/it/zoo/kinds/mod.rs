//! The dialects.

mod anthropic;
mod gateways;
mod hosts;
mod labs;
mod local;
mod openai;

use super::dialect::Dialect;

/// All dialects.
pub(super) fn all() -> impl Iterator<Item = &'static Dialect> {
    let groups: [&'static [Dialect]; 6] = [
        &openai::DIALECTS,
        &anthropic::DIALECTS,
        &labs::DIALECTS,
        &hosts::DIALECTS,
        &local::DIALECTS,
        &gateways::DIALECTS,
    ];
    groups.into_iter().flatten()
}

/// The dialect of this name.
pub(super) fn named(name: &str) -> &'static Dialect {
    all().find(|dialect| dialect.name == name).unwrap_or_else(|| panic!("no dialect {name}"))
}

#[test]
fn each_dialect_has_a_name_and_a_source_with_a_date() {
    let names: Vec<_> = all().map(|dialect| dialect.name).collect();
    let mut unique = names.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), names.len());
    assert!(names.len() >= 24, "{}", names.len());
    for dialect in all() {
        assert!(dialect.sources.contains("202"), "{} has no source with a date", dialect.name);
        for rule in dialect.refuses {
            assert!(serde_json::from_str::<serde_json::Value>(rule.says).is_ok(), "{}: {}", dialect.name, rule.says);
        }
    }
}

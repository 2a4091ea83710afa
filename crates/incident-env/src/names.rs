//! Comparison of names.
//!
//! Two names are the same when they are equal after trimming, lower-casing, and treating space, `_` and `-` as one
//! character. There is no substring matching anywhere.

use std::collections::BTreeMap;

/// Returns the form in which names are compared.
///
/// ```
/// use incident_env::canonical;
/// assert_eq!(canonical(" Postgres_DB "), "postgres-db");
/// ```
#[must_use]
pub fn canonical(name: &str) -> String {
    name.trim().chars().flat_map(char::to_lowercase).map(fold).collect()
}

/// Returns whether two names are the same.
#[must_use]
pub fn same_name(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let (a, b) = (a.trim(), b.trim());
    if a.is_ascii() && b.is_ascii() {
        return a.len() == b.len()
            && a.bytes()
                .zip(b.bytes())
                .all(|(x, y)| fold(char::from(x.to_ascii_lowercase())) == fold(char::from(y.to_ascii_lowercase())));
    }
    canonical(a) == canonical(b)
}

fn fold(c: char) -> char {
    match c {
        ' ' | '_' => '-',
        other => other,
    }
}

/// Short names that a submission may use for a service, such as `postgres` for `postgres-db`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Aliases {
    /// The service of each alias in canonical form.
    services: BTreeMap<String, String>,
}

impl Aliases {
    /// Makes the table of aliases from the aliases of each service.
    pub(crate) fn new(table: &BTreeMap<String, Vec<String>>) -> Self {
        let services = table
            .iter()
            .flat_map(|(service, aliases)| aliases.iter().map(|alias| (canonical(alias), service.clone())))
            .collect();
        Self { services }
    }

    /// Returns whether `submitted` names `service`, by its own name or by an alias.
    pub(crate) fn names(&self, submitted: &str, service: &str) -> bool {
        same_name(submitted, service)
            || self.services.get(&canonical(submitted)).is_some_and(|meant| same_name(meant, service))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_that_are_the_same() {
        for spelling in ["postgres-db", " Postgres DB\t", "POSTGRES_db"] {
            assert!(same_name(spelling, "postgres-db"), "{spelling:?}");
            assert_eq!(canonical(spelling), "postgres-db");
        }
        for other in ["postgres", "postgres-db2", "postgres--db", "my-postgres-db", "", "ＰＯＳＴＧＲＥＳ-db"] {
            assert!(!same_name(other, "postgres-db"), "{other:?}");
        }
        assert!(same_name("Ärger_x", "ärger-X"));
    }

    proptest::proptest! {
        #[test]
        fn comparing_is_comparing_canonical_forms(a in "[ _\\-aAbBé]{0,6}", b in "[ _\\-aAbBé]{0,6}") {
            proptest::prop_assert_eq!(same_name(&a, &b), canonical(&a) == canonical(&b));
        }
    }
}

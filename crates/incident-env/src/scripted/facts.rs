//! The latent state of a scenario: named booleans as a bit set, with guards that read them and effects that write them.

use serde::{Deserialize, Serialize};

/// The values of all facts of a scenario.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct FactSet(u128);

/// A conjunction of facts that must hold and facts that must not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Guard {
    holds: u128,
    not: u128,
}

impl Guard {
    /// Returns whether the guard holds; an empty one always does.
    #[must_use]
    pub(super) const fn allows(self, facts: FactSet) -> bool {
        facts.0 & self.holds == self.holds && facts.0 & self.not == 0
    }

    /// Returns whether the guard has no conditions.
    #[must_use]
    pub(super) const fn is_empty(self) -> bool {
        self.holds == 0 && self.not == 0
    }

    /// Returns how many conditions of the guard are not met.
    #[must_use]
    pub(super) const fn unmet(self, facts: FactSet) -> u32 {
        (self.holds & !facts.0).count_ones() + (self.not & facts.0).count_ones()
    }

    const fn reads(self) -> u128 {
        self.holds | self.not
    }
}

/// The facts that an action sets and clears.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Effect {
    set: u128,
    clear: u128,
}

impl Effect {
    /// Returns the facts after the effect.
    #[must_use]
    pub(super) const fn apply(self, facts: FactSet) -> FactSet {
        FactSet(facts.0 & !self.clear | self.set)
    }
}

/// The names of a scenario's facts. The position of a name is its bit.
#[derive(Debug, Clone, Default)]
pub(super) struct FactNames(Vec<String>);

impl FactNames {
    /// The largest number of facts that a scenario can have.
    pub(super) const MAX: usize = 128;

    /// Gives each name a bit, and returns the facts at the start.
    ///
    /// # Errors
    /// Returns an error if there are more than [`Self::MAX`] facts.
    pub(super) fn new<'a>(facts: impl Iterator<Item = (&'a str, bool)>) -> Result<(Self, FactSet), String> {
        let (names, values): (Vec<_>, Vec<_>) = facts.map(|(name, value)| (name.to_owned(), value)).unzip();
        if names.len() > Self::MAX {
            return Err(format!("{} facts; at most {} are possible", names.len(), Self::MAX));
        }
        let start = values.iter().enumerate().fold(0, |bits, (bit, value)| bits | (u128::from(*value) << bit));
        Ok((Self(names), FactSet(start)))
    }

    /// Reads a guard from literals such as `export_running` and `!db_up`.
    pub(super) fn guard(&self, literals: &[String]) -> Result<Guard, String> {
        let mut guard = Guard::default();
        for literal in literals {
            match literal.strip_prefix('!') {
                Some(name) => guard.not |= self.bit(name)?,
                None => guard.holds |= self.bit(literal)?,
            }
        }
        if guard.holds & guard.not == 0 { Ok(guard) } else { Err("asks for a fact and its opposite".to_owned()) }
    }

    pub(super) fn effect(&self, set: &[String], clear: &[String]) -> Result<Effect, String> {
        let effect = Effect { set: self.bits(set)?, clear: self.bits(clear)? };
        if effect.set & effect.clear == 0 { Ok(effect) } else { Err("sets and clears the same fact".to_owned()) }
    }

    fn bits(&self, names: &[String]) -> Result<u128, String> {
        names.iter().try_fold(0, |bits, name| Ok(bits | self.bit(name)?))
    }

    fn bit(&self, name: &str) -> Result<u128, String> {
        match self.0.iter().position(|known| known == name) {
            Some(bit) => Ok(1 << bit),
            None if self.0.is_empty() => Err(format!("unknown fact '{name}'; the scenario declares none")),
            None => Err(format!("unknown fact '{name}'; declared: {}", self.0.join(", "))),
        }
    }

    /// Returns the facts that none of these guards reads.
    pub(super) fn unread(&self, guards: impl Iterator<Item = Guard>) -> Vec<&str> {
        let read = guards.fold(0, |bits, guard| bits | guard.reads());
        self.0.iter().enumerate().filter(|(bit, _)| read & (1 << bit) == 0).map(|(_, name)| name.as_str()).collect()
    }

    /// Returns the names of the facts that hold.
    #[must_use]
    pub(super) fn holding(&self, facts: FactSet) -> Vec<&str> {
        self.0.iter().enumerate().filter(|(bit, _)| facts.0 & (1 << bit) != 0).map(|(_, name)| name.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn guards_read_and_effects_write() {
        let (names, start) = FactNames::new([("a", true), ("b", false), ("c", true)].into_iter()).unwrap();
        assert_eq!(names.holding(start), ["a", "c"]);
        assert!(names.guard(&words(&["a", "!b"])).unwrap().allows(start));
        assert!(!names.guard(&words(&["a", "b"])).unwrap().allows(start));
        assert!(!names.guard(&words(&["!c"])).unwrap().allows(start));
        assert_eq!(names.guard(&words(&["a", "b", "!c"])).unwrap().unmet(start), 2);
        let after = names.effect(&words(&["b"]), &words(&["a"])).unwrap().apply(start);
        assert_eq!(names.holding(after), ["b", "c"]);
        assert_eq!(names.unread([names.guard(&words(&["!b"])).unwrap()].into_iter()), ["a", "c"]);
    }

    #[test]
    fn contradictions_and_unknown_names_are_refused() {
        let (names, _) = FactNames::new([("a", true)].into_iter()).unwrap();
        assert_eq!(names.guard(&words(&["a", "!a"])).unwrap_err(), "asks for a fact and its opposite");
        assert_eq!(names.guard(&words(&["!x"])).unwrap_err(), "unknown fact 'x'; declared: a");
        assert_eq!(names.effect(&words(&["a"]), &words(&["a"])).unwrap_err(), "sets and clears the same fact");
        let many: Vec<_> = (0..129).map(|n| (format!("f{n}"), false)).collect();
        assert!(FactNames::new(many.iter().map(|(name, value)| (name.as_str(), *value))).is_err());
    }
}

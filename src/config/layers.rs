//! The layers of configuration: flags over the environment over `bench.toml` over defaults, for one set of options.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;

use super::environment::Environment;
use super::error::ConfigError;
use super::origin::Origin;

/// The longest time that an option can set: 30 days.
const LONGEST_TIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Each option that was picked, with its value and the layer that set it.
pub(super) type Report = BTreeMap<&'static str, (serde_json::Value, Origin)>;

/// The value of an option, with the facts that an error about it needs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picked<T> {
    /// The name of the option without dashes.
    pub(super) name: &'static str,
    /// The value.
    pub(super) value: T,
    /// The layer that set the value.
    pub(super) origin: Origin,
}

/// A number that has bounds.
pub(super) trait Number: Copy + PartialOrd + Display {}

impl Number for u32 {}
impl Number for u64 {}
impl Number for usize {}
impl Number for f64 {}

/// A value that holds a number, or no number if it was left out.
pub(super) trait Bounded<N> {
    /// Returns the number to check, or `None` if it was left out.
    fn number(&self) -> Option<N>;
}

impl<N: Number> Bounded<N> for N {
    fn number(&self) -> Option<N> {
        Some(*self)
    }
}

impl<N: Number> Bounded<N> for Option<N> {
    fn number(&self) -> Option<N> {
        *self
    }
}

impl<T> Picked<T> {
    /// Makes an error about the value.
    pub(super) fn error(&self, problem: impl Into<String>) -> ConfigError {
        ConfigError::option(self.name, problem, self.origin)
    }

    /// Checks that a number is not below a bound.
    pub(super) fn at_least<N: Number>(self, least: N) -> Result<Self, ConfigError>
    where
        T: Bounded<N>,
    {
        match self.value.number() {
            Some(number) if number < least => Err(self.error(format!("must be at least {least}"))),
            _ => Ok(self),
        }
    }

    /// Checks that a number is not above a bound.
    pub(super) fn at_most<N: Number>(self, most: N) -> Result<Self, ConfigError>
    where
        T: Bounded<N>,
    {
        match self.value.number() {
            Some(number) if number > most => Err(self.error(format!("must be at most {most}"))),
            _ => Ok(self),
        }
    }

    /// Checks that a number lies within a range.
    pub(super) fn within<N: Number>(self, range: RangeInclusive<N>) -> Result<Self, ConfigError>
    where
        T: Bounded<N>,
    {
        let (least, most) = range.into_inner();
        match self.value.number() {
            Some(number) if !(least..=most).contains(&number) => {
                Err(self.error(format!("must lie between {least} and {most}")))
            }
            _ => Ok(self),
        }
    }
}

impl Picked<f64> {
    /// Converts a number of seconds to a time. It must be above 0 and at most 30 days.
    pub(super) fn seconds(self) -> Result<Duration, ConfigError> {
        let in_range = |time: &Duration| !time.is_zero() && *time <= LONGEST_TIME;
        let time = Duration::try_from_secs_f64(self.value).ok().filter(in_range);
        time.ok_or_else(|| {
            self.error(format!("must be a number of seconds above 0, and at most {}", LONGEST_TIME.as_secs()))
        })
    }
}

impl Picked<Option<f64>> {
    /// Converts a number of seconds to a time. If it is set, it must be above 0 and at most 30 days.
    pub(super) fn seconds(self) -> Result<Option<Duration>, ConfigError> {
        let Self { name, value, origin } = self;
        value.map(|value| Picked { name, value, origin }.seconds()).transpose()
    }
}

/// The layers of one set of options, `O`, which the command line and the file share.
pub(super) struct Layers<'a, O> {
    /// The options of the command line.
    pub(super) flags: &'a O,
    /// The variables of the environment.
    pub(super) environment: &'a Environment,
    /// The options of `bench.toml`.
    pub(super) file: &'a O,
    /// The options that were picked so far.
    pub(super) report: Report,
}

impl<'a, O> Layers<'a, O> {
    pub(super) fn new(flags: &'a O, environment: &'a Environment, file: &'a O) -> Self {
        Self { flags, environment, file, report: Report::new() }
    }

    /// Returns a variable with its name, or `None` if it is not set.
    pub(super) fn variable(&self, name: &'static str) -> Option<(&'static str, String)> {
        self.environment.get(name).map(|value| (name, value.to_owned()))
    }

    /// Returns the value of the highest layer that has one. It is not noted in the report, so it may be a secret.
    pub(super) fn highest<T>(
        &self,
        field: impl Fn(&O) -> Option<T>,
        variable: Option<(&'static str, T)>,
    ) -> Option<(T, Origin)> {
        field(self.flags)
            .map(|value| (value, Origin::Flag))
            .or_else(|| variable.map(|(name, value)| (value, Origin::Environment(name))))
            .or_else(|| field(self.file).map(|value| (value, Origin::File)))
    }

    /// Picks an option that no variable sets.
    pub(super) fn pick<T: Serialize>(
        &mut self,
        name: &'static str,
        field: impl Fn(&O) -> Option<T>,
        default: T,
    ) -> Picked<T> {
        self.pick_or(name, field, None, default)
    }

    /// Picks an option that a variable may set.
    pub(super) fn pick_or<T: Serialize>(
        &mut self,
        name: &'static str,
        field: impl Fn(&O) -> Option<T>,
        variable: Option<(&'static str, T)>,
        default: T,
    ) -> Picked<T> {
        let (value, origin) = self.highest(field, variable).unwrap_or((default, Origin::Default));
        self.report.insert(name, (serde_json::to_value(&value).unwrap_or_default(), origin));
        Picked { name, value, origin }
    }

    /// Picks an option that may be left out and that no variable sets.
    pub(super) fn optional<T: Serialize>(
        &mut self,
        name: &'static str,
        field: impl Fn(&O) -> Option<T>,
    ) -> Picked<Option<T>> {
        self.optional_or(name, field, None)
    }

    /// Picks an option that may be left out and that a variable may set.
    pub(super) fn optional_or<T: Serialize>(
        &mut self,
        name: &'static str,
        field: impl Fn(&O) -> Option<T>,
        variable: Option<(&'static str, T)>,
    ) -> Picked<Option<T>> {
        let variable = variable.map(|(name, value)| (name, Some(value)));
        self.pick_or(name, |options| field(options).map(Some), variable, None)
    }

    /// Picks a list, which is left out if it is empty.
    pub(super) fn list<T: Clone + Serialize>(
        &mut self,
        name: &'static str,
        field: impl Fn(&O) -> &Vec<T>,
        variable: Option<(&'static str, Vec<T>)>,
    ) -> Picked<Vec<T>> {
        let given = |options: &O| Some(field(options).clone()).filter(|list| !list.is_empty());
        self.pick_or(name, given, variable, Vec::new())
    }

    /// Picks an option whose text has a special form.
    pub(super) fn parsed<T: FromStr<Err: Display>>(
        &mut self,
        name: &'static str,
        field: impl Fn(&O) -> Option<String>,
    ) -> Result<Picked<Option<T>>, ConfigError> {
        let text = self.optional(name, field);
        let value = text.value.as_ref().map(|text| text.parse()).transpose();
        let value = value.map_err(|problem: T::Err| text.error(problem.to_string()))?;
        Ok(Picked { name, value, origin: text.origin })
    }

    /// Picks an option that a variable may set as text. The variable is not read if the command line has the option.
    pub(super) fn read<T: Serialize>(
        &mut self,
        name: &'static str,
        variable: &'static str,
        field: impl Fn(&O) -> Option<T>,
        read: impl Fn(&str) -> Result<T, String>,
        default: T,
    ) -> Result<Picked<T>, ConfigError> {
        let text = self.variable(variable).filter(|_| field(self.flags).is_none());
        let wrong = |problem| ConfigError::option(name, problem, Origin::Environment(variable));
        let value = text.map(|(_, text)| read(&text).map_err(wrong)).transpose()?;
        let value = value.map(|value| (variable, value));
        Ok(self.pick_or(name, field, value, default))
    }

    /// Picks an option that may be left out and that a variable may set as text, as [`Self::read`] does.
    pub(super) fn read_optional<T: Serialize>(
        &mut self,
        name: &'static str,
        variable: &'static str,
        field: impl Fn(&O) -> Option<T>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Picked<Option<T>>, ConfigError> {
        self.read(name, variable, |options| field(options).map(Some), |text| read(text).map(Some), None)
    }
}

/// Reads a number, a path or any other text with a usual form.
pub(super) fn plain<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error| format!("'{text}' cannot be used: {error}"))
}

/// Reads one word of a closed list.
pub(super) fn word<T: ValueEnum>(text: &str) -> Result<T, String> {
    T::from_str(text, true).map_err(|_| {
        let known = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let mut known: Vec<_> = known.map(|value| value.get_name().to_owned()).collect();
        let last = known.pop().unwrap_or_default();
        format!("expected {} or {last}, found '{text}'", known.join(", "))
    })
}

/// Reads a switch.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "0" | "false" => Ok(false),
        "1" | "true" => Ok(true),
        other => Err(format!("expected 1 or 0, found '{other}'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked<T>(value: T) -> Picked<T> {
        Picked { name: "x", value, origin: Origin::Environment("BENCH_X") }
    }

    #[test]
    fn bounds_name_the_option_and_the_variable() {
        assert_eq!(picked(0_u32).at_least(1).unwrap_err().to_string(), "--x: must be at least 1 (from BENCH_X)");
        assert_eq!(
            picked(Some(101_u32)).at_most(100).unwrap_err().to_string(),
            "--x: must be at most 100 (from BENCH_X)"
        );
        let outside = picked(Some(1.5)).within(0.0..=1.0).unwrap_err();
        assert_eq!(outside.to_string(), "--x: must lie between 0 and 1 (from BENCH_X)");
        for fine in [None, Some(1_u64), Some(7)] {
            assert_eq!(picked(fine).at_least(1).unwrap(), picked(fine));
        }
        assert!(picked(f64::NAN).within(0.0..=1.0).is_err());
    }

    #[test]
    fn times_are_above_zero_and_at_most_thirty_days() {
        for (seconds, is_fine) in [(0.0, false), (-1.0, false), (0.5, true), (2_592_000.0, true), (2_592_001.0, false)]
        {
            assert_eq!(picked(seconds).seconds().is_ok(), is_fine, "{seconds}");
            assert_eq!(picked(Some(seconds)).seconds().is_ok(), is_fine, "{seconds}");
        }
        assert!(picked(f64::INFINITY).seconds().is_err() && picked(f64::NAN).seconds().is_err());
        assert_eq!(picked(None).seconds().unwrap(), None);
    }
}

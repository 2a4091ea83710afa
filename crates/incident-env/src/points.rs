//! Scores as exact decimals.

use std::fmt;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A score or reward in ten-thousandths, so that sums are exact and need no rounding.
///
/// On the wire it is a JSON number with at most four decimals.
///
/// ```
/// use incident_env::Points;
/// assert_eq!(Points::round(0.6 + 0.4 * 2.0 / 3.0 + 0.1).to_f64(), 0.9667);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Points(i32);

impl Points {
    /// Zero points.
    pub const ZERO: Self = Self(0);
    /// One point, the highest grade.
    pub const ONE: Self = Self(10_000);

    /// Makes a score from ten-thousandths: `Points::new(400)` is 0.04.
    #[must_use]
    pub const fn new(ten_thousandths: i32) -> Self {
        Self(ten_thousandths)
    }

    /// Rounds a number to four decimals, half to even on the exact binary value, as `format!("{x:.4}")` does.
    ///
    /// Values beyond ±200 000 and NaN, which no grade can reach, become zero.
    #[must_use]
    pub fn round(value: f64) -> Self {
        if value.is_nan() || value.abs() >= 200_000.0 {
            return Self::ZERO;
        }
        // Multiplying first would round twice; the decimal text is the exact definition.
        let text = format!("{value:.4}");
        let digits: String = text.chars().filter(|c| *c != '.').collect();
        Self(digits.parse().unwrap_or(0))
    }

    /// Returns the double nearest to the decimal value.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        f64::from(self.0) / 10_000.0
    }

    /// Returns the value in ten-thousandths.
    #[must_use]
    pub const fn ten_thousandths(self) -> i32 {
        self.0
    }
}

impl Add for Points {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Points {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl std::iter::Sum for Points {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Points {
    /// Writes two decimals if they suffice and four otherwise; `{:+}` writes the sign.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.0 {
            ..0 => "-",
            _ if f.sign_plus() => "+",
            _ => "",
        };
        let (whole, part) = (self.0.unsigned_abs() / 10_000, self.0.unsigned_abs() % 10_000);
        if part % 100 == 0 {
            write!(f, "{sign}{whole}.{:02}", part / 100)
        } else {
            write!(f, "{sign}{whole}.{part:04}")
        }
    }
}

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.to_f64())
    }
}

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self::round)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_half_to_even_on_the_binary_value() {
        for (value, expected) in [
            (0.0, 0),
            (-0.0, 0),
            (0.966_666_666, 9667),
            (0.12345, 1235), // the double is 0.123450000000000004…
            (0.00005, 1),    // 0.0000500000000000000023…
            (-0.04, -400),
            (1.0, 10_000),
            (0.5 / 1e4, 1),
            (0.03125, 312), // an exact tie goes to the even digit
            (0.09375, 938), // and here too
            (f64::NAN, 0),
            (f64::INFINITY, 0),
        ] {
            assert_eq!(Points::round(value).ten_thousandths(), expected, "{value}");
        }
    }

    #[test]
    fn the_double_is_the_one_that_the_decimal_text_means() {
        for n in -20_000..20_000 {
            let text = format!("{:.4}", Points::new(n).to_f64());
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), Points::new(n).to_f64().to_bits());
            assert_eq!(Points::round(Points::new(n).to_f64()), Points::new(n));
        }
    }

    #[test]
    fn displays_short_and_signed() {
        assert_eq!(Points::new(400).to_string(), "0.04");
        assert_eq!(format!("{:+}", Points::new(9667)), "+0.9667");
        assert_eq!(format!("{:+}", Points::new(-300)), "-0.03");
    }
}

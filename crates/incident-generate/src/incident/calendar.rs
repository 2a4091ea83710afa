//! The calendar of an incident: times of day, and dates of the year that it takes place in.

use std::fmt;

/// The year of all incidents.
const YEAR: u32 = 2026;
/// The seconds from 1970 to the begin of [`YEAR`].
const YEAR_BEGAN: i64 = 1_767_225_600;
const DAYS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// The days of the week from the first of January on.
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const DAY: i64 = 86_400_000;

/// A time of day, displayed as `14:02`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock(pub(crate) i64);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// A moment, as milliseconds from the begin of the year. It is always within the year, because incidents begin and end
/// weeks from its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) i64);

/// How a moment is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `2026-03-04`
    Date,
    /// `14:09:12`
    Time,
    /// `442`
    Milliseconds,
    /// `2026-03-04T14:09:12.442Z`
    Iso,
    /// `2026-03-04T14:09:12Z`
    IsoSeconds,
    /// `Mar  4 14:09:12`
    Syslog,
    /// `04/Mar/2026:14:09:12 +0000`
    Clf,
    /// `04 Mar 2026`
    DayFirst,
    /// The seconds since 1970.
    Epoch,
    /// `0304`
    MonthDay,
    /// `20260304`
    Day,
    /// `2026/03/04`
    Slashes,
    /// `Wed Mar 04 14:25:00 UTC 2026`
    Java,
}

impl Moment {
    /// Returns the milliseconds since 1970.
    pub(crate) const fn epoch_ms(self) -> i64 {
        YEAR_BEGAN * 1000 + self.0
    }

    /// Appends the moment.
    pub(crate) fn write(self, out: &mut impl fmt::Write, style: Style) -> fmt::Result {
        let (day, ms) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        let (month, day) = month_and_day(u32::try_from(day).unwrap_or_default());
        let (hour, minute, second, milli) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000);
        let name = MONTHS[month as usize - 1];
        match style {
            Style::Date => write!(out, "{YEAR}-{month:02}-{day:02}"),
            Style::Time => write!(out, "{hour:02}:{minute:02}:{second:02}"),
            Style::Milliseconds => write!(out, "{milli:03}"),
            Style::Iso => write!(out, "{YEAR}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z"),
            Style::IsoSeconds => write!(out, "{YEAR}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"),
            Style::Syslog => write!(out, "{name} {day:2} {hour:02}:{minute:02}:{second:02}"),
            Style::Clf => write!(out, "{day:02}/{name}/{YEAR}:{hour:02}:{minute:02}:{second:02} +0000"),
            Style::DayFirst => write!(out, "{day:02} {name} {YEAR}"),
            Style::Epoch => write!(out, "{}", YEAR_BEGAN + self.0.div_euclid(1000)),
            Style::MonthDay => write!(out, "{month:02}{day:02}"),
            Style::Day => write!(out, "{YEAR}{month:02}{day:02}"),
            Style::Slashes => write!(out, "{YEAR}/{month:02}/{day:02}"),
            Style::Java => {
                let weekday = WEEKDAYS[usize::try_from(self.0.div_euclid(DAY).rem_euclid(7)).unwrap_or_default()];
                write!(out, "{weekday} {name} {day:02} {hour:02}:{minute:02}:{second:02} UTC {YEAR}")
            }
        }
    }
}

/// Returns the month and the day of the month of a day of the year, each counted from 1.
fn month_and_day(mut day: u32) -> (u32, u32) {
    for (month, days) in (1..).zip(DAYS) {
        if day < days {
            return (month, day + 1);
        }
        day -= days;
    }
    (12, 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_each_technology_does() {
        let moment = Moment((31 + 28 + 3) * DAY + ((14 * 60 + 9) * 60 + 12) * 1000 + 442);
        for (style, written) in [
            (Style::Date, "2026-03-04"),
            (Style::Time, "14:09:12"),
            (Style::Milliseconds, "442"),
            (Style::Iso, "2026-03-04T14:09:12.442Z"),
            (Style::IsoSeconds, "2026-03-04T14:09:12Z"),
            (Style::Syslog, "Mar  4 14:09:12"),
            (Style::Clf, "04/Mar/2026:14:09:12 +0000"),
            (Style::DayFirst, "04 Mar 2026"),
            (Style::Epoch, "1772633352"),
            (Style::MonthDay, "0304"),
            (Style::Day, "20260304"),
            (Style::Slashes, "2026/03/04"),
            (Style::Java, "Wed Mar 04 14:09:12 UTC 2026"),
        ] {
            let mut out = String::new();
            moment.write(&mut out, style).unwrap();
            assert_eq!(out, written);
        }
        assert_eq!([0, 30, 31, 364].map(month_and_day), [(1, 1), (1, 31), (2, 1), (12, 31)]);
    }
}

//! The calendar of incidents: times of day, and dates.

use std::fmt;

/// The year from whose begin moments are counted, which is a leap year.
const FIRST_YEAR: u32 = 2024;
/// The seconds from 1970 to the begin of [`FIRST_YEAR`].
const BEGAN: i64 = 1_704_067_200;
/// The days of alerts, counted from the begin of [`FIRST_YEAR`]: from when all releases that parts run were out to the end of
/// the next year. No incident goes on from one year into another, because some technologies do not print the year.
pub(crate) const DAYS_OF_ALERTS: [[u32; 2]; 2] = [[62, 344], [388, 709]];
const DAYS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// The days of the week from the first of January of [`FIRST_YEAR`] on.
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const DAY: i64 = 86_400_000;

/// A time of day, displayed as `14:02`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock(pub(crate) i64);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// A moment, as milliseconds from the begin of [`FIRST_YEAR`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) i64);

/// How a moment is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `2025-03-04`
    Date,
    /// `14:09:12`
    Time,
    /// `442`
    Milliseconds,
    /// `2025-03-04T14:09:12.442Z`
    Iso,
    /// `2025-03-04T14:09:12Z`
    IsoSeconds,
    /// `Mar  4 14:09:12`
    Syslog,
    /// `04/Mar/2025:14:09:12 +0000`
    Clf,
    /// `04 Mar 2025`
    DayFirst,
    /// The seconds since 1970.
    Epoch,
    /// `0304`
    MonthDay,
    /// `20250304`
    Day,
    /// `2025/03/04`
    Slashes,
    /// `Tue Mar 04 14:25:00 UTC 2025`
    Java,
}

impl Moment {
    /// Returns the milliseconds since 1970.
    pub(crate) const fn epoch_ms(self) -> i64 {
        BEGAN * 1000 + self.0
    }

    /// Appends the moment.
    pub(crate) fn write(self, out: &mut impl fmt::Write, style: Style) -> fmt::Result {
        let (day, ms) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        let (year, month, day) = date(u32::try_from(day).unwrap_or_default());
        let (hour, minute, second, milli) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000);
        let name = MONTHS[month as usize - 1];
        match style {
            Style::Date => write!(out, "{year}-{month:02}-{day:02}"),
            Style::Time => write!(out, "{hour:02}:{minute:02}:{second:02}"),
            Style::Milliseconds => write!(out, "{milli:03}"),
            Style::Iso => write!(out, "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z"),
            Style::IsoSeconds => write!(out, "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"),
            Style::Syslog => write!(out, "{name} {day:2} {hour:02}:{minute:02}:{second:02}"),
            Style::Clf => write!(out, "{day:02}/{name}/{year}:{hour:02}:{minute:02}:{second:02} +0000"),
            Style::DayFirst => write!(out, "{day:02} {name} {year}"),
            Style::Epoch => write!(out, "{}", BEGAN + self.0.div_euclid(1000)),
            Style::MonthDay => write!(out, "{month:02}{day:02}"),
            Style::Day => write!(out, "{year}{month:02}{day:02}"),
            Style::Slashes => write!(out, "{year}/{month:02}/{day:02}"),
            Style::Java => {
                let weekday = WEEKDAYS[usize::try_from(self.0.div_euclid(DAY).rem_euclid(7)).unwrap_or_default()];
                write!(out, "{weekday} {name} {day:02} {hour:02}:{minute:02}:{second:02} UTC {year}")
            }
        }
    }
}

/// Returns the year, the month and the day of the month of a day that is counted from the begin of [`FIRST_YEAR`].
fn date(mut day: u32) -> (u32, u32, u32) {
    let mut year = FIRST_YEAR;
    loop {
        for (month, days) in (1..).zip(DAYS) {
            let days = days + u32::from(month == 2 && year.is_multiple_of(4));
            if day < days {
                return (year, month, day + 1);
            }
            day -= days;
        }
        year += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_each_technology_does() {
        let moment = Moment((366 + 31 + 28 + 3) * DAY + ((14 * 60 + 9) * 60 + 12) * 1000 + 442);
        for (style, written) in [
            (Style::Date, "2025-03-04"),
            (Style::Time, "14:09:12"),
            (Style::Milliseconds, "442"),
            (Style::Iso, "2025-03-04T14:09:12.442Z"),
            (Style::IsoSeconds, "2025-03-04T14:09:12Z"),
            (Style::Syslog, "Mar  4 14:09:12"),
            (Style::Clf, "04/Mar/2025:14:09:12 +0000"),
            (Style::DayFirst, "04 Mar 2025"),
            (Style::Epoch, "1741097352"),
            (Style::MonthDay, "0304"),
            (Style::Day, "20250304"),
            (Style::Slashes, "2025/03/04"),
            (Style::Java, "Tue Mar 04 14:09:12 UTC 2025"),
        ] {
            let mut out = String::new();
            moment.write(&mut out, style).unwrap();
            assert_eq!(out, written);
        }
        let days = [0, 31, 59, 60, 365, 366, 366 + 58, 366 + 59];
        let dates = [(1, 1), (2, 1), (2, 29), (3, 1), (12, 31), (1, 1), (2, 28), (3, 1)];
        let years = [2024, 2024, 2024, 2024, 2024, 2025, 2025, 2025];
        for ((day, (month, of_month)), year) in days.into_iter().zip(dates).zip(years) {
            assert_eq!(date(day), (year, month, of_month));
        }
    }
}

//! The records that simulated incidents show, taken apart by their form: one a line, each with an id in brackets and fields
//! after it. Programs that play by rules read these fields and no sentences. A line of another form is passed over.
//!
//! | diagnostic | line after the id |
//! |---|---|
//! | `check_dependencies` | `api-1 -> db-1 (data): failing, 12.5 % of calls fail (timeout), p99 8.0 ms, 210 per s` |
//! | `check_metrics` | `cpu (%), every 10 min to 09:45: 18 18 26` |
//! | `check_service_status` | `09:45 api-1: failing; kind api, zone-b, on node-1, flag ff-1`, then fields such as `restarts: 3, since 09:34` |
//! | `check_recent_deploys` | `chg-10001 09:26 (19 min ago), deploy: note` |
//! | `query_logs` | `09:34:06.941 ERROR message` |

/// A line with its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// The id that an answer cites, such as `e-7f3a`, without brackets. It can be of any length.
    pub id: &'a str,
    /// The line without the id.
    pub text: &'a str,
}

/// Goes through the records of what a diagnostic showed.
pub fn records(shown: &str) -> impl Iterator<Item = Record<'_>> {
    shown.lines().filter_map(|line| {
        let (id, text) = line.strip_prefix('[')?.split_once("] ")?;
        // Lines of a log may begin with a bracket of their own.
        let is_id = id.starts_with("e-") && !id.contains(char::is_whitespace);
        is_id.then_some(Record { id, text })
    })
}

/// How the calls of one part to another go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Call<'a> {
    /// The record.
    pub record: Record<'a>,
    /// The caller.
    pub from: &'a str,
    /// The part that is called.
    pub to: &'a str,
    /// The health of the calls, in one word: `ok`, `slow` or `failing`.
    pub health: &'a str,
    /// The share of calls that fail, in per cent.
    pub failing: f64,
}

impl Call<'_> {
    /// Returns whether calls fail.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.health == "failing"
    }

    /// Returns whether calls fail or are slow.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        self.health != "ok"
    }
}

/// Goes through the calls that `check_dependencies` shows, in both directions.
pub fn calls(shown: &str) -> impl Iterator<Item = Call<'_>> {
    records(shown).filter_map(|record| {
        let (from, rest) = record.text.split_once(" -> ")?;
        let (to, rest) = rest.split_once(" (")?;
        let (health, rest) = rest.split_once("): ")?.1.split_once(", ")?;
        let failing = rest.split_once(" %")?.0.parse().ok()?;
        Some(Call { record, from, to, health, failing })
    })
}

/// Returns the worst of the calls that a part makes, if one of them is bad: the one of which the largest share fails.
#[must_use]
pub fn worst_call<'a>(shown: &'a str, part: &str) -> Option<Call<'a>> {
    let own = calls(shown).filter(|call| call.from == part && call.is_bad());
    own.max_by(|a, b| a.failing.total_cmp(&b.failing))
}

/// A series of measurements.
#[derive(Debug, Clone, PartialEq)]
pub struct Series<'a> {
    /// The record.
    pub record: Record<'a>,
    /// The label with its unit, such as `cpu (%)`.
    pub label: &'a str,
    /// The values, oldest first; never empty.
    pub values: Vec<f64>,
}

impl Series<'_> {
    /// Returns the newest value.
    #[must_use]
    pub fn last(&self) -> f64 {
        self.values.last().copied().unwrap_or_default()
    }
}

/// Goes through the series that `check_metrics` shows.
pub fn series(shown: &str) -> impl Iterator<Item = Series<'_>> {
    records(shown).filter_map(|record| {
        let (head, values) = record.text.rsplit_once(": ")?;
        let (label, _) = head.rsplit_once(", every ")?;
        let values: Vec<f64> = values.split(' ').map(str::parse).collect::<Result<_, _>>().ok()?;
        (!values.is_empty()).then_some(Series { record, label, values })
    })
}

/// One thing that users come for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Journey<'a> {
    /// The record.
    pub record: Record<'a>,
    /// Its share of what users come for, in per cent.
    pub share: f64,
    /// The part that serves it.
    pub entry: &'a str,
}

/// Goes through the journeys among the series that `check_metrics` shows. Only the part through which users come in has
/// any.
pub fn journeys(shown: &str) -> impl Iterator<Item = Journey<'_>> {
    series(shown).filter_map(|series| {
        let (_, rest) = series.label.strip_prefix("journey '")?.split_once("' (")?;
        let share = rest.split_once(" %")?.0.parse().ok()?;
        let (entry, _) = rest.split_once("enters at ")?.1.split_once(')')?;
        Some(Journey { record: series.record, share, entry })
    })
}

/// The first line of a status: the part itself, and what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status<'a> {
    /// The record.
    pub record: Record<'a>,
    /// The health in one word, such as `degraded`.
    pub health: &'a str,
    /// What follows the health, separated by commas.
    rest: &'a str,
}

impl<'a> Status<'a> {
    /// Returns the value of a field of the line, such as `node-1` for `on`, or `ff-1` for `flag`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'a str> {
        self.rest.split(", ").find_map(|field| field.strip_prefix(name)?.strip_prefix(' '))
    }
}

/// Returns the first line of what `check_service_status` shows.
#[must_use]
pub fn status(shown: &str) -> Option<Status<'_>> {
    let record = records(shown).next()?;
    let (head, rest) = record.text.split_once("; ")?;
    let (_, health) = head.rsplit_once(": ")?;
    Some(Status { record, health, rest })
}

/// Goes through the fields of a status that say since when they are out of the ordinary.
pub fn since(shown: &str) -> impl Iterator<Item = Record<'_>> {
    records(shown).skip(1).filter(|record| record.text.contains(", since "))
}

/// A change of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change<'a> {
    /// The record.
    pub record: Record<'a>,
    /// The id of the change.
    pub id: &'a str,
    /// How many minutes ago it was made, as exactly as the line says.
    pub minutes_ago: u64,
    /// The kind of change, such as `deploy`.
    pub kind: &'a str,
}

/// Goes through the changes that `check_recent_deploys` shows.
pub fn changes(shown: &str) -> impl Iterator<Item = Change<'_>> {
    records(shown).filter_map(|record| {
        let (head, rest) = record.text.split_once(" (")?;
        let (ago, rest) = rest.split_once(" ago), ")?;
        let (number, unit) = ago.split_once(' ')?;
        let minutes = match unit {
            "min" => 1,
            "h" => 60,
            "d" => 24 * 60,
            _ => return None,
        };
        let minutes_ago = number.parse::<u64>().ok()?.checked_mul(minutes)?;
        let (kind, _) = rest.split_once(':')?;
        Some(Change { record, id: head.split(' ').next()?, minutes_ago, kind })
    })
}

/// The words by which logs of any technology mark what is out of the ordinary.
const LOUD: [&str; 14] = [
    "ERROR", "WARN", "WARNING", "FATAL", "CRITICAL", "PANIC", "error", "warn", "warning", "fatal", "crit", "err",
    "alert", "Warning",
];

/// Goes through the entries that `query_logs` shows and that are marked as errors or warnings, without its heading.
pub fn loud(shown: &str) -> impl Iterator<Item = Record<'_>> {
    records(shown).skip(1).filter(|record| {
        // Marks stand near the begin of a line.
        let begin: String = record.text.chars().take(160).collect();
        begin.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| LOUD.contains(&word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_any_length_and_other_lines_are_passed_over() {
        let shown = "[e-7f3a] a\nno record\n[e-abcdefghij] b c\n[] d\n[two words] e\n[e-1]f\n";
        let found: Vec<_> = records(shown).map(|record| (record.id, record.text)).collect();
        assert_eq!(found, [("e-7f3a", "a"), ("e-abcdefghij", "b c")]);
    }

    #[test]
    fn calls_have_two_ends_a_health_and_a_share() {
        let shown = "[e-1] a -> b (sync): failing, 12.5 % of calls fail, p99 8.0 ms\n\
[e-2] a -> c (sync, with fallback): failing, 40.1 % of calls fail, p99 8.0 ms\n\
[e-3] a -> d (cache): ok, 0.0 % of calls fail, p99 8.0 ms\n\
[e-4] z -> a (sync): failing, 99 % of calls fail, p99 8.0 ms\n\
[e-5] d calls nothing; it is used by every service\n\
[e-6] a -> e (sync): failing, many calls fail";
        let found: Vec<_> = calls(shown).map(|call| (call.from, call.to, call.failing, call.is_bad())).collect();
        let expected = [("a", "b", 12.5, true), ("a", "c", 40.1, true), ("a", "d", 0.0, false), ("z", "a", 99.0, true)];
        assert_eq!(found, expected);
        assert_eq!(worst_call(shown, "a").map(|call| call.record.id), Some("e-2"));
        assert_eq!(worst_call(shown, "d"), None);
        let slow = "[e-1] a -> b (data): slow, 0.0 % of calls fail, p99 9000 ms";
        assert_eq!(worst_call(slow, "a").map(|call| call.to), Some("b"));
    }

    #[test]
    fn series_have_labels_and_values() {
        let shown = "[e-1] memory (% of limit), every 10 min to 09:45: 51 49.5 50\n\
[e-2] attempts per 100 requests, every 10 min to 09:45: 101\n\
[e-3] cpu (%), every 10 min to 09:45: 51 n/a\n\
[e-4] journey 'login' (31 % of what users come for, enters at a), requests (per s), every 10 min to 09:45: 100 40.5\n\
[e-5] journey 'search' (17 % of what users come for, enters at b), requests (per s), every 10 min to 09:45: 7 8";
        let found: Vec<_> = series(shown).map(|one| (one.label, one.values.len(), one.last())).collect();
        assert_eq!(found[..2], [("memory (% of limit)", 3, 50.0), ("attempts per 100 requests", 1, 101.0)]);
        assert_eq!(found.len(), 4);
        let found: Vec<_> = journeys(shown).map(|one| (one.record.id, one.share, one.entry)).collect();
        assert_eq!(found, [("e-4", 31.0, "a"), ("e-5", 17.0, "b")]);
    }

    #[test]
    fn a_status_has_a_health_and_fields() {
        let shown = "[e-1] 09:45 svc-a: degraded; kind api, zone-a, on node-b, certificate crt-1, flag ff-2\n\
[e-2] restarts in the last hour: 82, since 09:07\n\
[e-3] cpu limit: reached in 0 % of periods";
        let first = status(shown).unwrap();
        assert_eq!(first.health, "degraded");
        let fields = ["kind", "on", "certificate", "flag", "job"].map(|name| first.field(name));
        assert_eq!(fields, [Some("api"), Some("node-b"), Some("crt-1"), Some("ff-2"), None]);
        assert_eq!(since(shown).map(|record| record.id).collect::<Vec<_>>(), ["e-2"]);
        assert_eq!(status("[e-1] 09:45 check_service_status: no answer within 30 s"), None);
    }

    #[test]
    fn changes_have_an_age_and_a_kind() {
        let shown = "[e-1] chg-1 09:26 (19 min ago), flag: ff-1 set to 5 %\n\
[e-2] chg-2 07:26 (2 h ago), deploy: release 7.1.0 (hotfix), 3 commits\n\
[e-3] chg-3 14:52 (2 d ago), config: revision 4\n\
[e-4] 09:45 no change of svc-a on record";
        let found: Vec<_> = changes(shown).map(|change| (change.id, change.minutes_ago, change.kind)).collect();
        assert_eq!(found, [("chg-1", 19, "flag"), ("chg-2", 120, "deploy"), ("chg-3", 2880, "config")]);
    }

    #[test]
    fn loud_entries_are_told_by_their_marks() {
        let shown = "[e-1] 09:45 log of svc-a (PostgreSQL 15.6), last 120 min: 3 entries\n\
[e-2] 2026-03-04 09:34:06.941 UTC [31] orders_rw@orders FATAL:  sorry, too many clients already\n\
[e-3] {\"level\":\"error\",\"msg\":\"call failed\"}\n\
[e-4] 2026-03-04 09:35:31.776 UTC [31] @ LOG:  checkpoint complete\n\tat a.b.c\n\
[e-5] 2026/03/04 09:35:40 [warn] 31#31: an upstream response is buffered";
        assert_eq!(loud(shown).map(|record| record.id).collect::<Vec<_>>(), ["e-2", "e-3", "e-5"]);
    }
}

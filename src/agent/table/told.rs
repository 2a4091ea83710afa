//! How records tell signs: in words of a log, in lines of a status, and in series beside their own past or each other.

use super::data::Way;
use crate::agent::records::{Record, Series, records, series};

/// Minutes after which a line of a log is no sign any more of something that goes on.
const STALE: i32 = 25;

/// The newest values of a series, which are taken together because single ones scatter.
const NEWEST: usize = 3;

/// What was read tells of a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told<'a> {
    /// Nothing of it.
    Absent,
    /// It has been so for longer than an incident lasts, or is so no more.
    Old,
    /// It is so by this record, since this minute of the day if the record says so.
    Now { record: &'a str, since: Option<i32> },
}

/// The entries of what a log shows, each with the lines that continue it and have no id.
pub(super) fn entries(shown: &str) -> impl Iterator<Item = Record<'_>> {
    let mut rest = shown;
    std::iter::from_fn(move || {
        loop {
            if rest.is_empty() {
                return None;
            }
            let end = rest.match_indices("\n[").map(|(at, _)| at).find(|at| is_head(&rest[at + 1..]));
            let whole = &rest[..end.unwrap_or(rest.len())];
            rest = end.map_or("", |end| &rest[end + 1..]);
            if let Some((id, text)) = whole.strip_prefix('[').and_then(|whole| whole.split_once("] "))
                && is_head(whole)
            {
                return Some(Record { id, text });
            }
        }
    })
}

/// Returns whether a line begins with the id of a record. Logs have brackets of their own.
fn is_head(line: &str) -> bool {
    let id = line.strip_prefix('[').and_then(|rest| rest.split_once("] ")).map(|(id, _)| id);
    id.is_some_and(|id| id.starts_with("e-") && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
}

/// Reads a time of the day, such as `09:45` or `09:45:06.941`, in minutes.
pub(super) fn minute(time: &str) -> Option<i32> {
    let mut fields = time.split(':');
    let (hours, minutes): (i32, i32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(hours * 60 + minutes)
}

/// The minutes from one time of the day to another one less than half a day away.
pub(super) fn minutes_between(from: i32, to: i32) -> i32 {
    (to - from + 720).rem_euclid(1440) - 720
}

/// Finds how many minutes before another time of the day an entry of a log was written, whatever the grammar of the log;
/// none if it says none. Objects can have several times, of which the newest counts, or a number of seconds.
fn age(entry: &str, now: i32) -> Option<i32> {
    let first = entry.lines().next().unwrap_or_default();
    let mut times = first.split(|c: char| !c.is_ascii_digit() && c != ':').filter_map(|run| {
        let fields: Vec<&str> = run.split(':').collect();
        let fields = if fields.len() == 4 && fields[0].len() == 4 { &fields[1..] } else { &fields[..] };
        let whole = fields.len() == 3 && fields.iter().all(|field| field.len() == 2);
        if whole { minute(&fields.join(":")).map(|then| minutes_between(then, now)) } else { None }
    });
    if !first.starts_with('{') {
        return times.next();
    }
    let number = ["\"ts\":", "\"time\":", "\"requestTimeEpoch\":"].iter().find_map(|key| number_after(first, key));
    let seconds = number.map(|number| if number > 1e11 { number / 1000.0 } else { number });
    #[expect(clippy::cast_possible_truncation, reason = "it is a minute of a day")]
    let stamped = seconds.map(|seconds| minutes_between((seconds / 60.0).rem_euclid(1440.0) as i32, now));
    stamped.or_else(|| times.filter(|age| *age >= 0).min())
}

/// Reads the number that follows words.
fn number_after(text: &str, words: &str) -> Option<f64> {
    let (_, rest) = text.split_once(words)?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// What a log tells by words.
pub(super) fn in_logs<'a>(text: &'a str, way: &Way) -> Told<'a> {
    let said = |entry: &str| {
        way.logs.iter().any(|words| match way.above {
            Some(limit) => number_after(entry, words).is_some_and(|number| number > limit),
            None => entry.contains(words.as_str()),
        })
    };
    let mut all = entries(text);
    let now = all.next().and_then(|head| minute(head.text.split(' ').next()?));
    let Some(entry) = all.filter(|entry| said(entry.text)).last() else { return Told::Absent };
    let age = now.and_then(|now| age(entry.text, now));
    if age.is_some_and(|age| age > STALE) { Told::Old } else { Told::Now { record: entry.id, since: None } }
}

/// What a status tells by words.
pub(super) fn in_status<'a>(text: &'a str, words: &str) -> Told<'a> {
    let Some(record) = records(text).skip(1).find(|record| record.text.contains(words)) else { return Told::Absent };
    match record.text.rsplit_once(", since ") {
        Some((_, time)) => Told::Now { record: record.id, since: minute(time) },
        None if record.text.ends_with(", for days") => Told::Old,
        None => Told::Absent,
    }
}

/// What a series was at first: the smaller of its two oldest values.
pub(super) fn usual(values: &[f64]) -> f64 {
    values.iter().take(2).copied().fold(f64::INFINITY, f64::min)
}

#[expect(clippy::cast_precision_loss, reason = "there are a dozen values")]
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// What a series was at first, and what it is now.
fn first_and_newest(one: &Series<'_>) -> (f64, f64) {
    let newest = one.values.len().saturating_sub(NEWEST);
    (mean(&one.values[..one.values.len().min(2)]), mean(&one.values[newest..]))
}

/// What metrics tell. If they are split, `part` is the one of which the series has to be, where its labels name parts.
pub(super) fn in_metrics<'a>(text: &'a str, way: &Way, part: Option<&str>) -> Told<'a> {
    let of_way = |one: &Series<'_>| way.series.iter().any(|name| one.label.contains(name.as_str()));
    let meant: Vec<_> = series(text).filter(of_way).collect();
    if let Some(times) = way.apart {
        return stands_apart(&meant, times, way.rise.unwrap_or_default(), part);
    }
    let mut found = Told::Absent;
    for one in &meant {
        let other = part.is_some_and(|part| !one.label.contains(&format!("\"{part}\"")));
        match if other { Told::Absent } else { in_series(one, way) } {
            now @ Told::Now { .. } => return now,
            Told::Old => found = Told::Old,
            Told::Absent => {}
        }
    }
    found
}

fn in_series<'a>(one: &Series<'a>, way: &Way) -> Told<'a> {
    let (first, newest) = first_and_newest(one);
    if way.full {
        let newest_ones = &one.values[one.values.len().saturating_sub(NEWEST)..];
        let most = one.values.iter().copied().fold(0.0, f64::max);
        let lowest = newest_ones.iter().copied().fold(f64::INFINITY, f64::min);
        let is_full = lowest > 0.985 * most && usual(&one.values) < 0.9 * most;
        return if is_full { Told::Now { record: one.record.id, since: None } } else { Told::Absent };
    }
    let grown =
        way.times.is_none_or(|times| newest > times * first) && way.rise.is_none_or(|rise| newest - first >= rise);
    let past =
        |value: f64| way.above.is_none_or(|limit| value.abs() > limit) && way.below.is_none_or(|limit| value < limit);
    if !grown || !past(one.last()) {
        return Told::Absent;
    }
    // Where only the growth counts, it began where the series left the lower half of the way.
    let limited = way.above.is_some() || way.below.is_some();
    let is_so = |value: f64| if limited { past(value) } else { value > f64::midpoint(first, newest) };
    let Some(before) = one.values.iter().rposition(|value| !is_so(*value)) else { return Told::Old };
    let steps = i32::try_from(one.values.len() - 1 - before).unwrap_or(i32::MAX);
    Told::Now { record: one.record.id, since: end_of(one.record.text).map(|end| end - steps.saturating_mul(10)) }
}

/// The minute of the day at which a series ends.
fn end_of(text: &str) -> Option<i32> {
    let (head, _) = text.rsplit_once(": ")?;
    minute(head.rsplit_once(" at ").or_else(|| head.rsplit_once(" min to "))?.1)
}

/// Tells whether the highest series of a split stands apart from the lowest, and has risen. Between zones it has to be one
/// across them.
fn stands_apart<'a>(meant: &[Series<'a>], times: f64, rise: f64, part: Option<&str>) -> Told<'a> {
    let newest = |one: &Series<'_>| first_and_newest(one).1;
    let highest = meant.iter().max_by(|a, b| newest(a).total_cmp(&newest(b)));
    let lowest = meant.iter().map(newest).fold(f64::INFINITY, f64::min);
    let Some(highest) = highest.filter(|_| meant.len() > 1) else { return Told::Absent };
    let labels: Vec<&str> = highest.label.split('"').skip(1).step_by(2).collect();
    let is_other = part.is_some_and(|part| !labels.contains(&part));
    let stays_inside = highest.label.contains("destination_zone") && labels.windows(2).any(|two| two[0] == two[1]);
    let (first, now) = first_and_newest(highest);
    if is_other || stays_inside || now < times * lowest + rise {
        return Told::Absent;
    }
    if now - first < rise { Told::Old } else { Told::Now { record: highest.record.id, since: None } }
}

#[cfg(test)]
mod tests {
    use incident_env::Dimension;

    use super::*;

    fn words(all: &[&str]) -> Vec<String> {
        all.iter().map(|&one| one.to_owned()).collect()
    }

    fn told(label: &str, values: &str, way: &Way) -> Told<'static> {
        let text = format!("[e-1] {label}, every 10 min to 10:00 and at 10:04: {values}");
        in_metrics(text.leak(), way, None)
    }

    fn is_now(told: Told<'_>) -> bool {
        matches!(told, Told::Now { .. })
    }

    #[test]
    fn a_series_shows_a_sign_since_it_passed_the_limit() {
        let way = Way { series: words(&["hits:ratio"]), below: Some(60.0), ..Way::default() };
        let label = "instance:redis_keyspace_hits:ratio_rate5m{instance=\"a\"} (%)";
        assert_eq!(told(label, "92 91 8 9", &way), Told::Now { record: "e-1", since: Some(584) });
        assert_eq!(told(label, "9 8 8 9", &way), Told::Old);
        assert_eq!(told(label, "92 91 8 90", &way), Told::Absent);
        assert_eq!(told("cpu (%)", "9 8 8 9", &way), Told::Absent);
    }

    #[test]
    fn a_series_shows_a_sign_beside_its_own_past() {
        let way = Way { series: words(&["threads_connected"]), times: Some(1.7), rise: Some(4.0), ..Way::default() };
        let label = "mysql_global_status_threads_connected{instance=\"a\"}";
        let now = told(label, "12 20 12 12 14 12 68 94 95 96 95 93", &way);
        assert_eq!(now, Told::Now { record: "e-1", since: Some(544) });
        assert_eq!(told(label, "94 95 96 95 93 94", &way), Told::Absent);
        assert_eq!(told(label, "1 1 1 3 3 3", &way), Told::Absent);
        let full = Way { series: words(&["volume_stats_used"]), full: true, ..Way::default() };
        let label = "kubelet_volume_stats_used_bytes{namespace=\"shop\"} (GiB)";
        assert!(is_now(told(label, "45 45 57 65 78 86 97 100 100 100", &full)));
        assert_eq!(told(label, "64 71 66 65 71 71 70 67 67 71", &full), Told::Absent);
        assert_eq!(told(label, "45 50 60 70 80 90 100", &full), Told::Absent);
    }

    #[test]
    fn one_series_of_a_split_stands_apart() {
        let of = |rows: &[(&str, &str)], way: &Way, part: Option<&str>| {
            let row = |(labels, values): &(&str, &str)| {
                format!("[e-1] failed requests{{{labels}}} (%), every 10 min to 10:00: {values}\n")
            };
            let text: String = rows.iter().map(row).collect();
            in_metrics(text.leak(), way, part)
        };
        let by = |split| Way {
            series: words(&["failed requests"]),
            split: Some(split),
            apart: Some(1.25),
            rise: Some(2.0),
            ..Way::default()
        };
        let nodes = [("node=\"node-a\"", "0.1 0.2 24.7 24.4 24.6"), ("node=\"node-b\"", "0.2 0.2 61.4 61.3 61.3")];
        assert!(is_now(of(&nodes, &by(Dimension::Node), Some("node-b"))));
        assert_eq!(of(&nodes, &by(Dimension::Node), Some("node-a")), Told::Absent);
        assert_eq!(of(&nodes[..1], &by(Dimension::Node), None), Told::Absent);
        let flags = [("flag=\"f\",variant=\"on\"", "71 72 72 71 72"), ("flag=\"f\",variant=\"off\"", "0 0 0 0 0")];
        assert_eq!(of(&flags, &by(Dimension::Flag), None), Told::Old);
        let inside = "source_zone=\"z-a\",destination_zone=\"z-a\"";
        let across = "source_zone=\"z-a\",destination_zone=\"z-b\"";
        let zones = [(inside, "0 0 1 1 1"), (across, "0 0 90 90 90")];
        assert!(is_now(of(&zones, &by(Dimension::Zone), None)));
        let zones = [(inside, "0 0 90 90 90"), (across, "0 0 1 1 1")];
        assert_eq!(of(&zones, &by(Dimension::Zone), None), Told::Absent);
    }

    #[test]
    fn a_status_shows_what_it_says_since_when() {
        let text = "[e-1] 09:45 a: failing; kind db\n[e-2] instances: 2 primaries (epochs 1 and 2), 1 replica, since 09:07\n\
[e-3] restarts in the last hour: 9, for days\n[e-4] peers connected: 5 of 5";
        assert_eq!(in_status(text, "2 primaries"), Told::Now { record: "e-2", since: Some(547) });
        assert_eq!(in_status(text, "restarts in"), Told::Old);
        assert_eq!(in_status(text, "peers"), Told::Absent);
    }

    #[test]
    fn entries_of_a_log_have_lines_without_an_id() {
        let text = "[e-1a] 10:00 log of a (Python 3.10 service), last 120 min\n\
[e-2b] 2026-05-06 09:59:01,863 ERROR a.clients: call to b failed\nrequests.exceptions.HTTPError: 503 Server Error\n\
[2026-05-06 09:59:02 +0000] no id of a record\n\
[e-3c] [2026-05-06 09:59:03,000: INFO/MainProcess] sync";
        let found: Vec<_> = entries(text).map(|entry| (entry.id, entry.text.lines().count())).collect();
        assert_eq!(found, [("e-1a", 1), ("e-2b", 3), ("e-3c", 1)]);
        assert_eq!(entries("no record at all\n[x] y").count(), 0);
    }

    #[test]
    fn words_of_a_log_are_stale_after_a_while() {
        let text = "[e-1] 00:10 log of a, last 120 min\n[e-2] 2026-05-06T23:59:00.000Z ERROR No route to host\n\
[e-3] # Time: 2026-05-06T22:59:00.1Z\n# Query_time: 4.92  Lock_time: 0.000006 Rows_sent: 0\n\
[e-4] <34 new client connection\n<34 connection closed.";
        let way = |all: &[&str], above| Way { logs: words(all), above, ..Way::default() };
        assert_eq!(in_logs(text, &way(&["No route to"], None)), Told::Now { record: "e-2", since: None });
        assert_eq!(in_logs(text, &way(&["Query_time: "], Some(1.0))), Told::Old);
        assert_eq!(in_logs(text, &way(&["Lock_time: "], Some(1.0))), Told::Absent);
        assert_eq!(in_logs(text, &way(&["connection\n<"], None)), Told::Now { record: "e-4", since: None });
        assert_eq!(in_logs(text, &way(&["log of a"], None)), Told::Absent);
    }

    #[test]
    fn times_are_found_in_each_grammar() {
        for (entry, now, found) in [
            ("2026-05-06 02:59:01.863 UTC [1] LOG:  x", "03:00", Some(1)),
            ("10.42.32.199 - - [06/May/2026:03:02:21 +0000] \"GET / HTTP/1.1\" 201", "03:04", Some(2)),
            ("1:M 23 Aug 2026 11:28:09.831 * Saving", "11:33", Some(5)),
            ("{\"level\":\"error\",\"ts\":1790335744.37,\"msg\":\"x\"}", "11:30", Some(1)),
            ("{\"level\":50,\"time\":1790336358010,\"msg\":\"x\"}", "11:40", Some(1)),
            (
                "{\"first\":\"2026-04-12T16:32:00Z\",\"last\":\"2026-04-12T17:31:18Z\",\"until\":\"2026-04-12T18:00:00Z\"}",
                "17:35",
                Some(4),
            ),
            ("Mar  1 23:54:31 node-rowan kernel: x", "00:04", Some(10)),
            ("<34 new client", "00:04", None),
            ("", "00:04", None),
        ] {
            assert_eq!(age(entry, minute(now).unwrap()), found, "{entry}");
        }
    }
}

//! Alerts in words: the rule that fired, and since when. They do not say how far a rule is exceeded.

use crate::data::kinds::{Resource, Symptom, Work};
use crate::draws::Stream;
use crate::incident::messages::Messages;
use crate::incident::rule::{AlertRule, Limit, Sample};
use crate::incident::world::{State, World};

/// The minutes of a day.
const DAY: u32 = 1440;
/// How many minutes before the alert that woke the responder alerts are looked at.
const BACK: i32 = 149;

/// What agents read of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AlertText {
    /// The id of the alert.
    pub(crate) id: String,
    /// What fired.
    pub(crate) title: String,
    /// The rule, and since when it fires.
    pub(crate) rule: String,
}

impl AlertText {
    /// Writes an alert that stands so. That which woke the responder has the number 0, and the others follow.
    #[must_use]
    pub(crate) fn of(world: &World, rule: AlertRule, number: u64, standing: Standing) -> Self {
        let incident = &world.incident;
        let AlertRule { at, symptom, limit, windows: [long, short], pending, .. } = rule;
        let alerted = incident.topology.name(at);
        let watched = watched(world, &rule);
        let windows = match limit {
            Limit::Burn { .. } => format!("windows of {} and {}", period(long), period(short)),
            _ => format!("mean of {long} min"),
        };
        let first = rule.fired();
        let times = match standing {
            Standing::Fires { since, resolved: None } => format!("fires since {}", time(world, since)),
            Standing::Fires { since, resolved: Some(resolved) } => format!(
                "fires since {}, was resolved before at {}, fired first at {}",
                time(world, since),
                time(world, resolved),
                time(world, first)
            ),
            Standing::Over { fired, .. } if fired == first => format!("fired at {}", time(world, fired)),
            Standing::Over { fired, .. } => {
                format!("fired last at {}, fired first at {}", time(world, fired), time(world, first))
            }
        };
        Self {
            id: format!("ALT-{:08x}", incident.names.bits(Stream::Alert, number, 0, 0) >> 32),
            title: title(alerted, symptom),
            rule: format!("rule: {watched}, {windows}, for {pending} min; {times}"),
        }
    }
}

/// Writes the time of day of a minute, and how many days ago it was.
fn time(world: &World, minute: i32) -> String {
    let ago = minute.min(0).unsigned_abs() / DAY;
    let clock = world.clock(minute);
    if ago == 0 { clock.to_string() } else { format!("{clock}, {ago} d ago") }
}

/// Returns the title of an alert about a symptom of a part.
fn title(part: &str, symptom: Symptom) -> String {
    match symptom {
        Symptom::Errors => format!("Error budget of {part} burns too fast"),
        Symptom::Latency => format!("Response time of {part} above its threshold"),
        Symptom::Saturation(resource) => {
            let resource = match resource {
                Resource::Processor => "Processor",
                Resource::Memory => "Memory",
                Resource::Connections => "Connections",
                Resource::Volume => "Volume",
                Resource::Backlog => "Backlog",
            };
            format!("{resource} of {part} saturated")
        }
        Symptom::Absence(work) => {
            let work = match work {
                Work::Requests => "Requests",
                Work::Messages => "Handled messages",
                Work::Runs => "Completed runs",
            };
            format!("{work} of {part} missing")
        }
    }
}

/// Returns what a rule watches, and its limit.
fn watched(world: &World, rule: &AlertRule) -> String {
    let part = world.incident.topology.name(rule.at);
    match (rule.limit, rule.symptom) {
        (Limit::Burn { rate, budget }, _) => {
            format!(
                "{part} burns more than {} times its monthly error budget of {} %, failed requests > {} %",
                decimal(rate, 1),
                decimal(budget, 3),
                decimal(Limit::share(rate, budget), 3),
            )
        }
        (Limit::Slower(factor), _) => {
            let usual = u64::from(world.usual(rule.at).p99);
            format!("p99 response time of {part} > {} ms", usual * u64::from(factor) / 100_000)
        }
        (Limit::Above(bound), Symptom::Saturation(resource)) => match resource {
            Resource::Processor => format!("processor of {part} in use > {bound} %"),
            Resource::Memory => format!("memory of {part} in use > {bound} % of its limit"),
            Resource::Connections => format!("connections of {part} in use > {bound} % of their limit"),
            Resource::Volume => format!("volume of {part} in use > {bound} %"),
            Resource::Backlog => format!("unread messages of {part} > {}", unread_limit(world, rule)),
        },
        (Limit::Below(bound), Symptom::Absence(work)) => {
            let work = match work {
                Work::Requests => "requests to",
                Work::Messages => "messages handled by",
                Work::Runs => "runs completed by",
            };
            format!("{work} {part} < {bound} % of what is usual at this hour")
        }
        (Limit::Above(bound) | Limit::Below(bound), _) => format!("{part} beyond {bound} %"),
    }
}

/// Returns the number of unread messages above which a rule on those of a queue is met: it was met first when it says.
fn unread_limit(world: &World, rule: &AlertRule) -> i64 {
    let Some(messages) = world.messages(&world.start(), rule.at) else { return i64::MAX };
    let first = rule.fired() - rule.pending.cast_signed();
    let [before, then] = [first - 1, first].map(|minute| mean_unread(&messages, rule, minute));
    let middle = i64::midpoint(before, then);
    // People take round numbers, where one is between the two.
    let round = [10_000, 1000, 100, 10].map(|unit| middle / unit * unit);
    round.into_iter().find(|limit| (before..then).contains(limit)).unwrap_or(middle)
}

/// Returns the mean of unread messages in the window of a rule that ends in a minute.
fn mean_unread(messages: &Messages, rule: &AlertRule, minute: i32) -> i64 {
    let window = rule.windows[0].cast_signed();
    (minute - window + 1..=minute).map(|minute| messages.waiting(minute)).sum::<i64>() / i64::from(window)
}

/// Writes a number with so many decimal places, without the last ones that are 0.
fn decimal(value: u32, places: u32) -> String {
    let scale = 10_u32.pow(places);
    let text = format!("{}.{:0width$}", value / scale, value % scale, width = places as usize);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Writes a number of minutes as a pager does.
fn period(minutes: u32) -> String {
    if minutes.is_multiple_of(60) { format!("{} h", minutes / 60) } else { format!("{minutes} min") }
}

/// Whether an alert fires, and since when. Minutes are counted from the alert that woke the responder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It fires.
    Fires {
        /// The minute since which it fires without a break.
        since: i32,
        /// The minute in which it was resolved before, if it was.
        resolved: Option<i32>,
    },
    /// It does so no more.
    Over {
        /// The minute in which it fired last.
        fired: i32,
        /// The minute in which it was resolved.
        resolved: i32,
    },
}

impl Standing {
    /// Returns how a rule stands that has fired and was not resolved since.
    #[must_use]
    pub(crate) const fn of_first(rule: &AlertRule) -> Self {
        Self::Fires { since: rule.fired(), resolved: None }
    }

    /// Returns whether it fires.
    #[must_use]
    pub(crate) const fn fires(self) -> bool {
        matches!(self, Self::Fires { .. })
    }
}

/// Returns a test of minutes, whether a rule is met in one.
fn is_met<'a>(world: &'a World, state: &'a State, rule: &'a AlertRule) -> impl Fn(i32) -> bool + 'a {
    let class = world.library.vocabulary.class_of(rule.symptom);
    let shown: Vec<_> = world
        .presences(state, rule.at)
        .filter(|presence| class.is_some_and(|class| presence.classes.contains(class)))
        .collect();
    let sample = move |minute: i32| Sample {
        reading: world.reading(state, rule.at, minute),
        is_shown: shown.iter().any(|presence| (presence.from..presence.to).contains(&minute)),
    };
    let usual = world.usual(rule.at);
    let is_of_messages = rule.symptom == Symptom::Saturation(Resource::Backlog);
    let messages = is_of_messages.then(|| world.messages(state, rule.at)).flatten();
    let unread = messages.map(|messages| (messages, unread_limit(world, rule)));
    move |minute: i32| match &unread {
        Some((messages, limit)) => mean_unread(messages, rule, minute) > *limit,
        None => rule.is_met(minute, usual, &sample),
    }
}

/// Returns whether an alert fires in the current minute of a state, and since when. It fired when its rule says, is resolved
/// in the first minute in which the rule is no longer met, and fires anew once the rule has been met for as long as it has to
/// be.
pub(crate) fn standing(world: &World, state: &State, rule: &AlertRule) -> Standing {
    let is_met = is_met(world, state, rule);
    let fires = |minute: i32| is_met(minute) || rule.is_noise(world.incident.draws, minute);
    let begin = rule.fired();
    // Telemetry does not go back further, and what is older has been there all along.
    let seen = begin.max(-BACK);
    let before = after(Standing::of_first(rule), rule.pending, seen + 1..=0, fires);
    // What fires at the alert has woken the responder and not been resolved since.
    let at_alert = if before.fires() { Standing::of_first(rule) } else { before };
    after(at_alert, rule.pending, 1..=state.minute(), fires)
}

/// Returns how an alert stands after some minutes, given how it stood before them, for how many minutes its rule has to be met,
/// and in which it is.
fn after(
    before: Standing,
    pending: u32,
    minutes: std::ops::RangeInclusive<i32>,
    is_met: impl Fn(i32) -> bool,
) -> Standing {
    let mut met = 0;
    minutes.fold(before, |standing, minute| {
        met = if is_met(minute) { met + 1 } else { 0 };
        match standing {
            Standing::Fires { since, .. } if met == 0 => Standing::Over { fired: since, resolved: minute },
            Standing::Over { resolved, .. } if met > pending => {
                Standing::Fires { since: minute, resolved: Some(resolved) }
            }
            unchanged => unchanged,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::level::Level;
    use crate::incident::rule::failing_noise;
    use crate::system::fault::{Target, Thing};
    use crate::testing::{incidents, of_every_level, place};

    /// A rule is met when its alert says that it fires, and it is not met before what made it fire; so it is where the
    /// alarm is false. Where it is true, it still fires.
    #[test]
    fn alerts_fire_when_they_say() {
        for (level, count) in [(Level::Easy, 60), (Level::Medium, 30), (Level::Hard, 10)] {
            for made in incidents(level, 31, count) {
                let (world, incident) = (made.world(), made.incident());
                let state = world.start();
                for rule in std::iter::once(&incident.alert).chain(&incident.alerts).filter(|rule| rule.since < DAY) {
                    let (is_met, place) = (is_met(world, &state, rule), place(&made));
                    let fired = rule.fired();
                    if incident.fault.is_some() || !rule.is_within_noise() {
                        assert!(is_met(fired), "{place}: {rule:?}");
                    }
                    assert!(!is_met(-149), "{place}: {rule:?}");
                    if incident.fault.is_some() && *rule == incident.alert {
                        assert_eq!(standing(world, &state, rule), Standing::of_first(rule), "{place}: {rule:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_fires_anew_was_resolved_before() {
        let fires = Standing::Fires { since: -20, resolved: None };
        let until = |last: i32| after(fires, 2, -19..=last, |minute| !(-10..=4).contains(&minute) && minute != 30);
        for (minute, standing) in [
            (-11, fires),
            (-10, Standing::Over { fired: -20, resolved: -10 }),
            // The rule is met again, and not yet for long enough.
            (6, Standing::Over { fired: -20, resolved: -10 }),
            (7, Standing::Fires { since: 7, resolved: Some(-10) }),
            (29, Standing::Fires { since: 7, resolved: Some(-10) }),
            (30, Standing::Over { fired: 7, resolved: 30 }),
            (33, Standing::Fires { since: 33, resolved: Some(30) }),
        ] {
            assert_eq!(until(minute), standing, "{minute}");
        }
    }

    /// Whatever is done, the catalogue never says that an alert fired all along which it called resolved before.
    #[test]
    fn an_alert_that_was_resolved_does_not_fire_since_before() {
        let mut anew = 0;
        for made in of_every_level(17, 8) {
            let (world, incident, place) = (made.world(), made.incident(), place(&made));
            let mut state = world.start();
            let mut over = std::collections::BTreeMap::new();
            if let Some(fault) = &incident.fault {
                // What is restarted is well for some minutes, and then as bad as before.
                let restart = world.library.vocabulary.verb_named("restart_service").unwrap();
                let target = Target { at: fault.root, thing: Thing::Entity };
                let kind = incident.topology.entity(fault.root).kind.as_str();
                if world.library.vocabulary.verb(restart).accepted().split(", ").any(|one| one == kind) {
                    world.perform(&mut state, restart, target);
                }
            }
            for _ in 0..40 {
                world.pass(&mut state, 1);
                for (number, rule) in (0_u64..).zip(std::iter::once(&incident.alert).chain(&incident.alerts)) {
                    let standing = standing(world, &state, rule);
                    let text = AlertText::of(world, *rule, number, standing).rule;
                    match (standing, over.get(&number)) {
                        (Standing::Over { resolved, .. }, _) => {
                            assert!(resolved <= state.minute() && text.contains("; fired "), "{place}: {text}");
                            over.insert(number, resolved);
                        }
                        (Standing::Fires { since, resolved }, Some(before)) => {
                            assert!(since > *before && resolved == Some(*before), "{place}: {text}");
                            assert!(text.contains(", was resolved before at "), "{place}: {text}");
                            anew += 1;
                        }
                        (Standing::Fires { .. }, None) => {
                            assert_eq!(standing, Standing::of_first(rule), "{place}: {text}");
                        }
                    }
                }
            }
        }
        assert!(anew > 0);
    }

    /// No part fails so much on a usual day that a rule on its errors is beyond its limit.
    #[test]
    fn no_usual_day_is_beyond_the_limit_of_a_rule() {
        for made in of_every_level(17, 20) {
            let (world, incident) = (made.world(), made.incident());
            for rule in std::iter::once(&incident.alert).chain(&incident.alerts) {
                let Limit::Burn { rate, budget } = rule.limit else { continue };
                let worst =
                    i32::from(world.usual(rule.at).error) + failing_noise(incident.knobs.noise).cast_signed() - 1;
                let limit = Limit::share(rate, budget);
                assert!(limit > worst.unsigned_abs() * 100, "{}: {limit} and {worst}", place(&made));
            }
        }
    }

    #[test]
    fn numbers_are_written_as_people_write_them() {
        assert_eq!(
            [(100, 3), (25, 3), (50, 3), (1440, 3), (144, 1), (60, 1)].map(|(n, p)| decimal(n, p)),
            ["0.1", "0.025", "0.05", "1.44", "14.4", "6"]
        );
        assert_eq!([360, 60, 30, 5].map(period), ["6 h", "1 h", "30 min", "5 min"]);
    }
}

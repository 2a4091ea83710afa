//! Alerts in words: the rule that fired, and since when. They do not say how far a rule is exceeded.

use crate::data::kinds::{Resource, Symptom, Work};
use crate::draws::Stream;
use crate::incident::rule::{AlertRule, Limit, Sample};
use crate::incident::world::{State, World};

/// The minutes of a day.
const DAY: u32 = 1440;

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
    /// Writes an alert. That which woke the responder has the number 0, and the others follow.
    #[must_use]
    pub(crate) fn of(world: &World, rule: AlertRule, number: u64) -> Self {
        let incident = &world.incident;
        let AlertRule { at, symptom, limit, windows: [long, short], pending, since } = rule;
        let alerted = incident.topology.name(at);
        let watched = watched(world, &rule);
        let windows = match limit {
            Limit::Burn { .. } => format!("windows of {} and {}", period(long), period(short)),
            _ => format!("mean of {long} min"),
        };
        let fired = world.clock(-since.cast_signed());
        let ago = if since < DAY { String::new() } else { format!(", {} d ago", since / DAY) };
        Self {
            id: format!("ALT-{:08x}", incident.names.bits(Stream::Alert, number, 0, 0) >> 32),
            title: title(alerted, symptom),
            rule: format!("rule: {watched}, {windows}, for {pending} min; fires since {fired}{ago}"),
        }
    }
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
            Resource::Backlog => format!("unread messages of {part} > {bound} thousand"),
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

/// Whether an alert fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It fires.
    Fires,
    /// It does so no more since this minute.
    Over(i32),
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
    move |minute: i32| rule.is_met(minute, usual, &sample)
}

/// Returns whether the rule of an alert fires in the current minute of a state. It fired when the alert says.
pub(crate) fn standing(world: &World, state: &State, rule: &AlertRule) -> Standing {
    let now = state.minute();
    let is_met = is_met(world, state, rule);
    let fires = |minute: i32| is_met(minute) || rule.is_noise(world.incident.draws, minute);
    if fires(now) {
        return Standing::Fires;
    }
    let begin = -rule.since.cast_signed();
    let mut over = now;
    while over > begin + 1 && !fires(over - 1) {
        over -= 1;
    }
    Standing::Over(over)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::level::Level;
    use crate::testing::{incidents, place};

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
                    let fired = -rule.since.cast_signed();
                    if incident.fault.is_some() || !rule.is_within_noise() {
                        assert!(is_met(fired), "{place}: {rule:?}");
                    }
                    assert!(!is_met(-149), "{place}: {rule:?}");
                    if incident.fault.is_some() && *rule == incident.alert {
                        assert_eq!(standing(world, &state, rule), Standing::Fires, "{place}: {rule:?}");
                    }
                }
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

//! Rules of alerts: what each watches, over which minutes, and above or below what it fires.

use crate::data::kinds::{Symptom, Work};
use crate::draws::{Draws, Stream};
use crate::ids::EntityId;
use crate::system::reading::Reading;

/// Above or below what a rule fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// It fires where the error budget is spent faster than this.
    Burn {
        /// How many times as fast as would spend it in a month, in tenths.
        rate: u32,
        /// The share of requests that may fail in a month, in thousandths of a percent.
        budget: u32,
    },
    /// It fires above this factor over the usual response time, in hundredths.
    Slower(u32),
    /// It fires above this percentage of what there is of a resource.
    Above(u32),
    /// It fires below this percentage of what is usual at the hour.
    Below(u32),
}

impl Limit {
    /// Returns the share of failed requests above which a budget is spent too fast, in thousandths of a percent.
    #[must_use]
    pub const fn share(rate: u32, budget: u32) -> u32 {
        rate * budget / 10
    }
}

/// A rule whose alert fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertRule {
    /// The entity that the alert names.
    pub at: EntityId,
    /// What the rule watches.
    pub symptom: Symptom,
    /// Above or below what it fires.
    pub limit: Limit,
    /// The minutes over which it averages, the longer window first. It is met while both means are beyond the limit.
    pub windows: [u32; 2],
    /// The minutes for which it has to be met until it fires.
    pub pending: u32,
    /// The minutes from the time when it fired to the alert that woke the responder.
    pub since: u32,
}

/// What a rule can see of its entity in one minute.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    /// What traffic shows.
    pub(crate) reading: Reading,
    /// Whether the class of evidence is there that shows that the resource is used up.
    pub(crate) is_shown: bool,
}

/// The rules on error budgets: rate in tenths, budget in thousandths of a percent, windows. The first two are for systems
/// without noise, and the two last for parts that fail something every day.
const BURNS: [(u32, u32, [u32; 2]); 8] = [
    (144, 10, [60, 5]),
    (60, 25, [360, 30]),
    (60, 100, [360, 30]),
    (144, 50, [60, 5]),
    (60, 200, [360, 30]),
    (144, 100, [60, 5]),
    (144, 200, [60, 5]),
    (144, 250, [60, 5]),
];
/// The factors over the usual response time, in hundredths.
const FACTORS: [u32; 3] = [105, 130, 150];
/// The factor that noise alone comes above now and then, in hundredths.
const NOISY_FACTOR: u32 = 105;
/// The percentages of the processor, of any other resource, and of what is usual at the hour.
const PROCESSOR: [u32; 4] = [65, 70, 75, 80];
const RESOURCE: [u32; 4] = [75, 80, 85, 90];
const USUAL: [u32; 3] = [50, 60, 70];
/// The minutes over which the rules on anything but error budgets average.
const WINDOWS: [u32; 3] = [5, 10, 15];
/// The minutes for which rules have to be met.
const PENDING: [u32; 4] = [1, 2, 3, 5];
/// The rise in the share of failed requests that the weakest trouble brings about, in thousandths of a percent.
const LEAST_RISE: u32 = 2500;
/// The minutes in which noise stays as it is.
const STRETCH: i32 = 10;

/// Returns below how much the noise of a share of failed requests stays, in thousandths, given the noise of the incident in
/// hundredths.
#[must_use]
pub(crate) const fn failing_noise(noise: u32) -> u32 {
    let below = 4 * noise / 100;
    if below == 0 { 1 } else { below }
}

impl AlertRule {
    /// Returns the minute in which it fired.
    #[must_use]
    pub(crate) const fn fired(&self) -> i32 {
        -self.since.cast_signed()
    }

    /// Returns the rules that can watch a symptom at an entity, in a drawn order, given a quiet day there and the noise of the
    /// incident in hundredths. None fires every day, noise and all, and each fires at the weakest trouble.
    pub(crate) fn possible(draws: Draws, at: EntityId, symptom: Symptom, usual: Reading, noise: u32) -> Vec<Self> {
        let place = u64::from(at);
        let number = Symptom::ALL.iter().position(|one| *one == symptom).unwrap_or_default() as u64;
        let window = *draws.pick(Stream::Threshold, place, number << 8 | 1, &WINDOWS);
        let pending = *draws.pick(Stream::Threshold, place, number << 8 | 2, &PENDING);
        let one = |limit| Self { at, symptom, limit, windows: [window; 2], pending, since: 0 };
        let mut all: Vec<Self> = match symptom {
            Symptom::Errors => {
                let every_day = u32::from(usual.error.unsigned_abs()) * 100;
                let most = every_day + (failing_noise(noise) - 1) * 100;
                let fits = |share: u32| share > most && share < every_day + LEAST_RISE;
                let rules = BURNS.iter().filter(|(rate, budget, _)| fits(Limit::share(*rate, *budget)));
                rules
                    .map(|(rate, budget, windows)| Self {
                        windows: *windows,
                        ..one(Limit::Burn { rate: *rate, budget: *budget })
                    })
                    .collect()
            }
            Symptom::Latency => FACTORS.map(|factor| one(Limit::Slower(factor))).to_vec(),
            Symptom::Saturation(resource) => {
                let percentages = if resource.class().is_none() { PROCESSOR } else { RESOURCE };
                percentages.map(|percentage| one(Limit::Above(percentage))).to_vec()
            }
            Symptom::Absence(_) => USUAL.map(|percentage| one(Limit::Below(percentage))).to_vec(),
        };
        let order = draws.shuffled(Stream::Threshold, place << 8 | number, all.len());
        all = order.into_iter().map(|index| all[index]).collect();
        all
    }

    /// Returns whether noise alone makes it fire now and then.
    #[must_use]
    pub(crate) fn is_within_noise(&self) -> bool {
        match self.limit {
            Limit::Slower(factor) => factor <= NOISY_FACTOR,
            Limit::Burn { .. } | Limit::Above(_) | Limit::Below(_) => false,
        }
    }

    /// Returns what the rule watches in a sample, in the unit of its limit: thousandths of a percent, hundredths, or percent.
    fn level(&self, sample: Sample, usual: Reading) -> i64 {
        let Sample { reading, is_shown } = sample;
        match (self.limit, self.symptom) {
            (Limit::Burn { .. }, _) => i64::from(reading.error) * 100,
            (Limit::Slower(_), _) => i64::from(reading.p99) * 100 / i64::from(usual.p99).max(1),
            (Limit::Above(_), Symptom::Saturation(resource)) if resource.class().is_some() => {
                if is_shown {
                    100
                } else {
                    0
                }
            }
            (Limit::Above(_), _) => reading.processor() / 10,
            (Limit::Below(_), Symptom::Absence(Work::Requests)) => i64::from(reading.load) / 10,
            (Limit::Below(_), _) => reading.done() / 10,
        }
    }

    /// Returns whether the rule is met in a minute, given what it can see in each.
    #[must_use]
    pub(crate) fn is_met(&self, minute: i32, usual: Reading, sample: impl Fn(i32) -> Sample) -> bool {
        let beyond = |window: u32| {
            let minutes = minute - window.cast_signed() + 1..=minute;
            let sum: i64 = minutes.map(|minute| self.level(sample(minute), usual)).sum();
            let window = i64::from(window);
            match self.limit {
                Limit::Burn { rate, budget } => sum > i64::from(Limit::share(rate, budget)) * window,
                Limit::Slower(bound) | Limit::Above(bound) => sum > i64::from(bound) * window,
                Limit::Below(bound) => sum < i64::from(bound) * window,
            }
        };
        self.windows.into_iter().all(beyond)
    }

    /// Returns the first minute from `from` to `to` in which the rule is met.
    #[must_use]
    pub(crate) fn first(&self, from: i32, to: i32, usual: Reading, sample: impl Fn(i32) -> Sample) -> Option<i32> {
        (from..=to).find(|minute| self.is_met(*minute, usual, &sample))
    }

    /// Returns whether noise alone meets it in a minute. It does so half of the time if it is within the noise.
    #[must_use]
    pub(crate) fn is_noise(&self, draws: Draws, minute: i32) -> bool {
        let stretch = u64::from(minute.div_euclid(STRETCH).cast_unsigned());
        self.is_within_noise() && draws.below(Stream::Alerts, u64::from(self.at) << 1 | 1, stretch, 2) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::kinds::Resource;

    const QUIET: Reading =
        Reading { error: 0, used: 400, load: 1000, mean: 4_500, p50: 4_200, p99: 10_000, hung: 0, quick: 0, toil: 0 };

    fn rule(symptom: Symptom, limit: Limit, windows: [u32; 2]) -> AlertRule {
        AlertRule { at: EntityId(3), symptom, limit, windows, pending: 1, since: 0 }
    }

    /// What a rule sees if a quiet day ends in minute 0 with this.
    fn from_zero(then: Sample) -> impl Fn(i32) -> Sample {
        move |minute| if minute >= 0 { then } else { Sample { reading: QUIET, is_shown: false } }
    }

    #[test]
    fn a_rule_is_met_once_both_means_are_beyond_its_limit() {
        let sample = |reading| Sample { reading, is_shown: false };
        let full = Sample { reading: QUIET, is_shown: true };
        for (rule, then, first) in [
            // 10 % of an hour's requests in 9 minutes are 1.5 %.
            (
                rule(Symptom::Errors, Limit::Burn { rate: 144, budget: 100 }, [60, 5]),
                sample(Reading { error: 100, ..QUIET }),
                Some(8),
            ),
            (
                rule(Symptom::Errors, Limit::Burn { rate: 144, budget: 100 }, [60, 5]),
                sample(Reading { error: 14, ..QUIET }),
                None,
            ),
            (rule(Symptom::Latency, Limit::Slower(150), [10, 10]), sample(Reading { p99: 30_000, ..QUIET }), Some(2)),
            (
                rule(Symptom::Saturation(Resource::Processor), Limit::Above(80), [5, 5]),
                sample(Reading { used: 1000, ..QUIET }),
                Some(3),
            ),
            (rule(Symptom::Saturation(Resource::Volume), Limit::Above(90), [10, 10]), full, Some(9)),
            (
                rule(Symptom::Absence(Work::Requests), Limit::Below(50), [10, 10]),
                sample(Reading { load: 300, ..QUIET }),
                Some(7),
            ),
            // As many requests as ever, of which nine in ten fail.
            (
                rule(Symptom::Absence(Work::Messages), Limit::Below(60), [5, 5]),
                sample(Reading { error: 900, ..QUIET }),
                Some(2),
            ),
            (
                rule(Symptom::Absence(Work::Requests), Limit::Below(60), [5, 5]),
                sample(Reading { error: 900, ..QUIET }),
                None,
            ),
        ] {
            assert_eq!(rule.first(-30, 60, QUIET, from_zero(then)), first, "{rule:?}");
        }
    }

    #[test]
    fn no_rule_fires_every_day_and_all_fire_at_the_weakest_trouble() {
        for (every_day, noise) in [0, 4, 9, 22].into_iter().flat_map(|error| [0, 100, 300].map(|noise| (error, noise)))
        {
            let usual = Reading { error: every_day, ..QUIET };
            let most = i16::try_from(failing_noise(noise) - 1).unwrap();
            let noisy = Reading { error: every_day + most, ..QUIET };
            let worse = Reading { error: every_day + 25, ..QUIET };
            let all = AlertRule::possible(Draws::new(1), EntityId(2), Symptom::Errors, usual, noise);
            assert!(!all.is_empty(), "{every_day} {noise}");
            for rule in all {
                let always = |reading| move |_| Sample { reading, is_shown: false };
                assert!(!rule.is_met(0, usual, always(noisy)) && rule.is_met(0, usual, always(worse)), "{rule:?}");
            }
        }
        // Who fails half of all requests every day has no budget to spend.
        let broken = Reading { error: 550, ..QUIET };
        assert!(AlertRule::possible(Draws::new(1), EntityId(2), Symptom::Errors, broken, 100).is_empty());
    }
}

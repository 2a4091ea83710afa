//! How long answers take: a mean and a variance, which add up along calls that are made one after another, and the
//! percentiles that are read from them.
//!
//! Percentiles of a sum are smaller than the sum of the percentiles, because hardly any request is slow everywhere. So own
//! work is taken to have a mean and a variance, those of its sums are the sums of both, and percentiles are those of the
//! log-normal distribution that has the mean and the variance. Beside them stands a share of requests that wait in vain
//! until the caller gives up. All times are in microseconds, and shares in thousandths.

/// The time after which a caller gives up, in microseconds.
pub(crate) const TIMEOUT: u32 = 2_000_000;
/// The same as a number that is reckoned with.
const GIVES_UP: i64 = TIMEOUT as i64;
/// The mean of own work and its standard deviation, in thousandths of its 99th percentile: those of the log-normal
/// distribution with σ = 0.373.
const MEAN: i64 = 450;
const DEVIATION: i64 = 174;
/// The greatest 99th percentile of answers that are not waited for in vain, in microseconds: a caller who waited longer
/// would have given up.
const LONGEST: i64 = GIVES_UP * 19 / 20;
/// The 99th percentile of the log-normal distribution with the mean 1000, by its coefficient of variation in steps of a
/// tenth from 0: 1000 · exp(2.3263·σ − σ²/2) with σ² = ln(1 + c²).
const P99S: [i64; 31] = [
    1000, 1255, 1554, 1896, 2275, 2684, 3115, 3560, 4010, 4460, 4905, 5339, 5761, 6168, 6559, 6933, 7290, 7630, 7954,
    8262, 8555, 8833, 9097, 9348, 9587, 9813, 10029, 10233, 10428, 10614, 10791,
];

/// How far quantiles are from the median to the 99th percentile, in thousandths, in steps of 50 thousandths from 500 on and at 990:
/// those of the log-normal distribution with σ = 0.5.
const RANKS: [i64; 11] = [0, 30, 61, 97, 136, 182, 238, 308, 408, 580, 1000];

/// The mean of a time, and its variance in square microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Times {
    mean: i64,
    variance: i64,
}

/// The requests that fail at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Quick {
    /// Their share.
    pub share: i64,
    /// How long each takes.
    pub time: i64,
}

/// What is read of the times of answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Percentiles {
    /// The mean of all answers.
    pub mean: i64,
    /// The median.
    pub p50: i64,
    /// The 99th percentile.
    pub p99: i64,
    /// The share of requests that wait in vain until the caller gives up.
    pub hung: i64,
    /// The share of requests that fail at once.
    pub quick: i64,
}

impl Times {
    /// Returns those of own work with this 99th percentile.
    pub(crate) const fn of_work(p99: i64) -> Self {
        let deviation = p99 * DEVIATION / 1000;
        Self { mean: p99 * MEAN / 1000, variance: deviation * deviation }
    }

    /// Returns those of so many of them, one after another.
    pub(crate) const fn repeated(self, times: i64) -> Self {
        Self { mean: self.mean * times, variance: self.variance * times }
    }

    /// Returns those of a time that a share of requests takes, and that others do not take at all.
    pub(crate) const fn of_share(self, share: i64) -> Self {
        Self { mean: 0, variance: 0 }.or(self, share).of_all()
    }

    /// Adds the time that a share of requests takes, to a mixture of which each request takes one. In a mixture the second
    /// moment takes the place of the variance.
    pub(crate) const fn or(self, other: Self, share: i64) -> Self {
        let second = share * ((other.variance + other.mean * other.mean) / 1000);
        Self { mean: self.mean + share * other.mean / 1000, variance: self.variance + second }
    }

    /// Returns those of a mixture that takes so much of all requests, as a mixture of all that do.
    pub(crate) const fn among(self, share: i64) -> Self {
        let share = if share > 0 { share } else { 1 };
        Self { mean: self.mean * 1000 / share, variance: self.variance * 1000 / share }
    }

    /// Returns the times of a mixture, with their variance.
    pub(crate) const fn of_all(self) -> Self {
        let variance = self.variance - self.mean * self.mean;
        Self { mean: self.mean, variance: if variance > 0 { variance } else { 0 } }
    }

    /// Returns those of one after the other.
    pub(crate) const fn then(self, other: Self) -> Self {
        Self { mean: self.mean + other.mean, variance: self.variance + other.variance }
    }

    /// Returns those of two at the same time, of which the later one counts. It is taken to be the one with the greater
    /// mean.
    pub(crate) const fn later(self, other: Self) -> Self {
        if other.mean > self.mean { other } else { self }
    }

    /// Returns what is read of them beside a share of requests that wait in vain and those that fail at once, given what is
    /// waited for at least.
    pub(crate) fn percentiles(self, hung: i64, quick: Quick, least: Percentiles) -> Percentiles {
        let Self { mean, variance } = self;
        let variation = variance.isqrt() * 1000 / mean.max(1);
        let (step, rest) = (usize::try_from(variation / 100).unwrap_or(P99S.len()), variation % 100);
        let factor = match P99S.get(step..step + 2) {
            Some(&[low, high]) => low + (high - low) * rest / 100,
            _ => P99S[P99S.len() - 1],
        };
        let of_answers = mean * factor / 1000;
        // The median of the log-normal distribution is mean² / √(mean² + variance).
        let median = (mean * mean).checked_div((mean * mean + variance).isqrt()).unwrap_or_default();
        // Those that fail at once are the fastest, and those that wait in vain the slowest.
        let answered = 1000 - hung - quick.share;
        let among = |percentile: i64| {
            let rank = (percentile - quick.share) * 1000 / answered.max(1);
            if rank <= 0 { quick.time } else { at_rank(rank.min(990), median, of_answers) }
        };
        let p50 = if quick.share == 0 { median } else { among(500) };
        // The slowest are told of by those that are answered, so more failures never look like less trouble.
        let p99 = if quick.share >= 1000 { quick.time } else { of_answers };
        let p99 = p99.max(least.p99).min(LONGEST);
        let floor = if quick.share < 500 { least.p50 } else { 0 };
        let p50 = p50.max(floor).min(p99);
        let mean = mean.min(LONGEST);
        let sum = mean * answered + (GIVES_UP + mean / 2) * hung + quick.time.min(mean) * quick.share;
        Percentiles {
            mean: sum / 1000,
            p50: if hung >= 500 { GIVES_UP + p50 / 2 } else { p50 },
            p99: if hung >= 10 { GIVES_UP + p50 } else { p99 },
            hung,
            quick: quick.share,
        }
    }
}

/// Returns the time that so many thousandths of answers do not take, given the median and the 99th percentile. Below the median
/// it is as many times shorter as it is longer above.
fn at_rank(rank: i64, median: i64, p99: i64) -> i64 {
    if rank < 500 {
        let mirrored = at_rank((1000 - rank).min(990), median, p99).max(1);
        return median * median / mirrored;
    }
    let (step, rest) = (usize::try_from((rank - 500) / 50).unwrap_or_default(), (rank - 500) % 50);
    let share = match RANKS.get(step..step + 2) {
        Some(&[low, high]) => low + (high - low) * rest / if step + 2 == RANKS.len() { 40 } else { 50 },
        _ => 1000,
    };
    median + (p99 - median) * share.min(1000) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p99(times: Times) -> i64 {
        times.percentiles(0, Quick::default(), Percentiles::default()).p99
    }

    #[test]
    fn times_are_those_of_sums_and_of_mixtures() {
        let one = Times::of_work(100_000);
        assert!((98_000..=102_000).contains(&p99(one)), "{}", p99(one));
        let two = one.then(one);
        assert!((p99(one) + 1..2 * p99(one)).contains(&p99(two)));
        assert_eq!(one.repeated(2), two);
        let half = one.of_share(500);
        assert!(half.mean == one.mean / 2 && half.variance > one.variance);
        assert!(one.of_share(1000).variance.abs_diff(one.variance) < one.variance.unsigned_abs() / 100);
        assert_eq!(Times::of_work(0), Times::default());
        assert_eq!(one.later(two), two);
    }

    #[test]
    fn the_median_is_below_the_mean_and_the_tail_is_the_time_out() {
        let times = Times::of_work(100_000);
        let none = times.percentiles(0, Quick::default(), Percentiles::default());
        assert!(none.p50 < none.mean && none.mean < none.p99);
        let some = times.percentiles(20, Quick::default(), Percentiles::default());
        assert!(some.p50 == none.p50 && some.p99 >= GIVES_UP && some.mean > none.mean);
        let most = times.percentiles(600, Quick::default(), Percentiles::default());
        assert!(most.p50 >= GIVES_UP && most.p99 >= most.p50);
        let least = Percentiles { p50: 300_000, p99: 400_000, ..none };
        let slow = times.percentiles(0, Quick::default(), least);
        assert_eq!((slow.p50, slow.p99), (300_000, 400_000));
        assert_eq!(p99(Times::of_work(90_000_000)), LONGEST);
        // Where most are refused, half of all requests take no longer than that, and few take as long as answers do.
        let refused = |share| times.percentiles(0, Quick { share, time: 1000 }, Percentiles::default());
        assert!(refused(300).p50 < none.p50 && refused(300).p50 > 20_000, "{:?}", refused(300));
        assert_eq!((refused(600).p50, refused(1000).p99), (1000, 1000));
        assert!(refused(600).p99 == none.p99 && refused(600).mean < none.mean / 2);
        assert_eq!(p99(Times::default()), 0);
    }
}

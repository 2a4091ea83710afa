//! The policy of a window of calls: what earlier calls showed decides how many may be under way. Pure.

use std::time::Duration;

use tokio::time::Instant;

use crate::chat::wire::RateLimit;
use crate::chat::{ChatError, ErrorKind};

/// The number of calls at once with which an adaptive window starts.
const FIRST_WINDOW: usize = 4;
/// The most calls at once of an adaptive window.
pub(super) const WIDEST_WINDOW: usize = 64;
/// An adaptive window shrinks again if calls take this many times as long as in a narrow window, because the endpoint
/// must be queueing them.
const QUEUEING: f64 = 2.5;
/// The weight of the newest call in the mean of recent latencies.
const NEWEST: f64 = 0.1;

/// What a call shows of its endpoint's load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// The endpoint answered.
    Answered,
    /// The endpoint has too much to do: 429, 503, 529, or no answer in time.
    Overloaded,
    /// The result says nothing about the load.
    Neutral,
}

impl Sign {
    /// What the result of an attempt says about the endpoint's load.
    #[must_use]
    pub fn of<T>(result: &Result<T, ChatError>) -> Self {
        match result {
            Ok(_) => Self::Answered,
            Err(error) => match (error.kind, error.status) {
                (ErrorKind::RateLimited | ErrorKind::Timeout, _) | (ErrorKind::Server, Some(503 | 529)) => {
                    Self::Overloaded
                }
                _ => Self::Neutral,
            },
        }
    }
}

/// Decides from the results of earlier calls how many may be under way at once. Pure.
#[derive(Debug, Clone)]
pub struct WindowPolicy {
    window: f64,
    adaptive: bool,
    /// Whether slow start is on: the window grows by one with each answer, until something shows that it is wide
    /// enough.
    starting: bool,
    cut_at: Option<Instant>,
    cool_until: Option<Instant>,
    longest_cool_down: Duration,
    best_latency: Option<f64>,
    recent_latency: f64,
}

impl WindowPolicy {
    /// A window that always has this many calls. The endpoint may ask for cool-downs up to the given length.
    #[must_use]
    pub fn fixed(calls: usize, longest_cool_down: Duration) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a few calls")]
        let window = calls.max(1) as f64;
        Self {
            window,
            adaptive: false,
            starting: false,
            cut_at: None,
            cool_until: None,
            longest_cool_down,
            best_latency: None,
            recent_latency: 0.0,
        }
    }

    /// A window that adapts to as many calls as the endpoint can bear.
    #[must_use]
    pub fn adaptive(longest_cool_down: Duration) -> Self {
        Self { adaptive: true, starting: true, ..Self::fixed(FIRST_WINDOW, longest_cool_down) }
    }

    /// The number of calls that may be under way, which is at least 1.
    #[must_use]
    pub fn window(&self) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and the widest window")]
        let window = self.window as usize;
        window.max(1)
    }

    /// The time until which no call may begin; none if one may begin now.
    #[must_use]
    pub fn cool_until(&self, now: Instant) -> Option<Instant> {
        self.cool_until.filter(|until| *until > now)
    }

    /// Takes the end of a call into account. `full` says whether calls filled the window while it was under way.
    pub fn ended(&mut self, sign: Sign, began: Instant, now: Instant, full: bool) {
        if !self.adaptive {
            return;
        }
        match sign {
            Sign::Neutral => {}
            Sign::Overloaded => {
                self.starting = false;
                // Calls that were under way when the window was cut say nothing about the new one.
                if self.cut_at.is_none_or(|cut| began > cut) {
                    self.window = (self.window / 2.0).max(1.0);
                    self.cut_at = Some(now);
                }
            }
            Sign::Answered => {
                let queues = self.queues((now - began).as_secs_f64());
                self.starting &= !queues;
                #[expect(clippy::cast_precision_loss, reason = "small constants")]
                let (first, widest) = (FIRST_WINDOW as f64, WIDEST_WINDOW as f64);
                let step = if self.starting { 1.0 } else { 1.0 / self.window };
                if queues {
                    self.window = self.window.min((self.window - step).max(first));
                } else if full {
                    self.window = (self.window + step).min(widest);
                }
            }
        }
    }

    /// Whether calls take so much longer than in a narrow window that the endpoint must be queueing them.
    fn queues(&mut self, latency: f64) -> bool {
        let Some(best) = self.best_latency else {
            (self.best_latency, self.recent_latency) = (Some(latency), latency);
            return false;
        };
        self.recent_latency += NEWEST * (latency - self.recent_latency);
        let queues = self.recent_latency > QUEUEING * best;
        // Conversations grow and endpoints change, so a narrow window shows how long calls take at present.
        let follows = self.recent_latency < best || self.window() <= FIRST_WINDOW;
        self.best_latency = Some(if follows { best + NEWEST * (self.recent_latency - best) } else { best });
        queues
    }

    /// Notes that the endpoint asks for a pause of this length. A pause that is too long to be waited for fails its own
    /// call and does not hold back the others.
    pub fn cool_down(&mut self, wait: Duration, now: Instant) {
        if wait <= self.longest_cool_down {
            self.cool_until = self.cool_until.max(Some(now + wait));
        }
    }

    /// Takes the limits that an endpoint states into account. If nothing is left of one, calls wait until there is
    /// more.
    pub fn told(&mut self, limits: &RateLimit, now: Instant) {
        let used_up = [limits.requests, limits.tokens].into_iter().flatten().filter(|left| left.remaining == 0);
        if let Some(wait) = used_up.filter_map(|left| left.reset).max() {
            self.cool_down(wait, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(120);

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// Plays rounds of calls that fill the window, each taking 100 ms, of which every call above `bears` is refused.
    fn windows(pace: &mut WindowPolicy, bears: usize, rounds: usize) -> Vec<usize> {
        let mut now = Instant::now();
        let mut windows = Vec::new();
        for _ in 0..rounds {
            let calls = pace.window();
            windows.push(calls);
            let began = now;
            now += ms(100);
            for call in 0..calls {
                let sign = if call < bears { Sign::Answered } else { Sign::Overloaded };
                pace.ended(sign, began, now, true);
            }
        }
        windows
    }

    #[test]
    fn slow_start_doubles_a_round_and_ends_at_the_widest_window() {
        let mut pace = WindowPolicy::adaptive(LONGEST);
        assert_eq!(windows(&mut pace, 1000, 6), [4, 8, 16, 32, 64, 64]);
    }

    #[test]
    fn a_cut_halves_once_a_round_and_growth_is_then_one_a_round() {
        let mut pace = WindowPolicy::adaptive(LONGEST);
        let seen = windows(&mut pace, 20, 40);
        // 32 calls are too many; the refusals of that round cut the window once, and then it grows by about one a
        // round.
        assert_eq!(seen[..5], [4, 8, 16, 32, 26]);
        assert!(seen[4..].iter().all(|window| (10..=22).contains(window) || *window == 26), "{seen:?}");
        let steps = seen[5..].windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max();
        assert_eq!(steps, Some(1), "{seen:?}");
    }

    #[test]
    fn a_window_that_is_not_filled_does_not_grow() {
        let mut pace = WindowPolicy::adaptive(LONGEST);
        let now = Instant::now();
        for _ in 0..100 {
            pace.ended(Sign::Answered, now, now + ms(100), false);
        }
        assert_eq!(pace.window(), 4);
    }

    #[test]
    fn an_endpoint_that_queues_instead_of_refusing_is_not_flooded() {
        // The server has four slots: a call takes as long as its turn in the queue needs.
        let mut pace = WindowPolicy::adaptive(LONGEST);
        let mut now = Instant::now();
        for _ in 0..200 {
            let calls = pace.window();
            let began = now;
            for call in 0..calls {
                now = began + ms(100 * (call as u64 / 4 + 1));
                pace.ended(Sign::Answered, began, now, true);
            }
        }
        assert!((6..=20).contains(&pace.window()), "{}", pace.window());
    }

    #[test]
    fn a_fixed_window_only_cools_down() {
        let mut pace = WindowPolicy::fixed(3, LONGEST);
        assert_eq!(windows(&mut pace, 1, 5), [3; 5]);
        let now = Instant::now();
        pace.cool_down(ms(500), now);
        pace.cool_down(ms(200), now);
        assert_eq!(pace.cool_until(now), Some(now + ms(500)));
        assert_eq!(pace.cool_until(now + ms(500)), None);
        pace.cool_down(LONGEST + ms(1), now);
        assert_eq!(pace.cool_until(now), Some(now + ms(500)), "a wait that is never waited is no cool-down");
    }

    proptest::proptest! {
        #[test]
        fn a_window_stays_within_its_bounds(calls: Vec<(u8, u16, bool)>) {
            let mut pace = WindowPolicy::adaptive(LONGEST);
            let mut now = Instant::now();
            for (sign, latency, full) in calls {
                let began = now;
                now += ms(u64::from(latency));
                let sign = [Sign::Answered, Sign::Overloaded, Sign::Neutral][usize::from(sign % 3)];
                let before = pace.window();
                pace.ended(sign, began, now, full);
                let after = pace.window();
                proptest::prop_assert!((1..=WIDEST_WINDOW).contains(&after));
                proptest::prop_assert!(after <= before + 1);
                proptest::prop_assert!(sign != Sign::Overloaded || after <= before);
            }
        }
    }
}

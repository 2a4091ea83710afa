//! How many calls an endpoint gets at once, and when it gets none.
//!
//! [`Pace`] decides and knows no clock; [`Limiter`] makes calls wait as it says. Under a fixed number only the cool-down
//! is shared; under an adaptive one the window also grows and shrinks as TCP's does (slow start, then additive increase
//! and multiplicative decrease: Chiu and Jain 1989; Jacobson 1988).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep_until};

use super::wire::RateLimit;
use super::{CallContext, ChatError, ErrorKind};
use crate::stats::rng::SplitMix64;

/// Calls at once with which an adaptive window starts.
const FIRST_WINDOW: usize = 4;
/// The most calls at once of an adaptive window.
const WIDEST_WINDOW: usize = 64;
/// An adaptive window shrinks again where calls take this many times what they take in a narrow one: the endpoint queues
/// them.
const QUEUEING: f64 = 2.5;
/// The weight of the newest call in the mean of recent latencies.
const NEWEST: f64 = 0.1;
/// The share of a cool-down by which calls are spread behind its end, so that they do not come all at once.
const SPREAD: f64 = 0.1;

/// What a call showed of its endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It answered.
    Answered,
    /// It has too much to do: 429, 503, 529, or no answer in time.
    Overloaded,
    /// Something that says nothing about its load.
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

/// How many calls at once, by what earlier ones showed. Pure.
#[derive(Debug, Clone)]
pub struct Pace {
    window: f64,
    adaptive: bool,
    /// Slow start: the window grows by one with each answer, until something shows that it is wide enough.
    starting: bool,
    cut_at: Option<Instant>,
    cool_until: Option<Instant>,
    longest_cool_down: Duration,
    best_latency: Option<f64>,
    recent_latency: f64,
}

impl Pace {
    /// Always this many calls at once; an endpoint may ask for cool-downs up to a length.
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

    /// As many calls at once as the endpoint bears.
    #[must_use]
    pub fn adaptive(longest_cool_down: Duration) -> Self {
        Self { adaptive: true, starting: true, ..Self::fixed(FIRST_WINDOW, longest_cool_down) }
    }

    /// How many calls may be under way, at least 1.
    #[must_use]
    pub fn window(&self) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and the widest window")]
        let window = self.window as usize;
        window.max(1)
    }

    /// Until when no call may begin; none where one may.
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
        // Conversations grow and endpoints change: a narrow window shows what calls take today.
        let follows = self.recent_latency < best || self.window() <= FIRST_WINDOW;
        self.best_latency = Some(if follows { best + NEWEST * (self.recent_latency - best) } else { best });
        queues
    }

    /// The endpoint asks not to be called for so long. A longer wait than is ever waited is each call's own failure.
    pub fn cool_down(&mut self, wait: Duration, now: Instant) {
        if wait <= self.longest_cool_down {
            self.cool_until = self.cool_until.max(Some(now + wait));
        }
    }

    /// What an endpoint says is left of its limits: with nothing left, calls wait until it has more.
    pub fn told(&mut self, limits: &RateLimit, now: Instant) {
        let used_up = [limits.requests, limits.tokens].into_iter().flatten().filter(|left| left.remaining == 0);
        if let Some(wait) = used_up.filter_map(|left| left.reset).max() {
            self.cool_down(wait, now);
        }
    }
}

/// Makes the calls of one endpoint wait for their turn, first come, first served.
#[derive(Debug)]
pub struct Limiter {
    turns: Semaphore,
    state: Mutex<State>,
    window: watch::Sender<usize>,
}

#[derive(Debug)]
struct State {
    pace: Pace,
    /// Turns that exist: free, or taken by a call.
    turns: usize,
    under_way: usize,
    waiting: usize,
}

/// What a limiter is doing, for the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traffic {
    /// Calls under way, or held back by the cool-down.
    pub under_way: usize,
    /// How many may be.
    pub window: usize,
    /// Calls that wait for a turn.
    pub waiting: usize,
    /// How long the endpoint's cool-down still lasts; none where there is none.
    pub cool_down: Option<Duration>,
}

/// A call's turn. Dropping it gives the turn back.
#[derive(Debug)]
pub struct Turn<'a> {
    limiter: &'a Limiter,
    began: Instant,
}

impl Limiter {
    /// A limiter at this pace.
    #[must_use]
    pub fn new(pace: Pace) -> Arc<Self> {
        let turns = pace.window();
        let state = State { pace, turns, under_way: 0, waiting: 0 };
        Arc::new(Self { turns: Semaphore::new(turns), state: Mutex::new(state), window: watch::Sender::new(turns) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn, and for the end of a cool-down.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] when the run is stopped meanwhile, [`ErrorKind::Timeout`] when the call's deadline is
    /// not met.
    pub async fn turn(&self, context: &CallContext) -> Result<Turn<'_>, ChatError> {
        let late = async {
            match context.deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        let wait = async {
            let mut turn = self.next().await;
            self.cool(context.jitter_seed).await;
            turn.began = Instant::now();
            turn
        };
        tokio::select! {
            turn = wait => Ok(turn),
            () = context.stop.cancelled() => {
                Err(ChatError::new(ErrorKind::Cancelled, "stopped while waiting for a turn"))
            }
            () = late => Err(ChatError::new(ErrorKind::Timeout, "no turn came before the call's deadline")),
        }
    }

    async fn next(&self) -> Turn<'_> {
        self.state().waiting += 1;
        let _waiting = Waiting(self);
        // The semaphore is never closed.
        if let Ok(permit) = self.turns.acquire().await {
            permit.forget();
        }
        self.state().under_way += 1;
        Turn { limiter: self, began: Instant::now() }
    }

    /// Waits for the end of the cool-down, which may be put off meanwhile.
    async fn cool(&self, jitter_seed: u64) {
        let mut jitter = SplitMix64::new(jitter_seed);
        loop {
            let now = Instant::now();
            let Some(until) = self.state().pace.cool_until(now) else { return };
            sleep_until(until + (until - now).mul_f64(SPREAD * jitter.unit())).await;
        }
    }

    /// Takes what an endpoint says of its limits into account.
    pub fn told(&self, limits: &RateLimit) {
        self.state().pace.told(limits, Instant::now());
    }

    /// What is going on.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        let (state, now) = (self.state(), Instant::now());
        Traffic {
            under_way: state.under_way,
            window: state.pace.window(),
            waiting: state.waiting,
            cool_down: state.pace.cool_until(now).map(|until| until - now),
        }
    }

    /// Follows the window as it changes.
    #[must_use]
    pub fn window(&self) -> watch::Receiver<usize> {
        self.window.subscribe()
    }

    /// Gives a turn back, or lets it vanish where the window has shrunk; makes new ones where it has grown.
    fn release(&self, state: &mut State) {
        state.under_way -= 1;
        let window = state.pace.window();
        if state.turns > window {
            state.turns -= 1;
        } else {
            self.turns.add_permits(1);
        }
        if state.turns > window {
            state.turns -= self.turns.forget_permits(state.turns - window);
        } else {
            self.turns.add_permits(window - state.turns);
            state.turns = window;
        }
        self.window.send_if_modified(|known| std::mem::replace(known, window) != window);
    }
}

impl Turn<'_> {
    /// Ends the call, and lets the endpoint's pace learn from it.
    pub fn end<T>(self, result: &Result<T, ChatError>) {
        let now = Instant::now();
        let mut state = self.limiter.state();
        let full = state.under_way >= state.pace.window();
        state.pace.ended(Sign::of(result), self.began, now, full);
        if let Err(ChatError { retry_after: Some(wait), .. }) = result {
            state.pace.cool_down(*wait, now);
        }
        // Dropped here, after the pace is known, to give the turn back.
        drop(state);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.limiter.state();
        self.limiter.release(&mut state);
    }
}

/// Counts a call among those that wait, for as long as it does.
struct Waiting<'a>(&'a Limiter);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
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
    fn windows(pace: &mut Pace, bears: usize, rounds: usize) -> Vec<usize> {
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
        let mut pace = Pace::adaptive(LONGEST);
        assert_eq!(windows(&mut pace, 1000, 6), [4, 8, 16, 32, 64, 64]);
    }

    #[test]
    fn a_cut_halves_once_a_round_and_growth_is_then_one_a_round() {
        let mut pace = Pace::adaptive(LONGEST);
        let seen = windows(&mut pace, 20, 40);
        // 32 is too much; one cut for all refusals of the round, then about one more a round.
        assert_eq!(seen[..5], [4, 8, 16, 32, 26]);
        assert!(seen[4..].iter().all(|window| (10..=22).contains(window) || *window == 26), "{seen:?}");
        let steps = seen[5..].windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max();
        assert_eq!(steps, Some(1), "{seen:?}");
    }

    #[test]
    fn a_window_that_is_not_filled_does_not_grow() {
        let mut pace = Pace::adaptive(LONGEST);
        let now = Instant::now();
        for _ in 0..100 {
            pace.ended(Sign::Answered, now, now + ms(100), false);
        }
        assert_eq!(pace.window(), 4);
    }

    #[test]
    fn an_endpoint_that_queues_instead_of_refusing_is_not_flooded() {
        // A server with four slots: a call takes as long as its turn in the queue needs.
        let mut pace = Pace::adaptive(LONGEST);
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
        let mut pace = Pace::fixed(3, LONGEST);
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
            let mut pace = Pace::adaptive(LONGEST);
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

    fn limited(wait: Duration) -> Result<(), ChatError> {
        Err(ChatError { retry_after: Some(wait), ..ChatError::new(ErrorKind::RateLimited, "") })
    }

    #[tokio::test(start_paused = true)]
    async fn a_cool_down_holds_for_all_calls_and_ends_spread() {
        let limiter = Limiter::new(Pace::fixed(8, LONGEST));
        let turn = limiter.turn(&CallContext::default()).await.unwrap();
        turn.end(&limited(Duration::from_secs(10)));
        let start = Instant::now();
        let mut begun = Vec::new();
        for jitter_seed in 0..8 {
            let context = CallContext { jitter_seed, ..CallContext::default() };
            let limiter = Arc::clone(&limiter);
            begun.push(tokio::spawn(async move {
                let _turn = limiter.turn(&context).await.unwrap();
                Instant::now()
            }));
        }
        let mut waits = Vec::new();
        for task in begun {
            waits.push((task.await.unwrap() - start).as_secs_f64());
        }
        assert!(waits.iter().all(|wait| (10.0..=11.1).contains(wait)), "{waits:?}");
        waits.dedup();
        assert_eq!(waits.len(), 8, "{waits:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn turns_are_never_more_than_the_window_and_none_is_lost() {
        let limiter = Limiter::new(Pace::adaptive(LONGEST));
        let mut calls = tokio::task::JoinSet::new();
        for index in 0..500_u64 {
            let limiter = Arc::clone(&limiter);
            calls.spawn(async move {
                let Ok(turn) = limiter.turn(&CallContext::default()).await else { return };
                let traffic = limiter.traffic();
                // A window that has just shrunk still has older calls under way.
                assert!(traffic.under_way <= WIDEST_WINDOW, "{traffic:?}");
                tokio::time::sleep(ms(50 + index % 7)).await;
                match index % 10 {
                    0 => turn.end(&limited(ms(30))),
                    1 => drop(turn),
                    _ => turn.end(&Ok(())),
                }
            });
        }
        while let Some(ended) = calls.join_next().await {
            ended.unwrap();
        }
        let traffic = limiter.traffic();
        assert_eq!((traffic.under_way, traffic.waiting), (0, 0));
        assert_eq!(limiter.turns.available_permits(), traffic.window);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_with_the_deadline_or_the_run() {
        let limiter = Limiter::new(Pace::fixed(1, LONGEST));
        let _taken = limiter.turn(&CallContext::default()).await.unwrap();
        let late = CallContext { deadline: Some(Instant::now() + ms(10)), ..CallContext::default() };
        assert_eq!(limiter.turn(&late).await.unwrap_err().kind, ErrorKind::Timeout);
        let stopped = CallContext::default();
        stopped.stop.cancel();
        assert_eq!(limiter.turn(&stopped).await.unwrap_err().kind, ErrorKind::Cancelled);
        assert_eq!(limiter.traffic().waiting, 0);
    }
}

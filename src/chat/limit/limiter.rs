//! Makes the calls of one endpoint wait for their turn, as the policy of the window says.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep_until};

use super::policy::{Sign, WindowPolicy};
use crate::chat::wire::RateLimit;
use crate::chat::{CallContext, ChatError, ErrorKind};
use crate::stats::rng::SplitMix64;

/// The share of a cool-down over which calls are spread after its end, so that they do not come all at once.
const SPREAD: f64 = 0.1;

/// Makes the calls of one endpoint wait for their turn, first come, first served.
#[derive(Debug)]
pub struct Limiter {
    turns: Semaphore,
    state: Mutex<State>,
    window: watch::Sender<usize>,
}

#[derive(Debug)]
struct State {
    pace: WindowPolicy,
    /// The number of turns that exist, whether free or taken by a call.
    turns: usize,
    under_way: usize,
    waiting: usize,
}

/// The present state of a limiter, for the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traffic {
    /// The number of calls under way or held back by the cool-down.
    pub under_way: usize,
    /// The number of calls that may be under way.
    pub window: usize,
    /// The number of calls that wait for a turn.
    pub waiting: usize,
    /// The time for which the endpoint's cool-down still lasts; none without one.
    pub cool_down: Option<Duration>,
}

/// The turn of a call. Dropping it gives the turn back.
#[derive(Debug)]
pub struct Turn<'a> {
    limiter: &'a Limiter,
    began: Instant,
}

impl Limiter {
    /// Makes a limiter with this policy.
    #[must_use]
    pub fn new(pace: WindowPolicy) -> Arc<Self> {
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
    /// Returns [`ErrorKind::Cancelled`] if the run is stopped meanwhile, and [`ErrorKind::Timeout`] if the call's
    /// deadline passes.
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

    /// Waits for the end of the cool-down, which may be postponed meanwhile.
    async fn cool(&self, jitter_seed: u64) {
        let mut jitter = SplitMix64::new(jitter_seed);
        loop {
            let now = Instant::now();
            let Some(until) = self.state().pace.cool_until(now) else { return };
            sleep_until(until + (until - now).mul_f64(SPREAD * jitter.unit())).await;
        }
    }

    /// Takes the limits that an endpoint states into account.
    pub fn told(&self, limits: &RateLimit) {
        self.state().pace.told(limits, Instant::now());
    }

    /// Returns the present state of the limiter.
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

    /// Gives a turn back, or removes it if the window has shrunk; creates new turns if the window has grown.
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
    /// Ends the call, and lets the policy learn from its result.
    pub fn end<T>(self, result: &Result<T, ChatError>) {
        let now = Instant::now();
        let mut state = self.limiter.state();
        let full = state.under_way >= state.pace.window();
        state.pace.ended(Sign::of(result), self.began, now, full);
        if let Err(ChatError { retry_after: Some(wait), .. }) = result {
            state.pace.cool_down(*wait, now);
        }
        // The turn is dropped here, after the policy has learnt, to give it back.
        drop(state);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.limiter.state();
        self.limiter.release(&mut state);
    }
}

/// Counts a call among those that wait, for as long as it waits.
struct Waiting<'a>(&'a Limiter);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::limit::policy::WIDEST_WINDOW;

    const LONGEST: Duration = Duration::from_secs(120);

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn limited(wait: Duration) -> Result<(), ChatError> {
        Err(ChatError { retry_after: Some(wait), ..ChatError::new(ErrorKind::RateLimited, "") })
    }

    #[tokio::test(start_paused = true)]
    async fn a_cool_down_holds_for_all_calls_and_ends_spread() {
        let limiter = Limiter::new(WindowPolicy::fixed(8, LONGEST));
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
        let limiter = Limiter::new(WindowPolicy::adaptive(LONGEST));
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
        let limiter = Limiter::new(WindowPolicy::fixed(1, LONGEST));
        let _taken = limiter.turn(&CallContext::default()).await.unwrap();
        let late = CallContext { deadline: Some(Instant::now() + ms(10)), ..CallContext::default() };
        assert_eq!(limiter.turn(&late).await.unwrap_err().kind, ErrorKind::Timeout);
        let stopped = CallContext::default();
        stopped.stop.cancel();
        assert_eq!(limiter.turn(&stopped).await.unwrap_err().kind, ErrorKind::Cancelled);
        assert_eq!(limiter.traffic().waiting, 0);
    }
}

//! Measures the time since a connection was last used, and waits until it exceeds a limit.
//!
//! A deadline that every request moves would be a timer to set and to drop for every request. Here a request notes the
//! time of its use, and one timer for the life of a connection checks it whenever the timer runs out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The time at which something was last used.
#[derive(Debug)]
pub(crate) struct Idle {
    began: Instant,
    /// The microseconds from the beginning to the last use.
    last: AtomicU64,
    busy: AtomicBool,
}

impl Idle {
    /// Starts with a use at this moment.
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), last: AtomicU64::new(0), busy: AtomicBool::new(false) }
    }

    /// Notes a use at this moment.
    pub(crate) fn touch(&self) {
        let since = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.last.store(since, Ordering::Relaxed);
    }

    /// Counts as used until the returned guard is dropped.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        self.busy.store(true, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// Waits until it was not used for this time.
    pub(crate) async fn rested(&self, limit: Duration) {
        let timer = tokio::time::sleep(limit);
        tokio::pin!(timer);
        loop {
            timer.as_mut().await;
            let now = Instant::now();
            let last = if self.busy.load(Ordering::Relaxed) {
                now
            } else {
                self.began + Duration::from_micros(self.last.load(Ordering::Relaxed))
            };
            if last + limit <= now {
                return;
            }
            timer.as_mut().reset(last + limit);
        }
    }
}

/// A use that takes some time. Its end counts as a use, too.
#[derive(Debug)]
pub(crate) struct Busy(Arc<Idle>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.touch();
        self.0.busy.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMIT: Duration = Duration::from_secs(75);

    /// Returns the number of seconds after which it has rested. Each use has the second of its beginning and its length
    /// in seconds.
    fn rests_after(uses: Vec<(u64, u64)>) -> u64 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (idle, began) = (Arc::new(Idle::new()), Instant::now());
            let seen = Arc::clone(&idle);
            tokio::spawn(async move {
                for (at, takes) in uses {
                    tokio::time::sleep_until(began + Duration::from_secs(at)).await;
                    if takes == 0 {
                        seen.touch();
                    } else {
                        let _busy = seen.busy();
                        tokio::time::sleep(Duration::from_secs(takes)).await;
                    }
                }
            });
            idle.rested(LIMIT).await;
            began.elapsed().as_secs()
        })
    }

    #[test]
    fn it_rests_when_nothing_was_done_for_so_long() {
        assert_eq!(rests_after(vec![]), 75);
        assert_eq!(rests_after(vec![(60, 0)]), 135);
        assert_eq!(rests_after(vec![(60, 0), (100, 0), (170, 0)]), 245);
        assert_eq!(rests_after(vec![(60, 0), (140, 0)]), 135, "too late");
        assert_eq!(rests_after(vec![(10, 600)]), 685, "an answer takes its time");
        assert_eq!(rests_after(vec![(70, 1), (71, 0), (140, 200)]), 415);
    }

    proptest! {
        /// Checks that it rests the given time after the end of the last use that came in time.
        #[test]
        fn it_rests_after_the_last_use_in_time(gaps in prop::collection::vec((1_u64..100, 0_u64..200), 0..12)) {
            let (mut uses, mut end, mut last, mut open) = (Vec::new(), 0, 0, true);
            for (gap, takes) in gaps {
                let at = end + gap;
                uses.push((at, takes));
                end = at + takes;
                // At exactly that second either may come first.
                prop_assume!(!open || gap != LIMIT.as_secs());
                open &= gap < LIMIT.as_secs();
                if open {
                    last = end;
                }
            }
            prop_assert_eq!(rests_after(uses), last + LIMIT.as_secs());
        }
    }
}

//! The retry policy: when a call is tried again, and after how long.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::adjust::Adjusted;
use super::chaos::Chaos;
use super::{BoxFuture, CallContext, ChatClient, ChatError, ChatReply, ChatRequest, ErrorKind, Retry};
use crate::stats::rng::SplitMix64;

/// The number of repetitions of a call, and the delays between them.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPolicy {
    /// The number of attempts after the first one.
    pub max_retries: u32,
    /// The upper bound of the first delay. It doubles with each attempt.
    pub base_delay: Duration,
    /// The upper bound of every delay that we choose.
    pub max_delay: Duration,
    /// The longest wait that an endpoint may ask for. If it asks for more, the call fails.
    pub max_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: 4,
            base_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(30),
            max_retry_after: Duration::from_secs(120),
        }
    }
}

impl RetryPolicy {
    /// The delay before attempt `attempt` + 1, where `attempt` counts from 0; none if the call should fail.
    ///
    /// The wait that the endpoint asks for is honoured. Otherwise the delay is uniform over [0, min(cap, base ·
    /// 2^attempt)), which spreads clients that failed together ("full jitter", Brooker 2015). `jitter` lies in [0, 1).
    #[must_use]
    pub fn next_delay(&self, attempt: u32, error: &ChatError, jitter: f64) -> Option<Duration> {
        if attempt >= self.max_retries || !error.is_retryable() {
            return None;
        }
        if let Some(asked) = error.retry_after {
            return (asked <= self.max_retry_after).then_some(asked);
        }
        let bound = self.base_delay.saturating_mul(2_u32.saturating_pow(attempt.min(31))).min(self.max_delay);
        Some(bound.mul_f64(jitter.clamp(0.0, 1.0)))
    }
}

/// A client that repeats attempts whose faults can pass.
pub struct Retrying<C> {
    client: C,
    policy: RetryPolicy,
    chaos: Option<Chaos>,
}

impl<C: ChatClient> Retrying<C> {
    /// Puts a retry policy around a client.
    pub const fn new(client: C, policy: RetryPolicy) -> Self {
        Self { client, policy, chaos: None }
    }

    /// Adds faults on purpose, which take the place of attempts.
    #[must_use]
    pub fn with_chaos(self, chaos: Option<Chaos>) -> Self {
        Self { chaos, ..self }
    }

    async fn run(&self, request: &ChatRequest, context: &CallContext) -> Result<ChatReply, ChatError> {
        let mut rng = SplitMix64::new(context.jitter_seed);
        let mut retries = Vec::new();
        for attempt in 0.. {
            let chaos = self.chaos.as_ref().filter(|_| !context.spared);
            let answer = match chaos.and_then(|chaos| chaos.strikes(context.jitter_seed, attempt)) {
                Some(fault) => Err(fault),
                None => self.client.complete(request, context).await,
            };
            let mut error = match answer {
                Ok(mut reply) => {
                    reply.retries = retries;
                    return Ok(reply);
                }
                Err(error) => error,
            };
            if let Some(asked) =
                error.retry_after.filter(|asked| error.is_retryable() && *asked > self.policy.max_retry_after)
            {
                let longest = self.policy.max_retry_after.as_secs();
                error.message =
                    format!("{} (asks to wait {} s; at most {longest} are waited)", error.message, asked.as_secs());
            }
            let delay = self.policy.next_delay(attempt, &error, rng.unit());
            let in_time = |delay| context.deadline.is_none_or(|deadline| Instant::now() + delay < deadline);
            if let Some(delay) = delay.filter(|delay| in_time(*delay)) {
                let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
                retries.push(Retry { error: error.kind, status: error.status, delay_ms });
                tokio::select! {
                    () = sleep(delay) => {}
                    () = context.stop.cancelled() => {
                        return Err(ChatError { retries, ..ChatError::new(ErrorKind::Cancelled, "stopped while waiting to try again") });
                    }
                }
            } else {
                error.retries = retries;
                return Err(error);
            }
        }
        // The loop has no other end.
        Err(ChatError::new(ErrorKind::Cancelled, "no attempt was made"))
    }
}

impl<C: ChatClient> ChatClient for Retrying<C> {
    fn complete<'a>(
        &'a self,
        request: &'a ChatRequest,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<ChatReply, ChatError>> {
        Box::pin(self.run(request, context))
    }

    fn adjusted(&self) -> Adjusted {
        self.client.adjusted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(retry_after: Option<Duration>) -> ChatError {
        ChatError { retry_after, ..ChatError::new(ErrorKind::RateLimited, "") }
    }

    #[test]
    fn what_the_endpoint_asks_for_is_honoured_within_reason() {
        let policy = RetryPolicy::default();
        let ask = |seconds| policy.next_delay(0, &limited(Some(Duration::from_secs(seconds))), 0.5);
        assert_eq!(ask(7), Some(Duration::from_secs(7)));
        assert_eq!(ask(121), None);
        assert_eq!(policy.next_delay(4, &limited(None), 0.5), None);
        assert_eq!(policy.next_delay(0, &ChatError::new(ErrorKind::Auth, ""), 0.5), None);
    }

    proptest::proptest! {
        #[test]
        fn delays_are_bounded_and_grow_with_jitter(attempt in 0_u32..40, a in 0.0..1.0_f64, b in 0.0..1.0_f64) {
            let policy = RetryPolicy { max_retries: 100, ..RetryPolicy::default() };
            let delay = |jitter| policy.next_delay(attempt, &limited(None), jitter).unwrap();
            proptest::prop_assert!(delay(a) <= policy.max_delay);
            proptest::prop_assert!(delay(a.min(b)) <= delay(a.max(b)));
        }
    }
}

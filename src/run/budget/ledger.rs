//! The ledger of a run: it keeps count of what is spent, and decides what may begin. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::amount::Amount;
use crate::log::EpisodeKey;
use incident_env::TaskId;

/// The factor on every expected cost, because half of all episodes cost more than the mean.
const CAUTION: f64 = 1.1;
/// The tokens for each byte of a prompt, until an endpoint has counted some. This is much for English, because a call
/// should rather be refused than overdraw the budget.
const TOKENS_A_BYTE: f64 = 1.0 / 3.0;

/// The limits of a run. A limit that is not set does not exist.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    /// The limit on the cost in USD.
    pub cost_usd: Option<f64>,
    /// The limit on the tokens.
    pub tokens: Option<u64>,
    /// The limit on the time, counted from the start of the process.
    pub time: Option<Duration>,
}

/// The limits of a run, named by the options that set them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The limit of `--max-cost`.
    Cost,
    /// The limit of `--max-total-tokens`.
    Tokens,
    /// The limit of `--time-limit`.
    Time,
}

impl Kind {
    /// The option that sets the limit.
    #[must_use]
    pub const fn option(self) -> &'static str {
        match self {
            Self::Cost => "--max-cost",
            Self::Tokens => "--max-total-tokens",
            Self::Time => "--time-limit",
        }
    }
}

/// Whether an episode or a call may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// The episode or call may begin.
    Yes,
    /// It may perhaps begin when more of what is under way has ended.
    Later,
    /// It may not begin, and neither may anything else: the budget is spent.
    No,
}

/// What the episodes of a model and task have cost so far.
#[derive(Debug, Clone, Copy, Default)]
struct Observed {
    episodes: f64,
    sum: Amount,
    seconds: f64,
}

/// Counts what a run spends. Pure: it is given the time and never asks for it.
#[derive(Debug)]
pub struct Ledger {
    pub(super) limits: Limits,
    pub(super) deadline: Option<Instant>,
    pub(super) spent: Amount,
    /// The most that the calls under way can cost.
    held: Amount,
    /// The remaining episodes of models, by round.
    rounds: BTreeMap<usize, Vec<(EpisodeKey, TaskId)>>,
    /// The episodes of rounds that have begun, with what each has spent.
    open: BTreeMap<EpisodeKey, (TaskId, Amount)>,
    /// The expected cost of an episode of a model and task, which counts until one has ended.
    forecast: BTreeMap<(String, TaskId), Amount>,
    observed: BTreeMap<(String, TaskId), Observed>,
    /// The most tokens for each byte that the prompts of a model had.
    density: BTreeMap<String, f64>,
    /// Whether no round has begun yet. The first round begins whatever it may cost, because a run should give some
    /// result.
    fresh: bool,
    pub(super) out: Option<Kind>,
}

impl Ledger {
    /// Makes a ledger for a run that has spent this much before.
    #[must_use]
    pub fn new(limits: Limits, spent: Amount, started: Instant) -> Self {
        Self {
            limits,
            deadline: limits.time.map(|time| started + time),
            spent,
            held: Amount::default(),
            rounds: BTreeMap::new(),
            open: BTreeMap::new(),
            forecast: BTreeMap::new(),
            observed: BTreeMap::new(),
            density: BTreeMap::new(),
            fresh: true,
            out: None,
        }
    }

    /// Sets the remaining episodes, the expected cost of each kind of episode, and whether the run has just begun.
    pub fn plan(
        &mut self,
        rounds: BTreeMap<usize, Vec<(EpisodeKey, TaskId)>>,
        forecast: BTreeMap<(String, TaskId), Amount>,
        fresh: bool,
    ) {
        (self.rounds, self.forecast, self.fresh) = (rounds, forecast, fresh);
    }

    fn expected(&self, key: &EpisodeKey, task: TaskId) -> Amount {
        let of = (key.contestant.clone(), task);
        match self.observed.get(&of).filter(|observed| observed.episodes > 0.0) {
            Some(observed) => observed.sum.times(CAUTION / observed.episodes),
            None => self.forecast.get(&of).copied().unwrap_or_default(),
        }
    }

    /// The limit that this much more would break; none if it fits.
    fn broken_by(&self, more: Amount) -> Option<Kind> {
        let after = self.spent.plus(more);
        #[expect(clippy::cast_precision_loss, reason = "token counts fit a double")]
        let tokens = self.limits.tokens.is_some_and(|limit| after.tokens > limit as f64);
        match self.limits.cost_usd {
            Some(limit) if after.cost_usd > limit => Some(Kind::Cost),
            _ if tokens => Some(Kind::Tokens),
            _ => None,
        }
    }

    /// Decides whether an episode of this round may begin.
    pub fn may_begin(&mut self, round: usize, now: Instant) -> Admission {
        if self.out.is_some() {
            return Admission::No;
        }
        while let Some(next) = self.rounds.keys().next().copied().filter(|next| *next <= round) {
            if let Some(limit) = self.obstacle(next, now) {
                if self.open.is_empty() {
                    self.out = Some(limit);
                    return Admission::No;
                }
                return Admission::Later;
            }
            self.fresh = false;
            for (key, task) in self.rounds.remove(&next).unwrap_or_default() {
                self.open.insert(key, (task, Amount::default()));
            }
        }
        Admission::Yes
    }

    /// The limit that prevents a round from beginning; none if it may begin.
    fn obstacle(&self, round: usize, now: Instant) -> Option<Kind> {
        let episodes = self.rounds.get(&round)?;
        let open = self.open.iter().map(|(key, (task, spent))| self.expected(key, *task).less(*spent));
        let new = episodes.iter().map(|(key, task)| self.expected(key, *task));
        let expected = open.chain(new).fold(Amount::default(), Amount::plus);
        let longest = episodes.iter().filter_map(|(key, task)| {
            let observed = self.observed.get(&(key.contestant.clone(), *task))?;
            Duration::try_from_secs_f64(observed.seconds / observed.episodes).ok()
        });
        let ends = now + longest.max().unwrap_or_default();
        match self.deadline {
            Some(deadline) if ends >= deadline && (!self.fresh || now >= deadline) => Some(Kind::Time),
            _ if self.fresh => self.broken_by(Amount::default()),
            _ => self.broken_by(expected),
        }
    }

    /// The most tokens that a prompt of so many bytes should have, judged by the model's earlier prompts.
    #[must_use]
    pub fn prompt_tokens(&self, model: &str, bytes: usize) -> u64 {
        let density = self.density.get(model).map_or(TOKENS_A_BYTE, |seen| seen * CAUTION);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an estimate of a count"
        )]
        let tokens = (bytes as f64 * density).ceil() as u64;
        tokens
    }

    /// Notes that an endpoint counted the tokens of a prompt.
    pub fn counted(&mut self, model: &str, bytes: usize, prompt_tokens: u64) {
        #[expect(clippy::cast_precision_loss, reason = "counts fit a double")]
        let density = prompt_tokens as f64 / bytes.max(1) as f64;
        let known = self.density.entry(model.to_owned()).or_insert(density);
        *known = known.max(density);
    }

    /// Decides whether a call that costs at most this much may be made. If it may, the amount is held back until
    /// [`Self::settle`].
    pub fn hold(&mut self, most: Amount, now: Instant) -> Admission {
        if self.out.is_some() || self.is_late(now) {
            return Admission::No;
        }
        match self.broken_by(self.held.plus(most)) {
            None => {
                self.held = self.held.plus(most);
                Admission::Yes
            }
            Some(_) if self.held != Amount::default() => Admission::Later,
            Some(limit) => {
                self.out = Some(limit);
                Admission::No
            }
        }
    }

    /// Notes that a call whose amount was held back has ended, and what it really cost.
    pub fn settle(&mut self, most: Amount, key: &EpisodeKey, came_to: Amount) {
        self.held = self.held.less(most);
        // Sums of doubles leave tiny remainders.
        if self.held.tokens < 0.5 {
            self.held = Amount::default();
        }
        self.spent = self.spent.plus(came_to);
        if let Some((_, spent)) = self.open.get_mut(key) {
            *spent = spent.plus(came_to);
        }
    }

    /// Notes an amount that was spent outside any episode.
    pub fn charge(&mut self, amount: Amount) {
        self.spent = self.spent.plus(amount);
    }

    /// Notes that an episode has ended after so long. Only an episode that was played completely shows what others will
    /// cost.
    pub fn ended(&mut self, key: &EpisodeKey, took: Option<Duration>) {
        let Some((task, spent)) = self.open.remove(key) else { return };
        if let Some(took) = took {
            let observed = self.observed.entry((key.contestant.clone(), task)).or_default();
            observed.episodes += 1.0;
            observed.sum = observed.sum.plus(spent);
            observed.seconds += took.as_secs_f64();
        }
    }

    /// Whether the time is up. If it is, nothing may begin any more.
    pub(super) fn is_late(&mut self, now: Instant) -> bool {
        let late = self.deadline.is_some_and(|deadline| now >= deadline);
        if late && self.out.is_none() {
            self.out = Some(Kind::Time);
        }
        late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(model: &str, scenario: &str) -> EpisodeKey {
        EpisodeKey { contestant: model.to_owned(), scenario: scenario.to_owned(), epoch: 0 }
    }

    fn tokens(tokens: f64) -> Amount {
        Amount { cost_usd: tokens / 1000.0, tokens }
    }

    const TASK: TaskId = TaskId::AlertClassification;

    /// A ledger for two models with one scenario a round, where each episode is expected to take 100 tokens.
    fn ledger(limits: Limits, rounds: usize, now: Instant) -> Ledger {
        let mut ledger = Ledger::new(limits, Amount::default(), now);
        let episodes = |round: usize| ["a", "b"].map(|model| (key(model, &format!("S{round}")), TASK)).to_vec();
        let forecast = ["a", "b"].map(|model| ((model.to_owned(), TASK), tokens(100.0)));
        ledger.plan((0..rounds).map(|round| (round, episodes(round))).collect(), forecast.into(), true);
        ledger
    }

    fn play(ledger: &mut Ledger, round: usize, each: f64, now: Instant) {
        for model in ["a", "b"] {
            let key = key(model, &format!("S{round}"));
            assert_eq!(ledger.hold(tokens(each), now), Admission::Yes);
            ledger.settle(tokens(each), &key, tokens(each));
            ledger.ended(&key, Some(Duration::from_secs(10)));
        }
    }

    #[test]
    fn only_whole_rounds_are_begun() {
        let now = Instant::now();
        for limits in
            [Limits { tokens: Some(1000), ..Limits::default() }, Limits { cost_usd: Some(1.0), ..Limits::default() }]
        {
            let mut ledger = ledger(limits, 10, now);
            // With 100 tokens expected and 150 used, 900 are spent after three rounds, and a fourth does not fit.
            for round in 0..3 {
                assert_eq!(ledger.may_begin(round, now), Admission::Yes, "{round}");
                play(&mut ledger, round, 150.0, now);
            }
            assert_eq!(ledger.may_begin(3, now), Admission::No);
            assert!(ledger.out.is_some());
            assert_eq!(ledger.hold(tokens(1.0), now), Admission::No);
        }
    }

    #[test]
    fn a_round_that_may_fit_later_waits_for_what_is_under_way() {
        let now = Instant::now();
        let mut ledger = ledger(Limits { tokens: Some(420), ..Limits::default() }, 3, now);
        assert_eq!(ledger.may_begin(1, now), Admission::Yes);
        assert_eq!(ledger.may_begin(2, now), Admission::Later);
        play(&mut ledger, 0, 50.0, now);
        // The episodes under way are now expected to take as little as the ended one.
        assert_eq!(ledger.may_begin(2, now), Admission::Yes);
    }

    #[test]
    fn the_first_round_begins_and_calls_that_could_overdraw_are_not_made() {
        let now = Instant::now();
        let mut ledger = ledger(Limits { tokens: Some(90), ..Limits::default() }, 3, now);
        assert_eq!(ledger.may_begin(0, now), Admission::Yes);
        assert_eq!(ledger.hold(tokens(60.0), now), Admission::Yes);
        assert_eq!(ledger.hold(tokens(60.0), now), Admission::Later);
        ledger.settle(tokens(60.0), &key("a", "S0"), tokens(20.0));
        assert_eq!(ledger.hold(tokens(60.0), now), Admission::Yes);
        ledger.settle(tokens(60.0), &key("b", "S0"), tokens(50.0));
        assert_eq!(ledger.hold(tokens(60.0), now), Admission::No);
        assert_eq!(ledger.out, Some(Kind::Tokens));
    }

    #[test]
    fn no_round_begins_that_would_end_too_late() {
        let now = Instant::now();
        let mut ledger = ledger(Limits { time: Some(Duration::from_secs(25)), ..Limits::default() }, 3, now);
        assert_eq!(ledger.may_begin(0, now), Admission::Yes);
        play(&mut ledger, 0, 1.0, now);
        let after = |seconds| now + Duration::from_secs(seconds);
        assert_eq!(ledger.may_begin(1, after(10)), Admission::Yes);
        play(&mut ledger, 1, 1.0, after(10));
        assert_eq!(ledger.may_begin(2, after(20)), Admission::No);
        assert_eq!(ledger.out, Some(Kind::Time));
    }

    proptest::proptest! {
        #[test]
        fn calls_never_come_to_more_than_the_limit(limit in 1_u64..5000, calls: Vec<(u16, u8, bool)>) {
            let now = Instant::now();
            let mut ledger = Ledger::new(Limits { tokens: Some(limit), ..Limits::default() }, Amount::default(), now);
            let mut under_way: Vec<(Amount, Amount)> = Vec::new();
            for (most, share, begin) in calls {
                let most = tokens(f64::from(most));
                if begin {
                    if ledger.hold(most, now) == Admission::Yes {
                        under_way.push((most, most.times(f64::from(share) / 255.0)));
                    }
                } else if let Some((held, came_to)) = under_way.pop() {
                    ledger.settle(held, &key("a", "S"), came_to);
                }
            }
            for (held, came_to) in under_way {
                ledger.settle(held, &key("a", "S"), came_to);
            }
            #[expect(clippy::cast_precision_loss, reason = "small")]
            let limit = limit as f64;
            proptest::prop_assert!(ledger.spent.tokens <= limit + 1e-6);
        }
    }
}

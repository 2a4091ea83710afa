//! Further alerts: rules that fired elsewhere, on parts that suffer as well and on parts that look bad for another reason.
//! Some are older than the alert that wakes the responder, and some are over.

use std::collections::BTreeSet;

use crate::data::kinds::Symptom;
use crate::draws::Stream;
use crate::ids::EntityId;
use crate::incident::alarm::Alarms;
use crate::incident::course::Course;
use crate::incident::incident::Decoy;
use crate::incident::rule::AlertRule;
use crate::incident::timed::HISTORY;

/// One in so many decoys has a rule that fires, if one can.
const WATCHED: u32 = 3;
/// The ages of alerts about what has been there for days, in minutes.
const OLD: [u32; 2] = [1500, 9000];

impl Alarms<'_> {
    /// Draws the alerts beside the page, oldest first. `decoys` are those that have nothing to do with a false alarm, and
    /// `minute` is one in which what made the page fire is there. What fires because of it has begun at `onset`.
    pub(super) fn further(
        self,
        page: &AlertRule,
        course: &Course,
        decoys: &[Decoy],
        minute: i32,
        onset: i32,
    ) -> Vec<AlertRule> {
        let draws = self.draws;
        let most = usize::from(self.knobs.alerts);
        let mut parts = BTreeSet::from([page.at]);
        parts.extend(decoys.iter().map(|decoy| decoy.at));
        let mut suffering = self.candidates(|symptom| course.having(symptom, self.class(symptom), minute));
        suffering.sort_by_cached_key(|(at, symptom)| {
            let number = Symptom::ALL.iter().position(|one| one == symptom).unwrap_or_default() as u64;
            draws.bits(Stream::Alerts, u64::from(*at) << 1, number, 1)
        });
        let count = draws.below(Stream::Alerts, 1, 0, u32::from(self.knobs.alerts) + 1) as usize;
        let of_part = |what: (EntityId, Symptom)| self.rule(what, course, [onset, 0], minute == 0);
        let mut alerts = Vec::new();
        for what in suffering {
            let is_free = alerts.len() < count && !parts.contains(&what.0);
            if let Some(rule) = is_free.then(|| of_part(what)).flatten() {
                parts.insert(what.0);
                alerts.push(rule);
            }
        }
        let watched = decoys.iter().filter(|decoy| {
            decoy.at != page.at && draws.below(Stream::Alerts, u64::from(decoy.at) << 1, 2, WATCHED) == 0
        });
        alerts.extend(watched.filter_map(|decoy| self.of_decoy(decoy, course)).take(most));
        alerts.sort_by_key(|rule| (std::cmp::Reverse(rule.since), rule.at));
        alerts
    }

    /// Returns a rule that a decoy makes fire, if one does.
    fn of_decoy(self, decoy: &Decoy, course: &Course) -> Option<AlertRule> {
        let shown = |symptom: &Symptom| self.class(*symptom).is_some_and(|class| decoy.shows.contains(class));
        let all = self.candidates(|_| [decoy.at].into_iter().collect());
        let symptoms = || all.iter().map(|(_, symptom)| *symptom);
        let of_class = symptoms().find(shown);
        let of_traffic = symptoms().filter(|one| matches!(one, Symptom::Errors | Symptom::Latency));
        let possible = of_class.into_iter().chain(of_traffic);
        if decoy.is_chronic() {
            // What fails every day is no reason to fire, and what is full every day is.
            let usual = course.usual(decoy.at);
            let rules = AlertRule::possible(self.draws, decoy.at, of_class?, usual, self.knobs.noise);
            let rule = rules.first().copied()?;
            let since = self.draws.within(Stream::Alerts, u64::from(decoy.at) << 1, 3, OLD[0], OLD[1]);
            return Some(AlertRule { since, ..rule });
        }
        let within = [decoy.from.max(1 - HISTORY), -1];
        possible
            .into_iter()
            .find_map(|symptom| self.rule((decoy.at, symptom), course, within, false))
            .filter(|rule| !rule.is_within_noise())
    }
}

//! Recovery: how what a fault left behind goes away once the fault is over. All functions here are pure.

/// The minutes after the end of the last change from which on the system counts as settled.
pub(crate) const SETTLED_AFTER: u32 = 5;
/// The minutes after the end of the last change in which everything that it did has played out.
pub(crate) const PLAYED_OUT_AFTER: u32 = 60;
/// The most minutes in which a fact that has ended still acts, less and less. They are fewer than those in which a system
/// settles after a change.
pub(crate) const FADES: i32 = 4;
/// Returns how much of a fact is left so many minutes after its end, in thousandths of what it was, or `None` if nothing
/// is. The more slowly it had come to act in full (`ramp`, in minutes), the longer it takes. What waits is worked off
/// evenly; a cache that is cold fills with what is asked for most, so that half of what it misses is gone after each
/// minute.
#[must_use]
pub(crate) fn fades(ramp: i32, is_cold: bool, since: i32) -> Option<i32> {
    let minutes = ramp.min(FADES);
    if !(0..minutes).contains(&since) {
        return None;
    }
    Some(if is_cold { 500 >> since } else { (minutes - since) * 1000 / (minutes + 1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_ended_fades_within_four_minutes() {
        let all = |ramp, cold| (-1..5).map(|since| fades(ramp, cold, since)).collect::<Vec<_>>();
        assert_eq!(all(15, false), [None, Some(800), Some(600), Some(400), Some(200), None]);
        assert_eq!(all(2, false), [None, Some(666), Some(333), None, None, None]);
        assert_eq!(all(9, true), [None, Some(500), Some(250), Some(125), Some(62), None]);
        assert_eq!(all(0, true), [None; 6]);
    }
}

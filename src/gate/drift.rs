//! What makes two runs different measurements: suite, prompts, graders, and how a contestant was asked. Pure.

use crate::log::{Row, Summary};

/// A protocol that is found out when the run begins, and so is not known before it.
const NOT_YET_KNOWN: &str = "auto";

/// A difference between two runs because of which their scores cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the runs have different {what}: {base} and {new}")]
pub struct Drift {
    /// The part that differs: suite, prompts, graders, or how a contestant was asked.
    pub what: String,
    /// The value in the base.
    pub base: String,
    /// The value in the new run.
    pub new: String,
}

/// The differences between the runs as a whole.
pub(super) fn of_runs(base: &Summary, new: &Summary) -> Vec<Drift> {
    let (a, b) = (&base.run, &new.run);
    let any_model = base.rows.iter().chain(&new.rows).any(|row| row.protocol.is_some());
    let graders = (a.graders.join(", "), b.graders.join(", "));
    [
        ("suite", a.suite_digest.clone(), b.suite_digest.clone(), true),
        ("prompts", a.prompts_digest.clone(), b.prompts_digest.clone(), any_model),
        ("graders", graders.0, graders.1, true),
    ]
    .into_iter()
    .filter(|(_, base, new, matters)| *matters && base != new)
    .map(|(what, base, new, _)| Drift { what: what.to_owned(), base, new })
    .collect()
}

/// The differences between the requests to one contestant. Older summaries do not say all of how a model was asked.
pub(super) fn of_requests(before: &Row, after: &Row) -> Vec<Drift> {
    let label = &after.contestant;
    let of = |what: &str, base: &str, new: &str| {
        let drift = || Drift { what: format!("settings of {label} ({what})"), base: base.into(), new: new.into() };
        (base != new).then(drift)
    };
    let mut drifts = Vec::new();
    let protocols = before.protocol.as_deref().zip(after.protocol.as_deref());
    let known = protocols.filter(|(base, new)| ![*base, *new].contains(&NOT_YET_KNOWN));
    drifts.extend(known.and_then(|(base, new)| of("protocol", base, new)));
    let assist = before.assist.as_deref().zip(after.assist.as_deref());
    drifts.extend(assist.and_then(|(base, new)| of("assist", base, new)));
    drifts.extend(before.think.zip(after.think).and_then(|(base, new)| of("think", base.as_str(), new.as_str())));
    if let Some((base, new)) = before.asked.as_ref().zip(after.asked.as_ref()) {
        let both = base.what_matters().into_iter().zip(new.what_matters());
        drifts.extend(both.filter_map(|((what, base), (_, new))| of(what, &base, &new)));
    }
    drifts
}

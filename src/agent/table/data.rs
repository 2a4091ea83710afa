//! The table of signs and mechanisms. It is data from `signs.toml`, which contains no incident.

use std::sync::LazyLock;

use incident_env::{Diagnostic, Dimension};
use serde::Deserialize;

/// A sign, and the ways in which records tell it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sign {
    /// The name of the sign.
    pub id: String,
    /// The kinds of parts that can show it; any if there are none.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// The ways, of which the first is looked for. The others count where they were read.
    pub ways: Vec<Way>,
}

impl Sign {
    /// Returns whether a part of this kind can show the sign, as far as the kind is known.
    pub(super) fn fits(&self, kind: Option<&str>) -> bool {
        self.kinds.is_empty() || kind.is_none_or(|kind| self.kinds.iter().any(|one| one == kind))
    }
}

/// A way in which records tell a sign. Exactly one of `logs`, `status`, `calls` and `series` is given.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Way {
    /// Words of a log, of which one is enough. With `above`, the number that follows them counts.
    pub logs: Vec<String>,
    /// A part of a line of the status, which must also say since when it is so.
    pub status: Option<String>,
    /// The reasons for which calls of the part fail.
    pub calls: Vec<String>,
    /// The kinds of parts to which those calls go; any if there are none.
    pub to: Vec<String>,
    /// Parts of the name of a series.
    pub series: Vec<String>,
    /// By what the metrics of the part are split for that series; none if it stands among them as it is.
    pub split: Option<Dimension>,
    /// The value above which the newest value is a sign, in the unit of the series.
    pub above: Option<f64>,
    /// The value below which the newest value is a sign, in the unit of the series.
    pub below: Option<f64>,
    /// How many times what they were at first the newest values are.
    pub times: Option<f64>,
    /// How much the newest values are above what they were at first, in the unit of the series.
    pub rise: Option<f64>,
    /// How many times the lowest series of a split the highest one is.
    pub apart: Option<f64>,
    /// Whether the series has grown and does so no more.
    pub full: bool,
}

impl Way {
    /// The diagnostic that shows the sign.
    pub(super) const fn tool(&self) -> Diagnostic {
        if !self.series.is_empty() {
            Diagnostic::CheckMetrics
        } else if self.status.is_some() {
            Diagnostic::CheckServiceStatus
        } else if !self.calls.is_empty() {
            Diagnostic::CheckDependencies
        } else {
            Diagnostic::QueryLogs
        }
    }
}

/// Where a sign stands, seen from the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Relation {
    /// The root itself.
    Root,
    /// What calls the root.
    Caller,
    /// What the root calls.
    Callee,
    /// What else calls that which the root calls.
    Client,
    /// What runs on the root, which is a node.
    Resident,
    /// What is no store and uses the root, on which all parts stand.
    User,
    /// The stores that use the root, on which all parts stand.
    Store,
}

/// A sign and where it stands, written `RELATION: SIGN`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Placed {
    /// Where it stands.
    pub at: Relation,
    /// The name of the sign.
    pub sign: String,
}

impl TryFrom<String> for Placed {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (at, sign) = text.split_once(": ").ok_or_else(|| format!("'{text}' has no form RELATION: SIGN"))?;
        Ok(Self { at: relation(at)?, sign: sign.to_owned() })
    }
}

/// What a step is applied to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// The root.
    Root,
    /// The part at which the trigger is.
    Place,
    /// The change that set the fault off.
    Change,
    /// The job that the part of the trigger has.
    Job,
    /// The flag that the root has.
    Flag,
    /// The certificate that the root has.
    Certificate,
    /// Each part in this relation, or each that shows a sign.
    Each(Relation, Option<String>),
}

/// A step against a mechanism, written `VERB TARGET`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Step {
    /// The verb.
    pub verb: String,
    /// What it is applied to.
    pub target: Target,
}

impl TryFrom<String> for Step {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (verb, target) = text.split_once(' ').ok_or_else(|| format!("'{text}' has no form VERB TARGET"))?;
        let target = match target {
            "root" => Target::Root,
            "place" => Target::Place,
            "change" => Target::Change,
            "job" => Target::Job,
            "flag" => Target::Flag,
            "certificate" => Target::Certificate,
            other => {
                let each = other.strip_prefix("each ").ok_or_else(|| format!("'{text}' has an unknown target"))?;
                match each.split_once(": ") {
                    Some((at, sign)) => Target::Each(relation(at)?, Some(sign.to_owned())),
                    None => Target::Each(relation(each)?, None),
                }
            }
        };
        Ok(Self { verb: verb.to_owned(), target })
    }
}

/// A mechanism as the table knows it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mechanism {
    /// The name of the mechanism, as answers use it.
    pub id: String,
    /// The kinds of parts that can be the root.
    pub root: Vec<String>,
    /// The kind of the change that sets the fault off; none if no change does.
    pub trigger: Option<String>,
    /// Where that change is.
    #[serde(default = "at_root")]
    pub trigger_at: Relation,
    /// The sign that the part with that change shows, where it is not the root.
    pub trigger_shows: Option<String>,
    /// The kinds of the parts that can have that change, where it is not at the root.
    #[serde(default)]
    pub trigger_kinds: Vec<String>,
    /// The signs.
    pub signs: Vec<Placed>,
    /// Those of the signs that set the mechanism apart.
    pub apart: Vec<Placed>,
    /// The steps to take, in order.
    pub steps: Vec<Step>,
}

/// The whole table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    sign: Vec<Sign>,
    /// The mechanisms.
    pub mechanism: Vec<Mechanism>,
}

impl Table {
    /// Returns all signs.
    pub(super) fn signs(&self) -> impl Iterator<Item = &Sign> {
        self.sign.iter()
    }

    /// Returns the sign of this name; none if there is none, which a test excludes for names in the table.
    pub(super) fn sign(&self, id: &str) -> Option<&Sign> {
        self.sign.iter().find(|sign| sign.id == id)
    }
}

const fn at_root() -> Relation {
    Relation::Root
}

fn relation(name: &str) -> Result<Relation, String> {
    let name = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(name);
    Relation::deserialize(name).map_err(|error| error.to_string())
}

#[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("signs.toml")).expect("signs.toml is embedded and valid"));

/// Returns the table.
pub(super) fn table() -> &'static Table {
    &TABLE
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_whole() {
        let known: BTreeSet<_> = table().mechanism.iter().map(|one| one.id.as_str()).collect();
        let all = incident_env::mechanisms().iter().map(|one| one.id.as_str()).filter(|id| *id != "none").collect();
        assert_eq!(known, all);
        for one in &table().mechanism {
            assert!(one.apart.iter().all(|sign| one.signs.contains(sign)), "{}", one.id);
            assert!(!one.apart.is_empty() && !one.steps.is_empty(), "{}", one.id);
            let of_steps = one.steps.iter().filter_map(|step| match &step.target {
                Target::Each(_, sign) => sign.as_ref(),
                _ => None,
            });
            for id in one.signs.iter().map(|placed| &placed.sign).chain(of_steps) {
                assert!(table().sign(id).is_some(), "{}: {id}", one.id);
            }
        }
        for sign in &table().sign {
            assert!(!sign.ways.is_empty(), "{}", sign.id);
            for way in &sign.ways {
                let tellings =
                    [!way.logs.is_empty(), way.status.is_some(), !way.calls.is_empty(), !way.series.is_empty()];
                assert_eq!(tellings.iter().filter(|told| **told).count(), 1, "{}", sign.id);
                let limits = [way.above, way.below, way.times, way.rise, way.apart];
                let limited = way.full || limits.iter().any(Option::is_some);
                assert!(way.series.is_empty() || limited, "{}: nothing is said of the series", sign.id);
            }
        }
    }

    #[test]
    fn what_has_no_form_is_refused() {
        for text in ["root document_refused", "nowhere: x"] {
            assert!(Placed::try_from(text.to_owned()).is_err(), "{text}");
        }
        for text in ["restart_service", "restart_service it", "restart_service each nowhere"] {
            assert!(Step::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}

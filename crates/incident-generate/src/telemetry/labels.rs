//! Metrics that are asked for by a label: those that are split by it, those that have it, and what is said where none does.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::data::kinds::Kind;
use crate::ids::ClassSet;
use crate::proof::claim::Claim;
use crate::telemetry::reader::{Reader, Sheet};
use crate::telemetry::splits::MOST;
use incident_env::{Asked, Dimension};

impl Reader<'_> {
    /// Writes the metrics of the entity, split. Where one of them is asked for, only that one is written; where it is not split,
    /// the record says so, and which are.
    pub(super) fn split(&self, sheet: &mut Sheet, by: Dimension) {
        let mut parts = Sheet::default();
        self.every_part(&mut parts, by);
        let Some(asked) = self.asked.metric.as_deref() else {
            // Where a class of evidence is seen in a split, its lack is what there is to say.
            if parts.records.is_empty() && self.class_of(by).is_none() {
                self.labelled(&mut parts, by);
            }
            if parts.records.is_empty() {
                let claim = match self.class_of(by) {
                    Some(class) => Claim::Lacks { at: self.at, classes: ClassSet::of(class) },
                    None => Claim::Nothing,
                };
                sheet.begin(self.split_id(by, MOST - 1), claim);
                let _ = writeln!(sheet.text, "requests of {} are not split by {by}", self.name(self.at));
            }
            parts.entries().for_each(|(record, text)| sheet.add(*record, text));
            return;
        };
        self.labelled(&mut parts, by);
        let asked_for = parts.entries().filter(|(_, text)| metric_of(text) == asked);
        asked_for.for_each(|(record, text)| sheet.add(*record, text));
        if sheet.records.is_empty() {
            sheet.begin(self.split_id(by, MOST - 2), Claim::Nothing);
            let names: BTreeSet<_> = parts.entries().map(|(_, text)| metric_of(text)).collect();
            let names: Vec<_> = names.into_iter().collect();
            let list = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let part = self.name(self.at);
            let _ = writeln!(sheet.text, "{asked} of {part} has no label {by}; metrics of {part} that have it: {list}");
        }
    }

    /// Goes through the names of the metrics of the entity that are shown by a label alone, with that label.
    pub(super) fn names_of_splits(&self) -> impl Iterator<Item = (&'static str, Dimension)> + use<> {
        let topology = &self.world.incident.topology;
        let kind = self.kind(self.at);
        [
            ("responses", Dimension::Code, self.world.incident.traffic.usual(self.at) > 0),
            ("tls_server_handshakes", Dimension::Reason, matches!(kind, Kind::Api | Kind::Identity)),
            ("failed calls", Dimension::Peer, topology.needs(self.at).next().is_some()),
            ("messages waiting", Dimension::Partition, kind == Kind::Queue),
        ]
        .into_iter()
        .filter(|(.., has)| *has)
        .map(|(name, by, _)| (name, by))
    }

    /// Returns the label by which a metric is shown that is not shown without one.
    pub(super) fn split_alone(&self, metric: &str) -> Option<Dimension> {
        self.names_of_splits().find(|(name, _)| *name == metric).map(|(_, by)| by)
    }

    /// Writes the metrics of the entity that have a label with one value, and so are not split by it.
    fn labelled(&self, sheet: &mut Sheet, by: Dimension) {
        let asked = Asked { by: None, metric: None, ..self.asked.clone() };
        let mut all = Sheet::default();
        self.clone().asking(&asked).metrics(&mut all);
        let has_label = |text: &str| {
            let label = text.split(", every ").next().unwrap_or_default();
            ["{", ","].iter().any(|before| label.contains(&format!("{before}{by}=\"")))
        };
        all.entries().filter(|(_, text)| has_label(text)).for_each(|(record, text)| sheet.add(*record, text));
    }
}

/// Returns the name of the metric whose series a text shows, without labels and unit.
fn metric_of(text: &str) -> &str {
    let ends = ["{", " (", ", every "].into_iter().filter_map(|end| text.find(end));
    ends.min().map_or(text, |end| &text[..end])
}

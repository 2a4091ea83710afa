//! Names of entities.

use std::collections::BTreeSet;

use crate::data::companies::{Business, Companies, Style};
use crate::data::kinds::{EdgeKind, Kind};
use crate::draws::{Draws, Stream};
use crate::ids::EntityId;
use crate::system::site::Site;
use crate::system::topology::Edge;

/// How entities are named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Naming {
    /// The number of the skin. Another number gives the same system other names, and its records other ids.
    pub skin: u32,
    /// Whether names say nothing, such as `svc-quartz`. Otherwise they say what an entity is, such as `orders-db`.
    pub codenames: bool,
}

/// Names that mean nothing.
pub(crate) const WORDS: [&str; 72] = [
    "agate", "alder", "amber", "aspen", "basalt", "beryl", "birch", "bistre", "briar", "cedar", "chalk", "cinder",
    "clover", "cobalt", "copper", "coral", "crocus", "cypress", "delta", "dune", "ember", "fennel", "fern", "flint",
    "garnet", "gneiss", "granite", "harbor", "hazel", "heath", "heron", "indigo", "iris", "ivory", "jasper", "juniper",
    "kelp", "larch", "lichen", "linden", "maple", "marble", "marl", "moss", "myrtle", "nickel", "ochre", "onyx",
    "opal", "osier", "pearl", "pewter", "poplar", "quartz", "reed", "rowan", "russet", "sable", "saffron", "sedge",
    "shale", "sorrel", "spruce", "sumac", "talc", "teal", "thistle", "topaz", "umber", "willow", "yarrow", "zinc",
];

/// One of so many teams calls its parts in a way of its own.
const OTHER_WAYS: u32 = 6;
/// One of so many services has a name that tells of its history.
const WITH_HISTORY: u32 = 9;

/// What an entity is called, and what it keeps or is for: the number of a resource of its company, or of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Called {
    /// Its name.
    pub name: String,
    /// The number.
    pub keeps: Option<u16>,
}

impl Naming {
    /// Draws the names of entities of these kinds, which depend on each other as the edges say. No two are the same.
    #[must_use]
    pub(crate) fn names(self, names: Draws, kinds: &[Kind], edges: &[Edge]) -> Vec<Called> {
        let site = Site::of(names);
        let words = names.shuffled(Stream::Names, 0, WORDS.len());
        // Of each kind there are fewer entities than words.
        let word = |index: usize| WORDS[words[index % WORDS.len()]];
        if self.codenames {
            let each = kinds.iter().enumerate();
            let all = each.map(|(index, kind)| {
                let start = match kind {
                    Kind::External => "ext",
                    Kind::Node => return Called { name: site.node(index), keeps: None },
                    _ => "svc",
                };
                Called { name: format!("{start}-{}", word(index)), keeps: None }
            });
            return all.collect();
        }
        let all = vec![Called { name: String::new(), keeps: None }; kinds.len()];
        let (business, style, company) = (site.business(), site.style(), site.company());
        let taken = BTreeSet::new();
        let mut draft = Draft { names, site, business, style, company, kinds, edges, taken, all };
        draft.services();
        // What belongs to services is called after them, and what belongs to that after it.
        for kind in [Kind::Db, Kind::Queue, Kind::Cache, Kind::Worker, Kind::Batch] {
            draft.dependants(kind);
        }
        draft.others();
        draft.all
    }
}

/// Names that are being drawn.
struct Draft<'a> {
    names: Draws,
    site: Site,
    business: &'static Business,
    style: &'static Style,
    company: &'static str,
    kinds: &'a [Kind],
    edges: &'a [Edge],
    taken: BTreeSet<String>,
    all: Vec<Called>,
}

impl Draft<'_> {
    fn of(&self, kind: Kind) -> Vec<usize> {
        (0..self.kinds.len()).filter(|index| self.kinds[*index] == kind).collect()
    }

    /// Returns the name that a part of a kind has if it is for a resource.
    fn called(&self, kind: Kind, keeps: u16) -> String {
        let resource = &self.business.resources[usize::from(keeps)];
        let team = &self.business.teams[usize::from(keeps) % self.business.teams.len()];
        // Some teams have a custom of their own.
        let styles = &Companies::all().styles;
        let is_own = self.names.below(Stream::Names, 6, keeps.into(), OTHER_WAYS) == 0;
        let style = if is_own { self.names.pick(Stream::Names, 7, keeps.into(), styles) } else { self.style };
        style.of(kind).replace("{r}", &resource.name).replace("{team}", team).replace("{co}", self.company)
    }

    /// Takes a name. If another part has it, a number follows it.
    fn take(&mut self, index: usize, name: &str, keeps: Option<u16>) {
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let free = std::iter::once(name.to_owned()).chain(numbered).find(|name| !self.taken.contains(name));
        let name = free.unwrap_or_default();
        self.taken.insert(name.clone());
        self.all[index] = Called { name, keeps };
    }

    /// Names the services: each keeps something of its own.
    fn services(&mut self) {
        let services = self.of(Kind::Api);
        let business = self.business;
        let shuffled = |purpose: u64, count: usize| self.names.shuffled(Stream::Names, purpose, count);
        let own = shuffled(1, business.own);
        let common = shuffled(2, business.resources.len() - business.own);
        // Most of what a company runs is about its business.
        let half = services.len() / 3;
        let few = business.own.min(services.len() - half);
        let mut keeps: Vec<_> = own[..few].to_vec();
        keeps.extend(common.iter().map(|number| number + business.own));
        keeps.truncate(services.len());
        let order = shuffled(3, keeps.len());
        for (place, index) in services.into_iter().enumerate() {
            let keep = u16::try_from(keeps[order[place % order.len()]]).unwrap_or_default();
            let name = self.called(Kind::Api, keep);
            let name = match self.names.below(Stream::Names, 4, index as u64, WITH_HISTORY * 2) {
                0 => format!("{name}-v2"),
                2 => format!("{name}-new"),
                3 => format!("{name}2"),
                1 => {
                    let resource = &business.resources[usize::from(keep)].name;
                    name.replacen(resource, &format!("legacy-{resource}"), 1)
                }
                _ => name,
            };
            self.take(index, &name, Some(keep));
        }
    }

    /// Names the parts of a kind after those that they depend on or that depend on them.
    fn dependants(&mut self, kind: Kind) {
        for index in self.of(kind) {
            let is_it = |at: EntityId| at.index() == index;
            let callers = self.edges.iter().filter(|edge| is_it(edge.to) && edge.kind != EdgeKind::Store);
            let callers = callers.map(|edge| edge.from.index());
            let called = self.edges.iter().filter(|edge| is_it(edge.from)).map(|edge| edge.to.index());
            let near = if matches!(kind, Kind::Worker | Kind::Batch) {
                called.chain(callers).collect::<Vec<_>>()
            } else {
                callers.chain(called).collect()
            };
            let near: Vec<_> = near.into_iter().filter_map(|other| self.all[other].keeps).collect();
            let services = self.of(Kind::Api).into_iter().filter_map(|other| self.all[other].keeps);
            let all: Vec<_> = near.iter().copied().chain(services).collect();
            let free = all.iter().find(|keeps| !self.taken.contains(&self.called(kind, **keeps)));
            let keeps = free.or(all.first()).copied().unwrap_or_default();
            let name = self.called(kind, keeps);
            self.take(index, &name, Some(keeps));
        }
    }

    /// Names what is under all services, and what is outside.
    fn others(&mut self) {
        let providers = &Companies::all().providers;
        let order = self.names.shuffled(Stream::Names, 5, providers.len());
        let mut outside = 0;
        for index in 0..self.kinds.len() {
            match self.kinds[index] {
                Kind::External => {
                    let number = order[outside % order.len()];
                    outside += 1;
                    self.take(index, &providers[number].name, u16::try_from(number).ok());
                }
                Kind::Node => self.take(index, &self.site.node(index), None),
                kind @ (Kind::Gateway | Kind::Config | Kind::Identity | Kind::Dns | Kind::Network) => {
                    let name = self.style.of(kind).replace("{co}", self.company);
                    self.take(index, &name, None);
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_an_entity_is_for_unless_they_are_codenames() {
        let kinds: Vec<_> = Kind::ALL.into_iter().chain([Kind::Api; 50]).chain([Kind::Node; 6]).collect();
        for (skin, codenames) in (0..40).map(|skin| (skin, false)).chain([(0, true)]) {
            let all = Naming { skin, codenames }.names(Draws::new(skin.into()), &kinds, &[]);
            let names: BTreeSet<_> = all.iter().map(|called| &called.name).collect();
            assert_eq!(names.len(), kinds.len(), "{names:?}");
            for (called, kind) in all.iter().zip(&kinds) {
                let is_for = !matches!(
                    kind,
                    Kind::Gateway | Kind::Config | Kind::Identity | Kind::Dns | Kind::Network | Kind::Node
                );
                assert_eq!(called.keeps.is_some(), is_for && !codenames, "{called:?}");
                assert!(!called.name.contains(['{', ' ', '"', ',']), "{called:?}");
            }
        }
    }
}

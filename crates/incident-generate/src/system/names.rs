//! Names of entities.

use crate::data::kinds::Kind;
use crate::draws::{Draws, Stream};

/// How entities are named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Naming {
    /// The number of the skin. Another number gives the same system other names, and its records other ids.
    pub skin: u32,
    /// Whether names say nothing, such as `svc-quartz`. Otherwise they say what an entity is, such as `billing-db`.
    pub codenames: bool,
}

/// Names that mean nothing. Nodes have them in any case.
pub(crate) const WORDS: [&str; 72] = [
    "agate", "alder", "amber", "aspen", "basalt", "beryl", "birch", "bistre", "briar", "cedar", "chalk", "cinder",
    "clover", "cobalt", "copper", "coral", "crocus", "cypress", "delta", "dune", "ember", "fennel", "fern", "flint",
    "garnet", "gneiss", "granite", "harbor", "hazel", "heath", "heron", "indigo", "iris", "ivory", "jasper", "juniper",
    "kelp", "larch", "lichen", "linden", "maple", "marble", "marl", "moss", "myrtle", "nickel", "ochre", "onyx",
    "opal", "osier", "pearl", "pewter", "poplar", "quartz", "reed", "rowan", "russet", "sable", "saffron", "sedge",
    "shale", "sorrel", "spruce", "sumac", "talc", "teal", "thistle", "topaz", "umber", "willow", "yarrow", "zinc",
];

/// What services and stores are for.
const ROLES: [&str; 72] = [
    "accounts",
    "address",
    "alerts",
    "archive",
    "audit",
    "banners",
    "basket",
    "billing",
    "booking",
    "calendar",
    "campaign",
    "cards",
    "catalog",
    "chat",
    "claims",
    "comments",
    "consent",
    "contacts",
    "content",
    "coupons",
    "customs",
    "delivery",
    "devices",
    "digest",
    "disputes",
    "drafts",
    "exports",
    "feed",
    "fees",
    "files",
    "fraud",
    "gallery",
    "geo",
    "gifts",
    "history",
    "imports",
    "insights",
    "inventory",
    "invoices",
    "labels",
    "ledger",
    "limits",
    "lists",
    "loyalty",
    "mail",
    "media",
    "members",
    "notes",
    "offers",
    "orders",
    "parcels",
    "payouts",
    "photos",
    "plans",
    "points",
    "prices",
    "profile",
    "quotes",
    "ratings",
    "refunds",
    "reminders",
    "rentals",
    "returns",
    "reviews",
    "rewards",
    "routes",
    "savings",
    "schedule",
    "shipping",
    "stock",
    "tax",
    "tickets",
];
/// What the parts under all services are called, by kind.
const FRONTS: [&str; 6] = ["edge", "front", "public", "web", "main", "entry"];
const PLATFORM: [&str; 8] = ["core", "shared", "internal", "central", "common", "base", "prime", "global"];

impl Naming {
    /// Draws the names of entities of these kinds. No two are the same.
    #[must_use]
    pub(crate) fn names(self, names: Draws, kinds: &[Kind]) -> Vec<String> {
        let words = names.shuffled(Stream::Names, 0, WORDS.len());
        let roles = names.shuffled(Stream::Names, 1, ROLES.len());
        // Of each kind there are fewer entities than words.
        let word = |index: usize| WORDS[words[index % WORDS.len()]];
        let role = |index: usize| ROLES[roles[index % ROLES.len()]];
        let each = kinds.iter().enumerate();
        each.map(|(index, kind)| match (kind, self.codenames) {
            (Kind::Node, _) => format!("node-{}", word(index)),
            (Kind::External, true) => format!("ext-{}", word(index)),
            (_, true) => format!("svc-{}", word(index)),
            (Kind::External, false) => format!("{}-provider", word(index)),
            (Kind::Gateway, false) => format!("{}-gateway", names.pick(Stream::Names, 2, 0, &FRONTS)),
            (Kind::Config | Kind::Identity | Kind::Dns | Kind::Network, false) => {
                format!("{}-{kind}", names.pick(Stream::Names, 3, index as u64, &PLATFORM))
            }
            (kind, false) => format!("{}-{kind}", role(index)),
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_say_what_an_entity_is_unless_they_are_codenames() {
        let kinds: Vec<_> = Kind::ALL.into_iter().chain([Kind::Api; 50]).chain([Kind::Node; 6]).collect();
        for (skin, codenames) in [(0, false), (1, false), (0, true)] {
            let names = Naming { skin, codenames }.names(Draws::new(skin.into()), &kinds);
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), kinds.len(), "{names:?}");
            for (name, kind) in names.iter().zip(&kinds) {
                let says = name.contains(kind.as_str()) || name.ends_with("-provider");
                assert_eq!(says, !codenames || *kind == Kind::Node, "{name} {kind}");
            }
        }
    }
}

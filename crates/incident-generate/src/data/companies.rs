//! Companies: the business that a system is for, what its services keep, and how its parts are called. They are data, read
//! from `names/companies.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::data::kinds::Kind;

/// The name of the file.
pub(super) const FILE: &str = "companies.toml";
/// All companies, or what is wrong with the file.
static COMPANIES: LazyLock<Result<Companies, String>> =
    LazyLock::new(|| Companies::parse(include_str!("../../names/companies.toml")));
/// What there is where the file cannot be read, so that there is no library either.
static NONE: Companies = Companies { businesses: Vec::new(), providers: Vec::new(), styles: Vec::new() };

/// The businesses that there are, with what all of them have.
#[derive(Debug)]
pub(crate) struct Companies {
    /// The businesses.
    pub businesses: Vec<Business>,
    /// What providers offer.
    pub providers: Vec<Provider>,
    /// How parts are called, one way each.
    pub styles: Vec<Style>,
}

/// A business, with the companies that are in it.
#[derive(Debug)]
pub(crate) struct Business {
    /// The names of companies.
    pub companies: Vec<String>,
    /// The teams of such a company.
    pub teams: Vec<String>,
    /// What services keep: that of the business, and then that of every company.
    pub resources: Vec<Resource>,
    /// How many of them only this business has.
    pub own: usize,
}

/// What a service keeps.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    /// Its name, such as `orders`.
    pub name: String,
    /// One of it, such as `order`.
    pub one: String,
    /// The paths below one.
    pub below: Vec<String>,
    /// Its tables. The first is that of the thing itself.
    pub tables: Vec<String>,
    /// What is done with one, such as `placed`.
    pub done: Vec<String>,
}

/// A provider.
#[derive(Debug)]
pub(crate) struct Provider {
    /// Its name.
    pub name: String,
    /// The path of what it offers, up to the id.
    pub path: String,
}

/// How a company calls its parts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Style {
    api: String,
    worker: String,
    batch: String,
    db: String,
    cache: String,
    queue: String,
    gateway: String,
    config: String,
    identity: String,
    dns: String,
    network: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    common: Vec<String>,
    providers: Vec<String>,
    business: Vec<BusinessFile>,
    style: Vec<Style>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BusinessFile {
    name: String,
    companies: Vec<String>,
    teams: Vec<String>,
    resources: Vec<String>,
}

impl Companies {
    /// Returns all companies. No library is read without them.
    pub(crate) fn all() -> &'static Self {
        COMPANIES.as_ref().unwrap_or(&NONE)
    }

    /// Checks that there are companies, as a library needs them.
    ///
    /// # Errors
    /// The text says what is wrong with the file.
    pub(super) fn check() -> Result<(), String> {
        COMPANIES.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    /// Reads the file.
    ///
    /// # Errors
    /// The text says what is wrong.
    fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let read = |lines: &[String]| lines.iter().map(|line| Resource::parse(line)).collect::<Result<Vec<_>, _>>();
        let common = read(&file.common)?;
        let mut businesses = Vec::new();
        for BusinessFile { name, companies, teams, resources } in file.business {
            let mut resources = read(&resources).map_err(|problem| format!("{name}: {problem}"))?;
            let own = resources.len();
            let others = common.iter().filter(|one| !resources.iter().any(|other| other.name == one.name));
            let others: Vec<_> = others.cloned().collect();
            resources.extend(others);
            businesses.push(Business { companies, teams, resources, own });
        }
        let providers = file.providers.iter().map(|line| {
            let (name, path) = line.split_once('|').ok_or_else(|| format!("'{line}' has no path"))?;
            Ok(Provider { name: name.to_owned(), path: path.to_owned() })
        });
        let providers = providers.collect::<Result<_, String>>()?;
        Ok(Self { businesses, providers, styles: file.style })
    }
}

impl Resource {
    /// Reads `NAME|ONE|PATHS|TABLES|DONE`.
    fn parse(line: &str) -> Result<Self, String> {
        let fields: Vec<_> = line.split('|').collect();
        let [name, one, below, tables, done] = fields[..] else { return Err(format!("'{line}' has not five fields")) };
        let list = |text: &str| text.split(',').map(str::to_owned).collect();
        Ok(Self {
            name: name.to_owned(),
            one: one.to_owned(),
            below: list(below),
            tables: list(tables),
            done: list(done),
        })
    }
}

impl Style {
    /// Returns how a part of a kind is called, with `{r}` for what it is for.
    pub(crate) fn of(&self, kind: Kind) -> &str {
        match kind {
            Kind::Worker => &self.worker,
            Kind::Batch => &self.batch,
            Kind::Db => &self.db,
            Kind::Cache => &self.cache,
            Kind::Queue => &self.queue,
            Kind::Gateway => &self.gateway,
            Kind::Config => &self.config,
            Kind::Identity => &self.identity,
            Kind::Dns => &self.dns,
            Kind::Network => &self.network,
            Kind::Api | Kind::External | Kind::Node => &self.api,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_can_be_read() {
        let all = Companies::parse(include_str!("../../names/companies.toml")).unwrap();
        assert!(all.businesses.len() >= 12 && all.styles.len() >= 8 && all.providers.len() >= 12);
        for business in &all.businesses {
            assert!(business.resources.len() >= 33, "{:?} have {}", business.companies, business.resources.len());
            let is_name = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            assert!(business.resources.iter().all(|one| is_name(&one.name) && !one.tables.is_empty()));
        }
        assert!(Resource::parse("orders|order|items").unwrap_err().contains("five fields"));
    }
}

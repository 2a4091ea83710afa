//! The list of models: their routes, what they cost, how old that knowledge is, and when they close.

use jiff::civil::Date;
use serde_json::{Value, json};

use crate::chat::price::{LongPrompt, Price};
use crate::config::model::Elsewhere;
use crate::config::{ModelSpec, Providers};

/// The age in days from which prices are marked as old.
const OLD_DAYS: i32 = 180;
/// The headings of the table. Prices are in USD for a million tokens.
pub(super) const HEAD: [&str; 10] =
    ["model", "by", "$/M in", "cached", "written", "out", "other prices", "as of", "closes", "note"];

/// A model in the list.
struct Listed {
    name: String,
    /// The routes to it, as `provider/name`.
    routes: Vec<String>,
    closes: Option<Date>,
    price: Option<Price>,
}

/// Returns the aliases, then the models of which something is known. An alias has the price of its first route that has one.
fn listed(providers: &Providers) -> Vec<Listed> {
    let one = |name: &str| {
        let specs = providers.routes(name, Elsewhere::default()).unwrap_or_default();
        Listed {
            name: name.to_owned(),
            routes: specs.iter().map(ModelSpec::route).collect(),
            closes: specs.first().and_then(ModelSpec::closes),
            price: specs.iter().find_map(ModelSpec::price),
        }
    };
    let aliases = providers.aliases.keys().map(|alias| one(alias));
    let known = providers.providers.iter().flat_map(|(provider, data)| {
        data.models.keys().chain(data.prices.keys()).map(move |model| format!("{provider}/{model}"))
    });
    aliases.chain(known.map(|name| one(&name))).collect()
}

/// Returns the rows of the table.
pub(super) fn rows(providers: &Providers, today: Date) -> Vec<Vec<Value>> {
    let row = |model: Listed| {
        let by: Vec<_> = model.routes.iter().filter_map(|route| Some(route.split_once('/')?.0)).collect();
        let price = model.price.as_ref();
        let closes = model.closes.map(|day| if day <= today { format!("{day} (closed)") } else { day.to_string() });
        vec![
            json!(model.name),
            json!(by.join(", ")),
            json!(price.map(|price| price.input.to_string())),
            json!(price.and_then(|price| price.cached_input).map(|price| price.to_string())),
            json!(price.and_then(written)),
            json!(price.map(|price| price.output.to_string())),
            json!(price.map(other_prices).filter(|text| !text.is_empty())),
            json!(price.and_then(|price| Some(as_of(price.as_of?, today)))),
            json!(closes),
            json!(price.and_then(|price| price.note.as_deref())),
        ]
    };
    listed(providers).into_iter().map(row).collect()
}

/// Returns the list as JSON objects.
pub(super) fn objects(providers: &Providers, today: Date) -> Value {
    let object = |model: Listed| {
        let price = model.price.as_ref();
        let age = price.and_then(|price| Some(days(price.as_of?, today)));
        json!({
            "name": model.name,
            "model": model.routes.first(),
            "routes": model.routes,
            "usd_per_million_input": price.map(|price| price.input),
            "usd_per_million_cached_input": price.and_then(|price| price.cached_input),
            "usd_per_million_cache_write": price.and_then(|price| price.cache_write),
            "usd_per_million_cache_write_hour": price.and_then(|price| price.cache_write_hour),
            "usd_per_million_output": price.map(|price| price.output),
            "usd_per_million_reasoning": price.and_then(|price| price.reasoning),
            "long_prompts": price.map(|price| &price.long_prompts),
            "tiers": price.map(|price| &price.tiers),
            "as_of": price.and_then(|price| price.as_of),
            "age_days": age,
            "old": age.map(|days| days > OLD_DAYS),
            "source": price.and_then(|price| price.source.as_deref()),
            "note": price.and_then(|price| price.note.as_deref()),
            "closes": model.closes,
        })
    };
    listed(providers).into_iter().map(object).collect()
}

/// The prices of writing to the cache: for its usual time, and for an hour.
fn written(price: &Price) -> Option<String> {
    match (price.cache_write, price.cache_write_hour) {
        (Some(usual), Some(hour)) => Some(format!("{usual} (1 h: {hour})")),
        (usual, hour) => usual.or(hour).map(|price| price.to_string()),
    }
}

/// What costs more or less than the plain prices: long prompts and service tiers.
fn other_prices(price: &Price) -> String {
    let long = price.long_prompts.iter().map(|LongPrompt { from, input_times, output_times }| {
        format!("from {from} tokens in ×{input_times}, out ×{output_times}")
    });
    let mut tiers: Vec<(f64, Vec<&str>)> = Vec::new();
    for (tier, times) in &price.tiers {
        match tiers.iter_mut().find(|(same, _)| same.total_cmp(times).is_eq()) {
            Some((_, names)) => names.push(tier),
            None => tiers.push((*times, vec![tier])),
        }
    }
    let tiers = tiers.into_iter().map(|(times, names)| format!("{} ×{times}", names.join("/")));
    tiers.chain(price.reasoning.map(|price| format!("reasoning {price}"))).chain(long).collect::<Vec<_>>().join("; ")
}

/// The day of the prices with their age, which is marked once they are old.
fn as_of(day: Date, today: Date) -> String {
    let age = days(day, today);
    format!("{day} ({age} d{})", if age > OLD_DAYS { ", OLD" } else { "" })
}

fn days(from: Date, to: Date) -> i32 {
    (to - from).get_days()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_list_of_models() {
        let today = date(2026, 11, 30);
        let line = |row: Vec<Value>| {
            let cell = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            row.iter().map(|value| cell(value).replace("null", "–")).collect::<Vec<_>>().join(" | ")
        };
        let lines: Vec<_> = rows(&Providers::embedded(), today).into_iter().map(line).collect();
        insta::assert_snapshot!(format!("{}\n{}", HEAD.join(" | "), lines.join("\n")));
    }

    #[test]
    fn old_prices_and_closed_models_are_marked() {
        let text = "[providers.mine]\nbase_url = 'http://h/v1'\n\
                    [providers.mine.models.m]\ncloses = '2026-12-11'\n\
                    [providers.mine.models.m.price]\ninput = 1.0\noutput = 2.0\nas_of = '2026-06-03'";
        let mine: Providers = toml::from_str(text).unwrap();
        let cells = |today| rows(&mine, today).remove(0).into_iter().map(|cell| cell.to_string()).collect::<Vec<_>>();
        let now = cells(date(2026, 11, 30));
        assert_eq!(now[7..9], ["\"2026-06-03 (180 d)\"", "\"2026-12-11\""]);
        let later = cells(date(2026, 12, 11));
        assert_eq!(later[7..9], ["\"2026-06-03 (191 d, OLD)\"", "\"2026-12-11 (closed)\""]);
        let object = &objects(&mine, date(2026, 12, 11))[0];
        assert_eq!((&object["age_days"], &object["old"]), (&json!(191), &json!(true)));
        assert_eq!(object["model"], "mine/m");
    }
}

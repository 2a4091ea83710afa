//! All endpoints of the zoo in one run, each with settings of its own: one matrix.

use std::fmt::Write as _;

use serde_json::Value;

use super::dialect::Dialect;
use super::endpoint::{Endpoint, KEY};
use super::kinds;
use super::play::{problem_of_cost, problems_of_book, problems_of_row};
use crate::binary::{Ended, Place};

/// The settings of each second model, as they are typed.
const SETTINGS: [&str; 2] = ["", "?max_tokens=3000&protocol=tools"];

/// The model as it is typed.
fn typed(dialect: &Dialect, place: usize) -> String {
    format!("zoo-{}/{}{}", dialect.name, dialect.model, SETTINGS[place % SETTINGS.len()])
}

#[test]
fn all_of_them_side_by_side() {
    let place = Place::empty();
    let mut config = String::new();
    let endpoints: Vec<_> = kinds::all().map(|dialect| (dialect, Endpoint::of(dialect))).collect();
    let mut models = Vec::new();
    for (number, (dialect, endpoint)) in endpoints.iter().enumerate() {
        let typed = typed(dialect, number);
        let _ = writeln!(config, "[providers.\"zoo-{}\"]", dialect.name);
        let _ = writeln!(config, "base_url = \"{}\"\nkey_env = \"ZOO_KEY\"", endpoint.base_url());
        if dialect.is_priced_by_table {
            let price = &dialect.price;
            let _ = writeln!(config, "[models.\"zoo-{}/{}\"]", dialect.name, dialect.model);
            let _ = writeln!(
                config,
                "price = {{ input = {:?}, cached_input = {:?}, cache_write = {:?}, output = {:?} }}",
                price.input, price.read, price.written, price.output
            );
        }
        models.push(typed);
    }
    place.write("bench.toml", &config);
    let mut arguments = vec!["--agent", "llm", "--format", "json", "--concurrency", "4"];
    for model in &models {
        arguments.extend(["--model", model]);
    }
    let ended = Ended::of(&place.command(&arguments).env("ZOO_KEY", KEY).output().unwrap()).exits(0);
    let summary: Value = serde_json::from_str(&ended.stdout).unwrap();
    let mut problems = Vec::new();
    for ((dialect, endpoint), model) in endpoints.iter().zip(&models) {
        let mut found = [problems_of_row(&summary, model), problems_of_book(endpoint, 1)].concat();
        found.extend(problem_of_cost(&summary, model, endpoint.book(|book| book.bill)));
        problems.extend(found.into_iter().map(|problem| format!("{}: {problem}", dialect.name)));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

//! `bench list`: what there is.

use std::path::Path;

use comfy_table::{Table, presets};
use serde_json::{Value, json};

use super::args::{ListArgs, Listed};
use super::exit::{Failure, Status};
use super::{build, out};
use crate::agent::Builtin;
use crate::config::Providers;
use crate::config::settings::ConfigFile;
use crate::log::store::{Store, pretty};
use crate::report::score_table::one_line;

/// A list: the headings of the table, the keys of the JSON objects, and the rows.
struct List {
    name: &'static str,
    head: Vec<&'static str>,
    keys: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
    /// What the table shows where a row has null.
    null: &'static str,
}

pub(super) fn execute(args: &ListArgs) -> Result<Status, Failure> {
    let all = [Listed::Tasks, Listed::Scenarios, Listed::Agents, Listed::Models, Listed::Providers];
    let wanted = args.what.map_or_else(|| all.to_vec(), |one| vec![one]);
    let lists = wanted.iter().map(|what| list(*what, args)).collect::<Result<Vec<_>, _>>()?;
    if args.format == "json" {
        let value: Value = lists.iter().map(|list| (list.name.to_owned(), objects(list))).collect();
        out::result(&String::from_utf8_lossy(&pretty(&value)))?;
    } else {
        let texts: Vec<_> = lists.iter().map(text).collect();
        out::result(&texts.join("\n"))?;
    }
    Ok(Status::Done)
}

fn list(what: Listed, args: &ListArgs) -> Result<List, Failure> {
    let catalog = || build::catalog("classic", args.scenarios.as_deref());
    let providers = || -> Result<Providers, Failure> {
        let mut providers = Providers::embedded();
        if let Some(more) = ConfigFile::read(Path::new("."), args.config.as_deref())?.providers {
            providers.overlay(more);
        }
        Ok(providers)
    };
    Ok(match what {
        Listed::Tasks => List {
            name: "tasks",
            head: vec!["task", "difficulty", "max steps", "scenarios", "asks"],
            keys: vec!["task", "difficulty", "max_steps", "scenarios", "asks"],
            null: "",
            rows: {
                let catalog = catalog()?;
                let row = |task: &std::sync::Arc<crate::env::Task>| {
                    vec![
                        json!(task.id),
                        json!(task.difficulty),
                        json!(task.max_steps),
                        json!(catalog.of_task(task.id).count()),
                        json!(task.description),
                    ]
                };
                catalog.tasks().iter().map(row).collect()
            },
        },
        Listed::Scenarios => List {
            name: "scenarios",
            head: vec!["scenario", "task", "services", "alert"],
            keys: vec!["scenario", "task", "services", "alert"],
            null: "",
            rows: {
                let row = |scenario: &std::sync::Arc<crate::env::Scenario>| {
                    let briefing = scenario.briefing();
                    vec![
                        json!(scenario.id()),
                        json!(scenario.task()),
                        json!(briefing.services.len()),
                        json!(briefing.alert.title),
                    ]
                };
                catalog()?.scenarios().iter().map(row).collect()
            },
        },
        Listed::Agents => List {
            name: "agents",
            head: vec!["agent", "what it is"],
            keys: vec!["agent", "about"],
            null: "",
            rows: std::iter::once(("llm", "prompts → model → parser → guard → action, for each --model"))
                .chain(Builtin::ALL.iter().map(|agent| (agent.as_str(), agent.about())))
                .chain([(
                    "exec:COMMAND",
                    "a program of yours that reads observations and writes actions: docs/AGENTS.md",
                )])
                .map(|(name, about)| vec![json!(name), json!(about)])
                .collect(),
        },
        Listed::Models => List {
            name: "models",
            head: vec!["name", "model", "$ per M tokens in", "out"],
            keys: vec!["name", "model", "usd_per_million_input", "usd_per_million_output"],
            null: "not known",
            rows: models(&providers()?),
        },
        Listed::Providers => List {
            name: "providers",
            head: vec!["provider", "base URL", "key"],
            keys: vec!["provider", "base_url", "key_env"],
            null: "none needed",
            rows: {
                let row = |(name, provider): (&String, &crate::config::model::Provider)| {
                    vec![json!(name), json!(provider.base_url), json!(provider.key_env)]
                };
                providers()?.providers.iter().map(row).collect()
            },
        },
        Listed::Runs => List {
            name: "runs",
            head: vec!["run"],
            keys: vec!["run"],
            null: "",
            rows: Store::new(build::results(args.out.as_deref())?)
                .list()?
                .into_iter()
                .map(|id| vec![json!(id)])
                .collect(),
        },
    })
}

/// Aliases, and the models whose prices are known. Any other name of a provider works as well.
fn models(providers: &Providers) -> Vec<Vec<Value>> {
    let price = |model: &str| providers.resolve(model, None).ok()?.price().copied();
    let aliases = providers.aliases.iter().map(|(alias, model)| (alias.clone(), model.clone()));
    let priced = providers.providers.iter().flat_map(|(provider, data)| {
        data.prices.keys().map(move |model| (format!("{provider}/{model}"), format!("{provider}/{model}")))
    });
    aliases
        .chain(priced)
        .map(|(name, model)| {
            let price = price(&model);
            vec![json!(name), json!(model), json!(price.map(|p| p.input)), json!(price.map(|p| p.output))]
        })
        .collect()
}

fn objects(list: &List) -> Value {
    let object = |row: &Vec<Value>| -> Value {
        list.keys.iter().zip(row).map(|(key, cell)| ((*key).to_owned(), cell.clone())).collect()
    };
    list.rows.iter().map(object).collect()
}

fn text(list: &List) -> String {
    if list.rows.is_empty() {
        return format!("no {}\n", list.name);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(&list.head);
    let cell = |value: &Value| match value {
        Value::Null => list.null.to_owned(),
        Value::String(text) => one_line(text),
        other => other.to_string(),
    };
    table.add_rows(list.rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>()));
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    lines.concat()
}

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

/// A list: headings, and rows of texts.
struct List {
    name: &'static str,
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
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
            rows: {
                let catalog = catalog()?;
                let row = |task: &std::sync::Arc<crate::env::Task>| {
                    vec![
                        task.id.to_string(),
                        task.difficulty.to_string(),
                        task.max_steps.to_string(),
                        catalog.of_task(task.id).count().to_string(),
                        task.description.clone(),
                    ]
                };
                catalog.tasks().iter().map(row).collect()
            },
        },
        Listed::Scenarios => List {
            name: "scenarios",
            head: vec!["scenario", "task", "services", "alert"],
            rows: {
                let row = |scenario: &std::sync::Arc<crate::env::Scenario>| {
                    let briefing = scenario.briefing();
                    vec![
                        scenario.id().to_owned(),
                        scenario.task().to_string(),
                        briefing.services.len().to_string(),
                        briefing.alert.title.clone(),
                    ]
                };
                catalog()?.scenarios().iter().map(row).collect()
            },
        },
        Listed::Agents => List {
            name: "agents",
            head: vec!["agent", "what it is"],
            rows: std::iter::once(vec![
                "llm".to_owned(),
                "prompts → model → parser → guard → action, for each --model".to_owned(),
            ])
            .chain(Builtin::ALL.iter().map(|agent| vec![agent.to_string(), agent.about().to_owned()]))
            .collect(),
        },
        Listed::Models => List {
            name: "models",
            head: vec!["name", "model", "price in/out, $ per M tokens"],
            rows: models(&providers()?),
        },
        Listed::Providers => List {
            name: "providers",
            head: vec!["provider", "base URL", "key"],
            rows: {
                let row = |(name, provider): (&String, &crate::config::model::Provider)| {
                    let key = provider.key_env.clone().unwrap_or("none needed".to_owned());
                    vec![name.clone(), provider.base_url.clone(), key]
                };
                providers()?.providers.iter().map(row).collect()
            },
        },
        Listed::Runs => List {
            name: "runs",
            head: vec!["run"],
            rows: Store::new(&args.out).list()?.into_iter().map(|id| vec![id]).collect(),
        },
    })
}

/// Aliases, and the models whose prices are known. Any other name of a provider works as well.
fn models(providers: &Providers) -> Vec<Vec<String>> {
    let price = |model: &str| {
        let spec = providers.resolve(model, None).ok()?;
        spec.price().map(|price| format!("{} / {}", price.input, price.output))
    };
    let aliases = providers.aliases.iter().map(|(alias, model)| (alias.clone(), model.clone()));
    let priced = providers.providers.iter().flat_map(|(provider, data)| {
        data.prices.keys().map(move |model| (format!("{provider}/{model}"), format!("{provider}/{model}")))
    });
    aliases
        .chain(priced)
        .map(|(name, model)| {
            let price = price(&model).unwrap_or("not known".to_owned());
            vec![name, model, price]
        })
        .collect()
}

fn objects(list: &List) -> Value {
    let object = |row: &Vec<String>| -> Value {
        list.head.iter().zip(row).map(|(key, cell)| (key.replace(' ', "_"), json!(cell))).collect()
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
    table.add_rows(&list.rows);
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    lines.concat()
}

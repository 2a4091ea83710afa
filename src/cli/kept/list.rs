//! `bench list`: prints the tasks, scenarios, models, agents, providers and runs.

use std::path::Path;
use std::sync::Arc;

use comfy_table::{Table, presets};
use jiff::Zoned;
use serde_json::{Value, json};

use super::models;
use crate::agent::Builtin;
use crate::cli::args::kept::{ListArgs, Listed};
use crate::cli::exit::{Failure, Status};
use crate::cli::out;
use crate::cli::setup::{results, suite};
use crate::config::providers::Provider;
use crate::config::{ConfigFile, Providers};
use crate::log::store::{Store, pretty};
use crate::report::score_table::one_line;
use incident_env::{Catalog, Scenario, Task};

/// A list: the headings of the table, the keys of the JSON objects, and the rows.
struct List {
    name: &'static str,
    head: &'static [&'static str],
    keys: &'static [&'static str],
    rows: Vec<Vec<Value>>,
    /// The text that the table shows in place of null.
    null: &'static str,
    /// The JSON objects, where they have other keys than the table has columns.
    objects: Option<Value>,
}

/// Prints one list, or all lists but that of the runs.
pub(in crate::cli) fn execute(args: &ListArgs) -> Result<Status, Failure> {
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
    Ok(match what {
        Listed::Tasks => tasks(&catalog(args)?),
        Listed::Scenarios => scenarios(&catalog(args)?),
        Listed::Agents => agents(),
        Listed::Models => known_models(&providers(args)?),
        Listed::Providers => named_providers(&providers(args)?),
        Listed::Runs => runs(args)?,
    })
}

fn catalog(args: &ListArgs) -> Result<Catalog, Failure> {
    suite::catalog("classic", args.overlay.scenarios.as_deref())
}

/// Returns the embedded providers, with those of `bench.toml` laid over them.
fn providers(args: &ListArgs) -> Result<Providers, Failure> {
    let mut providers = Providers::embedded();
    if let Some(more) = ConfigFile::read(Path::new("."), args.config.path())?.providers {
        providers.overlay(more);
    }
    Ok(providers)
}

fn tasks(catalog: &Catalog) -> List {
    let row = |task: &Arc<Task>| {
        vec![
            json!(task.id),
            json!(task.difficulty),
            json!(task.max_steps),
            json!(catalog.of_task(task.id).count()),
            json!(task.description),
        ]
    };
    List {
        name: "tasks",
        head: &["task", "difficulty", "max steps", "scenarios", "asks"],
        keys: &["task", "difficulty", "max_steps", "scenarios", "asks"],
        null: "",
        objects: None,
        rows: catalog.tasks().iter().map(row).collect(),
    }
}

fn scenarios(catalog: &Catalog) -> List {
    let row = |scenario: &Arc<Scenario>| {
        let briefing = scenario.briefing();
        vec![json!(scenario.id()), json!(scenario.task()), json!(briefing.services.len()), json!(briefing.alert.title)]
    };
    List {
        name: "scenarios",
        head: &["scenario", "task", "services", "alert"],
        keys: &["scenario", "task", "services", "alert"],
        null: "",
        objects: None,
        rows: catalog.scenarios().iter().map(row).collect(),
    }
}

fn agents() -> List {
    let llm = ("llm", "prompts → model → parser → guard → action, for each --model");
    let exec = ("exec:COMMAND", "a program of yours that reads observations and writes actions: docs/AGENTS.md");
    let builtins = Builtin::ALL.iter().map(|agent| (agent.as_str(), agent.about()));
    let all = std::iter::once(llm).chain(builtins).chain([exec]);
    List {
        name: "agents",
        head: &["agent", "what it is"],
        keys: &["agent", "about"],
        null: "",
        objects: None,
        rows: all.map(|(name, about)| vec![json!(name), json!(about)]).collect(),
    }
}

/// Lists the aliases, and the models of which something is known. Any other model name of a provider works as well.
fn known_models(providers: &Providers) -> List {
    let today = Zoned::now().date();
    List {
        name: "models",
        head: &models::HEAD,
        keys: &[],
        null: "–",
        rows: models::rows(providers, today),
        objects: Some(models::objects(providers, today)),
    }
}

fn named_providers(providers: &Providers) -> List {
    let row = |(name, provider): (&String, &Provider)| {
        let key = match provider.key_env.as_slice() {
            [] => Value::Null,
            [one] => json!(one),
            several => json!(several.join(" or ")),
        };
        let base_url = provider.base_url.as_deref().unwrap_or("--base-url");
        vec![json!(name), json!(base_url), key, json!(provider.api), json!(provider.closes)]
    };
    List {
        name: "providers",
        head: &["provider", "base URL", "key", "API", "closes"],
        keys: &["provider", "base_url", "key_env", "api", "closes"],
        null: "–",
        objects: None,
        rows: providers.providers.iter().map(row).collect(),
    }
}

fn runs(args: &ListArgs) -> Result<List, Failure> {
    let ids = Store::new(results(args.results.out.as_deref())?).list()?;
    Ok(List {
        name: "runs",
        head: &["run"],
        keys: &["run"],
        null: "",
        objects: None,
        rows: ids.into_iter().map(|id| vec![json!(id)]).collect(),
    })
}

fn objects(list: &List) -> Value {
    if let Some(objects) = &list.objects {
        return objects.clone();
    }
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
    table.set_header(list.head);
    let cell = |value: &Value| match value {
        Value::Null => list.null.to_owned(),
        Value::String(text) => one_line(text),
        other => other.to_string(),
    };
    table.add_rows(list.rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>()));
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    lines.concat()
}

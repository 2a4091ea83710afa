//! `bench doctor`: makes tiny calls to an endpoint and says what to fix.

use std::fmt::Write;

use super::args::run::DoctorArgs;
use super::exit::{Failure, Status, endpoint_hint};
use super::out;
use super::setup::client::{call_time, client};
use super::setup::{prompts, settings};
use crate::agent::prompt::Protocol;
use crate::chat::adjust::Adjusted;
use crate::chat::{CallContext, ChatReply, ErrorKind};
use crate::config::KeyedModel;
use crate::config::Settings;
use crate::report::score_table::{duration, one_line};
use crate::run::preflight::{self, Checked, Forms};
use incident_env::Catalog;

pub(super) async fn execute(args: &DoctorArgs) -> Result<Status, Failure> {
    let mut settings = settings(&args.options, args.config.path())?;
    if settings.models.is_empty() {
        return Err(Failure::usage("doctor needs a --model").hint("bench doctor --model gpt-oss-120b"));
    }
    settings.require_keys()?;
    // A check reports what is wrong now, so it does not wait and try again.
    settings.max_retries = 0;
    settings.chaos = None;
    let prompts = prompts::prompts(settings.prompts.as_deref(), &settings.suite, settings.tool_names, settings.think)?;
    let catalog = Catalog::embedded().map_err(|error| Failure::other(error.to_string()))?;
    let forms = Forms::of(&prompts, catalog.scenarios());
    let mut all_well = true;
    for model in &settings.models {
        let (text, well) = examine(&settings, model, &forms).await?;
        all_well &= well;
        out::text(&text)?;
    }
    if all_well { Ok(Status::Done) } else { Err(Failure::usage("an endpoint is not ready for a run; see above")) }
}

async fn examine(settings: &Settings, model: &KeyedModel, forms: &Forms) -> Result<(String, bool), Failure> {
    let client = client(settings, model, None, Adjusted::default())?;
    let call_time = call_time(settings, model);
    let context = CallContext { deadline: Some(tokio::time::Instant::now() + call_time), ..CallContext::default() };
    let mut text = String::new();
    let mut line = |mark: &str, what: &str, finding: &str| {
        let _ = writeln!(text, "  {mark} {what:10} {finding}");
    };
    let key = match &model.key.secret {
        Some(_) => "sent",
        None if model.spec.provider.key_env.is_empty() => "none needed, none sent",
        None => "missing",
    };
    line("·", "key", key);
    let plain = client.complete(&forms.request(Protocol::Text), &context).await;
    let (mut well, mut unreachable) = (true, false);
    match &plain {
        Ok(reply) => {
            line("✓", "reachable", &format!("answered in {}", duration(to_ms(reply.latency_ms))));
            describe(reply, &model.spec.name, &mut line);
        }
        Err(error) => {
            (well, unreachable) = (false, true);
            line("✗", "reachable", &error.to_string());
            if let Some(hint) = endpoint_hint(error) {
                line("→", "fix", hint);
            }
        }
    }
    if !unreachable {
        let mut best = "text";
        for protocol in [Protocol::Tools, Protocol::Json] {
            let context = CallContext::default();
            let checked = preflight::check(&*client, forms, Some(protocol), &context, call_time).await;
            let finding = form(&checked);
            if finding.is_none() {
                best = protocol.as_str();
            }
            line(if finding.is_none() { "✓" } else { "✗" }, protocol.as_str(), &finding.unwrap_or("works".to_owned()));
            if let Some(wanted) = model.asking.protocol.fixed()
                && wanted == protocol
                && best != protocol.as_str()
            {
                well = false;
            }
        }
        for adjustment in &client.adjusted() {
            line("!", "adjusted", &one_line(&adjustment.to_string()));
        }
        line("→", "use", &format!("--protocol {best}"));
    }
    Ok((format!("{} at {}\n{text}", model.spec.label, model.spec.base_url), well))
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds fit a double")]
fn to_ms(latency: u64) -> f64 {
    latency as f64
}

/// Prints what the reply of a plain call contains and what it lacks.
fn describe(reply: &ChatReply, name: &str, line: &mut impl FnMut(&str, &str, &str)) {
    match &reply.model {
        Some(model) if model == name => line("✓", "model", model),
        Some(model) => line("!", "model", &format!("asked for '{name}', '{model}' answered")),
        None => line("!", "model", "the reply names none"),
    }
    match reply.usage {
        Some(usage) => line(
            "✓",
            "usage",
            &format!(
                "{} prompt, {} cached, {} completion tokens",
                usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens
            ),
        ),
        None => line("!", "usage", "the reply counts no tokens: tables will show none and cost nothing"),
    }
    if reply.request_id.is_none() {
        line("!", "request id", "the reply has none: a fault is harder to report to the provider");
    }
    if reply.content.as_deref().is_none_or(|content| content.trim().is_empty()) {
        let why =
            if reply.reasoning.is_some() { "reasoning, but no answer: raise --max-tokens" } else { "an empty answer" };
        line("!", "answer", why);
    }
}

/// Returns the reason for which a protocol does not work, or `None` if it works.
fn form(checked: &Checked) -> Option<String> {
    match &checked.fault {
        None if checked.is_spoken => None,
        None => Some("accepted, but the answer does not have the form that was asked for".to_owned()),
        Some(error) if matches!(error.kind, ErrorKind::BadRequest | ErrorKind::Server) => {
            Some(format!("refused: {error}"))
        }
        Some(error) => Some(error.to_string()),
    }
}

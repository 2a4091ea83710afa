//! Tests of the LLM agent without a network: decisions and their sources, the conversation, and every wording.

use std::sync::Arc;

use incident_bench::agent::llm::{Assist, Llm};
use incident_bench::agent::prompt::{PromptSet, Protocol};
use incident_bench::agent::{Decision, Policy, StepSource, Turn, fallback};
use incident_bench::chat::{
    ChatError, ChatReply, ChatRequest, ErrorKind, FinishReason, Message, ReplyFormat, ToolCall,
};
use incident_env::{Action, Episode, TaskId};
use serde_json::{Value, json};

use crate::world::{act, play, says, small};

const PROTOCOLS: [Protocol; 3] = [Protocol::Text, Protocol::Json, Protocol::Tools];
const ASSISTS: [Assist; 3] = [Assist::Fallback, Assist::Repair, Assist::Off];

fn prompts() -> Arc<PromptSet> {
    Arc::new(PromptSet::embedded().unwrap())
}

fn proposes(kind: &str, parameters: Value) -> ChatReply {
    says(&json!({"action_type": kind, "parameters": parameters}).to_string())
}

fn calls(calls: &[(&str, &str, &str)]) -> ChatReply {
    let call = |(id, name, arguments): &(&str, &str, &str)| ToolCall {
        id: (*id).to_owned(),
        name: (*name).to_owned(),
        arguments: (*arguments).to_owned(),
    };
    ChatReply { tool_calls: calls.iter().map(call).collect(), finish: FinishReason::ToolCalls, ..says("") }
}

/// An episode and the agent that plays it.
struct Table {
    episode: Episode,
    agent: Llm,
    /// The requests so far.
    asked: Vec<ChatRequest>,
}

impl Table {
    fn new(scenario: &str, protocol: Protocol, assist: Assist) -> Self {
        let episode = play(&small(), scenario);
        Self { episode, agent: Llm::new(prompts(), protocol, assist), asked: vec![] }
    }

    fn turn(&mut self) -> &ChatRequest {
        let turn = self.agent.turn(self.episode.observation());
        self.expect_ask(turn)
    }

    fn expect_ask(&mut self, turn: Turn) -> &ChatRequest {
        let Turn::Ask(request) = turn else { panic!("{turn:?}") };
        self.asked.push(request);
        self.asked.last().unwrap()
    }

    fn reply(&mut self, reply: &ChatReply) -> Turn {
        self.agent.reply(Ok(reply), self.episode.observation())
    }

    fn fails(&mut self, error: &ChatError) -> Turn {
        self.agent.reply(Err(error), self.episode.observation())
    }

    /// Gives a reply that must settle the step, and takes the step.
    fn decides(&mut self, reply: &ChatReply) -> Decision {
        let turn = self.reply(reply);
        let Turn::Act(decision) = turn else { panic!("{turn:?}") };
        self.episode.step(&decision.action);
        decision
    }

    /// Plays a whole step: asks, gives the reply, and takes the step.
    fn step(&mut self, reply: &ChatReply) -> Decision {
        self.turn();
        self.decides(reply)
    }

    fn messages(&self) -> &[Message] {
        &self.asked.last().unwrap().messages
    }
}

fn too_long(tokens: Option<(u64, u64)>) -> ChatError {
    ChatError {
        prompt_tokens: tokens.map(|(prompt, _)| prompt),
        context_limit: tokens.map(|(_, limit)| limit),
        ..ChatError::new(ErrorKind::ContextLength, "too long")
    }
}

// ---- sources ----

#[test]
fn what_the_model_chooses_well_is_its_own() {
    for assist in ASSISTS {
        let mut table = Table::new("RCA-901", Protocol::Text, assist);
        let decision = table.step(&proposes("query_logs", json!({"service": "web"})));
        let action = act("query_logs", json!({"service": "web"}));
        assert_eq!(decision, Decision { action, source: StepSource::Model, problem: None, proposed: None }, "{assist}");
    }
}

/// A reply that cannot be used, with its problem and the action that it proposes, if any.
type Unusable = (ChatReply, &'static str, Option<Action>);

/// Lists replies that cannot be used on RCA-901.
fn unusable() -> Vec<Unusable> {
    let cut = ChatReply { finish: FinishReason::Length, ..says("{\"action_type\": \"query_l") };
    let filtered = ChatReply { finish: FinishReason::ContentFilter, ..says("") };
    let thoughts = ChatReply { reasoning: Some("The disk, perhaps.".to_owned()), ..says("") };
    let cut_call = ChatReply { finish: FinishReason::Length, ..calls(&[("c1", "query_logs", "{\"service\": \"w")]) };
    let refused = |kind: &str, parameters: Value, problem| {
        (proposes(kind, parameters.clone()), problem, Some(act(kind, parameters)))
    };
    vec![
        (says(""), "the reply is empty", None),
        (says("I would look at the logs."), "the reply has no JSON object", None),
        (says("{\"service\": \"web\"}"), "the reply has JSON but no action_type", None),
        (thoughts, "the reply has reasoning but no answer", None),
        (filtered, "the provider's content filter stopped the reply", None),
        (cut, "the reply was cut at the token limit before an action was complete", None),
        (cut_call, "the reply was cut at the token limit before an action was complete", None),
        (calls(&[("c1", "query_logs", "{\"ser")]), "the arguments of the function call are not valid JSON", None),
        refused("dance", json!({}), "there is no action 'dance'"),
        refused("restart_service", json!({"service": "web"}), "this task does not offer restart_service"),
        refused("query_logs", json!({"service": "cdn"}), "there is no service 'cdn' in this incident"),
        refused("query_logs", json!({}), "the parameter 'service' is missing"),
        refused(
            "submit_severity",
            json!({"severity": "P1"}),
            "submit_severity does not answer this task; submit_root_cause does",
        ),
        refused("submit_root_cause", json!({"service": "web"}), "the answer has no failure_mode"),
        refused("submit_root_cause", json!({"failure_mode": "disk full"}), "the answer names no service"),
        refused(
            "submit_root_cause",
            json!({"service": "mainframe", "failure_mode": "disk full"}),
            "there is no service 'mainframe' in this incident",
        ),
    ]
}

/// The grader knows short forms of names, so the guard must not refuse what the grader accepts.
#[test]
fn a_short_name_is_an_answer() {
    for name in ["postgres-db", "Postgres DB", "postgres", "postgresql", "auth"] {
        let mut table = Table::new("RCA-901", Protocol::Text, Assist::Fallback);
        let decision = table.step(&proposes("submit_root_cause", json!({"service": name, "failure_mode": "disk"})));
        assert_eq!(decision.source, StepSource::Model, "{name}");
    }
}

#[test]
fn the_fallback_steps_in() {
    for (reply, problem, proposed) in unusable() {
        let mut table = Table::new("RCA-901", Protocol::Text, Assist::Fallback);
        let instead = fallback::next(table.episode.observation());
        let decision = table.step(&reply);
        let source = if proposed.is_some() { StepSource::Override } else { StepSource::Fallback };
        assert_eq!(decision, Decision { action: instead, source, problem: Some(problem.to_owned()), proposed });
        assert_eq!(table.asked.len(), 1);
    }
}

#[test]
fn without_help_the_step_is_spent_as_it_stands() {
    for (reply, problem, proposed) in unusable() {
        let mut table = Table::new("RCA-901", Protocol::Text, Assist::Off);
        let decision = table.step(&reply);
        let action = proposed.unwrap_or_else(|| act("invalid", json!({})));
        let problem = Some(problem.to_owned());
        assert_eq!(decision, Decision { action, source: StepSource::Model, problem, proposed: None });
        assert_eq!(table.episode.observation().step_count, 1);
        // The model is told the result of its own step, and nothing about a replacement.
        if !table.episode.is_done() {
            table.turn();
            let last = table.messages().last().unwrap().content();
            assert!(last.starts_with("Error: ") && !last.contains("taken instead"), "{last}");
        }
    }
}

#[test]
fn a_repair_is_one_message() {
    let good = proposes("check_metrics", json!({"service": "web"}));
    for (reply, problem, proposed) in unusable() {
        let mut table = Table::new("RCA-901", Protocol::Text, Assist::Repair);
        table.turn();
        let turn = table.reply(&reply);
        table.expect_ask(turn);
        let said = &table.messages()[table.asked[0].messages.len()..];
        assert_eq!(said.len(), 2, "{problem}");
        assert!(matches!(said[0], Message::Assistant { .. }));
        assert!(said[1].content().starts_with(&format!("Your reply cannot be used: {problem}.\n")), "{:?}", said[1]);
        // The model corrects its reply.
        let decision = table.decides(&good);
        let action = act("check_metrics", json!({"service": "web"}));
        assert_eq!(decision, Decision { action, source: StepSource::Repaired, problem: None, proposed: None });
        // The next step has its own repair; a second failure within it ends with the fallback.
        table.turn();
        let turn = table.reply(&says("?"));
        table.expect_ask(turn);
        let instead = fallback::next(table.episode.observation());
        let decision = table.decides(&reply);
        let source = if proposed.is_some() { StepSource::Override } else { StepSource::Fallback };
        assert_eq!((decision.action, decision.source), (instead, source));
        assert_eq!(decision.problem.as_deref(), Some(problem));
        assert_eq!(table.asked.len(), 4, "two steps, two calls each");
    }
}

#[test]
fn a_failed_call_gives_the_episode_up() {
    for kind in [ErrorKind::RateLimited, ErrorKind::Server, ErrorKind::Timeout, ErrorKind::Auth, ErrorKind::HtmlBody] {
        for assist in ASSISTS {
            let mut table = Table::new("AC-901", Protocol::Text, assist);
            table.turn();
            let turn = table.fails(&ChatError::new(kind, "x"));
            assert!(matches!(turn, Turn::Abandon(reason) if reason == kind), "{turn:?}");
        }
    }
}

#[test]
fn a_reply_of_a_million_brackets_is_read_in_time() {
    for text in ["[".repeat(1 << 20), "{\"a\":".repeat(1 << 18), format!("{}{}", "[".repeat(9_000), "]".repeat(9_000))]
    {
        let mut table = Table::new("AC-901", Protocol::Text, Assist::Fallback);
        assert_eq!(table.step(&says(&text)).source, StepSource::Fallback);
    }
}

// ---- the conversation ----

#[test]
fn the_conversation_only_grows() {
    let replies = [
        proposes("query_logs", json!({"service": "web"})),
        says("no idea"),
        calls(&[("c1", "query_logs", "{\"service\": \"postgres-db\"}"), ("c2", "check_metrics", "{}")]),
        calls(&[("c3", "query_logs", "{\"ser")]),
        proposes("query_logs", json!({"service": "nowhere"})),
        says(""),
        proposes("query_logs", json!({"service": "auth-service"})),
    ];
    for protocol in PROTOCOLS {
        for assist in ASSISTS {
            let mut table = Table::new("RCA-901", protocol, assist);
            for reply in &replies {
                if table.episode.is_done() {
                    break;
                }
                table.turn();
                let mut turn = table.reply(reply);
                if matches!(turn, Turn::Ask(_)) {
                    table.expect_ask(turn);
                    turn = table.reply(reply);
                }
                let Turn::Act(decision) = turn else { panic!("{turn:?}") };
                table.episode.step(&decision.action);
            }
            // The fallback may submit before the replies are used up.
            assert!(table.asked.len() >= 5, "{protocol} {assist}");
            for pair in table.asked.windows(2) {
                assert!(pair[1].messages.starts_with(&pair[0].messages), "{protocol} {assist}");
                assert!(pair[1].messages.len() > pair[0].messages.len());
                assert_eq!(pair[1].format, pair[0].format);
            }
            check_form(table.messages());
        }
    }
}

/// Checks the rules that every server has: instructions first, no message without content, and an answer to each call
/// and to nothing else.
fn check_form(messages: &[Message]) {
    let mut open: Vec<&str> = vec![];
    for (index, message) in messages.iter().enumerate() {
        assert_eq!(matches!(message, Message::System { .. }), index == 0);
        match message {
            Message::Tool { call_id, .. } => {
                let at = open.iter().position(|id| id == call_id).expect("a result of a call");
                open.remove(at);
            }
            _ => assert!(open.is_empty(), "unanswered calls: {open:?}"),
        }
        if let Message::Assistant { tool_calls, .. } = message {
            open = tool_calls.iter().map(|call| call.id.as_str()).collect();
            assert!(!tool_calls.is_empty() || !message.content().trim().is_empty(), "{message:?}");
        } else {
            assert!(!message.content().trim().is_empty(), "{message:?}");
        }
    }
    assert!(open.is_empty(), "unanswered calls: {open:?}");
}

#[test]
fn every_call_gets_a_result() {
    for assist in ASSISTS {
        let mut table = Table::new("RCA-901", Protocol::Tools, assist);
        let two = calls(&[
            ("c1", "query_logs", "{\"service\": \"postgres-db\"}"),
            ("c2", "check_metrics", "{\"service\": \"web\"}"),
        ]);
        assert_eq!(table.step(&two).action, act("query_logs", json!({"service": "postgres-db"})), "one action a step");
        table.turn();
        let [
            ..,
            Message::Assistant { tool_calls, .. },
            Message::Tool { call_id: a, content },
            Message::Tool { call_id: b, .. },
        ] = table.messages()
        else {
            panic!("{:?}", table.messages())
        };
        assert_eq!((tool_calls.len(), a.as_str(), b.as_str()), (2, "c1", "c2"));
        assert!(content.contains("disk 100 %"), "{content}");
    }
}

// ---- the context limit ----

/// Plays this many steps, each of which looks at another service.
fn after_steps(count: usize) -> Table {
    let mut table = Table::new("RCA-901", Protocol::Text, Assist::Off);
    let looks = ["query_logs", "check_metrics", "check_dependencies"]
        .into_iter()
        .flat_map(|kind| ["postgres-db", "auth-service", "web"].map(|service| (kind, service)));
    for (kind, service) in looks.take(count) {
        table.step(&proposes(kind, json!({"service": service})));
    }
    table.turn();
    table
}

const DROPPED: &str = "[older evidence was dropped to fit the context limit]";

/// Returns the positions of the messages that were dropped.
fn dropped(messages: &[Message]) -> Vec<usize> {
    messages.iter().enumerate().filter(|(_, message)| message.content() == DROPPED).map(|(index, _)| index).collect()
}

#[test]
fn oldest_evidence_goes_first() {
    let mut table = after_steps(4);
    let whole = table.messages().to_vec();
    // The messages are system, incident, then a reply and its evidence for each step.
    assert_eq!(whole.len(), 10);
    let turn = table.fails(&too_long(Some((1000, 999))));
    table.expect_ask(turn);
    let shorter = table.messages().to_vec();
    let gone = dropped(&shorter);
    assert_eq!(gone.first(), Some(&3));
    assert!(gone.iter().zip(gone.iter().skip(1)).all(|(a, b)| b - a == 2), "{gone:?}");
    for (index, (before, after)) in whole.iter().zip(&shorter).enumerate() {
        assert_eq!(before != after, gone.contains(&index), "{index}");
    }
    assert_eq!(table.agent.dropped_evidence(), gone.len());
    assert!(!gone.contains(&9), "the newest stays");
    // The answer to the shorter request counts as any other, and the dropped messages stay dropped.
    assert_eq!(table.decides(&proposes("check_metrics", json!({"service": "web"}))).source, StepSource::Model);
    table.turn();
    assert!(table.messages().starts_with(&shorter));
}

#[test]
fn with_nothing_left_to_drop_the_episode_is_given_up() {
    for tokens in [None, Some((100_000, 10))] {
        for count in [0, 1, 5] {
            let mut table = after_steps(count);
            let whole = table.messages().to_vec();
            let kind = loop {
                match table.fails(&too_long(tokens)) {
                    Turn::Abandon(kind) => break kind,
                    turn => drop(table.expect_ask(turn)),
                }
            };
            assert_eq!(kind, ErrorKind::ContextLength);
            let last = table.messages();
            assert_eq!(table.agent.dropped_evidence(), count.saturating_sub(1));
            assert_eq!(dropped(last), (1..count).map(|step| 2 * step + 1).collect::<Vec<_>>());
            assert_eq!((&last[..2], last.last()), (&whole[..2], whole.last()), "both ends stay");
            check_form(last);
        }
    }
}

#[test]
fn the_newest_results_stay_together() {
    let mut table = Table::new("RCA-901", Protocol::Tools, Assist::Off);
    table.step(&calls(&[("c1", "query_logs", "{\"service\": \"web\"}")]));
    table.step(&calls(&[("c2", "query_logs", "{\"service\": \"postgres-db\"}"), ("c3", "query_logs", "{}")]));
    table.turn();
    let turn = table.fails(&too_long(Some((100_000, 10))));
    table.expect_ask(turn);
    assert_eq!(dropped(table.messages()), [3]);
    check_form(table.messages());
    assert!(matches!(table.fails(&too_long(None)), Turn::Abandon(ErrorKind::ContextLength)));
}

#[test]
fn each_step_may_be_shortened_anew() {
    let mut table = after_steps(6);
    for _ in 0..2 {
        let before = table.agent.dropped_evidence();
        let turn = table.fails(&too_long(Some((1000, 1100))));
        table.expect_ask(turn);
        assert!(table.agent.dropped_evidence() > before);
        table.decides(&proposes("check_service_status", json!({"service": "web"})));
        table.turn();
    }
}

// ---- wordings ----

/// Formats a message under a heading.
fn part(heading: &str, message: Option<&Message>) -> String {
    format!("=== {heading}\n\n{}\n\n", message.unwrap().content())
}

#[test]
fn every_wording() {
    for (scenario, task) in [
        ("AC-901", TaskId::AlertClassification),
        ("RCA-901", TaskId::RootCauseAnalysis),
        ("RP-901", TaskId::RemediationPlanning),
    ] {
        let mut text = String::new();
        for protocol in PROTOCOLS {
            let mut table = Table::new(scenario, protocol, Assist::Repair);
            text += &part(&format!("{task}, {protocol}: instructions"), table.turn().messages.first());
        }
        let mut table = Table::new(scenario, Protocol::Text, Assist::Repair);
        text += &part("incident", table.turn().messages.last());
        let turn = table.reply(&says("?"));
        text += &part("repair", table.expect_ask(turn).messages.last());
        let service = fallback::next(table.episode.observation()).target().unwrap().to_owned();
        table.decides(&proposes("query_logs", json!({ "service": service })));
        text += &part("after a look", table.turn().messages.last());
        // Two replies are unusable: then come the fallback's step and the reason.
        let turn = table.reply(&proposes("query_logs", json!({"service": "cdn"})));
        text += &part("repair of a refusal", table.expect_ask(turn).messages.last());
        table.decides(&says("?"));
        text += &part("after the fallback", table.turn().messages.last());
        insta::assert_snapshot!(format!("wording_{task}"), text.trim_end());
    }
}

#[test]
fn the_wording_of_results() {
    let mut table = Table::new("RP-901", Protocol::Text, Assist::Off);
    let mut text = String::new();
    table.turn();
    for (kind, parameters) in [
        ("dance", json!({})),
        ("query_logs", json!({})),
        ("query_logs", json!({"service": "cdn"})),
        ("submit_severity", json!({"severity": "P1"})),
        ("disable_feature_flag", json!({})),
        ("disable_feature_flag", json!({"flag": "dark_mode"})),
        ("execute_runbook_step", json!({"runbook_action": "verify_stock"})),
        ("restart_service", json!({"service": "checkout-api"})),
        ("scale_service", json!({"service": "stock-db"})),
        ("disable_feature_flag", json!({"flag": "bulk_import"})),
        ("clear_cache", json!({"service": "stock-db"})),
        ("query_logs", json!({"service": "stock-db"})),
        ("query_logs", json!({"service": "stock-db"})),
    ] {
        table.decides(&proposes(kind, parameters.clone()));
        text += &part(&format!("{kind} {parameters}"), table.turn().messages.last());
    }
    table.decides(&says("?"));
    text += &part("before the last step", table.turn().messages.last());
    insta::assert_snapshot!("wording_of_results", text.trim_end());
}

#[test]
fn the_form_of_each_protocol() {
    let prompts = prompts();
    for (scenario, task) in [
        ("AC-901", TaskId::AlertClassification),
        ("RCA-901", TaskId::RootCauseAnalysis),
        ("RP-901", TaskId::RemediationPlanning),
    ] {
        let episode = play(&small(), scenario);
        let format = |protocol| prompts.format(episode.observation(), protocol);
        assert_eq!(format(Protocol::Text), ReplyFormat::Text);
        let ReplyFormat::Json { name, schema } = format(Protocol::Json) else { panic!("{task}") };
        assert_eq!(name, "incident_action");
        let valid = jsonschema::validator_for(&schema).unwrap();
        let ReplyFormat::Tools { tools } = format(Protocol::Tools) else { panic!("{task}") };
        for tool in &tools {
            jsonschema::validator_for(&tool.parameters).unwrap();
        }
        let offered: Vec<_> = episode.observation().task().actions.iter().map(ToString::to_string).collect();
        assert_eq!(tools.iter().map(|tool| tool.name.clone()).collect::<Vec<_>>(), offered, "one tool an action");
        let service = &episode.observation().briefing.services[0];
        let look = |service: &str| json!({"action": {"action_type": "query_logs", "parameters": {"service": service}}});
        assert!(valid.is_valid(&look(service)));
        for wrong in [look("cdn"), json!({}), json!({"action": {"action_type": "dance", "parameters": {}}})] {
            assert!(!valid.is_valid(&wrong), "{wrong}");
        }
        insta::assert_json_snapshot!(format!("schema_{task}"), schema);
        insta::assert_json_snapshot!(format!("tools_{task}"), tools);
    }
}

/// Scores with different prompts are not comparable, so a changed prompt needs a new version.
#[test]
fn a_changed_prompt_has_a_new_version() {
    // There is one line for each released version; a new one is added and none is changed.
    const VERSIONS: [(&str, &str); 1] =
        [("default/1", "sha256:097fa87a95c9ce175ed3bf826f1d88ebd4c34c1b1578290e663858afe43bd51a")];
    let set = PromptSet::embedded().unwrap();
    assert_eq!(
        (set.label().as_str(), set.digest()),
        VERSIONS[VERSIONS.len() - 1],
        "a prompt has changed: raise `version` in prompts/default/prompt.toml and add the new digest here"
    );
}

//! Tests of the LLM agent without a network: decisions and their sources, the conversation, and every wording.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use incident_bench::agent::llm::{Assist, Llm};
use incident_bench::agent::prompt::{PromptSet, Protocol};
use incident_bench::agent::think::Think;
use incident_bench::agent::{Decision, Policy, StepSource, Turn, fallback};
use incident_bench::chat::{
    ChatError, ChatReply, ChatRequest, ErrorKind, FinishReason, Message, ReplyFormat, ToolCall,
};
use incident_env::{Action, Episode, EpisodeId, TaskId};
use incident_generate::{Generator, Suite};
use serde_json::{Value, json};

use crate::world::{act, play, says, small};

const PROTOCOLS: [Protocol; 3] = [Protocol::Text, Protocol::Json, Protocol::Tools];
const ASSISTS: [Assist; 3] = [Assist::Fallback, Assist::Repair, Assist::Off];

fn prompts(think: Think) -> Arc<PromptSet> {
    Arc::new(PromptSet::embedded(think).unwrap())
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
        Self::with(prompts(Think::On), scenario, protocol, assist)
    }

    fn with(prompts: Arc<PromptSet>, scenario: &str, protocol: Protocol, assist: Assist) -> Self {
        let episode = play(&small(), scenario);
        Self { episode, agent: Llm::new(prompts, protocol, assist), asked: vec![] }
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
    let refusal = ChatReply { finish: FinishReason::Refusal, ..says("I cannot help with that.") };
    let refused_after_call =
        ChatReply { finish: FinishReason::Refusal, ..calls(&[("c1", "query_logs", "{\"service\": \"web\"}")]) };
    let cut_thought = ChatReply { finish: FinishReason::Length, reasoning: Some("The disk".to_owned()), ..says("") };
    let malformed = ChatReply { finish: FinishReason::Malformed, ..says("<function=query_logs>{\"service\": \"w") };
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
        (refusal, "the model refused to answer", None),
        (refused_after_call, "the model refused to answer", None),
        (cut_thought, "the reply was cut at the token limit while the model was still thinking", None),
        (malformed, "the host refused what the model wrote, which has no whole action", None),
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

/// A reply that the endpoint cut because the conversation left no room for it is asked for again with less evidence, as
/// long as there is any; then the cut is the model's problem, and the episode goes on.
#[test]
fn a_conversation_that_leaves_no_room_is_shortened() {
    let cut = ChatReply { finish: FinishReason::ContextWindow, ..says("{\"action_type\": \"query_l") };
    let mut table = after_steps(5);
    let mut asked = 0;
    let decision = loop {
        match table.reply(&cut) {
            Turn::Act(decision) => break decision,
            turn => drop(table.expect_ask(turn)),
        }
        asked += 1;
        check_form(table.messages());
    };
    assert!(asked > 0);
    assert_eq!(table.agent.dropped_evidence(), 4);
    let problem = "the reply was cut at the end of the model's context before an action was complete";
    assert_eq!(decision.problem.as_deref(), Some(problem));
    // An action that is whole needs no second call.
    let mut table = after_steps(5);
    let whole = ChatReply { finish: FinishReason::ContextWindow, ..proposes("query_logs", json!({"service": "web"})) };
    assert_eq!(table.decides(&whole).source, StepSource::Model);
    assert_eq!(table.agent.dropped_evidence(), 0);
}

/// A reply as an endpoint of Chat Completions sent it, with a long thought.
fn thoughtful(mut reply: ChatReply) -> ChatReply {
    let calls: Vec<_> = reply
        .tool_calls
        .iter()
        .map(|call| {
            json!({"id": call.id, "type": "function", "extra_content": {"google": {"thought_signature": "c2ln"}},
                "function": {"name": call.name, "arguments": call.arguments}})
        })
        .collect();
    let mut came = json!({"role": "assistant", "content": reply.content, "reasoning_content": "hm ".repeat(2_000)});
    if !calls.is_empty() {
        came["tool_calls"] = calls.into();
    }
    reply.as_it_came = Some(came);
    reply
}

/// What is played back of each reply of the model.
fn played_back(messages: &[Message]) -> Vec<Option<Value>> {
    let came = |message: &Message| match message {
        Message::Assistant { as_it_came, .. } => Some(as_it_came.clone()),
        _ => None,
    };
    messages.iter().filter_map(came).collect()
}

#[test]
fn replies_are_played_back_as_they_came() {
    let blocks = json!([{"type": "thinking", "thinking": "hm", "signature": "c2ln"}, {"type": "text", "text": "\n"},
        {"type": "tool_use", "id": "c2", "name": "query_logs", "input": {"service": "web"}}]);
    let call = |id| calls(&[(id, "query_logs", "{\"service\": \"web\"}")]);
    let mut table = Table::new("RCA-901", Protocol::Tools, Assist::Off);
    let first = thoughtful(call("c1"));
    table.step(&first);
    table.step(&ChatReply { as_it_came: Some(blocks), ..call("c2") });
    table.turn();
    let without_blank = json!([{"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "tool_use", "id": "c2", "name": "query_logs", "input": {"service": "web"}}]);
    assert_eq!(played_back(table.messages()), [first.as_it_came, Some(without_blank)]);
}

#[test]
fn an_empty_reply_is_played_back_as_a_valid_message() {
    let empty = thoughtful(says(""));
    let reasoning = json!([{"type": "reasoning", "id": "rs_1", "encrypted_content": "x"}]);
    for (reply, expected) in [
        (says(""), None),
        (ChatReply { content: None, ..empty.clone() }, {
            let mut came = empty.as_it_came.clone().unwrap();
            came["content"] = "(no answer)".into();
            Some(came)
        }),
        // A list that holds thoughts only is no whole message in any API.
        (ChatReply { content: None, as_it_came: Some(reasoning), ..says("") }, None),
        (ChatReply { as_it_came: Some(json!([])), finish: FinishReason::Refusal, ..says("") }, None),
    ] {
        let mut table = Table::new("RCA-901", Protocol::Text, Assist::Fallback);
        table.step(&reply);
        table.turn();
        check_form(table.messages());
        assert_eq!(played_back(table.messages()), [expected]);
        assert!(table.messages().iter().any(|message| message.content() == "(no answer)"));
    }
}

#[test]
fn old_thoughts_go_after_evidence_and_signatures_stay() {
    let mut table = Table::new("RCA-901", Protocol::Tools, Assist::Off);
    for (id, service) in [("c1", "web"), ("c2", "postgres-db"), ("c3", "auth-service")] {
        table.step(&thoughtful(calls(&[(id, "query_logs", &json!({"service": service}).to_string())])));
    }
    table.turn();
    let whole = played_back(table.messages());
    let turn = table.fails(&too_long(Some((1000, 1000))));
    table.expect_ask(turn);
    check_form(table.messages());
    // All evidence but the newest, and the thoughts of one reply.
    assert_eq!((dropped(table.messages()).len(), table.agent.dropped_evidence()), (2, 3));
    let short = played_back(table.messages());
    assert_eq!(short[1..], whole[1..], "the oldest first");
    let mut expected = whole[0].clone().unwrap();
    expected["reasoning_content"] = "[thoughts were dropped to fit the context limit]".into();
    assert_eq!(short[0], Some(expected));
    // What does not fit at all loses everything but the newest reply and its result.
    let turn = table.fails(&too_long(Some((100_000, 10))));
    table.expect_ask(turn);
    check_form(table.messages());
    assert_eq!(played_back(table.messages())[2], whole[2]);
    assert_eq!(dropped(table.messages()).len(), 2);
}

#[test]
fn a_cut_reply_is_played_back_as_it_was_cut() {
    let long =
        format!("{} {{\"action_type\": \"query_logs\", \"parameters\": {{\"service\": \"web\"}}}}", "so ".repeat(500));
    let blocks = json!([{"type": "thinking", "signature": "c2ln"}, {"type": "text", "text": long}]);
    let mut table = Table::new("RCA-901", Protocol::Text, Assist::Off);
    table.step(&thoughtful(says(&long)));
    table.step(&ChatReply { as_it_came: Some(blocks), ..says(&long) });
    table.step(&thoughtful(says(&long)));
    table.turn();
    let whole = played_back(table.messages());
    let turn = table.fails(&too_long(Some((100_000, 10))));
    table.expect_ask(turn);
    let texts: Vec<_> = table.messages().iter().filter(|one| matches!(one, Message::Assistant { .. })).collect();
    let came = played_back(table.messages());
    assert!(texts[0].content().len() <= 300 && texts[0].content().ends_with("[cut to fit the context limit]"));
    assert_eq!(came[0].as_ref().unwrap()["content"], texts[0].content(), "both say the same");
    assert_eq!(came[1], None, "a list is written anew");
    assert_eq!(came[2], whole[2], "the newest stays");
    check_form(table.messages());
}

// ---- thinking ----

#[test]
fn what_counts_depends_on_whether_a_model_may_think() {
    let thought = "I could {\"action_type\": \"query_logs\", \"parameters\": {\"service\": \"web\"}}.\nBut rather: \
        {\"action_type\": \"check_metrics\", \"parameters\": {\"service\": \"web\"}}";
    for (think, kind) in [(Think::Off, "query_logs"), (Think::On, "check_metrics")] {
        let mut table = Table::with(prompts(think), "RCA-901", Protocol::Text, Assist::Off);
        assert_eq!(table.step(&says(thought)).action, act(kind, json!({"service": "web"})), "{think}");
    }
    // A host that checks calls must not make a model better or worse than one that passes them on.
    for finish in [FinishReason::Stop, FinishReason::Malformed] {
        let mut table = Table::new("RCA-901", Protocol::Tools, Assist::Off);
        let reply = ChatReply { finish, ..says("<function=query_logs>{\"service\": \"web\"}</function>") };
        let decision = table.step(&reply);
        assert_eq!((decision.action, decision.problem), (act("query_logs", json!({"service": "web"})), None));
    }
}

// ---- wordings ----

/// Formats a message under a heading.
fn part(heading: &str, message: Option<&Message>) -> String {
    format!("=== {heading}\n\n{}\n\n", message.unwrap().content())
}

#[test]
fn every_wording() {
    for (think, name) in [(Think::Off, "wording"), (Think::On, "wording_think")] {
        for (scenario, task) in [
            ("AC-901", TaskId::AlertClassification),
            ("RCA-901", TaskId::RootCauseAnalysis),
            ("RP-901", TaskId::RemediationPlanning),
        ] {
            let table = |protocol| Table::with(prompts(think), scenario, protocol, Assist::Repair);
            let mut text = String::new();
            for protocol in PROTOCOLS {
                text += &part(&format!("{task}, {protocol}: instructions"), table(protocol).turn().messages.first());
            }
            let mut table = table(Protocol::Text);
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
            insta::assert_snapshot!(format!("{name}_{task}"), text.trim_end());
        }
    }
}

/// The instructions for a simulated incident, without what the incident says.
#[test]
fn the_wording_of_simulated_incidents() {
    let suite: Suite = "easy,count=3,seed=3".parse().unwrap();
    let generator = Generator::embedded().unwrap();
    let catalog = suite.catalog(generator.library(), generator.tasks()).unwrap();
    let scenario = catalog.scenarios().iter().find(|one| one.task() == TaskId::RootCauseAnalysis).unwrap();
    let episode = Episode::reset(scenario, EpisodeId::nil());
    for (think, name) in [(Think::Off, "simulated"), (Think::On, "simulated_think")] {
        let prompts = PromptSet::simulated(think).unwrap();
        let mut text = String::new();
        for protocol in PROTOCOLS {
            let system = prompts.system(episode.observation().task(), protocol).unwrap();
            let rules = &system[system.find("Each step, choose one action.").unwrap()..];
            let first = prompts.first(episode.observation(), protocol).unwrap();
            let _ = write!(text, "=== {protocol}\n\n{rules}\n…\n{}\n\n", first.lines().last().unwrap());
        }
        insta::assert_snapshot!(format!("wording_{name}"), text.trim_end());
    }
}

#[test]
fn the_wording_of_results() {
    let mut table = Table::with(prompts(Think::Off), "RP-901", Protocol::Text, Assist::Off);
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
    for (think, names) in [(Think::Off, ["schema", "tools"]), (Think::On, ["schema_think", "tools"])] {
        let prompts = prompts(think);
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
            let look = |service: &str| {
                let action = json!({"action_type": "query_logs", "parameters": {"service": service}});
                match think {
                    Think::On => json!({"reasoning": "It is slow.", "action": action}),
                    Think::Off => json!({"action": action}),
                }
            };
            assert!(valid.is_valid(&look(service)));
            let dance = json!({"reasoning": "", "action": {"action_type": "dance", "parameters": {}}});
            let mut long = look(service);
            long["reasoning"] = "x".repeat(1201).into();
            for wrong in [look("cdn"), json!({}), dance, long] {
                assert!(!valid.is_valid(&wrong), "{wrong}");
            }
            insta::assert_json_snapshot!(format!("{}_{task}", names[0]), schema);
            insta::assert_json_snapshot!(format!("{}_{task}", names[1]), tools);
        }
    }
}

/// Constrained decoding writes the properties in the order of the schema.
#[test]
fn the_thought_comes_before_the_action() {
    let episode = play(&small(), "RCA-901");
    let ReplyFormat::Json { schema, .. } = prompts(Think::On).format(episode.observation(), Protocol::Json) else {
        panic!("no schema")
    };
    assert!(schema.to_string().starts_with(r#"{"type":"object","properties":{"reasoning":"#), "{schema}");
    assert_eq!(schema["required"], json!(["reasoning", "action"]));
}

/// Scores with different prompts are not comparable, so a changed prompt needs a new version.
#[test]
fn a_changed_prompt_has_a_new_version() {
    // There is one line for each released version; a new one is added and none is changed.
    const VERSIONS: [(&str, &str); 4] = [
        ("default/1", "sha256:097fa87a95c9ce175ed3bf826f1d88ebd4c34c1b1578290e663858afe43bd51a"),
        ("default/2", "sha256:7ea4f099298e140bd71f37d12a9c45c2bf3412ec358f8ea312f0f260912d36dd"),
        ("simulated/4", "sha256:6f4c224b881e9ecd6a42722a362fcbcc2da03669fc99972aadbc035dfba74176"),
        ("simulated/5", "sha256:aaf668160a0382aefd41e86cd45859bd7f8ade8964a08523bd1797b4811393b1"),
    ];
    let sets = [
        PromptSet::embedded(Think::Off),
        PromptSet::embedded(Think::On),
        PromptSet::simulated(Think::Off),
        PromptSet::simulated(Think::On),
    ];
    let sets = sets.map(Result::unwrap);
    let now = sets.each_ref().map(|set| (set.label(), set.digest().to_owned()));
    assert_eq!(
        now.each_ref().map(|(label, digest)| (label.as_str(), digest.as_str())),
        VERSIONS,
        "a prompt has changed: raise `version` in the set's prompt.toml and add the new digest here"
    );
}

/// A set of one's own says the same with and without thinking, unless it has files for it or asks for `think`.
#[test]
fn a_set_of_ones_own_decides_what_a_model_is_told() {
    let own: BTreeMap<String, String> = [
        ("system.md.j2", "{{ task.id }} {{ think }}"),
        ("first.md.j2", "first"),
        ("step.md.j2", "step"),
        ("repair.md.j2", "repair"),
        ("prompt.toml", include_str!("../../prompts/default/prompt.toml")),
    ]
    .map(|(file, text)| (file.to_owned(), text.to_owned()))
    .into();
    let set = |files: &BTreeMap<String, String>, think| PromptSet::new("own", files, think).unwrap();
    let told = |set: &PromptSet| {
        let episode = play(&small(), "RCA-901");
        let system = set.system(episode.observation().task(), Protocol::Text).unwrap();
        (system, set.first(episode.observation(), Protocol::Text).unwrap())
    };
    assert_eq!(set(&own, Think::On).digest(), set(&own, Think::Off).digest());
    assert_eq!(told(&set(&own, Think::On)), ("root_cause_analysis on".to_owned(), "first".to_owned()));
    assert_eq!(told(&set(&own, Think::Off)), ("root_cause_analysis off".to_owned(), "first".to_owned()));
    assert_eq!(set(&own, Think::On).label(), "own/1");

    let mut with = own.clone();
    with.insert("think/first.md.j2".to_owned(), "think first".to_owned());
    with.insert("think/prompt.toml".to_owned(), "version = \"1-think\"".to_owned());
    assert_eq!(told(&set(&with, Think::On)).1, "think first");
    assert_eq!(set(&with, Think::On).label(), "own/1-think");
    assert_eq!(told(&set(&with, Think::Off)).1, "first");
    assert_eq!(set(&with, Think::Off).digest(), set(&own, Think::Off).digest());
    assert_ne!(set(&with, Think::On).digest(), set(&own, Think::On).digest());

    // A set without descriptions of the actions names the first that is missing.
    let mut broken = own;
    broken.insert("prompt.toml".to_owned(), "version = \"1\"".to_owned());
    let error = PromptSet::new("own", &broken, Think::Off).unwrap_err().to_string();
    assert_eq!(error, "prompt.toml of the prompt set 'own': no [[action]] describes query_logs");
}

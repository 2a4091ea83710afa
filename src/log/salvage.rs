//! What is left of a log with damaged lines: a damaged line costs its episode, and not the run. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::{EpisodeKey, Event, EventKind};

/// The readable part of a damaged log.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Salvaged {
    /// The events of all episodes that are whole, numbered anew.
    pub events: Vec<Event>,
    /// The damaged places: the number of a line, from 1, and what is wrong there.
    pub damaged: Vec<(usize, String)>,
    /// The episodes that are left out, because they may lack an event.
    pub lost: BTreeSet<EpisodeKey>,
}

/// Reads what can be read of a log. A last line that was torn is no damage.
#[must_use]
pub fn salvage(bytes: &[u8]) -> Salvaged {
    let mut found = Salvaged::default();
    let (mut open, mut next) = (BTreeMap::new(), 0);
    let mut events: Vec<Event> = Vec::new();
    for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let Some(text) = line.strip_suffix(b"\n") else { break };
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let event: Event = match serde_json::from_slice(text) {
            Ok(event) => event,
            Err(error) => {
                found.damaged.push((index + 1, error.to_string()));
                found.lose(key_in(text), &open);
                next += 1;
                continue;
            }
        };
        if event.seq != next {
            let problem = format!("has number {} where {next} is expected", event.seq);
            found.damaged.push((index + 1, problem));
            found.lose(None, &open);
        }
        next = event.seq + 1;
        if let Some(key) = &event.episode {
            match &event.event {
                EventKind::EpisodeFinished { .. } => _ = open.remove(key),
                EventKind::EpisodeRegraded { .. } => {}
                EventKind::ModelCalled { .. } | EventKind::ModelFailed { .. } => _ = open.insert(key.clone(), true),
                _ => _ = open.entry(key.clone()).or_insert(false),
            }
        }
        events.push(event);
    }
    // An episode whose beginning was in a damaged line has steps, and none that says which episode it is.
    let begun: BTreeSet<_> = events.iter().filter_map(begins).collect();
    let without_beginning = events.iter().filter_map(|event| event.episode.clone()).filter(|key| !begun.contains(key));
    if !found.damaged.is_empty() {
        found.lost.extend(without_beginning);
        found.lost.extend(incomplete(&events));
    }
    let lost = &found.lost;
    events.retain(|event| event.episode.as_ref().is_none_or(|key| !lost.contains(key)));
    for (seq, event) in (0..).zip(&mut events) {
        event.seq = seq;
    }
    found.events = events;
    found
}

impl Salvaged {
    /// Gives up the episode of a damaged line. Where no line says which it is, every episode with calls that was being played may
    /// lack one of them; what is missing of the others shows in their steps.
    fn lose(&mut self, key: Option<EpisodeKey>, open: &BTreeMap<EpisodeKey, bool>) {
        let has_calls = open.iter().filter(|(_, has_calls)| **has_calls).map(|(key, _)| key.clone());
        match key {
            Some(key) => _ = self.lost.insert(key),
            None => self.lost.extend(has_calls),
        }
    }
}

fn begins(event: &Event) -> Option<EpisodeKey> {
    matches!(event.event, EventKind::EpisodeStarted { .. }).then(|| event.episode.clone()).flatten()
}

/// The episodes whose steps have gaps, or that end after another number of steps.
fn incomplete(events: &[Event]) -> BTreeSet<EpisodeKey> {
    let (mut steps, mut found) = (BTreeMap::new(), BTreeSet::new());
    for event in events {
        let Some(key) = &event.episode else { continue };
        let taken = steps.entry(key).or_insert(0);
        match &event.event {
            EventKind::EpisodeStarted { .. } => *taken = 0,
            EventKind::StepTaken(step) => {
                if step.step != *taken + 1 {
                    found.insert(key.clone());
                }
                *taken = step.step;
            }
            EventKind::EpisodeFinished { steps, score: Some(_), .. } if steps != taken => _ = found.insert(key.clone()),
            _ => {}
        }
    }
    found
}

/// The episode that a damaged line names, if that part of it is whole.
fn key_in(line: &[u8]) -> Option<EpisodeKey> {
    let text = String::from_utf8_lossy(line);
    let (_, from) = text.split_once("\"episode\":")?;
    let mut values = serde_json::Deserializer::from_str(from).into_iter::<EpisodeKey>();
    values.next()?.ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn log(episodes: &[&str]) -> Vec<String> {
        let mut kinds = vec![(None, json!({"type": "run.started", "v": 2, "run": "r"}))];
        for name in episodes {
            let id = "00000000-0000-0000-0000-000000000000";
            kinds.push((
                Some(*name),
                json!({"type": "episode.started", "episode_id": id, "task": "root_cause_analysis"}),
            ));
            for step in [1, 2] {
                let taken = json!({"type": "step.taken", "step": step, "action_type": "a", "parameters": {}, "source": "model",
                    "reward": 0, "reason": "", "cumulative": 0, "feedback": "", "done": step == 2});
                kinds.push((Some(*name), taken));
            }
            let ended = json!({"type": "episode.finished", "outcome": {"kind": "completed"}, "score": 1, "steps": 2, "grade": {}});
            kinds.push((Some(*name), ended));
        }
        kinds.push((None, json!({"type": "run.finished"})));
        let line = |(seq, (name, event)): (usize, (Option<&str>, serde_json::Value))| {
            let mut line = json!({"seq": seq, "at": "2026-01-02T03:04:05Z", "event": event});
            if let Some(name) = name {
                line["episode"] = json!({"model": "m", "scenario": name, "epoch": 0});
            }
            line.to_string() + "\n"
        };
        kinds.into_iter().enumerate().map(line).collect()
    }

    fn after(lines: &[String], damage: impl Fn(usize, &str) -> String) -> (usize, Vec<String>, usize) {
        let text: String = lines.iter().enumerate().map(|(n, line)| damage(n, line)).collect();
        let found = salvage(text.as_bytes());
        assert!(found.events.iter().zip(0..).all(|(event, seq)| event.seq == seq));
        let lost = found.lost.into_iter().map(|key| key.scenario).collect();
        (found.events.len(), lost, found.damaged.len())
    }

    #[test]
    fn a_damaged_line_costs_its_episode() {
        let lines = log(&["A", "B", "C"]);
        let whole = lines.len();
        assert_eq!(after(&lines, |_, line| line.to_owned()), (whole, vec![], 0));
        for broken in 1..whole - 1 {
            let expected = vec![["A", "B", "C"][(broken - 1) / 4].to_owned()];
            let cut = |n: usize, line: &str| if n == broken { line.replace("\"at\"", "\"a") } else { line.to_owned() };
            assert_eq!(after(&lines, cut), (whole - 4, expected.clone(), 1), "{broken}");
            // Without its end an episode is open, and goes on from there.
            let (left, expected) = if broken % 4 == 0 { (whole - 1, vec![]) } else { (whole - 4, expected) };
            let zeros = |n: usize, line: &str| if n == broken { "\0\0\n".to_owned() } else { line.to_owned() };
            assert_eq!(after(&lines, zeros), (left, expected.clone(), 1), "{broken}");
            let gone = |n: usize, line: &str| if n == broken { String::new() } else { line.to_owned() };
            assert_eq!(after(&lines, gone), (left, expected, 1), "{broken}");
        }
        let torn = |n: usize, line: &str| if n == whole - 1 { line[..9].to_owned() } else { line.to_owned() };
        assert_eq!(after(&lines, torn), (whole - 1, vec![], 0));
    }
}

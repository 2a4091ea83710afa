//! Answers as they are submitted. They are read by exact names: nothing is guessed, and what cannot be read is refused.

use serde_json::{Map, Value};

use crate::ids::EntityId;
use crate::incident::world::World;
use crate::play::limits::MOST_CITED;
use crate::record_id::RecordId;
use incident_env::{Action, ActionKind, Severity, Submission};

/// The number of characters of a name that an error repeats, because it must not repeat a megabyte.
const SHOWN: usize = 60;
/// The word by which an answer says that there is no root, mechanism or trigger.
pub(crate) const NONE: &str = "none";

/// What an answer names where it may also say that there is nothing to name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named<T> {
    /// The answer says that there is nothing.
    Nothing,
    /// The answer names this.
    Something(T),
}

impl<T> Named<T> {
    fn read<'a, E>(name: &'a str, known: impl FnOnce(&'a str) -> Result<T, E>) -> Result<Self, E> {
        if name == NONE { Ok(Self::Nothing) } else { known(name).map(Self::Something) }
    }

    /// Returns what is named, if anything is.
    #[must_use]
    pub(crate) fn something(self) -> Option<T> {
        match self {
            Self::Nothing => None,
            Self::Something(named) => Some(named),
        }
    }

    /// Returns the same with what is named as a reference.
    #[must_use]
    pub(crate) const fn as_ref(&self) -> Named<&T> {
        match self {
            Self::Nothing => Named::Nothing,
            Self::Something(named) => Named::Something(named),
        }
    }
}

impl<T: PartialEq> Named<T> {
    /// Returns whether the truth is named, where `None` means that there is nothing to name.
    #[must_use]
    pub(crate) fn is(&self, truth: Option<&T>) -> bool {
        self.as_ref().something() == truth
    }
}

/// An answer. What is `None` was not submitted.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Answer {
    /// The severity of the incident.
    pub severity: Option<Severity>,
    /// The entity at the root.
    pub service: Option<Named<EntityId>>,
    /// The family, by its number in the library.
    pub mechanism: Option<Named<usize>>,
    /// The id of the change that set the fault off.
    pub trigger: Option<Named<String>>,
    /// The entities from the alerted one to the root, or back.
    pub path: Option<Vec<EntityId>>,
    /// The records that are cited.
    pub evidence: Vec<RecordId>,
    /// The confidence in the root, from 0 to 1.
    pub confidence: Option<f64>,
    /// Whether the answer says that the alert was wrong.
    pub says_nothing_is_wrong: bool,
    /// Whether the answer says that the incident is over.
    pub says_resolved: bool,
}

/// The values that `status` can have.
const STATUS: [&str; 4] = ["resolved", "mitigated", "unresolved", "no_incident"];

impl Answer {
    /// Reads the parameters of a submission. Parameters that the task does not ask for may be given, and must have
    /// the right form.
    ///
    /// # Errors
    /// The text says which parameter cannot be read, and what would be right.
    pub(crate) fn read(world: &World, action: &Action) -> Result<Self, String> {
        let incident = &world.incident;
        let given = Given(action);
        let entity = |name: &str| {
            incident.topology.named(name).ok_or_else(|| format!("'{}' is none of known_services", beginning(name)))
        };
        let severity = given.text("severity")?.map(|name| {
            let known = Severity::ALL.into_iter().find(|severity| severity.as_str() == name);
            known.ok_or_else(|| format!("severity must be P1, P2, P3 or P4, not '{}'", beginning(name)))
        });
        let severity = severity.transpose()?;
        let service = given.text("service")?.map(|name| Named::read(name, entity)).transpose()?;
        let family = |name: &str| {
            let known = world.library.families.iter().position(|family| family.id == name);
            known.ok_or_else(|| format!("mechanism '{}' is none of the listed mechanisms", beginning(name)))
        };
        let mechanism = given.text("mechanism")?.map(|name| Named::read(name, family)).transpose()?;
        let change = |name: &str| {
            let known = incident.change(name).map(|change| change.id.clone());
            known.ok_or_else(|| format!("trigger '{}' is no change id; use one or 'none'", beginning(name)))
        };
        let trigger = given.text("trigger")?.map(|name| Named::read(name, change)).transpose()?;
        let path = match given.value("path") {
            None => None,
            Some(_) => Some(given.list("path")?.into_iter().map(entity).collect::<Result<Vec<_>, _>>()?),
        };
        let evidence = given.evidence()?;
        let confidence = given.confidence()?;
        let status = given.text("status")?;
        if let Some(name) = status.filter(|name| !STATUS.contains(name)) {
            return Err(format!("status '{}' is none of {}", beginning(name), STATUS.join(", ")));
        }
        Ok(Self {
            severity,
            service,
            mechanism,
            trigger,
            path,
            evidence,
            confidence,
            says_nothing_is_wrong: status == Some("no_incident"),
            says_resolved: status == Some("resolved"),
        })
    }
}

/// The parameters of a submission.
struct Given<'a>(&'a Action);

impl<'a> Given<'a> {
    /// Returns a parameter, unless it is missing or null.
    fn value(&self, key: &str) -> Option<&'a Value> {
        self.0.parameters().get(key).filter(|value| !value.is_null())
    }

    /// Returns a text. An empty one counts as missing.
    fn text(&self, key: &str) -> Result<Option<&'a str>, String> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(name)) => Ok(Some(name.as_str()).filter(|name| !name.is_empty())),
            Some(_) => Err(format!("{key} must be a string")),
        }
    }

    /// Returns the items of an array of texts, or of a text with commas.
    fn list(&self, key: &str) -> Result<Vec<&'a str>, String> {
        match self.value(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => {
                let text = |item: &'a Value| item.as_str().map(str::trim);
                items.iter().map(|item| text(item).ok_or_else(|| format!("{key} must hold strings"))).collect()
            }
            Some(Value::String(text)) => {
                Ok(text.trim_matches(['[', ']']).split(',').map(str::trim).filter(|word| !word.is_empty()).collect())
            }
            Some(_) => Err(format!("{key} must be an array of strings")),
        }
    }

    fn evidence(&self) -> Result<Vec<RecordId>, String> {
        let mut evidence = Vec::new();
        for name in self.list("evidence")? {
            let id: Result<RecordId, ()> = name.parse();
            let id =
                id.map_err(|()| format!("evidence: '{}' is no record id such as e-7k3mf9q2xd", beginning(name)))?;
            if !evidence.contains(&id) {
                evidence.push(id);
            }
        }
        if evidence.len() > MOST_CITED {
            return Err(format!("evidence: {} records are cited; at most {MOST_CITED} can be", evidence.len()));
        }
        Ok(evidence)
    }

    fn confidence(&self) -> Result<Option<f64>, String> {
        let Some(value) = self.value("confidence") else { return Ok(None) };
        let number = value.as_f64().or_else(|| value.as_str().and_then(|name| name.trim().parse().ok()));
        let number = number.filter(|number| (0.0..=1.0).contains(number));
        number.map(Some).ok_or_else(|| "confidence must be a number from 0 to 1".to_owned())
    }
}

/// Makes a submission. Its parameters are texts, lists and numbers where the environment expects them, so it is never
/// refused.
#[must_use]
pub(crate) fn submission<'a>(kind: Submission, parameters: impl IntoIterator<Item = (&'a str, Value)>) -> Action {
    let kind = ActionKind::Submission(kind);
    let parameters: Map<_, _> = parameters.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Action::new(kind.clone(), parameters).unwrap_or_else(|_| Action::with(kind, &[]))
}

/// Returns the beginning of what was sent.
pub(super) fn beginning(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{GATEWAY, SERVICE, STORE, Small, action};

    fn read(parameters: &Value) -> Result<Answer, String> {
        Answer::read(&Small::new().world(), &action("submit_root_cause", parameters))
    }

    #[test]
    fn answers_are_read_by_exact_names() {
        let all = json!({
            "severity": "P2", "service": "db-1", "mechanism": "crash", "trigger": "chg-10001", "confidence": 0.5,
            "path": ["gateway-1", "api-1", "db-1"], "evidence": ["e-000000000a", "[e-000000000b]", "e-000000000a"], "status": "resolved",
        });
        let expected = Answer {
            severity: Some(Severity::P2),
            service: Some(Named::Something(STORE)),
            mechanism: Some(Named::Something(0)),
            trigger: Some(Named::Something("chg-10001".to_owned())),
            path: Some(vec![GATEWAY, SERVICE, STORE]),
            evidence: vec![RecordId::numbered(10), RecordId::numbered(11)],
            confidence: Some(0.5),
            says_nothing_is_wrong: false,
            says_resolved: true,
        };
        assert_eq!(read(&all), Ok(expected));
        assert_eq!(read(&json!({"service": "", "path": null})), Ok(Answer::default()));
        assert_eq!(read(&json!({"path": "gateway-1, api-1"})).unwrap().path, Some(vec![GATEWAY, SERVICE]));
    }

    #[test]
    fn none_is_an_answer_of_its_own() {
        let none = read(&json!({"service": "none", "mechanism": "none", "trigger": "none", "status": "no_incident"}));
        let none = none.unwrap();
        assert_eq!((none.service, none.mechanism), (Some(Named::Nothing), Some(Named::Nothing)));
        assert_eq!((none.trigger, none.says_nothing_is_wrong), (Some(Named::Nothing), true));
        for (named, truth, is) in [
            (Named::Nothing, None, true),
            (Named::Nothing, Some(STORE), false),
            (Named::Something(STORE), None, false),
            (Named::Something(STORE), Some(STORE), true),
            (Named::Something(SERVICE), Some(STORE), false),
        ] {
            assert_eq!(named.is(truth.as_ref()), is, "{named:?} {truth:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for (parameters, words) in [
            (json!({"severity": "p2"}), "severity must be P1, P2, P3 or P4, not 'p2'"),
            (json!({"service": "DB-1"}), "'DB-1' is none of known_services"),
            (json!({"service": "x".repeat(500)}), "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' is"),
            (json!({"mechanism": "crashes"}), "mechanism 'crashes' is none of the listed mechanisms"),
            (json!({"trigger": "chg-1"}), "trigger 'chg-1' is no change id"),
            (json!({"path": ["none"]}), "'none' is none of known_services"),
            (json!({"path": [1]}), "path must hold strings"),
            (json!({"evidence": ["7f3a"]}), "'7f3a' is no record id"),
            (json!({"confidence": 1.5}), "confidence must be a number from 0 to 1"),
            (json!({"status": "done"}), "status 'done' is none of resolved"),
        ] {
            let error = read(&parameters).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}

//! Answers as they are sent, read by exact names: nothing is guessed, and what is no answer is refused.

use serde_json::Value;

use crate::generate::severity::Severity;
use crate::generate::incident::world::World;
use crate::env::Action;

/// The most records that can be cited.
pub const MOST_CITED: usize = 8;

/// An answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// How severe it is.
    pub severity: Option<Severity>,
    /// The entity at the root; `Some(None)` says that there is none.
    pub service: Option<Option<u16>>,
    /// The family, by its number; `Some(None)` says that there is none.
    pub mechanism: Option<Option<usize>>,
    /// The change that set it off; `Some(None)` says that there is none.
    pub trigger: Option<Option<String>>,
    /// Entities from the alerted one to the root, or back.
    pub path: Option<Vec<u16>>,
    /// Records.
    pub evidence: Vec<u16>,
    /// From 0 to 1.
    pub confidence: Option<f64>,
    /// Whether it says that the alert was wrong.
    pub says_nothing_is_wrong: bool,
    /// Whether it says that all is well again.
    pub says_resolved: bool,
}

/// What `status` can be.
const STATUS: [&str; 4] = ["resolved", "mitigated", "unresolved", "no_incident"];

impl Answer {
    /// Reads the parameters of a submission. Those that the task does not ask for may be given, and must be right in form.
    ///
    /// # Errors
    /// Which parameter names nothing that there is, and what would be right.
    pub fn read(world: &World, action: &Action) -> Result<Self, String> {
        let text = |key: &str| action.parameters().get(key).filter(|value| !value.is_null());
        let given = |key: &str| match text(key) {
            None => Ok(None),
            Some(Value::String(name)) if name.is_empty() => Ok(None),
            Some(Value::String(name)) => Ok(Some(name.as_str())),
            Some(_) => Err(format!("{key} must be a string")),
        };
        let severity = match given("severity")? {
            None => None,
            Some(name) => {
                let known = Severity::ALL.into_iter().find(|severity| severity.as_str() == name);
                Some(known.ok_or_else(|| format!("severity must be P1, P2, P3 or P4, not '{}'", short(name)))?)
            }
        };
        let entity = |name: &str| {
            let entities = (0..).zip(&world.incident.topology.entities);
            let found = entities.into_iter().find(|(_, entity)| entity.name == name).map(|(at, _)| at);
            found.ok_or_else(|| format!("'{}' is none of known_services", short(name)))
        };
        let service = match given("service")? {
            None => None,
            Some("none") => Some(None),
            Some(name) => Some(Some(entity(name)?)),
        };
        let families = &world.library.families;
        let mechanism = match given("mechanism")? {
            None => None,
            Some("none") => Some(None),
            Some(name) => {
                let known = families.iter().position(|family| family.id == name);
                Some(Some(
                    known.ok_or_else(|| format!("mechanism '{}' is none of the listed mechanisms", short(name)))?,
                ))
            }
        };
        let trigger = match given("trigger")? {
            None => None,
            Some("none") => Some(None),
            Some(name) => {
                let known = world.incident.changes.iter().find(|change| change.id == name);
                let known =
                    known.ok_or_else(|| format!("trigger '{}' is no change id; use one or 'none'", short(name)))?;
                Some(Some(known.id.clone()))
            }
        };
        let path = match text("path") {
            None => None,
            given => Some(list("path", given)?.into_iter().map(entity).collect::<Result<Vec<_>, _>>()?),
        };
        let mut evidence = Vec::new();
        for name in list("evidence", text("evidence"))? {
            let digits = name.trim_matches(['[', ']']).strip_prefix("e-");
            let id = digits.filter(|digits| digits.len() == 4).and_then(|digits| u16::from_str_radix(digits, 16).ok());
            let id = id.ok_or_else(|| format!("evidence: '{}' is no record id such as e-7f3a", short(name)))?;
            if !evidence.contains(&id) {
                evidence.push(id);
            }
        }
        if evidence.len() > MOST_CITED {
            return Err(format!("evidence: {} records are cited; at most {MOST_CITED} can be", evidence.len()));
        }
        let confidence = match text("confidence") {
            None => None,
            Some(value) => {
                let number = value.as_f64().or_else(|| value.as_str().and_then(|name| name.trim().parse().ok()));
                let number = number.filter(|number| (0.0..=1.0).contains(number));
                Some(number.ok_or_else(|| "confidence must be a number from 0 to 1".to_owned())?)
            }
        };
        let status = given("status")?;
        if let Some(name) = status.filter(|name| !STATUS.contains(name)) {
            return Err(format!("status '{}' is none of {}", short(name), STATUS.join(", ")));
        }
        let (says_nothing_is_wrong, says_resolved) = (status == Some("no_incident"), status == Some("resolved"));
        Ok(Self {
            severity,
            service,
            mechanism,
            trigger,
            path,
            evidence,
            confidence,
            says_nothing_is_wrong,
            says_resolved,
        })
    }
}

/// An array of texts, or a text with commas.
fn list<'a>(name: &str, value: Option<&'a Value>) -> Result<Vec<&'a str>, String> {
    match value {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            let texts = items
                .iter()
                .map(|item| item.as_str().map(str::trim).ok_or_else(|| format!("{name} must hold strings")));
            texts.collect()
        }
        Some(Value::String(text)) => {
            Ok(text.trim_matches(['[', ']']).split(',').map(str::trim).filter(|word| !word.is_empty()).collect())
        }
        Some(_) => Err(format!("{name} must be an array of strings")),
    }
}

/// The beginning of what was sent: an error must not repeat a megabyte.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

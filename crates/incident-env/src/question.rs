//! Questions: what a diagnostic asks, with the optional parameters that simulated worlds take.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::Value;

use crate::action::{Action, Diagnostic, type_name};
use crate::names::same_name;

/// The word under which readings of the whole system are kept.
pub const SYSTEM: &str = "system";
/// The numbers of minutes that a diagnostic can look back.
pub const LOOK_BACK: std::ops::RangeInclusive<u32> = 1..=120;
/// The greatest number of characters of a text that lines are searched for.
const LONGEST_MATCH: usize = 200;

crate::named_enum! {
    /// What a metric can be split by.
    pub enum Dimension ("value of by", "values of by") {
        /// The node that an instance runs on.
        Node = "node",
        /// The zone that an instance runs in.
        Zone = "zone",
        /// The version that an instance runs.
        Version = "version",
        /// The feature flag that a request came under.
        Flag = "flag",
        /// The client that a request came from.
        Client = "client",
        /// The route that a request took.
        Route = "route",
        /// The code that a request was answered with.
        Code = "code",
        /// The other end of a call.
        Peer = "peer",
        /// The partition that a message or a row is in.
        Partition = "partition",
        /// The reason for which something failed or ended.
        Reason = "reason",
    }
}

crate::named_enum! {
    /// The level of a line of a log.
    pub enum LogLevel ("level", "levels") {
        /// Something failed.
        Error = "error",
        /// Something may fail.
        Warn = "warn",
        /// Something was done.
        Info = "info",
    }
}

crate::named_enum! {
    /// An optional parameter of a diagnostic, in the order in which keys of readings name them.
    pub enum LookParameter ("parameter", "parameters") {
        /// One metric of the service.
        Metric = "metric",
        /// What the metric is split by.
        By = "by",
        /// How many minutes are looked back.
        Window = "window",
        /// A text that lines contain.
        Match = "match",
        /// The level of lines.
        Level = "level",
    }
}

impl LookParameter {
    /// Returns the optional parameters of a diagnostic, beside its service.
    #[must_use]
    pub const fn of(kind: Diagnostic) -> &'static [Self] {
        match kind {
            Diagnostic::CheckMetrics => &[Self::Metric, Self::By, Self::Window],
            Diagnostic::QueryLogs => &[Self::Match, Self::Level, Self::Window],
            Diagnostic::CheckDependencies | Diagnostic::CheckRecentDeploys | Diagnostic::CheckServiceStatus => &[],
        }
    }

    /// Returns what the parameter does, in words.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Metric => "one metric of the service by its name; without it the dashboard of the service",
            Self::By => "what the metric is split by",
            Self::Window => "how many minutes to look back; 120 without it",
            Self::Match => "only lines that contain this text, which is taken as it stands and is no pattern",
            Self::Level => "only lines of this level",
        }
    }

    /// Returns the names that the parameter can have, or none if they are not the same everywhere.
    #[must_use]
    pub const fn choices(self) -> &'static [&'static str] {
        match self {
            Self::By => &Dimension::NAMES,
            Self::Level => &LogLevel::NAMES,
            Self::Metric | Self::Window | Self::Match => &[],
        }
    }

    /// Returns the form of the parameter, as schemas of actions tell it.
    #[must_use]
    pub fn form(self) -> String {
        match self {
            Self::By | Self::Level => self.choices().join(" | "),
            Self::Window => format!("integer from {} to {}", LOOK_BACK.start(), LOOK_BACK.end()),
            Self::Metric | Self::Match => "string".to_owned(),
        }
    }
}

/// Returns what a diagnostic shows without a service, in simulated worlds, or `None` if it needs one.
#[must_use]
pub const fn without_service(kind: Diagnostic) -> Option<&'static str> {
    match kind {
        Diagnostic::CheckRecentDeploys => Some("without it the changes of the whole system, newest first"),
        Diagnostic::CheckServiceStatus => Some("without it a list of all services, and the alerts that fire"),
        Diagnostic::QueryLogs | Diagnostic::CheckMetrics | Diagnostic::CheckDependencies => None,
    }
}

/// The optional parameters of a diagnostic. The default has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// The metric that is asked for, in the spelling of the world.
    pub metric: Option<Arc<str>>,
    /// What the metric is split by.
    pub by: Option<Dimension>,
    /// How many minutes are looked back.
    pub window: Option<u32>,
    /// The text that lines must contain (`match` on the wire).
    pub matching: Option<Arc<str>>,
    /// The level that lines must have.
    pub level: Option<LogLevel>,
}

impl Asked {
    /// Returns whether only some lines of a log are asked for.
    #[must_use]
    pub const fn is_filtered(&self) -> bool {
        self.matching.is_some() || self.level.is_some()
    }

    /// Reads the optional parameters that a diagnostic takes. Those that it does not take are passed over, and a blank
    /// text counts as left out.
    ///
    /// # Errors
    /// Returns what is wrong in a parameter, and what would be right.
    pub(crate) fn read(kind: Diagnostic, action: &Action) -> Result<Self, String> {
        let mut asked = Self::default();
        for parameter in LookParameter::of(kind) {
            let name = parameter.as_str();
            let value = match action.parameters().get(name) {
                None | Some(Value::Null) => continue,
                Some(Value::String(text)) if text.trim().is_empty() => continue,
                Some(value) => value,
            };
            let text = || {
                let wanted = match parameter.choices() {
                    [] => "a text".to_owned(),
                    names => format!("one of {}", names.join(", ")),
                };
                let text = value.as_str().map(str::trim);
                text.ok_or_else(|| format!("{name} takes {wanted}, and not {}", type_name(value)))
            };
            match parameter {
                LookParameter::Metric => asked.metric = Some(text()?.into()),
                LookParameter::By => asked.by = Some(named(text()?)?),
                LookParameter::Window => asked.window = Some(window(value)?),
                LookParameter::Match => asked.matching = Some(searched(text()?)?.into()),
                LookParameter::Level => asked.level = Some(named(text()?)?),
            }
        }
        Ok(asked)
    }

    /// Replaces the metric by the name that a service has for it. `metrics` are those of the service.
    ///
    /// # Errors
    /// Returns that the service has no such metric, and which it has.
    pub(crate) fn settle_metric(&mut self, service: &str, metrics: impl Fn() -> Vec<String>) -> Result<(), String> {
        let Some(asked) = &self.metric else { return Ok(()) };
        let metrics = metrics();
        let found = metrics.iter().find(|known| same_name(known, asked));
        let found = found.ok_or_else(|| {
            format!("unknown metric '{}' of {service}; metrics: {}", excerpt(asked), metrics.join(", "))
        })?;
        self.metric = Some(found.as_str().into());
        Ok(())
    }
}

/// What a diagnostic asks. Equal questions ask for the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The diagnostic.
    pub kind: Diagnostic,
    /// The service, as an index into the known services; `None` if the whole system is meant.
    pub service: Option<u16>,
    /// The optional parameters. Worlds that take none get the default.
    pub asked: Asked,
}

impl Question {
    /// Returns the question about a service without any optional parameter.
    #[must_use]
    pub fn plain(kind: Diagnostic, service: u16) -> Self {
        Self { kind, service: Some(service), asked: Asked::default() }
    }

    /// Returns the key under which the reading is kept: the service, or `system`, and after it the parameters that were
    /// given, such as `api-1 metric=cpu window=30`. `services` are the known services.
    #[must_use]
    pub fn key(&self, services: &[Arc<str>]) -> Arc<str> {
        let service = self.service.and_then(|service| services.get(usize::from(service)));
        let Asked { metric, by, window, matching, level } = &self.asked;
        if let (Some(service), true) = (service, self.asked == Asked::default()) {
            return Arc::clone(service);
        }
        let mut key = service.map_or(SYSTEM, |service| &**service).to_owned();
        let mut add = |parameter: LookParameter, value: Option<&dyn std::fmt::Display>| {
            if let Some(value) = value {
                let _ = write!(key, " {parameter}={value}");
            }
        };
        add(LookParameter::Metric, metric.as_ref().map(|value| value as _));
        add(LookParameter::By, by.as_ref().map(|value| value as _));
        add(LookParameter::Window, window.as_ref().map(|value| value as _));
        add(LookParameter::Match, matching.as_ref().map(|value| value as _));
        add(LookParameter::Level, level.as_ref().map(|value| value as _));
        key.into()
    }
}

/// Reads a name of a closed list; its case does not matter.
fn named<T: std::str::FromStr<Err = crate::UnknownName>>(text: &str) -> Result<T, String> {
    text.to_ascii_lowercase().parse().map_err(|_| text.parse::<T>().err().map_or_else(String::new, |e| e.to_string()))
}

/// Reads how many minutes are looked back, as a number or as digits.
fn window(value: &Value) -> Result<u32, String> {
    let (least, most) = (LOOK_BACK.start(), LOOK_BACK.end());
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        other => {
            let problem = "as a number or in digits, and not";
            return Err(format!("window takes minutes from {least} to {most}, {problem} {}", type_name(other)));
        }
    };
    // Some clients write every number with a fraction.
    let whole = text.strip_suffix(".0").unwrap_or(&text);
    let number = whole.parse().ok().filter(|number| LOOK_BACK.contains(number));
    number.ok_or_else(|| format!("window takes minutes from {least} to {most}, and not '{}'", excerpt(&text)))
}

/// Returns a text that lines are searched for, if it is short enough and has one line.
fn searched(text: &str) -> Result<&str, String> {
    if text.chars().nth(LONGEST_MATCH).is_some() {
        return Err(format!("match takes a text of at most {LONGEST_MATCH} characters"));
    }
    if text.contains(char::is_control) {
        return Err("match takes a text of one line, without control characters".to_owned());
    }
    Ok(text)
}

/// Returns the first 80 characters of a text that an agent wrote.
fn excerpt(text: &str) -> String {
    const MOST: usize = 80;
    let cut = if text.chars().nth(MOST).is_some() { "…" } else { "" };
    format!("{}{cut}", text.chars().take(MOST).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionKind;
    use serde_json::json;

    fn action(kind: Diagnostic, parameters: &Value) -> Action {
        let parameters = parameters.as_object().unwrap().clone();
        Action::new(ActionKind::Diagnostic(kind), parameters).unwrap()
    }

    #[test]
    fn keys_name_what_was_given_in_one_order() {
        let services: Vec<Arc<str>> = vec!["api-1".into(), "db-1".into()];
        for (kind, service, parameters, key) in [
            (Diagnostic::CheckMetrics, Some(0), json!({}), "api-1"),
            (Diagnostic::CheckMetrics, Some(1), json!({"metric": "cpu"}), "db-1 metric=cpu"),
            (
                Diagnostic::CheckMetrics,
                Some(0),
                json!({"window": "030", "by": "Zone", "metric": " cpu "}),
                "api-1 metric=cpu by=zone window=30",
            ),
            (Diagnostic::CheckMetrics, Some(0), json!({"window": 30.0}), "api-1 window=30"),
            // The default is not the same as nothing: what was given is named.
            (Diagnostic::CheckMetrics, Some(0), json!({"window": 120}), "api-1 window=120"),
            (
                Diagnostic::QueryLogs,
                Some(0),
                json!({"level": "ERROR", "window": 5, "match": "refused by db-1"}),
                "api-1 window=5 match=refused by db-1 level=error",
            ),
            // What a diagnostic does not take is passed over, and what is blank or null counts as left out.
            (Diagnostic::QueryLogs, Some(0), json!({"metric": "cpu", "by": 3}), "api-1"),
            (Diagnostic::CheckDependencies, Some(0), json!({"window": 900, "level": []}), "api-1"),
            (Diagnostic::QueryLogs, Some(0), json!({"match": "  ", "level": "", "window": null}), "api-1"),
            (Diagnostic::CheckRecentDeploys, None, json!({}), "system"),
        ] {
            let asked = Asked::read(kind, &action(kind, &parameters)).unwrap();
            assert_eq!(&*Question { kind, service, asked }.key(&services), key, "{parameters}");
        }
    }

    #[test]
    fn what_is_not_understood_is_said_with_the_choices() {
        let minutes = "window takes minutes from 1 to 120";
        for (kind, parameters, problem) in [
            (Diagnostic::CheckMetrics, json!({"window": 0}), format!("{minutes}, and not '0'")),
            (Diagnostic::CheckMetrics, json!({"window": 121}), format!("{minutes}, and not '121'")),
            (Diagnostic::CheckMetrics, json!({"window": 2.5}), format!("{minutes}, and not '2.5'")),
            (Diagnostic::QueryLogs, json!({"window": "an hour"}), format!("{minutes}, and not 'an hour'")),
            (
                Diagnostic::QueryLogs,
                json!({"window": [30]}),
                format!("{minutes}, as a number or in digits, and not an array"),
            ),
            (
                Diagnostic::CheckMetrics,
                json!({"by": "colour"}),
                "unknown value of by 'colour'; values of by: node, zone, version, flag, client, route, code, peer, \
                 partition, reason"
                    .to_owned(),
            ),
            (
                Diagnostic::QueryLogs,
                json!({"level": "Loud"}),
                "unknown level 'Loud'; levels: error, warn, info".to_owned(),
            ),
            (
                Diagnostic::QueryLogs,
                json!({"level": 3}),
                "level takes one of error, warn, info, and not a number".to_owned(),
            ),
            (Diagnostic::QueryLogs, json!({"match": true}), "match takes a text, and not a boolean".to_owned()),
            (Diagnostic::CheckMetrics, json!({"metric": {}}), "metric takes a text, and not an object".to_owned()),
            (
                Diagnostic::QueryLogs,
                json!({"match": "x".repeat(201)}),
                "match takes a text of at most 200 characters".to_owned(),
            ),
            (
                Diagnostic::QueryLogs,
                json!({"match": "a\nb"}),
                "match takes a text of one line, without control characters".to_owned(),
            ),
        ] {
            assert_eq!(Asked::read(kind, &action(kind, &parameters)), Err(problem), "{parameters}");
        }
    }

    #[test]
    fn a_metric_gets_the_spelling_of_its_service() {
        let menu = || vec!["failed requests".to_owned(), "cpu".to_owned()];
        let settled = |name: &str| {
            let mut asked = Asked { metric: Some(name.into()), ..Asked::default() };
            asked.settle_metric("api-1", menu).map(|()| asked.metric.unwrap())
        };
        assert_eq!(settled("Failed_Requests").as_deref(), Ok("failed requests"));
        assert_eq!(settled("fail"), Err("unknown metric 'fail' of api-1; metrics: failed requests, cpu".to_owned()));
        let long = settled(&"x".repeat(1000)).unwrap_err();
        assert!(long.contains("x…' of api-1") && long.len() < 160, "{long}");
    }
}

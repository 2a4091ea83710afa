//! Decides which API key goes to which endpoint, and which route a model takes by the keys that are set.

use secrecy::SecretString;

use super::environment::Environment;
use super::error::ConfigError;
use super::model::{CUSTOM, ModelSpec};
use super::origin::Origin;

/// The key of a route, or what is missing.
#[derive(Debug, Clone, Default)]
pub struct Key {
    /// The key. `None` if none is needed or given.
    pub secret: Option<SecretString>,
    /// The variables of which one should hold a key, and none does. Empty if no key is missing.
    pub missing: Vec<String>,
    /// What is wrong with a key that is set. `None` if nothing is.
    pub problem: Option<String>,
}

/// Where keys are found.
pub(super) struct Keys<'a> {
    /// The variable that `--api-key-env` names.
    pub(super) named: Option<&'a str>,
    /// The layer that set `--base-url`.
    pub(super) base_url: Origin,
    /// The variables.
    pub(super) environment: &'a Environment,
}

impl Keys<'_> {
    /// Takes the first route whose key is set or that needs none, with its key. If there is none, it takes the first route, and
    /// the missing variables are those of all routes.
    ///
    /// # Errors
    /// Returns an error if `--api-key-env` names a key and does not say for which of several providers it is.
    pub(super) fn choose(&self, routes: Vec<ModelSpec>) -> Result<Option<(ModelSpec, Key)>, ConfigError> {
        let mut routes = self.with_named_key(routes)?;
        let keys: Vec<_> = routes.iter().map(|spec| self.of(spec)).collect();
        let Some(place) = keys.iter().position(|key| key.missing.is_empty()) else {
            let mut missing = Vec::new();
            for variable in keys.into_iter().flat_map(|key| key.missing) {
                if !missing.contains(&variable) {
                    missing.push(variable);
                }
            }
            let first = routes.into_iter().next();
            return Ok(first.map(|spec| (spec, Key { missing, ..Key::default() })));
        };
        Ok(Some((routes.swap_remove(place), keys.into_iter().nth(place).unwrap_or_default())))
    }

    /// Leaves the routes to which the key that `--api-key-env` names may go: a key goes to one provider only.
    fn with_named_key(&self, routes: Vec<ModelSpec>) -> Result<Vec<ModelSpec>, ConfigError> {
        let Some(named) = self.named.filter(|_| routes.len() > 1) else { return Ok(routes) };
        let (owners, others): (Vec<_>, Vec<_>) =
            routes.into_iter().partition(|spec| spec.provider.key_env.iter().any(|variable| variable == named));
        if !owners.is_empty() {
            return Ok(owners);
        }
        let model = others.first().map(|spec| spec.label.clone()).unwrap_or_default();
        let places: Vec<_> = others.iter().map(ModelSpec::route).collect();
        let problem = format!(
            "{model} has several providers, and it is not known whose key this is; write one of {}",
            places.join(", ")
        );
        Err(ConfigError::option("api-key-env", problem, Origin::Flag))
    }

    /// Finds the key of a route.
    ///
    /// A provider's key goes to that provider only. A custom endpoint gets `API_KEY`, and `HF_TOKEN` only if the endpoint
    /// itself was given by the environment: a token that was set for another service must not be sent to any URL.
    fn of(&self, spec: &ModelSpec) -> Key {
        if let Some(name) = self.named {
            return self.first(&[name], true);
        }
        let own: Vec<_> = spec.provider.key_env.iter().map(String::as_str).collect();
        match own.as_slice() {
            [] if spec.provider_name != CUSTOM => Key::default(),
            [] if matches!(self.base_url, Origin::Environment(_)) => self.first(&["API_KEY", "HF_TOKEN"], false),
            [] => self.first(&["API_KEY"], false),
            own => self.first(own, true),
        }
    }

    /// Reads the first of these variables that is set.
    fn first(&self, names: &[&str], needed: bool) -> Key {
        let set = names.iter().find_map(|name| Some((*name, self.environment.get(name)?)));
        match set {
            Some((name, value)) => {
                Key { secret: Some(SecretString::from(value)), problem: problem(name, value), ..Key::default() }
            }
            None if needed => Key { missing: names.iter().map(|name| (*name).to_owned()).collect(), ..Key::default() },
            None => Key::default(),
        }
    }
}

/// What is wrong with a key, which has been trimmed. It does not repeat the key.
fn problem(variable: &str, key: &str) -> Option<String> {
    let is_quote = |at: Option<char>| at.is_some_and(|at| matches!(at, '"' | '\''));
    let what = if key.chars().any(|c| c.is_whitespace() || c.is_control()) {
        "has white space or a line break within it; was more than the key copied?"
    } else if !key.is_ascii() {
        "has characters that no key has; was something else copied?"
    } else if is_quote(key.chars().next()) || is_quote(key.chars().last()) {
        "begins or ends with a quotation mark, which is no part of a key"
    } else {
        return None;
    };
    Some(format!("the key in {variable} {what}"))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::super::model::Elsewhere;
    use super::super::providers::Providers;
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let mut environment = Environment::default();
        for (name, value) in variables {
            environment.remember(name, value);
        }
        environment
    }

    /// The route that is taken and its key, or the missing variables.
    fn taken(model: &str, named: Option<&str>, variables: &[(&str, &str)]) -> Result<(String, String), Vec<String>> {
        let environment = environment(variables);
        let keys = Keys { named, base_url: Origin::Default, environment: &environment };
        let routes = Providers::embedded().routes(model, Elsewhere::default()).unwrap();
        let (spec, key) = keys.choose(routes).map_err(|error| vec![error.to_string()])?.unwrap();
        if !key.missing.is_empty() {
            return Err(key.missing);
        }
        Ok((spec.route(), key.secret.map(|key| key.expose_secret().to_owned()).unwrap_or_default()))
    }

    #[test]
    fn the_first_route_with_a_key_is_taken() {
        let route = |route: &str, key: &str| Ok((route.to_owned(), key.to_owned()));
        let all = [("HF_TOKEN", "h"), ("CEREBRAS_API_KEY", "c"), ("OPENAI_API_KEY", "o")];
        assert_eq!(taken("gpt-oss-120b", None, &all), route("cerebras/gpt-oss-120b", "c"));
        assert_eq!(taken("gpt-oss-120b", None, &all[..1]), route("hf/openai/gpt-oss-120b", "h"));
        let missing = taken("gpt-oss-120b", None, &all[2..]).unwrap_err();
        assert_eq!(missing[..2], ["GROQ_API_KEY", "CEREBRAS_API_KEY"]);
        assert!(missing.contains(&"OPENROUTER_API_KEY".to_owned()) && !missing.contains(&"OPENAI_API_KEY".to_owned()));
        // Either of two variables will do.
        assert_eq!(taken("gemini/g", None, &[("GOOGLE_API_KEY", "g")]), route("gemini/g", "g"));
        assert_eq!(taken("gemini/g", None, &[]).unwrap_err(), ["GEMINI_API_KEY", "GOOGLE_API_KEY"]);
        assert_eq!(taken("ollama/x", None, &all), route("ollama/x", ""));
    }

    #[test]
    fn a_named_key_goes_to_one_provider_only() {
        let set = [("MINE", "m"), ("GROQ_API_KEY", "g"), ("TOGETHER_API_KEY", "t")];
        let route = |route: &str, key: &str| Ok((route.to_owned(), key.to_owned()));
        assert_eq!(taken("groq/x", Some("MINE"), &set), route("groq/x", "m"));
        assert_eq!(taken("gpt-oss-120b", Some("TOGETHER_API_KEY"), &set), route("together/openai/gpt-oss-120b", "t"));
        let error = taken("gpt-oss-120b", Some("MINE"), &set).unwrap_err().concat();
        assert!(error.contains("several providers") && error.contains("groq/openai/gpt-oss-120b"), "{error}");
        assert_eq!(taken("groq/x", Some("OTHER"), &set).unwrap_err(), ["OTHER"]);
    }

    #[test]
    fn a_key_that_cannot_be_one_is_explained_and_not_repeated() {
        for (value, words) in [
            (" sk-secret\n", None),
            ("sk-sec ret", Some("white space")),
            ("sk-secret\nsk-other", Some("line break")),
            ("“sk-secret”", Some("characters")),
            ("'sk-secret'", Some("quotation mark")),
        ] {
            let environment = environment(&[("GROQ_API_KEY", value)]);
            let keys = Keys { named: None, base_url: Origin::Default, environment: &environment };
            let routes = Providers::embedded().routes("groq/x", Elsewhere::default()).unwrap();
            let (_, key) = keys.choose(routes).unwrap().unwrap();
            assert_eq!(key.problem.is_some(), words.is_some(), "{value:?}");
            if let (Some(problem), Some(words)) = (key.problem, words) {
                assert!(problem.contains(words) && problem.contains("GROQ_API_KEY"), "{problem}");
                assert!(!problem.contains("secret"), "{problem}");
            }
        }
    }
}

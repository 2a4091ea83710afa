//! The environment of programs that play: they get no key and nothing that is this program's own, unless it is named.

use secrecy::SecretString;

use super::environment::Environment;
use super::error::ConfigError;
use super::layers::{Layers, Picked};
use super::options::Options;
use super::providers::Providers;
use crate::chat::program::ProgramEnvironment;
use crate::chat::wire::Secrets;

/// The option that names variables for programs.
const OPTION: &str = "exec-env";
/// What the names of this program's own variables begin with.
const OWN: &str = "BENCH_";
/// The variables that no program gets: with the first it could make the incidents of a private suite, answers and all, and with
/// the second start runs on a server.
const SECRET: [&str; 2] = ["BENCH_SUITE_SECRET", "BENCH_TOKEN"];
/// Names of keys of providers that need not be known here.
const KEY_ENDINGS: [&str; 3] = ["API_KEY", "API_TOKEN", "AUTH_TOKEN"];
/// Keys by names that have no such ending.
const KEYS: [&str; 3] = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "AWS_BEARER_TOKEN_BEDROCK"];

/// Resolves the environment of programs. `named_key` is the variable that `--api-key-env` names.
pub(super) fn resolve(
    l: &mut Layers<'_, Options>,
    providers: &Providers,
    named_key: Option<&str>,
) -> Result<ProgramEnvironment, ConfigError> {
    let named = l.list(OPTION, |o| &o.exec_env, None);
    for name in &named.value {
        check(name).map_err(|problem| named.error(problem))?;
    }
    let keys = KeyNames { providers, named_key };
    let all = l.environment.names();
    let is_named = |name: &str| named.value.iter().any(|one| one == name);
    let withheld = all.filter(|name| !is_named(name) && (name.to_ascii_uppercase().starts_with(OWN) || keys.has(name)));
    Ok(ProgramEnvironment {
        withheld: withheld.map(str::to_owned).collect(),
        given: given(&named, l.environment),
        unset: named.value.iter().filter(|name| l.environment.whole(name).is_none()).cloned().collect(),
        secrets: secrets(l.environment, &keys),
    })
}

/// The names of variables that hold keys of providers.
struct KeyNames<'a> {
    providers: &'a Providers,
    named_key: Option<&'a str>,
}

impl KeyNames<'_> {
    fn has(&self, name: &str) -> bool {
        let upper = name.to_ascii_uppercase();
        let known = self.providers.providers.values().flat_map(|provider| &provider.key_env);
        self.named_key == Some(name)
            || KEYS.contains(&upper.as_str())
            || KEY_ENDINGS.iter().any(|ending| upper.ends_with(ending))
            || known.into_iter().any(|key| key == name)
    }
}

fn check(name: &str) -> Result<(), String> {
    Err(if name.is_empty() || name.contains(['=', '\0']) {
        format!("'{name}' is no name of a variable; its value stays in the environment")
    } else if SECRET.iter().any(|secret| secret.eq_ignore_ascii_case(name)) {
        format!("{name} is for bench alone; no program gets it")
    } else {
        return Ok(());
    })
}

/// The variables that are named and set. A program is told nothing of one that is not set, as from a shell.
fn given(named: &Picked<Vec<String>>, environment: &Environment) -> Vec<(String, SecretString)> {
    let value = |name: &String| Some((name.clone(), SecretString::from(environment.whole(name)?)));
    named.value.iter().filter_map(value).collect()
}

/// What must be in no text that is kept: every key that is set, and the two secrets of this program.
fn secrets(environment: &Environment, keys: &KeyNames<'_>) -> Secrets {
    let hidden = environment.names().filter(|name| SECRET.contains(name) || keys.has(name));
    Secrets::new(hidden.filter_map(|name| environment.get(name)).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(named: &[&str]) -> Result<(Vec<String>, Vec<String>), String> {
        let mut environment = Environment::default();
        for (name, value) in [
            ("PATH", "/bin"),
            ("OPENAI_API_KEY", "sk-1234567890"),
            ("GROQ_API_KEY", "gsk-1234567890"),
            ("HF_TOKEN", "hf-1234567890"),
            ("Some_Api_Key", "other-12345"),
            ("MINE", "mine-1234567890"),
            ("GATEWAY", "gateway-1234567890"),
            ("BENCH_TOKEN", "token-1234567890"),
            ("BENCH_SUITE_SECRET", "secret-1234567890"),
            ("BENCH_QUEUE", "nats://user:pass@host"),
            ("KEYBOARD", "de"),
        ] {
            environment.remember(name, value);
        }
        let flags = Options { exec_env: named.iter().map(|name| (*name).to_owned()).collect(), ..Options::default() };
        let file = Options::default();
        let mut providers = Providers::embedded();
        providers.providers.entry("own".to_owned()).or_default().key_env = vec!["GATEWAY".to_owned()];
        let found = resolve(&mut Layers::new(&flags, &environment, &file), &providers, Some("MINE"));
        let found = found.map_err(|error| error.to_string())?;
        let said = "sk-1234567890 mine-1234567890 secret-1234567890 gateway-1234567890 nats://user:pass@host de";
        assert_eq!(found.secrets.clean(said), "[key] [key] [key] [key] nats://user:pass@host de");
        assert!(!format!("{found:?}").contains("1234567890"));
        Ok((found.withheld, found.given.into_iter().map(|(name, _)| name).collect()))
    }

    #[test]
    fn programs_get_no_key_unless_it_is_named() {
        let all = [
            "BENCH_QUEUE",
            "BENCH_SUITE_SECRET",
            "BENCH_TOKEN",
            "GATEWAY",
            "GROQ_API_KEY",
            "HF_TOKEN",
            "MINE",
            "OPENAI_API_KEY",
            "Some_Api_Key",
        ];
        assert_eq!(resolved(&[]).unwrap(), (all.map(str::to_owned).to_vec(), vec![]));
        let (withheld, given) = resolved(&["OPENAI_API_KEY", "PATH", "NOT_SET"]).unwrap();
        assert_eq!((withheld.len(), given), (all.len() - 1, vec!["OPENAI_API_KEY".to_owned(), "PATH".to_owned()]));
        for (name, words) in [("BENCH_TOKEN", "for bench alone"), ("A=1", "no name of a variable"), ("", "no name")] {
            let error = resolved(&[name]).unwrap_err();
            assert!(error.contains(words) && error.contains("--exec-env"), "{error}");
        }
    }
}

//! The addresses of an endpoint.

use reqwest::Url;

use super::config::SetupError;
use crate::chat::Api;

/// The addresses of an endpoint's APIs.
#[derive(Debug, Clone)]
pub(super) struct Addresses {
    chat: Url,
    responses: Url,
    messages: Url,
}

/// The ends of the path by which an API is asked.
const fn path_of(api: Api) -> &'static str {
    match api {
        Api::Chat => "/chat/completions",
        Api::Responses => "/responses",
        Api::Messages => "/messages",
    }
}

/// The names of hosts that take the key in the header `api-key`: those of Azure.
const AZURE_HOSTS: [&str; 4] =
    [".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com", ".azure-api.net"];
/// The part of a query by which Azure and what is like it can be told.
const AZURE_QUERY: &str = "api-version";
/// The names of hosts that take a key as a bearer for every API.
const BEARER_HOSTS: [&str; 1] = ["openrouter.ai"];

impl Addresses {
    /// Reads the base URL. Its query stays behind the path, and an ending that was written with it is no harm.
    pub(super) fn of(base_url: &str) -> Result<Self, SetupError> {
        let wrong = |problem: String| SetupError::Url { url: base_url.to_owned(), problem };
        let mut base = Url::parse(base_url).map_err(|error| wrong(error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(wrong("it does not begin with http:// or https://".to_owned()));
        }
        let mut path = base.path().trim_end_matches('/').to_owned();
        for api in Api::ALL {
            if let Some(shorter) = path.strip_suffix(path_of(api)) {
                path.truncate(shorter.len());
                break;
            }
        }
        base.set_fragment(None);
        let address = |api: Api| {
            let mut url = base.clone();
            url.set_path(&format!("{path}{}", path_of(api)));
            url
        };
        Ok(Self { chat: address(Api::Chat), responses: address(Api::Responses), messages: address(Api::Messages) })
    }

    /// The address of an API.
    pub(super) fn at(&self, api: Api) -> &Url {
        match api {
            Api::Chat => &self.chat,
            Api::Responses => &self.responses,
            Api::Messages => &self.messages,
        }
    }

    /// Whether the key travels in the header `api-key`.
    pub(super) fn is_azure(&self) -> bool {
        let host = self.chat.host_str().unwrap_or_default();
        AZURE_HOSTS.iter().any(|end| host.ends_with(end))
            || self.chat.query_pairs().any(|(name, _)| name == AZURE_QUERY)
    }

    /// Whether the key travels as a bearer, whatever the API is used to.
    pub(super) fn is_bearer(&self) -> bool {
        self.chat.host_str().is_some_and(|host| BEARER_HOSTS.contains(&host))
    }

    /// What must not be shown of the URL: a password, and the values of its query but for a version.
    pub(super) fn secrets(&self) -> Vec<String> {
        let values =
            self.chat.query_pairs().filter(|(name, _)| name != AZURE_QUERY).map(|(_, value)| value.into_owned());
        values.chain(self.chat.password().map(str::to_owned)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_stays_behind_the_path() {
        for (base, chat, messages) in [
            ("http://h/v1", "http://h/v1/chat/completions", "http://h/v1/messages"),
            ("http://h/v1/", "http://h/v1/chat/completions", "http://h/v1/messages"),
            ("http://h", "http://h/chat/completions", "http://h/messages"),
            (
                "https://h/openai/v1/?api-version=preview",
                "https://h/openai/v1/chat/completions?api-version=preview",
                "https://h/openai/v1/messages?api-version=preview",
            ),
            ("http://h/v1/chat/completions?a=b#c", "http://h/v1/chat/completions?a=b", "http://h/v1/messages?a=b"),
            ("http://h/v1/messages", "http://h/v1/chat/completions", "http://h/v1/messages"),
        ] {
            let addresses = Addresses::of(base).unwrap();
            assert_eq!((addresses.at(Api::Chat).as_str(), addresses.at(Api::Messages).as_str()), (chat, messages));
        }
        for wrong in ["no url", "", "ftp://h/v1", "h/v1"] {
            assert!(matches!(Addresses::of(wrong), Err(SetupError::Url { .. })), "{wrong}");
        }
    }

    #[test]
    fn azure_is_known_by_its_host_or_its_version() {
        for (base, azure) in [
            ("https://me.openai.azure.com/openai/v1", true),
            ("http://127.0.0.1:1/openai/deployments/x?api-version=2025-04-01", true),
            ("https://api.openai.com/v1", false),
            ("https://openai.azure.com.example.org/v1", false),
        ] {
            assert_eq!(Addresses::of(base).unwrap().is_azure(), azure, "{base}");
        }
        let secrets = Addresses::of("http://u:password1@h/v1?key=AIzaSecret&api-version=2025-04-01").unwrap().secrets();
        assert_eq!(secrets, ["AIzaSecret", "password1"]);
    }
}

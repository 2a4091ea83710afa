//! Recorded model calls: `--record` keeps each answer under the digest of its whole request, and `--replay` answers
//! from there without a network.
//!
//! Each request is one file, `DIR/ab/abcdef….json`, which contains the request as well as its answers, so that a person
//! can read it and a missing answer can be explained by what differs. The same request in another epoch is another
//! repeat and has an answer of its own. The address of the endpoint is in the file and not in the digest, so that a replay
//! works with any; but the answers of one endpoint never replace those of another.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::tape::{Answer, SCHEMA, Tape, difference, read, tapes};
use crate::agent::prompt::Protocol;
use crate::chat::adjust::Adjusted;
use crate::chat::wire::{self, ModelSettings};
use crate::chat::{BoxFuture, CallContext, ChatClient, ChatError, ChatReply, ChatRequest, ErrorKind, ReplyFormat};
use crate::log::store::{alone, pretty, write_whole};
use incident_env::hex;

/// The name and version of the format of what was learnt of an endpoint.
pub const ADJUSTED_SCHEMA: &str = "incident-bench/adjusted/1";

/// Where the answers of a model are recorded.
#[derive(Debug, Clone)]
pub struct Folder {
    /// The folder.
    pub path: PathBuf,
    /// The settings of the model's calls.
    pub settings: ModelSettings,
    /// The protocol by which it is asked; none if that is found out.
    pub protocol: Option<Protocol>,
    /// The base URL of the endpoint.
    pub base_url: String,
}

/// What was learnt of an endpoint while its answers were recorded.
#[derive(Debug, Serialize, Deserialize)]
struct Learnt {
    schema: String,
    model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    adjusted: Adjusted,
}

impl Folder {
    /// The file of what was learnt of the endpoint with these settings, by this protocol.
    fn file_of_learnt(&self) -> PathBuf {
        let protocol = self.protocol.map_or("auto", Protocol::as_str);
        self.path.join("adjusted").join(format!("{}-{protocol}.json", self.digest_of_settings()))
    }

    fn digest_of_settings(&self) -> String {
        let nothing = ChatRequest { messages: Vec::new(), format: ReplyFormat::Text, max_tokens: None };
        hex(&Sha256::digest(self.body(&nothing).to_string()))[..16].to_owned()
    }

    /// What was learnt of the endpoint when it was recorded.
    fn learnt(&self) -> Option<Learnt> {
        // Before it was kept by protocol, the file had no protocol in its name.
        let before = self.path.join("adjusted").join(format!("{}.json", self.digest_of_settings()));
        let bytes = fs::read(self.file_of_learnt()).or_else(|_| fs::read(before)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// The address of the endpoint without what may be secret in it.
    fn endpoint(&self) -> String {
        Url::parse(&self.base_url).map_or_else(
            |_| self.base_url.clone(),
            |url| format!("{}{}", url.origin().ascii_serialization(), url.path().trim_end_matches('/')),
        )
    }

    /// Returns another endpoint whose answers the folder holds for this model with these settings, by whatever protocol, if
    /// there is one. It is looked for before the first call, which would cost money.
    #[must_use]
    pub fn taken_by(&self) -> Option<String> {
        let (own, digest) = (self.endpoint(), self.digest_of_settings());
        let files = fs::read_dir(self.path.join("adjusted")).into_iter().flatten().flatten();
        let of_these = files.filter(|file| file.file_name().to_string_lossy().starts_with(&digest));
        let learnt = of_these.filter_map(|file| serde_json::from_slice::<Learnt>(&fs::read(file.path()).ok()?).ok());
        learnt.filter_map(|learnt| learnt.endpoint).find(|endpoint| *endpoint != own)
    }

    /// The request as it would be sent if the endpoint refused nothing, so that its digest does not depend on what was learnt.
    fn body(&self, request: &ChatRequest) -> Value {
        wire::request_body(request, &self.settings)
    }

    fn place(&self, request: &ChatRequest) -> Place {
        let request = self.body(request);
        let digest = hex(&Sha256::digest(request.to_string()));
        Place { request, file: self.path.join(&digest[..2]).join(format!("{digest}.json")) }
    }
}

/// Where the answers to a request are kept.
struct Place {
    /// The body of the request.
    request: Value,
    /// The file that has its digest as its name.
    file: PathBuf,
}

/// A client that records every answer of another client.
pub struct Recording {
    client: Arc<dyn ChatClient>,
    folder: Folder,
    /// Held while a file is written, because two epochs may get an answer to the same request at the same time. It is what
    /// was learnt so far and is in the folder.
    writing: Mutex<Option<Adjusted>>,
}

impl Recording {
    /// Records the answers of a client, which does its own retries, into a folder.
    #[must_use]
    pub fn new(client: Arc<dyn ChatClient>, folder: Folder) -> Self {
        Self { client, folder, writing: Mutex::new(None) }
    }

    /// Records an answer. A call that was cancelled on our side has no answer.
    fn keep(&self, place: Place, repeat: u32, answer: &Result<ChatReply, ChatError>) -> Result<(), ChatError> {
        let answer = match answer {
            Ok(reply) => Answer::Reply(reply.clone()),
            Err(error) if error.kind == ErrorKind::Cancelled => return Ok(()),
            Err(error) => Answer::Fault(error.into()),
        };
        let Place { request, file } = place;
        // Shards and other runs may write to the same file at this moment.
        let alone = || {
            alone(&self.folder.path.join("adjusted"))
                .map_err(|e| ChatError::new(ErrorKind::RecordingFailed, &e.to_string()))
        };
        let mut written = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let _alone = alone()?;
        self.keep_adjusted(&mut written)?;
        let mut tape = self.tape(&file)?.unwrap_or_else(|| Tape {
            schema: SCHEMA.to_owned(),
            endpoint: None,
            request,
            answers: BTreeMap::new(),
        });
        tape.endpoint = Some(self.folder.endpoint());
        tape.answers.insert(repeat, answer);
        // A recording with a gap would fail only when it is needed.
        write_whole(&file, &pretty(&tape)).map_err(|e| ChatError::new(ErrorKind::RecordingFailed, &e.to_string()))
    }

    /// Returns the tape in a file. One that holds the answers of another endpoint is not written over.
    fn tape(&self, file: &Path) -> Result<Option<Tape>, ChatError> {
        let failed = |message: &str| ChatError::new(ErrorKind::RecordingFailed, message);
        let tape = read(file).map_err(|problem| failed(&problem))?;
        let other = tape.as_ref().and_then(|tape| tape.endpoint.as_ref());
        match other.filter(|endpoint| **endpoint != self.folder.endpoint()) {
            Some(other) => Err(failed(&taken(&self.folder, other))),
            None => Ok(tape),
        }
    }

    /// Records what the client has learnt, if that has changed.
    fn keep_adjusted(&self, written: &mut Option<Adjusted>) -> Result<(), ChatError> {
        let adjusted = self.client.adjusted();
        if written.as_ref() == Some(&adjusted) {
            return Ok(());
        }
        let model = self.folder.settings.model.clone();
        let endpoint = Some(self.folder.endpoint());
        let learnt = Learnt { schema: ADJUSTED_SCHEMA.to_owned(), model, endpoint, adjusted: adjusted.clone() };
        write_whole(&self.folder.file_of_learnt(), &pretty(&learnt))
            .map_err(|e| ChatError::new(ErrorKind::RecordingFailed, &e.to_string()))?;
        *written = Some(adjusted);
        Ok(())
    }
}

impl ChatClient for Recording {
    fn complete<'a>(
        &'a self,
        request: &'a ChatRequest,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<ChatReply, ChatError>> {
        Box::pin(async move {
            // What could not be kept is not asked for.
            let place = self.folder.place(request);
            self.tape(&place.file)?;
            let answer = self.client.complete(request, context).await;
            self.keep(place, context.repeat, &answer)?;
            answer
        })
    }

    fn adjusted(&self) -> Adjusted {
        self.client.adjusted()
    }
}

/// Says that a folder holds the answers of another endpoint.
#[must_use]
pub fn taken(folder: &Folder, other: &str) -> String {
    let (path, model, own) = (folder.path.display(), &folder.settings.model, folder.endpoint());
    format!(
        "{path} holds the answers of {model} at {other}, which those at {own} would replace; record them into another folder"
    )
}

/// A client that answers from a recording and never uses a network.
#[derive(Debug)]
pub struct Replay {
    folder: Folder,
    adjusted: Adjusted,
}

impl Replay {
    /// Makes a client that answers from a folder.
    #[must_use]
    pub fn new(folder: Folder) -> Self {
        let adjusted = folder.learnt().map(|learnt| learnt.adjusted).unwrap_or_default();
        Self { folder, adjusted }
    }

    fn answer(&self, request: &ChatRequest, repeat: u32) -> Result<ChatReply, ChatError> {
        let Place { request: body, file } = self.folder.place(request);
        let tape = read(&file).map_err(|problem| ChatError::new(ErrorKind::NotRecorded, &problem))?;
        match tape.as_ref().and_then(|tape| tape.answers.get(&repeat)) {
            Some(Answer::Reply(reply)) => Ok(reply.clone()),
            Some(Answer::Fault(fault)) => Err(fault.clone().into()),
            None => Err(ChatError::new(ErrorKind::NotRecorded, &self.miss(&body, repeat, tape.as_ref()))),
        }
    }

    /// Says what differs from the recorded request that is most similar to this one.
    fn miss(&self, body: &Value, repeat: u32, tape: Option<&Tape>) -> String {
        let path = self.folder.path.display();
        if let Some(tape) = tape {
            let repeats: Vec<_> = tape.answers.keys().map(ToString::to_string).collect();
            return format!("{path} has this request for the epochs {} and not for {repeat}", repeats.join(", "));
        }
        let wanted = body.to_string();
        let alike = |tape: &Tape| {
            let kept = tape.request.to_string();
            kept.bytes().zip(wanted.bytes()).take_while(|(a, b)| a == b).count()
        };
        match tapes(&self.folder.path).into_iter().max_by_key(alike) {
            None => format!("{path} holds no recorded requests"),
            Some(nearest) => {
                let difference = difference(&nearest.request, body).unwrap_or_else(|| "the order of keys".to_owned());
                format!("{path} does not hold this request; the nearest one differs in {difference}")
            }
        }
    }
}

impl ChatClient for Replay {
    fn complete<'a>(
        &'a self,
        request: &'a ChatRequest,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<ChatReply, ChatError>> {
        Box::pin(async move { self.answer(request, context.repeat) })
    }

    /// What was learnt when it was recorded. A replay learns nothing.
    fn adjusted(&self) -> Adjusted {
        self.adjusted.clone()
    }
}

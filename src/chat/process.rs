//! The client for a process: it gets one line for each message and answers with one line.
//!
//! Three tasks serve the process, so that neither side waits for the other's pipe: one writes, one reads whole lines,
//! and one drains stderr. A line answers the oldest message that has no answer yet, whenever it came, so what an agent
//! gets as an answer does not depend on timing.

use std::fmt::Write;
use std::io;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::program::Program;
use super::{
    BoxFuture, CallContext, ChatClient, ChatError, ChatReply, ChatRequest, ErrorKind, FinishReason, Message, stderr,
};
use crate::escape::whole_surrogates;

/// The most bytes of an answer.
pub const LONGEST_LINE: usize = 1024 * 1024;
/// The bytes that are kept of a longer answer, to show what it was.
const KEPT_OF_LONGER: usize = 200;
/// The number of answers that may wait. A process that writes more has to wait itself.
const MOST_AHEAD: usize = 16;
/// The time that a process may take to end when its episode is over.
const TIME_TO_LEAVE: Duration = Duration::from_secs(5);
/// The time to wait for what a dead process left in its pipes, and for the status of a process that closed them.
const TIME_TO_DRAIN: Duration = Duration::from_secs(1);

/// Starts a program and kills it at once.
///
/// # Errors
/// Returns the reason why it cannot be started.
pub async fn try_start(program: &Program) -> io::Result<()> {
    let mut process = Process::start(program)?;
    process.kill().await;
    Ok(())
}

/// A conversation with a process. The process starts with the first call and ends when this value is dropped.
pub struct ProcessClient {
    program: Arc<Program>,
    answer_time: Duration,
    talk: tokio::sync::Mutex<Talk>,
}

struct Talk {
    state: State,
    /// The number of messages that the process was given.
    told: usize,
}

enum State {
    Waiting,
    Running(Box<Process>),
    Over(ChatError),
}

impl ProcessClient {
    /// Makes a client for one conversation with this program. Each answer may take this long.
    #[must_use]
    pub fn new(program: Arc<Program>, answer_time: Duration) -> Self {
        let talk = Talk { state: State::Waiting, told: 0 };
        Self { program, answer_time, talk: tokio::sync::Mutex::new(talk) }
    }

    async fn ask(&self, request: &ChatRequest, context: &CallContext) -> Result<ChatReply, ChatError> {
        let mut talk = self.talk.lock().await;
        let Talk { state, told } = &mut *talk;
        if matches!(state, State::Waiting) {
            let process = Process::start(&self.program);
            *state = match process {
                Ok(process) => State::Running(Box::new(process)),
                Err(error) => State::Over(ChatError::new(ErrorKind::AgentStart, &error.to_string())),
            };
        }
        let process = match state {
            State::Running(process) => process,
            State::Over(error) => return Err(error.clone()),
            State::Waiting => return Err(ChatError::new(ErrorKind::AgentStart, "")),
        };
        let mut result = Err(ChatError::new(ErrorKind::BadRequest, "there is nothing new to say"));
        let said = request.messages.iter().filter(|message| matches!(message, Message::User { .. }));
        // If an earlier process was given the first messages, this one is given them again, and its answers to all but
        // the last are ignored.
        for message in said.skip(*told) {
            *told += 1;
            let begun = Instant::now();
            let deadline = context.deadline.into_iter().chain([begun + self.answer_time]).min();
            process.tell(message.content());
            let answer = process.answer(deadline.unwrap_or(begun)).await.and_then(Line::into_reply);
            let latency_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            let secrets = &self.program.environment.secrets;
            result = match answer {
                Ok(reply) => Ok(secrets.reply(ChatReply { latency_ms, ..reply })),
                Err(error) => {
                    let stderr = error.stderr.clone().or_else(|| process.said_on_stderr());
                    Err(secrets.error(ChatError { latency_ms, stderr, ..error }))
                }
            };
            if let Err(error) = &result {
                process.kill().await;
                *state = State::Over(error.clone());
                break;
            }
        }
        result
    }
}

impl ChatClient for ProcessClient {
    fn complete<'a>(
        &'a self,
        request: &'a ChatRequest,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<ChatReply, ChatError>> {
        Box::pin(self.ask(request, context))
    }

    fn close<'a>(&'a self, last: Option<&'a str>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let mut talk = self.talk.lock().await;
            let over = State::Over(ChatError::new(ErrorKind::Cancelled, "the conversation is over"));
            if let State::Running(process) = std::mem::replace(&mut talk.state, over) {
                process.leave(last).await;
            }
        })
    }
}

// ---- the process ----

struct Process {
    child: Child,
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
    /// The channel to the task that writes; none once stdin is to be closed.
    to: Option<mpsc::UnboundedSender<String>>,
    lines: mpsc::Receiver<Line>,
    /// The number of bytes of an unfinished line that have come.
    open_bytes: Arc<AtomicUsize>,
    stderr: Arc<Mutex<Vec<u8>>>,
    /// The tasks are aborted with this value, because other processes may hold the pipes open for ever.
    tasks: JoinSet<()>,
}

impl Process {
    fn start(program: &Program) -> io::Result<Self> {
        let mut command = program.command()?;
        // The process gets a group of its own: an interrupt from the terminal is meant for us alone, and its children
        // can be killed with it.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let (to, messages) = mpsc::unbounded_channel();
        let (from, lines) = mpsc::channel(MOST_AHEAD);
        let (open_bytes, stderr) = (Arc::default(), Arc::default());
        let mut tasks = JoinSet::new();
        if let Some(stdin) = child.stdin.take() {
            tasks.spawn(write_lines(stdin, messages));
        }
        if let Some(stdout) = child.stdout.take() {
            tasks.spawn(read_lines(stdout, from, Arc::clone(&open_bytes)));
        }
        if let Some(pipe) = child.stderr.take() {
            tasks.spawn(keep_end(pipe, Arc::clone(&stderr)));
        }
        Ok(Self {
            #[cfg(unix)]
            group: child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?)),
            child,
            to: Some(to),
            lines,
            open_bytes,
            stderr,
            tasks,
        })
    }

    /// Begins to write a line to the process. Its success shows in the answer, or in the lack of one.
    fn tell(&self, line: &str) {
        if let Some(to) = &self.to {
            let _ = to.send(format!("{line}\n"));
        }
    }

    /// The next line of the process.
    async fn answer(&mut self, deadline: Instant) -> Result<Line, ChatError> {
        let allowed = deadline.saturating_duration_since(Instant::now());
        tokio::select! {
            biased;
            line = self.lines.recv() => {
                if let Some(line) = line {
                    return Ok(line);
                }
                let status = timeout(TIME_TO_DRAIN, self.child.wait()).await;
                Err(self.exited(status.ok().and_then(Result::ok)).await)
            }
            status = self.child.wait() => {
                // Children that it left behind must not hold its pipes open.
                self.kill_group();
                match timeout(TIME_TO_DRAIN, self.lines.recv()).await {
                    Ok(Some(line)) => Ok(line),
                    _ => Err(self.exited(status.ok()).await),
                }
            }
            () = sleep_until(deadline) => Err(self.late(allowed)),
        }
    }

    fn late(&self, allowed: Duration) -> ChatError {
        let mut message = format!("none within {:.1} s", allowed.as_secs_f64());
        let open = self.open_bytes.load(Ordering::Relaxed);
        if open > 0 {
            let _ = write!(message, "; it wrote {open} bytes without a line break behind them");
        }
        ChatError::new(ErrorKind::Timeout, &message)
    }

    async fn exited(&mut self, status: Option<ExitStatus>) -> ChatError {
        let mut message = status.map_or("it closed its output".to_owned(), said);
        self.kill_group();
        // The tasks end with the pipes, and stderr has been read by then.
        self.to = None;
        let _ = timeout(TIME_TO_DRAIN, async { while self.tasks.join_next().await.is_some() {} }).await;
        let said = self.said_on_stderr();
        if let Some(said) = &said {
            let _ = write!(message, "; the end of its stderr: {}", stderr::quoted(said));
        }
        ChatError { stderr: said, ..ChatError::new(ErrorKind::AgentExited, &message) }
    }

    fn said_on_stderr(&self) -> Option<String> {
        let bytes = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        stderr::end(&bytes)
    }

    /// Ends the process: with a last line, then with the end of its input, then by force.
    async fn leave(mut self, last: Option<&str>) {
        if let Some(last) = last {
            self.tell(last);
        }
        self.to = None;
        let deadline = Instant::now() + TIME_TO_LEAVE;
        loop {
            tokio::select! {
                // Reading continues, so that the process does not wait for us.
                Some(_) = self.lines.recv() => {}
                _ = self.child.wait() => break,
                () = sleep_until(deadline) => break,
            }
        }
        self.kill().await;
    }

    /// Kills the process and its children, and collects its status, so that no zombie remains.
    async fn kill(&mut self) {
        self.kill_group();
        let _ = self.child.start_kill();
        let _ = timeout(TIME_TO_DRAIN, self.child.wait()).await;
    }

    #[cfg(unix)]
    fn kill_group(&mut self) {
        // The group is killed only once: when all of it is gone, its number may be given to another one.
        if let Some(group) = self.group.take() {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }

    #[cfg(not(unix))]
    fn kill_group(&mut self) {
        let _ = self.child.start_kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill_group();
    }
}

/// The exit status as text: `status 1`, or `killed by signal 9`.
fn said(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("killed by signal {signal}");
    }
    status.code().map_or_else(|| status.to_string(), |code| format!("status {code}"))
}

// ---- its pipes ----

/// A line of the process as it came.
struct Line {
    text: String,
    is_longer: bool,
}

impl Line {
    fn of(bytes: &[u8], is_longer: bool) -> Option<Self> {
        let kept = if is_longer { bytes.get(..KEPT_OF_LONGER).unwrap_or(bytes) } else { bytes };
        let text = String::from_utf8_lossy(kept);
        let text = whole_surrogates(text.trim()).into_owned();
        // An empty line says nothing, so it is no answer.
        (is_longer || !text.is_empty()).then_some(Self { text, is_longer })
    }

    /// Reads the line as a reply.
    ///
    /// # Errors
    /// Fails if the line says that the agent cannot continue.
    fn into_reply(self) -> Result<ChatReply, ChatError> {
        if let Some(why) = fault(&self.text) {
            return Err(ChatError::new(ErrorKind::AgentFailed, &why));
        }
        let finish = if self.is_longer { FinishReason::Length } else { FinishReason::Stop };
        Ok(ChatReply::of_text(self.text, finish))
    }
}

/// The message of a line that is `{"error": …}` and nothing else; none for any other line.
fn fault(line: &str) -> Option<String> {
    let Ok(Value::Object(object)) = serde_json::from_str(line) else { return None };
    match object.get("error")? {
        _ if object.len() > 1 => None,
        Value::Null => None,
        Value::String(why) => Some(why.clone()),
        other => Some(other.to_string()),
    }
}

/// Writes until there is nothing more to write or nobody reads. Then stdin is closed.
async fn write_lines(mut stdin: ChildStdin, mut messages: mpsc::UnboundedReceiver<String>) {
    while let Some(line) = messages.recv().await {
        if stdin.write_all(line.as_bytes()).await.is_err() {
            break;
        }
    }
}

/// Reads line by line, also the last line without its line break, and at most [`LONGEST_LINE`] bytes of each.
async fn read_lines(stdout: impl AsyncRead + Unpin, lines: mpsc::Sender<Line>, open_bytes: Arc<AtomicUsize>) {
    let mut stdout = BufReader::with_capacity(64 * 1024, stdout);
    let (mut line, mut length) = (Vec::new(), 0_usize);
    while let Ok(chunk) = stdout.fill_buf().await {
        if chunk.is_empty() {
            break;
        }
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let part = &chunk[..end.unwrap_or(chunk.len())];
        let room = LONGEST_LINE - line.len();
        line.extend_from_slice(&part[..part.len().min(room)]);
        length = length.saturating_add(part.len());
        let used = part.len() + usize::from(end.is_some());
        stdout.consume(used);
        if end.is_some() {
            let whole = Line::of(&std::mem::take(&mut line), length > LONGEST_LINE);
            length = 0;
            if let Some(whole) = whole
                && lines.send(whole).await.is_err()
            {
                return;
            }
        }
        open_bytes.store(length, Ordering::Relaxed);
    }
    if let Some(rest) = Line::of(&line, length > LONGEST_LINE) {
        let _ = lines.send(rest).await;
    }
}

/// Reads everything and keeps the end.
async fn keep_end(mut pipe: impl AsyncRead + Unpin, kept: Arc<Mutex<Vec<u8>>>) {
    let mut chunk = vec![0; 8 * 1024];
    while let Ok(n) = pipe.read(&mut chunk).await {
        if n == 0 {
            break;
        }
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&chunk[..n]);
        // One byte more shows that there was more.
        let surplus = kept.len().saturating_sub(stderr::KEPT + 1);
        kept.drain(..surplus);
    }
}

//! Starts servers as separate processes, finds their addresses, and measures their cost.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::wire::Problem;

/// The time that a server has to print its address. It is long because Python imports many modules.
const START: Duration = Duration::from_secs(120);

/// A server that ends when this value is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

impl Process {
    /// Starts a server that names its address as `http://…` on stderr.
    pub(crate) async fn start(command: &mut Command) -> Result<Self, Problem> {
        // The server must not read the settings of the person who measures.
        let folder = tempfile::tempdir()?;
        let command = command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).kill_on_drop(true).spawn()?;
        let stderr = child.stderr.take().ok_or("the server has no stderr")?;
        let mut lines = BufReader::new(stderr).lines();
        let mut said = String::new();
        let address = tokio::time::timeout(START, async {
            while let Some(line) = lines.next_line().await? {
                if let Some(address) = address_in(&line) {
                    return Ok(address);
                }
                said = said + &line + "\n";
            }
            Err(Problem::from(format!("the server ended: {said}")))
        });
        let address = address.await??;
        // The rest of the output must be read: a full pipe would stop the server.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, address, _folder: folder })
    }

    /// Returns the processor time that the server has used, in seconds.
    pub(crate) fn processor_time(&self) -> Result<f64, Problem> {
        processor_time(&self.id()?)
    }

    /// Returns the present and the largest memory of the server, in megabytes.
    pub(crate) fn memory(&self) -> Result<[u64; 2], Problem> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()?))?;
        let kilobytes = |name: &str| -> Result<u64, Problem> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("no memory in /proc")?;
            Ok(line.split_whitespace().next().unwrap_or_default().parse()?)
        };
        Ok([kilobytes("VmRSS:")? >> 10, kilobytes("VmHWM:")? >> 10])
    }

    fn id(&self) -> Result<String, Problem> {
        Ok(self.child.id().ok_or("the server ended")?.to_string())
    }
}

/// Returns the processor time that this client has used, in seconds.
pub(crate) fn own_processor_time() -> Result<f64, Problem> {
    processor_time("self")
}

fn processor_time(id: &str) -> Result<f64, Problem> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The name may hold spaces; what follows it does not.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| -> Result<f64, Problem> { Ok(fields.get(at).ok_or("no times in /proc")?.parse()?) };
    // A tick is 10 ms on every Linux system that reports ticks.
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let rest = line.split_once("http://")?.1;
    let end = rest.find(|letter: char| !letter.is_ascii_digit() && !".:".contains(letter)).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// Lets this process open as many sockets as the system allows, which must be at least this many.
#[cfg(unix)]
pub(crate) fn raise_limit_of_files(needed: usize) -> Result<(), Problem> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    match limit.maximum {
        Some(most) if most < needed as u64 => {
            Err(format!("a process may open {most} files here, and {needed} are needed; see ulimit -Hn").into())
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
pub(crate) fn raise_limit_of_files(_: usize) -> Result<(), Problem> {
    Ok(())
}

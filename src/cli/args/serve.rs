//! The arguments of `serve` and `mcp`. [`crate::config::server`] lays them over variables and `bench.toml`.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use secrecy::SecretString;

use super::common::ConfigFile;
use crate::config::paths::{name_or_path, path_parser};
use crate::config::server_options::{LogForm, RevealChoice, ServerOptions};

const SERVE_HELP: &str = "\
Each option can also be set by a variable named after it: --max-sessions by BENCH_MAX_SESSIONS, and so on.

Examples:
  bench serve
  curl -X POST localhost:7860/reset
  curl localhost:7860/step -H 'content-type: application/json' \\
       -d '{\"action_type\": \"query_logs\", \"parameters\": {\"service\": \"api-gateway\"}}'
  bench serve --openenv --host 0.0.0.0      for clients, trainers and hosts of OpenEnv";

#[derive(Debug, Args)]
#[command(after_help = SERVE_HELP)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(in crate::cli) struct ServeArgs {
    /// The address to listen at [default: 127.0.0.1]
    #[arg(long, value_name = "HOST")]
    pub(in crate::cli) host: Option<String>,
    /// The port; 0 takes a free one [default: 7860; with --openenv PORT, or 8000]
    #[arg(long, value_name = "PORT")]
    pub(in crate::cli) port: Option<u16>,
    /// Answer /health, and /state before a reset, as hosts of OpenEnv expect
    #[arg(long)]
    pub(in crate::cli) openenv: bool,
    /// When breakdowns of a grade name right answers [default: done]
    #[arg(long, value_name = "WHEN")]
    pub(in crate::cli) reveal: Option<RevealChoice>,
    /// Who may start runs by POST /baseline [default: none needed on this machine alone, else made and printed]
    #[arg(long, value_name = "TOKEN")]
    pub(in crate::cli) token: Option<String>,
    /// Let no answer, no score and no judgement of a step leave the server, and keep what is played as a run
    #[arg(long)]
    pub(in crate::cli) exam: bool,
    #[command(flatten)]
    pub(in crate::cli) kept: ExamArgs,
    /// Seconds without use after which an episode is gone [default: 1800]
    #[arg(long, value_name = "SECONDS")]
    pub(in crate::cli) session_ttl: Option<u64>,
    /// The most episodes at once; the oldest idle one makes room, unless it counts in an exam [default: 100000]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) max_sessions: Option<usize>,
    /// The most connections at once; others wait [default: 16384]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) max_connections: Option<usize>,
    /// The largest body, in bytes [default: 65536]
    #[arg(long, value_name = "BYTES")]
    pub(in crate::cli) max_body: Option<usize>,
    /// The most requests and messages a second from one address; more are refused, or wait [default: any number]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) rate_limit: Option<u32>,
    /// An origin whose web pages may use the server, or '*'; repeat for more [default: its own alone]
    #[arg(long, value_name = "ORIGIN")]
    pub(in crate::cli) allow_origin: Vec<String>,
    /// The path under which a proxy shows the server, where it passes that on [default: /]
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) root_path: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) suite: ServedSuite,
    /// The folder whose runs the page shows [default: results, or `out` of bench.toml, if only this machine can look]
    #[arg(long, value_name = "DIR", value_parser = path_parser(), value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) results: Option<PathBuf>,
    /// Say nothing on stderr but errors
    #[arg(short, long)]
    pub(in crate::cli) quiet: bool,
    /// A line on stderr for every request
    #[arg(short, long, conflicts_with = "quiet")]
    pub(in crate::cli) verbose: bool,
    /// The form of what is said on stderr; json also says every request
    #[arg(long, value_name = "FORM", conflicts_with = "quiet")]
    pub(in crate::cli) log: Option<LogForm>,
    #[command(flatten)]
    pub(in crate::cli) config: ConfigFile,
}

/// The options of an exam: how the run of it is kept.
#[derive(Debug, Args)]
pub(in crate::cli) struct ExamArgs {
    /// With --exam: the name of who plays; its exam goes on where it stopped [default: client]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) label: Option<String>,
    /// With --exam: how often a scenario is played; it counts from its first step [default: 1]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) epochs: Option<u32>,
    /// With --exam: the folder of results [default: results]
    #[arg(long, value_name = "DIR", value_parser = path_parser(), value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) out: Option<PathBuf>,
}

const MCP_HELP: &str = "\
Each option can also be set by a variable named after it: --exam by BENCH_EXAM=1, and so on.

An entry in a client's configuration:
  {\"mcpServers\": {\"incidents\": {\"command\": \"bench\", \"args\": [\"mcp\"]}}}

`bench serve` offers the same to many clients, by HTTP at /mcp.";

#[derive(Debug, Args)]
#[command(after_help = MCP_HELP)]
pub(in crate::cli) struct McpArgs {
    /// When breakdowns of a grade name right answers [default: done]
    #[arg(long, value_name = "WHEN")]
    pub(in crate::cli) reveal: Option<RevealChoice>,
    /// Show no answer, no score and no judgement of a step, and keep what is played as a run
    #[arg(long)]
    pub(in crate::cli) exam: bool,
    #[command(flatten)]
    pub(in crate::cli) kept: ExamArgs,
    #[command(flatten)]
    pub(in crate::cli) suite: ServedSuite,
    #[command(flatten)]
    pub(in crate::cli) config: ConfigFile,
}

/// The options that choose the incidents.
#[derive(Debug, Args)]
pub(in crate::cli) struct ServedSuite {
    /// The suite: classic; generated:NAME,seed=N with easy, medium, hard, expert (then also count=N) or smoke, lite,
    /// full; a scenario file, or a folder of them [default: classic]
    #[arg(long, value_name = "SUITE", value_parser = name_or_path)]
    pub(in crate::cli) suite: Option<String>,
    /// A folder of scenario files that are laid over the suite; over a generated suite, of fault families
    #[arg(long, value_name = "DIR", value_parser = path_parser(), value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) scenarios: Option<PathBuf>,
}

impl ServeArgs {
    /// Returns the options that were given, to be laid over variables and `bench.toml`.
    pub(in crate::cli) fn options(&self) -> ServerOptions {
        ServerOptions {
            host: self.host.clone(),
            port: self.port,
            openenv: self.openenv.then_some(true),
            token: self.token.clone().map(SecretString::from),
            session_ttl: self.session_ttl,
            max_sessions: self.max_sessions,
            max_connections: self.max_connections,
            max_body: self.max_body,
            rate_limit: self.rate_limit,
            allow_origin: self.allow_origin.clone(),
            root_path: self.root_path.clone(),
            results: self.results.clone(),
            log: self.log,
            ..episode_options(self.reveal, self.exam, &self.kept, &self.suite)
        }
    }
}

impl McpArgs {
    /// Returns the options that were given, to be laid over variables and `bench.toml`.
    pub(in crate::cli) fn options(&self) -> ServerOptions {
        episode_options(self.reveal, self.exam, &self.kept, &self.suite)
    }
}

/// Returns the options that both commands share.
fn episode_options(reveal: Option<RevealChoice>, exam: bool, kept: &ExamArgs, suite: &ServedSuite) -> ServerOptions {
    ServerOptions {
        reveal,
        exam: exam.then_some(true),
        label: kept.label.clone(),
        epochs: kept.epochs,
        out: kept.out.clone(),
        suite: suite.suite.clone(),
        scenarios: suite.scenarios.clone(),
        ..ServerOptions::default()
    }
}

#[cfg(test)]
mod tests {
    use clap::Args;

    use super::*;

    /// Checks that every option of `serve` that is more than a way to call it is a key of `[serve]` with the same name.
    #[test]
    fn flags_and_keys_have_the_same_names() {
        let only_flags = ["quiet", "verbose", "config"];
        let values = [
            ("port", "1"),
            ("openenv", "true"),
            ("exam", "true"),
            ("reveal", "'done'"),
            ("epochs", "1"),
            ("log", "'text'"),
            ("session-ttl", "1"),
            ("max-sessions", "1"),
            ("max-connections", "1"),
            ("max-body", "1"),
            ("rate-limit", "1"),
        ];
        for command in
            [ServeArgs::augment_args(clap::Command::new("x")), McpArgs::augment_args(clap::Command::new("x"))]
        {
            let names = command.get_arguments().filter_map(clap::Arg::get_long);
            for name in names.filter(|name| !only_flags.contains(name)) {
                let value = values.iter().find(|(known, _)| *known == name).map_or("'x'", |(_, value)| value);
                let read = toml::from_str::<ServerOptions>(&format!("{name} = {value}"));
                assert!(read.is_ok(), "{name}: {read:?}");
            }
        }
    }
}

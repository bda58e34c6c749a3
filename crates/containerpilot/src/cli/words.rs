//! The subcommands.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
    process::ExitCode,
};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use super::go_flags;
use crate::{ask, check, health, migrate, render, run, signals};

/// Lives inside a container and makes any application run itself.
#[derive(Parser, Debug)]
#[command(name = "containerpilot", disable_version_flag = true)]
#[command(after_help = "As consul-template: containerpilot consul-template -h")]
pub(super) struct Words {
    #[command(subcommand)]
    what: What,
}

/// Where the running helper is found.
#[derive(clap::Args, Debug, Clone)]
struct Whom {
    /// The configuration that names the control socket; $CONTAINERPILOT if not given
    #[arg(long, short, value_name = "FILE")]
    config: Option<String>,
    /// The control socket itself
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Run the jobs of a configuration; what is done without a subcommand
    Run {
        /// The configuration; $CONTAINERPILOT if not given
        #[arg(long, short, value_name = "FILE")]
        config: Option<String>,
        /// The program to wrap, with a configuration of ContainerPilot 1 or 2
        #[arg(last = true, value_name = "PROGRAM")]
        program: Vec<String>,
    },
    /// Say everything that is wrong with a configuration
    Check {
        /// The configuration; $CONTAINERPILOT if not given
        #[arg(long, short, value_name = "FILE")]
        config: Option<String>,
        /// The configuration, as a plain word
        #[arg(value_name = "FILE", conflicts_with = "config")]
        file: Option<String>,
        /// The program it wraps, if it is one of ContainerPilot 1 or 2
        #[arg(last = true, value_name = "PROGRAM")]
        program: Vec<String>,
        #[command(flatten)]
        manner: check::Manner,
    },
    /// Write a configuration of ContainerPilot 1 or 2 anew in the form of 3
    Migrate(migrate::Order),
    /// Render a configuration, or any template over JSON data
    Render(render::Order),
    /// Show jobs, watches and templates of the running helper
    Status {
        #[command(flatten)]
        whom: Whom,
        /// Answer in JSON
        #[arg(long)]
        json: bool,
    },
    /// Let the running helper load its configuration anew
    Reload {
        #[command(flatten)]
        whom: Whom,
    },
    /// Begin or end maintenance
    Maintenance {
        /// Which of the two
        #[arg(value_parser = ["enable", "disable"])]
        word: String,
        #[command(flatten)]
        whom: Whom,
    },
    /// Set variables for processes started from now on, or unset those without `=`
    Env {
        /// NAME=VALUE, or NAME
        #[arg(required = true, value_name = "NAME[=VALUE]")]
        pairs: Vec<String>,
        #[command(flatten)]
        whom: Whom,
    },
    /// Record values of metrics
    Metric {
        /// NAME=VALUE
        #[arg(required = true, value_name = "NAME=VALUE")]
        pairs: Vec<String>,
        #[command(flatten)]
        whom: Whom,
    },
    /// Ask whether the running helper answers
    Ping {
        #[command(flatten)]
        whom: Whom,
    },
    /// Tell whether all is well, for Docker's HEALTHCHECK and Kubernetes' probes: 0, or 1 and why
    Health {
        #[command(flatten)]
        order: health::Order,
        #[command(flatten)]
        whom: Whom,
    },
    /// Send a signal to the process of a job
    Signal {
        /// The job
        job: String,
        /// The signal, such as HUP
        signal: String,
        #[command(flatten)]
        whom: Whom,
    },
    /// Start a job now, whatever its start event
    Start {
        /// The job
        job: String,
        #[command(flatten)]
        whom: Whom,
    },
    /// Stop a job, and hold it until it is started again
    Stop {
        /// The job
        job: String,
        #[command(flatten)]
        whom: Whom,
    },
    /// Stop a job and start it again
    Restart {
        /// The job
        job: String,
        #[command(flatten)]
        whom: Whom,
    },
    /// Serve an in-memory catalog for development
    Catalog {
        /// The address to listen on
        #[arg(long, value_name = "IP:PORT", default_value = crate::shell::EMBEDDED)]
        address: std::net::SocketAddr,
    },
    /// Print the version
    Version {
        /// Answer in JSON
        #[arg(long)]
        json: bool,
    },
}

/// Whether a first word is one of the subcommands.
pub(super) fn is_subcommand(word: &OsStr) -> bool {
    // Plain `run` and `-config` are on the path that must be quick, so the words stand here again;
    // a test holds them against the parser.
    word.to_str().is_some_and(|word| NAMES.contains(&word))
}

const NAMES: &[&str] = &[
    "run",
    "check",
    "migrate",
    "render",
    "status",
    "reload",
    "maintenance",
    "env",
    "metric",
    "ping",
    "health",
    "signal",
    "start",
    "stop",
    "restart",
    "catalog",
    "version",
    "help",
];

impl Words {
    pub(super) fn read(own_name: OsString, words: Vec<OsString>) -> Result<Self, clap::Error> {
        let argv = std::iter::once(own_name).chain(words);
        let matches = Self::command().try_get_matches_from(argv)?;
        Self::from_arg_matches(&matches)
    }

    pub(super) fn carry_out(self) -> ExitCode {
        if let What::Run { config, program } = &self.what {
            return run::config(config.as_deref(), program);
        }
        signals::release();
        match self.what {
            What::Run { config, program } => run::config(config.as_deref(), &program),
            What::Check {
                config,
                file,
                program,
                manner,
            } => check::check(config.or(file).as_deref(), &program, &manner),
            What::Migrate(order) => migrate::migrate(&order),
            What::Render(order) => render::render(&order),
            What::Status { whom, json } => whom.helper(|helper| helper.status(json)),
            What::Reload { whom } => whom.helper(ask::Helper::reload),
            What::Maintenance { word, whom } => {
                whom.helper(|helper| helper.maintenance(word == "enable"))
            }
            What::Env { pairs, whom } => {
                let pairs: Vec<_> = pairs.iter().map(|pair| variable(pair)).collect();
                whom.helper(|helper| helper.environment(&pairs))
            }
            What::Metric { pairs, whom } => metrics(&pairs, &whom),
            What::Ping { whom } => whom.helper(ask::Helper::ping),
            What::Health { order, whom } => {
                health::health(whom.config.as_deref(), whom.socket.as_deref(), &order)
            }
            What::Signal { job, signal, whom } => {
                whom.helper(|helper| helper.job(&job, &format!("signal/{signal}")))
            }
            What::Start { job, whom } => whom.helper(|helper| helper.job(&job, "start")),
            What::Stop { job, whom } => whom.helper(|helper| helper.job(&job, "stop")),
            What::Restart { job, whom } => whom.helper(|helper| helper.job(&job, "restart")),
            What::Catalog { address } => run::catalog(address),
            What::Version { json } => version(json),
        }
    }
}

impl Whom {
    fn helper(&self, act: impl FnOnce(&ask::Helper) -> Result<String, String>) -> ExitCode {
        ask::with_helper(self.config.as_deref(), self.socket.as_deref(), act)
    }
}

/// A name with a value, or one to unset.
fn variable(text: &str) -> (String, Option<String>) {
    match go_flags::pair(text) {
        Some((name, value)) => (name, Some(value)),
        None => (text.to_owned(), None),
    }
}

fn metrics(pairs: &[String], whom: &Whom) -> ExitCode {
    let mut values = Vec::new();
    for pair in pairs {
        match go_flags::pair(pair) {
            Some(pair) => values.push(pair),
            None => {
                return super::usage_error(&format!("`{pair}` is not in the format NAME=VALUE"));
            }
        }
    }
    whom.helper(|helper| helper.metrics(&values))
}

fn version(json: bool) -> ExitCode {
    if json {
        let hash = option_env!("CONTAINERPILOT_GIT_HASH");
        crate::say::out(&format!(
            "{}",
            serde_json::json!({"version": crate::VERSION, "gitHash": hash})
        ));
        return ExitCode::SUCCESS;
    }
    super::version()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parser_is_sound_and_every_subcommand_is_known_by_name() {
        let mut command = Words::command();
        command.build();
        command.clone().debug_assert();
        let names: Vec<&str> = command
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        assert_eq!(names, NAMES);
    }
}

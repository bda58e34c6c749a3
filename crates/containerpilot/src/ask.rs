//! What the flags and subcommands ask of a running helper, and how its answers are shown.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use hyper::Method;
use serde_json::{Value, json};

use crate::{
    control::client::{self, AskError},
    environment::Environment,
    run,
    source::{LoadError, Origin},
    standing,
};

/// A running helper, known by its socket.
pub(crate) struct Helper {
    socket: PathBuf,
}

impl Helper {
    fn post(&self, path: &str, body: &Value) -> Result<String, AskError> {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        run::block_on(client::ask(&self.socket, Method::POST, path, body))
    }

    fn done(&self, path: &str, body: &Value) -> Result<String, String> {
        let answer = self.post(path, body);
        answer
            .map(|_| String::new())
            .map_err(|error| error.to_string())
    }

    pub(crate) fn reload(&self) -> Result<String, String> {
        self.done("/v3/reload", &Value::Null)
    }

    pub(crate) fn maintenance(&self, enable: bool) -> Result<String, String> {
        let word = if enable { "enable" } else { "disable" };
        self.done(&format!("/v3/maintenance/{word}"), &Value::Null)
    }

    pub(crate) fn environment(&self, pairs: &[(String, Option<String>)]) -> Result<String, String> {
        let body: serde_json::Map<String, Value> = pairs
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        self.done("/v3/environ", &Value::Object(body))
    }

    pub(crate) fn metrics(&self, pairs: &[(String, String)]) -> Result<String, String> {
        let body: serde_json::Map<String, Value> = pairs
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        self.done("/v3/metric", &Value::Object(body))
    }

    pub(crate) fn ping(&self) -> Result<String, String> {
        let asked = client::ask(&self.socket, Method::GET, "/v3/ping", String::new());
        match run::block_on(asked) {
            Ok(_) => Ok("ok".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    pub(crate) fn job(&self, name: &str, verb: &str) -> Result<String, String> {
        let escape = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        };
        let name: String = name.bytes().map(escape).collect();
        self.done(&format!("/v3/jobs/{name}/{verb}"), &Value::Null)
    }

    pub(crate) fn status(&self, as_json: bool) -> Result<String, String> {
        let asked = client::ask(&self.socket, Method::GET, "/v3/status", String::new());
        let body = run::block_on(asked).map_err(|error| error.to_string())?;
        if as_json {
            return Ok(body);
        }
        let status: Value = serde_json::from_str(&body).map_err(|error| error.to_string())?;
        Ok(standing::to_table(&status).trim_end().to_owned())
    }
}

/// Finds the helper and lets it be asked; prints the answer, or why there is none.
pub(crate) fn with_helper(
    config: Option<&str>,
    socket: Option<&Path>,
    act: impl FnOnce(&Helper) -> Result<String, String>,
) -> ExitCode {
    let found = find(config, socket);
    show(found.and_then(|socket| act(&Helper { socket })), "")
}

/// Finds the socket of the helper: the one that is named, else that of the configuration.
pub(crate) fn find(config: Option<&str>, socket: Option<&Path>) -> Result<PathBuf, String> {
    match socket {
        Some(socket) => Ok(socket.to_owned()),
        None => socket_of(config).map_err(|error| error.to_string()),
    }
}

/// Finds the socket that a configuration names; its other faults do not matter here. Without any
/// configuration it is where every helper has it.
fn socket_of(config: Option<&str>) -> Result<PathBuf, LoadError> {
    let environment = Environment::of_this_process();
    match Origin::find(config, &environment) {
        Ok(origin) => origin.socket(&environment),
        Err(LoadError::None) => Ok(pilot_config::Control::SOCKET.into()),
        Err(error) => Err(error),
    }
}

fn show(answer: Result<String, String>, prefix: &str) -> ExitCode {
    match answer {
        Ok(text) => {
            if !text.is_empty() {
                crate::say::out(&text);
            }
            ExitCode::SUCCESS
        }
        Err(reason) => {
            crate::say::err(&format!("{prefix}{reason}"));
            ExitCode::FAILURE
        }
    }
}

fn by_flag(
    config: Option<&str>,
    prefix: &str,
    act: impl FnOnce(&Helper) -> Result<String, String>,
) -> ExitCode {
    let socket = socket_of(config).map_err(|error| error.to_string());
    let answer = socket
        .and_then(|socket| act(&Helper { socket }).map_err(|reason| format!("{prefix}{reason}")));
    show(answer, "")
}

/// `-reload`
pub(crate) fn reload(config: Option<&str>, flag: &str) -> ExitCode {
    let prefix = format!("{flag}: failed to run subcommand: ");
    by_flag(config, &prefix, Helper::reload)
}

/// `-maintenance`
pub(crate) fn maintenance(config: Option<&str>, enable: bool) -> ExitCode {
    let prefix = "-maintenance: failed to run subcommand: ";
    by_flag(config, prefix, |helper| helper.maintenance(enable))
}

/// `-putenv` and `-putmetric`
pub(crate) fn put(
    config: Option<&str>,
    variables: &[(String, String)],
    metrics: &[(String, String)],
) -> ExitCode {
    let failed = |flag: &str| format!("{flag}: failed to run subcommand: ");
    let put_variables = |helper: &Helper| {
        let pairs = variables.iter().map(|(n, v)| (n.clone(), Some(v.clone())));
        helper.environment(&pairs.collect::<Vec<_>>())
    };
    if !variables.is_empty() {
        let code = by_flag(config, &failed("-putenv"), put_variables);
        if code != ExitCode::SUCCESS || metrics.is_empty() {
            return code;
        }
    }
    by_flag(config, &failed("-putmetric"), |helper| {
        helper.metrics(metrics)
    })
}

/// `-ping`
pub(crate) fn ping(config: Option<&str>) -> ExitCode {
    by_flag(config, "-ping: failed: ", Helper::ping)
}

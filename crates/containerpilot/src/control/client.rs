//! Asking a running helper, over its control socket.

use std::{path::Path, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use crate::source::plain;

/// How long an answer may take; a reload of a large configuration is the longest.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer of the helper.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Why there is no answer, or none that was hoped for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error("cannot reach a running containerpilot at {socket}: {reason}")]
    Unreachable { socket: String, reason: String },
    #[error("no answer from the containerpilot at {socket} within {patience:?}")]
    Silent { socket: String, patience: Duration },
    #[error("unprocessable entity received by control server: {0}")]
    Unprocessable(String),
    #[error("{0}")]
    Refused(String),
}

impl AskError {
    /// The error, and what to do about it where that can be told.
    pub(crate) fn with_hint(&self) -> String {
        let hint = match self {
            Self::Unreachable { reason, .. } => hint_for(reason),
            Self::Silent { .. } => Some("it is stuck, or its container gets hardly any CPU time"),
            Self::Unprocessable(_) | Self::Refused(_) => None,
        };
        hint.map_or_else(|| self.to_string(), |hint| format!("{self}\nhint: {hint}"))
    }
}

fn hint_for(reason: &str) -> Option<&'static str> {
    match reason {
        "no such file or directory" => Some(
            "it has not started yet, or listens elsewhere: name its file with `--config`, or its socket with `--socket`",
        ),
        "permission denied" => {
            Some("ask as the helper's own user, or set `control.mode` and `control.group`")
        }
        "connection refused" => Some("the socket is there, and nobody listens: the helper is gone"),
        "resource temporarily unavailable" => Some("it is stuck: nobody takes what waits there"),
        _ => None,
    }
}

/// Asks, and gives the body of a successful answer.
pub(crate) async fn ask(
    socket: &Path,
    method: Method,
    path: &str,
    body: String,
) -> Result<String, AskError> {
    ask_within(PATIENCE, socket, method, path, body).await
}

/// The same, for those who have not so much time.
pub(crate) async fn ask_within(
    patience: Duration,
    socket: &Path,
    method: Method,
    path: &str,
    body: String,
) -> Result<String, AskError> {
    let name = socket.display().to_string();
    let asked = tokio::time::timeout(patience, exchange(socket, method, path, body));
    let answer = asked
        .await
        .map_err(|_| AskError::Silent {
            socket: name.clone(),
            patience,
        })?
        .map_err(|reason| AskError::Unreachable {
            socket: name,
            reason,
        })?;
    let body = answer.body.trim_end().to_owned();
    match answer.status {
        200 => Ok(body),
        422 => {
            let reason = body.strip_prefix("Unprocessable Entity: ");
            Err(AskError::Unprocessable(reason.unwrap_or(&body).to_owned()))
        }
        status => Err(AskError::Refused(format!("{status}: {body}"))),
    }
}

async fn exchange(
    socket: &Path,
    method: Method,
    path: &str,
    body: String,
) -> Result<Answer, String> {
    let stream = UnixStream::connect(socket)
        .await
        .map_err(|error| plain(&error))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    tokio::spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "control")
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| error.to_string())?;
    let response = sender
        .send_request(request)
        .await
        .map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let body = response
        .into_body()
        .collect()
        .await
        .map_err(|error| error.to_string())?;
    Ok(Answer {
        status,
        body: String::from_utf8_lossy(&body.to_bytes()).into_owned(),
    })
}

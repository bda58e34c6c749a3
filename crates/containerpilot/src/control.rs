//! The control socket: what people and programs can ask of a running helper.

pub(crate) mod client;
mod route;
mod socket;

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use pilot_config::Control;
use pilot_core::{JobCommand, JobName};
use tokio::{
    net::UnixStream,
    sync::{Semaphore, mpsc, oneshot},
    task::AbortHandle,
};

pub(crate) use self::socket::ControlError;
use self::socket::Socket;

/// How much a request may carry.
const BODY: usize = 1 << 20;
/// How long a request may take; a client that dawdles holds up nobody but itself.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many may be served at once; more wait their turn.
const CONNECTIONS: usize = 32;

/// A request, and where its answer goes.
pub(crate) struct Request {
    /// The path it came by, for counting.
    pub(crate) path: String,
    /// What is asked for, or the status with which it was refused already.
    pub(crate) what: Result<What, u16>,
    pub(crate) reply: oneshot::Sender<Reply>,
}

/// The paths there are; `*` stands for a name.
pub(crate) const PATHS: &[&str] = &[
    "/v3/ping",
    "/v3/environ",
    "/v3/env",
    "/v3/metric",
    "/v3/reload",
    "/v3/maintenance/enable",
    "/v3/maintenance/disable",
    "/v3/status",
    "/v3/jobs/*/start",
    "/v3/jobs/*/stop",
    "/v3/jobs/*/restart",
    "/v3/jobs/*/signal/*",
];

/// What can be asked.
#[derive(Debug, PartialEq)]
pub(crate) enum What {
    /// Whether anybody is there.
    Ping,
    /// To set variables, or unset those without a value, for processes started from now on.
    Environ(Vec<(String, Option<String>)>),
    /// To record values of metrics.
    Metric(Vec<(String, serde_json::Value)>),
    /// To load the configuration anew.
    Reload,
    /// To begin or end maintenance.
    Maintenance { enable: bool },
    /// How everything stands.
    Status,
    /// Something of one job.
    Job { name: JobName, command: JobCommand },
}

/// An answer.
#[derive(Debug, PartialEq)]
pub(crate) enum Reply {
    /// Done; there is nothing to tell.
    Done,
    /// What was asked for.
    Json(serde_json::Value),
    /// It cannot be done with what the request carries, and why.
    Unprocessable(String),
    /// There is no such thing.
    NotFound(String),
}

/// The server, for as long as it is held.
pub(crate) struct Server {
    accepting: AbortHandle,
    // Closes and removes the socket when it is dropped.
    socket: Socket,
}

impl Server {
    /// Opens the socket and begins to serve.
    pub(crate) fn open(
        control: &Control,
        requests: mpsc::Sender<Request>,
    ) -> Result<Self, ControlError> {
        let (socket, listener) = Socket::open(control)?;
        let accepting = tokio::spawn(accept(listener, requests)).abort_handle();
        Ok(Self { accepting, socket })
    }

    /// Changes who may ask, without a break.
    pub(crate) fn change(&self, control: &Control) -> Result<(), ControlError> {
        self.socket.dress(control)
    }

    /// Serves no longer.
    pub(crate) fn close(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: tokio::net::UnixListener, requests: mpsc::Sender<Request>) {
    let places = std::sync::Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let requests = requests.clone();
                tokio::spawn(async move {
                    let served = tokio::time::timeout(PATIENCE, serve(stream, requests));
                    // A client that is gone or too slow has nobody to tell.
                    let _ = served.await;
                    drop(place);
                });
            }
            // No descriptor is free: one may be in a moment.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn serve(stream: UnixStream, requests: mpsc::Sender<Request>) {
    let service = service_fn(|request| answer(request, requests.clone()));
    let _ = http1::Builder::new()
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(
    request: hyper::Request<Incoming>,
    requests: mpsc::Sender<Request>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    let body = Limited::new(body, BODY).collect().await;
    let what = match body {
        Ok(body) => route::what(&head.method, path, &body.to_bytes()),
        Err(_) => Err(route::Refusal::TooLarge),
    };
    let (what, refusal) = match what {
        Ok(what) => (Ok(what), None),
        Err(refusal) => (Err(refusal.response().status().as_u16()), Some(refusal)),
    };
    let reply = ask(path.to_owned(), what, &requests).await;
    Ok(refusal.map_or_else(|| route::response(reply), |refusal| refusal.response()))
}

/// Lets the helper's loop answer; it also hears of what was refused, to count it.
async fn ask(path: String, what: Result<What, u16>, requests: &mpsc::Sender<Request>) -> Reply {
    let (reply, answered) = oneshot::channel();
    let gone = || Reply::Unprocessable("the helper is going away".to_owned());
    let request = Request { path, what, reply };
    if requests.send(request).await.is_err() {
        return gone();
    }
    answered.await.unwrap_or_else(|_| gone())
}

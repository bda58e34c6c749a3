//! Calls to a cluster: to one member as long as it answers, then to the next.
//!
//! All calls and the watch go to the same member, so whoever finds out that it does not answer
//! tells all others by moving on. A call that is read or may be made twice is tried on every member,
//! within the time for one call.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, body::Incoming, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, timeout_at},
};

use super::{
    Settings,
    pass::Pass,
    stream::{Stream, WATCH, interrupted, oversized},
    wire::{Authenticated, Refusal, Seen, Streamed},
};
use crate::{
    Backend, CatalogError, SettingsError,
    tally::{self, Tally},
    transport::{Connection, Connector, Endpoint, Timeouts, Way},
};

/// How many calls may be out at once. With the streams of `follow`, that many connections at most.
const LINES: usize = 4;

/// Ten thousand instances in one answer stay below this.
pub(super) const BODY_LIMIT: usize = 32 * 1024 * 1024;

/// The way to every member.
pub(super) struct Cluster {
    members: Vec<Member>,
    timeouts: Timeouts,
    /// Whom to ask.
    current: watch::Sender<usize>,
    lines: Semaphore,
    // Each of these is only ever held for a move.
    idle: Mutex<Vec<(usize, Connection)>>,
    heard: Mutex<(usize, Instant)>,
    pass: Pass,
    tally: Arc<Tally>,
}

struct Member {
    connector: Connector,
    address: String,
    host: String,
}

/// A call.
pub(super) struct Call {
    path: &'static str,
    body: Bytes,
    /// What it is about, in the words of metrics.
    operation: &'static str,
    repeat: Repeat,
}

/// Whether a call may be made again where nobody knows whether it had its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeat {
    Any,
    Never,
}

impl Call {
    /// A call that may be made twice.
    pub(super) fn new(path: &'static str, operation: &'static str, body: &Value) -> Self {
        Self {
            path,
            body: body.to_string().into(),
            operation,
            repeat: Repeat::Any,
        }
    }

    /// The same, made once.
    pub(super) fn once(path: &'static str, operation: &'static str, body: &Value) -> Self {
        Self {
            repeat: Repeat::Never,
            ..Self::new(path, operation, body)
        }
    }
}

impl Cluster {
    pub(super) fn new(settings: &Settings, tally: Arc<Tally>) -> Result<Self, SettingsError> {
        let member = |(endpoint, scheme): &(Endpoint, _)| {
            let way = Way {
                who: Backend::Etcd,
                endpoint: endpoint.clone(),
                scheme: *scheme,
                tls: settings.tls.clone(),
                patience: settings.timeouts.connect,
            };
            Ok(Member {
                connector: Connector::new(way)?,
                address: endpoint.to_string(),
                host: match endpoint {
                    endpoint @ Endpoint::Tcp { .. } => endpoint.to_string(),
                    Endpoint::Unix(_) => "localhost".to_owned(),
                },
            })
        };
        let members: Result<Vec<_>, SettingsError> = settings.members.iter().map(member).collect();
        Ok(Self {
            members: members?,
            timeouts: settings.timeouts,
            current: watch::Sender::new(0),
            lines: Semaphore::new(LINES),
            idle: Mutex::default(),
            heard: Mutex::new((0, Instant::now())),
            pass: Pass::new(settings.login.clone()),
            tally,
        })
    }

    /// How many there are.
    pub(super) fn size(&self) -> usize {
        self.members.len()
    }

    /// Tells which member is asked, and when that changes.
    pub(super) fn current(&self) -> watch::Receiver<usize> {
        self.current.subscribe()
    }

    /// Goes on with the next member, unless somebody already has.
    pub(super) fn leave(&self, member: usize) {
        let next = (member + 1) % self.members.len();
        self.current.send_if_modified(|current| {
            let moves = *current == member && next != member;
            if moves {
                *current = next;
            }
            moves
        });
    }

    /// Says when a member last answered a call, if it is the last that did.
    pub(super) fn heard(&self, member: usize) -> Option<Instant> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        (heard.0 == member).then_some(heard.1)
    }

    /// Makes a call.
    pub(super) async fn call<T: DeserializeOwned>(&self, call: &Call) -> Result<T, CatalogError> {
        let came = self.reply(call).await;
        let came = came.and_then(|body| {
            serde_json::from_slice(&body).map_err(|error| CatalogError::Malformed {
                who: Backend::Etcd,
                call: call.path.to_owned(),
                reason: error.to_string(),
            })
        });
        self.tally.add(call.operation, tally::outcome(&came));
        came
    }

    async fn reply(&self, call: &Call) -> Result<Bytes, CatalogError> {
        let until = Instant::now() + self.timeouts.call;
        let Ok(Ok(_line)) = timeout_at(until, self.lines.acquire()).await else {
            return Err(self.silent(*self.current.borrow(), call.path));
        };
        let mut left = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        let mut is_renewed = false;
        loop {
            let member = *self.current.borrow();
            let share = until.saturating_duration_since(Instant::now()) / left;
            let token = self.pass.token();
            let attempt = self.attempt(member, call);
            let came = match timeout_at(Instant::now() + share, attempt).await {
                Ok(came) => came,
                Err(_) => Err(self.silent(member, call.path)),
            };
            let error = match came {
                Ok(body) => {
                    let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
                    *heard = (member, Instant::now());
                    return Ok(body);
                }
                Err(error) => error,
            };
            if is_about_the_token(&error) && !is_renewed && self.pass.drop(token.as_deref()) {
                is_renewed = true;
                continue;
            }
            if !may_be_cured_elsewhere(&error) {
                return Err(error);
            }
            self.leave(member);
            left -= 1;
            if left == 0 || (error.leaves_doubt() && call.repeat == Repeat::Never) {
                return Err(error);
            }
        }
    }

    async fn attempt(&self, member: usize, call: &Call) -> Result<Bytes, CatalogError> {
        let token = self.token(member).await?;
        let kept = match call.repeat {
            Repeat::Any => self.idle_line(member),
            // The member may close an idle connection just as it is used.
            Repeat::Never => None,
        };
        let request = || self.request(member, call.path, call.body.clone(), token.as_deref());
        if let Some(mut line) = kept
            && let Ok(response) = line.send(request()?).await
        {
            return self.read(member, line, response, call.path).await;
        }
        let mut line = self.members[member].connector.connect().await?;
        let response = line.send(request()?).await;
        let response = response.map_err(|error| self.interrupted(member, call.path, &error))?;
        self.read(member, line, response, call.path).await
    }

    /// Gives the token to show, getting one if none is in use.
    async fn token(&self, member: usize) -> Result<Option<Arc<header::HeaderValue>>, CatalogError> {
        const PATH: &str = "/v3/auth/authenticate";
        if let Some(token) = self.pass.token() {
            return Ok(Some(token));
        }
        let Some(introduction) = self.pass.introduction()? else {
            return Ok(None);
        };
        let body = introduction.to_string().into();
        let mut line = self.members[member].connector.connect().await?;
        let response = line.send(self.request(member, PATH, body, None)?).await;
        let response = response.map_err(|error| self.interrupted(member, PATH, &error))?;
        let body = self.read(member, line, response, PATH).await?;
        let said: Result<Authenticated, _> = serde_json::from_slice(&body);
        let token = said.ok().and_then(|said| self.pass.take(&said.token));
        // What it says is not repeated: a token may be in it.
        let malformed = || CatalogError::Malformed {
            who: Backend::Etcd,
            call: PATH.to_owned(),
            reason: "no token in it".to_owned(),
        };
        token.map(Some).ok_or_else(malformed)
    }

    fn request(
        &self,
        member: usize,
        path: &'static str,
        body: Bytes,
        token: Option<&header::HeaderValue>,
    ) -> Result<Request<Full<Bytes>>, CatalogError> {
        let mut builder = Request::post(path)
            .header(header::HOST, &self.members[member].host)
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(token) = token {
            builder = builder.header(header::AUTHORIZATION, token);
        }
        if path == WATCH {
            // A member that has lost its leader shall say so, not be silent.
            builder = builder.header("Grpc-Metadata-hasleader", "true");
        }
        let request = builder.body(Full::new(body));
        request.map_err(|error| CatalogError::Malformed {
            who: Backend::Etcd,
            call: path.to_owned(),
            reason: error.to_string(),
        })
    }

    async fn read(
        &self,
        member: usize,
        line: Connection,
        response: hyper::Response<Incoming>,
        path: &'static str,
    ) -> Result<Bytes, CatalogError> {
        let (head, mut incoming) = response.into_parts();
        let mut body = BytesMut::new();
        while let Some(frame) = incoming.frame().await {
            let frame = frame.map_err(|error| self.interrupted(member, path, &error))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if body.len() + data.len() > BODY_LIMIT {
                return Err(oversized(path));
            }
            body.extend_from_slice(&data);
        }
        self.put_back(member, line);
        let status = head.status.as_u16();
        // A stream that fails does so after its status.
        if status == 200 && !body.starts_with(br#"{"error""#) {
            return Ok(body.freeze());
        }
        Err(self.refused(member, path, status, &body))
    }

    /// Turns a refusal into an error.
    fn refused(&self, member: usize, path: &str, status: u16, body: &[u8]) -> CatalogError {
        let (who, call) = (Backend::Etcd, path.to_owned());
        let Refusal { code, message } = Refusal::read(body);
        let text = message.trim_start_matches("etcdserver: ").to_owned();
        if text == "no leader" {
            let reason = "the member that was asked has no leader";
            return CatalogError::Doubtful { who, call, reason };
        }
        // Its proposal may still come through.
        if code == 4 || text.contains("timed out") || text.contains("leader changed") {
            let address = self.members[member].address.clone();
            return CatalogError::Interrupted {
                who,
                address,
                call,
                reason: text,
            };
        }
        let status = match code {
            7 => 403,
            14 => 503,
            16 => 401,
            _ if text == "user name is empty" || text.starts_with("authentication failed") => 401,
            _ => status,
        };
        CatalogError::Refused {
            who,
            status,
            call,
            text,
        }
    }

    /// Begins to watch at a member.
    pub(super) async fn watch(&self, member: usize, body: Bytes) -> Result<Stream, CatalogError> {
        let until = Instant::now() + self.timeouts.call;
        let begun = timeout_at(until, self.begin_to_watch(member, body)).await;
        let begun = begun.unwrap_or_else(|_| Err(self.silent(member, WATCH)));
        self.tally.add("health", tally::outcome(&begun));
        begun
    }

    async fn begin_to_watch(&self, member: usize, body: Bytes) -> Result<Stream, CatalogError> {
        let token = self.token(member).await?;
        let mut line = self.members[member].connector.connect().await?;
        let request = self.request(member, WATCH, body, token.as_deref())?;
        let response = line.send(request).await;
        let response = response.map_err(|error| self.interrupted(member, WATCH, &error))?;
        if !response.status().is_success() {
            let body = self.read(member, line, response, WATCH).await?;
            return Err(self.refused(member, WATCH, 200, &body));
        }
        let address = self.members[member].address.clone();
        Ok(Stream::new(response.into_body(), line, address))
    }

    /// Reads the next word of a watch.
    pub(super) async fn next(
        &self,
        member: usize,
        stream: &mut Stream,
    ) -> Result<Seen, CatalogError> {
        let line = stream.line().await?;
        match serde_json::from_slice::<Streamed<Seen>>(&line) {
            Ok(Streamed { result: Some(seen) }) => Ok(seen),
            Ok(Streamed { result: None }) => Err(self.refused(member, WATCH, 200, &line)),
            Err(error) => Err(CatalogError::Malformed {
                who: Backend::Etcd,
                call: WATCH.to_owned(),
                reason: error.to_string(),
            }),
        }
    }

    /// Gives up the token in use: a watch was told that it is no longer taken.
    pub(super) fn drop_token(&self) {
        let token = self.pass.token();
        self.pass.drop(token.as_deref());
    }

    fn idle_line(&self, member: usize) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(whose, line)| *whose == member && line.is_open());
        idle.pop().map(|(_, line)| line)
    }

    fn put_back(&self, member: usize, line: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if line.is_open() && idle.len() < LINES {
            idle.push((member, line));
        }
    }

    fn silent(&self, member: usize, path: &str) -> CatalogError {
        let share = self.members.len().try_into().unwrap_or(u32::MAX);
        CatalogError::Silent {
            who: Backend::Etcd,
            address: self.members[member].address.clone(),
            call: path.to_owned(),
            after: self.timeouts.call / share,
        }
    }

    fn interrupted(&self, member: usize, path: &str, error: &hyper::Error) -> CatalogError {
        interrupted(&self.members[member].address, path, error)
    }
}

/// Tells whether a new token may help.
fn is_about_the_token(error: &CatalogError) -> bool {
    let CatalogError::Refused { text, .. } = error else {
        return false;
    };
    // The second is said of a token that was given before users or roles changed.
    text == "invalid auth token" || text == "revision of auth store is old"
}

/// Tells whether another member may do better.
fn may_be_cured_elsewhere(error: &CatalogError) -> bool {
    match error {
        CatalogError::Unreachable { .. }
        | CatalogError::Silent { .. }
        | CatalogError::Interrupted { .. }
        | CatalogError::Doubtful { .. } => true,
        CatalogError::Refused { status, .. } => *status >= 500,
        CatalogError::Malformed { .. }
        | CatalogError::Oversized { .. }
        | CatalogError::Token { .. }
        | CatalogError::Unsupported { .. }
        | CatalogError::Outdated { .. }
        | CatalogError::Forgetful
        | CatalogError::Overdue { .. } => false,
    }
}

//! Calls to one agent: under a timeout each, over connections that are used again.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::{Request, body::Incoming, header};
use tokio::time::timeout;

use super::{
    Call, Reply, Settings, ask,
    token::{Credential, authorization},
};
use crate::{
    Backend, CatalogError, SettingsError,
    tally::Tally,
    transport::{Connection, Connector, Endpoint, Way},
};

// A service of ten thousand instances stays far below this.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// A client of one agent.
pub struct Client {
    settings: Arc<Settings>,
    connector: Connector,
    credential: Credential,
    tally: Arc<Tally>,
}

/// A connection that its owner keeps between calls, or none yet.
#[derive(Default)]
pub(crate) struct Line(Option<Connection>);

impl Line {
    /// Tells whether the connection of the last call still stands.
    pub(crate) fn is_open(&self) -> bool {
        self.0.as_ref().is_some_and(Connection::is_open)
    }
}

impl Client {
    /// Prepares a client and reads the files it needs; no connection is made yet.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        Self::counting(settings, Arc::default())
    }

    /// The same, with its calls counted together with those of others.
    pub(crate) fn counting(settings: Settings, tally: Arc<Tally>) -> Result<Self, SettingsError> {
        let way = Way {
            who: Backend::Consul,
            endpoint: settings.endpoint.clone(),
            scheme: settings.scheme,
            tls: settings.tls.clone(),
            patience: settings.timeouts.connect,
        };
        Ok(Self {
            connector: Connector::new(way)?,
            credential: Credential::new(settings.token.clone()),
            settings: Arc::new(settings),
            tally,
        })
    }

    /// Gives what it was made from.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Fetches the value of a key; none if there is no such key.
    pub async fn key(&self, key: &str, dc: Option<&str>) -> Result<Option<Bytes>, CatalogError> {
        let call = ask::key(key, dc);
        let patience = self.settings.timeouts.call;
        let reply = self
            .call_over(&mut Line::default(), &call, patience)
            .await?;
        match reply.status {
            200 => Ok(Some(reply.body)),
            404 => Ok(None),
            _ => Err(call.refused(&reply)),
        }
    }

    /// Makes a call over a connection of its own, which stays open for the next.
    pub(crate) async fn call_over(
        &self,
        line: &mut Line,
        call: &Call,
        patience: Duration,
    ) -> Result<Reply, CatalogError> {
        let came = self.call_uncounted(line, call, patience).await;
        self.tally.add(call.operation(), call.outcome(&came));
        came
    }

    async fn call_uncounted(
        &self,
        line: &mut Line,
        call: &Call,
        patience: Duration,
    ) -> Result<Reply, CatalogError> {
        // Taken out first: a connection with an unread answer on it is of no use to anyone.
        let taken = line.0.take();
        match timeout(patience, self.exchange(taken, call)).await {
            Ok(Ok((reply, connection))) => {
                line.0 = Some(connection);
                Ok(reply)
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(CatalogError::Silent {
                who: Backend::Consul,
                address: self.settings.endpoint.to_string(),
                call: call.describe(),
                after: patience,
            }),
        }
    }

    async fn exchange(
        &self,
        kept: Option<Connection>,
        call: &Call,
    ) -> Result<(Reply, Connection), CatalogError> {
        if let Some(mut connection) = kept.filter(Connection::is_open) {
            match connection.send(self.request(call)?).await {
                Ok(response) => return Ok((self.read(response, call).await?, connection)),
                // The agent that comes back may not be the one whose index we wait for.
                Err(error) if call.is_held => return Err(self.interrupted(call, &error)),
                // The agent may have closed an idle connection just now. Every call we make may
                // be made twice, so the second try needs no proof that the first had no effect.
                Err(_) => {}
            }
        }
        let mut connection = self.connector.connect().await?;
        let request = self.request(call)?;
        let response = connection
            .send(request)
            .await
            .map_err(|error| self.interrupted(call, &error))?;
        Ok((self.read(response, call).await?, connection))
    }

    /// The path and the query, with what holds for all calls.
    fn target(&self, call: &Call) -> String {
        let Settings {
            datacenter,
            namespace,
            partition,
            ..
        } = &*self.settings;
        // What is told to an agent, or asked about it, is its own.
        let is_of_agent = call.path.starts_with("/v1/agent/");
        let is_named = call.query.contains("?dc=") || call.query.contains("&dc=");
        let datacenter = datacenter.as_deref().filter(|_| !is_of_agent && !is_named);
        let call = call
            .clone()
            .with_some("dc", datacenter)
            .with_some("ns", namespace.as_deref())
            .with_some("partition", partition.as_deref());
        format!("{}{}", call.path, call.query)
    }

    /// Says what is wrong with files that were renewed and cannot be used, once for each change.
    pub(crate) fn notice(&self) -> Option<SettingsError> {
        self.connector.notice()
    }

    fn request(&self, call: &Call) -> Result<Request<Full<Bytes>>, CatalogError> {
        let host = match &self.settings.endpoint {
            endpoint @ Endpoint::Tcp { .. } => endpoint.to_string(),
            Endpoint::Unix(_) => "localhost".to_owned(),
        };
        let mut builder = Request::builder()
            .method(call.method.clone())
            .uri(self.target(call))
            .header(header::HOST, host);
        if let Some(token) = self.credential.header()? {
            builder = builder.header("X-Consul-Token", token);
        }
        if let Some(auth) = &self.settings.auth {
            builder = builder.header(header::AUTHORIZATION, authorization(auth));
        }
        if !call.body.is_empty() {
            builder = builder.header(header::CONTENT_TYPE, "application/json");
        }
        builder
            .body(Full::new(call.body.clone()))
            .map_err(|error| CatalogError::Malformed {
                who: Backend::Consul,
                call: call.describe(),
                reason: error.to_string(),
            })
    }

    async fn read(
        &self,
        response: hyper::Response<Incoming>,
        call: &Call,
    ) -> Result<Reply, CatalogError> {
        let (head, mut incoming) = response.into_parts();
        let mut body = BytesMut::new();
        while let Some(frame) = incoming.frame().await {
            let frame = frame.map_err(|error| self.interrupted(call, &error))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if body.len() + data.len() > BODY_LIMIT {
                return Err(CatalogError::Oversized {
                    who: Backend::Consul,
                    call: call.describe(),
                    limit: BODY_LIMIT,
                });
            }
            body.extend_from_slice(&data);
        }
        Ok(Reply::new(
            head.status.as_u16(),
            &head.headers,
            body.freeze(),
        ))
    }

    fn interrupted(&self, call: &Call, error: &hyper::Error) -> CatalogError {
        let cause = std::error::Error::source(error);
        CatalogError::Interrupted {
            who: Backend::Consul,
            address: self.settings.endpoint.to_string(),
            call: call.describe(),
            reason: cause.map_or_else(|| error.to_string(), ToString::to_string),
        }
    }
}

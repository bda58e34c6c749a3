//! One HTTP connection to the agent, over TCP, a Unix socket, or TLS.

use std::{io, sync::Arc};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustix::net::sockopt;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    task::AbortHandle,
    time::timeout,
};

use super::{Endpoint, Scheme, Settings, resolver::Resolver, tls::Security};
use crate::{CatalogError, SettingsError, error::reason};

/// What a connection keeps for reading, between its answers too. Left to itself it grows to 400 kB
/// on a fast way, and there may be 64 of them.
const READ_BUFFER: usize = 16 * 1024;

/// Makes connections to one agent.
pub(super) struct Connector {
    settings: Arc<Settings>,
    resolver: Resolver,
    security: Option<Security>,
}

/// An open connection; dropping it closes it.
pub(super) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    driver: AbortHandle,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Connector {
    pub(super) fn new(settings: Arc<Settings>) -> Result<Self, SettingsError> {
        let security = match settings.scheme {
            Scheme::Http => None,
            Scheme::Https => Some(Security::new(&settings)?),
        };
        Ok(Self {
            settings,
            resolver: Resolver::default(),
            security,
        })
    }

    /// Opens a connection within its own patience.
    pub(super) async fn connect(&self) -> Result<Connection, CatalogError> {
        let patience = self.settings.timeouts.connect;
        let outcome = match timeout(patience, self.open()).await {
            Ok(outcome) => outcome.map_err(|error| reason(&error)),
            Err(_) => Err(format!("no connection within {patience:?}")),
        };
        outcome.map_err(|reason| {
            self.resolver.forget();
            let address = self.settings.endpoint.to_string();
            CatalogError::Unreachable { address, reason }
        })
    }

    async fn open(&self) -> io::Result<Connection> {
        let stream: Box<dyn Stream> = match &self.settings.endpoint {
            Endpoint::Tcp { host, port } => Box::new(self.open_tcp(host, *port).await?),
            Endpoint::Unix(path) => Box::new(UnixStream::connect(path).await?),
        };
        let stream: Box<dyn Stream> = match &self.security {
            None => stream,
            Some(security) => {
                let name = security.server_name.clone();
                Box::new(security.connector.connect(name, stream).await?)
            }
        };
        let (sender, connection) = http1::Builder::new()
            .read_buf_exact_size(Some(READ_BUFFER))
            .handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        // What ends a connection reaches whoever uses it; the driver has nothing to add.
        let driver = tokio::spawn(async { connection.await.unwrap_or_default() });
        let driver = driver.abort_handle();
        Ok(Connection { sender, driver })
    }

    async fn open_tcp(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let mut failure = io::Error::other("the name has no address");
        for address in self.resolver.resolve(host, port).await? {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    tune(&stream)?;
                    return Ok(stream);
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

/// Lets the kernel find out about a peer that vanished: a blocking query is silent for minutes,
/// and asking the kernel costs no wake-up of ours.
fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, std::time::Duration::from_secs(30))?;
    sockopt::set_tcp_keepintvl(stream, std::time::Duration::from_secs(10))?;
    sockopt::set_tcp_keepcnt(stream, 3)?;
    Ok(())
}

impl Connection {
    /// Tells whether another request may be tried on it.
    pub(super) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    pub(super) async fn send(
        &mut self,
        request: hyper::Request<Full<Bytes>>,
    ) -> hyper::Result<hyper::Response<Incoming>> {
        self.sender.ready().await?;
        self.sender.send_request(request).await
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

//! One connection to a server, over TCP, a Unix socket, or TLS, for HTTP or for what has a language
//! of its own.

use std::{io, time::Duration};

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

use super::{Endpoint, Resolver, Scheme, Security, Tls};
use crate::{Backend, CatalogError, SettingsError, error::reason};

/// What a connection keeps for reading, between its answers too. Left to itself it grows to 400 kB
/// on a fast way, and there may be 64 of them.
const READ_BUFFER: usize = 16 * 1024;

/// Where connections lead, and how.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// What is spoken to, for errors.
    pub(crate) who: Backend,
    pub(crate) endpoint: Endpoint,
    pub(crate) scheme: Scheme,
    /// Of no effect without https.
    pub(crate) tls: Tls,
    /// How long a connection may take to open, names and TLS included.
    pub(crate) patience: Duration,
}

/// Makes connections to one server.
pub(crate) struct Connector {
    way: Way,
    resolver: Resolver,
    security: Option<Security>,
}

/// An open connection; dropping it closes it.
pub(crate) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    driver: AbortHandle,
}

/// What bytes go through.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Connector {
    pub(crate) fn new(way: Way) -> Result<Self, SettingsError> {
        let security = match way.scheme {
            Scheme::Http => None,
            Scheme::Https => Some(Security::new(way.who, &way.endpoint, &way.tls)?),
        };
        Ok(Self {
            way,
            resolver: Resolver::default(),
            security,
        })
    }

    /// Says what is wrong with files that were renewed and cannot be used, once for each change.
    pub(crate) fn notice(&self) -> Option<SettingsError> {
        self.security.as_ref().and_then(Security::notice)
    }

    /// Opens a connection for HTTP within its own patience.
    pub(crate) async fn connect(&self) -> Result<Connection, CatalogError> {
        self.patiently(self.open()).await
    }

    /// Opens one for another language within its own patience.
    pub(crate) async fn stream(&self) -> Result<Box<dyn Stream>, CatalogError> {
        self.patiently(self.open_stream()).await
    }

    /// Where it leads, for people.
    pub(crate) fn address(&self) -> String {
        self.way.endpoint.to_string()
    }

    async fn patiently<T>(
        &self,
        open: impl Future<Output = io::Result<T>>,
    ) -> Result<T, CatalogError> {
        let patience = self.way.patience;
        let outcome = match timeout(patience, open).await {
            Ok(outcome) => outcome.map_err(|error| reason(&error)),
            Err(_) => Err(format!("no connection within {patience:?}")),
        };
        outcome.map_err(|reason| {
            self.resolver.forget();
            CatalogError::Unreachable {
                who: self.way.who,
                address: self.way.endpoint.to_string(),
                reason,
            }
        })
    }

    async fn open_stream(&self) -> io::Result<Box<dyn Stream>> {
        let stream: Box<dyn Stream> = match &self.way.endpoint {
            Endpoint::Tcp { host, port } => Box::new(self.open_tcp(host, *port).await?),
            Endpoint::Unix(path) => Box::new(UnixStream::connect(path).await?),
        };
        Ok(match &self.security {
            None => stream,
            Some(security) => {
                let (connector, name) = security.connector();
                Box::new(connector.connect(name, stream).await?)
            }
        })
    }

    async fn open(&self) -> io::Result<Connection> {
        let stream = self.open_stream().await?;
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
    sockopt::set_tcp_keepidle(stream, std::time::Duration::from_secs(10))?;
    sockopt::set_tcp_keepintvl(stream, std::time::Duration::from_secs(3))?;
    sockopt::set_tcp_keepcnt(stream, 3)?;
    Ok(())
}

impl Connection {
    /// Tells whether another request may be tried on it.
    pub(crate) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    pub(crate) async fn send(
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

//! The shell: a listener, its connections, and what they ask of whoever owns the metrics.

mod accept;
mod connection;
mod stream;

use std::{
    future::Future,
    io,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use tokio::{
    net::TcpStream,
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use crate::Format;

/// How many clients can be connected at once; a further one is told so and let go.
const CONNECTIONS_MAX: usize = 64;

/// What is waited after a failed accept, as a full table of files does not empty faster.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The answer to a client too many.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// What a client wants to see, for whoever owns it to answer.
///
/// An answer that is dropped tells the client that there is none at the moment.
#[derive(Debug)]
pub struct Ask {
    /// What to show.
    pub page: Page,
    /// Where the text of it goes; the client may be gone.
    pub answer: oneshot::Sender<String>,
}

/// What there is to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The metrics, as [`Registry::encode`](crate::Registry::encode) writes them.
    Metrics(Format),
    /// The status, as [`status_json`](crate::status_json) writes it.
    Status,
}

/// A server that has its port, but does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    addr: SocketAddr,
}

impl Server {
    /// Binds exactly this address; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// Fails when the address is in use, or none of this machine's.
    pub fn bind(addr: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(addr)?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        Ok(Self { listener, addr })
    }

    /// Tells the address that clients reach it at.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until `shutdown` is done, then closes the port and all connections.
    ///
    /// Needs a tokio runtime with IO and time; one thread is enough.
    ///
    /// # Errors
    ///
    /// Fails when the runtime does not take the listener.
    pub async fn serve(
        self,
        source: mpsc::Sender<Ask>,
        shutdown: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        tokio::select! {
            () = shutdown => {}
            () = accept(&listener, &source) => {}
        }
        Ok(())
    }
}

async fn accept(listener: &tokio::net::TcpListener, source: &mpsc::Sender<Ask>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() < CONNECTIONS_MAX => {
                    connections.spawn(connection::serve(stream, source.clone()));
                }
                Ok((stream, _)) => turn_away(&stream),
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
}

/// Says why, if that fits the socket's buffer at once; a client too many gets no more attention.
fn turn_away(stream: &TcpStream) {
    let _ = stream.try_write(TOO_MANY);
}

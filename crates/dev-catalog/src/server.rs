//! The shell: a loopback listener, its connections, and the desk they ask.

mod connection;
mod desk;
mod origin;
mod stream;
mod unread;

use std::{
    future::Future,
    io,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use tokio::{net::TcpStream, sync::mpsc, task::JoinSet};

use self::desk::{Call, Desk};

/// How many clients can be connected at once; a further one is told so and let go.
const CONNECTIONS_MAX: usize = 512;

/// How many requests can be on their way to the desk; a connection with a further one waits.
const CALLS_MAX: usize = 64;

/// What is waited after a failed accept, as a full table of files does not empty faster.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Consul's own answer to a client too many.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// A development catalog that has its port, but does not answer yet.
#[derive(Debug)]
pub struct DevCatalog {
    listener: TcpListener,
    addr: SocketAddr,
}

impl DevCatalog {
    /// Binds a loopback address; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// Fails when the address is in use, or when others could reach it: nothing here asks who a
    /// client is, so opening it up takes [`DevCatalog::bind_exposed`].
    pub fn bind(addr: SocketAddr) -> io::Result<Self> {
        if !addr.ip().is_loopback() {
            let reason = format!("cannot bind {addr}: the development catalog stays on loopback");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        }
        Self::bind_exposed(addr)
    }

    /// Binds any address, for a caller who wants the catalog to be reachable from elsewhere.
    ///
    /// # Errors
    ///
    /// Fails when the address cannot be bound.
    pub fn bind_exposed(addr: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(addr)?;
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        Ok(Self { listener, addr })
    }

    /// Tells the address that clients reach the catalog at.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until `shutdown` is done, then drops all connections and all content.
    ///
    /// Needs a tokio runtime with IO and time; one thread is enough.
    ///
    /// # Errors
    ///
    /// Fails when the runtime does not take the listener.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let (caller, calls) = mpsc::channel(CALLS_MAX);
        tokio::select! {
            () = shutdown => {}
            () = Desk::new().run(calls) => {}
            () = accept(&listener, &caller, self.addr.ip().is_loopback()) => {}
        }
        Ok(())
    }
}

async fn accept(listener: &tokio::net::TcpListener, caller: &mpsc::Sender<Call>, loopback: bool) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() < CONNECTIONS_MAX => {
                    connections.spawn(connection::serve(stream, caller.clone(), loopback));
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

//! A relay of ours before a catalog, whatever is spoken: it passes bytes on, holds them back, or
//! breaks off.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// The relay; it ends when dropped.
pub(super) struct Relay {
    address: SocketAddr,
    manner: watch::Sender<Manner>,
    open: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Passes on what comes.
    Pass,
    /// Takes connections and what comes over them, and passes on nothing.
    Hold,
}

impl Relay {
    pub(super) async fn before(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (manner, manners) = watch::channel(Manner::Pass);
        let open = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let task = tokio::spawn(run(listener, upstream, manners, open.clone(), most.clone()));
        Self {
            address,
            manner,
            open,
            most,
            task,
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Holds everything back from now on.
    pub(super) fn hold(&self) {
        self.manner.send_replace(Manner::Hold);
    }

    /// Passes on what was held back, and all that comes.
    pub(super) fn release(&self) {
        self.manner.send_replace(Manner::Pass);
    }

    /// Says how many connections are open.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Says how many connections were open at once, at most.
    pub(super) fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(
    listener: TcpListener,
    upstream: SocketAddr,
    manners: watch::Receiver<Manner>,
    open: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.unwrap();
                let now = open.fetch_add(1, Ordering::Relaxed) + 1;
                most.fetch_max(now, Ordering::Relaxed);
                let (manners, open) = (manners.clone(), open.clone());
                connections.spawn(async move {
                    // However it ends, both sides are closed.
                    let _ = pass(stream, upstream, manners).await;
                    open.fetch_sub(1, Ordering::Relaxed);
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn pass(
    stream: TcpStream,
    upstream: SocketAddr,
    manners: watch::Receiver<Manner>,
) -> io::Result<()> {
    let far = TcpStream::connect(upstream).await?;
    let (from_near, to_near) = stream.into_split();
    let (from_far, to_far) = far.into_split();
    tokio::select! {
        end = carry(from_near, to_far, manners.clone()) => end,
        end = carry(from_far, to_near, manners) => end,
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut manners: watch::Receiver<Manner>,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        while *manners.borrow_and_update() == Manner::Hold {
            if manners.changed().await.is_err() {
                return Ok(());
            }
        }
        to.write_all(&buffer[..length]).await?;
    }
}

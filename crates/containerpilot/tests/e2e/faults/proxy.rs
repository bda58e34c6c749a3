//! A proxy of ours before a server, which breaks what it is told to break; it knows bytes only, and
//! of HTTP no more than where a request ends.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use rustix::net::sockopt;

use crate::harness::free_ports;

/// What is done to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Break {
    Nothing,
    /// Nobody listens.
    Refuse,
    /// It is accepted and never answered; those that stand fall silent for ever.
    Hang,
    /// It is reset when it has asked.
    Reset,
    /// It is answered what means nothing to anyone.
    Garbage,
    /// Half of the first answer comes, then its end.
    Half,
    /// Whatever is said comes so late.
    Slow(Duration),
    /// Every request is answered with this status of HTTP.
    Status(u16),
}

/// The proxy; it ends with the process.
#[derive(Clone)]
pub(super) struct Proxy(Arc<Shared>);

struct Shared {
    address: SocketAddr,
    server: SocketAddr,
    state: Mutex<State>,
    requests: AtomicUsize,
}

struct State {
    fault: Break,
    /// Connections that stand, to be cut.
    standing: Vec<TcpStream>,
}

impl Proxy {
    pub(super) fn before(server: SocketAddr) -> Self {
        // While it refuses, it does not listen; the port is to be its own then too.
        let [port] = free_ports();
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let proxy = Self(Arc::new(Shared {
            address: listener.local_addr().unwrap(),
            server,
            state: Mutex::new(State {
                fault: Break::Nothing,
                standing: Vec::new(),
            }),
            requests: AtomicUsize::new(0),
        }));
        proxy.listen(listener);
        proxy
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// How many pieces have come from those who ask; over HTTP, each is a request.
    pub(super) fn requests(&self) -> usize {
        self.0.requests.load(Ordering::SeqCst)
    }

    /// Does this from now on. What stands is cut, unless it is to be slow or silent.
    pub(super) fn set(&self, fault: Break) {
        let before = {
            let mut state = self.state();
            let standing = match fault {
                Break::Hang | Break::Slow(_) => Vec::new(),
                Break::Nothing
                | Break::Refuse
                | Break::Reset
                | Break::Garbage
                | Break::Half
                | Break::Status(_) => std::mem::take(&mut state.standing),
            };
            if !matches!(state.fault, Break::Hang) {
                for stream in standing {
                    let _ = stream.shutdown(Shutdown::Both);
                }
            }
            std::mem::replace(&mut state.fault, fault)
        };
        if fault == Break::Refuse {
            // Wakes the one that accepts, which then ends.
            let _ = TcpStream::connect(self.0.address);
        } else if before == Break::Refuse {
            self.listen(TcpListener::bind(self.0.address).unwrap());
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault(&self) -> Break {
        self.state().fault
    }

    fn listen(&self, listener: TcpListener) {
        let proxy = self.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if proxy.fault() == Break::Refuse {
                    return;
                }
                let proxy = proxy.clone();
                thread::spawn(move || proxy.serve(stream));
            }
        });
    }

    /// Ends when one of the two sides does.
    fn serve(&self, mut here: TcpStream) -> io::Result<()> {
        let mut there = TcpStream::connect(self.0.server)?;
        {
            let mut state = self.state();
            state.standing.push(here.try_clone()?);
            state.standing.push(there.try_clone()?);
        }
        let (back, from) = (here.try_clone()?, there.try_clone()?);
        let answering = self.clone();
        thread::spawn(move || {
            let _ = answering.answer(from, &back);
            let _ = back.shutdown(Shutdown::Both);
        });
        let mut piece = [0; 64 * 1024];
        loop {
            let read = here.read(&mut piece)?;
            if read == 0 {
                return there.shutdown(Shutdown::Both);
            }
            self.0.requests.fetch_add(1, Ordering::SeqCst);
            match self.fault() {
                Break::Nothing | Break::Half | Break::Slow(_) => there.write_all(&piece[..read])?,
                Break::Hang => be_silent(),
                Break::Refuse => return here.shutdown(Shutdown::Both),
                Break::Reset => return reset(&here, &there),
                Break::Garbage => {
                    here.write_all(b"\xff\xfe\0\x07nonsense, and then some more of it\r\n\r\n")?;
                    return here.shutdown(Shutdown::Both);
                }
                Break::Status(status) => {
                    let body = "this is a test";
                    let answer = format!(
                        "HTTP/1.1 {status} Broken\r\nContent-Length: {}\r\n\r\n{body}",
                        body.len()
                    );
                    here.write_all(answer.as_bytes())?;
                }
            }
        }
    }

    fn answer(&self, mut from: TcpStream, mut back: &TcpStream) -> io::Result<()> {
        let mut piece = [0; 64 * 1024];
        loop {
            let read = from.read(&mut piece)?;
            if read == 0 {
                return Ok(());
            }
            match self.fault() {
                Break::Hang => be_silent(),
                Break::Half => return back.write_all(&piece[..read / 2]),
                Break::Slow(delay) => thread::sleep(delay),
                Break::Nothing
                | Break::Refuse
                | Break::Reset
                | Break::Garbage
                | Break::Status(_) => {}
            }
            back.write_all(&piece[..read])?;
        }
    }
}

/// Keeps a connection and does nothing with it, as long as the test lives.
fn be_silent() -> ! {
    loop {
        thread::park();
    }
}

fn reset(here: &TcpStream, there: &TcpStream) -> io::Result<()> {
    sockopt::set_socket_linger(here, Some(Duration::ZERO))?;
    there.shutdown(Shutdown::Both)
}

//! A proxy of ours between the helper and a catalog, which breaks what it is told to break.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep},
};

use crate::backend::DEADLINE;

/// What the proxy does to an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It does not listen at all.
    Refuse,
    /// It takes the request and never answers.
    Hang,
    /// It answers this status and text by itself.
    Answer(u16, &'static str),
    /// It answers this body, with these headers, by itself.
    Body(&'static str, &'static str),
    /// It passes on half of the answer and closes.
    Cut,
    /// It answers something that is not HTTP.
    Garbage,
    /// It replaces the index of the answer, or takes it away, and asks without blocking.
    Index(Option<&'static str>),
    /// It asks without blocking, so that every answer is early.
    Early,
    /// It holds the answer back.
    Slow(Duration),
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Method and path, without the query.
    pub(crate) line: String,
    pub(crate) head: String,
    pub(crate) body: String,
    pub(crate) at: Instant,
}

/// The proxy.
pub(crate) struct Proxy {
    address: SocketAddr,
    fault: watch::Sender<Fault>,
    log: Arc<Mutex<Log>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Log {
    asked: Vec<Asked>,
    connections: usize,
}

impl Proxy {
    pub(crate) async fn before(upstream: SocketAddr) -> Self {
        // While it refuses, it does not listen; the port is to be its own then too.
        let address = SocketAddr::from(([127, 0, 0, 1], test_ports::free_port()));
        let listener = listen(address);
        let (fault, faults) = watch::channel(Fault::None);
        let log = Arc::new(Mutex::new(Log::default()));
        let task = tokio::spawn(run(listener, upstream, faults, log.clone()));
        Self {
            address,
            fault,
            log,
            task,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Breaks off every exchange, and does this to all that follow.
    pub(crate) fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.log.lock().unwrap().asked.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.log.lock().unwrap().connections
    }

    pub(crate) fn count(&self, line: &str) -> usize {
        let log = self.log.lock().unwrap();
        log.asked.iter().filter(|asked| asked.line == line).count()
    }

    /// Waits until a request has come so many times.
    pub(crate) async fn until_asked(&self, line: &str, count: usize) {
        let deadline = Instant::now() + DEADLINE;
        while self.count(line) < count {
            let lines: Vec<_> = self.asked().into_iter().map(|asked| asked.line).collect();
            assert!(
                Instant::now() < deadline,
                "no {count} times {line}: {lines:#?}"
            );
            sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(
    listener: TcpListener,
    upstream: SocketAddr,
    mut faults: watch::Receiver<Fault>,
    log: Arc<Mutex<Log>>,
) {
    let address = listener.local_addr().unwrap();
    let mut listener = Some(listener);
    let mut connections = JoinSet::new();
    loop {
        let fault = faults.borrow_and_update().clone();
        if fault == Fault::Refuse {
            listener = None;
            connections.shutdown().await;
            if faults.changed().await.is_err() {
                return;
            }
            continue;
        }
        let listening = listener.take().unwrap_or_else(|| listen(address));
        tokio::select! {
            accepted = listening.accept() => {
                let (stream, _) = accepted.unwrap();
                log.lock().unwrap().connections += 1;
                connections.spawn(serve(stream, upstream, faults.clone(), log.clone()));
            }
            changed = faults.changed() => {
                connections.shutdown().await;
                if changed.is_err() {
                    return;
                }
            }
        }
        listener = Some(listening);
    }
}

fn listen(address: SocketAddr) -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket.listen(64).unwrap()
}

async fn serve(
    mut stream: TcpStream,
    upstream: SocketAddr,
    faults: watch::Receiver<Fault>,
    log: Arc<Mutex<Log>>,
) {
    while let Ok(request) = Request::read(&mut stream).await {
        log.lock().unwrap().asked.push(request.asked());
        let fault = faults.borrow().clone();
        if exchange(&mut stream, upstream, &request, fault)
            .await
            .is_err()
        {
            return;
        }
    }
}

async fn exchange(
    stream: &mut TcpStream,
    upstream: SocketAddr,
    request: &Request,
    fault: Fault,
) -> io::Result<()> {
    let (is_blocking, index) = match &fault {
        Fault::Early => (false, None),
        Fault::Index(index) => (false, Some(*index)),
        Fault::None
        | Fault::Refuse
        | Fault::Hang
        | Fault::Answer(..)
        | Fault::Body(..)
        | Fault::Cut
        | Fault::Garbage
        | Fault::Slow(_) => (true, None),
    };
    match fault {
        Fault::Hang | Fault::Refuse => return std::future::pending().await,
        Fault::Garbage => {
            stream.write_all(b"\0\xFFnot http at all\r\n\r\n").await?;
            return Err(io::ErrorKind::Other.into());
        }
        Fault::Answer(status, text) => {
            let length = text.len();
            let answer =
                format!("HTTP/1.1 {status} Broken\r\nContent-Length: {length}\r\n\r\n{text}");
            return stream.write_all(answer.as_bytes()).await;
        }
        Fault::Body(headers, text) => {
            let length = text.len();
            let answer =
                format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {length}\r\n\r\n{text}");
            return stream.write_all(answer.as_bytes()).await;
        }
        Fault::Slow(delay) => sleep(delay).await,
        Fault::None | Fault::Cut | Fault::Index(_) | Fault::Early => {}
    }
    let answer = request.forward(upstream, is_blocking).await?;
    if fault == Fault::Cut {
        stream.write_all(&answer[..answer.len() / 2]).await?;
        return Err(io::ErrorKind::Other.into());
    }
    let answer = match index {
        Some(index) => with_index(&answer, index),
        None => answer,
    };
    stream.write_all(&answer).await
}

/// One request on its way through.
struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    async fn read(stream: &mut TcpStream) -> io::Result<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let length = header(&head, "content-length").and_then(|text| text.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body).await?;
        Ok(Self { head, body })
    }

    fn asked(&self) -> Asked {
        let line = self.head.lines().next().unwrap_or_default();
        let target = line.rsplit_once(' ').map_or(line, |(target, _)| target);
        let line = target.split('?').next().unwrap_or_default();
        Asked {
            line: line.to_owned(),
            head: self.head.clone(),
            body: String::from_utf8_lossy(&self.body).into_owned(),
            at: Instant::now(),
        }
    }

    async fn forward(&self, upstream: SocketAddr, is_blocking: bool) -> io::Result<Vec<u8>> {
        let mut head = self.head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
        if !is_blocking {
            head = head.replacen("index=", "ignored=", 1);
        }
        let mut stream = TcpStream::connect(upstream).await?;
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&self.body).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        // The way to the helper stays open.
        Ok(edit(&answer, |line| {
            let is_close = line.eq_ignore_ascii_case("connection: close");
            (!is_close).then(|| line.to_owned())
        }))
    }
}

fn with_index(answer: &[u8], index: Option<&str>) -> Vec<u8> {
    edit(answer, |line| {
        if line.to_ascii_lowercase().starts_with("x-consul-index:") {
            index.map(|index| format!("X-Consul-Index: {index}"))
        } else {
            Some(line.to_owned())
        }
    })
}

fn edit(answer: &[u8], line: impl Fn(&str) -> Option<String>) -> Vec<u8> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.expect("the catalog answers with a head");
    let head = String::from_utf8_lossy(&answer[..end]);
    let lines: Vec<_> = head.split("\r\n").filter_map(line).collect();
    let mut edited = lines.join("\r\n").into_bytes();
    edited.extend_from_slice(&answer[end..]);
    edited
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

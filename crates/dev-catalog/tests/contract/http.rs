//! As much of an HTTP client as a test needs.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

/// Longer than any case waits.
const TIMEOUT: Duration = Duration::from_secs(60);

/// An answer as it came.
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// A request on its way.
pub(super) struct Asked {
    stream: TcpStream,
    what: String,
}

/// Sends one request and takes its answer.
pub(super) fn exchange(addr: SocketAddr, method: &str, path: &str, body: &[u8]) -> Response {
    ask(addr, method, path, body).response()
}

/// How many requests were sent so far, to whomever.
pub(super) fn sent() -> usize {
    SENT.load(Ordering::Relaxed)
}

static SENT: AtomicUsize = AtomicUsize::new(0);

/// Sends one request on a connection of its own.
pub(super) fn ask(addr: SocketAddr, method: &str, path: &str, body: &[u8]) -> Asked {
    let what = format!("{method} {path}");
    SENT.fetch_add(1, Ordering::Relaxed);
    let mut stream = TcpStream::connect(addr).expect("the agent listens");
    stream
        .set_read_timeout(Some(TIMEOUT))
        .expect("timeouts can be set");
    let length = body.len();
    let head = format!(
        "{what} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    stream
        .write_all(head.as_bytes())
        .expect("the agent reads the head");
    // An agent may refuse a body before it has read all of it.
    let _ = stream.write_all(body);
    Asked { stream, what }
}

impl Asked {
    /// Waits for the answer.
    pub(super) fn response(mut self) -> Response {
        let mut bytes = Vec::new();
        let ended = self.stream.read_to_end(&mut bytes);
        let what = &self.what;
        parse(&bytes).unwrap_or_else(|| panic!("{what}: {ended:?}, {} bytes", bytes.len()))
    }
}

fn parse(bytes: &[u8]) -> Option<Response> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let header = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_owned(), value.to_owned()))
    };
    let headers: Vec<_> = lines.filter_map(header).collect();
    let rest = &bytes[end + 4..];
    let chunked = headers
        .iter()
        .any(|(name, value)| name == "Transfer-Encoding" && value == "chunked");
    let body = if chunked {
        joined(rest)?
    } else {
        rest.to_vec()
    };
    Some(Response {
        status,
        headers,
        body,
    })
}

fn joined(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let start = end + 2;
        body.extend_from_slice(rest.get(start..start + size)?);
        rest = rest.get(start + size + 2..)?;
    }
}

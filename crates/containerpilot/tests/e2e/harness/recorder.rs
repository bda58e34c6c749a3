//! What a catalog is asked: by one that says yes to everything, or in front of a real one.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// What was asked, in the order of arrival.
#[derive(Clone)]
pub(crate) struct Recorder {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Asked>>>,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Method and path.
    pub(crate) line: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Recorder {
    /// Says yes, but answers requests whose line holds `refused` with 403.
    pub(crate) fn start(refused: &'static str) -> Self {
        Self::listen(move |recorder, stream| recorder.serve(stream, refused))
    }

    /// Stands before a catalog, and answers requests whose line holds `refused` with 403.
    pub(crate) fn before(catalog: SocketAddr, refused: &'static str) -> Self {
        Self::listen(move |recorder, stream| recorder.pass_on(stream, catalog, refused))
    }

    fn listen(serve: impl Fn(&Self, TcpStream) -> Option<()> + Copy + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let recorder = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
        };
        let accepting = recorder.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let recorder = accepting.clone();
                thread::spawn(move || serve(&recorder, stream));
            }
        });
        recorder
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests so far whose line holds a text.
    pub(crate) fn asked(&self, text: &str) -> Vec<Asked> {
        let seen = self.seen.lock().unwrap();
        let matching = seen.iter().filter(|asked| asked.line.contains(text));
        matching.cloned().collect()
    }

    fn pass_on(&self, stream: TcpStream, catalog: SocketAddr, refused: &str) -> Option<()> {
        let mut there = TcpStream::connect(catalog).ok()?;
        let (mut from, mut back) = (there.try_clone().ok()?, stream.try_clone().ok()?);
        let mut refusal = stream.try_clone().ok()?;
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut back);
            let _ = back.shutdown(Shutdown::Both);
        });
        let mut reader = BufReader::new(stream);
        while let Some(asked) = read(&mut reader) {
            let (line, request) = (asked.line.clone(), asked.head.clone() + &asked.body);
            self.seen.lock().unwrap().push(asked);
            if !refused.is_empty() && line.contains(refused) {
                let answer =
                    "HTTP/1.1 403 Forbidden\r\nContent-Length: 17\r\n\r\nPermission denied";
                refusal.write_all(answer.as_bytes()).ok()?;
            } else {
                there.write_all(request.as_bytes()).ok()?;
            }
        }
        there.shutdown(Shutdown::Both).ok()
    }

    fn serve(&self, stream: TcpStream, refused: &str) -> Option<()> {
        let mut writer = stream.try_clone().ok()?;
        let mut reader = BufReader::new(stream);
        loop {
            let asked = read(&mut reader)?;
            let line = asked.line.clone();
            self.seen.lock().unwrap().push(asked);
            if line.contains("index=") {
                // Nothing ever changes.
                thread::sleep(Duration::from_secs(2));
            }
            let is_refused = !refused.is_empty() && line.contains(refused);
            let (status, body) = if is_refused {
                ("403 Forbidden", "Permission denied")
            } else {
                ("200 OK", "[]")
            };
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\nX-Consul-Index: 7\r\nContent-Length: {length}\r\n\r\n{body}"
            );
            writer.write_all(answer.as_bytes()).ok()?;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Asked> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let line = head
        .lines()
        .next()?
        .trim_end_matches(" HTTP/1.1")
        .to_owned();
    Some(Asked {
        line,
        head,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

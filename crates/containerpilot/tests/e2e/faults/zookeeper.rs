//! What ZooKeeper says of instances, over a session for each look; shares no code with the client
//! under test.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use super::kind::Seen;

const PATIENCE: Duration = Duration::from_secs(2);
const GET_DATA: i32 = 4;
const GET_CHILDREN: i32 = 8;
const CLOSE: i32 = -11;
const NO_NODE: i32 = -101;

/// The instances below one node.
pub(super) fn look(server: SocketAddr, service: &str) -> Result<Vec<Seen>, String> {
    instances(server, service).map_err(|error| error.to_string())
}

fn instances(server: SocketAddr, service: &str) -> io::Result<Vec<Seen>> {
    let mut session = Session::open(server)?;
    let node = format!("/containerpilot/{service}");
    let mut seen = Vec::new();
    for name in session.children(&node)? {
        // It may be gone by now.
        if let Some(data) = session.data(&format!("{node}/{name}"))? {
            seen.push(Seen::of_record(&data));
        }
    }
    session.call(CLOSE, &[])?;
    seen.sort();
    Ok(seen)
}

/// Asks one of the words of four letters.
pub(super) fn word(server: SocketAddr, word: &str) -> io::Result<String> {
    let mut stream = connect(server)?;
    stream.write_all(word.as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

fn connect(server: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

struct Session(TcpStream);

impl Session {
    fn open(server: SocketAddr) -> io::Result<Self> {
        let mut session = Self(connect(server)?);
        // Version, the last change seen, the timeout, no session yet, its password.
        let mut hello = vec![0; 12];
        hello.extend(5000_i32.to_be_bytes());
        hello.extend([0; 8]);
        hello.extend(16_i32.to_be_bytes());
        hello.extend([0; 16]);
        session.send(&hello)?;
        session.receive()?;
        Ok(session)
    }

    fn children(&mut self, node: &str) -> io::Result<Vec<String>> {
        let Some(answer) = self.call(GET_CHILDREN, &asked(node))? else {
            return Ok(Vec::new());
        };
        let mut rest = answer.as_slice();
        let count = number(&mut rest)?;
        let names = (0..count).map(|_| {
            let name = bytes(&mut rest)?;
            String::from_utf8(name).map_err(io::Error::other)
        });
        names.collect()
    }

    fn data(&mut self, node: &str) -> io::Result<Option<Vec<u8>>> {
        let answer = self.call(GET_DATA, &asked(node))?;
        answer
            .map(|answer| bytes(&mut answer.as_slice()))
            .transpose()
    }

    /// None if there is no such node.
    fn call(&mut self, what: i32, with: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let mut request = 1_i32.to_be_bytes().to_vec();
        request.extend(what.to_be_bytes());
        request.extend(with);
        self.send(&request)?;
        let answer = self.receive()?;
        // Which request, and the last change.
        let mut rest = answer.get(12..).ok_or(io::ErrorKind::UnexpectedEof)?;
        match number(&mut rest)? {
            0 => Ok(Some(rest.to_vec())),
            NO_NODE => Ok(None),
            error => Err(io::Error::other(format!("error {error}"))),
        }
    }

    fn send(&mut self, what: &[u8]) -> io::Result<()> {
        let length = i32::try_from(what.len()).map_err(io::Error::other)?;
        self.0
            .write_all(&[&length.to_be_bytes()[..], what].concat())
    }

    fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length)?;
        let mut answer = vec![0; u32::from_be_bytes(length) as usize];
        self.0.read_exact(&mut answer)?;
        Ok(answer)
    }
}

/// A node, and no watch on it.
fn asked(node: &str) -> Vec<u8> {
    let length = u32::try_from(node.len()).unwrap_or_default();
    [&length.to_be_bytes()[..], node.as_bytes(), &[0]].concat()
}

fn number(rest: &mut &[u8]) -> io::Result<i32> {
    let mut number = [0; 4];
    rest.read_exact(&mut number)?;
    Ok(i32::from_be_bytes(number))
}

fn bytes(rest: &mut &[u8]) -> io::Result<Vec<u8>> {
    let length = usize::try_from(number(rest)?).unwrap_or(0);
    let mut bytes = vec![0; length];
    rest.read_exact(&mut bytes)?;
    Ok(bytes)
}

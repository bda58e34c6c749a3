//! The least that hearing of a change in ZooKeeper can take: one node written, told to who watches
//! it, read, and a spawn. Each over a connection of the bench's own, in as few words as there are.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    thread,
    time::Duration,
};

use crate::workshop::Workshop;

const PATIENCE: Duration = Duration::from_secs(10);
const NODE: &str = "/bench-floor";

/// Requests, by ZooKeeper's numbers.
const CREATE: i32 = 1;
const READ: i32 = 4;
const WRITE: i32 = 5;
/// The number of a message that nobody asked for: something watched has changed.
const EVENT: i32 = -1;

/// Who changes the node; somebody on a thread of its own watches it, for as long as the server runs.
pub(super) struct Floor {
    writer: Session,
}

impl Floor {
    pub(super) fn start(workshop: &Workshop, address: &str) -> Result<Self, String> {
        let mut writer = Session::open(address)?;
        writer.ask(CREATE, &created())?;
        let mut watcher = Session::open(address)?;
        watcher.ask(READ, &watched())?;
        let line = workshop.child_line("exit");
        thread::spawn(move || {
            while watcher.hear().is_ok_and(|number| number == EVENT)
                && watcher.ask(READ, &watched()).is_ok()
            {
                let _ = Command::new(&line[0]).args(&line[1..]).status();
            }
        });
        Ok(Self { writer })
    }

    /// Changes the node, and waits until that is answered.
    pub(super) fn change(&mut self, value: u16) -> Result<(), String> {
        let mut body = text(NODE.as_bytes());
        body.extend(text(&value.to_be_bytes()));
        // Of any version.
        body.extend((-1_i32).to_be_bytes());
        self.writer.ask(WRITE, &body)
    }
}

/// A session, which lives with its connection as long as that says something every few seconds.
struct Session {
    stream: TcpStream,
    number: i32,
}

impl Session {
    fn open(address: &str) -> Result<Self, String> {
        let told = |error: std::io::Error| format!("cannot connect to {address}: {error}");
        let stream = TcpStream::connect(address).map_err(told)?;
        stream.set_nodelay(true).map_err(told)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(told)?;
        let mut session = Self { stream, number: 0 };
        let mut hello = Vec::new();
        hello.extend(0_i32.to_be_bytes());
        hello.extend(0_i64.to_be_bytes());
        hello.extend(30_000_i32.to_be_bytes());
        hello.extend(0_i64.to_be_bytes());
        hello.extend(text(&[0; 16]));
        session.say(&hello)?;
        session.frame()?;
        Ok(session)
    }

    /// Asks, and waits for the answer; what it says is of no interest if it is no refusal.
    fn ask(&mut self, kind: i32, body: &[u8]) -> Result<(), String> {
        self.number += 1;
        let mut message = Vec::new();
        message.extend(self.number.to_be_bytes());
        message.extend(kind.to_be_bytes());
        message.extend(body);
        self.say(&message)?;
        let number = self.hear()?;
        if number == self.number {
            Ok(())
        } else {
            Err(format!("ZooKeeper answers {number}, not {}", self.number))
        }
    }

    fn say(&mut self, message: &[u8]) -> Result<(), String> {
        let told = |error: std::io::Error| format!("cannot write to ZooKeeper: {error}");
        self.stream.write_all(&text(message)).map_err(told)
    }

    /// Waits for a message, and gives the number of what it answers.
    fn hear(&mut self) -> Result<i32, String> {
        let message = self.frame()?;
        let number = |at: usize| {
            let bytes = message
                .get(at..at + 4)
                .and_then(|four| four.try_into().ok());
            bytes.map(i32::from_be_bytes)
        };
        match (number(0), number(12)) {
            (Some(answered), Some(0)) => Ok(answered),
            (Some(EVENT), Some(_)) => Ok(EVENT),
            (_, code) => Err(format!("ZooKeeper refuses: {code:?}")),
        }
    }

    fn frame(&mut self) -> Result<Vec<u8>, String> {
        let told = |error: std::io::Error| format!("cannot read from ZooKeeper: {error}");
        let mut size = [0; 4];
        self.stream.read_exact(&mut size).map_err(told)?;
        let size = usize::try_from(i32::from_be_bytes(size)).unwrap_or(0);
        let mut message = vec![0; size];
        self.stream.read_exact(&mut message).map_err(told)?;
        Ok(message)
    }
}

/// Bytes with their length before them.
fn text(bytes: &[u8]) -> Vec<u8> {
    let length = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
    let mut text = length.to_be_bytes().to_vec();
    text.extend(bytes);
    text
}

/// An empty node that everybody may change, and that stays.
fn created() -> Vec<u8> {
    let mut body = text(NODE.as_bytes());
    body.extend(text(&[]));
    body.extend(1_i32.to_be_bytes());
    body.extend(31_i32.to_be_bytes());
    body.extend(text(b"world"));
    body.extend(text(b"anyone"));
    body.extend(0_i32.to_be_bytes());
    body
}

/// The node, to be told of its next change.
fn watched() -> Vec<u8> {
    let mut body = text(NODE.as_bytes());
    body.push(1);
    body
}

//! One connection to one server: what goes out, what comes in, and whether there is still life.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf},
    sync::broadcast,
    time::{Instant, sleep_until, timeout},
};

use super::{
    Settings,
    jute::{self, Reader, Unreadable, Writer},
    request::{Code, Request},
    session::Call,
};
use crate::{
    Backend, CatalogError,
    error::reason,
    transport::{Connector, Login, Stream},
};

/// How many calls may wait for their answers.
const PENDING: usize = 512;

/// How we introduce ourselves to a server.
pub(super) struct Hello {
    /// Our session; 0 if we have none yet.
    pub(super) session: i64,
    password: Bytes,
    /// The newest change that we know of.
    pub(super) seen: i64,
    /// How long the session outlives us, as granted, or as asked for before that.
    pub(super) timeout: Duration,
    asked: Duration,
}

/// A connection that serves us.
pub(super) struct Line {
    reader: ReadHalf<Box<dyn Stream>>,
    writer: WriteHalf<Box<dyn Stream>>,
    input: BytesMut,
    output: BytesMut,
    is_flushed: bool,
    pending: VecDeque<(i32, Call)>,
    number: i32,
    heard_at: Instant,
    sent_at: Instant,
}

/// Why a server does not serve us.
pub(super) enum Unfit {
    /// Our session has ended.
    Expired,
    /// It hung up on our first message.
    Refused(CatalogError),
    /// It could not be reached, or made no sense.
    Failed(CatalogError),
}

impl Hello {
    /// Of somebody without a session, who wants one that outlives them for so long.
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            session: 0,
            password: Bytes::new(),
            seen: 0,
            timeout,
            asked: timeout,
        }
    }

    /// How long the session is to outlive us.
    pub(super) fn asked(&self) -> Duration {
        self.asked
    }

    /// Asks for a session that outlives us for so long.
    pub(super) fn ask(&mut self, longest: Duration) {
        self.asked = longest;
        if self.session == 0 {
            self.timeout = longest;
        }
    }

    /// Begins a new session at the next connection.
    pub(super) fn forget_session(&mut self) {
        self.session = 0;
        self.password = Bytes::new();
    }

    fn encode(&self) -> Bytes {
        let mut writer = Writer::new();
        let timeout = i32::try_from(self.asked.as_millis()).unwrap_or(i32::MAX);
        writer.int(0).long(self.seen).int(timeout);
        writer.long(self.session);
        if self.password.is_empty() {
            writer.bytes(&[0; 16]);
        } else {
            writer.bytes(&self.password);
        }
        // A server that may only read because it is cut off from the others is of no use to us.
        writer.truth(false);
        writer.finish()
    }

    /// Takes what the server grants; false if the session has ended.
    fn take(&mut self, message: Bytes) -> Result<bool, Unreadable> {
        let mut reader = Reader::new(message);
        let (_version, granted) = (reader.int()?, reader.int()?);
        let (session, password) = (reader.long()?, reader.bytes()?);
        let granted = u64::try_from(granted).unwrap_or(0);
        if granted == 0 || session == 0 {
            return Ok(false);
        }
        self.timeout = Duration::from_millis(granted);
        self.session = session;
        self.password = password;
        Ok(true)
    }
}

impl Line {
    /// Connects, and goes on with our session or begins one.
    pub(super) async fn open(
        connector: &Connector,
        hello: &mut Hello,
        settings: &Settings,
    ) -> Result<Self, Unfit> {
        let stream = connector.stream().await.map_err(Unfit::Failed)?;
        let (reader, writer) = tokio::io::split(stream);
        let now = Instant::now();
        let mut line = Self {
            reader,
            writer,
            input: BytesMut::new(),
            output: BytesMut::from(&hello.encode()[..]),
            is_flushed: false,
            pending: VecDeque::new(),
            number: 0,
            heard_at: now,
            sent_at: now,
        };
        let address = connector.address();
        let message = line.exchange().await.map_err(|reason| {
            let why = "it may have seen less than we have, or not be ready";
            Unfit::Refused(unreachable(&address, &format!("{reason}; {why}")))
        })?;
        let failed = |reason: &str| Unfit::Failed(unreachable(&address, reason));
        let is_granted = hello.take(message).map_err(|wrong| failed(wrong.0))?;
        if !is_granted {
            return Err(Unfit::Expired);
        }
        if let Some(login) = &settings.login {
            let credential = credential(login).map_err(Unfit::Failed)?;
            line.ask(&Request::Identify { credential }, &address)
                .await?;
        }
        line.ask(&Request::Sync, &address).await?;
        Ok(line)
    }

    /// Asks, at the beginning of a connection, when nobody else does.
    async fn ask(&mut self, request: &Request, address: &str) -> Result<(), Unfit> {
        self.number += 1;
        self.output.extend_from_slice(&request.encode(self.number));
        let failed = |reason: String| Unfit::Failed(unreachable(address, &reason));
        let message = self.exchange().await.map_err(failed)?;
        let mut reader = Reader::new(message);
        let head = reader.int().and_then(|_| reader.long());
        let code = head.and_then(|_| reader.int());
        match code.map(Code) {
            Ok(Code::OK) => Ok(()),
            Ok(code) => Err(Unfit::Failed(request.refused(code))),
            Err(wrong) => Err(failed(wrong.0.to_owned())),
        }
    }

    /// Sends what is to be sent and waits for one message.
    async fn exchange(&mut self) -> Result<Bytes, String> {
        let pushed = push(&mut self.writer, &mut self.output).await;
        pushed.map_err(|error| reason(&error))?;
        loop {
            if let Some(message) =
                jute::frame(&mut self.input).map_err(|wrong| wrong.0.to_owned())?
            {
                return Ok(message);
            }
            match self.reader.read_buf(&mut self.input).await {
                Ok(0) => return Err("it hung up".to_owned()),
                Ok(_) => {}
                Err(error) => return Err(reason(&error)),
            }
        }
    }

    /// Tells whether another call may be made.
    pub(super) fn has_room(&self) -> bool {
        self.pending.len() < PENDING
    }

    /// Makes a call, unless nobody waits for its answer any more.
    pub(super) fn send(&mut self, call: Call) {
        if call.answer.is_closed() {
            return;
        }
        self.number = self.number.checked_add(1).unwrap_or(1);
        let number = call.request.number().unwrap_or(self.number);
        self.put(&call.request.encode(number));
        self.pending.push_back((number, call));
    }

    fn put(&mut self, message: &[u8]) {
        self.output.extend_from_slice(message);
        self.is_flushed = false;
        self.sent_at = Instant::now();
    }

    /// Works until the connection breaks, and says why; it may be left and gone back to at any time.
    pub(super) async fn work(
        &mut self,
        hello: &mut Hello,
        events: &broadcast::Sender<Arc<str>>,
    ) -> String {
        // Two words of ours may remain without an answer, and then there is still time to find
        // another server before the session ends.
        let patience = hello.timeout * 2 / 3;
        loop {
            let dead_at = self.heard_at + patience;
            let ping_at = self.sent_at + hello.timeout / 3;
            let has_output = !self.output.is_empty() || !self.is_flushed;
            let push = push(&mut self.writer, &mut self.output);
            tokio::select! {
                read = self.reader.read_buf(&mut self.input) => match read {
                    Ok(0) => return "it hung up".to_owned(),
                    Ok(_) => {
                        self.heard_at = Instant::now();
                        if let Err(wrong) = self.hear(hello, events) {
                            return wrong.0.to_owned();
                        }
                    }
                    Err(error) => return reason(&error),
                },
                pushed = push, if has_output => match pushed {
                    Ok(()) => self.is_flushed = true,
                    Err(error) => return reason(&error),
                },
                () = sleep_until(dead_at) => return format!("silent for {patience:?}"),
                () = sleep_until(ping_at), if ping_at < dead_at => {
                    self.put(&Request::Ping.encode(0));
                }
            }
        }
    }

    /// Takes in every message that has come.
    fn hear(
        &mut self,
        hello: &mut Hello,
        events: &broadcast::Sender<Arc<str>>,
    ) -> Result<(), Unreadable> {
        const EVENT: i32 = -1;
        const PONG: i32 = -2;
        while let Some(message) = jute::frame(&mut self.input)? {
            let mut reader = Reader::new(message);
            let (number, seen, code) = (reader.int()?, reader.long()?, Code(reader.int()?));
            match number {
                PONG => {}
                EVENT => {
                    let (_kind, _state) = (reader.int()?, reader.int()?);
                    // Whether anybody listens is not our business.
                    let _ = events.send(reader.text()?.into());
                }
                _ => {
                    hello.seen = hello.seen.max(seen);
                    let call = self.pending.pop_front_if(|(known, _)| *known == number);
                    let Some((_, call)) = call else {
                        return Err(Unreadable("an answer to what was not asked"));
                    };
                    let came = match code {
                        Code::OK => call.request.decode(reader)?,
                        code => Err(code),
                    };
                    // Whoever asked may have run out of patience.
                    let _ = call.answer.send(Ok(came));
                    if code == Code::SESSION_EXPIRED || code == Code::SESSION_MOVED {
                        return Err(Unreadable("the session is not here any more"));
                    }
                }
            }
        }
        Ok(())
    }

    /// Tells everybody who waits that there will be no answer.
    pub(super) fn give_up(self, address: &str, reason: &str) {
        for (_, call) in self.pending {
            let error = CatalogError::Interrupted {
                who: Backend::Zookeeper,
                address: address.to_owned(),
                call: call.request.describe(),
                reason: reason.to_owned(),
            };
            // Whoever asked may have run out of patience.
            let _ = call.answer.send(Err(error));
        }
    }

    /// Ends the session, if that can be done soon.
    pub(super) async fn say_goodbye(mut self) {
        self.number = self.number.checked_add(1).unwrap_or(1);
        self.put(&Request::Close.encode(self.number));
        // A session that we cannot end ends by itself.
        let _ = timeout(Duration::from_secs(1), self.exchange()).await;
    }
}

/// Writes what is to be written; what it was stopped at it goes on with the next time.
async fn push(
    writer: &mut WriteHalf<Box<dyn Stream>>,
    output: &mut BytesMut,
) -> std::io::Result<()> {
    while !output.is_empty() {
        writer.write_buf(output).await?;
    }
    writer.flush().await
}

fn unreachable(address: &str, reason: &str) -> CatalogError {
    CatalogError::Unreachable {
        who: Backend::Zookeeper,
        address: address.to_owned(),
        reason: reason.to_owned(),
    }
}

/// Reads who we say we are, in ZooKeeper's form.
fn credential(login: &Login) -> Result<Bytes, CatalogError> {
    let password = login.password.read(Backend::Zookeeper)?;
    Ok(format!("{}:{password}", login.user).into())
}

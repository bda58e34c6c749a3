//! One session with an ensemble, over one connection at a time: whoever asks waits for it, and when
//! it breaks the next server is tried.
//!
//! What is read over one session never goes back in time: a server that has seen less than we have
//! refuses us, and each connection begins by catching up with who leads. A server that is cut off
//! from the others serves nobody.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{broadcast, mpsc, oneshot, watch},
    time::{Instant, sleep, timeout},
};

use super::{
    Settings,
    line::{Hello, Line, Unfit},
    request::{Code, Reply, Request},
};
use crate::{
    Backend, CatalogError, SettingsError,
    backoff::{Backoff, Jitter},
    tally::{self, Tally},
    transport::{Connector, Way},
};

/// How many calls may wait until they are sent.
const QUEUE: usize = 64;
/// How many changes may wait to be looked at; whoever falls behind looks at everything.
const EVENTS: usize = 1024;
/// How long a session outlives us where no service says how long.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Pauses after all servers have been tried; an ensemble that is back is found within the longest.
const BACKOFF: Backoff = Backoff {
    initial: Duration::from_millis(200),
    cap: Duration::from_secs(2),
};

/// What came of a call: an answer, a refusal, or neither.
pub(super) type Came = Result<Result<Reply, Code>, CatalogError>;

/// A way to use the session; cheap to clone. It ends when the last is gone.
#[derive(Clone)]
pub(super) struct Session {
    orders: mpsc::Sender<Order>,
    state: watch::Receiver<State>,
    events: broadcast::Sender<Arc<str>>,
    tally: Arc<Tally>,
    servers: Arc<str>,
    patience: Duration,
}

/// How things stand between us and the ensemble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nobody has asked for anything yet.
    Idle,
    /// A server is being looked for.
    Opening,
    /// None could be found; they are tried on and on.
    Down(CatalogError),
    /// One serves us.
    Up(Up),
}

/// A connection that serves us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Up {
    /// How many came before it; what was asked to be told of is forgotten with each.
    pub(super) connection: u64,
    /// The session.
    pub(super) session: i64,
}

/// What whoever holds a [`Session`] wants.
pub(super) enum Order {
    /// Connect, if that has not been tried yet.
    Open,
    /// Let the session outlive us no longer than this.
    Outlive(Duration),
    /// Ask this.
    Call(Call),
    /// End the session when we do, since nothing lives with it.
    Leave,
}

/// A question and who waits for its answer.
pub(super) struct Call {
    pub(super) request: Request,
    pub(super) answer: oneshot::Sender<Came>,
}

/// A call that was made, whose answer is on its way.
pub(super) struct Made {
    request: Request,
    operation: &'static str,
    answer: Result<oneshot::Receiver<Came>, CatalogError>,
}

impl Session {
    /// Prepares a session; nothing is connected before the first call.
    pub(super) fn new(settings: &Arc<Settings>, tally: Arc<Tally>) -> Result<Self, SettingsError> {
        let seed = RandomState::new().hash_one(0);
        let connectors = connectors(settings, seed)?;
        let (orders, ordered) = mpsc::channel(QUEUE);
        let (noted, state) = watch::channel(State::Idle);
        let (events, _) = broadcast::channel(EVENTS);
        let servers: Vec<_> = settings.servers.iter().map(ToString::to_string).collect();
        let task = Task {
            connectors,
            next: 0,
            orders: ordered,
            state: noted,
            events: events.clone(),
            hello: Hello::new(settings.session_timeout.unwrap_or(TIMEOUT)),
            is_fixed: settings.session_timeout.is_some(),
            is_first: true,
            refused_since: None,
            connections: 0,
            is_leaving: false,
            jitter: Jitter::new(seed),
            settings: settings.clone(),
        };
        drop(tokio::spawn(task.run()));
        Ok(Self {
            orders,
            state,
            events,
            tally,
            servers: servers.join(",").into(),
            patience: settings.timeouts.call,
        })
    }

    /// How things stand, to be waited for.
    pub(super) fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// The paths of what changes, from now on.
    pub(super) fn events(&self) -> broadcast::Receiver<Arc<str>> {
        self.events.subscribe()
    }

    /// Connects, if that has not been tried yet.
    pub(super) async fn open(&self) {
        self.order(Order::Open).await;
    }

    /// Lets the session outlive us no longer than this.
    pub(super) async fn outlive(&self, longest: Duration) {
        self.order(Order::Outlive(longest)).await;
    }

    /// Has the session end with us, since nothing lives with it.
    pub(super) async fn leave(&self) {
        self.order(Order::Leave).await;
    }

    async fn order(&self, order: Order) {
        // The task outlives every sender.
        let _ = self.orders.send(order).await;
    }

    /// Waits until a server serves us, or none does.
    pub(super) async fn ready(&self, call: &str) -> Result<Up, CatalogError> {
        let mut state = self.state.clone();
        if *state.borrow() == State::Idle {
            self.open().await;
        }
        let known = state.wait_for(|state| match state {
            State::Idle | State::Opening => false,
            State::Down(_) | State::Up(_) => true,
        });
        let silent = || self.silent(call);
        match timeout(self.patience, known)
            .await
            .map(|known| known.map(|state| state.clone()))
        {
            Ok(Ok(State::Up(up))) => Ok(up),
            Ok(Ok(State::Down(error))) => Err(error),
            Ok(Ok(State::Idle | State::Opening) | Err(_)) | Err(_) => Err(silent()),
        }
    }

    /// Asks, and waits for the answer.
    pub(super) async fn call(&self, operation: &'static str, request: Request) -> Came {
        let made = self.make(operation, request).await;
        self.answer(made).await
    }

    /// Asks; what is asked over one session is answered in that order.
    pub(super) async fn make(&self, operation: &'static str, request: Request) -> Made {
        let answer = match self.ready(&request.describe()).await {
            Ok(_) => {
                let (answer, answered) = oneshot::channel();
                let call = Call {
                    request: request.clone(),
                    answer,
                };
                let sent = timeout(self.patience, self.order(Order::Call(call))).await;
                sent.map(|()| answered)
                    .map_err(|_| self.silent(&request.describe()))
            }
            Err(error) => Err(error),
        };
        Made {
            request,
            operation,
            answer,
        }
    }

    /// Waits for the answer to what was asked.
    pub(super) async fn answer(&self, made: Made) -> Came {
        let came = match made.answer {
            Ok(answered) => match timeout(self.patience, answered).await {
                Ok(Ok(came)) => came,
                Ok(Err(_)) | Err(_) => Err(self.silent(&made.request.describe())),
            },
            Err(error) => Err(error),
        };
        let word = match &came {
            // That there is no such node is an answer like any other.
            Ok(Ok(_) | Err(Code::NO_NODE)) => "ok",
            Ok(Err(_)) => "refused",
            Err(_) => tally::outcome(&came),
        };
        self.tally.add(made.operation, word);
        came
    }

    fn silent(&self, call: &str) -> CatalogError {
        CatalogError::Silent {
            who: Backend::Zookeeper,
            address: self.servers.to_string(),
            call: call.to_owned(),
            after: self.patience,
        }
    }
}

/// A way to each server, in an order of chance.
fn connectors(settings: &Settings, seed: u64) -> Result<VecDeque<Connector>, SettingsError> {
    let mut connectors = VecDeque::new();
    let mut servers: Vec<_> = settings.servers.iter().collect();
    let hasher = RandomState::new();
    servers.sort_by_key(|server| hasher.hash_one((server.to_string(), seed)));
    for server in servers {
        connectors.push_back(Connector::new(Way {
            who: Backend::Zookeeper,
            endpoint: server.clone(),
            scheme: settings.scheme,
            tls: settings.tls.clone(),
            patience: settings.timeouts.connect,
        })?);
    }
    Ok(connectors)
}

/// The one who holds the connection.
struct Task {
    settings: Arc<Settings>,
    connectors: VecDeque<Connector>,
    /// Which server to try next.
    next: usize,
    orders: mpsc::Receiver<Order>,
    state: watch::Sender<State>,
    events: broadcast::Sender<Arc<str>>,
    hello: Hello,
    /// Whether the user said how long the session outlives us.
    is_fixed: bool,
    /// Whether no service has said so yet either.
    is_first: bool,
    /// Since when servers refuse us that may have seen less than we have.
    refused_since: Option<Instant>,
    connections: u64,
    is_leaving: bool,
    jitter: Jitter,
}

impl Task {
    async fn run(mut self) {
        loop {
            match self.orders.recv().await {
                Some(Order::Outlive(longest)) => drop(self.shorten(longest)),
                Some(Order::Leave) => {}
                // Whoever calls has ordered to connect before.
                Some(Order::Open | Order::Call(_)) => break,
                None => return,
            }
        }
        self.state.send_replace(State::Opening);
        while let Some(line) = self.connect().await {
            self.connections += 1;
            self.state.send_replace(State::Up(Up {
                connection: self.connections,
                session: self.hello.session,
            }));
            if self.serve(line).await {
                return;
            }
            self.state.send_replace(State::Opening);
        }
    }

    /// Tries server after server; nothing if nobody wants one any more.
    async fn connect(&mut self) -> Option<Line> {
        let mut rounds = 0;
        loop {
            let mut last = None;
            for _ in 0..self.connectors.len() {
                if self.orders.is_closed() {
                    return None;
                }
                match self.attempt().await {
                    Ok(line) => {
                        self.refused_since = None;
                        return Some(line);
                    }
                    Err(error) => last = Some(error),
                }
                self.next = (self.next + 1) % self.connectors.len();
            }
            if let Some(error) = last {
                self.state.send_replace(State::Down(error));
            }
            rounds += 1;
            sleep(BACKOFF.pause(rounds, &mut self.jitter)).await;
        }
    }

    /// Tries one server, twice if it says that our session has ended.
    async fn attempt(&mut self) -> Result<Line, CatalogError> {
        loop {
            let patience = self.settings.timeouts.connect.min(self.hello.timeout / 2);
            let opened = {
                let address = self.address();
                let open = Line::open(&self.connectors[self.next], &mut self.hello, &self.settings);
                match timeout(patience.max(Duration::from_millis(100)), open).await {
                    Ok(opened) => opened,
                    Err(_) => Err(Unfit::Failed(CatalogError::Silent {
                        who: Backend::Zookeeper,
                        address,
                        call: "the first message".to_owned(),
                        after: patience,
                    })),
                }
            };
            match opened {
                Ok(line) => return Ok(line),
                Err(Unfit::Expired) => self.hello.forget_session(),
                Err(Unfit::Refused(error)) => {
                    self.note_refusal();
                    return Err(error);
                }
                Err(Unfit::Failed(error)) => return Err(error),
            }
        }
    }

    fn address(&self) -> String {
        self.connectors[self.next].address()
    }

    /// A server refuses whoever has seen more than it has, and so does one that is not ready. One
    /// that does it for as long as a session lives has not just fallen behind: the ensemble has
    /// lost what it knew, and what it says now is the truth.
    fn note_refusal(&mut self) {
        let since = *self.refused_since.get_or_insert_with(Instant::now);
        if since.elapsed() > self.hello.timeout {
            self.hello.seen = 0;
        }
    }

    /// Serves whoever asks until the connection breaks; tells whether nobody asks any more.
    async fn serve(&mut self, mut line: Line) -> bool {
        let reason = loop {
            let order = tokio::select! {
                reason = line.work(&mut self.hello, &self.events) => break reason,
                order = self.orders.recv(), if line.has_room() => order,
            };
            match order {
                Some(Order::Call(call)) => line.send(call),
                Some(Order::Outlive(longest)) => {
                    if self.shorten(longest) {
                        // The same session, over another connection, learns how long it lives.
                        break "the session is to live shorter".to_owned();
                    }
                }
                Some(Order::Open) => {}
                Some(Order::Leave) => self.is_leaving = true,
                None => {
                    if self.is_leaving {
                        line.say_goodbye().await;
                    }
                    return true;
                }
            }
        };
        line.give_up(&self.address(), &reason);
        self.next = (self.next + 1) % self.connectors.len();
        false
    }

    /// Tells whether the session lives longer than it should now.
    fn shorten(&mut self, longest: Duration) -> bool {
        let asked = self.hello.asked();
        if self.is_fixed || (longest >= asked && !self.is_first) {
            return false;
        }
        self.is_first = false;
        self.hello.ask(longest);
        longest < asked && self.connections > 0
    }
}

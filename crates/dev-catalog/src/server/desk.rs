//! The one owner of the store, and the list of those who wait for a change.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use super::unread::Unread;
use crate::{
    reply::Reply,
    request::{Query, Request, Terms, View},
    store::Store,
};

/// A request and where its answer goes.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) request: Request,
    pub(super) reply: oneshot::Sender<Reply>,
}

/// Takes calls one by one and turns time into the store's time.
#[derive(Debug)]
pub(super) struct Desk {
    store: Store,
    waiters: Vec<Waiter>,
    unread: Unread,
    started: Instant,
}

/// A question that is answered when there is something newer, or when its time is up.
#[derive(Debug)]
struct Waiter {
    question: Question,
    until: Duration,
    reply: oneshot::Sender<Reply>,
}

#[derive(Debug)]
enum Question {
    Newer {
        query: Query,
        terms: Terms,
        index: u64,
    },
    Different {
        view: View,
        hash: String,
    },
}

/// The part of the wait that is added at random, so that clients do not all come back together.
const JITTER_FRACTION: u32 = 16;

impl Desk {
    pub(super) fn new() -> Self {
        Self {
            store: Store::new(),
            waiters: Vec::new(),
            unread: Unread::default(),
            started: Instant::now(),
        }
    }

    /// Serves until all callers are gone.
    pub(super) async fn run(mut self, mut calls: mpsc::Receiver<Call>) {
        loop {
            let deadline = self.next_deadline().map(|at| self.started + at);
            let call = tokio::select! {
                call = calls.recv() => match call {
                    Some(call) => Some(call),
                    None => return,
                },
                () = reached(deadline) => None,
            };
            let now = self.started.elapsed();
            self.store.expire(now);
            if let Some(call) = call {
                self.take(now, call);
            }
            self.answer_waiters(now);
        }
    }

    fn next_deadline(&self) -> Option<Duration> {
        let waits = self.waiters.iter().map(|waiter| waiter.until);
        waits.chain(self.store.next_deadline()).min()
    }

    fn take(&mut self, now: Duration, Call { request, reply }: Call) {
        // Whoever does not listen any more has its own reasons.
        let _ = match request {
            Request::View(view) => {
                let make = || self.store.view(&view);
                reply.send(self.unread.answer(make))
            }
            Request::Command(command) => reply.send(self.store.apply(now, command)),
            Request::Query(query, terms) => match terms.blocking {
                Some(blocking) if self.store.index(&query) <= blocking.index => {
                    let index = blocking.index;
                    let question = Question::Newer {
                        query,
                        terms,
                        index,
                    };
                    self.hold(now, question, blocking.wait, reply);
                    Ok(())
                }
                Some(_) | None => {
                    let make = || self.store.answer(now, &query, &terms);
                    reply.send(self.unread.answer(make))
                }
            },
            Request::Differs(view, hash, _) if self.store.differs(&view, &hash) => {
                reply.send(self.store.view(&view))
            }
            Request::Differs(view, hash, wait) => {
                self.hold(now, Question::Different { view, hash }, wait, reply);
                Ok(())
            }
        };
    }

    fn hold(
        &mut self,
        now: Duration,
        question: Question,
        wait: Duration,
        reply: oneshot::Sender<Reply>,
    ) {
        // Clients that went away leave here, so the list is as long as there are connections.
        self.waiters.retain(|waiter| !waiter.reply.is_closed());
        let until = now + wait + jitter(wait);
        self.waiters.push(Waiter {
            question,
            until,
            reply,
        });
    }

    fn answer_waiters(&mut self, now: Duration) {
        let store = &self.store;
        let ready = |waiter: &mut Waiter| {
            waiter.until <= now
                || match &waiter.question {
                    Question::Newer { query, index, .. } => store.is_news(query, *index),
                    Question::Different { view, hash } => store.differs(view, hash),
                }
        };
        for waiter in self.waiters.extract_if(.., ready) {
            let make = || match &waiter.question {
                Question::Newer { query, terms, .. } => store.answer(now, query, terms),
                Question::Different { view, .. } => store.view(view),
            };
            let _ = waiter.reply.send(self.unread.answer(make));
        }
    }
}

async fn reached(deadline: Option<Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn jitter(wait: Duration) -> Duration {
    // The standard library's keys differ from one state to the next, which is random enough here.
    let random = RandomState::new().hash_one(());
    let share = (random >> 32) as f64 / f64::from(u32::MAX);
    (wait / JITTER_FRACTION).mul_f64(share)
}

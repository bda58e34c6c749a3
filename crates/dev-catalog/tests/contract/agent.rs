//! The agent a case talks to, and the record of what was said.

use std::{
    cell::RefCell,
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use super::{answer::Answer, http};

/// How long a fact may take to become true: an agent whose report to its server fails, which an
/// election on a busy machine can do, tries again after 15 to 30 seconds.
const PATIENCE: Duration = Duration::from_secs(35);

/// Between two looks at whether it has.
const PAUSE: Duration = Duration::from_millis(10);

/// One of the two agents, for the length of one case.
pub(super) struct Agent {
    addr: SocketAddr,
    record: RefCell<Vec<String>>,
}

impl Agent {
    pub(super) fn new(addr: SocketAddr) -> Self {
        Self {
            addr,
            record: RefCell::new(Vec::new()),
        }
    }

    /// Everything said so far.
    pub(super) fn record(&self) -> Vec<String> {
        self.record.borrow().clone()
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "")
    }

    pub(super) fn put(&self, path: &str, body: &str) -> Answer {
        self.send("PUT", path, body)
    }

    pub(super) fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, "")
    }

    pub(super) fn register(&self, service: &str) {
        assert_eq!(
            self.put("/v1/agent/service/register", service).status,
            200,
            "{service}"
        );
    }

    /// Sends a request and records it with its answer.
    pub(super) fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        let answer = self.quietly(method, path, body);
        self.note(&format!("{method} {path} {body:.200}\n{answer}"));
        answer
    }

    /// Sends a request, and leaves it to the case what becomes part of the record.
    pub(super) fn quietly(&self, method: &str, path: &str, body: &str) -> Answer {
        Answer::from(http::exchange(self.addr, method, path, body.as_bytes()))
    }

    /// Records the part of an answer that belongs to the case, when others write there too.
    pub(super) fn get_part(&self, path: &str, name: &str) -> Answer {
        let answer = self.quietly("GET", path, "").part(name);
        self.note(&format!("GET {path} (only {name})\n{answer}"));
        answer
    }

    /// Asks until the answer is as wanted, and records that one.
    pub(super) fn until(&self, path: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
        self.until_part(path, "", wanted)
    }

    /// The same for the part of an answer that belongs to the case.
    pub(super) fn until_part(
        &self,
        path: &str,
        name: &str,
        wanted: impl Fn(&Answer) -> bool,
    ) -> Answer {
        let started = Instant::now();
        loop {
            let answer = self.quietly("GET", path, "").part(name);
            if wanted(&answer) {
                self.note(&format!("GET {path}\n{answer}"));
                return answer;
            }
            if started.elapsed() > PATIENCE {
                self.note(&format!("GET {path} never became as wanted\n{answer}"));
                panic!("GET {path} never became as wanted");
            }
            thread::sleep(PAUSE);
        }
    }

    /// Asks for something newer than `index` while something happens; the answer is recorded.
    pub(super) fn watch(
        &self,
        path: &str,
        index: u64,
        wait: &str,
        during: impl FnOnce(),
    ) -> Watched {
        let sign = if path.contains('?') { '&' } else { '?' };
        let full = format!("{path}{sign}index={index}&wait={wait}");
        let started = Instant::now();
        let answer = self.while_asking(&full, during);
        self.note(&format!("GET {path} newer\n{answer}"));
        Watched {
            answer,
            took: started.elapsed(),
        }
    }

    /// Asks for something newer again and again until the answer is as wanted, for answers whose
    /// index moves with what other cases do. Each has to be newer than the one before.
    pub(super) fn newer(&self, path: &str, index: u64, wanted: impl Fn(&Answer) -> bool) -> Answer {
        let mut index = index;
        loop {
            let answer = self.quietly("GET", &format!("{path}?index={index}&wait=45s"), "");
            if wanted(&answer) {
                return answer;
            }
            assert!(answer.index() > index, "{path} woke without a reason");
            index = answer.index();
        }
    }

    /// Asks, lets something happen, and only then takes the answer.
    pub(super) fn while_asking(&self, path: &str, during: impl FnOnce()) -> Answer {
        let asked = http::ask(self.addr, "GET", path, b"");
        during();
        Answer::from(asked.response())
    }

    pub(super) fn note(&self, text: &str) {
        self.record.borrow_mut().push(text.to_owned());
    }
}

/// What a blocking query came back with, and after which time.
pub(super) struct Watched {
    pub(super) answer: Answer,
    pub(super) took: Duration,
}

//! What the handles and the writing thread share.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
    thread,
};

use tokio::sync::Semaphore;

use crate::{
    Level,
    writer::{self, Writer},
};

/// How many bytes of the supervisor's own records may wait.
pub(crate) const OWN: usize = 256 * 1024;

/// How many bytes of children's output may wait.
const CHILDREN: usize = 512 * 1024;

/// The state of the log.
#[derive(Debug)]
pub(crate) struct Desk {
    level: AtomicU8,
    to_file: AtomicBool,
    /// The room for the supervisor's own records.
    pub(crate) own: Arc<Semaphore>,
    /// The room for children's output, apart from the other so that a chatty child takes no record's
    /// place.
    pub(crate) children: Arc<Semaphore>,
    /// The memory that children's output is read into.
    page: Mutex<Vec<u8>>,
    /// The supervisor's own records that found no room, since the beginning.
    pub(crate) lost: AtomicU64,
    /// Whether a thread is there, or about to be.
    writing: AtomicBool,
    /// The writer, while no thread has it.
    writer: Mutex<Option<Writer>>,
}

impl Desk {
    pub(crate) fn new(level: Level, to_file: bool, writer: Writer) -> Self {
        Self {
            level: AtomicU8::new(level as u8),
            to_file: AtomicBool::new(to_file),
            own: Arc::new(Semaphore::new(OWN)),
            children: Arc::new(Semaphore::new(CHILDREN)),
            page: Mutex::new(Vec::new()),
            lost: AtomicU64::new(0),
            writing: AtomicBool::new(false),
            writer: Mutex::new(Some(writer)),
        }
    }

    pub(crate) fn change(&self, level: Level, to_file: bool) {
        self.level.store(level as u8, Ordering::Relaxed);
        self.to_file.store(to_file, Ordering::Relaxed);
    }

    /// Whether records of a level are written.
    pub(crate) fn takes(&self, level: Level) -> bool {
        level as u8 >= self.level.load(Ordering::Relaxed)
    }

    pub(crate) fn to_file(&self) -> bool {
        self.to_file.load(Ordering::Relaxed)
    }

    pub(crate) fn is_writing(&self) -> bool {
        self.writing.load(Ordering::SeqCst)
    }

    /// The writer's place; empty while a thread has it.
    pub(crate) fn writer(&self) -> MutexGuard<'_, Option<Writer>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The memory that children's output is read into; not to be held while waiting.
    pub(crate) fn page(&self) -> MutexGuard<'_, Vec<u8>> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to it that there is a thread for what was just queued.
    pub(crate) fn start(self: &Arc<Self>) {
        if self.writing.swap(true, Ordering::SeqCst) {
            return;
        }
        // A thread may have written it and ended in between.
        if !self.has_work() && !self.release() {
            return;
        }
        let desk = Arc::clone(self);
        let thread = thread::Builder::new().name("log".into());
        if thread.spawn(move || writer::run(&desk)).is_err() {
            // There are too many threads at the moment. What is queued stays there, and whatever is
            // said next tries again.
            self.writing.store(false, Ordering::SeqCst);
        }
    }

    /// Puts the writer back at the end of its thread. Answers whether the thread must go on.
    pub(crate) fn rest(&self, writer: Writer) -> bool {
        *self.writer() = Some(writer);
        self.release()
    }

    /// Says that no thread is there. Answers whether one must be all the same: for something that
    /// was queued by who still saw one, and that nobody else sees to.
    fn release(&self) -> bool {
        self.writing.store(false, Ordering::SeqCst);
        self.has_work() && !self.writing.swap(true, Ordering::SeqCst)
    }

    /// Whether something is queued that no thread has taken the writer for.
    fn has_work(&self) -> bool {
        self.writer().as_ref().is_some_and(Writer::has_work)
    }
}

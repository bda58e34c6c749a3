//! What a process writes, line by line, for whoever waits for it.

use std::{
    io::{BufRead, BufReader, Read},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::PATIENCE;

/// The output of a process, as far as it has come.
#[derive(Clone, Default)]
pub(crate) struct Tap(Arc<Shared>);

#[derive(Default)]
struct Shared {
    seen: Mutex<Seen>,
    more: Condvar,
}

#[derive(Default)]
struct Seen {
    lines: Vec<Line>,
    /// Streams that have not ended.
    open: usize,
}

struct Line {
    at: Instant,
    stream: &'static str,
    text: String,
}

impl Tap {
    /// Reads a stream to its end, beside whatever else is done.
    pub(crate) fn draw(&self, stream: &'static str, source: impl Read + Send + 'static) {
        self.seen().open += 1;
        let tap = self.clone();
        std::thread::spawn(move || {
            let mut source = BufReader::new(source);
            let mut line = Vec::new();
            while source
                .read_until(b'\n', &mut line)
                .is_ok_and(|read| read > 0)
            {
                let text = String::from_utf8_lossy(&line);
                tap.push(stream, text.strip_suffix('\n').unwrap_or(&text));
                line.clear();
            }
            tap.seen().open -= 1;
            tap.0.more.notify_all();
        });
    }

    fn push(&self, stream: &'static str, text: &str) {
        self.seen().lines.push(Line {
            at: Instant::now(),
            stream,
            text: text.to_owned(),
        });
        self.0.more.notify_all();
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every line so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen()
            .lines
            .iter()
            .map(|line| line.text.clone())
            .collect()
    }

    /// Every line so far, with its time.
    pub(crate) fn timed(&self) -> Vec<(Instant, String)> {
        let seen = self.seen();
        let lines = seen.lines.iter();
        lines.map(|line| (line.at, line.text.clone())).collect()
    }

    /// What one stream has carried so far.
    pub(crate) fn stream(&self, stream: &str) -> String {
        let seen = self.seen();
        let lines = seen.lines.iter().filter(|line| line.stream == stream);
        lines.map(|line| line.text.clone() + "\n").collect()
    }

    /// Every line so far, with its time, for people.
    pub(crate) fn told(&self, since: Instant) -> String {
        let seen = self.seen();
        let one = |line: &Line| {
            let at = line.at.saturating_duration_since(since).as_secs_f64();
            let text: String = line.text.chars().take(300).collect();
            format!("  {at:7.3} {} | {text}\n", line.stream)
        };
        let skipped = seen.lines.len().saturating_sub(400);
        let lines: String = seen.lines.iter().skip(skipped).map(one).collect();
        format!("output ({skipped} lines left out):\n{lines}")
    }

    /// Waits until enough lines hold a text; gives the last of them, or nothing when time is up.
    pub(crate) fn wait_for(&self, text: &str, count: usize) -> Option<String> {
        let deadline = Instant::now() + PATIENCE;
        self.wait(deadline, |seen| {
            let mut found = seen.lines.iter().filter(|line| line.text.contains(text));
            found.nth(count - 1).map(|line| line.text.clone())
        })
    }

    /// Waits until every stream has ended; tells whether they did.
    pub(crate) fn wait_for_end(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        self.wait(deadline, |seen| (seen.open == 0).then_some(()))
            .is_some()
    }

    fn wait<T>(&self, deadline: Instant, look: impl Fn(&Seen) -> Option<T>) -> Option<T> {
        let mut seen = self.seen();
        loop {
            if let Some(found) = look(&seen) {
                return Some(found);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            let waited = self.0.more.wait_timeout(seen, left);
            seen = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

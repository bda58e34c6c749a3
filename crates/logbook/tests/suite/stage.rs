//! A log in a file or a pipe, and children that are only their pipes.

use std::{
    fs,
    io::{PipeReader, Read, pipe},
    os::fd::{AsRawFd, OwnedFd},
    path::PathBuf,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use logbook::{Format, Level, Logbook, Origin, Output, Record, Settings, Stream};
use tempfile::TempDir;

/// The longest that anything may take which does not wait for anybody.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A log that goes to a file in a folder of its own.
pub(crate) struct Stage {
    pub(crate) folder: TempDir,
    pub(crate) log: Logbook,
}

impl Stage {
    pub(crate) fn new(format: Format) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = Logbook::open(to(folder.path().join("log"), format)).unwrap();
        Self { folder, log }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// All that was written to the file, after everything said is.
    pub(crate) async fn bytes(&self) -> Vec<u8> {
        assert!(self.log.flush(SOON).await, "it takes too long to write");
        fs::read(self.path("log")).unwrap()
    }

    pub(crate) async fn text(&self) -> String {
        String::from_utf8(self.bytes().await).unwrap()
    }

    /// Captures this as the whole output of a child.
    pub(crate) async fn child_says(&self, output: &[u8]) {
        let (reader, mut writer) = pipe().unwrap();
        let output = output.to_owned();
        let child = std::thread::spawn(move || {
            std::io::Write::write_all(&mut writer, &output).unwrap();
        });
        let capture = self.log.capture(reader.into(), app(Stream::Stdout), None);
        within_soon(capture).await;
        child.join().unwrap();
    }
}

/// Settings for everything, to this file.
pub(crate) fn to(path: impl Into<PathBuf>, format: Format) -> Settings {
    Settings {
        level: Level::Debug,
        format,
        output: Output::File(path.into()),
    }
}

pub(crate) fn app(stream: Stream) -> Origin {
    Origin::new("app", 12, stream)
}

pub(crate) fn info(message: impl Into<String>) -> Record {
    Record::own(Level::Info, message)
}

pub(crate) async fn within_soon<T>(future: impl Future<Output = T>) -> T {
    let limited = tokio::time::timeout(SOON, future).await;
    limited.expect("it takes too long")
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !so() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::yield_now();
    }
}

/// A pipe for a log to be written to, and what keeps its path alive.
pub(crate) struct Outlet {
    pub(crate) reader: PipeReader,
    writer: OwnedFd,
}

impl Outlet {
    pub(crate) fn new() -> Self {
        let (reader, writer) = pipe().unwrap();
        Self {
            reader,
            writer: writer.into(),
        }
    }

    /// A log that is written to it, by a descriptor of its own.
    pub(crate) fn log(&self, format: Format) -> Logbook {
        let path = format!("/proc/self/fd/{}", self.writer.as_raw_fd());
        Logbook::open(to(path, format)).unwrap()
    }

    /// Begins to read; the thread ends when the last log to it is gone.
    pub(crate) fn read(self) -> JoinHandle<Vec<u8>> {
        drop(self.writer);
        let mut reader = self.reader;
        std::thread::spawn(move || {
            let mut text = Vec::new();
            reader.read_to_end(&mut text).unwrap();
            text
        })
    }
}

/// The messages of a log in the default format, of whatever origin.
pub(crate) fn after_time(text: &str) -> Vec<&str> {
    let after = |line: &'_ str| line.find(' ').map(|at| at + 1);
    text.lines()
        .map(|line| &line[after(line).expect("a time")..])
        .collect()
}

/// How many threads of this process write logs.
pub(crate) fn log_threads() -> usize {
    fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|name| name == "log\n")
        .count()
}

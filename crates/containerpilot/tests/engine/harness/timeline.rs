//! Who did what when: the test, the engine, the load. Written to a file, and printed when a test
//! fails.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use super::docker::command;

/// A record that everybody writes to. It holds what the engine says of one project, too.
#[derive(Clone)]
pub(crate) struct Timeline(Arc<Record>);

struct Record {
    title: String,
    began: Instant,
    notes: Mutex<Vec<(Instant, &'static str, String)>>,
    events: Mutex<Vec<Child>>,
}

impl Timeline {
    /// Begins one; the events of a Compose project become part of it.
    pub(crate) fn new(title: &str, project: Option<&str>) -> Self {
        let timeline = Self(Arc::new(Record {
            title: title.to_owned(),
            began: Instant::now(),
            notes: Mutex::default(),
            events: Mutex::default(),
        }));
        if let Some(project) = project {
            timeline.follow(&format!("label=com.docker.compose.project={project}"));
        }
        timeline
    }

    /// Begins one with the events of all that runs on this thread's own engine.
    pub(crate) fn of_engine(title: &str) -> Self {
        let timeline = Self::new(title, None);
        timeline.follow("type=container");
        timeline
    }

    /// Takes in what the engine says of the containers of a filter, such as `container=NAME`, until
    /// the end.
    pub(crate) fn follow(&self, filter: &str) {
        let format =
            "{{.TimeNano}} {{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}";
        let mut events = command("docker")
            .args([
                "events",
                "--filter",
                filter,
                "--filter",
                "type=container",
                "--format",
                format,
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(events.stdout.take().unwrap()).lines();
        let record = Arc::downgrade(&self.0);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let Some(record) = record.upgrade() else {
                    break;
                };
                let (nanos, line) = line.split_once(' ').unwrap_or_default();
                if !line.starts_with("exec_") {
                    let line = line.replace("<no value>", "");
                    Self(record).note_at(instant(nanos), "engine", line.trim_end());
                }
            }
        });
        self.0.events.lock().unwrap().push(events);
    }

    /// What the test does.
    pub(crate) fn act(&self, what: &str) {
        self.note("test", what);
    }

    pub(crate) fn note(&self, who: &'static str, what: &str) {
        self.note_at(Instant::now(), who, what);
    }

    fn note_at(&self, at: Instant, who: &'static str, what: &str) {
        let mut notes = self.0.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push((at, who, what.to_owned()));
    }

    /// Says how long something took, for whoever reads the output of a run.
    pub(crate) fn measured(&self, what: &str, took: Duration) {
        let line = format!("{what}: {:.2} s", took.as_secs_f64());
        self.note("measured", &line);
        println!("{}: {line}", self.0.title);
    }

    /// When the engine last said this of a container, such as `start`.
    pub(crate) fn when(&self, action: &str, container: &str) -> Option<Instant> {
        let said = format!("{action} {container}");
        let notes = self.0.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = notes.iter().filter(|(_, who, _)| *who == "engine");
        let found =
            all.rfind(|(_, _, what)| *what == said || what.starts_with(&format!("{said} ")));
        found.map(|(at, ..)| *at)
    }

    /// The status that a container last ended with, as the engine said.
    pub(crate) fn status(&self, container: &str) -> Option<i32> {
        let said = format!("die {container} ");
        let notes = self.0.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statuses = notes
            .iter()
            .filter_map(|(_, _, what)| what.strip_prefix(&said));
        statuses.next_back()?.parse().ok()
    }

    pub(super) fn title(&self) -> &str {
        &self.0.title
    }

    /// Everything, in the order of time.
    pub(crate) fn told(&self) -> String {
        let mut notes = self
            .0
            .notes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        notes.sort_by_key(|(at, ..)| *at);
        let lines = notes.iter().map(|(at, who, what)| {
            let at = at.saturating_duration_since(self.0.began).as_secs_f64();
            let what: String = what.chars().take(300).collect();
            format!("  {at:8.3} {who:>8} | {what}\n")
        });
        let lines: String = lines.collect();
        format!("timeline of {}:\n{lines}", self.0.title)
    }

    /// Where it is kept when the test is over.
    pub(crate) fn path(&self) -> PathBuf {
        let target = concat!(env!("CARGO_TARGET_TMPDIR"), "/../timelines");
        PathBuf::from(target).join(format!("{}.txt", self.0.title))
    }

    /// Writes it to its file, and says where.
    pub(crate) fn write(&self) {
        let path = self.path();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, self.told()).unwrap();
        println!(
            "timeline: {}",
            path.canonicalize().unwrap_or(path).display()
        );
    }
}

/// The moment of an event, which the engine tells by the clock on the wall.
fn instant(nanos: &str) -> Instant {
    let since_1970 = Duration::from_nanos(nanos.parse().unwrap_or_default());
    let ago = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH + since_1970);
    Instant::now() - ago.unwrap_or_default().min(Duration::from_secs(60))
}

impl Drop for Record {
    fn drop(&mut self) {
        let events = self
            .events
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        for events in events {
            let _ = events.kill();
            let _ = events.wait();
        }
    }
}

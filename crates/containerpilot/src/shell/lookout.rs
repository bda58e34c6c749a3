//! Files that watches look at: read when the kernel says that they may have changed, one at a time
//! and beside the loop.

use std::{
    collections::{BTreeMap, VecDeque},
    path::{Path, PathBuf},
};

use ctmpl::Source;
use pilot_core::{FileSight, Input, Level, Sight, spec::WatchId};
use tokio::task::JoinSet;

use super::{Shell, sights::Ink};

/// The files that watches look at.
#[derive(Default)]
pub(super) struct Lookout {
    watched: BTreeMap<PathBuf, Vec<WatchId>>,
    /// Those that may have changed since they were read.
    due: VecDeque<PathBuf>,
    /// The one that is read. A disk that hangs must leave a thread to the templates.
    reading: JoinSet<Seen>,
}

/// What a file turned out to be.
pub(super) struct Seen {
    path: PathBuf,
    sight: FileSight,
}

impl Lookout {
    /// Takes note that a file may have changed, if a watch looks at it.
    fn mind(&mut self, path: &Path, ink: &Ink) {
        let is_new = !self.due.iter().any(|due| due == path);
        if is_new && self.watched.contains_key(path) {
            self.due.push_back(path.to_owned());
        }
        self.read_next(ink);
    }

    fn read_next(&mut self, ink: &Ink) {
        if !self.reading.is_empty() {
            return;
        }
        if let Some(path) = self.due.pop_front() {
            let ink = ink.clone();
            self.reading.spawn_blocking(move || {
                let sight = ink.look_at_file(&path);
                Seen { path, sight }
            });
        }
    }

    /// Waits until a file was read; for ever while none is.
    pub(super) async fn seen(&mut self) -> Seen {
        loop {
            match self.reading.join_next().await {
                Some(Ok(seen)) => return seen,
                // A fault in such work ends it, and the watch waits for the next change.
                Some(Err(_)) => {}
                None => return std::future::pending().await,
            }
        }
    }
}

impl Shell {
    /// A watch looks at a file from now on.
    pub(super) fn look_out(&mut self, path: &str, watch: WatchId) {
        let path = PathBuf::from(path);
        let watches = self.lookout.watched.entry(path.clone()).or_default();
        watches.push(watch);
        // What changes while it is read is told after that.
        let deaf = self.files.look_again([path.as_path()]);
        self.say_deaf(&deaf);
        self.tell_hearing(&path, false);
        self.lookout.mind(&path, &self.ink);
    }

    pub(super) fn look_no_more(&mut self, path: &str, watch: &WatchId) {
        let path = Path::new(path);
        if let Some(watches) = self.lookout.watched.get_mut(path) {
            watches.retain(|other| other != watch);
            if watches.is_empty() {
                self.lookout.watched.remove(path);
            }
        }
        self.look_at_files();
    }

    /// Files that templates or watches look at may have changed.
    pub(super) fn on_files_changed(&mut self, paths: Vec<PathBuf>) {
        for path in paths {
            // The way to it may be another now.
            let could_hear = self.files.deaf_to(&path).is_none();
            let deaf = self.files.look_again([path.as_path()]);
            self.say_deaf(&deaf);
            self.tell_hearing(&path, could_hear);
            self.lookout.mind(&path, &self.ink);
            let path = path.to_string_lossy().into_owned();
            let lookers = self.follows.lookers_at_file(&path);
            let source = Source::File(path);
            // It is read when it is looked at.
            self.follows.brain.forget(&source);
            self.tell_templates(&source, lookers);
        }
    }

    /// Looks at exactly the files that templates and watches look at.
    pub(super) fn look_at_files(&mut self) {
        let of_templates = self.follows.files().map(Path::new);
        let of_watches = self.lookout.watched.keys().map(PathBuf::as_path);
        let deaf = self.files.look_at(of_templates.chain(of_watches));
        self.say_deaf(&deaf);
    }

    fn say_deaf(&self, deaf: &[(PathBuf, String)]) {
        for (path, reason) in deaf {
            let path = path.display();
            let message = format!("changes of {path} may go unnoticed: {reason}");
            self.say(Level::Warn, &message);
        }
    }

    /// Whoever watches a file whose changes nobody tells knows what may be old.
    fn tell_hearing(&mut self, path: &Path, could_hear: bool) {
        let deaf = self.files.deaf_to(path).map(str::to_owned);
        for watch in self.lookout.watched.get(path).into_iter().flatten() {
            let watch = watch.clone();
            match &deaf {
                Some(why) => self.inputs.push_back(Input::WatchLost {
                    watch,
                    reason: format!("its changes may go unnoticed: {why}"),
                }),
                None if could_hear => {}
                None => self.inputs.push_back(Input::WatchBack { watch }),
            }
        }
    }

    /// A file was read that watches look at.
    pub(super) fn on_file_seen(&mut self, seen: Seen) {
        let Seen { path, sight } = seen;
        let sight = Sight::File(sight);
        for watch in self.lookout.watched.get(&path).into_iter().flatten() {
            let (watch, sight) = (watch.clone(), sight.clone());
            self.inputs.push_back(Input::WatchAnswered { watch, sight });
        }
        self.lookout.read_next(&self.ink);
    }
}

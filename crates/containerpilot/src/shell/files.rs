//! Files that templates are made of: read once, and again when the kernel says that they changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use tokio::net::unix::pipe;

/// What is looked for in a directory: a file written, put in place, or taken away. A file that is
/// replaced is another file, so it is the directory that has to be watched.
const CHANGES: WatchFlags = WatchFlags::CLOSE_WRITE
    .union(WatchFlags::CREATE)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::DELETE);
/// Enough for several events with names of full length.
const BUFFER: usize = 4096;
/// The fixed part of an event: watch, mask, cookie and the length of the name, four bytes each.
const HEAD: usize = 16;

/// Files that somebody looks at.
#[derive(Default)]
pub(super) struct Files {
    /// None before the first file, and where the kernel has no more to give.
    events: Option<pipe::Receiver>,
    /// The places in directories that each file depends on.
    files: BTreeMap<PathBuf, BTreeSet<Place>>,
    /// Watched directories.
    directories: BTreeMap<PathBuf, i32>,
}

/// A name in a directory.
type Place = (PathBuf, Box<OsStr>);

impl Files {
    /// Looks at exactly these files from now on; an error tells of files whose changes will not
    /// be noticed.
    pub(super) fn look_at<'p>(
        &mut self,
        paths: impl Iterator<Item = &'p Path>,
    ) -> Result<(), io::Error> {
        self.files = paths.map(|path| (path.to_owned(), places(path))).collect();
        self.watch_directories()
    }

    fn watch_directories(&mut self) -> Result<(), io::Error> {
        let places = self.files.values().flatten();
        let wanted: BTreeSet<&Path> = places.map(|(directory, _)| directory.as_path()).collect();
        if self.events.is_none() && !wanted.is_empty() {
            let events = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
            // No pipe, but waited for and read like one.
            self.events = Some(pipe::Receiver::from_owned_fd_unchecked(events)?);
        }
        let Some(events) = &self.events else {
            return Ok(());
        };
        self.directories.retain(|directory, watch| {
            let stays = wanted.contains(directory.as_path());
            if !stays {
                // A directory that is gone has taken its watch with it.
                let _ = inotify::remove_watch(events, *watch);
            }
            stays
        });
        let mut outcome = Ok(());
        for directory in wanted {
            if self.directories.contains_key(directory) {
                continue;
            }
            match inotify::add_watch(events, directory, CHANGES) {
                Ok(watch) => {
                    self.directories.insert(directory.to_owned(), watch);
                }
                Err(error) => outcome = Err(error.into()),
            }
        }
        outcome
    }

    /// Waits until files may have changed, and tells which.
    pub(super) async fn changed(&self) -> Vec<PathBuf> {
        let Some(events) = &self.events else {
            return std::future::pending().await;
        };
        loop {
            if events.readable().await.is_err() {
                return std::future::pending().await;
            }
            let mut touched = BTreeSet::new();
            let mut buffer = [0; BUFFER];
            while let Ok(read) = events.try_read(&mut buffer) {
                self.note(&buffer[..read], &mut touched);
            }
            if !touched.is_empty() {
                return touched.into_iter().collect();
            }
        }
    }

    /// Notes which files the events tell of.
    fn note(&self, mut events: &[u8], touched: &mut BTreeSet<PathBuf>) {
        while let Some((head, rest)) = events.split_at_checked(HEAD) {
            let word =
                |n: usize| u32::from_ne_bytes([head[n], head[n + 1], head[n + 2], head[n + 3]]);
            let length = usize::try_from(word(12)).unwrap_or(usize::MAX);
            let Some((name, rest)) = rest.split_at_checked(length) else {
                return;
            };
            events = rest;
            let end = name.iter().position(|byte| *byte == 0);
            let name = OsStr::from_bytes(&name[..end.unwrap_or(name.len())]);
            let lost = ReadFlags::from_bits_retain(word(4)).contains(ReadFlags::QUEUE_OVERFLOW);
            let watch = word(0).cast_signed();
            let hit = |(directory, own): &Place| {
                let there = self.directories.get(directory) == Some(&watch);
                there && (name.is_empty() || name == &**own)
            };
            let hits = self.files.iter();
            let hits = hits.filter(|(_, places)| lost || places.iter().any(hit));
            touched.extend(hits.map(|(path, _)| path.clone()));
        }
    }
}

/// Where a change of the file would show: under its own name, and wherever symbolic links lead on
/// the way to it, since an orchestrator changes a mounted file by changing such a link.
fn places(path: &Path) -> BTreeSet<Place> {
    /// As many links as the kernel follows.
    const LINKS: usize = 40;
    let mut found = BTreeSet::new();
    let mut next = vec![path.to_owned()];
    while let Some(path) = next.pop() {
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            continue;
        };
        let directory = if directory.as_os_str().is_empty() {
            Path::new(".")
        } else {
            directory
        };
        if found.len() == LINKS || !found.insert((directory.to_owned(), name.into())) {
            continue;
        }
        if let Ok(target) = fs::read_link(&path) {
            next.push(directory.join(target));
        }
        // The directory itself may be such a link.
        if fs::symlink_metadata(directory).is_ok_and(|found| found.is_symlink()) {
            next.push(directory.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn in_a_runtime<T>(act: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime
            .block_on(async { tokio::time::timeout(Duration::from_secs(10), act).await })
            .expect("no change was noticed")
    }

    #[test]
    fn a_file_that_is_written_replaced_or_taken_away_has_changed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, "1").unwrap();
        in_a_runtime(async {
            let mut files = Files::default();
            files.look_at([path.as_path()].into_iter()).unwrap();
            fs::write(dir.path().join("other"), "x").unwrap();
            fs::write(&path, "2").unwrap();
            assert_eq!(files.changed().await, std::slice::from_ref(&path));
            fs::write(dir.path().join("new"), "3").unwrap();
            fs::rename(dir.path().join("new"), &path).unwrap();
            assert_eq!(files.changed().await, std::slice::from_ref(&path));
            fs::remove_file(&path).unwrap();
            assert_eq!(files.changed().await, std::slice::from_ref(&path));
        });
    }

    #[test]
    fn a_link_on_the_way_that_is_changed_changes_the_file() {
        use std::os::unix::fs::symlink;
        // As a mounted ConfigMap: name -> ..data/name, ..data -> a directory with a date.
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for (version, text) in [("v1", "1"), ("v2", "2")] {
            fs::create_dir(at(version)).unwrap();
            fs::write(at(version).join("conf"), text).unwrap();
        }
        symlink("v1", at("..data")).unwrap();
        symlink("..data/conf", at("conf")).unwrap();
        in_a_runtime(async {
            let mut files = Files::default();
            let path = at("conf");
            files.look_at([path.as_path()].into_iter()).unwrap();
            symlink("v2", at("..data_tmp")).unwrap();
            fs::rename(at("..data_tmp"), at("..data")).unwrap();
            assert_eq!(files.changed().await, std::slice::from_ref(&path));
            assert_eq!(fs::read_to_string(&path).unwrap(), "2");
        });
    }
}

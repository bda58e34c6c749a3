//! Files that templates and watches look at: the kernel says when they may have changed.
//!
//! A file is replaced by another, reached by a link that is changed, or its directory is taken away
//! and made anew, so every step of the way to it is looked at, and the file itself: one that is
//! mounted by itself is written in a directory that nobody here sees.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Component, Path, PathBuf, absolute},
};

use rustix::{
    fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags},
    io::Errno,
};
use tokio::net::unix::pipe;

/// A step of the way that is put in place, taken away, or closed to us.
const STEP: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::ATTRIB);
/// The same of the last step, which may also be written.
const LAST: WatchFlags = STEP.union(WatchFlags::CLOSE_WRITE);
/// A file that is written under whatever name.
const ITSELF: WatchFlags = WatchFlags::CLOSE_WRITE.union(WatchFlags::ATTRIB);
/// Enough for several events with names of full length.
const BUFFER: usize = 4096;
/// The fixed part of an event: watch, mask, cookie and the length of the name, four bytes each.
const HEAD: usize = 16;
/// How often the way to a file is looked at until it stays the same; whatever changes it after that
/// is told by the kernel.
const TRIES: usize = 5;

/// Files that somebody looks at.
#[derive(Default)]
pub(super) struct Files {
    /// None before the first file, and where the kernel has no more to give.
    events: Option<pipe::Receiver>,
    files: BTreeMap<PathBuf, Way>,
    /// What the kernel tells of.
    told: BTreeMap<PathBuf, i32>,
}

/// The way to a file.
#[derive(Default)]
struct Way {
    places: BTreeSet<Place>,
    /// Why changes of it may go unnoticed.
    deaf: Option<String>,
}

/// Where a change of a file would show.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Under a name in a directory.
    Named {
        at: PathBuf,
        name: OsString,
        is_last: bool,
    },
    /// At the file itself.
    Itself(PathBuf),
}

impl Place {
    fn at(&self) -> &Path {
        match self {
            Self::Named { at, .. } | Self::Itself(at) => at,
        }
    }

    fn flags(&self) -> WatchFlags {
        match self {
            Self::Named { is_last: false, .. } => STEP,
            Self::Named { is_last: true, .. } => LAST,
            Self::Itself(_) => ITSELF,
        }
    }

    /// Whether it concerns what has this name; what is told of a thing itself has none.
    fn is_called(&self, called: &OsStr) -> bool {
        match self {
            Self::Named { name, .. } => called.is_empty() || name == called,
            Self::Itself(_) => called.is_empty(),
        }
    }
}

impl Files {
    /// Looks at exactly these files from now on; gives those whose changes may go unnoticed, if
    /// that is news, and why.
    pub(super) fn look_at<'p>(
        &mut self,
        paths: impl Iterator<Item = &'p Path>,
    ) -> Vec<(PathBuf, String)> {
        let wanted: BTreeSet<&Path> = paths.collect();
        self.files.retain(|path, _| wanted.contains(path.as_path()));
        let is_new = |path: &&Path| !self.files.contains_key(*path);
        let new: Vec<&Path> = wanted.into_iter().filter(is_new).collect();
        self.look_again(new)
    }

    /// Looks at these files too, or at the way to them anew.
    pub(super) fn look_again<'p>(
        &mut self,
        paths: impl IntoIterator<Item = &'p Path>,
    ) -> Vec<(PathBuf, String)> {
        let mut news = Vec::new();
        for path in paths {
            let way = self.settle(path);
            let before = self.files.get(path).and_then(|way| way.deaf.clone());
            if let Some(reason) = way.deaf.clone().filter(|_| before.is_none()) {
                news.push((path.to_owned(), reason));
            }
            self.files.insert(path.to_owned(), way);
        }
        self.drop_rest();
        news
    }

    /// Why changes of a file may go unnoticed, if so.
    pub(super) fn deaf_to(&self, path: &Path) -> Option<&str> {
        self.files.get(path)?.deaf.as_deref()
    }

    /// Finds the way to a file, and lets the kernel tell of it.
    fn settle(&mut self, path: &Path) -> Way {
        let mut way = Way::default();
        for _ in 0..TRIES {
            let places = places(path);
            if places == way.places {
                break;
            }
            let faults = places.iter().map(|place| self.hear_of(place).err());
            let faults: Vec<io::Error> = faults.flatten().collect();
            let deaf = faults.first().map(crate::source::plain);
            way = Way { places, deaf };
        }
        way
    }

    fn hear_of(&mut self, place: &Place) -> Result<(), io::Error> {
        if self.events.is_none() {
            let events = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
            // No pipe, but waited for and read like one.
            self.events = Some(pipe::Receiver::from_owned_fd_unchecked(events)?);
        }
        let Some(events) = &self.events else {
            return Ok(());
        };
        // What else is told of the same thing stays so.
        let flags = place.flags() | WatchFlags::MASK_ADD;
        match inotify::add_watch(events, place.at(), flags) {
            Ok(watch) => {
                let before = self.told.insert(place.at().to_owned(), watch);
                if let Some(before) = before.filter(|before| *before != watch) {
                    self.hush(before);
                }
                Ok(())
            }
            // It has just gone, so the way leads elsewhere by now.
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets the kernel tell no more of what no file needs.
    fn drop_rest(&mut self) {
        let places = self.files.values().flat_map(|way| &way.places);
        let wanted: BTreeSet<&Path> = places.map(Place::at).collect();
        let (kept, dropped): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut self.told)
            .into_iter()
            .partition(|(at, _)| wanted.contains(at.as_path()));
        self.told = kept;
        dropped.into_values().for_each(|watch| self.hush(watch));
    }

    fn hush(&self, watch: i32) {
        // One thing may be known by two paths.
        if let Some(events) = &self.events
            && !self.told.values().any(|other| *other == watch)
        {
            // What is gone has taken its watch with it.
            let _ = inotify::remove_watch(events, watch);
        }
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
            let hit = |place: &Place| {
                let there = self.told.get(place.at()) == Some(&watch);
                there && place.is_called(name)
            };
            let hits = self.files.iter();
            let hits = hits.filter(|(_, way)| lost || way.places.iter().any(hit));
            touched.extend(hits.map(|(path, _)| path.clone()));
        }
    }
}

/// Where a change of the file would show: at each step of the way that the kernel goes, as far as it
/// leads, and wherever symbolic links lead, since an orchestrator changes a mounted file by changing
/// such a link.
fn places(path: &Path) -> BTreeSet<Place> {
    /// As many links as the kernel follows.
    const LINKS: usize = 40;
    let mut found = BTreeSet::new();
    let mut at = PathBuf::from("/");
    let mut ahead = steps(&absolute(path).unwrap_or_default());
    let mut links = 0;
    while let Some(name) = ahead.pop() {
        if name == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&name);
        let is_last = ahead.is_empty();
        found.insert(Place::Named {
            at: at.clone(),
            name,
            is_last,
        });
        let Ok(there) = fs::symlink_metadata(&next) else {
            break;
        };
        if there.is_symlink() {
            links += 1;
            let target = fs::read_link(&next).unwrap_or_default();
            if links > LINKS {
                break;
            }
            if target.is_absolute() {
                at = PathBuf::from("/");
            }
            ahead.extend(steps(&target));
        } else if there.is_dir() {
            at = next;
        } else {
            if is_last && there.is_file() {
                found.insert(Place::Itself(next));
            }
            break;
        }
    }
    found
}

/// The steps of a path, the first one last.
fn steps(path: &Path) -> Vec<OsString> {
    let steps = path.components().rev().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        Component::ParentDir => Some(OsStr::new("..")),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    steps.map(OsStr::to_owned).collect()
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
            assert_eq!(files.look_at([path.as_path()].into_iter()), []);
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
            assert_eq!(files.look_at([path.as_path()].into_iter()), []);
            symlink("v2", at("..data_tmp")).unwrap();
            fs::rename(at("..data_tmp"), at("..data")).unwrap();
            assert_eq!(files.changed().await, std::slice::from_ref(&path));
            assert_eq!(fs::read_to_string(&path).unwrap(), "2");
        });
    }

    #[test]
    fn a_file_that_is_written_under_another_name_has_changed() {
        // As one that is mounted by itself, and is written where it comes from.
        let dir = tempfile::tempdir().unwrap();
        let (here, there) = (dir.path().join("here"), dir.path().join("there"));
        fs::create_dir(&here).unwrap();
        fs::create_dir(&there).unwrap();
        fs::write(there.join("a"), "1").unwrap();
        fs::hard_link(there.join("a"), here.join("a")).unwrap();
        in_a_runtime(async {
            let mut files = Files::default();
            let path = here.join("a");
            assert_eq!(files.look_at([path.as_path()].into_iter()), []);
            fs::write(there.join("a"), "2").unwrap();
            assert_eq!(files.changed().await, std::slice::from_ref(&path));
        });
    }

    #[test]
    fn what_is_no_longer_on_the_way_is_not_looked_at() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let path = at("data/conf");
        in_a_runtime(async {
            let mut files = Files::default();
            assert_eq!(files.look_at([path.as_path()].into_iter()), []);
            let mut sizes = BTreeSet::new();
            for n in 0..20 {
                let (dated, beside) = (at(&format!("v{n}")), at("beside"));
                fs::create_dir(&dated).unwrap();
                fs::write(dated.join("conf"), "x").unwrap();
                symlink(&dated, &beside).unwrap();
                fs::rename(&beside, at("data")).unwrap();
                assert_eq!(files.changed().await, std::slice::from_ref(&path));
                assert_eq!(files.look_again([path.as_path()]), []);
                sizes.insert(files.told.len());
            }
            assert_eq!(sizes.len(), 1, "it grows: {sizes:?}");
            assert_eq!(files.look_at(std::iter::empty()), []);
            assert!(files.told.is_empty(), "{:?}", files.told);
        });
    }

    #[test]
    fn what_the_kernel_does_not_tell_of_is_said_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        in_a_runtime(async {
            let mut files = Files::default();
            // No inotify is where this is.
            let (end, _other_end) = std::os::unix::net::UnixStream::pair().unwrap();
            end.set_nonblocking(true).unwrap();
            files.events = Some(pipe::Receiver::from_owned_fd_unchecked(end.into()).unwrap());
            let said = files.look_at([path.as_path()].into_iter());
            assert_eq!(said, [(path.clone(), "invalid argument".to_owned())]);
            assert_eq!(files.deaf_to(&path), Some("invalid argument"));
            assert_eq!(files.look_again([path.as_path()]), []);
        });
    }
}

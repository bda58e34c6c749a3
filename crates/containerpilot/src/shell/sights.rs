//! What the catalog says and what files hold, as watches see it: of values only that one is another.

use std::{
    fs::{self, File, OpenOptions},
    hash::{BuildHasher, DefaultHasher, Hasher, RandomState},
    io::{self, Read},
    os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt},
    path::Path,
};

use catalog::answer::{self, Answer};
use pilot_core::{FileSight, Fingerprint, Instance, Sight};

use crate::source::plain;

/// How much of a file is read at a time.
const CHUNK: usize = 64 * 1024;
/// How much of a file is read. One that is larger is another, too, if its size or its time is.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Takes fingerprints, which nobody outside can guess.
#[derive(Clone, Default)]
pub(super) struct Ink([RandomState; 2]);

impl Ink {
    fn hashers(&self) -> [DefaultHasher; 2] {
        self.0.each_ref().map(BuildHasher::build_hasher)
    }

    fn of_bytes(&self, bytes: &[u8]) -> Fingerprint {
        let mut hashers = self.hashers();
        hashers.iter_mut().for_each(|hasher| hasher.write(bytes));
        fingerprint(&hashers)
    }

    /// What is seen in an answer; nothing if it is about nothing that is watched.
    pub(super) fn sight(&self, answer: &Answer) -> Option<Sight> {
        match answer {
            Answer::Instances(instances) => {
                Some(Sight::Instances(instances.iter().map(instance).collect()))
            }
            Answer::Value(value) => {
                let value = value.as_ref().map(|value| self.of_bytes(value));
                Some(Sight::Value(value))
            }
            Answer::Pairs(pairs) => {
                let pair =
                    |pair: &answer::Pair| (pair.path.to_string(), self.of_bytes(&pair.value));
                Some(Sight::Keys(pairs.iter().map(pair).collect()))
            }
            Answer::Services(_) | Answer::Nodes(_) | Answer::Node(_) | Answer::Datacenters(_) => {
                None
            }
        }
    }

    /// What is seen where a file should be. It takes as long as the disk likes, but what is there
    /// is never waited for.
    pub(super) fn look_at_file(&self, path: &Path) -> FileSight {
        let looked = match open(path) {
            Ok(Ok(file)) => self.of_file(file),
            Ok(Err(what)) => return unreadable(what),
            Err(error) => Err(error),
        };
        match looked {
            Ok(fingerprint) => FileSight::Readable(fingerprint),
            Err(error) if is_absence(&error) => FileSight::Absent,
            Err(error) => unreadable(&plain(&error)),
        }
    }

    fn of_file(&self, mut file: File) -> Result<Fingerprint, io::Error> {
        let about = file.metadata()?;
        let mut hashers = self.hashers();
        if about.len() > LARGEST {
            for hasher in &mut hashers {
                hasher.write_u64(about.len());
                hasher.write_i64(about.mtime());
                hasher.write_i64(about.mtime_nsec());
            }
        }
        let mut left = LARGEST;
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = fill(&mut file, &mut chunk)?;
            hashers
                .iter_mut()
                .for_each(|hasher| hasher.write(&chunk[..read]));
            left = left.saturating_sub(read as u64);
            if read < CHUNK || left == 0 {
                return Ok(fingerprint(&hashers));
            }
        }
    }
}

fn fingerprint(hashers: &[DefaultHasher; 2]) -> Fingerprint {
    let [high, low] = hashers.each_ref().map(|hasher| u128::from(hasher.finish()));
    Fingerprint((high << 64) | low)
}

/// Reads until the chunk is full, or the file is over.
fn fill(file: &mut File, chunk: &mut [u8]) -> Result<usize, io::Error> {
    let mut filled = 0;
    while filled < chunk.len() {
        match file.read(&mut chunk[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Opens a file, or says what is there instead. What is no file is not opened: that alone can
/// rewind a tape.
fn open(path: &Path) -> Result<Result<File, &'static str>, io::Error> {
    if let Some(what) = what_else(&fs::metadata(path)?) {
        return Ok(Err(what));
    }
    let mut options = OpenOptions::new();
    let file = options
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    // It may be another by now.
    Ok(match what_else(&file.metadata()?) {
        Some(what) => Err(what),
        None => Ok(file),
    })
}

fn what_else(about: &fs::Metadata) -> Option<&'static str> {
    let kind = about.file_type();
    if kind.is_file() {
        None
    } else if kind.is_dir() {
        Some("a directory, not a file")
    } else if kind.is_fifo() {
        Some("a pipe, not a file")
    } else if kind.is_socket() {
        Some("a socket, not a file")
    } else {
        Some("a device, not a file")
    }
}

fn unreadable(reason: &str) -> FileSight {
    FileSight::Unreadable {
        reason: reason.to_owned(),
    }
}

fn is_absence(error: &io::Error) -> bool {
    let kinds = [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory];
    kinds.contains(&error.kind())
}

fn instance(instance: &catalog::Instance) -> Instance {
    let meta = instance.meta.iter();
    Instance {
        id: instance.id.to_string(),
        address: instance.address().to_owned(),
        port: instance.port,
        tags: instance.tags.iter().map(ToString::to_string).collect(),
        meta: meta.map(|(k, v)| (k.to_string(), v.to_string())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(ink: &Ink, path: &Path) -> Fingerprint {
        match ink.look_at_file(path) {
            FileSight::Readable(print) => print,
            other @ (FileSight::Absent | FileSight::Unreadable { .. }) => panic!("{other:?}"),
        }
    }

    #[test]
    fn files_are_told_apart_by_what_they_hold_and_by_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let (ink, path) = (Ink::default(), dir.path().join("a"));
        let mut seen = Vec::new();
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let mut bytes = vec![b'x'; length];
            fs::write(&path, &bytes).unwrap();
            let before = print(&ink, &path);
            fs::write(&path, &bytes).unwrap();
            assert_eq!(print(&ink, &path), before);
            seen.push(before);
            if let Some(last) = bytes.last_mut() {
                *last = b'y';
                fs::write(&path, &bytes).unwrap();
                seen.push(print(&ink, &path));
            }
        }
        let all = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), all);
        // Nobody who knows the content knows the fingerprint.
        assert_ne!(print(&ink, &path), print(&Ink::default(), &path));
    }

    #[test]
    fn a_file_that_is_too_large_to_be_read_is_another_when_it_grows() {
        let dir = tempfile::tempdir().unwrap();
        let (ink, path) = (Ink::default(), dir.path().join("a"));
        let file = File::create(&path).unwrap();
        file.set_len(LARGEST + 1).unwrap();
        let before = print(&ink, &path);
        assert_eq!(print(&ink, &path), before);
        file.set_len(LARGEST + 2).unwrap();
        assert_ne!(print(&ink, &path), before);
    }
}

//! What kept the system from executing a program that is there: it says the same of the program and
//! of what the program wants, as an image without a shell, a loader or `/dev` shows.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::Stdin;

const NULL: &str = "/dev/null";
/// What the kernel looks at to tell a script.
const FIRST_LINE: usize = 256;
/// No loader has a longer path.
const LONGEST_PATH: u64 = 4096;

/// What is in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// What the first line of a script names is not there.
    Interpreter(PathBuf),
    /// The loader of a program that is linked dynamically is not there.
    Loader(PathBuf),
    /// There is no `/dev/null` for its stdin.
    Null,
    /// It is a program for another kind of machine.
    Machine,
    /// It is no program, and its first line names none.
    NoProgram,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Quoted, so that the CR of a foreign line end shows.
            Self::Interpreter(path) => write!(out, "its interpreter {path:?} is not there"),
            Self::Loader(path) => write!(out, "its loader {path:?} is not there"),
            Self::Null => write!(out, "there is no {NULL} for its stdin"),
            Self::Machine => write!(out, "it is a program for another kind of machine"),
            Self::NoProgram => write!(
                out,
                "it is no program, and its first line names none, as `#!/bin/sh` does"
            ),
        }
    }
}

/// Finds what is in the way of a program that the system refused with `errno`; none if it is the
/// program itself that is not there, or nothing that can be seen.
pub(crate) fn find(path: &Path, errno: &io::Error, stdin: Stdin) -> Option<Obstacle> {
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    match errno.raw_os_error()? {
        libc::ENOENT => match stdin {
            Stdin::Null if !Path::new(NULL).exists() => Some(Obstacle::Null),
            Stdin::Null | Stdin::Inherit => absent(&File::open(path).ok()?),
        },
        libc::ENOEXEC => Some(if begins(&File::open(path).ok()?, b"\x7fELF") {
            Obstacle::Machine
        } else {
            Obstacle::NoProgram
        }),
        _ => None,
    }
}

/// The program that this one wants and that is not there.
fn absent(file: &File) -> Option<Obstacle> {
    let wanted = match interpreter(file) {
        Some(path) => Obstacle::Interpreter(path),
        None => Obstacle::Loader(loader(file)?),
    };
    match &wanted {
        Obstacle::Interpreter(path) | Obstacle::Loader(path) if path.exists() => None,
        Obstacle::Interpreter(_)
        | Obstacle::Loader(_)
        | Obstacle::Null
        | Obstacle::Machine
        | Obstacle::NoProgram => Some(wanted),
    }
}

fn begins(file: &File, with: &[u8; 4]) -> bool {
    let mut found = [0; 4];
    file.read_exact_at(&mut found, 0).is_ok() && found == *with
}

/// The first word after `#!`.
fn interpreter(file: &File) -> Option<PathBuf> {
    let mut text = [0; FIRST_LINE];
    let length = file.read_at(&mut text, 0).ok()?;
    let line = text[..length].strip_prefix(b"#!")?;
    let line = line.split(|byte| *byte == b'\n').next()?;
    let mut words = line.split(|byte| matches!(byte, b' ' | b'\t'));
    let word = words.find(|word| !word.is_empty())?;
    Some(OsStr::from_bytes(word).into())
}

/// Where the fields of an ELF file are, by its class: the place of the table of segments, the size
/// of its entries and their number; and in an entry the segment's place and size.
struct Layout {
    wide: bool,
    table: u64,
    entry_size: u64,
    count: u64,
    place: u64,
    size: u64,
}

const NARROW: Layout = Layout {
    wide: false,
    table: 28,
    entry_size: 42,
    count: 44,
    place: 4,
    size: 16,
};
const WIDE: Layout = Layout {
    wide: true,
    table: 32,
    entry_size: 54,
    count: 56,
    place: 8,
    size: 32,
};
/// The kind of segment that names the loader.
const INTERP: u32 = 3;

/// The loader that an ELF file asks for; of files in the byte order of this machine only, since no
/// other could be executed.
fn loader(file: &File) -> Option<PathBuf> {
    if !begins(file, b"\x7fELF") {
        return None;
    }
    let mut class = [0];
    file.read_exact_at(&mut class, 4).ok()?;
    let layout = if class == [2] { &WIDE } else { &NARROW };
    let word = |at| Some(u32::from_ne_bytes(bytes(file, at)?));
    let half = |at| Some(u64::from(u16::from_ne_bytes(bytes(file, at)?)));
    let long = |at| match layout.wide {
        true => Some(u64::from_ne_bytes(bytes(file, at)?)),
        false => Some(u64::from(word(at)?)),
    };
    let (table, entry_size) = (long(layout.table)?, half(layout.entry_size)?);
    let mut entries = (0..half(layout.count)?).map_while(|nth| table.checked_add(nth * entry_size));
    let entry = entries.find(|at| word(*at) == Some(INTERP))?;
    let place = long(entry.checked_add(layout.place)?)?;
    let size = long(entry.checked_add(layout.size)?)?.min(LONGEST_PATH);
    let mut path = vec![0; usize::try_from(size).ok()?];
    file.read_exact_at(&mut path, place).ok()?;
    let path = path.split(|byte| *byte == 0).next()?;
    Some(OsStr::from_bytes(path).into())
}

fn bytes<const N: usize>(file: &File, at: u64) -> Option<[u8; N]> {
    let mut found = [0; N];
    file.read_exact_at(&mut found, at).ok()?;
    Some(found)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("written");
        file
    }

    #[test]
    fn a_script_names_its_interpreter() {
        let of = |text: &[u8]| interpreter(&file(text)).map(|path| path.display().to_string());
        assert_eq!(of(b"#!/bin/sh\n"), Some("/bin/sh".into()));
        assert_eq!(
            of(b"#! \t/usr/bin/env -S a b\nx"),
            Some("/usr/bin/env".into())
        );
        assert_eq!(of(b"#!/bin/sh\r\n"), Some("/bin/sh\r".into()));
        for none in [&b""[..], b"#!", b"#!  \n/bin/sh", b"\n#!/bin/sh"] {
            assert_eq!(of(none), None, "{none:?}");
        }
    }

    #[test]
    fn a_program_names_its_loader_and_a_broken_one_does_no_harm() {
        // A file header, one segment, and the path that the segment holds.
        let mut wide = vec![0; 64 + 56];
        wide[..5].copy_from_slice(b"\x7fELF\x02");
        wide[32..40].copy_from_slice(&64_u64.to_ne_bytes());
        wide[54..56].copy_from_slice(&56_u16.to_ne_bytes());
        wide[56..58].copy_from_slice(&1_u16.to_ne_bytes());
        wide[64..68].copy_from_slice(&INTERP.to_ne_bytes());
        wide[72..80].copy_from_slice(&120_u64.to_ne_bytes());
        wide[96..104].copy_from_slice(&8_u64.to_ne_bytes());
        wide.extend(b"/lib/ld\0");
        assert_eq!(loader(&file(&wide)), Some("/lib/ld".into()));

        let mut narrow = vec![0; 52 + 32];
        narrow[..5].copy_from_slice(b"\x7fELF\x01");
        narrow[28..32].copy_from_slice(&52_u32.to_ne_bytes());
        narrow[42..44].copy_from_slice(&32_u16.to_ne_bytes());
        narrow[44..46].copy_from_slice(&1_u16.to_ne_bytes());
        narrow[52..56].copy_from_slice(&INTERP.to_ne_bytes());
        narrow[56..60].copy_from_slice(&84_u32.to_ne_bytes());
        narrow[68..72].copy_from_slice(&8_u32.to_ne_bytes());
        narrow.extend(b"/lib/ld\0");
        assert_eq!(loader(&file(&narrow)), Some("/lib/ld".into()));

        for length in 0..wide.len() {
            assert_eq!(loader(&file(&wide[..length])), None, "cut at {length}");
        }
        let mut hostile = wide.clone();
        hostile[32..40].fill(0xff);
        assert_eq!(loader(&file(&hostile)), None);
        hostile = wide;
        hostile[96..104].fill(0xff);
        assert_eq!(loader(&file(&hostile)), None);
    }
}

//! The mark every process of a run bears in its environment.
//!
//! A process that left its group, its session and its parent is still recognised by it. It is
//! lost where a process clears its environment or writes its title over it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::RunId;

/// The name of the variable.
pub(crate) const NAME: &str = "CONTAINERPILOT_RUN";

/// What tells the runs of this process from those of any other, earlier or around it.
#[derive(Clone, Debug)]
pub(crate) struct Instance(String);

impl Instance {
    pub(crate) fn new(pid: u32, started_at: u64) -> Self {
        Self(format!("{pid}-{started_at}"))
    }

    pub(crate) fn mark(&self, run: RunId) -> String {
        format!("{}.{}", self.0, run.0)
    }
}

/// The value for a child. A helper inside a helper adds to what it bears itself, so that the outer
/// one still recognises all that is inside.
pub(crate) fn extended(outer: Option<&OsStr>, mark: &str) -> OsString {
    match outer {
        Some(outer) if !outer.is_empty() => {
            let mut value = outer.to_owned();
            value.push("/");
            value.push(mark);
            value
        }
        _ => mark.into(),
    }
}

/// Whether an environment block, as `/proc` shows it, bears the mark; none if it bears none at
/// all.
pub(crate) fn bears(environ: &[u8], mark: &str) -> Option<bool> {
    let prefix = OsStr::new(NAME).as_bytes();
    environ
        .split(|byte| *byte == 0)
        .find_map(|entry| entry.strip_prefix(prefix)?.strip_prefix(b"="))
        .map(|value| {
            value
                .split(|byte| *byte == b'/')
                .any(|part| part == mark.as_bytes())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_whole_and_inside_an_outer_one() {
        let mark = Instance::new(7, 99).mark(RunId(3));
        let block = |value: &str| format!("A=b\0CONTAINERPILOT_RUN={value}\0Z=\0").into_bytes();
        let found = |value: &str| bears(&block(value), &mark);
        assert_eq!(found(&mark), Some(true));
        assert_eq!(found(&format!("1-2.3/{mark}/5-6.7")), Some(true));
        assert_eq!(found(&format!("{mark}4")), Some(false));
        assert_eq!(found("7-99.33"), Some(false));
        assert_eq!(bears(b"", &mark), None);
        assert_eq!(bears(b"XCONTAINERPILOT_RUN=7-99.3\0", &mark), None);
    }

    #[test]
    fn a_helper_inside_a_helper_keeps_the_outer_mark() {
        assert_eq!(extended(None, "a"), "a");
        assert_eq!(extended(Some(OsStr::new("")), "a"), "a");
        assert_eq!(extended(Some(OsStr::new("o")), "a"), "o/a");
    }
}

//! A process that has ended, and what it left.

use std::{os::unix::process::ExitStatusExt, process::ExitStatus, time::Duration};

/// How a process ended, and everything it wrote.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// Both streams, in the order of arrival.
    pub(crate) lines: Vec<String>,
    /// From its start.
    pub(crate) took: Duration,
}

impl Ended {
    /// Its status, if it ended by itself.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The signal that ended it.
    pub(crate) fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code(), Some(code), "{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn expect_text(self, text: &str) -> Self {
        let all = self.lines.join("\n");
        assert!(all.contains(text), "no `{text}` in:\n{all}");
        self
    }

    #[track_caller]
    pub(crate) fn expect_no_text(self, text: &str) -> Self {
        let all = self.lines.join("\n");
        assert!(!all.contains(text), "`{text}` in:\n{all}");
        self
    }

    /// How many lines hold a text.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.lines.iter().filter(|line| line.contains(text)).count()
    }

    /// Asserts that lines with these texts came in this order.
    #[track_caller]
    pub(crate) fn expect_order(self, texts: &[&str]) -> Self {
        let mut lines = self.lines.iter();
        for text in texts {
            let found = lines.any(|line| line.contains(text));
            assert!(
                found,
                "no `{text}` in its place of {texts:?}:\n{}",
                self.lines.join("\n")
            );
        }
        self
    }
}

//! Everything a template may reach for besides the catalog.

use std::time::Duration;

/// What lies outside: the environment, the clock, programs and files.
pub trait World {
    /// Gives a variable; those that were set for the templates (such as `CONSUL_HTTP_ADDR`) come
    /// before those of the process.
    fn variable(&self, name: &str) -> Option<String>;

    /// Tells the time since 1970 in UTC.
    fn now(&self) -> Duration;

    /// Runs a program to its end, without a shell, and gives its stdout.
    fn run_plugin(&self, program: &str, arguments: &[String]) -> Result<Vec<u8>, PluginFailure>;

    /// Writes a file that `writeToFile` asks for.
    fn write_file(&self, file: &WrittenFile<'_>) -> Result<(), String>;
}

/// Why a program gave nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluginFailure {
    /// What went wrong, such as `exit status 1` or `did not finish`.
    pub reason: String,
    /// What it said on stdout.
    pub stdout: Vec<u8>,
    /// What it said on stderr.
    pub stderr: Vec<u8>,
}

/// A file that a template wants written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrittenFile<'a> {
    /// Where to; directories above it that are missing are made.
    pub path: &'a str,
    /// The owner, a name or a number; empty leaves it.
    pub user: &'a str,
    /// The group, a name or a number; empty leaves it.
    pub group: &'a str,
    /// The permissions, such as 0o644.
    pub mode: u32,
    /// Whether it goes behind what is there, instead of replacing it.
    pub append: bool,
    /// What to write.
    pub content: &'a [u8],
}

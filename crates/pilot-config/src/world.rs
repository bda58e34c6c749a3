//! What a configuration may ask about the world around it.

use std::net::IpAddr;

/// The facts a configuration is read against.
///
/// Only the caller looks at the machine, so that reading is a pure function of text and facts.
#[derive(Clone, Copy, Debug, Default)]
pub struct World<'a> {
    /// The environment, each entry split at its first `=`.
    pub environment: &'a [(String, String)],
    /// Every address of every interface, in any order.
    pub interfaces: &'a [Interface],
    /// The name of the host, the second half of every service ID.
    pub hostname: &'a str,
    /// The version of the helper, a tag of the telemetry service.
    pub version: &'a str,
    /// The words after the flags: the program that ContainerPilot 1 and 2 wrap.
    pub program: &'a [String],
}

impl<'a> World<'a> {
    /// Finds a variable; of several of one name the first counts, as in Go.
    pub(crate) fn variable(&self, name: &str) -> Option<&'a str> {
        let found = self.environment.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Finds a variable that is not empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&'a str> {
        self.variable(name).filter(|value| !value.is_empty())
    }
}

/// One address of one network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The name of the interface, such as `eth0`.
    pub name: String,
    /// One of its addresses.
    pub address: IpAddr,
    /// Whether it may be used.
    pub standing: Standing,
}

/// Whether an address may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    #[default]
    Settled,
    /// It may no longer be used for what is new; it is chosen only where nothing else fits.
    Deprecated,
    /// Nobody knows yet whether another machine has it too; it cannot be listened on.
    Tentative,
}

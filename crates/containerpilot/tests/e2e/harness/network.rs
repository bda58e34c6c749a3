//! A network of one's own, to be changed while something runs in it. Wants root.

use nix::sched::{CloneFlags, unshare};

/// A network that only this thread, and what it starts, is in. It has a loopback interface.
pub(crate) struct Network(());

impl Network {
    /// Moves this thread into it.
    pub(crate) fn new() -> Self {
        unshare(CloneFlags::CLONE_NEWNET)
            .unwrap_or_else(|error| panic!("cannot make a network, which wants root: {error}"));
        ip("link set lo up");
        Self(())
    }

    /// Does what `ip` does with these words.
    #[track_caller]
    pub(crate) fn ip(&self, words: &str) {
        ip(words);
    }

    /// Adds an interface without any address, and sets it up.
    #[track_caller]
    pub(crate) fn add_interface(&self, name: &str) {
        // One without a link-local address, which the kernel would give it by itself.
        ip(&format!("link add {name} type veth peer name {name}-p"));
        ip(&format!("link set {name} addrgenmode none"));
        ip(&format!("link set {name}-p addrgenmode none"));
        ip(&format!("link set {name}-p up"));
        ip(&format!("link set {name} up"));
    }

    /// Gives an interface an address, to be used at once.
    #[track_caller]
    pub(crate) fn add_address(&self, address: &str, interface: &str) {
        let at_once = if address.contains(':') { " nodad" } else { "" };
        ip(&format!("address add {address} dev {interface}{at_once}"));
    }
}

/// Changes the network that this thread is in.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
pub(crate) fn ip(words: &str) {
    let made = std::process::Command::new("ip")
        .args(words.split(' '))
        .output();
    let made = made.unwrap_or_else(|error| panic!("cannot run ip, of iproute2: {error}"));
    assert!(made.status.success(), "ip {words}: {made:?}");
}

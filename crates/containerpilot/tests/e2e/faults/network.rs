//! Hosts with networks of their own, on one bridge, whose wires can be cut. Wants root.

use std::{
    net::Ipv4Addr,
    process::{Child, Command, Stdio},
};

use super::timeline::Timeline;
use crate::harness::{Bridge, ip};

/// A host: nothing but a network, and one end of a wire whose other end is in the bridge.
pub(super) struct Host {
    /// Keeps the network; it reads until its input ends.
    keeper: Child,
    address: Ipv4Addr,
    wire: String,
}

/// What makes the network. Its words: the address and the bridge's network.
const ENTER: &str = "
    nsenter --net=\"$2\" sh -eu -c '
        ip link add \"w$1\" type veth peer name eth0 netns \"$1\"
        ip link set \"w$1\" master bridge up' sh $$
    ip link set lo up
    ip address add \"$1/24\" dev eth0
    ip link set eth0 up
    echo ready
    exec cat";

impl Host {
    /// Makes a host on the bridge.
    pub(super) fn on(bridge: &Bridge) -> Self {
        let address = bridge.next_address();
        let mut keeper = Command::new("unshare")
            .args(["--net", "sh", "-eu", "-c", ENTER, "sh"])
            .arg(address.to_string())
            .arg(bridge.network())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = [0; 6];
        let output = keeper.stdout.as_mut().unwrap();
        std::io::Read::read_exact(output, &mut ready)
            .unwrap_or_else(|error| panic!("a host got no network, which wants root: {error}"));
        let wire = format!("w{}", keeper.id());
        Self {
            keeper,
            address,
            wire,
        }
    }

    pub(super) fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// A command that runs in its network.
    pub(super) fn inside(&self, words: &[String]) -> Vec<String> {
        let mut all = self.enter().to_vec();
        all.extend_from_slice(words);
        all
    }

    /// What goes before a command that is to run in its network.
    pub(super) fn enter(&self) -> [String; 2] {
        let network = format!("--net=/proc/{}/ns/net", self.keeper.id());
        ["nsenter".to_owned(), network]
    }

    /// Cuts its wire.
    pub(super) fn cut(&self, timeline: &Timeline) {
        ip(&format!("link set {} down", self.wire));
        timeline.act(format!("the wire of {} is cut", self.address));
    }

    /// Mends its wire.
    pub(super) fn mend(&self, timeline: &Timeline) {
        ip(&format!("link set {} up", self.wire));
        timeline.act(format!("the wire of {} is mended", self.address));
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.keeper.kill().unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
        self.keeper.wait().unwrap();
    }
}

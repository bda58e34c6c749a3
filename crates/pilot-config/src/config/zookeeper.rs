//! How to reach ZooKeeper, once every question about it is answered.

use std::time::Duration;

use super::{Credentials, Tls};

/// How to reach an ensemble of ZooKeeper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zookeeper {
    /// Its servers and the node that stands for `/`, as its own clients take them:
    /// `host:port,host:port/chroot`.
    pub connect: String,
    /// The node that instances are below.
    pub root: String,
    /// The node that keys are below.
    pub keys: String,
    /// Who we say we are.
    pub login: Option<Credentials>,
    /// Whether only who we say we are may change what we made; anyone may unless told otherwise.
    pub is_closed: bool,
    /// How long the session outlives the helper; none takes the shortest TTL of a service.
    pub session_timeout: Option<Duration>,
    /// How to speak TLS; none speaks in the clear.
    pub tls: Option<Tls>,
}

//! One instance of a watched service.

use std::collections::BTreeMap;

use pilot_core::spec::Status;

/// One instance of a service, with everything a template or a comparison may look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instance {
    /// Its identity at its agent.
    pub id: String,
    /// The node it runs on.
    pub node: String,
    /// The name of its service.
    pub service: String,
    /// Where it is: its own address, or its node's when it has none.
    pub address: String,
    /// Its port.
    pub port: u16,
    /// Its tags, in the catalog's order.
    pub tags: Vec<String>,
    /// Its key and value pairs.
    pub meta: BTreeMap<String, String>,
    /// Its weights, if the catalog knows any.
    pub weights: Option<Weights>,
    /// The worst of its checks.
    pub status: Status,
}

/// How much of the load an instance should get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weights {
    /// While it passes.
    pub passing: i64,
    /// While it warns.
    pub warning: i64,
}

//! Which catalog a fault befalls, and how each is spoken to.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use serde_json::Value;

use super::{
    etcd,
    server::{Server, Site},
    zookeeper,
};
use crate::harness::Eye;

/// Which catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Consul,
    Embedded,
    Etcd,
    Zookeeper,
}

/// An instance as the catalog shows it to everybody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seen {
    pub(super) id: String,
    pub(super) at: String,
    pub(super) is_passing: bool,
}

impl Seen {
    /// As it is written where there are only keys and values.
    pub(super) fn of_record(record: &[u8]) -> Self {
        let record: Value = serde_json::from_slice(record).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            id: text(&record["id"]),
            at: format!("{}:{}", text(&record["address"]), record["port"]),
            is_passing: record["status"] == "passing",
        }
    }
}

impl Kind {
    /// The member of a configuration that leads to it.
    pub(super) fn member(self, servers: &[SocketAddr]) -> String {
        let all: Vec<_> = servers.iter().map(SocketAddr::to_string).collect();
        match self {
            Self::Consul | Self::Embedded => format!("consul: '{}'", servers[0]),
            Self::Etcd => format!("catalog: {{ etcd: '{}' }}", all.join(",")),
            Self::Zookeeper => format!("catalog: {{ zookeeper: '{}' }}", all.join(",")),
        }
    }

    /// How much longer than its TTL one is believed who went without a word amid a fault.
    pub(super) fn grace(self) -> Duration {
        match self {
            Self::Consul | Self::Embedded => Duration::ZERO,
            // A leader that takes over begins every lease and every session anew, after the time
            // of an election.
            Self::Etcd | Self::Zookeeper => Duration::from_secs(2),
        }
    }

    /// Where a server listens on a host of its own.
    pub(super) fn site(self, address: Ipv4Addr) -> Site {
        let ports = match self {
            Self::Consul | Self::Embedded => [8500, 8300, 8301],
            Self::Etcd => [2379, 2380, 2381],
            Self::Zookeeper => [2181, 2888, 3888],
        };
        Site { address, ports }
    }

    /// Tells whether a server serves, as one of so many.
    pub(super) fn is_ready(self, server: SocketAddr, of: usize, token: &str) -> bool {
        match self {
            Self::Consul => {
                let path = format!("/v1/health/service/consul?passing&token={token}");
                let peers = Eye(server).get(&path);
                peers.as_array().is_some_and(|peers| peers.len() >= of)
            }
            Self::Embedded => Eye(server).get("/v1/status/leader").is_string(),
            Self::Etcd | Self::Zookeeper => self.is_led(server),
        }
    }

    /// The instances of a service, or why nobody can say.
    pub(super) fn look(
        self,
        server: SocketAddr,
        service: &str,
        token: &str,
    ) -> Result<Vec<Seen>, String> {
        match self {
            Self::Consul | Self::Embedded => {
                let path = format!("/v1/health/service/{service}?token={token}");
                of_consul(server, &path)
            }
            Self::Etcd => etcd::look(server, service),
            Self::Zookeeper => zookeeper::look(server, service),
        }
    }

    /// The instances that those who follow a service are told of. Consul leaves out those whose
    /// agent it believes to be gone, too.
    pub(super) fn told_of(
        self,
        server: SocketAddr,
        service: &str,
        token: &str,
    ) -> Result<Vec<Seen>, String> {
        match self {
            Self::Consul | Self::Embedded => {
                let path = format!("/v1/health/service/{service}?passing=1&token={token}");
                of_consul(server, &path)
            }
            Self::Etcd | Self::Zookeeper => {
                let mut seen = self.look(server, service, token)?;
                seen.retain(|seen| seen.is_passing);
                Ok(seen)
            }
        }
    }

    /// Tells whether a server knows of a leader that answers.
    pub(super) fn is_led(self, server: SocketAddr) -> bool {
        match self {
            Self::Consul | Self::Embedded => {
                let answer = Eye(server).try_get("/v1/catalog/nodes");
                answer.is_some_and(|answer| answer.status == 200)
            }
            Self::Etcd => etcd::is_led(server),
            Self::Zookeeper => {
                let told = zookeeper::word(server, "srvr");
                told.is_ok_and(|told| told.contains("Mode: "))
            }
        }
    }

    /// Tells whether a server leads the others.
    pub(super) fn leads(self, server: &Server) -> bool {
        match self {
            Self::Consul | Self::Embedded => {
                let leader = Eye(server.client()).get("/v1/status/leader");
                leader == server.peer().to_string()
            }
            Self::Etcd => etcd::leads(server.client()),
            Self::Zookeeper => {
                let told = zookeeper::word(server.client(), "srvr");
                told.is_ok_and(|told| told.contains("Mode: leader"))
            }
        }
    }
}

fn of_consul(server: SocketAddr, path: &str) -> Result<Vec<Seen>, String> {
    let answer = Eye(server).try_get(path).ok_or("no answer")?;
    if answer.status != 200 {
        return Err(format!("{}: {}", answer.status, answer.body));
    }
    let entries: Vec<Value> =
        serde_json::from_str(&answer.body).map_err(|error| error.to_string())?;
    let mut seen: Vec<Seen> = entries.iter().map(of_entry).collect();
    seen.sort();
    Ok(seen)
}

fn of_entry(entry: &Value) -> Seen {
    let service = &entry["Service"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let checks = entry["Checks"].as_array();
    // Checks of the node are another matter: they tell of the agent.
    let mut own = checks.into_iter().flatten();
    Seen {
        id: text(&service["ID"]),
        at: format!("{}:{}", text(&service["Address"]), service["Port"]),
        is_passing: own.all(|check| check["ServiceID"] == "" || check["Status"] == "passing"),
    }
}

//! The client of whichever catalog it is: who is spoken to is decided here, once per call.

use std::sync::Arc;

use crate::{Backend, SettingsError, consul, etcd, tally::Tally, transport::Timeouts, zookeeper};

/// The way to a catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settings {
    /// To a Consul agent, or to the embedded catalog, which speaks its API.
    Consul(Box<consul::Settings>),
    /// To a cluster of etcd.
    Etcd(Box<etcd::Settings>),
    /// To an ensemble of ZooKeeper.
    Zookeeper(Box<zookeeper::Settings>),
}

/// A client; cheap to clone.
#[derive(Clone)]
pub(crate) enum Client {
    Consul(Arc<consul::Client>),
    Etcd(Arc<etcd::Client>),
    Zookeeper(Arc<zookeeper::Client>),
}

impl Settings {
    /// Says which catalog they lead to.
    pub fn backend(&self) -> Backend {
        match self {
            Self::Consul(_) => Backend::Consul,
            Self::Etcd(_) => Backend::Etcd,
            Self::Zookeeper(_) => Backend::Zookeeper,
        }
    }

    /// Where it is, for people.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Consul(settings) => settings.endpoint.to_string(),
            Self::Etcd(settings) => settings.place(),
            Self::Zookeeper(settings) => settings.place(),
        }
    }

    /// How long to wait for what.
    pub(crate) fn timeouts(&self) -> Timeouts {
        match self {
            Self::Consul(settings) => settings.timeouts,
            Self::Etcd(settings) => settings.timeouts,
            Self::Zookeeper(settings) => settings.timeouts,
        }
    }

    /// Tells whether both lead to the same place, so that what is registered may stay.
    pub(crate) fn leads_to_the_same_place_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Consul(one), Self::Consul(other)) => one.leads_to_the_same_agent_as(other),
            (Self::Etcd(one), Self::Etcd(other)) => one.leads_to_the_same_place_as(other),
            (Self::Zookeeper(one), Self::Zookeeper(other)) => one.leads_to_the_same_place_as(other),
            (Self::Consul(_) | Self::Etcd(_) | Self::Zookeeper(_), _) => false,
        }
    }
}

impl From<consul::Settings> for Settings {
    fn from(settings: consul::Settings) -> Self {
        Self::Consul(Box::new(settings))
    }
}

impl From<etcd::Settings> for Settings {
    fn from(settings: etcd::Settings) -> Self {
        Self::Etcd(Box::new(settings))
    }
}

impl From<zookeeper::Settings> for Settings {
    fn from(settings: zookeeper::Settings) -> Self {
        Self::Zookeeper(Box::new(settings))
    }
}

impl Client {
    /// Prepares a client and reads the files it needs; no connection is made yet. It takes over
    /// what an earlier one of the same place holds there.
    pub(crate) fn new(
        settings: &Settings,
        tally: Arc<Tally>,
        earlier: Option<&Self>,
    ) -> Result<Self, SettingsError> {
        Ok(match settings.clone() {
            Settings::Consul(settings) => {
                Self::Consul(Arc::new(consul::Client::counting(*settings, tally)?))
            }
            Settings::Etcd(settings) => {
                let earlier = earlier.and_then(Self::as_etcd);
                Self::Etcd(Arc::new(etcd::Client::new(*settings, tally, earlier)?))
            }
            Settings::Zookeeper(settings) => {
                Self::Zookeeper(Arc::new(zookeeper::Client::new(*settings, tally)?))
            }
        })
    }

    fn as_etcd(&self) -> Option<&etcd::Client> {
        match self {
            Self::Etcd(client) => Some(client),
            Self::Consul(_) | Self::Zookeeper(_) => None,
        }
    }
}

//! Everything there is to say about the way to an ensemble.

use std::time::Duration;

use crate::{
    Backend, SettingsError,
    transport::{Endpoint, Login, Scheme, Timeouts, Tls},
};

/// The way to an ensemble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Its servers; they are tried in an order of chance, so that many clients spread.
    pub servers: Vec<Endpoint>,
    /// How to speak to them; https stands for TLS.
    pub scheme: Scheme,
    /// How to trust them; of no effect without TLS.
    pub tls: Tls,
    /// The node that stands for `/`, as in `/teams/blue`; empty is `/` itself.
    pub chroot: String,
    /// The node that instances are below; `/containerpilot` unless said otherwise.
    pub root: String,
    /// The node that keys are below; empty, as it is unless said otherwise, is `/` itself.
    pub keys: String,
    /// Who we say we are.
    pub login: Option<Login>,
    /// Who may change what we made.
    pub acl: Acl,
    /// How long our session outlives our last word; none takes the shortest TTL of a service.
    pub session_timeout: Option<Duration>,
    /// The machine or container we are in, for people.
    pub node: String,
    /// How long to wait for what.
    pub timeouts: Timeouts,
}

/// Who may change what we made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acl {
    /// Anyone.
    #[default]
    Open,
    /// Only whoever shows our user and password; anyone may read.
    Creator,
}

/// Where ZooKeeper listens.
const PORT: &str = "2181";

impl Settings {
    /// Where it is, for people.
    pub(crate) fn place(&self) -> String {
        let servers = self.servers.iter().map(ToString::to_string);
        servers.collect::<Vec<_>>().join(",")
    }

    /// Reads what ZooKeeper's own clients take, `host:port,host:port/chroot`; all else has its
    /// default.
    pub fn parse(connect: &str) -> Result<Self, SettingsError> {
        let (servers, chroot) = match connect.find('/') {
            Some(at) => connect.split_at(at),
            None => (connect, ""),
        };
        let servers: Result<_, _> = servers.split(',').map(server).collect();
        Ok(Self {
            servers: servers?,
            scheme: Scheme::Http,
            tls: Tls::default(),
            chroot: node(chroot)?,
            root: "/containerpilot".to_owned(),
            keys: String::new(),
            login: None,
            acl: Acl::Open,
            session_timeout: None,
            node: String::new(),
            timeouts: Timeouts::default(),
        })
    }

    /// Tells whether both lead to the same place by the same session, so that what is registered
    /// may stay. Who is somebody else, or wants it otherwise, needs a session of their own.
    pub(crate) fn leads_to_the_same_place_as(&self, other: &Self) -> bool {
        self == other
    }
}

/// Reads the address of one server.
fn server(text: &str) -> Result<Endpoint, SettingsError> {
    let text = text.trim();
    if text.is_empty() || text.starts_with(':') {
        return Err(SettingsError::Address {
            who: Backend::Zookeeper,
            text: text.to_owned(),
            reason: "the host is missing",
        });
    }
    let after = text.rfind(']').map_or(text, |end| &text[end..]);
    let address = if after.contains(':') {
        text.to_owned()
    } else {
        format!("{text}:{PORT}")
    };
    let (endpoint, _) = Endpoint::parse(Backend::Zookeeper, &address, Scheme::Http)?;
    Ok(endpoint)
}

/// Reads the path of a node, without the `/` at its end; `/` itself is empty.
pub fn node(text: &str) -> Result<String, SettingsError> {
    let path = text.trim_end_matches('/');
    let wrong = |reason| {
        let (who, text) = (Backend::Zookeeper, text.to_owned());
        Err(SettingsError::Address { who, text, reason })
    };
    if path.is_empty() {
        return Ok(String::new());
    }
    let Some(parts) = path.strip_prefix('/') else {
        return wrong("the path of a node begins with `/`");
    };
    if parts.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return wrong("a part of the path is empty, `.` or `..`");
    }
    if path.chars().any(char::is_control) {
        return wrong("a node's name holds no control characters");
    }
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::{Password, Secret};

    #[test]
    fn what_zookeepers_own_clients_take() {
        let settings = Settings::parse("one:2181,[::1],three/teams/blue/").unwrap();
        let servers: Vec<_> = settings.servers.iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["one:2181", "[::1]:2181", "three:2181"]);
        assert_eq!(settings.chroot, "/teams/blue");
        for wrong in ["", "one,", "one:port", "one/a//b", "one/a/../b"] {
            assert!(Settings::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let mut settings = Settings::parse("one").unwrap();
        settings.login = Some(Login {
            user: "me".to_owned(),
            password: Password::Value(Secret::new("hush")),
        });
        assert!(!format!("{settings:?}").contains("hush"));
    }
}

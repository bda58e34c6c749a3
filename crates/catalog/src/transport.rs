//! The way to a server, whatever is spoken on it: addresses, names, TLS, HTTP connections.

mod connection;
mod endpoint;
mod login;
mod resolver;
mod secret;
mod tls;

use std::{path::PathBuf, time::Duration};

pub use endpoint::{Endpoint, Scheme};
pub use login::{Login, Password};
pub use secret::Secret;

pub(crate) use connection::{Connection, Connector, Stream, Way};
use resolver::Resolver;
use tls::Security;

/// How both sides prove who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// A file of CA certificates; none takes the system's.
    pub ca_file: Option<PathBuf>,
    /// A directory of files with CA certificates.
    pub ca_path: Option<PathBuf>,
    /// Our certificate, used only together with its key.
    pub client_cert: Option<PathBuf>,
    /// Our key.
    pub client_key: Option<PathBuf>,
    /// The name to verify instead of the host.
    pub server_name: Option<String>,
    /// Whether to verify at all.
    pub verify: bool,
    /// Where the system keeps its CA certificates; the first that exists is taken.
    pub system_roots: Vec<PathBuf>,
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection, names and TLS included.
    pub connect: Duration,
    /// For a short call, connection included.
    pub call: Duration,
    /// How long Consul is asked to hold a blocking query; of no effect elsewhere.
    pub wait: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            call: Duration::from_secs(5),
            wait: Duration::from_secs(300),
        }
    }
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            ca_file: None,
            ca_path: None,
            client_cert: None,
            client_key: None,
            server_name: None,
            verify: true,
            system_roots: [
                "/etc/ssl/certs/ca-certificates.crt",
                "/etc/pki/tls/certs/ca-bundle.crt",
                "/etc/ssl/ca-bundle.pem",
                "/etc/ssl/cert.pem",
            ]
            .into_iter()
            .map(PathBuf::from)
            .collect(),
        }
    }
}

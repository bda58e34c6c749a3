//! Everything there is to say about the way to an agent.

use std::{path::PathBuf, time::Duration};

use super::{Auth, Endpoint, Scheme, Secret, Token};
use crate::SettingsError;

/// The way to an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where it listens.
    pub endpoint: Endpoint,
    /// How to speak to it.
    pub scheme: Scheme,
    /// What to identify with.
    pub token: Token,
    /// What to show to a proxy before it.
    pub auth: Option<Auth>,
    /// How old an answer may be that a server gives without asking its leader; none has every
    /// answer from the leader.
    pub max_stale: Option<Duration>,
    /// Whether answers are final: what was said is not asked for again, and no question is left
    /// behind at the agent. What is absent is still waited for.
    pub once: bool,
    /// How to trust it; of no effect without https.
    pub tls: Tls,
    /// How long to wait for it.
    pub timeouts: Timeouts,
}

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
    /// How long Consul is asked to hold a blocking query.
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

impl Settings {
    /// Reads an address as [`Endpoint::parse`] does; all else has its default.
    pub fn parse(address: &str) -> Result<Self, SettingsError> {
        let (endpoint, scheme) = Endpoint::parse(address, Scheme::Http)?;
        Ok(Self::new(endpoint, scheme))
    }

    /// The defaults for an agent.
    pub fn new(endpoint: Endpoint, scheme: Scheme) -> Self {
        Self {
            endpoint,
            scheme,
            token: Token::None,
            auth: None,
            max_stale: None,
            once: false,
            tls: Tls::default(),
            timeouts: Timeouts::default(),
        }
    }

    /// Lets the environment win, by the variables of ContainerPilot 3 and Consul's own tools.
    #[must_use]
    pub fn overridden_by(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let path = |name: &str| set(name).map(PathBuf::from);
        if let Some(token) = set("CONSUL_HTTP_TOKEN") {
            self.token = Token::Value(Secret::new(token));
        } else if let Some(file) = path("CONSUL_HTTP_TOKEN_FILE") {
            self.token = Token::File(file);
        }
        let tls = &mut self.tls;
        tls.ca_file = path("CONSUL_CACERT").or(tls.ca_file.take());
        tls.ca_path = path("CONSUL_CAPATH").or(tls.ca_path.take());
        tls.client_cert = path("CONSUL_CLIENT_CERT").or(tls.client_cert.take());
        tls.client_key = path("CONSUL_CLIENT_KEY").or(tls.client_key.take());
        tls.server_name = set("CONSUL_TLS_SERVER_NAME").or(tls.server_name.take());
        let verify = set("CONSUL_HTTP_SSL_VERIFY").map(|word| word.to_ascii_lowercase());
        match verify.as_deref() {
            Some("1" | "true") => tls.verify = true,
            Some("0" | "false") => tls.verify = false,
            Some(_) | None => {}
        }
        if let Some(bundle) = path("SSL_CERT_FILE") {
            tls.system_roots = vec![bundle];
        }
        self
    }

    /// Tells whether both lead to the same agent, so that what is registered may stay.
    pub(crate) fn leads_to_the_same_agent_as(&self, other: &Self) -> bool {
        self.endpoint == other.endpoint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_wins() {
        let mut settings = Settings::parse("consul:8500").unwrap();
        settings.token = Token::Value(Secret::new("from the file"));
        let settings = settings.overridden_by(|name| {
            let value = match name {
                "CONSUL_HTTP_TOKEN" => "from the environment",
                "CONSUL_CACERT" => "/ca.pem",
                "CONSUL_HTTP_SSL_VERIFY" => "FALSE",
                "SSL_CERT_FILE" => "/roots.pem",
                _ => return None,
            };
            Some(value.to_owned())
        });
        let expected = Token::Value(Secret::new("from the environment"));
        assert_eq!(settings.token, expected);
        assert_eq!(settings.tls.ca_file, Some(PathBuf::from("/ca.pem")));
        assert_eq!(settings.tls.system_roots, [PathBuf::from("/roots.pem")]);
        assert!(!settings.tls.verify);
    }

    #[test]
    fn a_token_is_not_shown() {
        let mut settings = Settings::parse("consul:8500").unwrap();
        settings.token = Token::Value(Secret::new("hush"));
        assert!(!format!("{settings:?}").contains("hush"));
    }
}

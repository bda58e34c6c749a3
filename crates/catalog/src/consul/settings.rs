//! Everything there is to say about the way to an agent.

use std::{path::PathBuf, time::Duration};

use super::{Auth, Token};
use crate::{
    Backend, SettingsError,
    transport::{Endpoint, Scheme, Secret, Timeouts, Tls},
};

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
    /// The datacenter to ask where a question names none; none is the agent's own.
    pub datacenter: Option<String>,
    /// The namespace of everything that is told and asked (Consul Enterprise); none is the token's.
    pub namespace: Option<String>,
    /// The admin partition of everything that is told and asked (Consul Enterprise); none is the
    /// agent's.
    pub partition: Option<String>,
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

impl Settings {
    /// Reads an address as [`Endpoint::parse`] does; all else has its default.
    pub fn parse(address: &str) -> Result<Self, SettingsError> {
        let (endpoint, scheme) = Endpoint::parse(Backend::Consul, address, Scheme::Http)?;
        Ok(Self::new(endpoint, scheme))
    }

    /// The defaults for an agent.
    pub fn new(endpoint: Endpoint, scheme: Scheme) -> Self {
        Self {
            endpoint,
            scheme,
            token: Token::None,
            auth: None,
            datacenter: None,
            namespace: None,
            partition: None,
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
            && self.namespace == other.namespace
            && self.partition == other.partition
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

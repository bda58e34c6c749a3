//! Where a server listens.

use std::{fmt, path::PathBuf};

use crate::{Backend, SettingsError};

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A name or an address without brackets, and a port.
    Tcp {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// The path of a Unix socket.
    Unix(PathBuf),
}

/// How to speak to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Scheme {
    /// In the clear.
    #[default]
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    // A host without a port means what it means to Go's client, on which ContainerPilot 3 rests.
    fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl Endpoint {
    /// Reads `host:port`, `[v6]:port`, or `unix:///path`; a scheme in front wins over `scheme`.
    pub fn parse(
        who: Backend,
        text: &str,
        scheme: Scheme,
    ) -> Result<(Self, Scheme), SettingsError> {
        let (rest, scheme) = if let Some(rest) = text.strip_prefix("http://") {
            (rest, Scheme::Http)
        } else if let Some(rest) = text.strip_prefix("https://") {
            (rest, Scheme::Https)
        } else {
            (text, scheme)
        };
        let endpoint = match rest.strip_prefix("unix://") {
            Some("") => Err("the path of the socket is missing"),
            Some(path) => Ok(Self::Unix(PathBuf::from(path))),
            None => Self::parse_tcp(rest, scheme),
        };
        match endpoint {
            Ok(endpoint) => Ok((endpoint, scheme)),
            Err(reason) => {
                let text = text.to_owned();
                Err(SettingsError::Address { who, text, reason })
            }
        }
    }

    fn parse_tcp(text: &str, scheme: Scheme) -> Result<Self, &'static str> {
        if text.contains("://") {
            return Err("unknown protocol scheme");
        }
        let text = text.trim_end_matches('/');
        if text.contains(['/', '@', ' ', '?', '#']) {
            return Err("not a host and a port");
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']').ok_or("`]` is missing")?;
                match rest {
                    "" => (host, None),
                    _ => (host, Some(rest.strip_prefix(':').ok_or("`:` is missing")?)),
                }
            }
            None => match text.split_once(':') {
                Some((_, rest)) if rest.contains(':') => {
                    return Err("an IPv6 address needs brackets, as in `[::1]:8500`");
                }
                // As Go's client has it, on which the originals rest.
                Some(("", port)) => ("localhost", Some(port)),
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        if host.is_empty() {
            return Err("the host is missing");
        }
        let port = match port {
            None => scheme.port(),
            Some(digits) => digits.parse().map_err(|_| "the port is not a number")?,
        };
        let host = host.to_owned();
        Ok(Self::Tcp { host, port })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let said = match Endpoint::parse(Backend::Consul, text, Scheme::Http) {
            Ok((endpoint, scheme)) => format!("{scheme:?} {endpoint}"),
            Err(error) => error.to_string(),
        };
        assert_eq!(said, expected);
    }

    #[test]
    fn addresses_as_users_write_them() {
        check("consul:8500", "Http consul:8500");
        check("http://consul:8500", "Http consul:8500");
        check("https://consul:8500", "Https consul:8500");
        check("https://consul", "Https consul:443");
        check("consul", "Http consul:80");
        check("http://:8500", "Http localhost:8500");
        check("[::1]:8500", "Http [::1]:8500");
        check("[::1]", "Http [::1]:80");
        check("unix:///run/consul.sock", "Http unix:///run/consul.sock");
        check("http://consul:8500/", "Http consul:8500");
    }

    #[test]
    fn what_cannot_be_an_address_says_why() {
        let wrong = |text, reason| {
            check(
                text,
                &format!("cannot use Consul address `{text}`: {reason}"),
            );
        };
        wrong("", "the host is missing");
        wrong("consul:8500https://", "unknown protocol scheme");
        wrong("ftp://consul:8500", "unknown protocol scheme");
        wrong("consul:http", "the port is not a number");
        wrong(
            "::1:8500",
            "an IPv6 address needs brackets, as in `[::1]:8500`",
        );
        wrong("user@consul:8500", "not a host and a port");
        wrong("unix://", "the path of the socket is missing");
    }
}

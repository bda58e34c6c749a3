//! What can go wrong between us and a catalog, in words for three in the morning.

use std::{io, time::Duration};

use thiserror::Error;

/// Why a call to the catalog gave no usable answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CatalogError {
    /// No connection could be made.
    #[error("cannot reach Consul at {address}: {reason}")]
    Unreachable {
        /// Where it should be.
        address: String,
        /// What stands in the way.
        reason: String,
    },
    /// A connection was made, but no answer came in time.
    #[error("Consul at {address} did not answer {call} within {after:?}")]
    Silent {
        /// Who was asked.
        address: String,
        /// Method and path.
        call: String,
        /// The patience it was given.
        after: Duration,
    },
    /// An answer began, or should have, and the connection broke.
    #[error("Consul at {address} broke off its answer to {call}: {reason}")]
    Interrupted {
        /// Who was asked.
        address: String,
        /// Method and path.
        call: String,
        /// How it broke.
        reason: String,
    },
    /// The answer is a refusal.
    #[error("Consul answered {status} to {call}: {text}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Method and path.
        call: String,
        /// What Consul said, cut to one short line.
        text: String,
    },
    /// The answer is not what the API promises.
    #[error("cannot read Consul's answer to {call}: {reason}")]
    Malformed {
        /// Method and path.
        call: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The answer is larger than any sound one.
    #[error("Consul's answer to {call} is larger than {limit} bytes")]
    Oversized {
        /// Method and path.
        call: String,
        /// The limit.
        limit: usize,
    },
    /// The answer comes from servers that cannot vouch for it.
    #[error("Consul's answer to {call} is not to be trusted: {reason}")]
    Doubtful {
        /// Method and path.
        call: String,
        /// Why.
        reason: &'static str,
    },
    /// The token could not be read.
    #[error("cannot read the Consul token from {path}: {reason}")]
    Token {
        /// The file.
        path: String,
        /// What stands in the way.
        reason: String,
    },
    /// A registration was taken and is gone again before its first update.
    #[error("Consul took the registration and forgot it")]
    Forgetful,
    /// A withdrawal was given up.
    #[error("Consul did not confirm it within {after:?}")]
    Overdue {
        /// The patience it was given.
        after: Duration,
    },
}

impl CatalogError {
    /// Tells whether both are the same trouble, so that the second needs no new report.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.kind() == other.kind()
    }

    /// Tells whether Consul understood the call and forbade it, which soon asking again cannot cure.
    pub(crate) fn is_denied(&self) -> bool {
        self.kind() == Kind::Refused(401) || self.kind() == Kind::Refused(403)
    }

    /// Tells whether the call may have had its effect all the same.
    pub(crate) fn leaves_doubt(&self) -> bool {
        match self {
            Self::Silent { .. }
            | Self::Interrupted { .. }
            | Self::Malformed { .. }
            | Self::Oversized { .. } => true,
            Self::Unreachable { .. }
            | Self::Refused { .. }
            | Self::Doubtful { .. }
            | Self::Token { .. }
            | Self::Forgetful
            | Self::Overdue { .. } => false,
        }
    }

    /// Tells whether something that speaks HTTP was at the other end.
    pub(crate) fn was_answered(&self) -> bool {
        match self {
            Self::Refused { .. }
            | Self::Malformed { .. }
            | Self::Oversized { .. }
            | Self::Doubtful { .. }
            | Self::Forgetful => true,
            Self::Unreachable { .. }
            | Self::Silent { .. }
            | Self::Interrupted { .. }
            | Self::Token { .. }
            | Self::Overdue { .. } => false,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Unreachable { .. } => Kind::Unreachable,
            Self::Silent { .. } => Kind::Silent,
            Self::Interrupted { .. } => Kind::Interrupted,
            Self::Refused { status, .. } => Kind::Refused(*status),
            Self::Malformed { .. } => Kind::Malformed,
            Self::Oversized { .. } => Kind::Oversized,
            Self::Doubtful { .. } => Kind::Doubtful,
            Self::Token { .. } => Kind::Token,
            Self::Forgetful => Kind::Forgetful,
            Self::Overdue { .. } => Kind::Overdue,
        }
    }
}

#[derive(PartialEq, Eq)]
enum Kind {
    Unreachable,
    Silent,
    Interrupted,
    Refused(u16),
    Malformed,
    Oversized,
    Doubtful,
    Token,
    Forgetful,
    Overdue,
}

/// Why settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// The address is none.
    #[error("cannot use Consul address `{text}`: {reason}")]
    Address {
        /// As the user wrote it.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A file cannot be read.
    #[error("cannot read {role} {path}: {reason}")]
    File {
        /// What it is for.
        role: &'static str,
        /// The file.
        path: String,
        /// What stands in the way.
        reason: String,
    },
    /// A file was read but holds nothing of use.
    #[error("cannot use {role} {path}: {reason}")]
    Content {
        /// What it is for.
        role: &'static str,
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// https was asked for, and there is nothing to verify the server against.
    #[error(
        "cannot verify Consul's certificate: no CA certificates; set `tls.cafile`, or SSL_CERT_FILE"
    )]
    NoRoots,
    /// The name to verify is no name.
    #[error("cannot verify Consul's certificate against `{name}`: not a host name or an address")]
    ServerName {
        /// The name.
        name: String,
    },
    /// The certificate and the key do not fit.
    #[error("cannot use the client certificate: {reason}")]
    ClientCertificate {
        /// What is wrong.
        reason: String,
    },
}

/// Says what an io error means, without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        // `Connection refused` becomes `connection refused`, but `TLS ..` stays.
        Some(first) if letters.clone().next().is_some_and(char::is_lowercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        Some(_) | None => text.to_owned(),
    }
}

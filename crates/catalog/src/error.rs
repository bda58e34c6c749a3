//! What can go wrong between us and a catalog, in words for three in the morning.

use std::{fmt, io, time::Duration};

use thiserror::Error;

/// Which catalog is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Backend {
    /// Consul, or the embedded catalog, which speaks its API.
    Consul,
    /// etcd.
    Etcd,
    /// ZooKeeper.
    Zookeeper,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Consul => "Consul",
            Self::Etcd => "etcd",
            Self::Zookeeper => "ZooKeeper",
        })
    }
}

/// Why a call to the catalog gave no usable answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CatalogError {
    /// No connection could be made.
    #[error("cannot reach {who} at {address}: {reason}")]
    Unreachable {
        /// Which catalog.
        who: Backend,
        /// Where it should be.
        address: String,
        /// What stands in the way.
        reason: String,
    },
    /// A connection was made, but no answer came in time.
    #[error("{who} at {address} did not answer {call} within {after:?}")]
    Silent {
        /// Which catalog.
        who: Backend,
        /// Who was asked.
        address: String,
        /// Method and path.
        call: String,
        /// The patience it was given.
        after: Duration,
    },
    /// An answer began, or should have, and the connection broke.
    #[error("{who} at {address} broke off its answer to {call}: {reason}")]
    Interrupted {
        /// Which catalog.
        who: Backend,
        /// Who was asked.
        address: String,
        /// Method and path.
        call: String,
        /// How it broke.
        reason: String,
    },
    /// The answer is a refusal.
    #[error("{who} answered {status} to {call}: {text}")]
    Refused {
        /// Which catalog.
        who: Backend,
        /// The HTTP status, or the number of ZooKeeper's error without its sign.
        status: u16,
        /// Method and path.
        call: String,
        /// What it said, cut to one short line.
        text: String,
    },
    /// The answer is not what the API promises.
    #[error("cannot read {who}'s answer to {call}: {reason}")]
    Malformed {
        /// Which catalog.
        who: Backend,
        /// Method and path.
        call: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The answer is larger than any sound one.
    #[error("{who}'s answer to {call} is larger than {limit} bytes")]
    Oversized {
        /// Which catalog.
        who: Backend,
        /// Method and path.
        call: String,
        /// The limit.
        limit: usize,
    },
    /// The answer comes from servers that cannot vouch for it.
    #[error("{who}'s answer to {call} is not to be trusted: {reason}")]
    Doubtful {
        /// Which catalog.
        who: Backend,
        /// Method and path.
        call: String,
        /// Why.
        reason: &'static str,
    },
    /// The token or password could not be read.
    #[error("cannot read the {who} {what} from {path}: {reason}")]
    Token {
        /// Which catalog.
        who: Backend,
        /// What it calls it: `token`, `password`.
        what: &'static str,
        /// The file.
        path: String,
        /// What stands in the way.
        reason: String,
    },
    /// The question is one that this catalog has no answer to.
    #[error("{who} has no {what}")]
    Unsupported {
        /// Which catalog.
        who: Backend,
        /// What it does not have, in words that follow "has no".
        what: &'static str,
    },
    /// A guarded write found something else than it was to replace.
    #[error("`{key}` in {who} is not what it was: somebody else wrote it")]
    Outdated {
        /// Which catalog.
        who: Backend,
        /// The key.
        key: String,
    },
    /// A registration was taken and is gone again before its first update.
    #[error("the catalog took the registration and forgot it")]
    Forgetful,
    /// A withdrawal was given up.
    #[error("the catalog did not confirm it within {after:?}")]
    Overdue {
        /// The patience it was given.
        after: Duration,
    },
}

impl CatalogError {
    /// Tells whether both are the same trouble, so that the second needs no new report.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.sort() == other.sort()
    }

    /// Tells whether the catalog understood the call and forbade it, which soon asking again cannot cure.
    pub(crate) fn is_denied(&self) -> bool {
        // The last two are ZooKeeper's NoAuth and AuthFailed.
        let denials = [401, 403, 102, 115];
        denials
            .iter()
            .any(|&status| self.sort() == Sort::Refused(status))
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
            | Self::Unsupported { .. }
            | Self::Outdated { .. }
            | Self::Forgetful
            | Self::Overdue { .. } => false,
        }
    }

    /// Tells whether something that speaks HTTP was at the other end.
    pub fn was_answered(&self) -> bool {
        match self {
            Self::Refused { .. }
            | Self::Malformed { .. }
            | Self::Oversized { .. }
            | Self::Doubtful { .. }
            | Self::Unsupported { .. }
            | Self::Outdated { .. }
            | Self::Forgetful => true,
            Self::Unreachable { .. }
            | Self::Silent { .. }
            | Self::Interrupted { .. }
            | Self::Token { .. }
            | Self::Overdue { .. } => false,
        }
    }

    fn sort(&self) -> Sort {
        match self {
            Self::Unreachable { .. } => Sort::Unreachable,
            Self::Silent { .. } => Sort::Silent,
            Self::Interrupted { .. } => Sort::Interrupted,
            Self::Refused { status, .. } => Sort::Refused(*status),
            Self::Malformed { .. } => Sort::Malformed,
            Self::Oversized { .. } => Sort::Oversized,
            Self::Doubtful { .. } => Sort::Doubtful,
            Self::Token { .. } => Sort::Token,
            Self::Unsupported { .. } => Sort::Unsupported,
            Self::Outdated { .. } => Sort::Outdated,
            Self::Forgetful => Sort::Forgetful,
            Self::Overdue { .. } => Sort::Overdue,
        }
    }
}

#[derive(PartialEq, Eq)]
enum Sort {
    Unreachable,
    Silent,
    Interrupted,
    Refused(u16),
    Malformed,
    Oversized,
    Doubtful,
    Token,
    Unsupported,
    Outdated,
    Forgetful,
    Overdue,
}

/// Why settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// The address is none.
    #[error("cannot use {who} address `{text}`: {reason}")]
    Address {
        /// Which catalog.
        who: Backend,
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
        "cannot verify {who}'s certificate: no CA certificates; set `tls.cafile`, or SSL_CERT_FILE"
    )]
    NoRoots {
        /// Which catalog.
        who: Backend,
    },
    /// The name to verify is no name.
    #[error("cannot verify {who}'s certificate against `{name}`: not a host name or an address")]
    ServerName {
        /// Which catalog.
        who: Backend,
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

//! Users, and how they prove to be who they say they are.

use std::path::PathBuf;

use super::Secret;
use crate::{Backend, CatalogError, error::reason};

/// A user of a catalog, and how to prove to be it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Its name.
    pub user: String,
    /// Where the password comes from.
    pub password: Password,
}

/// Where a password comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Password {
    /// From the configuration or the environment.
    Value(Secret),
    /// From a file, read again each time it is asked for; a last line break is not part of it.
    File(PathBuf),
}

impl Password {
    /// Reads it, for use on the wire only.
    pub(crate) fn read(&self, who: Backend) -> Result<String, CatalogError> {
        let path = match self {
            Self::Value(secret) => return Ok(secret.reveal().to_owned()),
            Self::File(path) => path,
        };
        let text = std::fs::read_to_string(path).map_err(|error| CatalogError::Token {
            who,
            what: "password",
            path: path.display().to_string(),
            reason: reason(&error),
        })?;
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    }
}

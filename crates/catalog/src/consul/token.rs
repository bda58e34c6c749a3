//! What we identify ourselves with, kept out of everything that is printed.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use go_base64::STANDARD;
use hyper::header::HeaderValue;

use crate::{Backend, CatalogError, error::reason, transport::Secret};

/// Where the token comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// Nowhere: Consul sees its anonymous token.
    None,
    /// From the configuration or the environment.
    Value(Secret),
    /// From a file, read again whenever it changes.
    File(PathBuf),
}

/// A name and its password, for a proxy before the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// Writes a name and its password as HTTP's basic scheme does.
pub(super) fn authorization(auth: &Auth) -> String {
    let Auth { user, password } = auth;
    let password = password.reveal();
    format!(
        "Basic {}",
        STANDARD.encode(format!("{user}:{password}").as_bytes())
    )
}

/// The token as a header, as fresh as its source.
pub(super) struct Credential {
    source: Token,
    // Only ever held while a file of one line is read.
    read: Mutex<Option<(Stamp, Option<HeaderValue>)>>,
}

type Stamp = (Option<SystemTime>, u64);

impl Credential {
    pub(super) fn new(source: Token) -> Self {
        Self {
            source,
            read: Mutex::new(None),
        }
    }

    /// Gives the header to send now.
    pub(super) fn header(&self) -> Result<Option<HeaderValue>, CatalogError> {
        match &self.source {
            Token::None => Ok(None),
            Token::Value(text) => header(text.reveal(), "the configuration"),
            Token::File(path) => self.header_from(path),
        }
    }

    fn header_from(&self, path: &Path) -> Result<Option<HeaderValue>, CatalogError> {
        let name = path.display().to_string();
        let unreadable = |error| CatalogError::Token {
            who: Backend::Consul,
            what: "token",
            path: name.clone(),
            reason: reason(&error),
        };
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        let stamp = (metadata.modified().ok(), metadata.len());
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, value)) = &*read
            && *known == stamp
        {
            return Ok(value.clone());
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let value = header(&text, &name)?;
        *read = Some((stamp, value.clone()));
        Ok(value)
    }
}

fn header(text: &str, origin: &str) -> Result<Option<HeaderValue>, CatalogError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let mut value = HeaderValue::from_str(text).map_err(|_| CatalogError::Token {
        who: Backend::Consul,
        what: "token",
        path: origin.to_owned(),
        reason: "it cannot be sent in a header".to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_again_when_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let credential = Credential::new(Token::File(path.clone()));
        let error = credential.header().unwrap_err().to_string();
        assert!(
            error.ends_with("token: no such file or directory"),
            "{error}"
        );
        std::fs::write(&path, "first\n").unwrap();
        assert_eq!(credential.header().unwrap().unwrap(), "first");
        std::fs::write(&path, "the second\n").unwrap();
        assert_eq!(credential.header().unwrap().unwrap(), "the second");
    }

    #[test]
    fn a_token_never_shows_in_an_error() {
        let credential = Credential::new(Token::Value(Secret::new("hu\nsh")));
        let error = credential.header().unwrap_err().to_string();
        assert!(
            !error.contains("sh\u{22}") && !error.contains("hu"),
            "{error}"
        );
    }
}

//! The token that a password is exchanged for.

use std::sync::{Arc, Mutex, PoisonError};

use hyper::header::HeaderValue;
use serde_json::{Value, json};

use crate::{Backend, CatalogError, transport::Login};

/// What we show instead of the password.
pub(super) struct Pass {
    login: Option<Login>,
    // Only ever held for a copy.
    token: Mutex<Option<Arc<HeaderValue>>>,
}

impl Pass {
    pub(super) fn new(login: Option<Login>) -> Self {
        Self {
            login,
            token: Mutex::new(None),
        }
    }

    /// The token in use, if there is one.
    pub(super) fn token(&self) -> Option<Arc<HeaderValue>> {
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        token.clone()
    }

    /// What to say to get a token; none if nobody asks for one.
    pub(super) fn introduction(&self) -> Result<Option<Value>, CatalogError> {
        let Some(Login { user, password }) = &self.login else {
            return Ok(None);
        };
        let password = password.read(Backend::Etcd)?;
        Ok(Some(json!({ "name": user, "password": password })))
    }

    /// Takes a token into use.
    pub(super) fn take(&self, token: &str) -> Option<Arc<HeaderValue>> {
        let mut value = HeaderValue::from_str(token).ok()?;
        value.set_sensitive(true);
        let value = Arc::new(value);
        let mut held = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(value.clone());
        Some(value)
    }

    /// Gives up a token that is no longer taken, unless another is in use by now; tells whether
    /// there may be another.
    pub(super) fn drop(&self, token: Option<&HeaderValue>) -> bool {
        let mut held = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if held.as_deref() == token {
            *held = None;
        }
        self.login.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::{Password, Secret};

    #[test]
    fn a_token_is_given_up_once() {
        let pass = Pass::new(Some(Login {
            user: "me".to_owned(),
            password: Password::Value(Secret::new("hush")),
        }));
        let first = pass.take("first").unwrap();
        assert!(!format!("{first:?}").contains("first"));
        let second = pass.take("second").unwrap();
        // Another call has found out before.
        assert!(pass.drop(Some(&first)));
        assert_eq!(pass.token(), Some(second.clone()));
        assert!(pass.drop(Some(&second)));
        assert_eq!(pass.token(), None);
        assert!(!Pass::new(None).drop(None));
    }

    #[test]
    fn a_password_is_read_when_it_is_needed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let pass = Pass::new(Some(Login {
            user: "me".to_owned(),
            password: Password::File(path.clone()),
        }));
        let said = pass.introduction().unwrap_err().to_string();
        let start = format!("cannot read the etcd password from {}: ", path.display());
        assert!(said.starts_with(&start), "{said}");
        std::fs::write(&path, "hush\n").unwrap();
        let said = pass.introduction().unwrap().unwrap();
        assert_eq!(said["password"], "hush");
    }
}

//! Keys, read once and written under guard. The guard is the version of a node.

use bytes::Bytes;

use super::{
    Client,
    follow::{is_key, mirror_of_pairs, pairs},
    keeper::read,
    place::{NAMES, above},
    request::{Code, Create, Node, Request},
};
use crate::{
    Backend, CatalogError,
    keys::{Guard, Key, Version},
};

/// How often something may be tried again because others were faster.
const RACES: u32 = 5;

impl Client {
    pub(crate) async fn read_key(&self, path: &str) -> Result<Option<Key>, CatalogError> {
        let node = read(&self.session, "kv", &self.place(path)?).await?;
        Ok(node.filter(is_key).map(|node| key(path, node)))
    }

    pub(crate) async fn list_keys(&self, prefix: &str) -> Result<Vec<Key>, CatalogError> {
        let Some(mut mirror) = mirror_of_pairs(&self.settings, prefix) else {
            return Err(unsound());
        };
        mirror.read(&self.session).await?;
        let shelf = self.settings.shelf();
        let keys = pairs(&self.settings, prefix, &mirror).into_iter();
        let keys = keys.filter_map(|pair| {
            let node = mirror.node(&format!("{shelf}/{}", pair.path))?;
            Some(key(&pair.path, node.clone()))
        });
        Ok(keys.collect())
    }

    pub(crate) async fn write_key(
        &self,
        path: &str,
        value: Bytes,
        guard: Guard,
    ) -> Result<(), CatalogError> {
        let place = self.place(path)?;
        for _ in 0..RACES {
            let version = match guard {
                Guard::Anything => None,
                Guard::Version(version) => Some(number(version)),
                Guard::Nothing => match read(&self.session, "kv", &place).await? {
                    Some(node) if is_key(&node) => return Err(outdated(path)),
                    Some(node) => Some(node.stat.version),
                    None => match self.create(&place, value.clone()).await? {
                        true => return Ok(()),
                        false => continue,
                    },
                },
            };
            let write = Request::Write {
                path: place.clone(),
                value: value.clone(),
                version,
            };
            match (self.session.call("kv", write.clone()).await?, guard) {
                (Ok(_), _) => return Ok(()),
                (Err(Code::NO_NODE), Guard::Anything) => {
                    if self.create(&place, value.clone()).await? {
                        return Ok(());
                    }
                }
                (Err(Code::NO_NODE | Code::BAD_VERSION), Guard::Nothing) => {}
                (Err(Code::NO_NODE | Code::BAD_VERSION), _) => return Err(outdated(path)),
                (Err(code), _) => return Err(write.refused(code)),
            }
        }
        Err(outdated(path))
    }

    pub(crate) async fn delete_key(&self, path: &str, guard: Guard) -> Result<(), CatalogError> {
        let place = self.place(path)?;
        let version = match guard {
            Guard::Anything => None,
            Guard::Version(version) => Some(number(version)),
            Guard::Nothing => {
                return match self.read_key(path).await? {
                    Some(_) => Err(outdated(path)),
                    None => Ok(()),
                };
            }
        };
        let delete = Request::Delete {
            path: place.clone(),
            version,
        };
        let mut parts = vec![delete.clone()];
        parts.extend(self.bare_above(&place).await);
        // Refused, it is done bit by bit: there is more below one of them, or not even the key.
        if parts.len() > 1
            && self
                .session
                .call("kv", Request::Together(parts))
                .await?
                .is_ok()
        {
            return Ok(());
        }
        let mut came = (self.session.call("kv", delete.clone()).await?, delete);
        if came.0 == Err(Code::NOT_EMPTY) {
            // Other keys are below it: it is a key no more when it holds nothing.
            let write = Request::Write {
                path: place.clone(),
                value: Bytes::new(),
                version,
            };
            came = (self.session.call("kv", write.clone()).await?, write);
        }
        match came {
            (Ok(_), _) => {
                self.clear_above(&place).await;
                Ok(())
            }
            (Err(Code::NO_NODE), _) if guard == Guard::Anything => Ok(()),
            (Err(Code::NO_NODE | Code::BAD_VERSION), _) => Err(outdated(path)),
            (Err(code), request) => Err(request.refused(code)),
        }
    }

    /// Makes a node and those above it; false if somebody else was faster.
    ///
    /// What is missing above it is made in the same step: alone, it would be a key.
    async fn create(&self, path: &str, value: Bytes) -> Result<bool, CatalogError> {
        let create = |path: &str, value| {
            Request::Create(Create {
                path: path.to_owned(),
                value,
                acl: self.settings.acl,
                is_ephemeral: false,
            })
        };
        let alone = create(path, value);
        for _ in 0..RACES {
            match self.session.call("kv", alone.clone()).await? {
                Ok(_) => return Ok(true),
                Err(Code::NODE_EXISTS) => return Ok(false),
                Err(Code::NO_NODE) => {}
                Err(code) => return Err(alone.refused(code)),
            }
            let missing = self.missing_above(path).await?;
            let missing = missing.into_iter().map(|path| create(path, Bytes::new()));
            let all = Request::Together(missing.chain([alone.clone()]).collect());
            match self.session.call("kv", all.clone()).await? {
                Ok(_) => return Ok(true),
                // Somebody has made one of them meanwhile, or taken away what was above.
                Err(Code::NODE_EXISTS | Code::NO_NODE) => {}
                Err(code) => return Err(all.refused(code)),
            }
        }
        Ok(false)
    }

    /// Finds the nodes above one that are not there, the highest first.
    async fn missing_above<'a>(&self, path: &'a str) -> Result<Vec<&'a str>, CatalogError> {
        let mut missing = Vec::new();
        for path in above(path) {
            // Below what is missing there is nothing.
            if missing.is_empty() {
                let path = path.to_owned();
                let read = Request::Read { path };
                match self.session.call("kv", read.clone()).await? {
                    // What may not be read is there.
                    Ok(_) | Err(Code::NO_AUTH) => continue,
                    Err(Code::NO_NODE) => {}
                    Err(code) => return Err(read.refused(code)),
                }
            }
            missing.push(path);
        }
        Ok(missing)
    }

    /// Finds what is above a key only to have it below, to be taken away with it: alone, it would be
    /// a key.
    async fn bare_above(&self, path: &str) -> Vec<Request> {
        let shelf = self.settings.shelf();
        let mut bare = Vec::new();
        let mut path = path;
        while let Some((above, _)) = path.rsplit_once('/')
            && above.len() > shelf.len()
            && let Ok(Some(node)) = read(&self.session, "kv", above).await
            && node.value.is_empty()
            && node.stat.children == 1
        {
            bare.push(Request::Delete {
                path: above.to_owned(),
                version: Some(node.stat.version),
            });
            path = above;
        }
        bare
    }

    /// Takes away what is left above a key that is gone: it would be a key.
    async fn clear_above(&self, path: &str) {
        let shelf = self.settings.shelf();
        let mut path = path;
        while let Some((above, _)) = path.rsplit_once('/')
            && above.len() > shelf.len()
        {
            let Ok(Some(node)) = read(&self.session, "kv", above).await else {
                return;
            };
            if !node.value.is_empty() || node.stat.children > 0 {
                return;
            }
            let delete = Request::Delete {
                path: above.to_owned(),
                version: Some(node.stat.version),
            };
            if !matches!(self.session.call("kv", delete).await, Ok(Ok(_))) {
                return;
            }
            path = above;
        }
    }

    fn place(&self, path: &str) -> Result<String, CatalogError> {
        self.settings.key(path).ok_or_else(unsound)
    }
}

fn key(path: &str, node: Node) -> Key {
    Key {
        path: path.to_owned(),
        value: node.value,
        version: Version(u64::from(node.stat.version.unsigned_abs())),
    }
}

/// A version as ZooKeeper counts them; one that it never gave is one that never is.
fn number(version: Version) -> i32 {
    i32::try_from(version.0).unwrap_or(i32::MAX)
}

fn unsound() -> CatalogError {
    CatalogError::Unsupported {
        who: Backend::Zookeeper,
        what: NAMES,
    }
}

fn outdated(path: &str) -> CatalogError {
    CatalogError::Outdated {
        who: Backend::Zookeeper,
        key: path.to_owned(),
    }
}

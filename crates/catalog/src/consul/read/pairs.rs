//! Keys and their values.

use std::sync::Arc;

use bytes::Bytes;
use go_base64::STANDARD;
use serde::{Deserialize, de::Error as _};

use super::{Text, each};
use crate::answer::Pair;

/// Reads the keys under a prefix.
pub(super) fn read(body: &[u8]) -> serde_json::Result<Arc<[Pair]>> {
    let mut pairs = Vec::new();
    let mut unreadable = None;
    each(body, |entry: Entry<'_>| {
        match STANDARD.decode(entry.value().as_bytes()) {
            Ok(value) => pairs.push(entry.pair(value)),
            Err(_) => unreadable = Some(entry.key.0.into_owned()),
        }
    })?;
    if let Some(key) = unreadable {
        let reason = format!("the value of key {key} is not base64");
        return Err(serde_json::Error::custom(reason));
    }
    pairs.sort_unstable_by(|one: &Pair, other| one.path.cmp(&other.path));
    Ok(pairs.into())
}

/// Reads the value of a key; `null` is none.
pub(super) fn read_value(body: &[u8]) -> serde_json::Result<Option<Bytes>> {
    let text: Option<Text<'_>> = serde_json::from_slice(body)?;
    let decode = |text: Text<'_>| {
        let value = STANDARD.decode(text.0.as_bytes());
        value.map_err(|_| serde_json::Error::custom("the value of a key is not base64"))
    };
    Ok(text.map(decode).transpose()?.map(Bytes::from))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    #[serde(borrow)]
    key: Text<'a>,
    value: Option<Text<'a>>,
    #[serde(default)]
    create_index: u64,
    #[serde(default)]
    modify_index: u64,
    #[serde(default)]
    lock_index: u64,
    #[serde(default)]
    flags: u64,
    #[serde(default)]
    session: Text<'a>,
}

impl Entry<'_> {
    fn value(&self) -> &str {
        self.value.as_ref().map_or("", |text| &text.0)
    }

    fn pair(self, value: Vec<u8>) -> Pair {
        Pair {
            path: self.key.into(),
            value: Bytes::from(value),
            create_index: self.create_index,
            modify_index: self.modify_index,
            lock_index: self.lock_index,
            flags: self.flags,
            session: self.session.into(),
        }
    }
}

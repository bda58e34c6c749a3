//! Keys and their values.

use std::{borrow::Cow, sync::Arc};

use catalog::answer;
use go_template::{Element, List, Object, Text, Value};

use super::{fields, number};

const NAME: &str = "*dependency.KeyPair";

/// These pairs, in order.
pub(crate) fn pairs(pairs: impl IntoIterator<Item = Pair>) -> List {
    let value = |pair| Value::Object(Arc::new(pair));
    List::new(Element::Named(NAME), pairs.into_iter().map(value))
}

/// A pair under a prefix, by its place among those that came with it.
#[derive(Clone)]
pub(crate) struct Pair {
    all: Arc<[answer::Pair]>,
    index: usize,
    /// Where in the path the key begins, which leaves out the prefix and what others left out.
    key: usize,
}

impl Pair {
    pub(crate) fn new(all: &Arc<[answer::Pair]>, index: usize, prefix: &str) -> Option<Self> {
        let path = &all.get(index)?.path;
        let key = path.strip_prefix(prefix).unwrap_or(path);
        let key = key.trim_start_matches('/');
        Some(Self {
            all: all.clone(),
            index,
            key: path.len() - key.len(),
        })
    }

    /// The path without the prefix.
    pub(crate) fn key(&self) -> &str {
        let pair = self.all.get(self.index);
        pair.and_then(|pair| pair.path.get(self.key..))
            .unwrap_or_default()
    }
}

impl Object for Pair {
    fn type_name(&self) -> Cow<'_, str> {
        NAME.into()
    }

    fn fields(&self) -> Vec<(Cow<'_, str>, Value)> {
        const NAMES: &[&str] = &[
            "Path",
            "Key",
            "Value",
            "CreateIndex",
            "ModifyIndex",
            "LockIndex",
            "Flags",
            "Session",
        ];
        fields(NAMES, |name| self.field(name))
    }

    fn field(&self, name: &str) -> Option<Value> {
        let pair = self.all.get(self.index)?;
        Some(match name {
            "Path" => (&*pair.path).into(),
            "Key" => self.key().into(),
            "Value" => (&*pair.value).into(),
            "CreateIndex" => number(pair.create_index),
            "ModifyIndex" => number(pair.modify_index),
            "LockIndex" => number(pair.lock_index),
            "Flags" => number(pair.flags),
            "Session" => (&*pair.session).into(),
            _ => return None,
        })
    }
}

/// A key that may not be there.
pub(crate) fn perhaps(path: &str, value: Option<&[u8]>) -> Value {
    Value::Object(Arc::new(Perhaps {
        path: path.into(),
        value: value.map(Into::into),
    }))
}

struct Perhaps {
    path: Text,
    value: Option<Text>,
}

impl Object for Perhaps {
    fn type_name(&self) -> Cow<'_, str> {
        NAME.into()
    }

    fn fields(&self) -> Vec<(Cow<'_, str>, Value)> {
        fields(&["Path", "Key", "Value", "Exists"], |name| self.field(name))
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Path" | "Key" => Some(self.path.clone().into()),
            "Value" => Some(self.value.clone().unwrap_or_else(|| "".into()).into()),
            "Exists" => Some(self.value.is_some().into()),
            _ => None,
        }
    }
}

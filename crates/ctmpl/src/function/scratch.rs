//! `scratch`: what a template notes for itself during one execution.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use go_template::{Function, Kind, List, Map, Object, Signature, Text, Value};

use super::{Entry, Result, argument, text};

pub(super) const ALL: &[Entry] = &[Entry::new("scratch", &[], |scene, _| {
    Ok(scene.scratch().clone())
})];

/// Makes an empty one.
pub(crate) fn new() -> Value {
    Value::Object(Arc::new(Scratch::default()))
}

/// A value must be able to cross threads, so its insides are behind a lock that nobody contends.
#[derive(Clone, Default)]
struct Scratch {
    notes: Arc<Mutex<BTreeMap<Text, Value>>>,
}

impl Scratch {
    fn notes(&self) -> MutexGuard<'_, BTreeMap<Text, Value>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, key: &str) -> bool {
        self.notes().contains_key(key.as_bytes())
    }

    fn get(&self, key: &str) -> Value {
        let notes = self.notes();
        notes.get(key.as_bytes()).cloned().unwrap_or(Value::Nil)
    }

    fn set(&self, key: &str, value: &Value) {
        self.notes().insert(key.into(), value.clone());
    }

    /// Gives the map under a key, an empty one if there is nothing yet.
    fn map(&self, key: &str) -> Result<Map> {
        match self.notes().get(key.as_bytes()) {
            None => Ok(Map::from_iter(Vec::<(Text, Value)>::new())),
            Some(value) => {
                let map = value.as_map().cloned();
                map.ok_or_else(|| format!("{key:?} is not a map"))
            }
        }
    }

    fn set_in_map(&self, arguments: &[Value], replace: bool) -> Result {
        let (key, inner) = (text(arguments, 0), text(arguments, 1));
        let map = self.map(&key)?;
        if replace || map.entry(inner.as_bytes()).is_none() {
            let entries = map
                .entries()
                .map(|(key, value)| (key.clone(), value.clone()));
            let new = (inner.into(), argument(arguments, 2).clone());
            let map: Map = entries.chain([new]).collect();
            self.set(&key, &map.into());
        }
        Ok("".into())
    }
}

/// What one of its methods does.
type Method = fn(&Scratch, &[Value]) -> Result;

impl Object for Scratch {
    fn type_name(&self) -> Cow<'_, str> {
        "*template.Scratch".into()
    }

    fn fields(&self) -> Vec<(Cow<'_, str>, Value)> {
        Vec::new()
    }

    fn method(&self, name: &str) -> Option<Function> {
        use Kind::{Any, String};
        let (parameters, method): (&[Kind], Method) = match name {
            "Key" => (&[String], |scratch, arguments| {
                Ok(scratch.has(&text(arguments, 0)).into())
            }),
            "Get" => (&[String], |scratch, arguments| {
                Ok(scratch.get(&text(arguments, 0)))
            }),
            "Set" => (&[String, Any], |scratch, arguments| {
                scratch.set(&text(arguments, 0), argument(arguments, 1));
                Ok("".into())
            }),
            "SetX" => (&[String, Any], |scratch, arguments| {
                let key = text(arguments, 0);
                if !scratch.has(&key) {
                    scratch.set(&key, argument(arguments, 1));
                }
                Ok("".into())
            }),
            "MapSet" => (&[String, String, Any], |scratch, arguments| {
                scratch.set_in_map(arguments, true)
            }),
            "MapSetX" => (&[String, String, Any], |scratch, arguments| {
                scratch.set_in_map(arguments, false)
            }),
            "MapValues" => (&[String], |scratch, arguments| {
                let map = scratch.map(&text(arguments, 0))?;
                let values = map.entries().map(|(_, value)| value.clone());
                Ok(values.collect::<List>().into())
            }),
            _ => return None,
        };
        let scratch = self.clone();
        let signature = Signature::new(parameters.iter().copied());
        Some(Function::new(signature, move |arguments| {
            method(&scratch, arguments)
        }))
    }
}

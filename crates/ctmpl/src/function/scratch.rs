//! `scratch`: what a template notes for itself during one execution.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use go_template::{Element, Function, Kind, List, Map, Object, Signature, Text, Value};

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

    fn set(&self, key: &str, value: &Value) -> Result<()> {
        check_depth(value, 0)?;
        self.notes().insert(key.into(), value.clone());
        Ok(())
    }

    /// Puts a value into the map under a key, which is made if there is nothing yet.
    fn set_in_map(&self, arguments: &[Value], replace: bool) -> Result<()> {
        let (key, inner) = (text(arguments, 0), text(arguments, 1));
        let value = argument(arguments, 2);
        check_depth(value, 1)?;
        let mut notes = self.notes();
        let note = notes.entry(key.as_str().into());
        let note = note.or_insert_with(|| Map::new(Element::Any, []).into());
        let Value::Map(map) = note else {
            return Err(format!("{key:?} is not a map"));
        };
        if replace || map.entry(inner.as_bytes()).is_none() {
            map.insert(inner.into(), value.clone());
        }
        Ok(())
    }

    /// Gives the values of the map under a key, in the order of their keys.
    fn values(&self, key: &str) -> List {
        let notes = self.notes();
        let map = notes.get(key.as_bytes()).and_then(Value::as_map);
        let entries = map.into_iter().flat_map(Map::entries);
        entries.map(|(_, value)| value.clone()).collect()
    }
}

/// How deep maps and lists may lie in each other: what is deeper could not even be dropped
/// without exhausting the stack.
const DEEPEST: usize = 100;

fn check_depth(value: &Value, depth: usize) -> Result<()> {
    if depth > DEEPEST {
        return Err(format!(
            "cannot hold what is nested more than {DEEPEST} deep"
        ));
    }
    if let Value::Map(map) = value {
        let mut values = map.entries().map(|(_, value)| value);
        return values.try_for_each(|value| check_depth(value, depth + 1));
    }
    match value.as_list() {
        // Only lists of anything can hold maps and lists.
        Some(list) if *list.element() == Element::Any => list
            .iter()
            .try_for_each(|item| check_depth(&item, depth + 1)),
        Some(_) | None => Ok(()),
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
                scratch.set(&text(arguments, 0), argument(arguments, 1))?;
                Ok("".into())
            }),
            "SetX" => (&[String, Any], |scratch, arguments| {
                let key = text(arguments, 0);
                if !scratch.has(&key) {
                    scratch.set(&key, argument(arguments, 1))?;
                }
                Ok("".into())
            }),
            "MapSet" => (&[String, String, Any], |scratch, arguments| {
                scratch.set_in_map(arguments, true)?;
                Ok("".into())
            }),
            "MapSetX" => (&[String, String, Any], |scratch, arguments| {
                scratch.set_in_map(arguments, false)?;
                Ok("".into())
            }),
            "MapValues" => (&[String], |scratch, arguments| {
                Ok(scratch.values(&text(arguments, 0)).into())
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

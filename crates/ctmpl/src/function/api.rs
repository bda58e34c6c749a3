//! What a template can look at: services, nodes, keys, files, the environment.

use std::sync::Arc;

use bytes::Bytes;
use catalog::answer::{Answer, Instance};
use go_template::{Kind, List, Value};

use super::{Entry, Result, TEXT, TWO_TEXTS, text, wrong_number};
use crate::{
    brain::Known,
    dependency::{Dependency, Filter},
    object,
    scene::Scene,
};

pub(super) const ALL: &[Entry] = &[
    Entry::new("service", &[], service).and(Kind::String),
    Entry::new("services", &[], services).and(Kind::String),
    Entry::new("node", &[], node).and(Kind::String),
    Entry::new("nodes", &[], nodes).and(Kind::String),
    Entry::new("datacenters", &[], datacenters).and(Kind::Bool),
    Entry::new("key", TEXT, key),
    Entry::new("keyExists", TEXT, key_exists),
    Entry::new("keyExistsGet", TEXT, key_exists_get),
    Entry::new("keyOrDefault", TWO_TEXTS, key_or_default),
    // The name before 0.18.5, which templates in the wild still use.
    Entry::new("key_or_default", TWO_TEXTS, key_or_default),
    Entry::new("ls", TEXT, |scene, words| {
        pairs(scene, words, Depth::Top, false)
    }),
    Entry::new("safeLs", TEXT, |scene, words| {
        pairs(scene, words, Depth::Top, true)
    }),
    Entry::new("tree", TEXT, |scene, words| {
        pairs(scene, words, Depth::All, false)
    }),
    Entry::new("safeTree", TEXT, |scene, words| {
        pairs(scene, words, Depth::All, true)
    }),
    Entry::new("file", TEXT, file),
];

/// Gives the answer to a dependency on the catalog.
fn answer<'p>(scene: &Scene<'p>, dependency: &Dependency) -> Option<&'p Answer> {
    match scene.look(dependency)? {
        Known::Answer(answer) => Some(answer),
        Known::File(_) => None,
    }
}

/// `service "[TAG.]NAME[@DC][~NEAR][|FILTERS]"`, or the filters as further words.
fn service(scene: &Scene<'_>, words: &[Value]) -> Result {
    let words: Vec<String> = (0..words.len()).map(|index| text(words, index)).collect();
    let asked = words.join("|");
    let nobody: Arc<[Instance]> = Arc::new([]);
    if words.first().is_none_or(String::is_empty) {
        return Ok(object::instances(nobody).into());
    }
    let dependency = Dependency::service(&asked)?;
    let instances = match answer(scene, &dependency) {
        Some(Answer::Instances(instances)) => instances.clone(),
        _ => nobody,
    };
    let Dependency::Service(_, filters) = &dependency else {
        return Ok(Value::Nil);
    };
    // Passing ones alone are what the catalog was asked for.
    if filters.contains(&Filter::Any) || *filters == [Filter::Passing] {
        return Ok(object::instances(instances).into());
    }
    let chosen = |index: &usize| {
        let instance = instances.get(*index);
        instance.is_some_and(|instance| {
            filters
                .iter()
                .any(|filter| filter.word() == instance.status.word())
        })
    };
    let chosen: Vec<usize> = (0..instances.len()).filter(chosen).collect();
    Ok(object::some_instances(&instances, chosen).into())
}

fn services(scene: &Scene<'_>, words: &[Value]) -> Result {
    let dependency = Dependency::services(&text(words, 0))?;
    let services = match answer(scene, &dependency) {
        Some(Answer::Services(services)) => services.clone(),
        _ => Arc::new([]),
    };
    Ok(object::services(services).into())
}

fn node(scene: &Scene<'_>, words: &[Value]) -> Result {
    let dependency = Dependency::node(&text(words, 0))?;
    Ok(match answer(scene, &dependency) {
        Some(Answer::Node(Some(node))) => object::node_services(node.clone()),
        _ => object::no_node(),
    })
}

fn nodes(scene: &Scene<'_>, words: &[Value]) -> Result {
    let dependency = Dependency::nodes(&text(words, 0))?;
    let nodes = match answer(scene, &dependency) {
        Some(Answer::Nodes(nodes)) => nodes.clone(),
        _ => Arc::new([]),
    };
    Ok(object::nodes(nodes).into())
}

fn datacenters(scene: &Scene<'_>, words: &[Value]) -> Result {
    let ignore_failing = match words {
        [] => false,
        [truth] => truth.is_true(),
        _ => return Err(wrong_number("datacenters", "0 or 1", words)),
    };
    let names = match answer(scene, &Dependency::Datacenters { ignore_failing }) {
        Some(Answer::Datacenters(names)) => names.clone(),
        _ => Arc::new([]),
    };
    Ok(List::strings(names.iter().map(|name| &**name)).into())
}

/// Gives the value of a key, if there is one.
fn value<'p>(scene: &Scene<'p>, dependency: &Dependency) -> Option<&'p Bytes> {
    if let Answer::Value(value) = answer(scene, dependency)? {
        return value.as_ref();
    }
    None
}

/// `key "PATH[@DC]"` waits until there is such a key, and goes on to give the last value of one
/// that is gone.
fn key(scene: &Scene<'_>, words: &[Value]) -> Result {
    let path = text(words, 0);
    if path.is_empty() {
        return Ok("".into());
    }
    let dependency = Dependency::key(&path, true)?;
    if let Some(value) = value(scene, &dependency) {
        return Ok((&**value).into());
    }
    match scene.last_value(&dependency) {
        Some(value) => Ok((&**value).into()),
        None => {
            scene.lack(&dependency);
            Ok("".into())
        }
    }
}

fn key_exists(scene: &Scene<'_>, words: &[Value]) -> Result {
    let path = text(words, 0);
    if path.is_empty() {
        return Ok(false.into());
    }
    let dependency = Dependency::key(&path, false)?;
    Ok(value(scene, &dependency).is_some().into())
}

/// `keyExistsGet "PATH[@DC]"`: the pair, and whether there is one.
fn key_exists_get(scene: &Scene<'_>, words: &[Value]) -> Result {
    let path = text(words, 0);
    if path.is_empty() {
        return Ok(object::perhaps("", None));
    }
    let dependency = Dependency::key(&path, false)?;
    let value = value(scene, &dependency).map(|value| &**value);
    let Dependency::Key { path, .. } = &dependency else {
        return Ok(Value::Nil);
    };
    Ok(object::perhaps(path, value))
}

/// Gives the default also for a key whose value is empty.
fn key_or_default(scene: &Scene<'_>, words: &[Value]) -> Result {
    let (path, default) = (text(words, 0), text(words, 1));
    if path.is_empty() {
        return Ok(default.into());
    }
    let dependency = Dependency::key(&path, false)?;
    let value = value(scene, &dependency).filter(|value| !value.is_empty());
    Ok(value.map_or_else(|| default.into(), |value| (&**value).into()))
}

/// How far below a prefix keys are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Top,
    All,
}

fn pairs(scene: &Scene<'_>, words: &[Value], depth: Depth, blocks: bool) -> Result {
    let prefix = text(words, 0);
    if prefix.is_empty() {
        return Ok(object::pairs([]).into());
    }
    let dependency = Dependency::pairs(&prefix, blocks)?;
    let Some(Answer::Pairs(pairs)) = answer(scene, &dependency) else {
        return Ok(object::pairs([]).into());
    };
    let Dependency::Pairs { prefix, .. } = &dependency else {
        return Ok(Value::Nil);
    };
    let wanted = |key: &str| match depth {
        Depth::Top => !key.is_empty() && !key.contains('/'),
        Depth::All => !key.is_empty() && !key.ends_with('/'),
    };
    let found = (0..pairs.len()).filter_map(|index| {
        let pair = object::Pair::new(pairs, index, prefix)?;
        wanted(pair.key()).then_some(pair)
    });
    let found: Vec<object::Pair> = found.collect();
    if blocks && found.is_empty() {
        scene.lack(&dependency);
    }
    Ok(object::pairs(found).into())
}

fn file(scene: &Scene<'_>, words: &[Value]) -> Result {
    let path = text(words, 0);
    if path.is_empty() {
        return Ok("".into());
    }
    if let Some(sandbox) = scene.sandbox()
        && !lies_in(&path, sandbox)
    {
        return Err(format!("'{path}' is outside of sandbox"));
    }
    match scene.look(&Dependency::File(path)) {
        Some(Known::File(text)) => Ok((&**text).into()),
        Some(Known::Answer(_)) | None => Ok("".into()),
    }
}

/// Tells whether a path stays in a directory, by its words alone.
fn lies_in(path: &str, directory: &str) -> bool {
    fn parts(path: &str) -> Vec<&str> {
        let mut parts = Vec::new();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        parts
    }
    path.starts_with('/') && parts(path).starts_with(&parts(directory))
}

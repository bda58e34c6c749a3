//! Lists and maps, put in another order: by key, by tag, as trees.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use go_template::{Element, Kind, List, Map, Object, Text, Value};

use super::{Entry, Result, argument, text};

pub(super) const ALL: &[Entry] = &[
    Entry::new("byKey", &[Kind::Any], |_, words| by_key(argument(words, 0))),
    Entry::new("byMeta", &[Kind::String, Kind::Any], |_, words| {
        by_meta(&text(words, 0), argument(words, 1))
    }),
    Entry::new("byPort", &[Kind::Any], |_, words| {
        by_port(argument(words, 0))
    }),
    Entry::new("byTag", &[Kind::Any], |_, words| by_tag(argument(words, 0))),
    Entry::new("explode", &[Kind::Any], |_, words| {
        explode(argument(words, 0))
    }),
    Entry::new("explodeMap", &[Kind::Map], |_, words| {
        explode_map(argument(words, 0))
    }),
    Entry::new("mergeMap", TWO_MAPS, |_, words| Ok(merge(words, false))),
    Entry::new("mergeMapWithOverride", TWO_MAPS, |_, words| {
        Ok(merge(words, true))
    }),
];

const TWO_MAPS: &[Kind] = &[Kind::Map, Kind::Map];
const PAIR: &str = "*dependency.KeyPair";
const INSTANCE: &str = "*dependency.HealthService";
const SERVICE: &str = "*dependency.CatalogSnippet";

/// Gives the elements of a list of objects of one of these types; nil is an empty list.
fn objects(function: &str, value: &Value, types: &[&str]) -> Result<Vec<Arc<dyn Object>>> {
    let wrong = || format!("{function}: wrong argument type {}", value.type_name());
    if let Value::Nil = value {
        return Ok(Vec::new());
    }
    let object = |item| {
        if let Value::Object(object) = item
            && types.contains(&&*object.type_name())
        {
            return Ok(object);
        }
        Err(wrong())
    };
    value
        .as_list()
        .ok_or_else(wrong)?
        .iter()
        .map(object)
        .collect()
}

fn field(object: &dyn Object, name: &str) -> Value {
    object.field(name).unwrap_or(Value::Nil)
}

fn text_of(object: &dyn Object, name: &str) -> String {
    let value = field(object, name);
    value.as_str().map(Cow::into_owned).unwrap_or_default()
}

/// Gathers objects under the keys that each of them has.
fn gather<K: AsRef<str>, I: IntoIterator<Item = K>>(
    objects: Vec<Arc<dyn Object>>,
    keys: impl Fn(&dyn Object) -> I,
) -> Value {
    let mut groups: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for object in objects {
        for key in keys(&*object) {
            let group = groups.entry(key.as_ref().to_owned()).or_default();
            group.push(Value::Object(object.clone()));
        }
    }
    let entry = |(key, group): (String, Vec<Value>)| {
        (Text::from(key), group.into_iter().collect::<List>().into())
    };
    Map::new(
        Element::Named("[]interface {}"),
        groups.into_iter().map(entry),
    )
    .into()
}

fn by_tag(value: &Value) -> Result {
    let objects = objects("byTag", value, &[INSTANCE, SERVICE])?;
    Ok(gather(objects, |object| {
        let tags = field(object, "Tags");
        let tags = tags.as_list().into_iter().flat_map(List::iter);
        tags.map(|tag| tag.to_string()).collect::<Vec<_>>()
    }))
}

/// The keys are texts here, so 443 comes before 80.
fn by_port(value: &Value) -> Result {
    let objects = objects("byPort", value, &[INSTANCE])?;
    Ok(gather(
        objects,
        |object| [field(object, "Port").to_string()],
    ))
}

/// `byMeta KEYS INSTANCES`: the keys are separated by commas, `KEY|int` is padded to five digits.
fn by_meta(keys: &str, value: &Value) -> Result {
    let objects = objects("byMeta", value, &[INSTANCE])?;
    let part = |meta: &Value, key: &str| {
        let (name, is_int) = match key.strip_suffix("|int") {
            Some(name) => (name, true),
            None => (key, false),
        };
        let entry = meta.as_map().and_then(|meta| meta.entry(name.as_bytes()));
        let entry = entry
            .map(ToString::to_string)
            .filter(|entry| !entry.is_empty());
        match (entry, is_int) {
            (entry, true) => format!("{:0>5}", entry.unwrap_or_default()),
            (Some(entry), false) => entry,
            (None, false) => format!("_no_{name}_"),
        }
    };
    Ok(gather(objects, |object| {
        let meta = field(object, "ServiceMeta");
        let parts: Vec<String> = keys.split(',').map(|key| part(&meta, key)).collect();
        let plain = |c: char| match c {
            c if c.is_ascii_alphanumeric() || c == '-' => c,
            _ => '_',
        };
        [parts.join("_").chars().map(plain).collect::<String>()]
    }))
}

/// Pairs by the first part of their key, then by the rest of it.
fn by_key(value: &Value) -> Result {
    const INNER: Element = Element::Named("map[string]*dependency.KeyPair");
    let mut groups: BTreeMap<String, Vec<(Text, Value)>> = BTreeMap::new();
    for pair in objects("byKey", value, &[PAIR])? {
        let key = text_of(&*pair, "Key");
        let Some((top, rest)) = key.split_once('/').filter(|(_, rest)| !rest.is_empty()) else {
            continue;
        };
        let renamed = Renamed {
            key: rest.to_owned(),
            pair,
        };
        let group = groups.entry(top.to_owned()).or_default();
        group.push((rest.into(), Value::Object(Arc::new(renamed))));
    }
    let entry = |(top, group): (String, Vec<(Text, Value)>)| {
        (
            Text::from(top),
            Map::new(Element::Named(PAIR), group).into(),
        )
    };
    Ok(Map::new(INNER, groups.into_iter().map(entry)).into())
}

/// A pair under a shorter key.
struct Renamed {
    key: String,
    pair: Arc<dyn Object>,
}

impl Object for Renamed {
    fn type_name(&self) -> Cow<'_, str> {
        self.pair.type_name()
    }

    fn fields(&self) -> Vec<(Cow<'_, str>, Value)> {
        let fields = self.pair.fields().into_iter();
        let renamed = |(name, value): (Cow<'_, str>, Value)| {
            let value = if name == "Key" {
                self.key.as_str().into()
            } else {
                value
            };
            (Cow::Owned(name.into_owned()), value)
        };
        fields.map(renamed).collect()
    }

    fn field(&self, name: &str) -> Option<Value> {
        if name == "Key" {
            return Some(self.key.as_str().into());
        }
        self.pair.field(name)
    }
}

/// How deep maps may lie in each other, which takes stack to walk and to drop.
const DEEPEST: usize = 100;

/// Maps in maps, while they grow.
enum Tree {
    Leaf(Value),
    Branch(BTreeMap<String, Tree>),
}

impl Tree {
    fn into_value(self) -> Value {
        match self {
            Self::Leaf(value) => value,
            Self::Branch(branch) => map(branch),
        }
    }
}

fn map(branch: BTreeMap<String, Tree>) -> Value {
    let entries = branch.into_iter();
    let entries = entries.map(|(key, tree)| (key, tree.into_value()));
    entries.collect::<Map>().into()
}

/// Puts a value where its key says; a key that ends in `/` only makes the maps above it.
fn plant(mut branch: &mut BTreeMap<String, Tree>, key: &str, value: Value) -> Result<()> {
    if key.split('/').count() > DEEPEST {
        return Err(format!("{key:?} has more than {DEEPEST} parts"));
    }
    let mut rest = key;
    while let Some((top, below)) = rest.split_once('/') {
        let next = branch.entry(top.to_owned());
        let next = next.or_insert_with(|| Tree::Branch(BTreeMap::new()));
        branch = match next {
            Tree::Branch(next) => next,
            Tree::Leaf(value) => {
                let value = value.to_string();
                return Err(format!(
                    "not a map: {rest:?}: {top:?} already has value {value:?}"
                ));
            }
        };
        rest = below;
    }
    if !rest.is_empty() {
        branch.insert(rest.to_owned(), Tree::Leaf(value));
    }
    Ok(())
}

fn explode(value: &Value) -> Result {
    let mut tree = BTreeMap::new();
    for pair in objects("explode", value, &[PAIR])? {
        let key = text_of(&*pair, "Key");
        plant(&mut tree, &key, field(&*pair, "Value"))
            .map_err(|error| format!("explode: {error}"))?;
    }
    Ok(map(tree))
}

fn explode_map(value: &Value) -> Result {
    let mut tree = BTreeMap::new();
    for (key, value) in value.as_map().into_iter().flat_map(Map::entries) {
        plant(&mut tree, &key.to_str(), value.clone())
            .map_err(|error| format!("explodeMap: {error}"))?;
    }
    Ok(map(tree))
}

/// `mergeMap BASE OTHER`: what the base lacks, or has empty, comes from the other.
fn merge(words: &[Value], other_wins: bool) -> Value {
    fn merged(base: &Map, other: &Map, other_wins: bool) -> Map {
        let mut entries: BTreeMap<Text, Value> = base
            .entries()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        for (key, value) in other.entries() {
            let ours = base.entry(key.as_bytes());
            let both = (ours.and_then(Value::as_map), value.as_map());
            if let (Some(ours), Some(theirs)) = both {
                let deeper = merged(ours, theirs, other_wins);
                entries.insert(key.clone(), deeper.into());
            } else if !ours.is_some_and(Value::is_true) || other_wins && value.is_true() {
                entries.insert(key.clone(), value.clone());
            }
        }
        entries.into_iter().collect()
    }
    match (argument(words, 0).as_map(), argument(words, 1).as_map()) {
        (Some(base), Some(other)) => merged(base, other, other_wins).into(),
        _ => Value::Nil,
    }
}

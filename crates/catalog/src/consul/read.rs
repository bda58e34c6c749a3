//! What Consul says, read straight into the values that are kept: a body is gone as soon as it is
//! read, and nothing stands between the two.

mod any;
mod instances;
mod nodes;
mod pairs;
mod shelf;

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt,
    hash::{DefaultHasher, Hash, Hasher as _},
    marker::PhantomData,
    sync::Arc,
};

use bytes::Bytes;
use serde::{
    Deserialize, Deserializer as _,
    de::{MapAccess, SeqAccess, Visitor},
};

pub(crate) use self::shelf::Shelf;
use super::{Call, Reply};
use crate::{
    Backend, CatalogError,
    answer::{Answer, ServiceName},
    planner::{Bell, Chime, NODES, Ring, Things},
    query::Query,
};

/// Reads the answer to a query.
pub(crate) fn read(
    query: &Query,
    call: &Call,
    reply: &Reply,
    shelf: &mut Shelf,
) -> Result<Answer, CatalogError> {
    let is_absence = match query {
        Query::Key { .. } | Query::Pairs { .. } | Query::Node { .. } => reply.status == 404,
        Query::Service(_)
        | Query::Services { .. }
        | Query::Nodes { .. }
        | Query::Datacenters { .. } => false,
    };
    if reply.status != 200 && !is_absence {
        return Err(call.refused(reply));
    }
    // The value of a key may be anything, so there is nothing else by which to tell the page of
    // some proxy from it.
    if matches!(query, Query::Key { .. }) && reply.index.is_none() {
        return Err(CatalogError::Malformed {
            who: Backend::Consul,
            call: call.describe(),
            reason: "the answer has no X-Consul-Index: it is not Consul's".to_owned(),
        });
    }
    let answer = match query {
        Query::Key { .. } => {
            // A copy of its own is no larger than it must be.
            let value = || Bytes::copy_from_slice(&reply.body);
            return Ok(Answer::Value((!is_absence).then(value)));
        }
        Query::Service(_)
        | Query::Services { .. }
        | Query::Nodes { .. }
        | Query::Node { .. }
        | Query::Datacenters { .. }
        | Query::Pairs { .. } => {
            let body: &[u8] = if is_absence { b"null" } else { &reply.body };
            read_json(query, body, shelf)
        }
    };
    answer.map_err(|error| malformed(call, &error))
}

/// Reads the answer to a query from Consul's JSON; the value of a key is a text in base64 here.
pub(crate) fn read_json(
    query: &Query,
    body: &[u8],
    shelf: &mut Shelf,
) -> serde_json::Result<Answer> {
    match query {
        Query::Service(service) => {
            instances::read(body, shelf, service.near.is_none()).map(Answer::Instances)
        }
        Query::Services { .. } => services(body).map(Answer::Services),
        Query::Nodes { near, .. } => {
            nodes::read_all(body, shelf, near.is_none()).map(Answer::Nodes)
        }
        Query::Node { .. } => nodes::read_one(body, shelf).map(Answer::Node),
        Query::Datacenters { .. } => datacenters(body).map(Answer::Datacenters),
        Query::Key { .. } => pairs::read_value(body).map(Answer::Value),
        Query::Pairs { .. } => pairs::read(body).map(Answer::Pairs),
    }
}

/// Reads what a bell tells.
pub(crate) fn read_chime(
    bell: &Bell,
    call: &Call,
    reply: &Reply,
    shelf: &mut Shelf,
) -> Result<Chime, CatalogError> {
    let may_be_absent = matches!(bell.ring, Ring::Keys(_) | Ring::OnNode(_));
    let is_absence = reply.status == 404 && may_be_absent;
    if reply.status != 200 && !is_absence {
        return Err(call.refused(reply));
    }
    let mut things = Vec::new();
    let read = match &bell.ring {
        Ring::Services => each_member(&reply.body, |Text(name), tags: Option<Vec<Text<'_>>>| {
            let mut tags = tags.unwrap_or_default();
            tags.sort_unstable();
            let tags: Vec<_> = tags.iter().map(|Text(tag)| tag).collect();
            things.push((number(&(&name, tags)), shelf.text(&name)));
        }),
        Ring::Critical | Ring::Warning => each(&reply.body, |check: instances::CheckState<'_>| {
            things.push((number(&check.texts()), shelf.text(check.service())));
        }),
        Ring::Nodes => each(&reply.body, |node: nodes::NodeState<'_>| {
            if things.len() <= NODES {
                things.push((number(&node.name()), shelf.text(node.name())));
            }
        }),
        Ring::OnNode(_) if is_absence => Ok(()),
        Ring::OnNode(_) => nodes::each_service(&reply.body, |number, name| {
            things.push((number, shelf.text(name)));
        }),
        Ring::Keys(_) => Ok(()),
    };
    read.map_err(|error| malformed(call, &error))?;
    Ok(Chime {
        index: reply.index,
        things: Things::new(things),
    })
}

/// A number that differs where the thing does.
fn number(thing: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    thing.hash(&mut hasher);
    hasher.finish()
}

/// Reads the name of the node that the agent runs on.
pub(crate) fn read_own_node(call: &Call, reply: &Reply) -> Result<String, CatalogError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Portrait {
        config: Config,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Config {
        node_name: String,
    }
    if reply.status != 200 {
        return Err(call.refused(reply));
    }
    let portrait: Portrait =
        serde_json::from_slice(&reply.body).map_err(|error| malformed(call, &error))?;
    Ok(portrait.config.node_name)
}

fn malformed(call: &Call, error: &serde_json::Error) -> CatalogError {
    CatalogError::Malformed {
        who: Backend::Consul,
        call: call.describe(),
        reason: error.to_string(),
    }
}

fn datacenters(body: &[u8]) -> serde_json::Result<Arc<[Box<str>]>> {
    let mut names = Vec::new();
    each(body, |Text(name)| names.push(Box::from(&*name)))?;
    names.sort_unstable();
    Ok(names.into())
}

fn services(body: &[u8]) -> serde_json::Result<Arc<[ServiceName]>> {
    let mut services = Vec::new();
    each_member(body, |Text(name), tags: Option<Vec<Text<'_>>>| {
        // Consul gathers them in no order.
        let mut tags = boxed(tags.unwrap_or_default());
        tags.sort_unstable();
        services.push(ServiceName {
            name: Box::from(&*name),
            tags: tags.into(),
        });
    })?;
    services.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Ok(services.into())
}

/// A text that stays in the body as long as it can.
#[derive(Deserialize, Default, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Key and value pairs that stay in the body as long as they can.
type Texts<'a> = BTreeMap<Text<'a>, Text<'a>>;

impl Text<'_> {
    fn is(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl From<Text<'_>> for Box<str> {
    fn from(Text(text): Text<'_>) -> Self {
        match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }
}

fn boxed(texts: Vec<Text<'_>>) -> Vec<Box<str>> {
    texts.into_iter().map(Box::from).collect()
}

fn boxed_pairs(texts: Texts<'_>) -> BTreeMap<Box<str>, Box<str>> {
    let pairs = texts.into_iter();
    pairs
        .map(|(key, value)| (key.into(), value.into()))
        .collect()
}

fn are(texts: Option<&Texts<'_>>, pairs: &BTreeMap<Box<str>, Box<str>>) -> bool {
    texts.map_or(0, BTreeMap::len) == pairs.len()
        && texts
            .into_iter()
            .flatten()
            .zip(pairs)
            .all(|(text, pair)| text.0.is(pair.0) && text.1.is(pair.1))
}

/// Hands over the elements of a list one by one; `null` has none.
fn each<'de, T: Deserialize<'de>>(body: &'de [u8], take: impl FnMut(T)) -> serde_json::Result<()> {
    struct Each<T, F>(F, PhantomData<T>);
    impl<'de, T: Deserialize<'de>, F: FnMut(T)> Visitor<'de> for Each<T, F> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_unit<E>(self) -> Result<(), E> {
            Ok(())
        }

        fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
            while let Some(element) = list.next_element()? {
                (self.0)(element);
            }
            Ok(())
        }
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    json.deserialize_any(Each(take, PhantomData))?;
    json.end()
}

/// Hands over the members of an object one by one; `null` has none.
fn each_member<'de, T: Deserialize<'de>>(
    body: &'de [u8],
    take: impl FnMut(Text<'de>, T),
) -> serde_json::Result<()> {
    struct Each<T, F>(F, PhantomData<T>);
    impl<'de, T: Deserialize<'de>, F: FnMut(Text<'de>, T)> Visitor<'de> for Each<T, F> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_unit<E>(self) -> Result<(), E> {
            Ok(())
        }

        fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
            while let Some((name, value)) = members.next_entry()? {
                (self.0)(name, value);
            }
            Ok(())
        }
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    json.deserialize_any(Each(take, PhantomData))?;
    json.end()
}

#[cfg(test)]
mod tests;

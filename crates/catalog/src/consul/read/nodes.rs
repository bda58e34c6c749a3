//! Nodes, and what runs on one.

use std::{
    fmt,
    hash::{DefaultHasher, Hasher as _},
    marker::PhantomData,
    sync::Arc,
};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};

use super::{Shelf, Text, Texts, any, are, boxed, boxed_pairs, each};
use crate::answer::{Node, NodeService, NodeServices};

/// Reads all nodes.
pub(super) fn read_all(
    body: &[u8],
    shelf: &mut Shelf,
    sorted: bool,
) -> serde_json::Result<Arc<[Arc<Node>]>> {
    let mut nodes = Vec::new();
    each(body, |state| nodes.push(shelf.node(state)))?;
    if sorted {
        let order = |node: &Arc<Node>| (node.name.clone(), node.address.clone());
        nodes.sort_by_cached_key(order);
    }
    Ok(nodes.into())
}

/// Reads one node; `null` is none.
pub(super) fn read_one(
    body: &[u8],
    shelf: &mut Shelf,
) -> serde_json::Result<Option<Arc<NodeServices>>> {
    let found: Option<Found<'_>> = serde_json::from_slice(body)?;
    Ok(found.map(|found| {
        let node = shelf.node(found.node);
        let services = found.services.unwrap_or_default().into_values();
        let mut services: Vec<_> = services.map(|state| state.service(shelf)).collect();
        services.sort_unstable_by(|one, other| {
            (&one.service, &one.id).cmp(&(&other.service, &other.id))
        });
        Arc::new(NodeServices { node, services })
    }))
}

/// Hands over the services of one node, each as a number that differs where anything of it does,
/// and its name. Nothing of them is kept; `null` has none.
pub(super) fn each_service(body: &[u8], take: impl FnMut(u64, &str)) -> serde_json::Result<()> {
    let mut json = serde_json::Deserializer::from_slice(body);
    json.deserialize_option(OfNode(take))?;
    json.end()
}

/// A node with its services, those services, and one of them.
struct OfNode<F>(F);
struct Services<F>(F);
struct One<'de>(PhantomData<&'de ()>);

impl<'de, F: FnMut(u64, &str)> Visitor<'de> for OfNode<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a node")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, node: D) -> Result<(), D::Error> {
        node.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        while let Some(Text(key)) = members.next_key()? {
            if key == "Services" {
                members.next_value_seed(Services(&mut self.0))?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'de, F: FnMut(u64, &str)> DeserializeSeed<'de> for Services<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, services: D) -> Result<(), D::Error> {
        services.deserialize_any(self)
    }
}

impl<'de, F: FnMut(u64, &str)> Visitor<'de> for Services<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("services by their ids")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut services: A) -> Result<(), A::Error> {
        while services.next_key::<IgnoredAny>()?.is_some() {
            let (number, Text(name)) = services.next_value_seed(One(PhantomData))?;
            (self.0)(number, &name);
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for One<'de> {
    type Value = (u64, Text<'de>);

    fn deserialize<D: Deserializer<'de>>(self, service: D) -> Result<Self::Value, D::Error> {
        service.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for One<'de> {
    type Value = (u64, Text<'de>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a service")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let (mut hasher, mut name) = (DefaultHasher::new(), Text::default());
        while let Some(Text(key)) = members.next_key()? {
            hasher.write(key.as_bytes());
            if key == "Service" {
                name = members.next_value()?;
                hasher.write(name.0.as_bytes());
            } else {
                members.next_value_seed(any::Any(&mut hasher))?;
            }
        }
        Ok((hasher.finish(), name))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Found<'a> {
    #[serde(borrow)]
    node: NodeState<'a>,
    services: Option<std::collections::BTreeMap<Text<'a>, ServiceState<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NodeState<'a> {
    #[serde(rename = "ID", borrow, default)]
    id: Text<'a>,
    #[serde(rename = "Node", default)]
    name: Text<'a>,
    #[serde(default)]
    address: Text<'a>,
    #[serde(default)]
    datacenter: Text<'a>,
    tagged_addresses: Option<Texts<'a>>,
    meta: Option<Texts<'a>>,
}

impl NodeState<'_> {
    pub(super) fn name(&self) -> &str {
        &self.name.0
    }

    pub(super) fn is(&self, node: &Node) -> bool {
        self.id.is(&node.id)
            && self.name.is(&node.name)
            && self.address.is(&node.address)
            && self.datacenter.is(&node.datacenter)
            && are(self.tagged_addresses.as_ref(), &node.tagged_addresses)
            && are(self.meta.as_ref(), &node.meta)
    }

    pub(super) fn node(self, name: Arc<str>) -> Node {
        Node {
            id: self.id.into(),
            name,
            address: self.address.into(),
            datacenter: self.datacenter.into(),
            tagged_addresses: boxed_pairs(self.tagged_addresses.unwrap_or_default()),
            meta: boxed_pairs(self.meta.unwrap_or_default()),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ServiceState<'a> {
    #[serde(rename = "ID", borrow)]
    id: Text<'a>,
    #[serde(default)]
    service: Text<'a>,
    #[serde(default)]
    address: Text<'a>,
    #[serde(default)]
    port: u16,
    tags: Option<Vec<Text<'a>>>,
    meta: Option<Texts<'a>>,
    #[serde(default)]
    enable_tag_override: bool,
}

impl ServiceState<'_> {
    fn service(self, shelf: &mut Shelf) -> NodeService {
        NodeService {
            id: self.id.into(),
            service: self.service.into(),
            own_address: self.address.into(),
            port: self.port,
            tags: shelf.tags(boxed(self.tags.unwrap_or_default())),
            meta: boxed_pairs(self.meta.unwrap_or_default()),
            enable_tag_override: self.enable_tag_override,
        }
    }
}

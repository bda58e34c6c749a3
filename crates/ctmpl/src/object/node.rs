//! Nodes, and what runs on one.

use std::{borrow::Cow, sync::Arc};

use catalog::answer::{Node, NodeServices};
use go_template::{Element, Items, List, Object, Value};

use super::{fields, sorted, text_map};

const NODE: &str = "*dependency.Node";
const CATALOG_NODE: &str = "*dependency.CatalogNode";
const SERVICE: &str = "*dependency.CatalogNodeService";

/// All nodes, as they come.
pub(crate) fn nodes(all: Arc<[Arc<Node>]>) -> List {
    List::made(Element::Named(NODE), Arc::new(All(all)))
}

/// One node and its services.
pub(crate) fn node_services(node: Arc<NodeServices>) -> Value {
    Value::Object(Arc::new(Inhabited(Some(node))))
}

/// A node that is not known: a nil pointer, which is false but still of its type.
pub(crate) fn no_node() -> Value {
    Value::Object(Arc::new(Inhabited(None)))
}

struct All(Arc<[Arc<Node>]>);

impl Items for All {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn item(&self, index: usize) -> Value {
        let node = self.0.get(index).cloned();
        node.map_or(Value::Nil, |node| Value::Object(Arc::new(Plain(node))))
    }
}

struct Plain(Arc<Node>);

impl Object for Plain {
    fn type_name(&self) -> Cow<'_, str> {
        NODE.into()
    }

    fn fields(&self) -> Vec<(Cow<'_, str>, Value)> {
        const NAMES: &[&str] = &[
            "ID",
            "Node",
            "Address",
            "Datacenter",
            "TaggedAddresses",
            "Meta",
        ];
        fields(NAMES, |name| self.field(name))
    }

    fn field(&self, name: &str) -> Option<Value> {
        let Self(node) = self;
        Some(match name {
            "ID" => (&*node.id).into(),
            "Node" => (&*node.name).into(),
            "Address" => (&*node.address).into(),
            "Datacenter" => (&*node.datacenter).into(),
            "TaggedAddresses" => text_map(&node.tagged_addresses),
            "Meta" => text_map(&node.meta),
            _ => return None,
        })
    }
}

struct Inhabited(Option<Arc<NodeServices>>);

impl Object for Inhabited {
    fn type_name(&self) -> Cow<'_, str> {
        CATALOG_NODE.into()
    }

    fn fields(&self) -> Vec<(Cow<'_, str>, Value)> {
        fields(&["Node", "Services"], |name| self.field(name))
    }

    fn field(&self, name: &str) -> Option<Value> {
        let node = self.0.as_ref()?;
        match name {
            "Node" => Some(Value::Object(Arc::new(Plain(node.node.clone())))),
            "Services" => {
                let service = |index| {
                    let node = node.clone();
                    Value::Object(Arc::new(Service { node, index }) as Arc<dyn Object>)
                };
                let services = (0..node.services.len()).map(service);
                Some(List::new(Element::Named(SERVICE), services).into())
            }
            _ => None,
        }
    }

    fn is_nil(&self) -> bool {
        self.0.is_none()
    }
}

/// One service of a node, by its place.
struct Service {
    node: Arc<NodeServices>,
    index: usize,
}

impl Object for Service {
    fn type_name(&self) -> Cow<'_, str> {
        SERVICE.into()
    }

    fn fields(&self) -> Vec<(Cow<'_, str>, Value)> {
        const NAMES: &[&str] = &[
            "ID",
            "Service",
            "Tags",
            "Meta",
            "Port",
            "Address",
            "EnableTagOverride",
        ];
        fields(NAMES, |name| self.field(name))
    }

    fn field(&self, name: &str) -> Option<Value> {
        let service = self.node.services.get(self.index)?;
        Some(match name {
            "ID" => (&*service.id).into(),
            "Service" => (&*service.service).into(),
            "Tags" => sorted(&service.tags),
            "Meta" => text_map(&service.meta),
            "Port" => i64::from(service.port).into(),
            "Address" => (&*service.own_address).into(),
            "EnableTagOverride" => service.enable_tag_override.into(),
            _ => return None,
        })
    }
}

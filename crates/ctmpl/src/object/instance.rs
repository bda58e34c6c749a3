//! The instances of services.

use std::{borrow::Cow, sync::Arc};

use catalog::answer::{Check, Instance, Weights};
use go_template::{Element, Items, List, Map, Object, Value};

use super::{fields, sorted, text_map};

const NAME: &str = "*dependency.HealthService";

/// All instances, as they come.
pub(crate) fn instances(all: Arc<[Instance]>) -> List {
    List::made(Element::Named(NAME), Arc::new(All(all)))
}

/// Those at these places, which lie within.
pub(crate) fn some_instances(all: &Arc<[Instance]>, chosen: Vec<usize>) -> List {
    let at = |index| value(all, index);
    List::new(Element::Named(NAME), chosen.into_iter().map(at))
}

fn value(all: &Arc<[Instance]>, index: usize) -> Value {
    let all = all.clone();
    Value::Object(Arc::new(Place { all, index }))
}

struct All(Arc<[Instance]>);

impl Items for All {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn item(&self, index: usize) -> Value {
        value(&self.0, index)
    }

    fn identity(&self) -> Option<usize> {
        // An empty list has no place of its own.
        (!self.0.is_empty()).then(|| self.0.as_ptr().addr())
    }
}

/// One instance, by its place among those that came with it.
struct Place {
    all: Arc<[Instance]>,
    index: usize,
}

impl Object for Place {
    fn type_name(&self) -> Cow<'_, str> {
        NAME.into()
    }

    fn fields(&self) -> Vec<(Cow<'_, str>, Value)> {
        const NAMES: &[&str] = &[
            "Node",
            "NodeID",
            "NodeAddress",
            "NodeTaggedAddresses",
            "NodeMeta",
            "ServiceMeta",
            "ServiceTaggedAddresses",
            "Address",
            "ID",
            "Name",
            "Tags",
            "Checks",
            "Status",
            "Port",
            "Weights",
        ];
        fields(NAMES, |name| self.field(name))
    }

    fn field(&self, name: &str) -> Option<Value> {
        let instance = self.all.get(self.index)?;
        let node = &instance.node;
        Some(match name {
            "Address" => instance.address().into(),
            "Port" => i64::from(instance.port).into(),
            "Node" => (&*node.name).into(),
            "NodeID" => (&*node.id).into(),
            "NodeAddress" => (&*node.address).into(),
            "NodeTaggedAddresses" => text_map(&node.tagged_addresses),
            "NodeMeta" => text_map(&node.meta),
            "ServiceMeta" => text_map(&instance.meta),
            // Not held: no template of the language's first years could ask for it.
            "ServiceTaggedAddresses" => Map::new(Element::Named("api.ServiceAddress"), []).into(),
            "ID" => (&*instance.id).into(),
            "Name" => (&*instance.service).into(),
            "Tags" => sorted(&instance.tags),
            "Checks" => checks(&instance.checks).into(),
            "Status" => instance.status.word().into(),
            "Weights" => Value::Object(Arc::new(Shares(instance.weights))),
            _ => return None,
        })
    }
}

fn checks(checks: &[Arc<Check>]) -> List {
    let checks = checks.iter().cloned();
    let checks = checks.map(|check| Value::Object(Arc::new(Checked(check))));
    List::new(Element::Named("*api.HealthCheck"), checks)
}

struct Checked(Arc<Check>);

impl Object for Checked {
    fn type_name(&self) -> Cow<'_, str> {
        "*api.HealthCheck".into()
    }

    fn fields(&self) -> Vec<(Cow<'_, str>, Value)> {
        const NAMES: &[&str] = &[
            "Node",
            "CheckID",
            "Name",
            "Status",
            "Notes",
            "Output",
            "ServiceID",
            "ServiceName",
        ];
        fields(NAMES, |name| self.field(name))
    }

    fn field(&self, name: &str) -> Option<Value> {
        let Self(check) = self;
        let text: &str = match name {
            "Node" => &check.node,
            "CheckID" => &check.id,
            "Name" => &check.name,
            "Status" => &check.status,
            "Notes" => &check.notes,
            "Output" => &check.output,
            "ServiceID" => &check.service_id,
            "ServiceName" => &check.service,
            _ => return None,
        };
        Some(text.into())
    }
}

/// The weights of an instance, both 1 where the catalog knows none.
struct Shares(Option<Weights>);

impl Object for Shares {
    fn type_name(&self) -> Cow<'_, str> {
        "api.AgentWeights".into()
    }

    fn fields(&self) -> Vec<(Cow<'_, str>, Value)> {
        fields(&["Passing", "Warning"], |name| self.field(name))
    }

    fn field(&self, name: &str) -> Option<Value> {
        let weights = self.0.unwrap_or(Weights {
            passing: 1,
            warning: 1,
        });
        match name {
            "Passing" => Some(weights.passing.into()),
            "Warning" => Some(weights.warning.into()),
            _ => None,
        }
    }
}

//! The instances of a service.

use std::sync::Arc;

use pilot_core::spec::Status;
use serde::Deserialize;

use super::{Shelf, Text, Texts, boxed, boxed_pairs, each, nodes::NodeState};
use crate::answer::{Check, Health, Instance, Weights};

/// Reads the instances of a service.
pub(super) fn read(
    body: &[u8],
    shelf: &mut Shelf,
    sorted: bool,
) -> serde_json::Result<Arc<[Instance]>> {
    let mut instances = Vec::new();
    each(body, |entry: Entry<'_>| {
        instances.push(entry.instance(shelf));
    })?;
    if sorted {
        instances.sort_unstable_by(|one: &Instance, other| {
            (&one.node.name, &one.id).cmp(&(&other.node.name, &other.id))
        });
    }
    Ok(instances.into())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    #[serde(borrow)]
    node: NodeState<'a>,
    service: Service<'a>,
    checks: Option<Vec<CheckState<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Service<'a> {
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
    weights: Option<WeightPair>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WeightPair {
    #[serde(default)]
    passing: i64,
    #[serde(default)]
    warning: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CheckState<'a> {
    #[serde(rename = "CheckID", borrow, default)]
    id: Text<'a>,
    #[serde(default)]
    name: Text<'a>,
    #[serde(default)]
    node: Text<'a>,
    #[serde(default)]
    notes: Text<'a>,
    #[serde(default)]
    output: Text<'a>,
    #[serde(default)]
    status: Text<'a>,
    #[serde(rename = "ServiceID", default)]
    service_id: Text<'a>,
    #[serde(rename = "ServiceName", default)]
    service: Text<'a>,
}

impl Entry<'_> {
    fn instance(self, shelf: &mut Shelf) -> Instance {
        let node = shelf.node(self.node);
        let checks = self.checks.unwrap_or_default();
        let worst = checks.iter().map(CheckState::health).max();
        let checks = checks.into_iter().map(|check| shelf.check(check)).collect();
        let service = self.service;
        Instance {
            id: service.id.into(),
            service: shelf.text(&service.service.0),
            node,
            own_address: service.address.into(),
            port: service.port,
            tags: shelf.tags(boxed(service.tags.unwrap_or_default())),
            meta: shelf.meta(boxed_pairs(service.meta.unwrap_or_default())),
            weights: service.weights.map(|pair| Weights {
                passing: pair.passing,
                warning: pair.warning,
            }),
            status: worst.unwrap_or(Health::Checked(Status::Passing)),
            checks,
        }
    }
}

impl CheckState<'_> {
    /// What it says about an instance. A word we do not know is none to rely on.
    fn health(&self) -> Health {
        let id = &self.id.0;
        if id == "_node_maintenance" || id.starts_with("_service_maintenance:") {
            return Health::Maintenance;
        }
        let status = Status::parse(&self.status.0);
        Health::Checked(status.unwrap_or(Status::Critical))
    }

    pub(super) fn service(&self) -> &str {
        &self.service.0
    }

    /// What makes it the check it is, now.
    pub(super) fn texts(&self) -> [&str; 5] {
        [
            &self.node,
            &self.id,
            &self.status,
            &self.service_id,
            &self.output,
        ]
        .map(|text| &*text.0)
    }

    pub(super) fn node(&self) -> &str {
        &self.node.0
    }

    pub(super) fn is_of_node(&self) -> bool {
        self.service_id.0.is_empty()
    }

    pub(super) fn is(&self, check: &Check) -> bool {
        self.id.is(&check.id)
            && self.name.is(&check.name)
            && self.node.is(&check.node)
            && self.notes.is(&check.notes)
            && self.output.is(&check.output)
            && self.status.is(&check.status)
            && self.service_id.is(&check.service_id)
            && self.service.is(&check.service)
    }

    pub(super) fn check(self, shelf: &mut Shelf) -> Check {
        Check {
            id: self.id.into(),
            name: shelf.text(&self.name.0),
            node: shelf.text(&self.node.0),
            notes: shelf.text(&self.notes.0),
            output: shelf.text(&self.output.0),
            status: shelf.text(&self.status.0),
            service_id: self.service_id.into(),
            service: shelf.text(&self.service.0),
        }
    }
}

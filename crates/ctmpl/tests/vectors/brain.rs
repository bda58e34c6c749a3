//! The brains of the recorded cases.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use catalog::{
    answer::{Answer, Health, Instance, Node, NodeService, NodeServices, Pair, ServiceName},
    query::{Query, ServiceQuery},
};
use ctmpl::{Brain, Known, Source};
use pilot_core::spec::Status;
use serde_json::Value as Json;

pub(crate) fn read(json: &Json) -> Brain {
    let mut brain = Brain::new();
    let entries = |kind: &str| json[kind].as_object().into_iter().flatten();
    let mut know = |query, answer| {
        brain.remember(Source::Catalog(query), Known::Answer(answer));
    };
    for (name, instances) in entries("health.service") {
        let instances = list(instances, instance);
        know(Query::Service(service(name)), Answer::Instances(instances));
    }
    for (_, services) in entries("catalog.services") {
        let services = list(services, |json| ServiceName {
            name: boxed(&json["Name"]),
            tags: list(&json["Tags"], boxed),
        });
        know(Query::Services { dc: None }, Answer::Services(services));
    }
    for (_, nodes) in entries("catalog.nodes") {
        let (dc, near) = (None, None);
        let nodes = list(nodes, |json| Arc::new(node(json)));
        know(Query::Nodes { dc, near }, Answer::Nodes(nodes));
    }
    for (name, json) in entries("catalog.node") {
        let (name, dc) = ((!name.is_empty()).then(|| name.clone()), None);
        let answer = Answer::Node(Some(Arc::new(node_services(json))));
        know(Query::Node { name, dc }, answer);
    }
    if let Some(names) = json.get("catalog.datacenters") {
        let query = Query::Datacenters {
            ignore_failing: false,
        };
        know(query, Answer::Datacenters(list(names, boxed)));
    }
    for (prefix, pairs) in entries("kv.list") {
        let (prefix, dc) = (prefix.clone(), None);
        know(
            Query::Pairs { prefix, dc },
            Answer::Pairs(list(pairs, pair)),
        );
    }
    for (path, value) in entries("kv.block").chain(entries("kv.get")) {
        let (path, dc) = (path.clone(), None);
        let value = value.as_str().map(|value| Bytes::from(value.to_owned()));
        know(Query::Key { path, dc }, Answer::Value(value));
    }
    for (path, content) in entries("file") {
        let content = Known::File(Bytes::from(text(content).to_owned()));
        brain.remember(Source::File(path.clone()), content);
    }
    brain
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_default()
}

fn boxed(json: &Json) -> Box<str> {
    text(json).into()
}

fn list<T>(json: &Json, item: impl Fn(&Json) -> T) -> Arc<[T]> {
    let items = json.as_array().into_iter().flatten();
    items.map(item).collect()
}

fn map(json: &Json) -> BTreeMap<Box<str>, Box<str>> {
    let entries = json.as_object().into_iter().flatten();
    entries
        .map(|(key, value)| (key.as_str().into(), boxed(value)))
        .collect()
}

fn port(json: &Json) -> u16 {
    json.as_u64()
        .and_then(|port| port.try_into().ok())
        .unwrap_or(0)
}

/// `[TAG.]NAME[|any]`
fn service(text: &str) -> ServiceQuery {
    let (rest, any_status) = match text.strip_suffix("|any") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let (tag, name) = match rest.split_once('.') {
        Some((tag, name)) => (Some(tag.to_owned()), name),
        None => (None, rest),
    };
    ServiceQuery {
        tag,
        any_status,
        ..ServiceQuery::passing(name)
    }
}

fn instance(json: &Json) -> Instance {
    let node = Node {
        id: boxed(&json["NodeID"]),
        name: text(&json["Node"]).into(),
        address: boxed(&json["NodeAddress"]),
        datacenter: "dc1".into(),
        tagged_addresses: map(&json["NodeTaggedAddresses"]),
        meta: map(&json["NodeMeta"]),
    };
    let status = match text(&json["Status"]) {
        "passing" => Status::Passing,
        "critical" => Status::Critical,
        other => panic!("no case has the status {other}"),
    };
    Instance {
        id: boxed(&json["ID"]),
        service: text(&json["Name"]).into(),
        node: Arc::new(node),
        own_address: boxed(&json["Address"]),
        port: port(&json["Port"]),
        tags: list(&json["Tags"], boxed),
        meta: Arc::default(),
        weights: None,
        status: Health::Checked(status),
        checks: Box::default(),
    }
}

fn node(json: &Json) -> Node {
    Node {
        id: boxed(&json["ID"]),
        name: text(&json["Node"]).into(),
        address: boxed(&json["Address"]),
        datacenter: boxed(&json["Datacenter"]),
        tagged_addresses: map(&json["TaggedAddresses"]),
        meta: map(&json["Meta"]),
    }
}

fn node_services(json: &Json) -> NodeServices {
    let service = |json: &Json| NodeService {
        id: boxed(&json["ID"]),
        service: boxed(&json["Service"]),
        own_address: boxed(&json["Address"]),
        port: port(&json["Port"]),
        tags: list(&json["Tags"], boxed),
        meta: BTreeMap::new(),
        enable_tag_override: json["EnableTagOverride"] == true,
    };
    NodeServices {
        node: Arc::new(node(&json["Node"])),
        services: list(&json["Services"], service).to_vec(),
    }
}

fn pair(json: &Json) -> Pair {
    let number = |name: &str| json[name].as_u64().unwrap_or(0);
    Pair {
        path: boxed(&json["Path"]),
        value: Bytes::from(text(&json["Value"]).to_owned()),
        create_index: number("CreateIndex"),
        modify_index: number("ModifyIndex"),
        lock_index: number("LockIndex"),
        flags: number("Flags"),
        session: boxed(&json["Session"]),
    }
}

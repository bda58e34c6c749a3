//! Answers as a text, for others who ask the same: read by the same code as Consul's own.
//!
//! Every question is a line of JSON, and its answer is the next line.

use std::{collections::BTreeMap, sync::Arc};

use go_base64::STANDARD;
use serde::Serialize;

use crate::{
    answer::{Answer, Check, Instance, Node, NodeService, NodeServices, Pair, Weights},
    consul::read::{Shelf, read_json},
    query::Query,
};

/// Writes answers with their questions.
pub fn write(answers: &BTreeMap<Query, Answer>) -> Vec<u8> {
    let mut text = Vec::new();
    for (query, answer) in answers {
        write_line(&mut text, query);
        write_answer(&mut text, answer);
    }
    text
}

/// Reads what [`write`] wrote; says what is wrong with it otherwise.
pub fn read(text: &[u8]) -> Result<BTreeMap<Query, Answer>, String> {
    let mut shelf = Shelf::default();
    let mut answers = BTreeMap::new();
    let mut lines = text.split_inclusive(|byte| *byte == b'\n');
    while let Some(question) = lines.next() {
        let wrong = |error: serde_json::Error| error.to_string();
        let query: Query = serde_json::from_slice(question).map_err(wrong)?;
        let answer = lines.next().ok_or("an answer is missing")?;
        let answer = read_json(&query, answer, &mut shelf).map_err(wrong)?;
        answers.insert(query, answer);
    }
    Ok(answers)
}

fn write_answer(text: &mut Vec<u8>, answer: &Answer) {
    match answer {
        Answer::Instances(instances) => {
            let entries: Vec<_> = instances.iter().map(InstanceEntry::new).collect();
            write_line(text, &entries);
        }
        Answer::Services(services) => {
            let services = services.iter();
            let entries: BTreeMap<_, _> = services.map(|one| (&one.name, &one.tags)).collect();
            write_line(text, &entries);
        }
        Answer::Nodes(nodes) => write_line(text, nodes),
        Answer::Node(node) => write_line(text, &node.as_deref().map(NodeEntry::new)),
        Answer::Datacenters(names) => write_line(text, names),
        Answer::Value(value) => {
            let value = value.as_deref().map(|value| STANDARD.encode(value));
            write_line(text, &value);
        }
        Answer::Pairs(pairs) => {
            let entries: Vec<_> = pairs.iter().map(PairEntry::new).collect();
            write_line(text, &entries);
        }
    }
}

fn write_line(text: &mut Vec<u8>, thing: &impl Serialize) {
    serde_json::to_writer(&mut *text, thing).expect("texts and numbers always have a JSON form");
    text.push(b'\n');
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct InstanceEntry<'a> {
    node: &'a Node,
    service: ServiceEntry<'a>,
    checks: &'a [Arc<Check>],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ServiceEntry<'a> {
    #[serde(rename = "ID")]
    id: &'a str,
    service: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    address: &'a str,
    port: u16,
    tags: &'a [Box<str>],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    meta: &'a BTreeMap<Box<str>, Box<str>>,
    weights: Option<Weights>,
}

impl<'a> InstanceEntry<'a> {
    fn new(instance: &'a Instance) -> Self {
        Self {
            node: &instance.node,
            service: ServiceEntry {
                id: &instance.id,
                service: &instance.service,
                address: &instance.own_address,
                port: instance.port,
                tags: &instance.tags,
                meta: &instance.meta,
                weights: instance.weights,
            },
            checks: &instance.checks,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NodeEntry<'a> {
    node: &'a Node,
    services: BTreeMap<&'a str, &'a NodeService>,
}

impl<'a> NodeEntry<'a> {
    fn new(node: &'a NodeServices) -> Self {
        let services = node.services.iter();
        Self {
            node: &node.node,
            services: services.map(|service| (&*service.id, service)).collect(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PairEntry<'a> {
    key: &'a str,
    value: String,
    create_index: u64,
    modify_index: u64,
    lock_index: u64,
    flags: u64,
    session: &'a str,
}

impl<'a> PairEntry<'a> {
    fn new(pair: &'a Pair) -> Self {
        Self {
            key: &pair.path,
            value: STANDARD.encode(&pair.value),
            create_index: pair.create_index,
            modify_index: pair.modify_index,
            lock_index: pair.lock_index,
            flags: pair.flags,
            session: &pair.session,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::query::ServiceQuery;

    fn query(json: &str) -> Query {
        serde_json::from_str(json).unwrap()
    }

    /// An answer as Consul gives it.
    fn said(query: &Query, json: &str) -> Answer {
        read_json(query, json.as_bytes(), &mut Shelf::default()).unwrap()
    }

    #[test]
    fn what_is_written_is_read_again_as_it_was() {
        let node = r#"{"ID":"i","Node":"n","Address":"10.0.0.1","Datacenter":"dc",
            "TaggedAddresses":{"lan":"10.0.0.1"},"Meta":{"a":"b"}}"#;
        let instances = format!(
            r#"[{{"Node":{node},"Service":{{"ID":"w1","Service":"web","Address":"","Port":80,
                "Tags":["b","a"],"Meta":{{"k":"\u2028\n"}},"Weights":{{"Passing":1,"Warning":2}}}},
              "Checks":[{{"CheckID":"serfHealth","Node":"n","Name":"s","Status":"passing"}},
                {{"CheckID":"c","Node":"n","Name":"c","Status":"warning","Output":"o\n","Notes":"x",
                  "ServiceID":"w1","ServiceName":"web"}}]}},
             {{"Node":{node},"Service":{{"ID":"a","Service":"web","Address":"::1","Port":0,
                "Tags":null}},"Checks":[]}}]"#
        );
        let near = Query::Service(ServiceQuery {
            near: Some("_agent".to_owned()),
            any_status: true,
            ..ServiceQuery::passing("web")
        });
        let one = format!(
            r#"{{"Node":{node},"Services":{{"w1":{{"ID":"w1","Service":"web","Port":80,
                "Tags":["a"],"Meta":{{"k":"v"}},"EnableTagOverride":true}}}}}}"#
        );
        let pair = r#"[{"Key":"a/b","Value":"AP8=","CreateIndex":1,"ModifyIndex":2,"LockIndex":3,
            "Flags":18446744073709551615,"Session":"s"},{"Key":"a/c","Value":null}]"#;
        let answers = [
            (Query::Service(ServiceQuery::passing("web")), &*instances),
            (near, &*instances),
            (
                query(r#"{"Services":{"dc":null}}"#),
                r#"{"web":["b","a"],"consul":[]}"#,
            ),
            (
                query(r#"{"Nodes":{"dc":"dc","near":null}}"#),
                &*format!("[{node}]"),
            ),
            (query(r#"{"Node":{"name":"n","dc":null}}"#), &*one),
            (query(r#"{"Node":{"name":"gone","dc":null}}"#), "null"),
            (
                query(r#"{"Datacenters":{"ignore_failing":true}}"#),
                r#"["dc","eu"]"#,
            ),
            (query(r#"{"Pairs":{"prefix":"a","dc":null}}"#), pair),
            (query(r#"{"Key":{"path":"none","dc":null}}"#), "null"),
        ];
        let answers = answers.map(|(query, json)| {
            let answer = said(&query, json);
            (query, answer)
        });
        let mut answers = BTreeMap::from(answers);
        let value = Answer::Value(Some(Bytes::from_static(b"\0\n\xFF")));
        answers.insert(query(r#"{"Key":{"path":"a","dc":null}}"#), value);
        assert_eq!(read(&write(&answers)), Ok(answers));
    }

    #[test]
    fn what_nobody_wrote_is_refused() {
        assert_eq!(read(b""), Ok(BTreeMap::new()));
        for text in [
            "x",
            "{\"Future\":{}}\n[]\n",
            "{\"Services\":{\"dc\":null}}\n",
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }
}

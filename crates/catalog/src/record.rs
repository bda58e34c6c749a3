//! An instance as it is written where a catalog knows nothing but keys and values: one JSON object,
//! a superset of what ContainerPilot 2 wrote into etcd.

use std::{collections::BTreeMap, sync::Arc};

use pilot_core::{
    JobName,
    spec::{ServiceSpec, Status},
};
use serde::{Deserialize, Serialize};

use crate::{
    Backend, CatalogError,
    answer::{Answer, Check, Health, Instance, Node, Weights},
    query::ServiceQuery,
};

/// An instance.
///
/// What is absent has its empty value, and what is unknown is passed over, so that versions may be
/// mixed; only `id`, `name`, `address` and `port` are always there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) port: u16,
    // ContainerPilot 2 writes null here.
    #[serde(default, deserialize_with = "or_default")]
    pub(crate) tags: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) meta: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) weights: Option<RecordWeights>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) tagged_addresses: BTreeMap<String, Place>,
    /// A status in Consul's words; without one it passes, as instances of ContainerPilot 2 do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) status: String,
    /// What its check last said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) output: String,
    /// Why it is out of service, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) maintenance: Option<String>,
    /// The machine or container it runs in.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) node: String,
    /// Which helper wrote it: another one each time a helper starts.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) owner: String,
}

/// How much of the load it should get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordWeights {
    pub(crate) passing: u32,
    pub(crate) warning: u32,
}

/// Where it is for those who come by a certain network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) address: String,
    pub(crate) port: u16,
}

fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

impl Record {
    /// What is written of a service.
    pub(crate) fn new(job: &JobName, spec: &ServiceSpec, node: &str, owner: &str) -> Self {
        let tagged = spec.tagged_addresses.iter().map(|tagged| {
            let place = Place {
                address: tagged.address.clone(),
                port: tagged.port,
            };
            (tagged.tag.clone(), place)
        });
        Self {
            id: spec.id.clone(),
            name: spec.name.as_deref().unwrap_or(job.as_str()).to_owned(),
            address: spec.address.clone(),
            port: spec.port,
            tags: spec.tags.clone(),
            meta: spec.meta.iter().cloned().collect(),
            weights: spec.weights.map(|weights| RecordWeights {
                passing: weights.passing,
                warning: weights.warning,
            }),
            tagged_addresses: tagged.collect(),
            status: String::new(),
            output: String::new(),
            maintenance: None,
            node: node.to_owned(),
            owner: owner.to_owned(),
        }
    }

    pub(crate) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and numbers always have a JSON form")
    }

    /// Reads what [`Self::to_json`] or ContainerPilot 2 wrote; says what is wrong with anything
    /// else.
    pub(crate) fn read(json: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(json).map_err(|error| error.to_string())
    }

    fn health(&self) -> Health {
        if self.maintenance.is_some() {
            return Health::Maintenance;
        }
        let status = match self.status.as_str() {
            "" => Status::Passing,
            // A word that nobody knows is no reason to send requests there.
            word => Status::parse(word).unwrap_or(Status::Critical),
        };
        Health::Checked(status)
    }

    fn into_instance(self) -> Instance {
        let status = self.health();
        let service: Arc<str> = self.name.into();
        let node: Arc<str> = self.node.into();
        let check = Check {
            id: format!("service:{}", self.id).into(),
            name: format!("Service '{service}' check").into(),
            node: node.clone(),
            notes: "".into(),
            output: self.maintenance.unwrap_or(self.output).into(),
            status: status.word().into(),
            service_id: self.id.clone().into(),
            service: service.clone(),
        };
        let boxed = |(key, value): (String, String)| (key.into(), value.into());
        Instance {
            id: self.id.into(),
            service,
            node: Arc::new(Node {
                name: node,
                address: self.address.clone().into(),
                ..Node::default()
            }),
            own_address: self.address.into(),
            port: self.port,
            tags: self.tags.into_iter().map(String::into_boxed_str).collect(),
            meta: Arc::new(self.meta.into_iter().map(boxed).collect()),
            weights: self.weights.map(|weights| Weights {
                passing: weights.passing.into(),
                warning: weights.warning.into(),
            }),
            status,
            checks: [Arc::new(check)].into(),
        }
    }
}

/// Answers a query from all instances of its service.
pub(crate) fn select(
    who: Backend,
    query: &ServiceQuery,
    records: impl IntoIterator<Item = Record>,
) -> Result<Answer, CatalogError> {
    let unsupported = |what| Err(CatalogError::Unsupported { who, what });
    if query.dc.is_some() {
        return unsupported("datacenters");
    }
    if query.near.is_some() {
        return unsupported("notion of who is near");
    }
    if query.filter.is_some() {
        return unsupported("filters");
    }
    let is_asked_for = |record: &Record| {
        let passes = record.health() == Health::Checked(Status::Passing);
        let tag = query.tag.as_ref();
        (query.any_status || passes) && tag.is_none_or(|tag| record.tags.contains(tag))
    };
    let chosen = records.into_iter().filter(is_asked_for);
    let mut instances: Vec<_> = chosen.map(Record::into_instance).collect();
    instances.sort_by(|one, other| (&one.node.name, &one.id).cmp(&(&other.node.name, &other.id)));
    Ok(Answer::Instances(instances.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instances(query: &ServiceQuery, texts: &[&str]) -> String {
        let records = texts
            .iter()
            .map(|text| Record::read(text.as_bytes()).unwrap());
        match select(Backend::Etcd, query, records) {
            Ok(Answer::Instances(instances)) => {
                let words = instances.iter().map(|one| {
                    format!(
                        "{}={}:{} {}",
                        one.id,
                        one.address(),
                        one.port,
                        one.status.word()
                    )
                });
                words.collect::<Vec<_>>().join(", ")
            }
            Ok(other) => format!("{other:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_version_2_wrote_is_an_instance_that_passes() {
        let text = r#"{"id":"app-1","name":"app","address":"10.0.0.1","port":99,"tags":null}"#;
        let app = ServiceQuery::passing("app");
        assert_eq!(instances(&app, &[text]), "app-1=10.0.0.1:99 passing");
    }

    #[test]
    fn queries_choose_by_status_and_tag() {
        let write = |id: &str, rest: &str| {
            format!(r#"{{"id":"{id}","name":"app","address":"h","port":1,"node":"n"{rest}}}"#)
        };
        let texts = [
            write("d", r#","status":"critical","output":"no""#),
            write("c", r#","maintenance":"repairs""#),
            write("b", r#","tags":["blue"],"status":"passing""#),
            write("a", r#","status":"purple","later":{"key":1}"#),
        ];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut query = ServiceQuery::passing("app");
        assert_eq!(instances(&query, &texts), "b=h:1 passing");
        query.tag = Some("green".to_owned());
        assert_eq!(instances(&query, &texts), "");
        query.tag = None;
        query.any_status = true;
        assert_eq!(
            instances(&query, &texts),
            "a=h:1 critical, b=h:1 passing, c=h:1 maintenance, d=h:1 critical"
        );
        query.dc = Some("east".to_owned());
        assert_eq!(instances(&query, &texts), "etcd has no datacenters");
        query.dc = None;
        query.filter = Some("Service.Port == 1".to_owned());
        assert_eq!(instances(&query, &texts), "etcd has no filters");
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let text = br#"{"id":"a","name":"app","address":"::1","port":1,"tags":["x"],"meta":{"k":"v"},"weights":{"passing":3,"warning":1},"taggedAddresses":{"lan":{"address":"10.0.0.1","port":2}},"status":"warning","output":"slow","node":"n","owner":"o"}"#;
        let record = Record::read(text).unwrap();
        assert_eq!(record.to_json(), text);
    }
}

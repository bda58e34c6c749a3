//! What an agent holds under an identity of ours, and whose it is.
//!
//! Consul keeps one service for each identity and takes whatever comes last, from whomever. So we
//! look: an address or a port that is not ours is another's.

use std::collections::BTreeMap;

use pilot_core::{
    JobName,
    spec::{ServiceSpec, Weights},
};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Call,
    call::escape,
    wire::{Wire, check_of, maintenance_of, name_of},
};
use crate::CatalogError;

/// What is seen under an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// Nothing, or nothing that can be read.
    Nothing,
    /// Our service as described.
    Ours,
    /// Our service, described otherwise.
    Changed {
        /// What differs.
        what: String,
    },
    /// Another's.
    Theirs {
        /// Where that one is.
        by: String,
    },
}

/// Looks at what the agent holds in the place of a service.
pub(super) async fn look(wire: &mut Wire<'_>, spec: &ServiceSpec) -> Result<Sight, CatalogError> {
    let held = held(wire, &spec.id).await?;
    Ok(held.map_or(Sight::Nothing, |held| held.judge(spec)))
}

/// Says who else holds the identity of a service and is not gone: whoever no longer reports has
/// left it.
pub(super) async fn holder(
    wire: &mut Wire<'_>,
    spec: &ServiceSpec,
) -> Result<Option<String>, CatalogError> {
    let Sight::Theirs { by } = look(wire, spec).await? else {
        return Ok(None);
    };
    let call = Call::get("/v1/agent/checks".to_owned());
    let mut checks: BTreeMap<String, CheckState> = read(wire, &call).await?.unwrap_or_default();
    let is_left = checks
        .remove(&check_of(&spec.id))
        .is_some_and(|check| check.status == "critical" && check.output.starts_with(EXPIRED));
    Ok((!is_left).then_some(by))
}

/// Says why a service is out of service; none if it is not.
pub(super) async fn maintenance(
    wire: &mut Wire<'_>,
    id: &str,
) -> Result<Option<String>, CatalogError> {
    let id = maintenance_of(id);
    let filter = format!("CheckID == \"{id}\"");
    let call = Call::get("/v1/agent/checks".to_owned()).with("filter", &filter);
    let mut checks: BTreeMap<String, CheckState> = read(wire, &call).await?.unwrap_or_default();
    Ok(checks.remove(&id).map(|check| check.notes))
}

/// Finds the tags that others gave to a service which allows it. Consul keeps them in the catalog,
/// and tells its agent only now and then, which would write over them what it knows itself.
pub(super) async fn tags(
    wire: &mut Wire<'_>,
    job: &JobName,
    spec: &ServiceSpec,
) -> Result<Option<Vec<String>>, CatalogError> {
    if !spec.enable_tag_override {
        return Ok(None);
    }
    let path = format!("/v1/catalog/service/{}", escape(name_of(job, spec), ""));
    let listed: Option<Vec<Listed>> = read(wire, &Call::get(path)).await?;
    let ours = listed.into_iter().flatten().find(|listed| {
        listed.id == spec.id && listed.address == spec.address && listed.port == spec.port
    });
    Ok(ours
        .filter(|listed| listed.enable_tag_override)
        .map(|listed| listed.tags.unwrap_or_default()))
}

// How Consul begins the output of a check that nobody has reported in time.
const EXPIRED: &str = "TTL expired";

async fn held(wire: &mut Wire<'_>, id: &str) -> Result<Option<Held>, CatalogError> {
    let path = format!("/v1/agent/service/{}", escape(id, ""));
    read(wire, &Call::get(path)).await
}

/// Reads an answer; none if it is a refusal, or means nothing to us. What comes of looking is never
/// a reason not to report.
async fn read<T: DeserializeOwned>(
    wire: &mut Wire<'_>,
    call: &Call,
) -> Result<Option<T>, CatalogError> {
    let reply = wire.call(call).await?;
    let is_there = reply.status == 200;
    Ok(is_there
        .then(|| serde_json::from_slice(&reply.body).ok())
        .flatten())
}

/// A service as the agent holds it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Held {
    // A service without an address has none here; one without all of these is no service.
    #[serde(rename = "ID")]
    _id: String,
    address: String,
    port: u16,
    tags: Option<Vec<String>>,
    meta: Option<BTreeMap<String, String>>,
    weights: Option<HeldWeights>,
    tagged_addresses: Option<BTreeMap<String, HeldPlace>>,
    #[serde(default)]
    enable_tag_override: bool,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase")]
struct HeldWeights {
    passing: u32,
    warning: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HeldPlace {
    address: String,
    port: u16,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CheckState {
    status: String,
    #[serde(default)]
    output: String,
    #[serde(default)]
    notes: String,
}

/// A service as the catalog lists it.
#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "ServiceID")]
    id: String,
    #[serde(rename = "ServiceAddress")]
    address: String,
    #[serde(rename = "ServicePort")]
    port: u16,
    #[serde(rename = "ServiceTags")]
    tags: Option<Vec<String>>,
    #[serde(rename = "ServiceEnableTagOverride", default)]
    enable_tag_override: bool,
}

impl Held {
    fn judge(&self, spec: &ServiceSpec) -> Sight {
        if self.address != spec.address || self.port != spec.port {
            return Sight::Theirs { by: self.place() };
        }
        let different = [
            ("tags", !self.has_tags(spec)),
            ("meta", !self.has_meta(spec)),
            ("weights", !self.has_weights(spec)),
            ("tagged addresses", !self.has_places(spec)),
            (
                "enableTagOverride",
                self.enable_tag_override != spec.enable_tag_override,
            ),
        ];
        let different = different.iter().filter(|(_, differs)| *differs);
        let words: Vec<_> = different.map(|(word, _)| *word).collect();
        if words.is_empty() {
            Sight::Ours
        } else {
            let what = words.join(", ");
            Sight::Changed { what }
        }
    }

    fn place(&self) -> String {
        let (address, port) = (&self.address, self.port);
        if address.is_empty() {
            format!("port {port} of the agent's own address")
        } else if address.contains(':') {
            format!("[{address}]:{port}")
        } else {
            format!("{address}:{port}")
        }
    }

    fn has_tags(&self, spec: &ServiceSpec) -> bool {
        let tags = self.tags.as_deref().unwrap_or_default();
        (spec.enable_tag_override && self.enable_tag_override) || tags == spec.tags
    }

    fn has_meta(&self, spec: &ServiceSpec) -> bool {
        let meta = self.meta.as_ref();
        let count = meta.map_or(0, BTreeMap::len);
        let wanted: BTreeMap<_, _> = spec.meta.iter().map(|(k, v)| (k, v)).collect();
        let is_held = |(key, value): (&&String, &&String)| {
            meta.and_then(|meta| meta.get(*key)) == Some(*value)
        };
        count == wanted.len() && wanted.iter().all(is_held)
    }

    fn has_weights(&self, spec: &ServiceSpec) -> bool {
        // An agent that knows of none has none to differ.
        let Some(held) = &self.weights else {
            return true;
        };
        // What Consul gives to a service that says nothing.
        let usual = Weights {
            passing: 1,
            warning: 1,
        };
        let wanted = spec.weights.unwrap_or(usual);
        (held.passing, held.warning) == (wanted.passing, wanted.warning)
    }

    /// Consul adds some of its own, such as `lan_ipv4`.
    fn has_places(&self, spec: &ServiceSpec) -> bool {
        let places = self.tagged_addresses.as_ref();
        spec.tagged_addresses.iter().all(|wanted| {
            let held = places.and_then(|places| places.get(&wanted.tag));
            held.is_some_and(|held| held.address == wanted.address && held.port == wanted.port)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pilot_core::spec::TaggedAddress;

    use super::*;

    fn spec() -> ServiceSpec {
        ServiceSpec {
            name: None,
            id: "web-1".to_owned(),
            address: "10.0.0.1".to_owned(),
            port: 80,
            tags: vec!["a".to_owned()],
            meta: vec![("v".to_owned(), "1".to_owned())],
            weights: None,
            tagged_addresses: vec![TaggedAddress {
                tag: "wan".to_owned(),
                address: "1.2.3.4".to_owned(),
                port: 8080,
            }],
            checks: Vec::new(),
            ttl: Duration::from_secs(10),
            initial_status: None,
            enable_tag_override: false,
            deregister_critical_after: None,
            maintenance: pilot_core::spec::OutOfService::Withdrawn,
        }
    }

    fn held() -> serde_json::Value {
        serde_json::json!({
            "ID": "web-1", "Service": "web", "Tags": ["a"], "Meta": {"v": "1"}, "Port": 80,
            "Address": "10.0.0.1", "Weights": {"Passing": 1, "Warning": 1},
            "TaggedAddresses": {
                "lan_ipv4": {"Address": "10.0.0.1", "Port": 80},
                "wan": {"Address": "1.2.3.4", "Port": 8080}},
            "EnableTagOverride": false, "ContentHash": "0"})
    }

    #[track_caller]
    fn check(key: &str, value: serde_json::Value, expected: &str) {
        let mut seen = held();
        seen[key] = value;
        let seen: Held = serde_json::from_value(seen).unwrap();
        let said = match seen.judge(&spec()) {
            Sight::Nothing => unreachable!(),
            Sight::Ours => "ours".to_owned(),
            Sight::Changed { what } => format!("changed: {what}"),
            Sight::Theirs { by } => format!("of {by}"),
        };
        assert_eq!(said, expected, "{key}");
    }

    #[test]
    fn what_is_held_is_ours_changed_or_anothers() {
        use serde_json::{Value::Null, json};
        check("Port", json!(80), "ours");
        check("Port", json!(81), "of 10.0.0.1:81");
        check("Address", json!("::1"), "of [::1]:80");
        check(
            "Address",
            json!(""),
            "of port 80 of the agent's own address",
        );
        check("Tags", json!(["a", "b"]), "changed: tags");
        check("Tags", Null, "changed: tags");
        check("Meta", json!({"v": "2"}), "changed: meta");
        check("Meta", json!({"v": "1", "w": ""}), "changed: meta");
        check(
            "Weights",
            json!({"Passing": 3, "Warning": 1}),
            "changed: weights",
        );
        check("Weights", Null, "ours");
        check("TaggedAddresses", Null, "changed: tagged addresses");
        check(
            "EnableTagOverride",
            json!(true),
            "changed: enableTagOverride",
        );
    }

    #[test]
    fn tags_are_others_where_they_may_be() {
        let mut seen: Held = serde_json::from_value(held()).unwrap();
        seen.enable_tag_override = true;
        seen.tags = Some(vec!["theirs".to_owned()]);
        let mut spec = spec();
        spec.enable_tag_override = true;
        assert_eq!(seen.judge(&spec), Sight::Ours);
    }
}

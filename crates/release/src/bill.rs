//! The bill of materials, in the words of CycloneDX 1.5.

use serde_json::{Value, json};

use crate::{
    linked::{Crate, Id, Linked},
    toolchain::Part,
};

/// What was built. All of it follows from the commit, so that the bill does too.
#[derive(Debug)]
pub(crate) struct Build<'a> {
    pub(crate) target: &'a str,
    /// When the commit was made, as RFC 3339 writes it.
    pub(crate) time: &'a str,
    pub(crate) commit: &'a str,
}

/// Prints the bill. It has no serial number, which would be another one each time.
pub(crate) fn bill(linked: &Linked, parts: &[Part], build: &Build<'_>) -> String {
    let (root, others) = linked.crates.split_first().expect("the graph has a root");
    let mut root_component = component(root);
    root_component["type"] = "application".into();
    let components: Vec<Value> = others
        .iter()
        .map(component)
        .chain(parts.iter().map(part))
        .collect();
    let property = |name: &str, value: &str| json!({ "name": format!("containerpilot:{name}"), "value": value });
    let bill = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": build.time,
            "component": root_component,
            "properties": [property("commit", build.commit), property("target", build.target)],
        },
        "components": components,
        "dependencies": dependencies(linked, parts),
    });
    format!("{bill:#}\n")
}

fn component(one: &Crate) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": reference(&one.id),
        "name": one.id.name,
        "version": one.id.version,
        "licenses": [{ "expression": one.licence }],
    });
    // A crate of ours is in no registry: a package URL would name somebody else's.
    if let Some(sum) = &one.checksum {
        component["purl"] = format!("pkg:cargo/{}@{}", one.id.name, purl_version(&one.id)).into();
        component["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
    }
    if let Some(url) = &one.repository {
        component["externalReferences"] = json!([{ "type": "vcs", "url": url }]);
    }
    component
}

fn part(part: &Part) -> Value {
    json!({
        "type": "library",
        "bom-ref": part_reference(part),
        "name": part.name,
        "version": part.version,
        "licenses": [{ "expression": part.licence }],
        "purl": part.purl,
    })
}

fn dependencies(linked: &Linked, parts: &[Part]) -> Vec<Value> {
    let root = &linked.crates[0].id;
    let of_crates = linked.crates.iter().map(|one| {
        let edges = linked.edges.iter().filter(|(user, _)| *user == one.id);
        let mut used: Vec<String> = edges.map(|(_, used)| reference(used)).collect();
        if one.id == *root {
            used.extend(parts.iter().map(part_reference));
        }
        json!({ "ref": reference(&one.id), "dependsOn": used })
    });
    let of_parts = parts
        .iter()
        .map(|part| json!({ "ref": part_reference(part), "dependsOn": [] }));
    of_crates.chain(of_parts).collect()
}

fn reference(id: &Id) -> String {
    format!("cargo:{}@{}", id.name, id.version)
}

fn part_reference(part: &Part) -> String {
    format!("toolchain:{}", part.name)
}

/// A version may hold a `+`, which an address may not.
fn purl_version(id: &Id) -> String {
    id.version.replace('+', "%2B")
}

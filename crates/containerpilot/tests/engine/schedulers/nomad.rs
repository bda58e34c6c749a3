//! A task of Nomad, as its driver for Docker runs it.

use std::time::Duration;

use serde_json::Value;

use super::{
    files::{Scheduler, labelled, texts},
    unit::{Probe, Unit},
};

/// The stack, and the canary: the same job with another version.
pub(super) fn units() -> (Vec<Unit>, Unit) {
    let files = Scheduler::Nomad.documents();
    let units: Vec<Unit> = files
        .iter()
        .map(|(_, documents)| unit(&documents[0]))
        .collect();
    let mut canary = units
        .iter()
        .find(|unit| unit.name == "sales")
        .unwrap()
        .clone();
    canary.take_image("containerpilot/sales:1.0.1");
    (units, canary)
}

fn unit(file: &Value) -> Unit {
    let (_, job) = labelled(&file["job"]);
    let (_, group) = labelled(&job["group"]);
    let (name, task) = labelled(&group["task"]);
    let config = &task["config"][0];
    let budget = task["kill_timeout"].as_str().unwrap().trim_end_matches('s');
    let mut unit = Unit {
        name,
        budget: Duration::from_secs(budget.parse().unwrap()),
        words: texts(&config["args"]),
        ..Unit::default()
    };
    unit.take_image(config["image"].as_str().unwrap());
    for (key, flag) in [
        ("cap_drop", "cap-drop"),
        ("cap_add", "cap-add"),
        ("security_opt", "security-opt"),
        ("network_aliases", "network-alias"),
    ] {
        for value in texts(&config[key]) {
            unit.flag(flag, &value);
        }
    }
    unit.flag("pids-limit", &config["pids_limit"].to_string());
    unit.flag("memory", &format!("{}m", task["resources"][0]["memory"]));
    if config["readonly_rootfs"] == true {
        unit.flag("read-only", "true");
    }
    for mount in config["mount"].as_array().into_iter().flatten() {
        assert_eq!(mount["type"], "tmpfs");
        let target = mount["target"].as_str().unwrap();
        let size = &mount["tmpfs_options"][0]["size"];
        unit.flag(
            "mount",
            &format!("type=tmpfs,target={target},tmpfs-size={size}"),
        );
    }
    for (name, value) in task["env"][0].as_object().into_iter().flatten() {
        unit.flag("env", &format!("{name}={}", value.as_str().unwrap()));
    }
    for port in group["network"][0]["port"].as_array().into_iter().flatten() {
        let (_, port) = labelled(&Value::Array(vec![port.clone()]));
        unit.flag("publish", &format!("127.0.0.1::{}", port["to"]));
    }
    unit.probes = probes(&unit.name);
    unit
}

/// Nomad asks nobody; this is what a person asks before a promotion.
fn probes(name: &str) -> Vec<Probe> {
    let words = match name {
        "consul" => ["consul", "operator", "raft", "list-peers"].as_slice(),
        _ => ["containerpilot", "health", "--ready"].as_slice(),
    };
    vec![Probe::Exec(
        words.iter().map(|&word| word.to_owned()).collect(),
    )]
}

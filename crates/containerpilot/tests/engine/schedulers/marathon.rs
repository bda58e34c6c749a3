//! A task of Marathon, as Mesos' containerizer for Docker runs it: the parameters are flags.

use std::time::Duration;

use serde_json::Value;

use super::{
    files::Scheduler,
    unit::{Probe, Unit},
};

/// The stack, and the canary.
pub(super) fn units() -> (Vec<Unit>, Unit) {
    let (mut units, mut canary) = (Vec::new(), None);
    for (file, documents) in Scheduler::Marathon.documents() {
        match file.as_str() {
            "sales-canary.json" => canary = Some(unit(&documents[0])),
            "sales-green.json" => {}
            _ => units.push(unit(&documents[0])),
        }
    }
    (units, canary.unwrap())
}

fn unit(app: &Value) -> Unit {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let docker = &app["container"]["docker"];
    let mut unit = Unit {
        name: text(&app["id"]).rsplit('/').next().unwrap().to_owned(),
        budget: Duration::from_secs(app["taskKillGracePeriodSeconds"].as_u64().unwrap()),
        ..Unit::default()
    };
    unit.take_image(&text(&docker["image"]));
    for parameter in docker["parameters"].as_array().unwrap() {
        unit.flag(&text(&parameter["key"]), &text(&parameter["value"]));
    }
    unit.flag("memory", &format!("{}m", app["mem"]));
    for (name, value) in app["env"].as_object().into_iter().flatten() {
        unit.flag("env", &format!("{name}={}", text(value)));
    }
    for mapping in app["container"]["portMappings"].as_array().unwrap() {
        unit.flag(
            "publish",
            &format!("127.0.0.1::{}", mapping["containerPort"]),
        );
    }
    for check in app["healthChecks"].as_array().unwrap() {
        assert_eq!(check["protocol"], "COMMAND");
        let command = text(&check["command"]["value"]);
        let words = ["/bin/sh", "-c", &command].map(str::to_owned);
        unit.probes.push(Probe::Exec(words.to_vec()));
    }
    unit
}

//! A pod's containers, as the kubelet has a runtime run them.

use std::time::Duration;

use serde_json::Value;

use super::{
    files::{Scheduler, texts},
    unit::{Before, Probe, Unit},
};

/// The stack, and the canary.
pub(super) fn units() -> (Vec<Unit>, Unit) {
    let (mut units, mut canary) = (Vec::new(), None);
    for (file, documents) in Scheduler::Kubernetes.documents() {
        let pods = documents
            .iter()
            .filter(|document| document["spec"]["template"].is_object());
        for pod in pods.map(|document| &document["spec"]["template"]["spec"]) {
            match file.as_str() {
                "canary/sales.yaml" => canary = Some(unit(pod)),
                "blue-green/sales.yaml" => {}
                _ => units.push(unit(pod)),
            }
        }
    }
    (units, canary.unwrap())
}

fn unit(pod: &Value) -> Unit {
    let container = &pod["containers"][0];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut unit = Unit {
        name: text(&container["name"]),
        budget: Duration::from_secs(pod["terminationGracePeriodSeconds"].as_u64().unwrap()),
        ..Unit::default()
    };
    unit.take_image(&text(&container["image"]));
    secure(&mut unit, pod, container);
    let limit = text(&container["resources"]["limits"]["memory"]);
    unit.flag("memory", &limit.replace("Mi", "m"));
    for variable in container["env"].as_array().into_iter().flatten() {
        // The address of a pod is known before it starts, that of a container is not.
        if let Some(value) = variable["value"].as_str() {
            unit.flag("env", &format!("{}={value}", text(&variable["name"])));
        }
    }
    for word in texts(&container["args"]) {
        let address = r#"{{ GetInterfaceIP "eth0" }}"#;
        unit.words.push(word.replace("$(POD_IP)", address));
    }
    for mount in container["volumeMounts"].as_array().unwrap() {
        unit.volumes
            .push((text(&mount["name"]), text(&mount["mountPath"])));
    }
    unit.before = pod["initContainers"].as_array().map(|all| Before {
        volume: text(&all[0]["volumeMounts"][0]["name"]),
        path: text(&all[0]["volumeMounts"][0]["mountPath"]),
        words: texts(&all[0]["command"]),
    });
    unit.hook = texts(&container["lifecycle"]["preStop"]["exec"]["command"]);
    reach(&mut unit, container);
    unit
}

/// Who it is, and what it may do.
fn secure(unit: &mut Unit, pod: &Value, container: &Value) {
    let (of_pod, own) = (&pod["securityContext"], &container["securityContext"]);
    unit.flag(
        "user",
        &format!("{}:{}", of_pod["runAsUser"], of_pod["runAsGroup"]),
    );
    for sysctl in of_pod["sysctls"].as_array().into_iter().flatten() {
        let (name, value) = (sysctl["name"].as_str(), sysctl["value"].as_str());
        unit.flag("sysctl", &format!("{}={}", name.unwrap(), value.unwrap()));
    }
    assert_eq!(own["readOnlyRootFilesystem"], true);
    unit.flag("read-only", "true");
    for capability in texts(&own["capabilities"]["drop"]) {
        unit.flag("cap-drop", &capability);
    }
    assert_eq!(own["allowPrivilegeEscalation"], false);
    unit.flag("security-opt", "no-new-privileges");
}

/// How others find it, and how it is asked whether it is well.
fn reach(unit: &mut Unit, container: &Value) {
    // What is the name of a Service there is a name of the network here.
    let name = unit.name.clone();
    if name == "consul" {
        unit.flag("network-alias", &name);
    }
    let port = |name: &Value| {
        let mut ports = container["ports"].as_array().unwrap().iter();
        let found = ports.find(|port| &port["name"] == name).unwrap();
        u16::try_from(found["containerPort"].as_u64().unwrap()).unwrap()
    };
    for kind in ["startupProbe", "readinessProbe", "livenessProbe"] {
        let probe = &container[kind];
        if probe["exec"].is_object() {
            unit.probes
                .push(Probe::Exec(texts(&probe["exec"]["command"])));
        } else if probe["httpGet"].is_object() {
            unit.probes.push(Probe::Get {
                port: port(&probe["httpGet"]["port"]),
                path: probe["httpGet"]["path"].as_str().unwrap().to_owned(),
            });
        }
    }
    for port in container["ports"].as_array().unwrap() {
        unit.flag("publish", &format!("127.0.0.1::{}", port["containerPort"]));
    }
}

//! The time that each scheduler gives a stop is as long as a stop may take.

use std::{fs, process::Command};

use serde_json::Value;

use crate::files::{Scheduler, labelled, root};

/// The services that have a configuration, the program that it wraps, and the seconds of its
/// `preStop`, which an old file can give no limit to.
const SERVICES: [(&str, &str, u64); 3] = [
    ("customers", "node", 2),
    ("sales", "node", 2),
    ("nginx", "nginx", 1),
];

/// The seconds that the helper counts for a stop, and how Kubernetes and the others are called.
#[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
fn longest_stop(service: &str, program: &str, scheduler: Scheduler) -> u64 {
    let file = format!("examples/nginx-customers-sales/{service}/containerpilot.json");
    let text = fs::read_to_string(root().join(file)).unwrap();
    // The machine of this test need not have the interfaces of a container.
    let text = text.replace(r#""eth1", "eth0""#, r#""static:10.0.0.7""#);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("containerpilot.json");
    fs::write(&path, text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_containerpilot"))
        .arg("check")
        .arg(&path)
        .args(["--for", scheduler.name(), "--json", "--", program])
        .env("INTERFACES", "static:10.0.0.7")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{service}: {said}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let stop = &answer["timers"]["stop"];
    assert_eq!(
        stop["unlimited"],
        serde_json::json!(["preStop"]),
        "{service}"
    );
    stop["seconds"].as_u64().unwrap()
}

/// The services of a scheduler's files, each with the seconds it is given.
fn given(scheduler: Scheduler) -> Vec<(String, u64)> {
    let of_document = |document: &Value| match scheduler {
        Scheduler::Kubernetes => of_pod(&document["spec"]["template"]["spec"]),
        Scheduler::Nomad => {
            let (_, job) = labelled(&document["job"]);
            let (_, group) = labelled(&job["group"]);
            let (name, task) = labelled(&group["task"]);
            let timeout = task["kill_timeout"].as_str().unwrap();
            Some((name, timeout.trim_end_matches('s').parse().unwrap()))
        }
        Scheduler::Marathon => {
            let image = document["container"]["docker"]["image"].as_str().unwrap();
            let grace = document["taskKillGracePeriodSeconds"].as_u64().unwrap();
            Some((service_of(image), grace))
        }
    };
    let files = scheduler.documents();
    let documents = files.iter().flat_map(|(_, documents)| documents);
    documents.filter_map(of_document).collect()
}

/// What is left of a pod's time after its own hook.
fn of_pod(pod: &Value) -> Option<(String, u64)> {
    let container = &pod["containers"][0];
    let image = container["image"].as_str()?;
    let hook = &container["lifecycle"]["preStop"]["exec"]["command"];
    let hook = hook[1]
        .as_str()
        .map_or(0, |seconds| seconds.parse().unwrap());
    let grace = pod["terminationGracePeriodSeconds"].as_u64().unwrap();
    Some((service_of(image), grace - hook))
}

fn service_of(image: &str) -> String {
    let (name, _) = image.rsplit('/').next().unwrap().split_once(':').unwrap();
    name.to_owned()
}

#[test]
fn every_scheduler_waits_as_long_as_the_helper_says_a_stop_may_take() {
    for scheduler in [Scheduler::Kubernetes, Scheduler::Nomad, Scheduler::Marathon] {
        let given = given(scheduler);
        for (service, program, hook) in SERVICES {
            let needed = longest_stop(service, program, scheduler) + hook;
            let mut of_it = given.iter().filter(|(name, _)| name == service).peekable();
            assert!(of_it.peek().is_some(), "{scheduler:?} has no {service}");
            for (_, seconds) in of_it {
                assert!(
                    *seconds >= needed,
                    "{scheduler:?} gives {service} {seconds} s of {needed} s"
                );
            }
        }
    }
}

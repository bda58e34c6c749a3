//! What no schema says of the applications.

use serde_json::{Value, json};

use crate::files::Scheduler;

fn apps() -> Vec<(String, Value)> {
    let one = |(file, mut documents): (String, Vec<Value>)| (file, documents.remove(0));
    Scheduler::Marathon
        .documents()
        .into_iter()
        .map(one)
        .collect()
}

fn app(file: &str) -> Value {
    let mut apps = apps().into_iter();
    apps.find(|(name, _)| name == file).unwrap().1
}

#[test]
fn the_helper_says_who_is_well() {
    for (file, app) in apps() {
        assert_eq!(
            app["id"],
            format!("/autopilot/{}", file.trim_end_matches(".json"))
        );
        let check = &app["healthChecks"][0];
        assert_eq!(check["protocol"], "COMMAND", "{file}");
        if file != "consul.json" {
            // Not `--ready`: Marathon kills what fails, and maintenance is no reason to.
            assert_eq!(
                check["command"]["value"], "/bin/containerpilot health --timeout 3s",
                "{file}"
            );
        }
        assert!(check["timeoutSeconds"].as_u64().unwrap() > 3, "{file}");
    }
}

#[test]
fn an_upgrade_keeps_as_many_as_there_are() {
    let least = |file: &str| app(file)["upgradeStrategy"]["minimumHealthCapacity"].as_f64();
    for file in [
        "customers.json",
        "sales.json",
        "sales-canary.json",
        "sales-green.json",
    ] {
        assert_eq!(least(file), Some(1.0), "{file}");
        // At least one more may be started, else nothing could ever be replaced.
        let app = app(file);
        let over = app["upgradeStrategy"]["maximumOverCapacity"]
            .as_f64()
            .unwrap();
        assert!(over * app["instances"].as_f64().unwrap() >= 1.0, "{file}");
    }
    // One per host, on its port 80: one makes room for its successor.
    assert_eq!(least("nginx.json"), Some(0.5));
    assert_eq!(
        app("nginx.json")["constraints"],
        json!([["hostname", "UNIQUE"]])
    );
    // Never two: they would be two catalogs.
    assert_eq!(
        app("consul.json")["upgradeStrategy"],
        json!({"minimumHealthCapacity": 0, "maximumOverCapacity": 0})
    );
}

#[test]
fn canary_and_green_are_the_next_version_of_what_they_stand_beside() {
    let stable = app("sales.json");
    for (file, instances) in [("sales-canary.json", 1), ("sales-green.json", 2)] {
        let mut beside = app(file);
        assert_eq!(beside["instances"], instances, "{file}");
        assert_eq!(
            beside["container"]["docker"]["image"],
            "containerpilot/sales:1.0.1"
        );
        for key in ["id", "instances", "upgradeStrategy"] {
            beside[key] = stable[key].clone();
        }
        beside["container"]["docker"]["image"] = json!("containerpilot/sales:1.0.0");
        assert_eq!(beside, stable, "{file}");
    }
}

//! What no schema says of the job files.

use serde_json::{Value, json};

use crate::files::{Scheduler, labelled, texts};

/// The name of a job, the job, its one group and its one task, of each file.
fn jobs() -> Vec<(String, Value, Value, Value)> {
    let one = |(file, documents): (String, Vec<Value>)| {
        let (name, job) = labelled(&documents[0]["job"]);
        let (group_name, group) = labelled(&job["group"]);
        let (task_name, task) = labelled(&group["task"]);
        assert_eq!(file, format!("{name}.nomad.hcl"));
        assert_eq!((&group_name, &task_name), (&name, &name), "{file}");
        (name, job, group, task)
    };
    Scheduler::Nomad.documents().into_iter().map(one).collect()
}

#[test]
fn the_application_registers_itself_and_nomad_does_not() {
    for (name, job, group, task) in jobs() {
        assert_eq!(group["service"], Value::Null, "{name}");
        assert_eq!(task["service"], Value::Null, "{name}");
        // Without a service there is no check that could say `checks`.
        for block in ["update", "migrate"] {
            let block = &job[block][0];
            assert!(
                block.is_null() || block["health_check"] == "task_states",
                "{name}: {block}"
            );
        }
    }
}

#[test]
fn no_change_of_an_application_goes_on_before_a_person_says_so() {
    for (name, job, group, _) in jobs() {
        let update = &job["update"][0];
        assert_eq!(update["max_parallel"], 1, "{name}");
        match name.as_str() {
            "customers" | "sales" => {
                assert_eq!(update["canary"], 1);
                assert_eq!(update["auto_promote"], false);
                assert_eq!(update["auto_revert"], true);
                assert_eq!(group["count"], 2);
            }
            "nginx" => {
                assert_eq!(update["canary"], Value::Null);
                assert_eq!(update["auto_revert"], true);
                assert_eq!(group["constraint"][0]["operator"], "distinct_hosts");
                let (port, number) = labelled(&group["network"][0]["port"]);
                assert_eq!(
                    (port.as_str(), number),
                    ("http", json!({"static": 80, "to": 80}))
                );
            }
            "consul" => assert_eq!(group["count"], 1),
            other => panic!("{other}.nomad.hcl is not looked at"),
        }
    }
}

#[test]
fn a_stop_is_a_term_and_the_agent_allows_its_time() {
    for (name, _, _, task) in jobs() {
        assert_eq!(task["kill_signal"], "SIGTERM", "{name}");
        let timeout = task["kill_timeout"].as_str().unwrap();
        let seconds: u64 = timeout.trim_end_matches('s').parse().unwrap();
        // An agent whose `max_kill_timeout` nobody set cuts off what is longer.
        assert!(seconds <= 30, "{name}: {timeout}");
    }
}

#[test]
fn no_container_has_more_rights_than_it_uses() {
    for (name, _, _, task) in jobs() {
        let config = &task["config"][0];
        assert_eq!(texts(&config["cap_drop"]), ["all"], "{name}");
        assert_eq!(
            texts(&config["security_opt"]),
            ["no-new-privileges"],
            "{name}"
        );
        assert_eq!(config["network_mode"], "autopilot", "{name}");
        let is_nginx = name == "nginx";
        assert_eq!(config["readonly_rootfs"] == true, !is_nginx, "{name}");
        assert_eq!(config["cap_add"] != Value::Null, is_nginx, "{name}");
    }
}

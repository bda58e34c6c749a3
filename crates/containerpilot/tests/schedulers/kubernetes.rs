//! What no schema says of the manifests: that they fit each other, and the helper.

use serde_json::{Value, json};

use crate::files::{Scheduler, texts};

/// Where in the repository the workloads are: the file, its kind, and the object.
struct Objects(Vec<(String, Value)>);

impl Objects {
    fn read() -> Self {
        let files = Scheduler::Kubernetes.documents();
        let of_file = |(file, documents): (String, Vec<Value>)| {
            documents
                .into_iter()
                .map(move |document| (file.clone(), document))
        };
        Self(files.into_iter().flat_map(of_file).collect())
    }

    fn of_kind(&self, kind: &str) -> impl Iterator<Item = (&str, &Value)> {
        self.0
            .iter()
            .filter(move |(_, object)| object["kind"] == kind)
            .map(|(file, object)| (file.as_str(), object))
    }

    /// What starts pods.
    fn workloads(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.of_kind("Deployment")
            .chain(self.of_kind("StatefulSet"))
    }

    /// Those in which the helper runs an application; Consul has it only as its init.
    fn supervised(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.workloads().filter(|(file, _)| *file != "consul.yaml")
    }
}

fn labels(workload: &Value) -> &Value {
    &workload["spec"]["template"]["metadata"]["labels"]
}

fn pod(workload: &Value) -> &Value {
    &workload["spec"]["template"]["spec"]
}

fn selects(selector: &Value, labels: &Value) -> bool {
    let wanted = selector.as_object().unwrap();
    !wanted.is_empty() && wanted.iter().all(|(key, value)| &labels[key] == value)
}

#[test]
fn selectors_take_the_pods_that_are_meant_and_no_others() {
    let objects = Objects::read();
    for (file, owner) in objects.workloads() {
        let selector = &owner["spec"]["selector"]["matchLabels"];
        assert!(
            selects(selector, labels(owner)),
            "{file} does not own its pods"
        );
        for (other_file, other) in objects.workloads() {
            let same = file == other_file && owner["metadata"] == other["metadata"];
            assert!(
                same || !selects(selector, labels(other)),
                "{file} would adopt the pods of {other_file}"
            );
        }
    }
    for (file, service) in objects.of_kind("Service") {
        let selected: Vec<_> = objects
            .workloads()
            .filter(|(_, workload)| selects(&service["spec"]["selector"], labels(workload)))
            .collect();
        assert_eq!(selected.len(), 1, "the Service of {file}");
        let ports = &pod(selected[0].1)["containers"][0]["ports"];
        for port in service["spec"]["ports"].as_array().unwrap() {
            let named = |one: &Value| one["name"] == port["targetPort"];
            assert!(
                ports.as_array().unwrap().iter().any(named),
                "{file}: {port}"
            );
        }
    }
    for (file, budget) in objects.of_kind("PodDisruptionBudget") {
        let selector = &budget["spec"]["selector"]["matchLabels"];
        let meant = |(_, workload): &(&str, &Value)| selects(selector, labels(workload));
        assert!(objects.workloads().any(|one| meant(&one)), "{file}");
        assert_eq!(budget["spec"]["maxUnavailable"], 1, "{file}");
    }
    for (file, workload) in objects.supervised() {
        let guards = |(_, budget): (&str, &Value)| {
            selects(&budget["spec"]["selector"]["matchLabels"], labels(workload))
        };
        assert!(
            objects.of_kind("PodDisruptionBudget").any(guards),
            "a drain of nodes may take all of {file}"
        );
    }
}

#[test]
fn an_upgrade_starts_one_and_then_stops_one() {
    for (file, deployment) in Objects::read().of_kind("Deployment") {
        let rolling = &deployment["spec"]["strategy"]["rollingUpdate"];
        assert_eq!(
            rolling,
            &json!({"maxUnavailable": 0, "maxSurge": 1}),
            "{file}"
        );
        assert_eq!(deployment["spec"]["minReadySeconds"], 3, "{file}");
    }
}

#[test]
fn the_helper_answers_every_probe_before_it_is_out_of_time() {
    let asks =
        |question: &str| json!(["/bin/containerpilot", "health", question, "--timeout", "3s"]);
    for (file, workload) in Objects::read().supervised() {
        let container = &pod(workload)["containers"][0];
        for (probe, question) in [
            ("startupProbe", "--ready"),
            ("readinessProbe", "--ready"),
            ("livenessProbe", "--live"),
        ] {
            let probe = &container[probe];
            assert_eq!(probe["exec"]["command"], asks(question), "{file}");
            assert!(
                probe["timeoutSeconds"].as_u64().unwrap() > 3,
                "{file}: {probe}"
            );
        }
    }
}

/// The hook runs while the instance is in the catalog, so it is only for those who are reached
/// through a Service.
#[test]
fn only_what_is_behind_a_service_waits_before_its_stop() {
    let objects = Objects::read();
    for (file, workload) in objects.workloads() {
        let hook = &pod(workload)["containers"][0]["lifecycle"];
        let wanted = if file == "nginx.yaml" {
            json!({"preStop": {"exec": {"command": ["sleep", "5"]}}})
        } else {
            Value::Null
        };
        assert_eq!(hook, &wanted, "{file}");
    }
}

#[test]
fn nobody_is_root_nor_writes_to_the_image() {
    for (file, workload) in Objects::read().workloads() {
        let pod = pod(workload);
        assert_eq!(pod["automountServiceAccountToken"], false, "{file}");
        assert_eq!(pod["enableServiceLinks"], false, "{file}");
        let security = &pod["securityContext"];
        assert_eq!(security["runAsNonRoot"], true, "{file}");
        assert_eq!(security["runAsUser"], 10001, "{file}");
        assert_eq!(
            security["seccompProfile"]["type"], "RuntimeDefault",
            "{file}"
        );
        let all = ["initContainers", "containers"].map(|kind| pod[kind].as_array().cloned());
        for container in all.into_iter().flatten().flatten() {
            assert_eq!(
                container["securityContext"],
                json!({
                    "allowPrivilegeEscalation": false,
                    "readOnlyRootFilesystem": true,
                    "capabilities": {"drop": ["ALL"]},
                }),
                "{file}"
            );
            assert!(
                container["resources"]["limits"]["memory"].is_string(),
                "{file}"
            );
            mounts_are_volumes(file, pod, &container);
        }
    }
}

fn mounts_are_volumes(file: &str, pod: &Value, container: &Value) {
    let volumes = pod["volumes"].as_array().unwrap();
    for mount in container["volumeMounts"].as_array().unwrap() {
        let named = |volume: &&Value| volume["name"] == mount["name"];
        let volume = volumes.iter().find(named);
        let volume = volume.unwrap_or_else(|| panic!("{file}: no volume for {mount}"));
        assert_eq!(volume["emptyDir"], json!({}), "{file}: {volume}");
    }
}

#[test]
fn canary_and_green_are_the_next_version_of_what_they_stand_beside() {
    let objects = Objects::read();
    let of_file = |wanted: &str| {
        let mut found = objects.workloads().filter(|(file, _)| *file == wanted);
        let (_, workload) = found.next().unwrap();
        workload.clone()
    };
    let stable = of_file("sales.yaml");
    for (file, track, replicas) in [
        ("canary/sales.yaml", "canary", 1),
        ("blue-green/sales.yaml", "green", 2),
    ] {
        let mut beside = of_file(file);
        assert_eq!(beside["metadata"]["name"], format!("sales-{track}"));
        assert_eq!(beside["spec"]["replicas"], replicas);
        // Nothing else differs: the name in the catalog comes from the image.
        beside["metadata"] = stable["metadata"].clone();
        beside["spec"]["replicas"] = stable["spec"]["replicas"].clone();
        for labels in [
            "/spec/selector/matchLabels",
            "/spec/template/metadata/labels",
        ] {
            let labels = beside.pointer_mut(labels).unwrap();
            assert_eq!(labels["track"], track);
            labels["track"] = json!("stable");
        }
        let image = beside
            .pointer_mut("/spec/template/spec/containers/0/image")
            .unwrap();
        assert_eq!(image, "containerpilot/sales:1.0.1");
        *image = json!("containerpilot/sales:1.0.0");
        assert_eq!(beside, stable, "{file}");
    }
}

#[test]
fn everybody_finds_the_catalog_by_the_name_of_its_service() {
    let objects = Objects::read();
    let named = |name: &str| {
        let mut services = objects.of_kind("Service");
        services.any(|(_, service)| service["metadata"]["name"] == name)
    };
    for (file, workload) in objects.supervised() {
        let container = &pod(workload)["containers"][0];
        let env = container["env"].as_array().unwrap();
        let consul = env.iter().find(|one| one["name"] == "CONSUL").unwrap();
        assert!(named(consul["value"].as_str().unwrap()), "{file}");
    }
    let consul = objects.of_kind("StatefulSet").next().unwrap().1;
    assert_eq!(consul["spec"]["replicas"], 1);
    assert!(named(consul["spec"]["serviceName"].as_str().unwrap()));
    let words = texts(&pod(consul)["containers"][0]["args"]);
    assert!(words.contains(&"-bootstrap-expect=1".to_owned()));
}

//! What is wrong is refused, with its place: a check that cannot fail checks nothing.

use std::fs;

use crate::files::{Scheduler, root};

/// A file, what is changed in it, and what must be said then.
type Case = (&'static str, &'static str, &'static str, &'static str);

#[track_caller]
fn all_are_refused(scheduler: Scheduler, cases: &[Case]) {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for (nth, (file, from, to, _)) in cases.iter().enumerate() {
        let text = fs::read_to_string(scheduler.folder().join(file)).unwrap();
        assert!(text.contains(from), "{file} has no `{from}`");
        let path = folder.path().join(format!("{nth}{}", scheduler.ending()));
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        paths.push(path);
    }
    let output = scheduler.validate(&paths);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for ((_, from, to, wanted), path) in cases.iter().zip(&paths) {
        let place = format!("{}: ", path.display());
        let mut about = said.lines().filter(|line| line.starts_with(&place));
        assert!(
            about.any(|line| line.contains(wanted)),
            "`{from}` as `{to}`: nothing says `{wanted}` of {place}\n{said}"
        );
    }
}

#[test]
fn a_wrong_manifest_of_kubernetes() {
    all_are_refused(
        Scheduler::Kubernetes,
        &[
            (
                "sales.yaml",
                "terminationGracePeriodSeconds",
                "terminationGracePeriod",
                "Deployment sales: Kubernetes 1.25: spec/template/spec: Additional properties are not allowed ('terminationGracePeriod' was unexpected)",
            ),
            (
                "sales.yaml",
                "terminationGracePeriodSeconds",
                "terminationGracePeriod",
                "Kubernetes 1.37: ",
            ),
            (
                "sales.yaml",
                "replicas: 2",
                "replicas: two",
                "spec/replicas: 'two' is not of type 'integer'",
            ),
            (
                "sales.yaml",
                "apps/v1",
                "apps/v9",
                "Couldn't find schema for kind Deployment with api version apps/v9",
            ),
            (
                "nginx.yaml",
                "command: [sleep, \"5\"]",
                "command: [sleep, 5]",
                "5 is not of type 'string'",
            ),
            (
                "nginx.yaml",
                "value: \"0\"",
                "value: 0",
                "0 is not of type 'string'",
            ),
            (
                "consul.yaml",
                "  replicas: 1\n",
                "  replicas: 1\n  replicas: 2\n",
                "the key `replicas` is given twice",
            ),
            ("consul.yaml", "kind: Service", "kind: [", "is no YAML"),
            (
                "customers.yaml",
                "kind: Deployment",
                "kinds: Deployment",
                "has no 'kind'",
            ),
        ],
    );
}

#[test]
fn a_wrong_job_of_nomad() {
    let sales = "sales.nomad.hcl";
    all_are_refused(
        Scheduler::Nomad,
        &[
            (
                sales,
                "kill_timeout = \"30s\"",
                "kill_timeout = 30",
                "kill_timeout: 30 is not of type 'string'",
            ),
            (
                sales,
                "kill_timeout = \"30s\"",
                "kill_timeout = \"soon\"",
                "'soon' does not match",
            ),
            (
                sales,
                "kill_timeout = ",
                "kill_timout = ",
                "('kill_timout' was unexpected)",
            ),
            (
                sales,
                "max_parallel     ",
                "max_paralel      ",
                "('max_paralel' was unexpected)",
            ),
            (
                sales,
                "\"task_states\"",
                "\"script\"",
                "'script' is not one of",
            ),
            (sales, "\"delay\"", "\"never\"", "'never' is not one of"),
            (
                sales,
                "pids_limit      = 200",
                "pids_limit      = \"many\"",
                "'many' is not of type 'integer'",
            ),
            (
                sales,
                "image           = ",
                "picture         = ",
                "'image' is a required property",
            ),
            (
                sales,
                "var.version",
                "var.release",
                "names the variable `release`, which is not declared",
            ),
            (
                sales,
                "variable \"count\"",
                "variable \"counter\"",
                "names the variable `count`, which is not declared",
            ),
            (sales, "driver = \"docker\"", "driver = ", "is no HCL"),
            (
                sales,
                "count = var.count",
                "count = -1",
                "-1 is less than the minimum",
            ),
        ],
    );
}

#[test]
fn a_wrong_application_of_marathon() {
    all_are_refused(Scheduler::Marathon, WRONG_APPLICATIONS);
}

const WRONG_APPLICATIONS: &[Case] = &[
    (
        "sales.json",
        "taskKillGracePeriodSeconds",
        "taskKillGracePeriod",
        "('taskKillGracePeriod' was unexpected)",
    ),
    (
        "sales.json",
        "\"taskKillGracePeriodSeconds\": 30",
        "\"taskKillGracePeriodSeconds\": -1",
        "-1 is less than the minimum of 0",
    ),
    (
        "sales.json",
        "\"taskKillGracePeriodSeconds\": 30",
        "\"taskKillGracePeriodSeconds\": \"30s\"",
        "'30s' is not of type 'integer'",
    ),
    (
        "sales.json",
        "\"minimumHealthCapacity\": 1",
        "\"minimumHealthCapacity\": 2",
        "2 is greater than the maximum of 1",
    ),
    (
        "sales.json",
        "\"COMMAND\"",
        "\"EXEC\"",
        "protocol: 'EXEC' is not one of",
    ),
    (
        "sales.json",
        "\"command\": { \"value\": \"/bin/containerpilot health --timeout 3s\" },",
        "",
        "'command' is a required property",
    ),
    (
        "sales.json",
        "\"GROUP_BY\"",
        "\"SPREAD\"",
        "'SPREAD' is not one of",
    ),
    (
        "nginx.json",
        "[\"hostname\", \"UNIQUE\"]",
        "[\"hostname\", \"UNIQUE\", \"2\"]",
        "is too long",
    ),
    (
        "sales.json",
        "\"mode\": \"container\"",
        "\"mode\": \"host\"",
        "networks/0",
    ),
    (
        "sales.json",
        "/autopilot/sales",
        "/autopilot/Sales",
        "id: '/autopilot/Sales' does not match",
    ),
    (
        "sales.json",
        "\"instances\": 2,",
        "\"instances\": 2, \"instances\": 3,",
        "the key `instances` is given twice",
    ),
    (
        "sales.json",
        "\"instances\": 2,",
        "\"instances\": 2, \"cmd\": \"a\", \"args\": [\"a\"],",
        "should not be valid",
    ),
    (
        "sales.json",
        "\"instances\": 2,",
        "\"instances\": 2",
        "is no JSON",
    ),
];

#[expect(clippy::disallowed_methods, reason = "a test has no reaper but itself")]
#[test]
fn a_file_that_is_not_there_and_a_scheduler_that_is_not_known() {
    let output = Scheduler::Nomad.validate(&["/nowhere/at-all.nomad.hcl".into()]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("/nowhere/at-all.nomad.hcl: cannot be read: "),
        "{said}"
    );

    let output = std::process::Command::new(root().join("scripts/schedulers/validate"))
        .args(["swarm", "a.yml"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("say which scheduler (kubernetes, nomad, marathon)"),
        "{said}"
    );
}

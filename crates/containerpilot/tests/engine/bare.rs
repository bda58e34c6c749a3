//! Images that lack what most have: a shell, `/tmp`, users, authorities, even `/proc` and `/dev`.
//! Whatever needs it says so; whatever does not runs.

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

use crate::harness::{Container, docker, image, try_docker, until};

/// What the helper in the image with nothing but itself says of a configuration that ends.
#[track_caller]
fn ended(config: &str) -> String {
    let image = image("containerpilot");
    try_docker(&[
        "run",
        "--rm",
        "--network",
        "none",
        &image,
        "-config",
        config,
    ])
    .expect_err("it has nothing to run")
}

#[track_caller]
fn expect(said: &str, texts: &[&str]) {
    for text in texts {
        assert!(said.contains(text), "no `{text}` in\n{said}");
    }
}

#[test]
fn without_a_shell_the_job_that_wants_one_is_named() {
    let said = ended("{ jobs: [{ name: 'greet', exec: 'sh -c true' }] }");
    expect(
        &said,
        &[
            "exit status: 127",
            r#"unable to start greet: exec: "sh": executable file not found in $PATH"#,
        ],
    );
    let said =
        ended(r#"{ "preStart": "/bin/sh -c true", "consul": "localhost:8500", "services": [] }"#);
    expect(&said, &["exit status: 1"]);
}

#[test]
fn without_users_a_number_is_asked_for_and_is_enough() {
    let said =
        ended("{ jobs: [{ name: 'app', exec: '/bin/containerpilot version', user: 'www-data' }] }");
    expect(
        &said,
        &[
            "exit status: 126",
            "unable to start app: cannot run as user `www-data`: there is no /etc/passwd to find the name in; give its number",
        ],
    );
    let image = image("containerpilot");
    let config = "{ jobs: [{ name: 'app', exec: '/bin/containerpilot version', user: '33' }] }";
    let said = docker(&[
        "run",
        "--rm",
        "--network",
        "none",
        &image,
        "-config",
        config,
    ]);
    expect(&said, &["Version: "]);
}

#[test]
fn without_authorities_no_certificate_is_believed() {
    let said = ended(
        "{ consul: 'https://127.0.0.1:8501', jobs: [{ name: 'app', exec: '/bin/containerpilot version', port: 80, address: '127.0.0.1', health: { exec: 'x', interval: 1, ttl: 5 } }] }",
    );
    expect(
        &said,
        &[
            "exit status: 1",
            "cannot verify Consul's certificate: no CA certificates; set `tls.cafile`",
        ],
    );
}

#[test]
fn with_nothing_but_the_helper_it_can_be_asked_and_renders_to_where_it_may() {
    let config = "{ catalog: 'none', \
        jobs: [{ name: 'app', exec: '/bin/containerpilot catalog', essential: true }, \
               { name: 'twice', exec: '/bin/containerpilot version', when: { source: 'template.there', once: 'healthy' } }], \
        templates: [{ name: 'there', contents: 'hi', destination: '/etc/there' }] }";
    let container = Container::run(
        "bare",
        &[
            "--network",
            "none",
            &image("containerpilot"),
            "-config",
            config,
        ],
    );
    container.wait_for_log("control: serving at /var/run/containerpilot.socket");
    container.wait_for_log("GitHash: ");
    let probe = || container.try_exec(&["/bin/containerpilot", "health"]).ok();
    let said = until("it is well", || container.logs(), probe);
    expect(&said, &["healthy: "]);
    docker(&["stop", &container.name]);
    assert_eq!(container.wait(), 0);
}

/// The same image as a folder, to be entered without an engine, which mounts more than the image has.
fn unpacked() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let made = docker(&["create", "--network", "none", &image("containerpilot")]);
    let bin = root.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let from = format!("{made}:/bin/containerpilot");
    let copied = try_docker(&["cp", &from, bin.to_str().unwrap()]);
    let _ = try_docker(&["rm", &made]);
    copied.unwrap();
    root
}

/// Runs the helper as PID 1 of namespaces of its own, with that folder as its root. Wants root.
#[track_caller]
fn entered(root: &Path, words: &[&str]) -> String {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net", "--pid", "--fork", "--kill-child"]);
    command.args(["timeout", "--kill-after", "5", "30", "chroot"]);
    command.arg(root).arg("/bin/containerpilot").args(words);
    let output = command.output().unwrap();
    let streams = [output.stdout, output.stderr].concat();
    format!("{}\n{}", output.status, String::from_utf8_lossy(&streams))
}

#[test]
fn without_dev_and_proc_it_says_what_that_means() {
    let root = unpacked();
    let config = "{ jobs: [{ name: 'app', exec: '/bin/containerpilot version' }] }";
    let said = entered(root.path(), &["-config", config]);
    expect(
        &said,
        &[
            "exit status: 126",
            "/proc is not mounted, or not this container's: a stop does not find processes that have left their process group",
            "unable to start app: fork/exec /bin/containerpilot: no such file or directory: there is no /dev/null for its stdin",
        ],
    );
}

#[test]
fn without_a_resolv_conf_that_is_why_a_name_is_not_found() {
    let root = unpacked();
    fs::write(
        root.path().join("a"),
        "{{ range service `web` }}{{ .Address }}{{ end }}",
    )
    .unwrap();
    let said = entered(
        root.path(),
        &[
            "consul-template",
            "-once",
            "-consul-addr",
            "consul.example:8500",
            "-consul-retry-attempts",
            "1",
            "-consul-retry-backoff",
            "100ms",
            "-template",
            "/a:/b",
        ],
    );
    expect(
        &said,
        &[
            "exit status: 14",
            "cannot reach Consul at consul.example:8500: ",
            ", and there is no /etc/resolv.conf",
        ],
    );
}

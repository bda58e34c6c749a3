//! The examples of the specification, loaded whole.

use expect_test::expect;

use crate::harness::{load_in, loaded};

#[test]
fn a_web_server_with_everything() {
    let config = load_in(include_str!("web.json5"), &[]).unwrap();
    expect![[r#"
        Config {
            spec: Spec {
                jobs: [
                    JobSpec {
                        name: "setup",
                        exec: Some(
                            Command {
                                argv: [
                                    "/opt/setup",
                                    "--once",
                                ],
                                env: [],
                                cwd: None,
                                user: None,
                                group: None,
                                output: Logged,
                            },
                        ),
                        when: Once(
                            Event(
                                Event {
                                    kind: Startup,
                                    source: Global,
                                },
                            ),
                        ),
                        start_within: None,
                        restarts: Left(
                            0,
                        ),
                        backoff: Exponential {
                            initial: 500ms,
                            max: 30s,
                            reset: 10s,
                        },
                        timeout: None,
                        stop: StopSpec {
                            signal: SIGTERM,
                            timeout: None,
                            drain: 0ns,
                        },
                        overlap: Queue,
                        essential: false,
                        health: None,
                        service: None,
                    },
                    JobSpec {
                        name: "web",
                        exec: Some(
                            Command {
                                argv: [
                                    "/opt/web",
                                    "--port",
                                    "8080",
                                ],
                                env: [],
                                cwd: None,
                                user: None,
                                group: None,
                                output: Logged,
                            },
                        ),
                        when: Once(
                            Event(
                                Event {
                                    kind: ExitSuccess,
                                    source: Job(
                                        "setup",
                                    ),
                                },
                            ),
                        ),
                        start_within: Some(
                            45s,
                        ),
                        restarts: Unlimited,
                        backoff: Exponential {
                            initial: 500ms,
                            max: 30s,
                            reset: 10s,
                        },
                        timeout: None,
                        stop: StopSpec {
                            signal: SIGTERM,
                            timeout: None,
                            drain: 0ns,
                        },
                        overlap: Queue,
                        essential: false,
                        health: Some(
                            HealthSpec {
                                exec: Some(
                                    Command {
                                        argv: [
                                            "/opt/probe",
                                            "8080",
                                        ],
                                        env: [],
                                        cwd: None,
                                        user: None,
                                        group: None,
                                        output: Logged,
                                    },
                                ),
                                interval: 4s,
                                timeout: Some(
                                    2s,
                                ),
                            },
                        ),
                        service: Some(
                            ServiceSpec {
                                id: "web-host",
                                address: "10.0.0.100",
                                port: 8080,
                                tags: [
                                    "blue",
                                ],
                                meta: [],
                                ttl: 12s,
                                initial_status: None,
                                enable_tag_override: true,
                                deregister_critical_after: Some(
                                    900s,
                                ),
                            },
                        ),
                    },
                    JobSpec {
                        name: "drain",
                        exec: Some(
                            Command {
                                argv: [
                                    "/opt/drain",
                                ],
                                env: [],
                                cwd: None,
                                user: None,
                                group: None,
                                output: Logged,
                            },
                        ),
                        when: Once(
                            Event(
                                Event {
                                    kind: Stopping,
                                    source: Job(
                                        "web",
                                    ),
                                },
                            ),
                        ),
                        start_within: None,
                        restarts: Left(
                            0,
                        ),
                        backoff: Exponential {
                            initial: 500ms,
                            max: 30s,
                            reset: 10s,
                        },
                        timeout: Some(
                            5s,
                        ),
                        stop: StopSpec {
                            signal: SIGTERM,
                            timeout: None,
                            drain: 0ns,
                        },
                        overlap: Queue,
                        essential: false,
                        health: None,
                        service: None,
                    },
                    JobSpec {
                        name: "report",
                        exec: Some(
                            Command {
                                argv: [
                                    "/opt/report",
                                ],
                                env: [],
                                cwd: None,
                                user: None,
                                group: None,
                                output: Raw,
                            },
                        ),
                        when: Every(
                            30s,
                        ),
                        start_within: None,
                        restarts: Unlimited,
                        backoff: Exponential {
                            initial: 500ms,
                            max: 30s,
                            reset: 10s,
                        },
                        timeout: Some(
                            10s,
                        ),
                        stop: StopSpec {
                            signal: SIGTERM,
                            timeout: None,
                            drain: 0ns,
                        },
                        overlap: Skip,
                        essential: false,
                        health: None,
                        service: None,
                    },
                    JobSpec {
                        name: "rerender",
                        exec: Some(
                            Command {
                                argv: [
                                    "/opt/render",
                                ],
                                env: [],
                                cwd: None,
                                user: None,
                                group: None,
                                output: Logged,
                            },
                        ),
                        when: Each(
                            Event(
                                Event {
                                    kind: Changed,
                                    source: Watch(
                                        "db",
                                    ),
                                },
                            ),
                        ),
                        start_within: None,
                        restarts: Left(
                            0,
                        ),
                        backoff: Exponential {
                            initial: 500ms,
                            max: 30s,
                            reset: 10s,
                        },
                        timeout: Some(
                            20s,
                        ),
                        stop: StopSpec {
                            signal: SIGTERM,
                            timeout: None,
                            drain: 0ns,
                        },
                        overlap: Queue,
                        essential: false,
                        health: None,
                        service: None,
                    },
                    JobSpec {
                        name: "dump",
                        exec: Some(
                            Command {
                                argv: [
                                    "/opt/dump-state",
                                ],
                                env: [],
                                cwd: None,
                                user: None,
                                group: None,
                                output: Logged,
                            },
                        ),
                        when: OnSignal(
                            SIGUSR2,
                        ),
                        start_within: None,
                        restarts: Left(
                            0,
                        ),
                        backoff: Exponential {
                            initial: 500ms,
                            max: 30s,
                            reset: 10s,
                        },
                        timeout: None,
                        stop: StopSpec {
                            signal: SIGTERM,
                            timeout: None,
                            drain: 0ns,
                        },
                        overlap: Queue,
                        essential: false,
                        health: None,
                        service: None,
                    },
                    JobSpec {
                        name: "page",
                        exec: Some(
                            Command {
                                argv: [
                                    "/opt/page",
                                    "on",
                                ],
                                env: [],
                                cwd: None,
                                user: None,
                                group: None,
                                output: Logged,
                            },
                        ),
                        when: Each(
                            Event(
                                Event {
                                    kind: EnterMaintenance,
                                    source: Global,
                                },
                            ),
                        ),
                        start_within: None,
                        restarts: Left(
                            0,
                        ),
                        backoff: Exponential {
                            initial: 500ms,
                            max: 30s,
                            reset: 10s,
                        },
                        timeout: None,
                        stop: StopSpec {
                            signal: SIGTERM,
                            timeout: None,
                            drain: 0ns,
                        },
                        overlap: Queue,
                        essential: false,
                        health: None,
                        service: None,
                    },
                    JobSpec {
                        name: "containerpilot",
                        exec: None,
                        when: Once(
                            Event(
                                Event {
                                    kind: Startup,
                                    source: Global,
                                },
                            ),
                        ),
                        start_within: None,
                        restarts: Left(
                            0,
                        ),
                        backoff: Exponential {
                            initial: 500ms,
                            max: 30s,
                            reset: 10s,
                        },
                        timeout: None,
                        stop: StopSpec {
                            signal: SIGTERM,
                            timeout: None,
                            drain: 0ns,
                        },
                        overlap: Queue,
                        essential: false,
                        health: Some(
                            HealthSpec {
                                exec: None,
                                interval: 5s,
                                timeout: Some(
                                    5s,
                                ),
                            },
                        ),
                        service: Some(
                            ServiceSpec {
                                id: "containerpilot-host",
                                address: "10.2.0.1",
                                port: 9100,
                                tags: [
                                    "1.2.3",
                                ],
                                meta: [],
                                ttl: 15s,
                                initial_status: None,
                                enable_tag_override: false,
                                deregister_critical_after: None,
                            },
                        ),
                    },
                ],
                watches: [
                    WatchSpec {
                        name: "db",
                        service: "db",
                        tag: Some(
                            "primary",
                        ),
                        dc: Some(
                            "east",
                        ),
                        interval: 3s,
                    },
                ],
                templates: [],
                stop_timeout: 8s,
                stop_signals: Shutdown,
            },
            catalog: Consul(
                Consul {
                    address: "localhost:8500",
                    scheme: Http,
                    token: None,
                    token_file: None,
                    ca_file: None,
                    ca_path: None,
                    client_cert: None,
                    client_key: None,
                    server_name: None,
                    verify: true,
                },
            ),
            logging: Logging {
                level: Info,
                format: Json,
                output: Stdout,
            },
            control: Control {
                socket: "/var/run/containerpilot.socket",
                mode: 384,
                group: None,
            },
            telemetry: Some(
                Telemetry {
                    address: 10.2.0.1,
                    port: 9100,
                    tags: [],
                    metrics: [
                        Metric {
                            namespace: "shop",
                            subsystem: "web",
                            name: "queue",
                            help: "queue length",
                            kind: Gauge,
                        },
                    ],
                },
            ),
            addresses: [
                (
                    "CONTAINERPILOT_WEB_IP",
                    "10.0.0.100",
                ),
                (
                    "CONTAINERPILOT_CONTAINERPILOT_IP",
                    "10.2.0.1",
                ),
            ],
            warnings: [],
        }
    "#]].assert_debug_eq(&config);
}

#[test]
fn all_forms_of_consul_settings() {
    let text = "{ consul: { address: \"consul.local:8501\", scheme: \"https\", token: \"t0k\",
        tls: { cafile: \"/etc/ca.pem\", clientcert: \"/etc/c.pem\", clientkey: \"/etc/k.pem\", servername: \"consul\", verify: true } } }";
    assert!(loaded(text).warnings.is_empty());
}

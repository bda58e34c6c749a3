//! Metrics and status over HTTP: what is shown, where, and what may be put.

use std::net::{SocketAddr, TcpListener};

use crate::harness::{
    Answer, Catalog, Consul, OpenMetricsOnly, Pilot, Prometheus, Running, complaints, descriptors,
    free_ports, over_tcp,
};

/// Metrics of every kind.
const METRICS: &str = "metrics: [
    { namespace: 'containerpilot', subsystem: 'app', name: 'some_counter', help: 'Counts.', type: 'counter' },
    { name: 'queue', help: 'Orders that wait.', type: 'gauge' },
    { name: 'wait_seconds', help: 'How long.', type: 'histogram' },
    { name: 'size', help: 'How large.', type: 'summary' },
]";

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// The members that serve telemetry at a port.
fn serving(port: u16) -> String {
    format!(
        "telemetry: {{ port: {port}, interfaces: 'static:127.0.0.1', tags: ['shop'], {METRICS} }},"
    )
}

pub(crate) fn get(port: u16, path: &str) -> Option<Answer> {
    over_tcp(at(port), "GET", path, "").ok()
}

/// The page of metrics, once it is served.
#[track_caller]
pub(crate) fn page(running: &Running, port: u16) -> String {
    running.until("telemetry answers", || {
        Some(get(port, "/metrics")?.expect(200).body)
    })
}

pub(crate) fn find(page: &str, series: &str) -> Option<f64> {
    let mut lines = page.lines().filter_map(|line| line.rsplit_once(' '));
    let (_, value) = lines.find(|(name, _)| *name == series)?;
    value.parse().ok()
}

/// The value of a series on a page.
#[track_caller]
pub(crate) fn value(page: &str, series: &str) -> f64 {
    find(page, series).unwrap_or_else(|| panic!("no {series} in:\n{page}"))
}

#[track_caller]
fn wait_for_value(running: &Running, port: u16, series: &str, wanted: f64) {
    running.until(&format!("{series} is {wanted}"), || {
        let page = get(port, "/metrics")?.body;
        (find(&page, series) == Some(wanted)).then_some(())
    });
}

// 3.8: passes (case 168).
#[test]
fn a_counter_that_is_put_every_second_is_shown() {
    let [port] = free_ports();
    let binary = env!("CARGO_BIN_EXE_containerpilot");
    let put = format!(
        "{{ name: 'put', exec: '{binary} -config @DIR/config.json5 -putmetric containerpilot_app_some_counter=42', when: {{ interval: '1s' }} }}"
    );
    let running = Pilot::new().top(&serving(port)).jobs(&put).start().ready();
    let series = "containerpilot_app_some_counter";
    let seen = running.until("it has counted twice", || {
        let seen = value(&page(&running, port), series);
        (seen >= 84.0).then_some(seen)
    });
    assert_eq!(seen % 42.0, 0.0);
    let page = page(&running, port);
    assert!(
        page.contains("\ncontainerpilot_app_some_counter "),
        "{page}"
    );
    for name in ["events", "control_http_requests", "watch_instances"] {
        let heading = format!("# TYPE containerpilot_{name} ");
        assert!(page.contains(&heading), "no {heading} in {page}");
    }
    running.stop().expect_code(0);
}

// 3.8: passes (case 169).
#[test]
fn telemetry_is_a_service_while_it_runs() {
    let consul = Consul::start();
    let [port] = free_ports();
    let job = |name: &str, port: u16| {
        format!(
            "{{ name: '{name}', exec: 'sleep 1000', port: {port}, interfaces: 'static:127.0.0.1', health: {{ exec: 'true', interval: 1, ttl: 10 }} }}"
        )
    };
    let running = Pilot::new()
        .consul(consul.address())
        .top(&serving(port))
        .jobs(&format!("{}, {}", job("front", 8000), job("back", 8001)))
        .start()
        .ready();
    consul.eye().wait_for_status("containerpilot", "passing");
    let service = consul.eye().service("containerpilot");
    assert_eq!(service["Service"], "containerpilot");
    assert_eq!(service["Port"], port);
    assert_eq!(service["Address"], "127.0.0.1");
    let tags = service["Tags"].as_array().unwrap();
    assert_eq!(tags[0], "shop");
    assert_eq!(tags[1], env!("CARGO_PKG_VERSION"));
    let services = running.until("both are healthy", || {
        let status = get(port, "/status")?.expect(200).json();
        let services = status["Services"].as_array()?.clone();
        let healthy = |at: usize| services[at]["Status"] == "healthy";
        (healthy(0) && healthy(1)).then_some(services)
    });
    let names: Vec<&str> = services
        .iter()
        .filter_map(|service| service["Name"].as_str())
        .collect();
    assert_eq!(names, ["front", "back", "containerpilot"]);
    running.stop().expect_code(0);
    consul.eye().wait_gone("containerpilot");
}

// 3.8: passes (cases 170 and 171).
#[test]
fn the_status_page_has_the_shape_of_containerpilot_3() {
    let [port] = free_ports();
    let running = Pilot::new()
        .top(&serving(port))
        .top("watches: [{ name: 'watch1', interval: 10 }, { name: 'watch2', interval: 10 }],")
        .jobs(
            "{ name: 'myjob1', exec: 'sleep 1000' },
             { name: 'myjob2', exec: 'sleep 1000', port: 80, interfaces: 'static:1.2.3.4', health: { exec: 'false', interval: 300, ttl: 900 } },
             { name: 'myjob3', exec: 'sleep 1000', health: { exec: 'sleep 100', interval: 300, ttl: 900, timeout: '100s' } }",
        )
        .start()
        .ready();
    page(&running, port);
    let status = get(port, "/status").unwrap().expect(200);
    assert!(
        status.head.to_lowercase().contains("application/json"),
        "{status:?}"
    );
    let status = status.json();
    assert_eq!(status["Watches"], serde_json::json!(["watch1", "watch2"]));
    let name = |list: &str, at: usize| status[list][at]["Name"].clone();
    assert_eq!(
        (name("Jobs", 0), name("Jobs", 1)),
        ("myjob1".into(), "myjob3".into())
    );
    assert_eq!(name("Services", 0), "myjob2");
    assert_eq!(status["Services"][0]["Port"], 80);
    let posted = over_tcp(at(port), "POST", "/status", "").unwrap();
    assert_eq!(posted.status, 405);
    assert_eq!(get(port, "/nothing").unwrap().status, 404);
    running.stop().expect_code(0);
}

// 3.8: differs (cases 173, 175 and 176): what cannot be recorded is taken without a word, and a
// counter that would go down ends the helper later.
#[test]
fn what_cannot_be_recorded_is_refused_and_changes_nothing() {
    let [port] = free_ports();
    let running = Pilot::new()
        .top(&serving(port))
        .jobs("{ name: 'app', exec: 'sleep 1000' }")
        .start()
        .ready();
    let put = |pair: &str| running.cli(&["-putmetric", pair]);
    for pair in [
        "queue=7",
        "size=3",
        "wait_seconds=0.5",
        "containerpilot_app_some_counter=42",
    ] {
        put(pair).expect_code(0);
    }
    let users = |page: &str| {
        let begins = ["queue", "size", "wait_seconds", "containerpilot_app"];
        let lines = page
            .lines()
            .filter(|line| begins.iter().any(|begin| line.starts_with(begin)));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let before = users(&page(&running, port));
    for (pair, reason) in [
        ("queues=1", "did you mean `queue`?"),
        ("queue=many", "non-numeric value: `many`"),
        ("queue=", "non-numeric value: ``"),
        ("containerpilot_app_some_counter=-1", "-1 is negative"),
        (
            "containerpilot_app_some_counter=NaN",
            "NaN cannot be added up",
        ),
        ("size=+Inf", "+Inf cannot be added up"),
        ("wait_seconds=-inf", "-Inf cannot be added up"),
        ("wait_seconds=1e999", "non-numeric value: `1e999`"),
    ] {
        let ended = put(pair).expect_code(1);
        assert_eq!(ended.count(reason), 1, "{pair}: {ended:#?}");
    }
    // Without a value there is nothing to send.
    let ended = put("queue");
    assert_ne!(ended.code(), Some(0), "{ended:#?}");
    assert_eq!(users(&page(&running, port)), before);
    put("__queue=8").expect_code(0);
    assert_eq!(value(&page(&running, port), "queue"), 8.0);
    running.stop().expect_code(0);
}

// 3.8: passes the first part (case 174); 2.x keeps its first port for ever (14.5).
#[test]
fn the_page_is_where_the_newest_configuration_says() {
    let catalog = Catalog::start();
    let [first, second] = free_ports();
    let base = || {
        Pilot::new()
            .consul(catalog.address())
            .jobs("{ name: 'app', exec: 'sleep 1000' }")
    };
    let base = base();
    let mut running = base.clone().top(&serving(first)).start().ready();
    running.cli(&["-putmetric", "queue=7"]).expect_code(0);
    for _ in 0..5 {
        running.reload().expect(200);
        assert_eq!(value(&page(&running, first), "queue"), 7.0);
    }
    catalog.eye().wait_for_status("containerpilot", "passing");
    running.rewrite(|_| base.clone().top(&serving(second)));
    running.reload().expect(200);
    assert_eq!(value(&page(&running, second), "queue"), 7.0);
    running.until("the old port is closed", || {
        get(first, "/metrics").is_none().then_some(())
    });
    catalog.eye().until("the catalog names the new port", || {
        (catalog.eye().service("containerpilot")["Port"] == second).then_some(())
    });
    running.rewrite(|_| base.clone());
    running.reload().expect(200);
    running.until("no port is open", || {
        get(second, "/metrics").is_none().then_some(())
    });
    catalog.eye().wait_gone("containerpilot");
    running.stop().expect_code(0);
}

// 3.8: differs (18.2): nothing starts before, and after ten tries it ends.
#[test]
fn a_port_that_is_taken_keeps_nothing_from_running() {
    let [port] = free_ports();
    let taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let running = Pilot::new()
        .top(&serving(port))
        .jobs("{ name: 'app', exec: 'sleep 1000' }")
        .start()
        .ready();
    running.wait_for_state("app", "running");
    running.wait_for_log(&format!("error listening to socket at 127.0.0.1:{port}: "));
    drop(taken);
    running.reload().expect(200);
    assert_eq!(value(&page(&running, port), "queue"), 0.0);
    assert_eq!(running.count("error listening to socket"), 1);
    running.stop().expect_code(0);
}

// 3.8: lacks: it counts events, requests to the socket and instances.
#[test]
fn the_helper_counts_what_it_does() {
    let catalog = Catalog::start();
    let [port] = free_ports();
    let mut running = Pilot::new()
        .consul(catalog.address())
        .top(&serving(port))
        .top("watches: [{ name: 'db', interval: 1 }],")
        .file("in.tmpl", "{{ range service \"db\" }}{{ .Address }}{{ end }}none\n")
        .top("templates: [{ name: 'conf', source: '@DIR/in.tmpl', destination: '@DIR/out', onChange: { exec: 'true', timeout: '5s' } }],")
        .jobs("{ name: 'app', exec: 'false', restarts: 2 }, { name: 'stay', exec: 'sleep 1000' }")
        .start()
        .ready();
    catalog.eye().wait_for_status("containerpilot", "passing");
    let wait = |series: &str, wanted: f64| wait_for_value(&running, port, series, wanted);
    wait("containerpilot_job_starts_total{job=\"app\"}", 3.0);
    wait("containerpilot_job_restarts_total{job=\"app\"}", 2.0);
    wait(
        "containerpilot_job_exits_total{job=\"app\",code=\"1\"}",
        3.0,
    );
    wait("containerpilot_watch_instances{service=\"db\"}", 0.0);
    wait(
        "containerpilot_template_renders_total{template=\"conf\",result=\"changed\"}",
        1.0,
    );
    wait(
        "containerpilot_template_installs_total{template=\"conf\",result=\"passed\"}",
        1.0,
    );
    let reconfigured = "template=\"conf\",command=\"onChange\",result=\"passed\"";
    wait(
        &format!("containerpilot_template_commands_total{{{reconfigured}}}"),
        1.0,
    );
    running.reload().expect(200);
    running.rewrite(|pilot| pilot.top("bogus: 1,"));
    running.reload().expect(422);
    let page = page(&running, port);
    let version = format!(
        "containerpilot_build_info{{version=\"{}\"}}",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(value(&page, &version), 1.0);
    assert_eq!(
        value(&page, "containerpilot_reloads_total{result=\"passed\"}"),
        1.0
    );
    assert_eq!(
        value(&page, "containerpilot_reloads_total{result=\"failed\"}"),
        1.0
    );
    assert_eq!(value(&page, "containerpilot_log_records_lost_total"), 0.0);
    let calls = |operation: &str| {
        let labels = format!("operation=\"{operation}\",outcome=\"ok\"");
        value(
            &page,
            &format!("containerpilot_catalog_requests_total{{{labels}}}"),
        )
    };
    assert!(calls("register") >= 1.0 && calls("update") >= 1.0 && calls("health") >= 1.0);
    let age = value(
        &page,
        "containerpilot_catalog_answer_age_seconds{query=\"db\"}",
    );
    assert!((0.0..300.0).contains(&age), "{age}");
    let open = value(&page, "process_open_fds");
    let seen = descriptors(running.pid()) as f64;
    assert!((open - seen).abs() <= 4.0, "{open} is not near {seen}");
    assert!(value(&page, "process_resident_memory_bytes") > 1e6);
    running.stop().expect_code(0);
}

// 3.8: lacks a check of this kind; its own names would be complained of as ours are.
#[test]
fn a_real_prometheus_finds_the_service_and_reads_both_formats() {
    let consul = Consul::start();
    let [port] = free_ports();
    let running = Pilot::new()
        .consul(consul.address())
        .top(&serving(port))
        .jobs("{ name: 'app', exec: 'sleep 1000' }")
        .start()
        .ready();
    consul.eye().wait_for_status("containerpilot", "passing");
    let open_only = OpenMetricsOnly::before(at(port));
    let found = format!(
        "    consul_sd_configs: [{{ server: '{}', services: [containerpilot], refresh_interval: 1s }}]\n",
        consul.address()
    );
    let prometheus = Prometheus::start(&format!(
        "  - job_name: text\n{found}  - job_name: open\n{found}    relabel_configs: [{{ target_label: __address__, replacement: '{}' }}]\n",
        open_only.address()
    ));
    for pair in [
        "containerpilot_app_some_counter=42",
        "queue=7",
        "wait_seconds=0.3",
        "size=5",
    ] {
        running.cli(&["-putmetric", pair]).expect_code(0);
    }
    for job in ["text", "open"] {
        prometheus.wait_for(&format!("up{{job='{job}'}}"), 1.0);
        prometheus.wait_for(
            &format!("containerpilot_app_some_counter{{job='{job}'}}"),
            42.0,
        );
        prometheus.wait_for(&format!("queue{{job='{job}'}}"), 7.0);
        prometheus.wait_for(&format!("wait_seconds_count{{job='{job}'}}"), 1.0);
        prometheus.wait_for(&format!("size{{job='{job}',quantile='0.5'}}"), 5.0);
    }
    prometheus.wait_for("wait_seconds_bucket{job='text',le='1'}", 1.0);
    prometheus.wait_for("wait_seconds_bucket{job='open',le='1.0'}", 1.0);
    let mut told = complaints(&page(&running, port));
    // What the user calls a metric is the user's choice.
    told.retain(|line| !line.starts_with("containerpilot_app_some_counter "));
    told.sort();
    let ours = ["control_http_requests", "events"];
    // ContainerPilot 3 gave these names, and dashboards know them.
    let known = ours
        .map(|name| format!("containerpilot_{name} counter metrics should have \"_total\" suffix"));
    assert_eq!(told, known);
    running.stop().expect_code(0);
}

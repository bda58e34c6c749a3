//! etcd as the catalog: services, watches, templates and keys, in the form of 3 and in that of 2.

use serde_json::{Value, json};

use crate::harness::{Etcd, Pilot, hostname, until};

/// `/containerpilot/`, and the first key behind it.
const SERVICES: (&str, &str) = ("L2NvbnRhaW5lcnBpbG90Lw==", "L2NvbnRhaW5lcnBpbG90MA==");
/// `/app/mode`.
const MODE: &str = "L2FwcC9tb2Rl";

/// How many instances there are.
fn count(etcd: &Etcd) -> u64 {
    let (key, range_end) = SERVICES;
    let body = json!({ "key": key, "range_end": range_end, "count_only": true });
    let said = etcd.post("/v3/kv/range", &body);
    assert!(said["header"].is_object(), "{said}");
    said["count"]
        .as_str()
        .map_or(0, |count| count.parse().unwrap())
}

fn until_count(etcd: &Etcd, wanted: u64) {
    let told = || format!("there are {}", count(etcd));
    until(&format!("{wanted} instances"), told, || {
        (count(etcd) == wanted).then_some(())
    });
}

// 3.8: lacks.
#[test]
fn services_watches_and_templates_work_with_etcd() {
    let etcd = Etcd::start();
    let address = etcd.address();
    let value = |text: &str| -> Value { json!({ "key": MODE, "value": text }) };
    // `slow`, then `fast`.
    etcd.post("/v3/kv/put", &value("c2xvdw=="));
    let config = format!(
        "{{ catalog: {{ etcd: '{address}' }},
           watches: [{{ name: 'web', interval: 1 }}, {{ name: 'mode', key: 'app/mode' }}],
           templates: [{{ name: 'all', source: '@DIR/all.tmpl', destination: '@DIR/all' }}],
           control: {{ socket: '@DIR/socket' }}, stopTimeout: 5,
           jobs: [{{ name: 'web', exec: ['sleep', '1000'], port: 8123, interfaces: 'lo',
                     health: {{ exec: 'true', interval: 1, ttl: 5 }} }},
                  {{ name: 'on-web', exec: 'echo web is up',
                     when: {{ source: 'watch.web', each: 'healthy' }} }},
                  {{ name: 'on-mode', exec: 'echo mode changed',
                     when: {{ source: 'watch.mode', each: 'changed' }} }}] }}"
    );
    let running = Pilot::new()
        .config(&config)
        .file(
            "all.tmpl",
            "{{ key \"app/mode\" }}{{ range service \"web\" }} {{ .ID }}:{{ .Port }}{{ end }}",
        )
        .start();
    running.wait_for_log("web is up");
    until_count(&etcd, 1);
    let rendered = |wanted: String| {
        let look = || std::fs::read_to_string(running.path("all")).unwrap_or_default();
        until(&wanted, look, || (look() == wanted).then_some(()));
    };
    rendered(format!("slow web-{}:8123", hostname()));
    etcd.post("/v3/kv/put", &value("ZmFzdA=="));
    running.wait_for_lines("mode changed", 2);
    rendered(format!("fast web-{}:8123", hostname()));
    running.stop();
    until_count(&etcd, 0);
}

// 2.7: passes (cases 219 and 220), by etcd's API of version 2.
#[test]
fn an_old_file_with_etcd_registers_and_hears() {
    let etcd = Etcd::start();
    let config = format!(
        r#"{{ "etcd": {{ "endpoints": ["http://{}"] }},
             "services": [{{ "name": "app", "port": 80, "poll": 1, "ttl": 2, "interfaces": "lo", "health": ["test", "-e", "@DIR/well"] }}],
             "backends": [{{ "name": "app", "poll": 1, "onChange": ["sh", "-c", "echo app changed"] }}] }}"#,
        etcd.address()
    );
    let running = Pilot::new()
        .config(&config)
        .args(&["-config", "file://@DIR/config.json5", "sleep", "1000"])
        .start();
    std::fs::write(running.path("well"), "").unwrap();
    running.wait_for_log("app changed");
    until_count(&etcd, 1);
    running.stop_alone();
    until_count(&etcd, 0);
}

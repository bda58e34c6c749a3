//! Sensors of ContainerPilot 2: programs whose output is the value of a metric.

use std::net::SocketAddr;

use crate::{
    harness::{Consul, Pilot, Running, free_ports, refusing},
    telemetry::{find, get, value},
};

/// A sensor that is asked every second.
fn sensor(name: &str, kind: &str, check: &str) -> String {
    format!("{{ name: '{name}', help: 'Help.', type: '{kind}', poll: 1, {check} }},")
}

fn start(consul: SocketAddr, port: u16, sensors: &[String]) -> Running {
    let config = format!(
        "{{ consul: '{consul}', control: {{ socket: '@DIR/socket' }}, telemetry: {{ port: {port}, interfaces: ['lo'], sensors: [{}] }} }}",
        sensors.concat()
    );
    Pilot::new()
        .config(&config)
        .args(&["-config", "@DIR/config.json5", "sleep", "1000"])
        .start()
}

/// Waits until the sensors of these metrics have run three times with this result.
fn wait_for_three(running: &Running, port: u16, metrics: &[&str], result: &str) -> String {
    running.until("each has had its turn three times", || {
        let page = get(port, "/metrics")?.body;
        let runs = |metric: &&str| {
            let labels = format!("metric=\"{metric}\",result=\"{result}\"");
            find(
                &page,
                &format!("containerpilot_sensor_runs_total{{{labels}}}"),
            )
        };
        let all = metrics.iter().all(|metric| runs(metric) >= Some(3.0));
        all.then_some(page)
    })
}

// 2.x: passes (case 216).
#[test]
fn sensors_feed_their_metrics() {
    let consul = Consul::start();
    let [port] = free_ports();
    let named = "{ namespace: 'containerpilot', subsystem: 'app', name: 'some_counter', help: 'Counts.', type: 'counter', poll: 1, check: 'echo 42' },";
    let sensors = [
        named.to_owned(),
        sensor("level", "gauge", "check: 'echo 1.5'"),
        sensor("wait_seconds", "histogram", "check: 'echo 0.3'"),
        sensor("size", "summary", "check: 'echo 5'"),
    ];
    let running = start(consul.address(), port, &sensors);
    consul.eye().wait_for_status("containerpilot", "passing");
    let metrics = [
        "containerpilot_app_some_counter",
        "level",
        "wait_seconds",
        "size",
    ];
    let page = wait_for_three(&running, port, &metrics, "passed");
    let counted = value(&page, "containerpilot_app_some_counter");
    assert!(counted >= 126.0 && counted % 42.0 == 0.0, "{counted}");
    assert_eq!(value(&page, "level"), 1.5);
    assert!(value(&page, "wait_seconds_bucket{le=\"0.5\"}") >= 3.0);
    assert_eq!(value(&page, "wait_seconds_bucket{le=\"0.25\"}"), 0.0);
    assert_eq!(value(&page, "size{quantile=\"0.9\"}"), 5.0);
    assert!(
        !page.contains("restarts_total{job=\"sensor-"),
        "a tick is no restart\n{page}"
    );
    // What they print is a value, and no line of the log.
    let logged = running.lines().iter().any(|line| line.ends_with(" 42"));
    assert!(!logged, "{}", running.told());
    running.stop();
    consul.eye().wait_gone("containerpilot");
}

// 2.x: differs (case 217, 14.4): a negative counter ends it, a timeout is never over, and every
// failure is told of at every poll.
#[test]
fn a_sensor_without_a_value_says_so_once() {
    let [port] = free_ports();
    let sensors = [
        sensor("word", "gauge", "check: 'echo forty-two'"),
        sensor("down", "counter", "check: 'echo -1'"),
        sensor(
            "failing",
            "gauge",
            "check: ['sh', '-c', 'echo 7; echo complains >&2; exit 3']",
        ),
        sensor("missing", "gauge", "check: '/no/such/program'"),
        sensor("slow", "gauge", "timeout: '100ms', check: 'sleep 60'"),
    ];
    let running = start(refusing(), port, &sensors);
    let metrics = ["word", "down", "failing", "missing", "slow"];
    let page = wait_for_three(&running, port, &metrics, "failed");
    for (metric, reason) in metrics.iter().zip([
        "cannot record `word`: metric produced non-numeric value: `forty-two`",
        "cannot record `down`: a counter only goes up, and -1 is negative",
        "its command failed: exit status 3",
        "unable to start it: ",
        "its command takes longer than 100ms",
    ]) {
        assert_eq!(value(&page, metric), 0.0, "{metric}");
        let line = format!("sensor-{metric} gives its metric no value: {reason}");
        assert_eq!(running.count(&line), 1, "{line}\n{}", running.told());
        assert_eq!(running.count(&format!("sensor-{metric} gives")), 1);
    }
    assert_eq!(running.count("exited with error"), 0);
    assert!(running.count("complains") >= 3);
    running.stop();
}

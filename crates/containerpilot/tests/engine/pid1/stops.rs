//! `docker stop` and `docker kill`: who gets which signal, how long it takes, and which status the
//! scheduler sees.

use std::{
    fs,
    time::{Duration, Instant},
};

use super::{init, pilot};
use crate::harness::{Container, PATIENCE, Stack, docker, image, try_docker, until};

/// What a stop may take beside what the configuration allows it, on a busy machine.
const SLACK: Duration = Duration::from_secs(8);

/// Prints which signals arrive; TERM ends it.
const LISTENER: &str = "for s in HUP INT QUIT USR1 USR2 WINCH; do trap \"echo got $s\" $s; done; \
                        trap 'echo got TERM; exit 0' TERM; echo up; while :; do sleep 0.05; done";

/// A configuration of `examples/`, from its first brace on.
fn example(name: &str) -> String {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
    let text = fs::read_to_string(format!("{dir}/{name}/containerpilot.json5")).unwrap();
    text[text.find('{').unwrap()..].to_owned()
}

#[track_caller]
fn stops_within(container: &Container, seconds: u64, code: i32) {
    // Longer than it may take, so that a KILL of the engine's shows by its status.
    let took = container.stop(seconds + 30);
    assert_eq!(container.code(), code, "{}", container.logs());
    let most = Duration::from_secs(seconds) + SLACK;
    assert!(took < most, "{took:?}, not {most:?}\n{}", container.logs());
    println!("{}: status {code} after {took:.1?}", container.name);
}

#[test]
fn every_image_of_the_stack_stops_in_order() {
    let stack = Stack::up("stops");
    // nginx and those behind it first; without Consul nobody could leave it.
    for service in ["nginx", "sales", "customers"] {
        // `preStop` of nginx ends when the last request has, those of the others sleep two seconds.
        stops_within(&stack.instance(service), 2, 0);
        stack.until(&format!("{service} has left the catalog"), || {
            stack.passing(service).is_empty().then_some(())
        });
    }
    // It leaves the cluster, as `leave_on_terminate` has it: three seconds for each of two gossips and
    // one to drain, which is less than the ten that the engine gives. The status is Consul's own.
    let consul = stack.instance("consul");
    let took = consul.stop(10);
    assert_eq!(consul.code(), 0, "{took:?}");
    println!("{}: status 0 after {took:.1?}", consul.name);
}

#[test]
fn the_example_with_nginx_stops_in_order() {
    let stack = Stack::new("example");
    stack.compose(&["up", "-d", "consul"]);
    let templates = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/nginx/nginx.conf.ctmpl:/etc/nginx/nginx.conf.ctmpl:ro"
    );
    let network = format!("{}_default", stack.environment()[0].1);
    let variable = format!("CONTAINERPILOT={}", example("nginx"));
    let nginx = Container::run(
        "nginx",
        &[
            "--network",
            &network,
            "-v",
            templates,
            "-e",
            "CONSUL=consul:8500",
            "-e",
            &variable,
            &image("nginx:1.0.0"),
            "/bin/containerpilot",
        ],
    );
    stack.until("nginx is in the catalog", || {
        (!stack.passing("nginx").is_empty()).then_some(())
    });
    stops_within(&nginx, 3, 0);
    assert!(stack.passing("nginx").is_empty());
}

#[test]
fn the_example_with_hooks_stops_in_order() {
    let container = pilot("hooks", &[], &example("hooks"), &[]);
    container.wait_for_log("serving");
    stops_within(&container, 2, 0);
    let log = container.logs();
    assert!(
        log.find("moving data away") < log.find("cleaning up"),
        "{log}"
    );
}

#[test]
fn a_signal_reaches_whom_it_is_for() {
    let config = format!(
        "{{ stopTimeout: 5, jobs: [{{ name: 'app', exec: ['sh', '-c', {LISTENER:?}], essential: true }}] }}"
    );
    let listening = |container: Container| {
        container.wait_for_log("up");
        container
    };
    // Two ways to stop in order, and signals that are the application's.
    for stop in ["TERM", "INT"] {
        let container = listening(pilot("signals", &[], &config, &[]));
        for signal in ["HUP", "USR1", "USR2", "WINCH", "QUIT"] {
            container.signal(signal);
            container.wait_for_log(&format!("got {signal}"));
        }
        container.signal(stop);
        assert_eq!(container.wait(), 0, "{}", container.logs());
        assert!(container.logs().contains("got TERM"));
    }
    // Of an init all are the application's.
    let container = listening(init("signals", &[], &["sh", "-c", LISTENER]));
    for signal in ["HUP", "INT", "USR1", "USR2", "WINCH", "QUIT"] {
        container.signal(signal);
        container.wait_for_log(&format!("got {signal}"));
    }
    stops_within(&container, 0, 0);
    // Nobody can catch this one.
    for container in [
        listening(init("kill", &[], &["sh", "-c", LISTENER])),
        listening(pilot("kill", &[], &config, &[])),
    ] {
        container.signal("KILL");
        assert_eq!(container.wait(), 137);
    }
}

#[test]
fn the_stop_signal_of_the_image_is_a_stop_or_the_applications() {
    let config = format!(
        "{{ stopTimeout: 5, jobs: [{{ name: 'app', exec: ['sh', '-c', {LISTENER:?}], essential: true }}] }}"
    );
    let container = pilot("stop-signal", &["--stop-signal", "SIGINT"], &config, &[]);
    container.wait_for_log("up");
    stops_within(&container, 0, 0);
    assert!(container.logs().contains("got TERM"));
    // What images of nginx have. The application ends by it, and with it the container.
    let config = "{ jobs: [{ name: 'app', exec: ['sh', '-c', \"trap 'echo drained; exit 0' QUIT; echo up; while :; do sleep 0.05; done\"], essential: true }] }";
    let container = pilot("stop-signal", &["--stop-signal", "SIGQUIT"], config, &[]);
    container.wait_for_log("up");
    stops_within(&container, 0, 0);
    assert!(container.logs().contains("drained"));
}

#[test]
fn the_status_is_that_of_the_application() {
    for (end, code) in [
        ("exit 0", 0),
        ("exit 7", 7),
        ("kill -9 $$", 137),
        ("kill -SEGV $$", 139),
    ] {
        let jobs = format!(
            "{{ jobs: [{{ name: 'app', exec: ['sh', '-c', '{end}'], essential: true }}, {{ name: 'beside', exec: 'sleep 1000' }}] }}"
        );
        for container in [
            pilot("status", &[], &jobs, &[]),
            init("status", &[], &["sh", "-c", end]),
        ] {
            assert_eq!(container.wait(), code, "{end}: {}", container.logs());
        }
    }
}

#[test]
fn a_stop_during_the_start_ends_it() {
    let new = "{ stopTimeout: 2, jobs: [
        { name: 'setup', exec: ['sh', '-c', 'echo preparing; exec sleep 1000'] },
        { name: 'app', exec: 'sleep 1000', when: { source: 'setup', once: 'exitSuccess' }, essential: true } ] }";
    let old = r#"{ "consul": "127.0.0.1:1", "services": [], "stopTimeout": 2, "preStart": ["sh", "-c", "echo preparing; exec sleep 1000"] }"#;
    for (config, words) in [(new, &[][..]), (old, &["sleep", "1000"][..])] {
        let container = pilot("early", &[], config, words);
        container.wait_for_log("preparing");
        stops_within(&container, 2, 0);
    }
    // With its first line it hears. Before its first instruction the kernel keeps every signal from
    // PID 1 that has no handler, whoever that is.
    for _ in 0..3 {
        let container = pilot("at-once", &[], new, &[]);
        container.wait_for_log("control: serving");
        stops_within(&container, 2, 0);
    }
}

#[test]
fn a_stop_during_a_reload_ends_it() {
    let config = format!(
        "{{ stopTimeout: 5, jobs: [{{ name: 'app', exec: ['sh', '-c', {LISTENER:?}], essential: true }}] }}"
    );
    let container = pilot("reload", &[], &config, &[]);
    container.wait_for_log("up");
    let reload = ["containerpilot", "reload"];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let deadline = Instant::now() + PATIENCE;
            while Instant::now() < deadline && container.try_exec(&reload).is_ok() {}
        });
        until(
            "it has been reloaded",
            || container.logs(),
            || (container.logs().matches("configuration reloaded").count() > 1).then_some(()),
        );
        stops_within(&container, 0, 0);
    });
}

#[test]
fn a_second_stop_waits_for_nobody() {
    let config = "{ stopTimeout: 40, jobs: [
        { name: 'app', exec: ['sh', '-c', 'echo up; exec sleep 1000'], essential: true },
        { name: 'before', exec: ['sh', '-c', 'echo moving away; exec sleep 1000'], timeout: '50s', when: { source: 'app', once: 'stopping' } } ] }";
    let container = pilot("twice", &[], config, &[]);
    container.wait_for_log("up");
    std::thread::scope(|scope| {
        let first = scope.spawn(|| try_docker(&["stop", "-t", "100", &container.name]));
        container.wait_for_log("moving away");
        stops_within(&container, 1, 0);
        first.join().unwrap().unwrap();
    });
}

#[test]
fn an_application_that_will_not_end_is_killed_within_the_budget() {
    let config = "{ stopTimeout: 1, jobs: [{ name: 'app', exec: ['sh', '-c', \"trap '' TERM; echo up; while :; do sleep 0.1; done\"], essential: true }] }";
    let container = pilot("deaf", &[], config, &[]);
    container.wait_for_log("up");
    stops_within(&container, 1, 137);
    assert_eq!(
        docker(&["inspect", "-f", "{{.State.OOMKilled}}", &container.name]),
        "false"
    );
}

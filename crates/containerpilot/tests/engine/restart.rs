//! The engine is restarted, and containers with it; and containers that end by themselves.

use std::time::{Duration, Instant};

use crate::harness::{Container, Engine, Load, Stack, docker, image, until};

const PATHS: &[&str] = &["/sales/", "/customers/"];
/// Any port is free in a network of one's own.
const PORT: u16 = 8080;

fn images() -> Vec<String> {
    let names = ["consul", "customers", "nginx", "sales"];
    names.map(|name| image(&format!("{name}:1.0.0"))).into()
}

#[test]
fn after_a_restart_of_the_engine_the_stack_comes_together_again() {
    let mut engine = Engine::start(&images(), &[]);
    let stack = Stack::up_at("engine-restart", PORT);
    stack.compose(&["scale", "sales=2"]);
    stack.wait_for_servers("sales");
    let load = Load::on(stack.front(), PATHS, &stack.timeline);
    load.wait_for_more();

    stack.timeline.act("the engine is restarted");
    let from = Instant::now();
    engine.restart();
    let up = Instant::now();
    stack.timeline.act("it answers");
    stack.until("all containers run again", || {
        let counts = ["consul", "customers", "nginx", "sales"];
        let counts = counts.map(|service| stack.instances(service).len());
        (counts == [1, 1, 1, 2]).then_some(())
    });
    assert_eq!(stack.wait_for_servers("sales").len(), 2);
    assert_eq!(stack.wait_for_servers("customers").len(), 1);
    load.forget();
    let hosts: Vec<String> = stack
        .instances("sales")
        .iter()
        .map(Container::hostname)
        .collect();
    let served = load.wait_for_all("sales", &hosts);
    stack.timeline.measured(
        "from the engine's answer to all served",
        served.saturating_duration_since(up),
    );
    // Let the load show that it is over.
    let over = from.elapsed();
    load.wait_for_more();
    load.end()
        .expect_failed_only_within(from, over + Duration::from_secs(1));
}

#[test]
fn with_live_restore_a_restart_of_the_engine_is_felt_by_nobody() {
    let mut engine = Engine::start(&images(), &["--live-restore"]);
    let stack = Stack::up_at("live-restore", PORT);
    stack.compose(&["scale", "sales=2"]);
    stack.wait_for_servers("sales");
    // What publishes ports is a part of the engine, so this asks where nginx itself is.
    let nginx = (stack.instance("nginx").address(), 80).into();
    let started = |one: &Container| one.inspect("{{.State.StartedAt}}");
    let before: Vec<String> = stack.instances("sales").iter().map(started).collect();
    let load = Load::on(nginx, PATHS, &stack.timeline);
    load.wait_for_more();

    stack.timeline.act("the engine is restarted");
    engine.restart();
    stack.timeline.act("it answers");
    load.wait_for_more();
    let after: Vec<String> = stack.instances("sales").iter().map(started).collect();
    assert_eq!(after, before);
    stack.compose(&["scale", "sales=3"]);
    assert_eq!(stack.wait_for_servers("sales").len(), 3);
    load.wait_for_more();
    load.end().expect_none_failed();
}

/// How applications end, and with which status their containers do: the application's own. One that
/// a signal ended has 255 under a file of ContainerPilot 2, as ever, and 128+n otherwise.
const ENDS: [(&[&str], i32); 4] = [
    (&["sh", "-c", "exit 0"], 0),
    (&["sh", "-c", "exit 3"], 3),
    (&["sh", "-c", "kill -9 $$"], 255),
    (&["--", "sh", "-c", "kill -9 $$"], 137),
];

#[test]
fn restart_policies_see_how_the_application_ended() {
    let name = image("sales:1.0.0");
    let mut all = Vec::new();
    for (words, status) in ENDS {
        let failures = if status == 0 { 0 } else { 2 };
        for (policy, again) in [("no", 0), ("on-failure:2", failures), ("always", 2)] {
            let first = ["--restart", policy, &name, "/bin/containerpilot"];
            let one = Container::run("policy", &[&first, words].concat());
            all.push((
                one,
                format!("{words:?} under {policy}"),
                policy,
                again,
                status,
            ));
        }
    }
    for (one, what, policy, again, status) in &all {
        until(
            &format!("{again} restarts of {what}"),
            || one.inspect("{{json .State}} {{.RestartCount}}"),
            || {
                let now = one.inspect("{{.RestartCount}} {{.State.Status}}");
                let (count, now) = now.split_once(' ').unwrap();
                let is_there = count.parse::<u32>().unwrap() >= *again;
                (is_there && (*policy == "always" || now == "exited")).then_some(())
            },
        );
        if *policy == "always" {
            docker(&["stop", &one.name]);
        } else {
            let end = one.inspect("{{.State.ExitCode}} {{.RestartCount}}");
            assert_eq!(end, format!("{status} {again}"), "{what}: {}", one.logs());
        }
    }
}

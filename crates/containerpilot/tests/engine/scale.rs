//! The number of instances changes under load.

use std::time::Duration;

use crate::harness::{Container, Load, Stack, docker};

/// What is aimed at is 3 s, which is for a machine that has nothing else to do.
const SOON: Duration = Duration::from_secs(60);

#[test]
fn sales_is_scaled_from_one_to_five_to_two_without_a_lost_request() {
    let stack = Stack::new("scale");
    stack.types("docker-compose up -d");
    stack.wait_until_served();
    let load = Load::on(stack.front(), &["/sales/", "/customers/"], &stack.timeline);
    load.wait_for_more();

    stack.types("docker-compose scale sales=5");
    let five = stack.instances("sales");
    assert_eq!(five.len(), 5);
    let hosts: Vec<String> = five.iter().map(Container::hostname).collect();
    let serve = load.wait_for_all("sales", &hosts);
    let start = |one: &Container| stack.timeline.when("start", &one.name).unwrap();
    let fifth = five.iter().map(start).max().unwrap();
    let took = serve.saturating_duration_since(fifth);
    stack
        .timeline
        .measured("from the start of the fifth to all five serving", took);
    assert!(took < SOON, "{took:?}");
    assert_eq!(stack.passing("sales"), stack.wait_for_servers("sales"));

    stack.types("docker-compose scale sales=2");
    assert_eq!(stack.wait_for_servers("sales").len(), 2);
    load.wait_for_more();
    load.end().expect_none_failed();
}

#[test]
fn an_instance_that_is_stopped_takes_no_request_with_it() {
    let stack = Stack::up("stop");
    stack.compose(&["scale", "sales=2", "customers=2"]);
    stack.wait_for_servers("sales");
    stack.wait_for_servers("customers");
    let load = Load::on(stack.front(), &["/sales/", "/customers/"], &stack.timeline);
    load.wait_for_more();
    for service in ["sales", "customers"] {
        let one = stack.instance(service);
        docker(&["stop", &one.name]);
        assert_eq!(one.inspect("{{.State.ExitCode}}"), "0");
        assert_eq!(stack.wait_for_servers(service).len(), 1);
        load.wait_for_more();
        docker(&["start", &one.name]);
        assert_eq!(stack.wait_for_servers(service).len(), 2);
        load.wait_for_more();
    }
    load.end().expect_none_failed();
}

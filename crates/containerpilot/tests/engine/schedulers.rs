//! The containers that the files of `examples/schedulers` describe, run as those schedulers have an
//! engine run them: the same flags, probes, hooks and budgets. The schedulers themselves are not here.

#[path = "../schedulers/files.rs"]
mod files;
mod kubernetes;
mod marathon;
mod nomad;
mod unit;

use std::collections::BTreeSet;

use self::unit::{Deployed, Unit};
use crate::harness::{Load, Network, Timeline, over_tcp, until, wait_for_newest};

/// The order in which people start them; any would do.
const STACK: [&str; 4] = ["consul", "customers", "sales", "nginx"];

/// Runs the stack; under load a canary beside it, its back-out, and the next version in place of the
/// one before; and stops everything.
fn run(title: &str, units: Vec<Unit>, next: &Unit) {
    let timeline = Timeline::new(title, None);
    // Fields are dropped in order, and so are these, the last first: containers before the network.
    let network = Network::new(title);
    let mut stack: Vec<Deployed> = Vec::new();
    let mut units = units;
    units.sort_by_key(|unit| STACK.iter().position(|name| *name == unit.name));
    for unit in units {
        timeline.act(&format!("{} starts", unit.name));
        stack.push(Deployed::start(unit, &network));
    }
    assert_eq!(stack.len(), STACK.len());
    for deployed in &stack {
        deployed.wait_until_ready(&timeline);
    }
    let front = stack[3].container.published(80);
    let version = |path: &str| {
        let answer = over_tcp(front, "GET", path, "").ok()?;
        let served = answer
            .head
            .lines()
            .find_map(|line| line.strip_prefix("x-served-by: "))?;
        served.split(' ').nth(1).map(str::to_owned)
    };
    let versions = || -> BTreeSet<String> { (0..20).filter_map(|_| version("/sales/")).collect() };
    let wait_for = |wanted: &[&str]| {
        let wanted: BTreeSet<String> = wanted.iter().map(|&version| version.to_owned()).collect();
        until(
            &format!("{wanted:?} of sales are served"),
            || timeline.told(),
            || (version("/customers/").is_some() && versions() == wanted).then_some(()),
        );
    };
    wait_for(&["1.0.0"]);
    wait_for_newest(&stack[3].container);
    let load = Load::on(front, &["/sales/", "/customers/"], &timeline);
    load.wait_for_more();
    let both = || {
        let deployed = Deployed::start(next.clone(), &network);
        deployed.wait_until_ready(&timeline);
        wait_for(&["1.0.0", "1.0.1"]);
        load.wait_for_more();
        deployed
    };
    let canary = both();
    canary.stop(&timeline);
    wait_for(&["1.0.0"]);
    load.wait_for_more();
    let green = both();
    let blue = std::mem::replace(&mut stack[2], green);
    blue.stop(&timeline);
    wait_for(&["1.0.1"]);
    load.wait_for_more();
    load.end().expect_none_failed();
    // The front first, as somebody would who takes it all down.
    while let Some(deployed) = stack.pop() {
        deployed.stop(&timeline);
    }
    timeline.write();
}

#[test]
fn the_pods_of_kubernetes_run_and_come_and_go_without_a_lost_request() {
    let (units, canary) = kubernetes::units();
    run("pods-of-kubernetes", units, &canary);
}

#[test]
fn the_tasks_of_nomad_run_and_come_and_go_without_a_lost_request() {
    let (units, canary) = nomad::units();
    run("tasks-of-nomad", units, &canary);
}

#[test]
fn the_tasks_of_marathon_run_and_come_and_go_without_a_lost_request() {
    let (units, canary) = marathon::units();
    run("tasks-of-marathon", units, &canary);
}

//! The stack on three hosts, of which one is cut off and comes back, under load through an nginx of
//! the others. Nothing is lost but the instances that are cut off, and those are not touched either.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use crate::harness::{Host, Hosts, Load, Timeline, until};

/// How long it may take until nginx has left out what is cut off. Consul's members find out by asking
/// each other. If it was their leader that is gone, a server gives up on the questions that it had
/// handed to it only when its connection has been silent for some 25 s.
const OUT: Duration = Duration::from_secs(50);
/// How many of the requests that are on their way to a host when it goes may fail: one per client.
const ON_THEIR_WAY: usize = 8;

/// How long one that was on its way may take to fail.
const ON_ITS_WAY: Duration = Duration::from_secs(5);

#[test]
fn a_host_is_cut_off_and_heals_and_only_its_instances_were_lost() {
    let hosts = Hosts::start();
    let leader = hosts.leader().number();
    let follower = if leader == 1 { 2 } else { 1 };
    cut_and_heal(&hosts, "hosts-follower", follower, Cut::UntilItIsFelt);
    let leader = hosts.leader().number();
    cut_and_heal(&hosts, "hosts-leader", leader, Cut::UntilItIsOut);
}

fn cut_and_heal(hosts: &Hosts, title: &str, number: u8, lasts: Cut) {
    let of = |wanted: bool| move |host: &&Host| (host.number() == number) == wanted;
    let cut = hosts.all.iter().find(of(true)).unwrap();
    let others: Vec<&Host> = hosts.all.iter().filter(of(false)).collect();
    let all = hosts.instances(&[1, 2, 3]);
    let left: Vec<u8> = others.iter().map(|host| host.number()).collect();
    let left = hosts.instances(&left);

    let timeline = Timeline::of_engine(title);
    let told = || timeline.told();
    let processes = cut.processes();
    let load = Load::on(others[0].front(), &["/sales/", "/customers/"], &timeline);
    load.wait_for_more();

    let began = Instant::now();
    cut.cut(&timeline);
    for host in &others {
        hosts.wait_for(host, &left, told);
    }
    let out = Instant::now();
    timeline.act(&format!("nginx of the others has {left:?}"));
    load.wait_for_more();
    alone(cut, &all, lasts, &timeline);

    cut.heal(&timeline);
    let healed = Instant::now();
    for host in &hosts.all {
        hosts.wait_for(host, &all, told);
        assert_eq!(host.entries(), [3, 3], "nothing is registered twice");
    }
    let back = healed.elapsed();
    timeline.act("all have everything");
    load.wait_for_more();
    assert_eq!(cut.processes(), processes, "what was cut off runs on");

    let tally = load.end();
    timeline.measured("until the others were without it", out - began);
    timeline.measured("until all had everything again", back);
    timeline.write();
    assert!(
        out - began < OUT,
        "out only after {:?}\n{}",
        out - began,
        told()
    );
    tally.expect_failed_only_within(began, out - began + ON_ITS_WAY);
    assert!(
        tally.failed.len() <= ON_THEIR_WAY,
        "{:?}\n{}",
        tally.failed,
        told()
    );
}

/// What becomes of the host that is cut off, while it is.
#[derive(Clone, Copy)]
enum Cut {
    /// Until those on it have found out that they are alone.
    UntilItIsFelt,
    /// Until the others have left it out.
    UntilItIsOut,
}

/// A host on its own: its nginx keeps what it had, and serves with what it reaches; everybody there
/// says what is amiss.
fn alone(cut: &Host, all: &[BTreeSet<String>; 2], lasts: Cut, timeline: &Timeline) {
    for path in ["/sales/data", "/customers/data"] {
        let served = || cut.get(path).is_ok_and(|answer| answer.status == 200);
        until(
            &format!("{path} is served"),
            || timeline.told(),
            || served().then_some(()),
        );
    }
    match lasts {
        Cut::UntilItIsOut => {}
        Cut::UntilItIsFelt => {
            for one in cut.instances.iter().chain([&cut.nginx]) {
                let status = || one.exec(&["/bin/containerpilot", "status"]);
                until("its helper says that it is alone", status, || {
                    status().contains("stale").then_some(())
                });
            }
            timeline.act("all of the host that is cut off say that what they know is stale");
        }
    }
    assert_eq!(cut.servers(), *all, "the last that was known stays");
    timeline.act("the host that is cut off serves what it has");
}

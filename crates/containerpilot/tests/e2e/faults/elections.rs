//! A leader dies, and the others choose another.

use std::time::Duration;

use super::{
    faults,
    kind::Kind,
    scene::{Scene, Setting, View},
    server::Server,
    together,
};
use crate::harness::until;

/// The leader of three is killed while a watch and a template follow a service. What they know of it
/// is never empty.
fn leader_killed(kind: Kind) {
    let mut servers = Server::three(kind);
    let leader = servers
        .iter()
        .position(|server| kind.leads(server))
        .expect("one of them leads");
    // Those that stay.
    let ways: Vec<_> = (0..3)
        .filter(|at| *at != leader)
        .map(|at| servers[at].client())
        .collect();
    let mut scene = Scene::start(&Setting {
        title: "leader killed",
        view: View::of(kind, ways[1]),
        way: kind.member(&ways[..1]),
        under: &[],
        leaver_is_told: true,
        aside: kind.member(&ways[1..]),
    });
    let timeline = scene.timeline.clone();
    let begin = |servers: &mut [Server; 3]| {
        servers[leader].kill();
        timeline.act("the leader is dead");
    };
    let end = |servers: &mut [Server; 3]| {
        let told = || servers.iter().map(Server::told).collect();
        until("another leads", told, || {
            ways.iter().all(|way| kind.is_led(*way)).then_some(())
        });
    };
    scene.survives(&mut servers, Duration::from_secs(1), begin, end);
    let history = scene.history();
    let empty = history
        .split_inclusive("# end\n")
        .filter(|rendered| !rendered.contains("server "))
        .count();
    assert!(empty == 0, "{empty} times without a server: {history:?}");
    scene.leaves();
}

#[test]
fn consul_elects() {
    together(Kind::Consul, faults!(leader_killed));
}

#[test]
fn zookeeper_elects() {
    together(Kind::Zookeeper, faults!(leader_killed));
}

#[test]
fn etcd_elects() {
    together(Kind::Etcd, faults!(leader_killed));
}

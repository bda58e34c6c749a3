//! The server goes away and comes back.

use std::time::Duration;

use super::{
    faults,
    kind::Kind,
    scene::{Scene, Setting, View},
    server::Server,
    together,
};

/// A scene around one server.
fn around(server: &Server, title: &str) -> Scene {
    let way = [server.client()];
    Scene::start(&Setting {
        title,
        view: View::of(server.kind, server.client()),
        way: server.kind.member(&way),
        under: &[],
        leaver_is_told: true,
        aside: server.kind.member(&way),
    })
}

fn restarted_with_its_data(kind: Kind) {
    let mut server = Server::alone(kind);
    let mut scene = around(&server, "restarted with its data");
    let lasts = Duration::from_secs(1);
    scene.survives(&mut server, lasts, Server::kill, Server::resume);
    scene.leaves();
}

fn restarted_without_its_data(kind: Kind) {
    let mut server = Server::alone(kind);
    let mut scene = around(&server, "restarted without its data");
    let begin = |server: &mut Server| {
        server.kill();
        server.wipe();
    };
    scene.survives(&mut server, Duration::from_secs(1), begin, Server::resume);
    scene.leaves();
}

/// Longer than any TTL, and than the pauses between attempts need to become long.
fn down_for_long(kind: Kind) {
    let mut server = Server::alone(kind);
    let mut scene = around(&server, "down for long");
    let lasts = Duration::from_secs(8);
    scene.survives(&mut server, lasts, Server::kill, Server::resume);
    scene.leaves();
}

#[test]
fn consul_goes_and_comes() {
    let all = faults!(
        restarted_with_its_data,
        restarted_without_its_data,
        down_for_long
    );
    together(Kind::Consul, all);
}

#[test]
fn the_embedded_catalog_goes_and_comes() {
    // It keeps nothing that it could come back with.
    together(
        Kind::Embedded,
        faults!(restarted_without_its_data, down_for_long),
    );
}

#[test]
fn zookeeper_goes_and_comes() {
    let all = faults!(
        restarted_with_its_data,
        restarted_without_its_data,
        down_for_long
    );
    together(Kind::Zookeeper, all);
}

#[test]
fn etcd_goes_and_comes() {
    let all = faults!(
        restarted_with_its_data,
        restarted_without_its_data,
        down_for_long
    );
    together(Kind::Etcd, all);
}

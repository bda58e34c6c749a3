//! Networks that are cut: hosts with networks of their own, whose wires go down and up again.

use std::time::Duration;

use super::{
    Fault, faults,
    kind::Kind,
    network::Host,
    scene::{Scene, Setting, View},
    server::Server,
    together,
};
use crate::harness::{Bridge, until};

const LASTS: Duration = Duration::from_secs(6);

/// Nothing reaches the server, and nothing says so: packets vanish on both ways. The answer to a
/// question that is held is among them.
fn cut_off_from_the_server(kind: Kind) {
    let bridge = Bridge::new();
    let server = Server::on(kind, Host::on(&bridge));
    let mut host = Host::on(&bridge);
    let way = [server.client()];
    let mut scene = Scene::start(&Setting {
        title: "cut off from the server",
        view: View::of(kind, server.client()),
        way: kind.member(&way),
        under: &host.enter(),
        leaver_is_told: true,
        aside: kind.member(&way),
    });
    let timeline = scene.timeline.clone();
    let cut = |host: &mut Host| host.cut(&timeline);
    let mend = |host: &mut Host| host.mend(&timeline);
    scene.survives(&mut host, LASTS, cut, mend);
    scene.leaves();
}

/// One of three that does not lead is cut off, together with the helper that speaks to it.
fn with_the_minority(kind: Kind) {
    let bridge = Bridge::new();
    let hosts = [(); 3].map(|()| Host::on(&bridge));
    let mut servers = Server::three_apart(kind, hosts);
    let is_follower = |server: &Server| !kind.leads(server);
    let one = servers.iter().position(is_follower).unwrap();
    let own = [servers[one].client()];
    let others = servers.iter().map(Server::client);
    let others: Vec<_> = others.filter(|client| *client != own[0]).collect();
    let mut scene = Scene::start(&Setting {
        title: "with the minority",
        view: View::of(kind, others[0]),
        way: kind.member(&own),
        under: &servers[one].host().enter(),
        leaver_is_told: kind != Kind::Consul,
        aside: kind.member(&others),
    });
    let timeline = scene.timeline.clone();
    let cut = |servers: &mut [Server; 3]| servers[one].host().cut(&timeline);
    let mend = |servers: &mut [Server; 3]| {
        servers[one].host().mend(&timeline);
        wait_until_they_agree(servers);
    };
    scene.survives(&mut servers, LASTS, cut, mend);
    scene.leaves();
}

/// Two of three are cut off from each other and from the one that the helper speaks to: there is no
/// majority anywhere.
fn without_a_majority(kind: Kind) {
    let bridge = Bridge::new();
    let hosts = [(); 3].map(|()| Host::on(&bridge));
    let mut servers = Server::three_apart(kind, hosts);
    let ways = servers.each_ref().map(Server::client);
    let mut scene = Scene::start(&Setting {
        title: "without a majority",
        view: View::of(kind, ways[0]),
        way: kind.member(&ways[..1]),
        under: &[],
        leaver_is_told: true,
        aside: kind.member(&ways[..1]),
    });
    let timeline = scene.timeline.clone();
    let cut = |servers: &mut [Server; 3]| {
        servers[1..]
            .iter()
            .for_each(|server| server.host().cut(&timeline));
    };
    let mend = |servers: &mut [Server; 3]| {
        servers[1..]
            .iter()
            .for_each(|server| server.host().mend(&timeline));
        wait_until_they_agree(servers);
    };
    scene.survives(&mut servers, LASTS, cut, mend);
    scene.leaves();
}

/// A fault is over when those who were cut off can agree again, and count each other as well.
fn wait_until_they_agree(servers: &[Server]) {
    let told = || servers.iter().map(Server::told).collect();
    until("all of them serve", told, || {
        servers.iter().all(Server::is_ready).then_some(())
    });
}

const ALL: &[Fault] = faults!(
    cut_off_from_the_server,
    with_the_minority,
    without_a_majority
);

#[test]
fn consul_is_cut_off() {
    together(Kind::Consul, ALL);
}

#[test]
fn zookeeper_is_cut_off() {
    together(Kind::Zookeeper, ALL);
}

#[test]
fn etcd_is_cut_off() {
    together(Kind::Etcd, ALL);
}

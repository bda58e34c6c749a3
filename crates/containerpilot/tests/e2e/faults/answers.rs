//! The server is there, and what comes from it is late, wrong or nothing.

use std::time::Duration;

use super::{
    Fault, faults,
    kind::Kind,
    proxy::{Break, Proxy},
    scene::{Scene, Setting, View},
    server::Server,
    together,
};

/// A server, and a proxy between it and those under test.
fn broken(kind: Kind, title: &str, fault: Break, lasts: Duration) {
    let server = Server::alone(kind);
    let mut proxy = Proxy::before(server.client());
    let mut scene = Scene::start(&Setting {
        title,
        view: View::of(kind, server.client()),
        way: kind.member(&[proxy.address()]),
        under: &[],
        leaver_is_told: true,
        aside: kind.member(&[server.client()]),
    });
    let asked = proxy.requests();
    let begin = |proxy: &mut Proxy| proxy.set(fault);
    let end = |proxy: &mut Proxy| {
        let asked = proxy.requests() - asked;
        // Two services and two questions, each at most every half second, and some more.
        let most = 16 + 8 * usize::try_from(lasts.as_secs()).unwrap();
        assert!(asked <= most, "{asked} requests in {lasts:?}");
        proxy.set(Break::Nothing);
    };
    scene.survives(&mut proxy, lasts, begin, end);
    scene.leaves();
}

const LASTS: Duration = Duration::from_secs(5);

fn refused(kind: Kind) {
    broken(kind, "refused", Break::Refuse, LASTS);
}

fn never_answered(kind: Kind) {
    broken(kind, "never answered", Break::Hang, LASTS);
}

fn reset(kind: Kind) {
    broken(kind, "reset", Break::Reset, LASTS);
}

fn garbage(kind: Kind) {
    broken(kind, "garbage", Break::Garbage, LASTS);
}

fn half_an_answer(kind: Kind) {
    broken(kind, "half an answer", Break::Half, LASTS);
}

/// Far slower than anybody waits.
fn slow_answers(kind: Kind) {
    let fault = Break::Slow(Duration::from_secs(30));
    broken(kind, "slow answers (30 s)", fault, Duration::from_secs(8));
}

/// Slow, but in time.
fn slow_answers_in_time(kind: Kind) {
    let fault = Break::Slow(Duration::from_millis(600));
    broken(kind, "slow answers (0.6 s)", fault, LASTS);
}

fn status_429(kind: Kind) {
    broken(kind, "429", Break::Status(429), LASTS);
}

fn status_500(kind: Kind) {
    broken(kind, "500", Break::Status(500), LASTS);
}

fn status_503(kind: Kind) {
    broken(kind, "503", Break::Status(503), LASTS);
}

const OF_ANY_SERVER: &[Fault] = faults!(
    refused,
    never_answered,
    reset,
    garbage,
    half_an_answer,
    slow_answers,
    slow_answers_in_time,
);
const OF_HTTP: &[Fault] = faults!(status_429, status_500, status_503);

#[test]
fn consul_answers_badly() {
    together(Kind::Consul, &[OF_ANY_SERVER, OF_HTTP].concat());
}

#[test]
fn the_embedded_catalog_answers_badly() {
    together(
        Kind::Embedded,
        faults!(never_answered, half_an_answer, status_500),
    );
}

#[test]
fn zookeeper_answers_badly() {
    together(Kind::Zookeeper, OF_ANY_SERVER);
}

#[test]
fn etcd_answers_badly() {
    together(Kind::Etcd, &[OF_ANY_SERVER, OF_HTTP].concat());
}

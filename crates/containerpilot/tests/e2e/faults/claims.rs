//! One identity, and more than one who bears it.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{
    Fault, faults,
    kind::Kind,
    scene::{BOUND, INTERVAL, Scene, Setting, TTL, View, alike},
    server::Server,
    together,
};

const OWN: (&str, bool) = ("10.1.2.3:8000", true);
const OTHER: (&str, bool) = ("10.1.2.9:9000", true);

fn around(server: &Server, title: &str) -> Scene {
    Scene::start(&Setting {
        title,
        view: View::of(server.kind, server.client()),
        way: server.kind.member(&[server.client()]),
        under: &[],
        leaver_is_told: true,
        aside: server.kind.member(&[server.client()]),
    })
}

/// The newcomer has it; who was overtaken says so once, and has it again when the other has left, or
/// is known to be dead.
fn claimed_by_two(kind: Kind) {
    let server = Server::alone(kind);
    let mut scene = around(&server, "one ID claimed by two");
    let way = kind.member(&[server.client()]);
    for (n, is_killed) in [false, true].into_iter().enumerate() {
        scene.timeline.act("another comes with the same ID");
        let mut other = alike(&way, "app", "10.1.2.9", 9000).start().ready();
        scene.until("the newcomer has it", BOUND, |scene| {
            scene.instances("app", &[OTHER])
        });
        let told = scene.subject.wait_for_lines("app is overtaken: ", n + 1);
        assert!(told.contains("10.1.2.9"), "{told}");
        assert!(told.contains("has registered the same ID"), "{told}");
        // It stays that way, whatever the one that was overtaken checks.
        let began = Instant::now();
        while began.elapsed() < INTERVAL * 2 {
            scene.instances("app", &[OTHER]).unwrap();
            std::thread::sleep(Duration::from_millis(50));
        }
        scene.timeline.act("the other goes");
        let allowed = if is_killed {
            other.kill();
            // Nobody knows before.
            TTL + BOUND
        } else {
            other.signal(Signal::TERM);
            BOUND
        };
        let took = scene.until("it is taken back", allowed, |scene| {
            scene.instances("app", &[OWN])
        });
        println!(
            "{}: taken back {:.2} s after the other {}",
            scene.timeline.title(),
            took.as_secs_f64(),
            if is_killed {
                "was killed"
            } else {
                "was told to stop"
            }
        );
        assert_eq!(scene.subject.count("app is overtaken"), n + 1);
        scene.recovers();
    }
    scene.leaves();
}

/// A container dies and comes again with another address: there is never a second entry.
fn address_changed_across_a_restart(kind: Kind) {
    let server = Server::alone(kind);
    let view = View::of(kind, server.client());
    let way = kind.member(&[server.client()]);
    for (last, is_killed) in [(3, true), (4, true), (5, false)] {
        let at = format!("10.1.2.{last}");
        let started = Instant::now();
        let mut running = alike(&way, "app", &at, 8000).start().ready();
        let wanted = format!("{at}:8000");
        loop {
            let seen = view.look("app").unwrap();
            assert!(seen.len() <= 1, "{seen:?}");
            if seen.iter().any(|seen| seen.at == wanted && seen.is_passing) {
                break;
            }
            assert!(started.elapsed() < BOUND, "{seen:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        println!(
            "{kind:?}: address changed across a restart: right after {:.2} s",
            started.elapsed().as_secs_f64()
        );
        if is_killed {
            running.kill();
        } else {
            running.stop().expect_code(0);
        }
    }
    assert_eq!(view.look("app").unwrap(), []);
}

const ALL: &[Fault] = faults!(claimed_by_two, address_changed_across_a_restart);

#[test]
fn consul_has_one_of_each() {
    together(Kind::Consul, ALL);
}

#[test]
fn the_embedded_catalog_has_one_of_each() {
    together(Kind::Embedded, ALL);
}

#[test]
fn zookeeper_has_one_of_each() {
    together(Kind::Zookeeper, ALL);
}

#[test]
fn etcd_has_one_of_each() {
    together(Kind::Etcd, ALL);
}

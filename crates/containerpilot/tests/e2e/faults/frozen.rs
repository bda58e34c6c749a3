//! The helper itself stands still for longer than anybody believes it, or its clock is set.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustix::process::Signal;

use super::{
    Fault, faults,
    kind::Kind,
    scene::{Scene, Setting, TTL, View},
    server::Server,
    together,
};
use crate::harness::until;

/// It is frozen, as with its whole container, until the TTL, the lease or the session is over.
fn frozen_for_longer_than_the_ttl(kind: Kind) {
    let server = Server::alone(kind);
    let mut scene = Scene::start(&Setting {
        title: "frozen for longer than the TTL",
        view: View::of(kind, server.client()),
        way: kind.member(&[server.client()]),
        under: &[],
        leaver_is_told: true,
        aside: kind.member(&[server.client()]),
    });
    scene.timeline.act("the helper is frozen");
    scene.subject.signal(Signal::STOP);
    // The agent of Consul looks at once, ZooKeeper once per tick, etcd twice a second.
    scene.until("nobody believes it", TTL * 3, |scene| {
        for service in ["app", "batch"] {
            let seen = scene.look(service)?;
            if seen.iter().any(|seen| seen.is_passing) {
                return Err(format!("{seen:?}"));
            }
        }
        Ok(())
    });
    scene.move_db();
    scene.timeline.act("the helper goes on");
    scene.subject.signal(Signal::CONT);
    scene.recovers();
    scene.leaves();
}

/// Its clock is set a day forward, and then two days back. Only the log should notice.
fn clock_set(kind: Kind) {
    let server = Server::alone(kind);
    let clock = Clock::new();
    let mut scene = Scene::start(&Setting {
        title: "clock of the helper set",
        view: View::of(kind, server.client()),
        way: kind.member(&[server.client()]),
        under: &clock.words(),
        leaver_is_told: true,
        aside: kind.member(&[server.client()]),
    });
    through_days(&clock, &mut scene, |_| {});
    let lines = scene.subject.lines();
    let days = lines.iter().map(|line| line.get(..10));
    let days: std::collections::BTreeSet<_> = days.collect();
    assert!(
        days.len() >= 3,
        "its clock was never set:\n{}",
        scene.subject.told()
    );
    scene.leaves();
}

/// The same with the clock of the server.
///
/// Not with Consul's and etcd's: they ask the kernel without the C library, so nothing stands
/// between them and a clock that is the whole machine's, and a namespace of time has none of its
/// own but the monotonic ones. The embedded catalog has only monotonic ones itself.
fn clock_of_the_server_set(kind: Kind) {
    let clock = Clock::new();
    let server = Server::under(kind, &clock.words());
    let mut scene = Scene::start(&Setting {
        title: "clock of the server set",
        view: View::of(kind, server.client()),
        way: kind.member(&[server.client()]),
        under: &[],
        leaver_is_told: true,
        aside: kind.member(&[server.client()]),
    });
    through_days(&clock, &mut scene, |offset| {
        // Whoever looks at the catalog from outside connects anew each time.
        let nothing = String::new;
        until("the server has the time that was set", nothing, || {
            dates_a_connection(server.client(), offset).then_some(())
        });
    });
    scene.leaves();
}

/// Sets a clock to tomorrow and to yesterday, and looks that nobody notices.
fn through_days(clock: &Clock, scene: &mut Scene, look: impl Fn(i64)) {
    for offset in [86_400, -86_400] {
        scene
            .timeline
            .act(format!("the clock is set to {offset} s"));
        clock.set(offset);
        scene.endures(TTL + Duration::from_secs(1));
        // Through all of it, not just afterwards.
        scene.instances("app", &[("10.1.2.3:8000", true)]).unwrap();
        look(offset);
        scene.recovers();
    }
}

/// A clock for one program, which can be set while it runs.
struct Clock(tempfile::TempDir);

impl Clock {
    fn new() -> Self {
        let clock = Self(tempfile::tempdir().unwrap());
        clock.set(0);
        clock
    }

    fn set(&self, offset: i64) {
        let new = self.0.path().join("new");
        std::fs::write(&new, format!("{offset:+}\n")).unwrap();
        std::fs::rename(&new, self.0.path().join("time")).unwrap();
    }

    /// What to start the program by.
    fn words(&self) -> [String; 5] {
        [
            "env".to_owned(),
            format!("LD_PRELOAD={}", libfaketime().display()),
            format!(
                "FAKETIME_TIMESTAMP_FILE={}",
                self.0.path().join("time").display()
            ),
            "FAKETIME_NO_CACHE=1".to_owned(),
            "FAKETIME_DONT_FAKE_MONOTONIC=1".to_owned(),
        ]
    }
}

/// Whether a connection was made at about that time from now, as ZooKeeper's clock has it: it says
/// when, in milliseconds, of each that stands.
fn dates_a_connection(server: SocketAddr, offset: i64) -> bool {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.write_all(b"cons").unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).unwrap();
    let made = told.split("est=").skip(1);
    let mut made = made.filter_map(|rest| rest.split(',').next()?.parse::<i64>().ok());
    made.any(|time| (time / 1_000 - seconds_now() - offset).abs() < 3_600)
}

fn seconds_now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs().try_into().unwrap()
}

fn libfaketime() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").unwrap().flatten();
    let mut libraries = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    let found = libraries.find(|library| library.exists());
    found.expect("Debian's package libfaketime is there; `scripts/packages tests` installs it")
}

const ALL: &[Fault] = faults!(frozen_for_longer_than_the_ttl, clock_set);

#[test]
fn consul_does_not_hear_of_it() {
    together(Kind::Consul, ALL);
}

#[test]
fn the_embedded_catalog_does_not_hear_of_it() {
    together(Kind::Embedded, faults!(frozen_for_longer_than_the_ttl));
}

#[test]
fn zookeeper_does_not_hear_of_it() {
    let all = faults!(frozen_for_longer_than_the_ttl, clock_of_the_server_set);
    together(Kind::Zookeeper, all);
}

#[test]
fn etcd_does_not_hear_of_it() {
    together(Kind::Etcd, faults!(frozen_for_longer_than_the_ttl));
}

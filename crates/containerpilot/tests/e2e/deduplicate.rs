//! Several helpers as consul-template, of which one asks for all.
//!
//! Here the measure is consul-template 0.19.5.

use std::{fs, net::SocketAddr};

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Consul, Eye, Pilot, Recorder, Running};

/// The question that one of them asks.
const QUESTION: &str = "GET /v1/health/service/web";

/// A helper, and what it asked Consul.
struct Sharer {
    running: Running,
    recorder: Recorder,
}

impl Sharer {
    fn start(consul: SocketAddr, templates: &[&str]) -> Self {
        Self::start_with(consul, &config(templates), "")
    }

    fn start_refused(consul: SocketAddr, templates: &[&str], refused: &'static str) -> Self {
        Self::start_with(consul, &config(templates), refused)
    }

    fn start_with(consul: SocketAddr, config: &str, refused: &'static str) -> Self {
        let recorder = Recorder::before(consul, refused);
        let address = recorder.address().to_string();
        let words = [
            "consul-template",
            "-dedup",
            "-consul-addr",
            &address,
            "-config",
            "@DIR/ct.hcl",
        ];
        let pilot = Pilot::new().of_this_repository().args(&words);
        let running = pilot.file("ct.hcl", config).start();
        Self { running, recorder }
    }

    fn wait_for(&self, name: &str, text: &str) {
        self.running.until(&format!("{name} is {text:?}"), || {
            (self.running.read(name) == text).then_some(())
        });
    }

    fn asked(&self) -> bool {
        !self.recorder.asked(QUESTION).is_empty()
    }

    fn stop(self) {
        self.running.signal(Signal::INT);
        self.running.wait_exit().expect_code(12);
    }
}

/// Templates that give the ports of `web`, each with a mark of its own.
fn config(marks: &[&str]) -> String {
    let template = |mark: &&str| {
        format!(
            "template {{ contents = \"{mark}{{{{ range service `web` }}}} {{{{ .Port }}}}{{{{ end }}}}\"\n destination = \"@DIR/{mark}\" }}\n"
        )
    };
    let templates: String = marks.iter().map(template).collect();
    format!("deduplicate {{ ttl = \"10s\" }}\n{templates}")
}

/// The one that asks, and the others.
fn split(sharers: Vec<Sharer>) -> (Sharer, Vec<Sharer>) {
    let (mut asking, others): (Vec<_>, Vec<_>) = sharers.into_iter().partition(Sharer::asked);
    assert_eq!(asking.len(), 1, "so many ask");
    (asking.remove(0), others)
}

fn keys(eye: Eye) -> Vec<String> {
    let keys = eye.get("/v1/kv/consul-template/dedup/?keys");
    let keys = keys.as_array().cloned().unwrap_or_default();
    let name = |key: &Value| key.as_str().unwrap().to_owned();
    keys.iter().map(name).collect()
}

// 0.19: passes, with data of its own.
#[test]
fn one_asks_for_all_and_when_it_is_killed_another_does() {
    let consul = Consul::start();
    let eye = consul.eye();
    eye.register("web", "w1", 81);
    let sharers = [(); 3].map(|()| Sharer::start(consul.address(), &["a"]));
    sharers.iter().for_each(|one| one.wait_for("a", "a 81"));
    eye.register("web", "w2", 82);
    sharers.iter().for_each(|one| one.wait_for("a", "a 81 82"));
    assert_eq!(keys(eye).len(), 2, "{:?}", keys(eye));
    let (mut holder, others) = split(sharers.into());
    let sessions = || eye.get("/v1/session/list").as_array().map_or(0, Vec::len);
    eye.until("each has a session", || (sessions() == 3).then_some(()));
    holder.running.kill();
    eye.register("web", "w3", 83);
    // Consul gives a session up to twice its time.
    eye.until("the session of the one that was killed ends", || {
        (sessions() == 2).then_some(())
    });
    others
        .iter()
        .for_each(|one| one.wait_for("a", "a 81 82 83"));
    let (holder, others) = split(others);
    eye.deregister("w1");
    let told = [&holder, &others[0]];
    told.iter().for_each(|one| one.wait_for("a", "a 82 83"));
    assert!(!others[0].asked());
    others.into_iter().for_each(Sharer::stop);
    holder.stop();
}

// 0.19: differs: the next one waits for the delay of the lock.
#[test]
fn one_that_ends_gives_its_part_to_the_next_at_once() {
    let consul = Consul::start();
    consul.eye().register("web", "w1", 81);
    let sharers = [(); 2].map(|()| Sharer::start(consul.address(), &["a"]));
    sharers.iter().for_each(|one| one.wait_for("a", "a 81"));
    let (holder, others) = split(sharers.into());
    holder.stop();
    let other = &others[0];
    consul
        .eye()
        .until("the other asks", || other.asked().then_some(()));
    consul.eye().register("web", "w2", 82);
    other.wait_for("a", "a 81 82");
    others.into_iter().for_each(Sharer::stop);
}

// 0.19: differs: it is not rendered before the lock can be had.
#[test]
fn who_may_not_take_part_asks_for_itself() {
    let consul = Consul::start();
    consul.eye().register("web", "w1", 81);
    let sharers = [
        Sharer::start(consul.address(), &["a"]),
        Sharer::start_refused(consul.address(), &["a"], "/v1/session"),
        Sharer::start_refused(consul.address(), &["a"], "/data?flags="),
    ];
    sharers.iter().for_each(|one| one.wait_for("a", "a 81"));
    sharers[1]
        .running
        .wait_for_log("this helper asks the catalog itself");
    consul.eye().register("web", "w2", 82);
    sharers.iter().for_each(|one| one.wait_for("a", "a 81 82"));
    assert_eq!(sharers[1].running.count("work is not shared"), 1);
    sharers.into_iter().for_each(Sharer::stop);
}

// 0.19: passes.
#[test]
fn one_question_can_be_shared_in_one_template_and_asked_for_another() {
    let consul = Consul::start();
    let eye = consul.eye();
    eye.register("web", "w1", 81);
    let sharers = ["a", "b"].map(|own| Sharer::start(consul.address(), &[own]));
    sharers[0].wait_for("a", "a 81");
    sharers[1].wait_for("b", "b 81");
    // Each takes up the template of the other, which is asked for already.
    for sharer in &sharers {
        let text = sharer.running.pilot().filled(&config(&["a", "b"]));
        fs::write(sharer.running.path("ct.hcl"), text).unwrap();
        sharer.running.signal(Signal::HUP);
    }
    let all_have = |ports: &str| {
        for sharer in &sharers {
            sharer.wait_for("a", &format!("a {ports}"));
            sharer.wait_for("b", &format!("b {ports}"));
        }
    };
    all_have("81");
    eye.register("web", "w2", 82);
    all_have("81 82");
    assert_eq!(keys(eye).len(), 4);
    let [first, second] = sharers;
    first.stop();
    eye.deregister("w1");
    second.wait_for("a", "a 82");
    second.wait_for("b", "b 82");
    second.stop();
}

// 0.19: lacks: what it cannot read is passed over.
#[test]
fn what_is_not_of_this_version_is_passed_over_until_it_is() {
    let consul = Consul::start();
    let eye = consul.eye();
    eye.register("web", "w1", 81);
    let holder = Sharer::start(consul.address(), &["a"]);
    holder.wait_for("a", "a 81");
    let data = eye.until("the answers are left", || {
        keys(eye).into_iter().find(|key| key.ends_with("/data"))
    });
    holder.running.signal(Signal::STOP);
    eye.put(
        &format!("/v1/kv/{data}"),
        &Value::from("of a later version"),
    );
    let other = Sharer::start(consul.address(), &["a"]);
    other.wait_for("a", "a 81");
    assert!(other.asked());
    other.running.wait_for_log("not of this version");
    holder.running.signal(Signal::CONT);
    // It is written anew by who holds the lock, and is of use again.
    eye.until("the answers are left anew", || {
        let pair = eye.try_get(&format!("/v1/kv/{data}?raw"))?;
        pair.body.starts_with("containerpilot 1 ").then_some(())
    });
    eye.register("web", "w2", 82);
    holder.wait_for("a", "a 81 82");
    other.wait_for("a", "a 81 82");
    other.stop();
    holder.stop();
}

// 0.19: differs: what does not fit under one key is not shared.
#[test]
fn answers_that_fill_several_keys_are_shared() {
    let consul = Consul::start();
    let eye = consul.eye();
    let write = |size: usize| {
        for key in ["big/a", "big/b"] {
            eye.put(&format!("/v1/kv/{key}"), &Value::from("x".repeat(size - 2)));
        }
    };
    write(500_000);
    let config = "template { contents = \"{{ range ls `big` }}{{ len .Value }} {{ end }}\"\n destination = \"@DIR/a\" }\n";
    let sharers = [(); 2].map(|()| Sharer::start_with(consul.address(), config, ""));
    let all_have = |text: &str| sharers.iter().for_each(|one| one.wait_for("a", text));
    all_have("500000 500000 ");
    assert_eq!(keys(eye).len(), 4, "{:?}", keys(eye));
    write(400_000);
    all_have("400000 400000 ");
    let asking = sharers.iter();
    let asking = asking.filter(|one| !one.recorder.asked("GET /v1/kv/big").is_empty());
    assert_eq!(asking.count(), 1);
    sharers.into_iter().for_each(Sharer::stop);
}

// 0.19: differs: it ends with 14.
#[test]
fn files_stand_while_consul_is_away_and_are_shared_again_when_it_is_back() {
    let mut consul = Consul::start();
    consul.eye().register("web", "w1", 81);
    let sharers = [(); 2].map(|()| Sharer::start(consul.address(), &["a"]));
    sharers.iter().for_each(|one| one.wait_for("a", "a 81"));
    consul.kill();
    for sharer in &sharers {
        sharer.running.wait_for_log("the catalog is lost");
    }
    assert!(sharers.iter().all(|one| one.running.read("a") == "a 81"));
    // It has forgotten everything: the locks, and what was left.
    consul.resume();
    consul.eye().register("web", "w2", 82);
    sharers.iter().for_each(|one| one.wait_for("a", "a 82"));
    consul.eye().until("the answers are left again", || {
        (keys(consul.eye()).len() == 2).then_some(())
    });
    consul.eye().register("web", "w3", 83);
    sharers.iter().for_each(|one| one.wait_for("a", "a 82 83"));
    sharers.into_iter().for_each(Sharer::stop);
}

// 0.19: differs: who runs a command hears of nothing meanwhile.
#[test]
fn the_others_do_not_wait_for_the_command_of_the_one_that_asks() {
    let consul = Consul::start();
    consul.eye().register("web", "w1", 81);
    let plain = config(&["a"]);
    let busy = plain.replace(
        "destination",
        "command = \"sleep 1000\"\n command_timeout = \"1000s\"\n destination",
    );
    let mut holder = Sharer::start_with(consul.address(), &busy, "");
    holder.wait_for("a", "a 81");
    let other = Sharer::start_with(consul.address(), &plain, "");
    other.wait_for("a", "a 81");
    consul.eye().register("web", "w2", 82);
    other.wait_for("a", "a 81 82");
    assert!(!other.asked());
    assert_eq!(holder.running.read("a"), "a 81");
    holder.running.kill();
    other.stop();
}

//! Swarm creates, scales, updates, rolls back and replaces under load. The engine is one of the test's
//! own: whether it is part of a swarm is a fact about an engine as a whole.

use std::time::{Duration, Instant};

use crate::harness::{Load, Swarm};

#[test]
fn swarm_scales_updates_rolls_back_and_replaces() {
    let swarm = Swarm::deploy("swarm");
    let load = Load::on(swarm.front(), &["/sales/", "/customers/"], &swarm.timeline);
    load.wait_for_more();
    scaled(&swarm, &load);
    created_by_hand(&swarm, &load);
    updated(&swarm, &load);
    rolled_back(&swarm, &load);
    load.end().expect_none_failed();
    killed(&swarm);
}

fn scaled(swarm: &Swarm, load: &Load) {
    for count in [3, 1, 2] {
        let wanted = format!("app_sales={count}");
        swarm.docker(&["service", "scale", "--detach=true", &wanted]);
        swarm.wait_for("sales", count);
        load.wait_for_more();
    }
}

/// A service of its own takes part by its name in the catalog. It is on three networks, the first of
/// which only Swarm's own load balancer is on; the address that is told is the stack's.
fn created_by_hand(swarm: &Swarm, load: &Load) {
    swarm.docker(&[
        "service",
        "create",
        "--detach=true",
        "--no-resolve-image",
        "--name=more",
        "--network=app_app",
        "--publish=8099:3000",
        "--env=CONSUL=consul",
        "--env=INTERFACES=10.42.0.0/24",
        "--stop-grace-period=30s",
        &crate::harness::image("sales:1.0.0"),
    ]);
    let servers = swarm.wait_for("sales", 3);
    let on_the_stack = |server: &String| server.starts_with("10.42.0.");
    assert!(servers.iter().all(on_the_stack), "{servers:?}");
    load.wait_for_more();
    swarm.docker(&["service", "rm", "more"]);
    swarm.wait_for("sales", 2);
    load.wait_for_more();
}

fn updated(swarm: &Swarm, load: &Load) {
    let image = crate::harness::image("sales:1.0.1");
    let update = ["service", "update", "--detach=true", "--no-resolve-image"];
    let began = Instant::now();
    swarm.docker(&[&update, &["--image", &image, "app_sales"][..]].concat());
    swarm.wait_for_update("app_sales", "completed");
    swarm
        .timeline
        .measured("two instances were updated", began.elapsed());
    swarm.wait_for("sales", 2);
    let versions = swarm.versions("/sales/data");
    assert_eq!(versions.into_iter().collect::<Vec<_>>(), ["1.0.1"]);
    load.wait_for_more();
}

/// An update that nobody can use: the application listens where its check does not look. It never
/// becomes well, so it never is in the catalog, and nothing that is leaves it.
fn rolled_back(swarm: &Swarm, load: &Load) {
    let before = swarm.wait_for("sales", 2);
    let update = ["service", "update", "--detach=true", "--no-resolve-image"];
    let change = ["--env-add=PORT=3001", "--health-start-period=4s"];
    let began = Instant::now();
    swarm.docker(&[&update, &change[..], &["app_sales"]].concat());
    swarm.wait_for_update("app_sales", "rollback_completed");
    swarm
        .timeline
        .measured("a bad update was rolled back", began.elapsed());
    let after = swarm.wait_for("sales", 2);
    assert_eq!(after, before, "nothing that was well was touched");
    load.wait_for_more();
}

/// One that is killed is replaced. What is lost is lost before nginx has left it out.
fn killed(swarm: &Swarm) {
    let load = Load::on(swarm.front(), &["/sales/", "/customers/"], &swarm.timeline);
    load.wait_for_more();
    let victim = swarm.instances("sales").remove(0);
    let began = Instant::now();
    swarm.docker(&["kill", &victim.name]);
    swarm.until("it is gone", || {
        let left = swarm.instances("sales");
        let gone = left.iter().all(|one| one.name != victim.name);
        gone.then_some(())
    });
    swarm.wait_for("sales", 2);
    let replaced = Instant::now();
    swarm
        .timeline
        .measured("a killed one was replaced", replaced - began);
    load.wait_for_more();
    let window = replaced - began;
    load.end_of("a kill")
        .expect_failed_only_within(began, window + Duration::from_secs(5));
}

//! `HEALTHCHECK CMD containerpilot health` follows what the helper knows of its jobs.

use serde_json::Value;

use super::pilot;
use crate::harness::{Container, until};

const OPTIONS: [&str; 10] = [
    "--health-cmd",
    "containerpilot health",
    "--health-interval",
    "500ms",
    "--health-timeout",
    "10s",
    "--health-retries",
    "1",
    "--health-start-period",
    "1s",
];

/// What the engine thinks of it, and the last thing that it was told.
fn health(container: &Container) -> (String, String) {
    let health: Value = serde_json::from_str(&container.inspect("{{json .State.Health}}")).unwrap();
    let log = health["Log"].as_array();
    let last = log
        .and_then(|log| log.last())
        .map(|last| last["Output"].as_str().unwrap().to_owned());
    (
        health["Status"].as_str().unwrap().to_owned(),
        last.unwrap_or_default(),
    )
}

#[track_caller]
fn becomes(container: &Container, status: &str) -> String {
    let told = || format!("{:?}\n{}", health(container), container.logs());
    until(&format!("it is {status}"), told, || {
        let (now, said) = health(container);
        (now == status).then_some(said)
    })
}

#[test]
fn the_engine_sees_the_health_of_the_job() {
    let config = "{ stopTimeout: 5, jobs: [{ name: 'app', exec: 'sleep 1000', essential: true,
        health: { exec: ['sh', '-c', 'test ! -e /tmp/ill || { echo no answer; exit 1; }'], interval: 1, ttl: 5 } }] }";
    let container = pilot("health", &OPTIONS, config, &[]);
    assert_eq!(health(&container).0, "starting");
    let said = becomes(&container, "healthy");
    assert!(
        said.starts_with("healthy: app ") && said.lines().count() == 1,
        "{said:?}"
    );
    container.exec(&["touch", "/tmp/ill"]);
    let said = becomes(&container, "unhealthy");
    assert!(
        said.starts_with("unhealthy: app ")
            && said.contains("no answer")
            && said.lines().count() == 1,
        "{said:?}"
    );
    container.exec(&["rm", "/tmp/ill"]);
    becomes(&container, "healthy");
    // A check that the engine asks for leaves nothing behind.
    container.stop(20);
    assert_eq!(container.code(), 0);
}

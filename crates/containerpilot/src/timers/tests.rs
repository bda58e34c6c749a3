use pilot_config::{Source, World};
use pilot_core::spec::Command;

use super::*;

/// Loads a configuration without a machine around it.
fn load(text: &str, program: &[&str]) -> Config {
    let program: Vec<String> = program.iter().map(|word| (*word).to_owned()).collect();
    let world = World {
        environment: &[],
        interfaces: &[],
        hostname: "host",
        version: "test",
        program: &program,
    };
    let name = "test.json5";
    pilot_config::load(&[Source { name, text }], &world).unwrap_or_else(|found| panic!("{found}"))
}

const APP: &str = "name: 'app', exec: 'app', port: 80, interfaces: 'static:10.0.0.5'";

#[test]
fn each_number_is_the_sum_of_its_parts_rounded_up() {
    let cases = [
        // Nothing but the common budget, 5 s.
        ("{ jobs: [{ name: 'app', exec: 'app' }] }", 7),
        ("{ stopTimeout: 1, jobs: [{ name: 'app', exec: 'app' }] }", 3),
        ("{ stopTimeout: 1, jobs: [{ name: 'app', exec: 'app', stopTimeout: '2500ms' }] }", 5),
        // A quarter of a second to leave the catalog, and a drain.
        (
            &format!("{{ consul: 'c:1', jobs: [{{ {APP}, drain: '3s', health: {{ interval: 1, ttl: 5 }} }}] }}"),
            11,
        ),
        (
            "{ jobs: [{ name: 'app', exec: 'app' },
               { name: 'pre', exec: 'pre', timeout: '20s', when: { source: 'app', once: 'stopping' } },
               { name: 'post', exec: 'post', timeout: '7s', when: { source: 'app', once: 'stopped' } }] }",
            34,
        ),
        // Two jobs stop side by side.
        ("{ jobs: [{ name: 'a', exec: 'a', stopTimeout: 20 }, { name: 'b', exec: 'b' }] }", 22),
    ];
    for (text, seconds) in cases {
        let timers = Timers::of(&load(text, &[]));
        assert_eq!(timers.stop.seconds, seconds, "{text}");
        assert!(timers.stop.unlimited.is_empty(), "{text}");
    }
}

#[test]
fn a_hook_without_a_limit_is_named_and_in_no_sum() {
    let text = "{ consul: 'c:1', preStop: '/bin/pre', postStop: '/bin/post', stopTimeout: 4 }";
    let timers = Timers::of(&load(&text.replace('\'', "\""), &["node", "app.js"]));
    let unlimited: Vec<&str> = timers.stop.unlimited.iter().map(JobName::as_str).collect();
    assert_eq!(unlimited, ["preStop", "postStop"]);
    assert_eq!(timers.stop.seconds, 6);
    let text = timers.text(Target::Kubernetes).paste;
    assert!(
        text.contains("preStop runs as long as it likes: ADD ITS TIME"),
        "{text}"
    );
    assert!(
        text.contains(
            "Kubernetes kills after 30 s unless it is told: too early if what has no limit"
        ),
        "{text}"
    );
    assert_eq!(
        timers.json(Target::Kubernetes)["stop"]["defaultIsEnough"],
        false
    );
}

#[test]
fn what_a_scheduler_does_by_itself_is_judged() {
    let timers = Timers::of(&load("{ jobs: [{ name: 'app', exec: 'app' }] }", &[]));
    let enough = |target| timers.json(target)["stop"]["defaultIsEnough"] == true;
    for target in [
        Target::Docker,
        Target::Compose,
        Target::Swarm,
        Target::Kubernetes,
    ] {
        assert!(enough(target), "{target:?}");
    }
    for target in [Target::Nomad, Target::Marathon] {
        assert!(!enough(target), "{target:?}");
    }
}

#[test]
fn probes_follow_the_checks() {
    let probe = |text: &str| {
        let probe = Timers::of(&load(text, &[])).probe;
        (probe.interval, probe.start)
    };
    // As often as the most frequent check, but no more often than every 5 s; the slowest start.
    let two = "{ jobs: [{ name: 'a', exec: 'a', health: { exec: 'c', interval: 12, ttl: 30, timeout: '3s' } },
                        { name: 'b', exec: 'b', health: { exec: 'c', interval: 8, ttl: 20 } }] }";
    assert_eq!(probe(two), (8, 16));
    let quick = "{ jobs: [{ name: 'a', exec: 'a', health: { interval: 1, ttl: 5 } }] }";
    assert_eq!(probe(quick), (5, 1));
    let slow = "{ jobs: [{ name: 'a', exec: 'a', health: { interval: 300, ttl: 900 } }] }";
    assert_eq!(probe(slow), (30, 300));
    assert_eq!(probe("{ jobs: [{ name: 'a', exec: 'a' }] }"), (30, 5));
}

#[test]
fn a_probe_finds_a_socket_that_is_elsewhere() {
    let text = "{ control: { socket: '/run/app/cp.sock' }, jobs: [{ name: 'a', exec: 'a' }] }";
    let timers = Timers::of(&load(text, &[]));
    let found = timers.text(Target::Compose).paste;
    let test = r#"test: ["CMD", "containerpilot", "health", "--socket", "/run/app/cp.sock"]"#;
    assert!(found.contains(test), "{found}");
}

#[test]
fn what_does_its_work_and_ends_is_not_started_again() {
    let timers = Timers::of(&load("{ jobs: [{ name: 'job', exec: 'work' }] }", &[]));
    for (target, policy) in [
        (Target::Docker, "--restart on-failure"),
        (Target::Compose, "restart: on-failure"),
        (Target::Swarm, "condition: on-failure"),
        (Target::Kubernetes, "restartPolicy: OnFailure"),
        (Target::Nomad, "type = \"batch\""),
    ] {
        let text = timers.text(target).paste;
        assert!(text.contains(policy), "{text}");
        assert!(!text.contains("POD_IP"), "{text}");
    }
}

#[test]
fn what_nomad_grants_is_no_secret() {
    let long =
        "{ jobs: [{ name: 'app', exec: 'app', stopTimeout: '40s', restarts: 'unlimited' }] }";
    let text = Timers::of(&load(long, &[])).text(Target::Nomad).paste;
    assert!(
        text.contains("client { max_kill_timeout = \"42s\" }"),
        "{text}"
    );
    let short = Timers::of(&load(&long.replace("40s", "20s"), &[]))
        .text(Target::Nomad)
        .paste;
    assert!(!short.contains("max_kill_timeout"), "{short}");
}

#[test]
fn names_are_such_as_schedulers_take() {
    assert_eq!(label("My_App.1"), "my-app-1");
    assert_eq!(label("--"), "app");
    let mut config = load("{ jobs: [{ name: 'side', exec: 'x' }] }", &[]);
    assert_eq!(Timers::of(&config).name, "side");
    let mut job = JobSpec::new("main");
    job.exec = Some(Command::new(["main"]));
    job.role = Role::Essential;
    config.spec.jobs.push(job);
    assert_eq!(Timers::of(&config).name, "main");
}

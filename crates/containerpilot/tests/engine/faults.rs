//! Instances, networks and the catalog break under load.

use std::time::{Duration, Instant};

use crate::harness::{Container, Load, Stack, docker, image, try_docker, until};

/// The `ttl` of sales and customers.
const TTL: Duration = Duration::from_secs(10);
/// The TTL, what Consul may be late with it, and what nginx takes to hear of it on a busy machine.
const WINDOW: Duration = Duration::from_secs(15);
const PATHS: &[&str] = &["/sales/", "/customers/"];

#[test]
fn an_instance_that_is_killed_or_paused_is_out_after_its_ttl_and_back_after_it() {
    let stack = Stack::up("kill-and-pause");
    stack.compose(&["scale", "sales=3"]);
    let three = stack.wait_for_servers("sales");
    for (what, begin, end) in [
        ("docker kill", "kill", "start"),
        ("docker pause", "pause", "unpause"),
    ] {
        let load = Load::on(stack.front(), PATHS, &stack.timeline);
        load.wait_for_more();
        let one = stack.instance("sales");
        let others = stack.addresses("sales", &stack.instances("sales")[1..]);
        stack.timeline.act(what);
        let from = Instant::now();
        // The kernel may say that it cannot freeze processes that are just being started.
        stack.until(what, || try_docker(&[begin, &one.name]).ok());
        stack.wait_for_exactly("sales", &others);
        let out = from.elapsed();
        stack
            .timeline
            .measured(&format!("from {what} to out of nginx"), out);
        load.wait_for_more();
        docker(&[end, &one.name]);
        let back = Instant::now();
        stack.wait_for_exactly("sales", &three);
        stack.timeline.measured(
            &format!("from docker {end} to back in nginx"),
            back.elapsed(),
        );
        load.wait_for_more();
        load.end_of(what).expect_failed_only_within(from, WINDOW);
        assert!(out < WINDOW, "{out:?}");
    }
}

/// Sales, until it is asked to take all the memory there is.
const HOG: &str = r#"{
  consul: "consul:8500",
  jobs: [{
    name: "sales",
    exec: ["node", "-e", "process.on('SIGUSR2', () => { const all = []; setInterval(() => all.push(Buffer.alloc(8 << 20, 1)), 10); }); require('/opt/sales/sales.js')"],
    essential: true,
    port: 3000,
    health: { exec: "curl --fail -s -o /dev/null http://localhost:3000/data", interval: 3, ttl: 10 },
  }],
}"#;

#[test]
fn an_instance_that_is_out_of_memory_says_so_and_comes_back() {
    let stack = Stack::up("oom");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("hog.json5");
    std::fs::write(&file, HOG).unwrap();
    let mount = format!("{}:/etc/hog.json5:ro", file.display());
    let (network, image) = (stack.network(), image("sales:1.0.0"));
    let place = [
        "--network",
        &network,
        "--volume",
        &mount,
        "--restart",
        "on-failure",
    ];
    let limit = ["--memory", "128m", "--memory-swap", "128m"];
    let helper = [
        image.as_str(),
        "/bin/containerpilot",
        "-config",
        "/etc/hog.json5",
    ];
    let hog = Container::run("hog", &[&place[..], &limit, &helper].concat());
    let mut all = stack.instances("sales");
    all.push(Container::known(&hog.name));
    stack.wait_for_exactly("sales", &stack.addresses("sales", &all));
    let load = Load::on(stack.front(), PATHS, &stack.timeline);
    load.wait_for_all("sales", &[hog.hostname()]);

    stack.timeline.follow(&format!("container={}", hog.name));
    stack.timeline.act("memory grows");
    let from = Instant::now();
    hog.exec(&["pkill", "-USR2", "node"]);
    hog.wait_for_log(
        "out of memory: the kernel killed a process of this container, whose limit is 128 MiB",
    );
    until(
        "it is started again",
        || hog.logs(),
        || (hog.inspect("{{.RestartCount}} {{.State.Running}}") == "1 true").then_some(()),
    );
    load.forget();
    load.wait_for_all("sales", &[hog.hostname()]);
    stack.timeline.measured(
        "from the first byte too many to served again",
        from.elapsed(),
    );
    // An instance that runs short of memory is slow before it is gone.
    let over = from.elapsed();
    load.end().expect_failed_only_within(from, over);
    assert_eq!(stack.timeline.status(&hog.name), Some(137));
}

#[test]
fn an_instance_that_was_off_the_network_is_back_at_its_new_address() {
    let stack = Stack::up("network");
    stack.compose(&["scale", "sales=3"]);
    stack.wait_for_servers("sales");
    let load = Load::on(stack.front(), PATHS, &stack.timeline);
    load.wait_for_more();
    let one = stack.instance("sales");
    let others = stack.addresses("sales", &stack.instances("sales")[1..]);
    let before = one.address();

    stack.timeline.act("docker network disconnect");
    let from = Instant::now();
    docker(&["network", "disconnect", &stack.network(), &one.name]);
    stack.wait_for_exactly("sales", &others);
    let out = from.elapsed();
    stack
        .timeline
        .measured("from docker network disconnect to out of nginx", out);
    // Somebody else has its address meanwhile.
    let squatters = squat(&stack, &before.to_string());

    stack.timeline.act("docker network connect");
    let back = Instant::now();
    docker(&["network", "connect", &stack.network(), &one.name]);
    assert_ne!(one.address(), before);
    let servers = stack.wait_for_servers("sales");
    assert_eq!(servers.len(), 3);
    load.forget();
    load.wait_for_all("sales", &[one.hostname()]);
    stack
        .timeline
        .measured("from docker network connect to served", back.elapsed());
    assert_eq!(stack.passing("sales"), servers);
    load.end().expect_failed_only_within(from, WINDOW);
    assert!(out < WINDOW, "{out:?}");
    drop(squatters);
}

/// Starts containers on a stack's network until one has this address.
#[track_caller]
fn squat(stack: &Stack, address: &str) -> Vec<Container> {
    let mut squatters = Vec::new();
    while squatters.len() < 20 {
        let words = [
            "--network",
            &stack.network(),
            &image("base"),
            "sleep",
            "300",
        ];
        let one = Container::run("squatter", &words);
        let has = one.address().to_string() == address;
        squatters.push(one);
        if has {
            return squatters;
        }
    }
    panic!("nobody got {address}");
}

#[test]
fn after_consul_is_killed_and_replaced_all_is_registered_again() {
    let stack = Stack::up("consul");
    stack.compose(&["scale", "sales=2"]);
    let before = stack.wait_for_servers("sales");
    let load = Load::on(stack.front(), PATHS, &stack.timeline);
    load.wait_for_more();
    let consul = stack.instance("consul");
    let address = consul.address();

    stack.timeline.act("Consul is killed and removed");
    docker(&["rm", "-f", "-v", &consul.name]);
    let squatters = squat(&stack, &address.to_string());
    load.go_on_for(TTL + Duration::from_secs(2));
    assert_eq!(stack.servers("sales"), before);
    load.end_of("Consul is gone").expect_none_failed();

    let load = Load::on(stack.front(), PATHS, &stack.timeline);
    let from = Instant::now();
    stack.compose(&["up", "-d", "consul"]);
    let back = Instant::now();
    assert_ne!(stack.instance("consul").address(), address);
    for (service, count) in [("sales", 2), ("customers", 1), ("nginx", 1)] {
        stack.until(&format!("{service} is registered again"), || {
            (stack.passing(service).len() == count).then_some(())
        });
    }
    stack.timeline.measured(
        "from the start of the new Consul to all registered",
        back.elapsed(),
    );
    assert_eq!(stack.wait_for_servers("sales"), before);
    stack.wait_for_servers("customers");
    let over = from.elapsed();
    stack.compose(&["scale", "sales=3"]);
    assert_eq!(stack.wait_for_servers("sales").len(), 3);
    load.wait_for_more();
    // The new Consul vouches for being empty, and nginx believes it until all are registered again.
    load.end_of("an empty Consul takes its place")
        .expect_failed_only_within(from, over);
    drop(squatters);
}

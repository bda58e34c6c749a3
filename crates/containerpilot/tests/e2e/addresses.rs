//! Addresses of the machine: which one a service has, and what becomes of it when that changes.
//! Wants root, since each test changes a network of its own.

use std::{
    net::{Ipv6Addr, SocketAddr},
    time::{Duration, Instant},
};

use crate::harness::{Catalog, Consul, Eye, Network, Pilot, Running, free_ports, over_tcp};

/// How soon the catalog must show another address.
const SOON: Duration = Duration::from_secs(2);

fn app(how: &str) -> String {
    format!(
        "{{ name: 'app', exec: ['sh', '-c', 'echo started at $CONTAINERPILOT_APP_IP; exec sleep 1000'], port: 8000, {how},
           health: {{ exec: ['sh', '-c', 'echo checked at $CONTAINERPILOT_APP_IP'], interval: 1, ttl: 60 }} }}"
    )
}

const SIDE: &str = "{ name: 'side', exec: ['sh', '-c', 'echo side is up; exec sleep 1000'] }";

/// What a configuration of servers is made by, with the brackets that IPv6 wants before a port.
const SERVERS: &str = r#"{{`{{ range service "app" }}{{ if contains ":" .Address }}[{{ .Address }}]{{ else }}{{ .Address }}{{ end }}:{{ .Port }}{{ printf "\\n" }}{{ end }}`}}"#;

#[track_caller]
fn wait_for_address(eye: Eye, running: &Running, address: &str) {
    running.until(&format!("the catalog has app at {address}"), || {
        (eye.service("app")["Address"] == address).then_some(())
    });
}

/// A network with eth0, and an address of it.
fn network() -> Network {
    let network = Network::new();
    network.add_interface("eth0");
    network.add_address("10.9.0.7/24", "eth0");
    network
}

// 3.8: lacks (CP#181): refuses to start.
#[test]
fn an_interface_that_comes_late_is_waited_for() {
    let network = Network::new();
    let consul = Consul::start();
    let how = "interfaces: ['eth0', '10.0.0.0/8'], waitForAddress: '60s'";
    let running = Pilot::new()
        .consul(consul.address())
        .jobs(&format!("{}, {SIDE}", app(how)))
        .start()
        .ready();
    let line = running.wait_for_log("app waits for its address, for 60s at most");
    assert!(line.contains("Specifications: [eth0 10.0.0.0/8]"), "{line}");
    assert!(line.contains("[lo:::1 lo:127.0.0.1]"), "{line}");
    running.wait_for_log("side is up");
    let job = running.job("app");
    assert_eq!(
        (&job["state"], &job["next"]["what"]),
        (&"waiting".into(), &"gives up".into())
    );
    assert!(job["service"]["address"].is_null(), "{job:#}");

    network.add_interface("eth0");
    network.add_address("10.9.0.7/24", "eth0");
    running.wait_for_log("started at 10.9.0.7");
    running.wait_for_log(r#"address of app: 10.9.0.7 (eth0) by "eth0"; candidates: eth0 10.9.0.7, lo ::1, lo 127.0.0.1"#);
    wait_for_address(consul.eye(), &running, "10.9.0.7");
    consul.eye().wait_for_status("app", "passing");
    let service = running.job("app")["service"].clone();
    assert_eq!(
        (&service["interface"], &service["selector"]),
        (&"eth0".into(), &"eth0".into())
    );
    assert_eq!(running.count("started at"), 1);
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn an_interface_that_does_not_come_ends_it_with_what_there_is() {
    let _network = Network::new();
    let how = "interfaces: 'eth0', waitForAddress: '1s'";
    let ended = Pilot::new()
        .jobs(&format!("{}, {SIDE}", app(how)))
        .start()
        .wait_exit();
    let ended = ended.expect_code(1);
    let said = ended.lines.join("\n");
    for text in [
        "cannot start app: no address within 1s: none of the interface specifications were able to match",
        "Specifications: [eth0]",
        "Interfaces IPs: [lo:::1 lo:127.0.0.1]",
    ] {
        assert!(said.contains(text), "no `{text}` in\n{said}");
    }
    assert!(!said.contains("started at"), "{said}");
    assert!(ended.took >= Duration::from_secs(1), "{:?}", ended.took);
}

// 3.8: lacks.
#[test]
fn a_stop_while_it_waits_is_a_stop_at_once() {
    let _network = Network::new();
    let running = Pilot::new()
        .jobs(&app("interfaces: 'eth0', waitForAddress: '60s'"))
        .start()
        .ready();
    running.wait_for_log("app waits for its address");
    let asked = Instant::now();
    running.stop().expect_code(0);
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "{:?}",
        asked.elapsed()
    );
}

// 3.8: differs (10.6): the address is found once.
#[test]
fn another_address_is_told_at_once_and_nothing_restarts() {
    let network = network();
    let consul = Consul::start();
    let running = Pilot::new()
        .consul(consul.address())
        .jobs(&app("interfaces: 'eth0'"))
        .start()
        .ready();
    running.wait_for_log(r#"address of app: 10.9.0.7 (eth0) by "eth0"; candidates: eth0 10.9.0.7"#);
    consul.eye().wait_for_status("app", "passing");
    let pid = running.job("app")["pid"].clone();

    network.ip("address del 10.9.0.7/24 dev eth0");
    let changed = Instant::now();
    network.add_address("10.9.0.8/24", "eth0");
    wait_for_address(consul.eye(), &running, "10.9.0.8");
    let took = changed.elapsed();
    // For people, with `--no-capture`.
    println!("the catalog has it after {took:?}");
    assert!(took < SOON, "{took:?}\n{}", running.told());
    let line = running.wait_for_log("address of app: 10.9.0.7 -> 10.9.0.8");
    assert!(
        line.contains("the catalog is told, and nothing restarted"),
        "{line}"
    );
    let services = consul.eye().get("/v1/agent/services");
    assert_eq!(services.as_object().unwrap().len(), 1, "{services:#}");
    running.wait_for_log("checked at 10.9.0.8");
    assert_eq!(running.job("app")["pid"], pid);
    assert_eq!(running.job("app")["service"]["address"], "10.9.0.8");

    // What is gone is kept, and what comes back is known again.
    network.ip("address del 10.9.0.8/24 dev eth0");
    running.wait_for_log("10.9.0.8 is gone and kept, since nothing else fits");
    assert_eq!(consul.eye().service("app")["Address"], "10.9.0.8");
    network.add_address("10.9.0.8/24", "eth0");
    running.wait_for_log("address of app: 10.9.0.8 is back");

    // One more is no reason to change, neither now nor at a reload.
    network.add_address("10.9.0.1/24", "eth0");
    network.add_interface("eth1");
    running.reload().expect(200);
    running.wait_for_log("configuration reloaded: 1 jobs, of which 0 are new and 0 changed");
    assert_eq!(running.job("app")["service"]["address"], "10.9.0.8");
    assert_eq!(running.job("app")["pid"], pid);
    running.stop().expect_code(0);
    consul.eye().wait_gone("app");
}

// 3.8: differs (10.6).
#[test]
fn telemetry_moves_with_its_address() {
    let network = network();
    let [port] = free_ports();
    let catalog = Catalog::start();
    let running = Pilot::new()
        .consul(catalog.address())
        .top(&format!(
            "telemetry: {{ port: {port}, interfaces: 'eth0' }},"
        ))
        .jobs(SIDE)
        .start()
        .ready();
    let metrics = |address: &str| {
        let address: SocketAddr = format!("{address}:{port}").parse().unwrap();
        over_tcp(address, "GET", "/metrics", "").ok()
    };
    running.until("metrics are there", || metrics("10.9.0.7"));
    network.add_address("10.9.0.8/24", "eth0");
    network.ip("address del 10.9.0.7/24 dev eth0");
    // The kernel takes an address of the same network away with the first of it, unless told.
    network.ip("address replace 10.9.0.8/24 dev eth0");
    running.until("metrics are there", || metrics("10.9.0.8"));
    running.until("the catalog has the new address", || {
        (catalog.eye().service("containerpilot")["Address"] == "10.9.0.8").then_some(())
    });
    running.stop().expect_code(0);
}

// 3.8: lacks (CP#52).
#[test]
fn a_container_with_ipv6_alone_works_with_its_consul() {
    let network = Network::new();
    network.add_interface("eth0");
    network.add_address("fd00::7/64", "eth0");
    network.add_address("fe80::7/64", "eth0");
    let consul = Consul::start_at(Ipv6Addr::LOCALHOST, free_ports());
    let running = Pilot::new()
        .consul(consul.address())
        .top(&format!("watches: [{{ name: 'app', interval: 1 }}], templates: [{{ destination: '@DIR/out', contents: '{SERVERS}' }}],"))
        .jobs(&app("interfaces: ['eth0', 'eth0:inet6']"))
        .start()
        .ready();
    running.wait_for_log(
        r#"address of app: fd00::7 (eth0) by "eth0:inet6"; candidates: eth0 fd00::7, eth0 fe80::7"#,
    );
    running.wait_for_log("started at fd00::7");
    consul.eye().wait_for_status("app", "passing");
    wait_for_address(consul.eye(), &running, "fd00::7");
    assert_eq!(running.wait_for_file("out"), "[fd00::7]:8000");
    running.until("the table shows it", || {
        let table = running.cli(&["status"]).expect_code(0).stdout;
        table.contains("[fd00::7]:8000").then_some(())
    });
    running.stop().expect_code(0);
}

// 3.8: differs: takes a link-local address, which nobody else can use.
#[test]
fn a_link_local_address_is_chosen_only_by_its_network_or_place() {
    let network = Network::new();
    network.add_interface("eth0");
    network.add_address("fe80::7/64", "eth0");
    let check = |interfaces: &str| {
        let jobs = app(&format!("interfaces: '{interfaces}'"));
        let pilot = Pilot::new().jobs(&jobs);
        pilot.write_config();
        pilot
            .args(&["check", "--config", "@DIR/config.json5"])
            .run()
    };
    for interfaces in ["inet6", "eth0:inet6", "2000::/3"] {
        check(interfaces)
            .expect_code(1)
            .expect_text("none of the interface specifications were able to match")
            .expect_text("eth0:fe80::7");
    }
    for interfaces in ["fe80::/10", "eth0[0]"] {
        check(interfaces)
            .expect_code(0)
            .expect_text("address of app: fe80::7 (eth0)");
    }
}

// 3.8: differs (acceptance 65): such names cannot be written.
#[test]
fn odd_names_are_names() {
    let network = Network::new();
    for (name, address) in [("eth0.100", "10.9.1.1/24"), ("br-1a2b", "10.9.2.1/24")] {
        network.add_interface(name);
        network.add_address(address, name);
    }
    network.ip("address add 10.9.1.2/24 dev eth0.100 label eth0.100:web");
    let check = |interfaces: &str, text: &str| {
        let jobs = app(&format!("interfaces: '{interfaces}'"));
        let pilot = Pilot::new().jobs(&jobs);
        pilot.write_config();
        let ended = pilot
            .args(&["check", "--config", "@DIR/config.json5"])
            .run();
        ended.expect_code(0).expect_text(text);
    };
    check("eth0.100", "address of app: 10.9.1.1 (eth0.100)");
    // As `ip` shows it, with the peer.
    check("eth0.100@if7:inet", "address of app: 10.9.1.1 (eth0.100)");
    // An address with a label is one of its interface.
    check("eth0.100[1]", "address of app: 10.9.1.2 (eth0.100)");
    check("br-1a2b:inet", "address of app: 10.9.2.1 (br-1a2b)");
}

// 3.8: lacks.
#[test]
fn who_waits_gets_an_address_that_can_be_listened_on() {
    let network = Network::new();
    let pilot = Pilot::new().jobs(
        "{ name: 'app', exec: ['sh', '-c', 'cat /proc/net/if_inet6; exec sleep 1000'], port: 8000, interfaces: 'eth0:inet6',
           waitForAddress: '60s', health: { interval: 1, ttl: 60 } }",
    );
    let running = pilot.start().ready();
    running.wait_for_log("app waits for its address");
    network.add_interface("eth0");
    // Whether another machine has it is found out first, which takes a second or two.
    network.ip("address add fd00::7/64 dev eth0");
    let line = running.wait_for_log("fd000000000000000000000000000007");
    assert!(line.contains(" 80     eth0"), "{line}");
    running.stop().expect_code(0);
}

// 3.8: lacks (CP#350).
#[test]
fn an_address_is_taken_from_the_environment() {
    let catalog = Catalog::start();
    let pilot = Pilot::new()
        .consul(catalog.address())
        .jobs(&app("address: 'env:POD_IP'"));
    let running = pilot.twin().env("POD_IP", "fd00::9").start().ready();
    running.wait_for_log("started at fd00::9");
    wait_for_address(catalog.eye(), &running, "fd00::9");
    running.stop().expect_code(0);
    pilot
        .run()
        .expect_code(1)
        .expect_text("cannot use job[app].address: the variable `POD_IP` is not set");
}

// 2.7: differs: the address is found once.
#[test]
fn files_of_containerpilot_2_have_their_addresses_followed_too() {
    let network = network();
    let catalog = Catalog::start();
    let running = Pilot::new()
        .config(&format!(
            r#"{{ "consul": "{}", "control": {{ "socket": "@DIR/socket" }},
               "services": [{{ "name": "app", "port": 80, "poll": 1, "ttl": 30, "interfaces": ["eth1", "eth0"] }}] }}"#,
            catalog.address()
        ))
        .args(&["-config", "@DIR/config.json5", "sleep", "1000"])
        .start()
        .ready();
    wait_for_address(catalog.eye(), &running, "10.9.0.7");
    let children = running.children();
    // One that the file prefers, and that comes late.
    network.add_interface("eth1");
    network.add_address("10.9.1.7/24", "eth1");
    wait_for_address(catalog.eye(), &running, "10.9.1.7");
    let pids = |all: &[crate::harness::Process]| all.iter().map(|one| one.pid).collect::<Vec<_>>();
    assert_eq!(pids(&running.children()), pids(&children));
    network.ip("link del eth1");
    wait_for_address(catalog.eye(), &running, "10.9.0.7");
    running.stop().expect_code(255);
}

//! A catalog that is slow, gone or wrong is never felt by the application.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::harness::{Faulty, Pilot, Recorder, Running, Trouble, refusing, send};

const JOBS: &str = "{ name: 'app', exec: ['sh', '-c', 'echo app up; exec sleep 1000'], restarts: 'unlimited', backoff: 'none', port: 8000, interfaces: 'static:10.1.2.3', initial_status: 'passing',
    health: { exec: 'echo checked', interval: 1, ttl: 5 } },
  { name: 'on-db', exec: 'echo db changed', when: { source: 'watch.db', each: 'changed' } }";

fn against(address: impl std::fmt::Display) -> Running {
    Pilot::new()
        .stop_timeout(10)
        .consul(address)
        .top("watches: [{ name: 'db', interval: 1 }],")
        .jobs(JOBS)
        .start()
}

/// Starts, is checked, restarts and stops as if there were no catalog.
fn works(running: Running) {
    running.wait_for_log("app up");
    let running = running.ready();
    running.wait_for_log("checked");
    let pid = running.wait_for_state("app", "running")["pid"]
        .as_u64()
        .unwrap();
    let killed = Instant::now();
    send(u32::try_from(pid).unwrap(), Signal::KILL);
    running.wait_for_lines("app up", 2);
    assert!(
        killed.elapsed() < Duration::from_secs(5),
        "{}",
        running.told()
    );
    assert_eq!(running.job("app")["health"], "unknown");
    running.reload().expect(200);
    let asked = Instant::now();
    let ended = running.stop().expect_code(0).expect_no_text("db changed");
    assert!(asked.elapsed() < Duration::from_secs(8), "{ended:#?}");
}

// 3.8: differs (case 143, pitfall 37): it hangs.
#[test]
fn a_catalog_that_never_answers_delays_nothing() {
    let catalog = Faulty::start(Trouble::Mute);
    works(against(catalog.address()));
    assert!(catalog.connections() > 0, "nobody asked it");
}

// 3.8: passes (case 142, pitfall 22).
#[test]
fn a_catalog_that_refuses_delays_nothing() {
    works(against(refusing()));
}

// 3.8: passes (case 152).
#[test]
fn a_catalog_that_fails_delays_nothing() {
    let catalog = Faulty::start(Trouble::Failing);
    works(against(catalog.address()));
    assert!(catalog.connections() > 0, "nobody asked it");
}

// 3.8: passes.
#[test]
fn a_catalog_whose_name_is_unknown_delays_nothing() {
    works(against("no-such-host.invalid:8500"));
}

// 3.8: differs (pitfall 23): it asks at every tick.
#[test]
fn a_catalog_in_trouble_is_asked_with_pauses_and_told_of_once() {
    let catalog = Faulty::start(Trouble::Failing);
    let running = Pilot::new()
        .consul(catalog.address())
        .top("watches: [{ name: 'db', interval: 1 }],")
        .jobs(&format!(
            "{JOBS}, {{ name: 'clock', exec: 'echo tick', when: {{ interval: '100ms' }} }}"
        ))
        .start()
        .ready();
    running.wait_for_lines("tick", 30);
    assert!(
        catalog.connections() < 60,
        "{} connections",
        catalog.connections()
    );
    assert!(running.job("app")["service"]["registered"].is_null());
    running.stop().expect_code(0);
}

// 3.8: passes (case 142, pitfall 22).
#[test]
fn a_catalog_that_comes_up_later_is_told() {
    let mut consul = crate::harness::Consul::start();
    consul.kill();
    let running = against(consul.address()).ready();
    running.wait_for_log("checked");
    consul.resume();
    consul.eye().wait_for_status("app", "passing");
    running.stop().expect_code(0);
    consul.eye().wait_gone("app");
}

// 3.8: differs: a warning for each watch, at each poll.
#[test]
fn an_outage_is_one_warning_and_one_line_at_its_end() {
    let mut consul = crate::harness::Consul::start();
    let watches: Vec<_> = (0..20)
        .map(|n| format!("{{ name: 'db{n}', interval: 1 }}"))
        .collect();
    let running = Pilot::new()
        .consul(consul.address())
        .top(&format!("watches: [{}],", watches.join(", ")))
        .jobs(SERVICE)
        .start()
        .ready();
    running.wait_for_log("Service registered: app");
    running.until("every watch is answered", || {
        let watches = running.status()["watches"].as_array().cloned();
        let answered = |watch: &serde_json::Value| !watch["instances"].is_null();
        watches?.iter().all(answered).then_some(())
    });
    consul.kill();
    running.wait_for_log("the catalog is lost: ");
    consul.resume();
    running.wait_for_log("the catalog is back after ");
    consul.eye().wait_for_status("app", "passing");
    let ended = running
        .stop()
        .expect_code(0)
        .expect_no_text("failed to query")
        .expect_no_text("are answered again")
        .expect_no_text("service update TTL failed");
    let count = |text: &str| {
        ended
            .lines
            .iter()
            .filter(|line| line.contains(text))
            .count()
    };
    assert_eq!(count("the catalog is lost"), 1, "{ended:#?}");
    assert_eq!(count("one service is not reported"), 1, "{ended:#?}");
    assert_eq!(count("20 queries stand as they were"), 1, "{ended:#?}");
    assert_eq!(count("the catalog is back"), 1, "{ended:#?}");
}

/// The agent of the container leaves when its services are out, and not before.
#[test]
fn an_agent_in_the_container_leaves_last() {
    let [http, server, serf] = crate::harness::free_ports();
    let main =
        crate::harness::Consul::start_at(std::net::Ipv4Addr::LOCALHOST, [http, server, serf]);
    let [own, own_serf] = crate::harness::free_ports();
    let consul = crate::harness::consul_binary();
    let settings = format!(
        "ports {{ http = {own} https = -1 grpc = -1 dns = -1 serf_lan = {own_serf} }} disable_update_check = true leave_on_terminate = true"
    );
    let agent = format!(
        "{{ name: 'agent', stopLast: true, stopTimeout: '20s', exec: ['{}', 'agent', '-node=aide', '-data-dir=@DIR/agent', '-bind=127.0.0.2', '-client=127.0.0.1', '-retry-join=127.0.0.1:{serf}', '-retry-interval=1s', '-hcl={settings}'] }}",
        consul.display()
    );
    let running = Pilot::new()
        .stop_timeout(20)
        .consul(std::net::SocketAddr::from(([127, 0, 0, 1], own)))
        .jobs(&format!("{agent}, {SERVICE}"))
        .start()
        .ready();
    running.until("the service is in the catalog of the server", || {
        let answer = main.eye().try_get("/v1/health/service/app?passing=1")?;
        answer.body.contains("aide").then_some(())
    });
    let ended = running.stop().expect_code(0);
    let at = |text: &str| ended.lines.iter().position(|line| line.contains(text));
    let (out, told) = (at("Deregistered service"), at("Caught: signal"));
    assert!(out.is_some() && told.is_some() && out < told, "{ended:#?}");
    has_left(&main);
}

/// What the server says of the agent that left.
fn has_left(main: &crate::harness::Consul) {
    let members = main.eye().try_get("/v1/agent/members").unwrap().body;
    let members: serde_json::Value = serde_json::from_str(&members).unwrap();
    let members = members.as_array().unwrap();
    let aide = members.iter().find(|member| member["Name"] == "aide");
    // 3 is `left`, and not `failed`.
    assert_eq!(aide.unwrap()["Status"], 3, "{members:#?}");
}

// 3.8: lacks.
#[test]
fn no_catalog_at_all_is_fine() {
    let config = "{ catalog: 'none', control: { socket: '@DIR/socket' }, jobs: [{ name: 'app', exec: 'sleep 1000', health: { exec: 'echo checked', interval: 1, ttl: 5 } }] }";
    let running = Pilot::new().config(config).start().ready();
    running.wait_for_log("checked");
    assert!(running.status()["catalog"].is_null());
    running.stop().expect_code(0);
}

// 3.8: lacks.
#[test]
fn the_embedded_catalog_says_that_it_forgets_and_has_a_page() {
    let [port] = crate::harness::free_ports();
    let config = format!(
        "{{ catalog: {{ embedded: {{ address: '127.0.0.1:{port}' }} }}, control: {{ socket: '@DIR/socket' }},
           jobs: [{{ name: 'app', exec: 'sleep 1000', port: 8000, interfaces: 'static:10.1.2.3', health: {{ exec: 'true', interval: 1, ttl: 5 }} }}] }}"
    );
    let running = Pilot::new().config(&config).start();
    running.wait_for_log("kept in memory only and forgotten at the end");
    let running = running.ready();
    let second = Pilot::new()
        .config(&config.replace("name: 'app'", "name: 'other'"))
        .start();
    second.wait_for_log("joining the embedded catalog");
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    let eye = crate::harness::Eye(address);
    eye.wait_for_status("app", "passing");
    eye.wait_for_status("other", "passing");
    let page = crate::harness::over_tcp(address, "GET", "/ui/", "").unwrap();
    assert!(page.expect(200).body.contains("containerpilot catalog"));
    second.stop().expect_code(0);
    eye.wait_gone("other");
    running.stop().expect_code(0);
}

const SERVICE: &str = "{ name: 'app', exec: 'sleep 1000', port: 8000, interfaces: 'static:10.1.2.3', health: { exec: 'true', interval: 1, ttl: 5 } },
  { name: 'main', exec: 'sleep 1000' }";

// 3.8: passes (9.6, pitfall 14): registered once, with its status, and updated from then on.
#[test]
fn a_service_is_registered_once_with_its_status() {
    let catalog = Recorder::start("");
    let running = Pilot::new()
        .consul(catalog.address())
        .jobs(SERVICE)
        .start()
        .ready();
    running.until("some updates came", || {
        (catalog.asked("/v1/agent/check/update/").len() >= 3).then_some(())
    });
    let registrations = catalog.asked("/v1/agent/service/register");
    assert_eq!(registrations.len(), 1, "{registrations:#?}");
    let body: serde_json::Value = serde_json::from_str(&registrations[0].body).unwrap();
    assert_eq!(
        (&body["Name"], &body["Port"]),
        (&"app".into(), &8000.into())
    );
    assert_eq!(
        (&body["Check"]["TTL"], &body["Check"]["Status"]),
        (&"5s".into(), &"passing".into())
    );
    running.stop().expect_code(0);
    assert_eq!(catalog.asked("/v1/agent/service/deregister/app-").len(), 1);
}

// 3.8: passes (case 145).
#[test]
fn the_token_of_the_environment_wins_and_is_shown() {
    let catalog = Recorder::start("");
    let config = format!(
        "{{ consul: {{ address: '{}', token: 'of-the-file' }}, control: {{ socket: '@DIR/socket' }}, jobs: [{SERVICE}] }}",
        catalog.address()
    );
    for (variable, token) in [
        ("CONSUL_HTTP_TOKEN", "of-the-environment"),
        ("OTHER", "of-the-file"),
    ] {
        let running = Pilot::new()
            .config(&config)
            .env(variable, "of-the-environment")
            .start();
        let before = catalog.asked("register").len();
        let asked = running.until("it is registered", || {
            catalog.asked("register").get(before).cloned()
        });
        let head = asked.head.to_lowercase();
        assert!(head.contains(&format!("x-consul-token: {token}")), "{head}");
        running
            .stop()
            .expect_code(0)
            .expect_no_text("of-the-environment")
            .expect_no_text("of-the-file");
    }
}

// 3.8: passes (pitfall 16).
#[test]
fn a_deregistration_that_is_refused_is_told_and_delays_nothing() {
    let catalog = Recorder::start("deregister");
    let running = Pilot::new()
        .stop_timeout(60)
        .consul(catalog.address())
        .jobs(SERVICE)
        .start()
        .ready();
    running.until("it is registered", || {
        (!catalog.asked("/v1/agent/check/update/").is_empty()).then_some(())
    });
    let ended = running.stop().expect_code(0);
    assert!(ended.took < Duration::from_secs(20), "{ended:#?}");
    assert!(
        ended.lines.iter().any(|line| line.contains("403")),
        "{ended:#?}"
    );
}

// 3.8: differs (pitfall 20): it polls.
#[test]
fn a_helper_at_rest_uses_no_processor() {
    let catalog = Recorder::start("");
    let running = Pilot::new()
        .consul(catalog.address())
        .top("watches: [{ name: 'db', interval: 1 }],")
        .jobs(SERVICE)
        .start()
        .ready();
    let updates = |count: usize| {
        running.until(&format!("{count} checks have been told"), || {
            (catalog.asked("/v1/agent/check/update/").len() >= count).then_some(())
        });
    };
    updates(1);
    let (before, began) = (processor_ticks(running.pid()), Instant::now());
    updates(4);
    let used = processor_ticks(running.pid()) - before;
    // A hundredth of a second each; a check and a few requests a second want one or two.
    let allowed = 5.0 * began.elapsed().as_secs_f64();
    assert!(used as f64 <= allowed, "{used} ticks, more than {allowed}");
    running.stop().expect_code(0);
}

/// The processor time of a process, in ticks.
fn processor_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

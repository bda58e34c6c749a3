//! The stack of the articles, from their own files: Nginx, Customers and Sales, each in a container,
//! around a real Consul. Wants root, nginx, Node and curl.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use rustix::process::Signal;
use serde_json::Value;

use crate::{
    articles::{Form, Image, NGINX_OF_THE_SCALING_ARTICLE},
    harness::{Answer, Bridge, Consul, Contained, Eye, over_tcp, until},
};

/// The containers of the stack.
struct Stack {
    bridge: Bridge,
    consul: Consul,
}

impl Stack {
    fn new() -> Self {
        let bridge = Bridge::new();
        let consul = bridge.consul();
        Self { bridge, consul }
    }

    fn eye(&self) -> Eye {
        self.consul.eye()
    }

    /// Every service there is: identity, name, port.
    fn registered(&self) -> Vec<String> {
        let services = self.eye().get("/v1/agent/services");
        let one = |(id, it): (&String, &Value)| {
            format!("{id} {} {}", it["Service"].as_str().unwrap(), it["Port"])
        };
        services.as_object().unwrap().iter().map(one).collect()
    }

    fn start(&self, hostname: &str, image: &Image) -> Contained {
        let container = self.bridge.container(hostname);
        image.start(container)
    }

    /// Waits until the servers of a service in Nginx's file are these and no others.
    #[track_caller]
    fn wait_for_servers(&self, nginx: &Contained, port: u16, instances: &[&Contained]) {
        let wanted: BTreeSet<String> = instances
            .iter()
            .map(|instance| format!("{}:{port}", instance.address))
            .collect();
        let told = || {
            format!(
                "{}\n{:#}\n{}",
                nginx.read("/etc/nginx/nginx.conf"),
                self.eye().get("/v1/agent/checks"),
                nginx.running.told()
            )
        };
        until(&format!("Nginx has {wanted:?}"), told, || {
            (servers(nginx, port) == wanted).then_some(())
        });
        // For people, with `--no-capture`.
        println!("nginx.conf has {wanted:?}");
    }
}

/// The servers in Nginx's file with this port.
fn servers(nginx: &Contained, port: u16) -> BTreeSet<String> {
    let file = nginx.read("/etc/nginx/nginx.conf");
    let lines = file.lines().filter_map(|line| {
        let server = line.trim().strip_prefix("server ")?.strip_suffix(';')?;
        server
            .ends_with(&format!(":{port}"))
            .then(|| server.to_owned())
    });
    lines.collect()
}

/// The time between two requests, so that they do not use up the ports.
const PACE: Duration = Duration::from_millis(3);

/// Requests one after the other, each tried once, until it is dropped or asked.
struct Load {
    ends: Arc<AtomicBool>,
    good: Arc<AtomicUsize>,
    asking: JoinHandle<Vec<String>>,
}

impl Load {
    fn on(nginx: &Contained, paths: &'static [&'static str]) -> Self {
        let (ends, good) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicUsize::new(0)),
        );
        let address = (nginx.address, 80).into();
        let asking = std::thread::spawn({
            let (ends, good) = (ends.clone(), good.clone());
            move || {
                let mut bad = Vec::new();
                for path in paths.iter().cycle() {
                    if ends.load(Ordering::SeqCst) {
                        break;
                    }
                    std::thread::sleep(PACE);
                    match over_tcp(address, "GET", path, "") {
                        Ok(answer) if answer.status == 200 && answer.body.contains("source") => {
                            good.fetch_add(1, Ordering::SeqCst);
                        }
                        other => bad.push(format!("{path}: {other:?}")),
                    }
                }
                bad
            }
        });
        Self { ends, good, asking }
    }

    /// Waits until some more requests have been answered.
    #[track_caller]
    fn wait_for_more(&self) {
        let before = self.good.load(Ordering::SeqCst);
        until("more requests are answered", String::new, || {
            (self.good.load(Ordering::SeqCst) > before + 50).then_some(())
        });
    }

    /// Ends it; not one may have failed.
    #[track_caller]
    fn expect_none_failed(self) {
        self.ends.store(true, Ordering::SeqCst);
        let bad = self.asking.join().unwrap();
        let good = self.good.load(Ordering::SeqCst);
        assert!(
            bad.is_empty(),
            "{} of {}: {bad:#?}",
            bad.len(),
            good + bad.len()
        );
        println!("{good} requests through nginx, none failed");
    }
}

/// Asks Nginx once.
fn get(nginx: &Contained, path: &str) -> Option<Answer> {
    over_tcp((nginx.address, 80).into(), "GET", path, "").ok()
}

/// Which instances answer under a path of Nginx.
fn sources(nginx: &Contained, path: &str) -> BTreeSet<String> {
    let ask = |_| {
        let answer = get(nginx, path)?;
        let source = answer.json()["source"].as_str()?.to_owned();
        Some(source)
    };
    (0..30).filter_map(ask).collect()
}

/// Scales up and down under load; `by_term` is how a container ends whose application does not
/// handle TERM, as Node without a word about it.
fn scale(form: Form, by_term: i32) {
    let stack = Stack::new();
    let sales = Image::of("sales", form);
    let customers = Image::of("customers", form);
    let nginx = stack.start("nginx-1", &Image::of("nginx", form));
    let first = stack.start("customers-1", &customers);
    let one = stack.start("sales-1", &sales);
    stack.wait_for_servers(&nginx, 3000, &[&one]);
    stack.wait_for_servers(&nginx, 4000, &[&first]);
    first.running.wait_for_log("Updated upstreamHosts");

    nginx.running.until("Nginx has taken up its file", || {
        let is_there = |path| get(&nginx, path).is_some_and(|answer| answer.status == 200);
        let all = ["/sales/", "/customers/"].map(|path| (0..20).all(|_| is_there(path)));
        (all == [true, true]).then_some(())
    });
    let load = Load::on(&nginx, &["/sales/", "/customers/", "/customers/data"]);
    load.wait_for_more();
    let two = stack.start("sales-2", &sales);
    let three = stack.start("sales-3", &sales);
    let second = stack.start("customers-2", &customers);
    stack.wait_for_servers(&nginx, 3000, &[&one, &two, &three]);
    stack.wait_for_servers(&nginx, 4000, &[&first, &second]);
    nginx.running.until("every Sales is asked", || {
        (sources(&nginx, "/sales/data").len() == 3).then_some(())
    });
    load.wait_for_more();

    // Nginx is checked for the first time when its `poll` of ten seconds is over.
    stack.eye().until("Nginx is registered", || {
        let all = stack.registered();
        all.iter().any(|one| one.contains("nginx")).then_some(())
    });
    assert_eq!(
        stack.registered(),
        [
            "customers-customers-1 customers 4000",
            "customers-customers-2 customers 4000",
            "nginx-nginx-1 nginx 80",
            "sales-sales-1 sales 3000",
            "sales-sales-2 sales 3000",
            "sales-sales-3 sales 3000",
        ]
    );

    let told = first.running.count("Updated upstreamHosts");
    one.running.stop().expect_code(by_term);
    stack.wait_for_servers(&nginx, 3000, &[&two, &three]);
    first
        .running
        .wait_for_lines("Updated upstreamHosts", told + 1);
    load.wait_for_more();
    three.running.stop().expect_code(by_term);
    stack.wait_for_servers(&nginx, 3000, &[&two]);
    load.wait_for_more();
    first.running.stop().expect_code(by_term);
    stack.wait_for_servers(&nginx, 4000, &[&second]);
    load.wait_for_more();
    load.expect_none_failed();

    two.running.stop().expect_code(by_term);
    stack.wait_for_servers(&nginx, 3000, &[]);
    nginx.running.until("Sales is not found", || {
        let answer = get(&nginx, "/sales/data")?;
        (answer.status == 404).then_some(())
    });
    assert!(stack.registered().iter().all(|one| !one.contains("sales")));
    second.running.stop().expect_code(by_term);
    nginx.running.stop().expect_code(0);
}

// 2.7: passes, but for the time that a poll takes.
#[test]
fn instances_come_and_go_and_no_request_fails() {
    scale(Form::Printed, 255);
}

// 2.7: lacks. The status is what differs, and `migrate` says so.
#[test]
fn instances_come_and_go_also_with_migrated_files() {
    scale(Form::Migrated, 0);
}

// 2.7: passes, but for the time that a poll takes.
#[test]
fn an_instance_that_is_killed_is_left_out_when_its_ttl_is_over() {
    let stack = Stack::new();
    let nginx = stack.start(
        "nginx-1",
        &Image::of("nginx", Form::Printed).with_config(NGINX_OF_THE_SCALING_ARTICLE),
    );
    let sales = Image::of("sales", Form::Printed);
    let one = stack.start("sales-1", &sales);
    let mut two = stack.start("sales-2", &sales);
    stack.wait_for_servers(&nginx, 3000, &[&one, &two]);
    two.running.kill();
    stack.wait_for_servers(&nginx, 3000, &[&one]);
    assert_eq!(sources(&nginx, "/sales/data").len(), 1);
    nginx.running.signal(Signal::TERM);
    one.running.stop().expect_code(255);
    nginx.running.wait_exit().expect_code(0);
}

//! Runs the cases on both agents and compares what was heard.

use std::{
    net::SocketAddr,
    panic::{self, AssertUnwindSafe},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use super::{
    agent::Agent,
    cases::{self, Case},
    consul::Consul,
    dev::Dev,
};

/// Cases mostly wait, so there can be more of them under way than there are cores.
const WORKERS: usize = 8;

#[test]
fn development_catalog_answers_as_consul_does() {
    let consul = Consul::start();
    let dev = Dev::start();
    let shared = cases::shared();
    let alone = cases::alone();
    let mut failures = together(&shared, consul.addr(), dev.addr());
    failures.extend(
        alone
            .iter()
            .filter_map(|case| run(case, consul.addr(), dev.addr())),
    );
    let count = shared.len() + alone.len();
    assert!(
        failures.is_empty(),
        "{} of {count} cases failed\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
    let requests = super::http::sent() / 2;
    println!("{count} cases agree, of about {requests} requests to each");
}

fn together(cases: &[Case], consul: SocketAddr, dev: SocketAddr) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let work = || {
        let numbers = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        let mine = numbers.map_while(|number| cases.get(number));
        mine.filter_map(|case| run(case, consul, dev))
            .collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("cases are caught"))
            .collect()
    })
}

/// Runs one case on both; what is wrong, if anything is.
fn run((name, case): &Case, consul: SocketAddr, dev: SocketAddr) -> Option<String> {
    let (wanted, found) = thread::scope(|scope| {
        let wanted = scope.spawn(|| record(*case, consul));
        let found = record(*case, dev);
        (wanted.join().expect("cases are caught"), found)
    });
    match (wanted, found) {
        (Ok(wanted), Ok(found)) if wanted == found => None,
        (Ok(wanted), Ok(found)) => Some(format!("=== {name}\n{}", difference(&wanted, &found))),
        (Err(said), _) => Some(format!("=== {name}: failed on consul\n{said}")),
        (_, Err(said)) => Some(format!("=== {name}: failed on dev-catalog\n{said}")),
    }
}

fn record(case: fn(&Agent), addr: SocketAddr) -> Result<Vec<String>, String> {
    let agent = Agent::new(addr);
    match panic::catch_unwind(AssertUnwindSafe(|| case(&agent))) {
        Ok(()) => Ok(agent.record()),
        Err(_) => Err(agent.record().join("\n")),
    }
}

fn difference(wanted: &[String], found: &[String]) -> String {
    let same = wanted
        .iter()
        .zip(found)
        .take_while(|(wanted, found)| wanted == found)
        .count();
    let show = |record: &[String]| {
        record
            .get(same)
            .cloned()
            .unwrap_or_else(|| "nothing".to_owned())
    };
    format!(
        "--- consul\n{}\n--- dev-catalog\n{}",
        show(wanted),
        show(found)
    )
}

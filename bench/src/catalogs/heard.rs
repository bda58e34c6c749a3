//! From a change in each catalog to the first instruction of the handler that is to hear of it. The
//! change is made as every change is: by a client of ours, which describes its service anew.

use std::{
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use catalog::{CatalogEvent, CatalogHandle, ServiceEvent};
use pilot_core::{JobName, spec::Status};
use serde_json::{Value, json};

use super::{floor::Floor, servers::Server, swarm::spec};
use crate::{
    figures::Samples,
    lifecycle::micros,
    program::end_orphans,
    report::{Row, Table, ratio},
    stamps::{What, now},
    workshop::Workshop,
};

const SERVICE: &str = "bench-heard";
const FLOOR: &str = "floor: set, watch, get, spawn";
const P50: f64 = 10.0;
const P99: f64 = 50.0;
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn measure(workshop: &mut Workshop, runs: u16) -> Table {
    type Start = fn(&Workshop) -> Result<Server, String>;
    let catalogs: [(&str, Start); 4] = [
        ("Consul", Server::consul),
        ("embedded", Server::embedded),
        ("etcd", Server::etcd),
        ("ZooKeeper", Server::zookeeper),
    ];
    let mut rows = Vec::new();
    for (name, start) in catalogs {
        let heard = start(workshop).and_then(|server| one(workshop, &server, runs));
        end_orphans(&[workshop.consul.running.pid()]);
        match heard {
            Ok(Heard { ours, floor }) => {
                let (p50, p99) = (ours.quantile(0.5), ours.quantile(0.99));
                let base = floor.as_ref().and_then(Samples::median);
                let row = Row::new(name, spread(&ours, base));
                rows.push(row.bar("p50", p50, P50).bar("p99", p99, P99));
                rows.extend(floor.map(|floor| Row::new(FLOOR, spread(&floor, floor.median()))));
            }
            Err(reason) => rows.push(Row::failed(name, reason)),
        }
    }
    Table {
        name: "heard",
        title: format!(
            "Change told to a catalog to the handler's first instruction (milliseconds, {runs} runs)"
        ),
        columns: &["min", "p50", "p90", "p99", "max", "x floor"],
        rows,
    }
}

fn spread(samples: &Samples, floor: Option<f64>) -> Vec<Option<f64>> {
    let at = |share| samples.quantile(share);
    let ratio = ratio(at(0.5), floor);
    vec![at(0.0), at(0.5), at(0.9), at(0.99), at(1.0), ratio]
}

/// What was measured with one catalog.
struct Heard {
    ours: Samples,
    /// In turns with it, where there is one.
    floor: Option<Samples>,
}

fn one(workshop: &mut Workshop, server: &Server, runs: u16) -> Result<Heard, String> {
    let teller = Teller::start(server)?;
    teller.tell(9_000)?;
    let mut config = json!({
        "watches": [{ "name": SERVICE, "interval": 1 }],
        "jobs": [
            { "name": "app", "exec": workshop.child_line("term") },
            { "name": "handler", "exec": workshop.child_line("exit"),
              "when": { "source": format!("watch.{SERVICE}"), "each": "changed" } },
        ],
    });
    for (key, value) in server.catalog.as_object().into_iter().flatten() {
        config[key] = Value::clone(value);
    }
    let line = workshop.configured("heard.json5", config)?;
    workshop.stamps.forget();
    let mut running = workshop.start(&line)?;
    // The application, and the handler of the first answer.
    for _ in 0..2 {
        let started = workshop.stamps.wait_for(What::Started, PATIENCE);
        started.map_err(|reason| running.explain(&reason))?;
    }
    let at = server.zookeeper.as_deref();
    let mut floor = at.map(|at| Floor::start(workshop, at)).transpose()?;
    let mut heard = Heard {
        ours: Samples::default(),
        floor: floor.is_some().then(Samples::default),
    };
    for run in 1..=runs {
        let change = || {
            teller.publish(9_000 + run);
            Ok(())
        };
        let ours = one_change(workshop, run, change);
        heard
            .ours
            .add(ours.map_err(|reason| running.explain(&reason))?);
        teller.until_registered()?;
        if let (Some(floor), Some(samples)) = (&mut floor, &mut heard.floor) {
            samples.add(one_change(workshop, run, || floor.change(run))?);
        }
    }
    running.stop(PATIENCE)?;
    Ok(heard)
}

fn one_change(
    workshop: &mut Workshop,
    run: u16,
    change: impl FnOnce() -> Result<(), String>,
) -> Result<f64, String> {
    // The pauses differ, so that nothing periodic falls into step with us.
    thread::sleep(Duration::from_millis(250 + u64::from(run) * 37 % 150));
    workshop.stamps.forget();
    let before = now();
    change()?;
    let handled = workshop.stamps.wait_for(What::Started, PATIENCE)?;
    Ok(micros(before, handled.at) / 1_000.0)
}

/// A client of ours with one service, on a thread of its own.
struct Teller {
    handle: CatalogHandle,
    registered: Receiver<()>,
    _end: tokio::sync::oneshot::Sender<()>,
}

impl Teller {
    fn start(server: &Server) -> Result<Self, String> {
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let (ready, made) = channel();
        let (registers, registered) = channel();
        let settings = server.settings.clone();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => return ready.send(Err(error.to_string())).unwrap_or_default(),
            };
            runtime.block_on(async {
                let (sender, mut events) = tokio::sync::mpsc::channel(64);
                let handle = CatalogHandle::spawn(settings, sender);
                // Whoever waits for it is gone only if the bench is.
                let _ = ready.send(handle.map_err(|error| error.to_string()));
                let hear = async {
                    while let Some(event) = events.recv().await {
                        if let CatalogEvent::Service {
                            event: ServiceEvent::Registered,
                            ..
                        } = event
                        {
                            let _ = registers.send(());
                        }
                    }
                };
                tokio::select! {
                    () = hear => {}
                    _ = ended => {}
                }
            });
        });
        let handle = made
            .recv()
            .map_err(|_| "the teller's thread ended".to_owned())??;
        Ok(Self {
            handle,
            registered,
            _end: end,
        })
    }

    fn publish(&self, port: u16) {
        let mut spec = spec(0);
        SERVICE.clone_into(&mut spec.id);
        spec.ttl = Duration::from_secs(120);
        spec.port = port;
        let job = JobName::from(SERVICE);
        self.handle.publish(&job, &spec, Status::Passing, "ok");
    }

    fn tell(&self, port: u16) -> Result<(), String> {
        self.publish(port);
        self.until_registered()
    }

    fn until_registered(&self) -> Result<(), String> {
        let registered = self.registered.recv_timeout(PATIENCE);
        registered.map_err(|_| "the change was never registered".to_owned())
    }
}

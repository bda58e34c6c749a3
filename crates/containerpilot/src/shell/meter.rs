//! Telemetry: the registry of metrics, and the server that shows it.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::{Duration, Instant, SystemTime},
};

use logbook::{Logbook, Record};
use pilot_config::{Metric, MetricKind, Telemetry};
use pilot_core::{
    Event, EventKind, ExitStatus, Input, JobName, Rendering, Source, TemplateName, spec::When,
    status::JobStatus,
};
use telemetry::{
    Ask, DeclareError, Exit, Kind, Page, Queue, Registry, Rendered, Server, ServiceStatus,
};
use tokio::sync::{mpsc, oneshot};

use super::Shell;
use crate::{VERSION, control::PATHS, source::plain, usage};

/// How often a port that is taken is tried, and how long between two tries.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_secs(1);
/// How many questions of the server may wait for the loop.
const QUEUE: usize = 4;

/// What is counted, and who shows it.
pub(super) struct Meter {
    pub(super) registry: Registry,
    serving: Option<(SocketAddr, oneshot::Sender<()>)>,
    pub(super) asks: mpsc::Receiver<Ask>,
    asks_in: mpsc::Sender<Ask>,
    /// Jobs that have been started at least once.
    started: BTreeSet<JobName>,
    /// Templates that are being rendered, and since when.
    rendering: BTreeMap<TemplateName, Instant>,
    /// When the helper began, by the clock on the wall.
    began: SystemTime,
}

impl Meter {
    pub(super) fn new() -> Self {
        let (asks_in, asks) = mpsc::channel(QUEUE);
        let mut registry = Registry::new(PATHS);
        registry.build(VERSION);
        Self {
            registry,
            serving: None,
            asks,
            asks_in,
            started: BTreeSet::new(),
            rendering: BTreeMap::new(),
            began: SystemTime::now(),
        }
    }

    /// Counts what the configuration declares from now on, or says what is wrong with it and
    /// changes nothing.
    pub(super) fn declare(&mut self, telemetry: Option<&Telemetry>) -> Result<(), String> {
        self.registry
            .declare(&metrics(telemetry))
            .map_err(|errors| faults(&errors))
    }

    /// A run of a job begins. After the first it is a restart, unless the job runs again and again
    /// because its `when` says so.
    pub(super) fn count_start(&mut self, job: &JobName, when: Option<&When>) {
        let is_first = self.started.insert(job.clone());
        let recurs = when.is_some_and(recurs);
        if is_first || recurs {
            self.registry.job_start(job.as_str());
        } else {
            self.registry.job_restart(job.as_str());
        }
    }
}

impl Meter {
    /// A template is about to be rendered.
    pub(super) fn begin_rendering(&mut self, template: &TemplateName) {
        self.rendering.insert(template.clone(), Instant::now());
    }

    /// Takes note of what an event tells of a watch.
    pub(super) fn note_stale(&mut self, event: &Event) {
        let begins = event.kind == EventKind::Stale;
        if let Source::Watch(name) = &event.source
            && (begins || event.kind == EventKind::Fresh)
        {
            self.registry.watch_stale(name.as_str(), begins);
        }
    }

    /// Counts what a fact tells of a template.
    pub(super) fn count_fact(&mut self, fact: &Input) {
        if let Input::TemplateRendered {
            template,
            rendering,
        } = fact
        {
            let began = self.rendering.remove(template);
            let took = began.map(|began| began.elapsed()).unwrap_or_default();
            let rendered = match rendering {
                Rendering::Candidate { .. } => Rendered::Changed,
                Rendering::Unchanged => Rendered::Unchanged,
                Rendering::Missing(_) => Rendered::Waiting,
                Rendering::Failed(_) => Rendered::Failed,
            };
            let registry = &mut self.registry;
            registry.template_render(template.as_str(), rendered, took);
        } else if let Input::TemplateInstalled { template, failure } = fact {
            let passed = failure.is_none();
            self.registry.template_install(template.as_str(), passed);
        }
    }
}

/// Whether a job runs more than once by its `when` alone.
fn recurs(when: &When) -> bool {
    match when {
        When::Once(_) => false,
        When::Each(_) | When::Every(_) | When::OnSignal(_) => true,
    }
}

/// Says what is wrong with the metrics of a configuration.
pub(super) fn check(telemetry: Option<&Telemetry>) -> Result<(), String> {
    telemetry::check(&metrics(telemetry)).map_err(|errors| faults(&errors))
}

fn metrics(telemetry: Option<&Telemetry>) -> Vec<telemetry::Metric> {
    let metrics = telemetry.map_or(&[][..], |telemetry| &telemetry.metrics);
    metrics.iter().map(metric).collect()
}

fn faults(errors: &[DeclareError]) -> String {
    let reasons: Vec<String> = errors.iter().map(ToString::to_string).collect();
    format!("telemetry validation error: {}", reasons.join("; "))
}

impl Shell {
    /// Shows telemetry where the configuration says, and nowhere else.
    pub(super) fn serve_telemetry(&mut self) {
        let wanted = self.config.telemetry.as_ref();
        let wanted =
            wanted.and_then(|telemetry| Some(SocketAddr::new(telemetry.address?, telemetry.port)));
        // A server that could not get its port has let go of its end.
        let serving = self.meter.serving.as_ref();
        let serving = serving.filter(|(_, stop)| !stop.is_closed());
        if serving.map(|(address, _)| *address) == wanted {
            return;
        }
        // The old server ends when the sender of its end is dropped.
        self.meter.serving = None;
        if let Some(address) = wanted {
            let (stop, stopped) = oneshot::channel();
            let asks = self.meter.asks_in.clone();
            tokio::spawn(serve(address, asks, stopped, self.log.clone()));
            self.meter.serving = Some((address, stop));
        }
    }

    pub(super) fn on_telemetry_asked(&mut self, ask: Ask) {
        let text = match ask.page {
            Page::Metrics(format) => {
                self.look_around();
                let now = self.now().since_start();
                self.meter.registry.encode(now, format)
            }
            Page::Status => self.telemetry_status(),
        };
        // Whoever asked may be gone.
        let _ = ask.answer.send(text);
    }

    /// Looks at what changes without anybody telling.
    fn look_around(&mut self) {
        let registry = &mut self.meter.registry;
        registry.process(usage::read(self.meter.began));
        registry.queue(Queue::Inputs, self.inputs.len());
        registry.queue(Queue::Catalog, self.catalog_events.len());
        registry.queue(Queue::Control, self.requests.len());
        registry.log_lost(self.log.lost());
        for count in self.link.calls() {
            registry.catalog_requests(count.operation, count.outcome, count.calls);
        }
        let answered = self.link.status().unwrap_or_default().answered;
        let queries = answered.keys().map(ToString::to_string);
        let queries: Vec<String> = queries.collect();
        let ages = answered.values().map(Instant::elapsed);
        registry.answer_ages(queries.iter().map(String::as_str).zip(ages));
    }

    /// `/status` as ContainerPilot 3 gives it: what is advertised apart from what is not.
    fn telemetry_status(&self) -> String {
        let status = self.core.status(self.now());
        let plain = |job: &&JobStatus| job.service.is_none();
        let jobs = status.jobs.iter().filter(plain);
        let jobs = jobs.map(|job| telemetry::JobStatus {
            name: job.name.as_str(),
            status: job.health,
        });
        let services = status.jobs.iter().filter_map(|job| {
            let service = job.service.as_ref()?;
            Some(ServiceStatus {
                name: job.name.as_str(),
                address: &service.address,
                port: service.port,
                status: job.health,
            })
        });
        let watches = status.watches.iter().map(|watch| watch.name.as_str());
        telemetry::status_json(
            VERSION,
            &jobs.collect::<Vec<_>>(),
            &services.collect::<Vec<_>>(),
            &watches.collect::<Vec<_>>(),
        )
    }
}

/// Serves until it is told to stop. Nothing waits for it: jobs start whether or not the port is
/// free.
async fn serve(
    address: SocketAddr,
    asks: mpsc::Sender<Ask>,
    mut stopped: oneshot::Receiver<()>,
    log: Logbook,
) {
    for tried in 1..=TRIES {
        match Server::bind(address) {
            Ok(server) => {
                let place = format!("telemetry: serving at http://{address}/metrics");
                log.record(Record::own(logbook::Level::Info, &place));
                let stopped = async {
                    let _ = stopped.await;
                };
                let _ = server.serve(asks, stopped).await;
                return;
            }
            Err(error) if tried == TRIES => {
                let reason = format!("error listening to socket at {address}: {}", plain(&error));
                log.record(Record::own(logbook::Level::Error, &reason));
            }
            Err(_) => tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                _ = &mut stopped => return,
            },
        }
    }
}

fn metric(metric: &Metric) -> telemetry::Metric {
    telemetry::Metric {
        namespace: metric.namespace.clone(),
        subsystem: metric.subsystem.clone(),
        name: metric.name.clone(),
        help: metric.help.clone(),
        kind: match metric.kind {
            MetricKind::Counter => Kind::Counter,
            MetricKind::Gauge => Kind::Gauge,
            MetricKind::Histogram => Kind::Histogram,
            MetricKind::Summary => Kind::Summary,
        },
    }
}

/// How a run of a job ended, for counting.
pub(super) fn count_exit(registry: &mut Registry, job: &str, status: ExitStatus, ran: Duration) {
    match status {
        ExitStatus::Exited(code) => registry.job_exit(job, Exit::Code(code.into()), ran),
        ExitStatus::Signaled(signal) => {
            registry.job_exit(job, Exit::Signal(&signal.to_string()), ran);
        }
    }
}

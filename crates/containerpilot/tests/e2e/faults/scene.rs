//! An application under a helper, in the company of others, and what must hold of it in every
//! fault.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rustix::process::Signal;

use super::{
    kind::{Kind, Seen},
    timeline::Timeline,
};
use crate::harness::{PATIENCE, Pilot, Running, hostname, is_alive, send, until};

/// How often an application is checked, and for how long one that passed is believed.
pub(super) const INTERVAL: Duration = Duration::from_secs(1);
pub(super) const TTL: Duration = Duration::from_secs(3);
/// Within what the catalog must show the truth after a fault: the longer of twice the interval and
/// the TTL.
pub(super) const BOUND: Duration = TTL;
/// Within what an application that ended must run again.
const RESTART: Duration = Duration::from_secs(1);
/// What a stop may take: out of the catalog 250 ms, `stopTimeout` 1 s, away 300 ms; and the time
/// that a busy machine takes to start and end processes.
const STOP: Duration = Duration::from_millis(2500);
/// For how long the service that is followed is believed.
const DB_TTL: Duration = Duration::from_secs(30);
const BEAT: Duration = Duration::from_millis(50);

/// Says how it stands with a catalog, from a place that no fault reaches.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub(super) kind: Kind,
    pub(super) server: SocketAddr,
    /// What to show there; empty for nothing.
    pub(super) token: &'static str,
}

impl View {
    /// Looks with no token.
    pub(super) fn of(kind: Kind, server: SocketAddr) -> Self {
        let token = "";
        Self {
            kind,
            server,
            token,
        }
    }

    pub(super) fn look(self, service: &str) -> Result<Vec<Seen>, String> {
        self.kind.look(self.server, service, self.token)
    }
}

/// What is started, and how the catalog is reached.
pub(super) struct Setting<'a> {
    pub(super) title: &'a str,
    /// Where the truth can be seen.
    pub(super) view: View,
    /// How the helpers under test get there: a member of their configuration.
    pub(super) way: String,
    /// What goes before the words that start them.
    pub(super) under: &'a [String],
    /// Whether who leaves amid the fault is out of the catalog soon after it. A Consul agent that
    /// could not tell its servers so does it in its own time, of a minute or two.
    pub(super) leaver_is_told: bool,
    /// How the helper gets there that no fault befalls; it registers the service they follow.
    pub(super) aside: String,
}

/// A helper with two applications, one that is to leave, and a service that they follow.
pub(super) struct Scene {
    pub(super) timeline: Timeline,
    view: View,
    pub(super) subject: Running,
    leaver: Option<Running>,
    leaver_is_told: bool,
    db: Running,
    db_member: String,
    db_port: u16,
    app: u32,
    batches: usize,
    ends: Arc<AtomicBool>,
}

/// How long it took after the fault.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recovery {
    pub(super) catalog: Duration,
    pub(super) watch: Duration,
}

/// Where the applications under test are.
const OWN: &str = "10.1.2.3";

const FOLLOWS: &str = "watches: [{ name: 'db', interval: 1 }],
  templates: [{ name: 'conf', source: '@DIR/in.tmpl', destination: '@DIR/out', onChange: { exec: '@DIR/taken' } }],";

fn service(name: &str, address: &str, port: u16) -> String {
    let (interval, ttl) = (INTERVAL.as_secs(), TTL.as_secs());
    format!(
        "{{ name: '{name}', exec: ['sh', '-c', 'echo {name} up $$; exec sleep 1000'], restarts: 'unlimited', backoff: 'none',
           port: {port}, address: '{address}', initial_status: 'passing', health: {{ exec: 'true', interval: {interval}, ttl: {ttl} }} }},"
    )
}

/// A helper with one application that is registered as those of a scene are.
pub(super) fn alike(way: &str, name: &str, address: &str, port: u16) -> Pilot {
    let job = service(name, address, port);
    Pilot::new().config(&format!(
        "{{ {way}, control: {{ socket: '@DIR/socket' }}, stopTimeout: 1, jobs: [ {job} ] }}"
    ))
}

/// The configuration of one whose service is followed; it has no process.
fn db(member: &str, port: u16) -> String {
    format!(
        "{{ {member}, control: {{ socket: '@DIR/socket' }}, jobs: [
           {{ name: 'db', port: {port}, address: '10.1.2.4', initial_status: 'passing', health: {{ exec: 'true', interval: 1, ttl: 30 }} }},
           {{ name: 'main', exec: 'sleep 1000' }} ] }}"
    )
}

impl Scene {
    /// Starts everything and waits until the catalog shows it.
    pub(super) fn start(setting: &Setting<'_>) -> Self {
        let view = setting.view;
        let timeline = Timeline::new(format!("{:?}: {}", view.kind, setting.title));
        let under: Vec<&str> = setting.under.iter().map(String::as_str).collect();
        let member = setting.way.clone();
        let one = |jobs: &str, follows: &str| {
            let config = format!(
                "{{ {member}, control: {{ socket: '@DIR/socket' }}, stopTimeout: 1, {follows} jobs: [ {jobs} ] }}"
            );
            Pilot::new().config(&config).under(&under)
        };
        let db_member = setting.aside.clone();
        let db = Pilot::new().config(&db(&db_member, 5000)).start().ready();
        timeline.follow("db", db.tap());
        // What follows it shall not see it come.
        until(
            "db is there",
            || timeline.told(),
            || {
                let seen = view.look("db").ok()?;
                (seen.len() == 1).then_some(())
            },
        );
        let subject = one(
            &(service("app", OWN, 8000) + &service("batch", OWN, 8001)),
            FOLLOWS,
        )
        .file(
            "in.tmpl",
            "{{ range service \"db\" }}server {{ .Address }}:{{ .Port }}\n{{ end }}# end\n",
        )
        .script("taken", "cat out >> history")
        .start();
        let leaver = one(&service("leaver", OWN, 8002), "").start();
        timeline.follow("subject", subject.tap());
        timeline.follow("leaver", leaver.tap());
        let ends = Arc::new(AtomicBool::new(false));
        let mut scene = Self {
            timeline,
            view,
            subject: subject.ready(),
            leaver: Some(leaver.ready()),
            leaver_is_told: setting.leaver_is_told,
            db,
            db_member,
            db_port: 5000,
            app: 0,
            batches: 1,
            ends,
        };
        scene.watch_the_catalog();
        scene.app = scene.pid("app");
        scene.until("everything is there", Duration::from_secs(20), |scene| {
            scene.catalog_is_right()?;
            scene.watch_is_right()?;
            scene.instances("leaver", &[("10.1.2.3:8002", true)])
        });
        scene
    }

    /// Writes down whenever the catalog shows something else.
    fn watch_the_catalog(&self) {
        let (view, timeline, ends) = (self.view, self.timeline.clone(), self.ends.clone());
        std::thread::spawn(move || {
            let mut known = String::new();
            while !ends.load(Ordering::SeqCst) {
                let all = ["app", "batch", "leaver", "db"].map(|service| {
                    let seen = view.look(service);
                    let text = match seen {
                        Ok(seen) => seen.iter().map(told).collect::<Vec<_>>().join(", "),
                        Err(error) => error,
                    };
                    format!("{service}: {text}")
                });
                let all = all.join("; ");
                if all != known {
                    timeline.note("catalog", &all);
                    known = all;
                }
                std::thread::sleep(BEAT * 4);
            }
        });
    }

    /// Lets a fault come, last and go, and asserts what must hold in each.
    pub(super) fn survives<T>(
        &mut self,
        on: &mut T,
        lasts: Duration,
        begin: impl FnOnce(&mut T),
        end: impl FnOnce(&mut T),
    ) -> Recovery {
        self.timeline.act("the fault begins");
        begin(on);
        let began = Instant::now();
        self.endures(lasts.saturating_sub(began.elapsed()));
        end(on);
        self.recovers()
    }

    /// What must hold while a fault is there.
    pub(super) fn endures(&mut self, lasts: Duration) {
        let began = Instant::now();
        self.restarts_in_time();
        self.move_db();
        self.stops_in_time();
        while began.elapsed() < lasts {
            self.undisturbed();
            std::thread::sleep(BEAT);
        }
        self.restarts_in_time();
        self.undisturbed();
    }

    /// What must hold once a fault is over.
    pub(super) fn recovers(&mut self) -> Recovery {
        self.timeline.act("the fault is over");
        let began = Instant::now();
        // What is followed is another's to register, which a fault may hold up too.
        let (mut catalog, mut watch, mut moved) = (None, None, None);
        while catalog.is_none() || watch.is_none() {
            let looks = [self.catalog_is_right(), self.watch_is_right()];
            let took = began.elapsed();
            if moved.is_none() && self.db_has_moved().is_ok() {
                moved = Some(took);
            }
            if looks[0].is_ok() && catalog.is_none() {
                self.timeline.act("the catalog is right");
                catalog = Some(took);
            }
            if looks[1].is_ok() && watch.is_none() {
                self.timeline.act("what is followed is right");
                watch = Some(took.saturating_sub(moved.unwrap_or_default()));
            }
            let is_in_time = (catalog.is_some() || took < BOUND)
                && (watch.is_some() || took.saturating_sub(moved.unwrap_or(took)) < BOUND)
                && took < DB_TTL;
            assert!(
                is_in_time,
                "not right within {BOUND:?} after the fault: {looks:?}"
            );
            std::thread::sleep(BEAT);
        }
        let left = (BOUND + self.view.kind.grace()).saturating_sub(began.elapsed());
        self.until("who left is out", left, Self::leaver_is_out);
        self.undisturbed();
        self.restarts_in_time();
        let recovery = Recovery {
            catalog: catalog.unwrap_or_default(),
            watch: watch.unwrap_or_default(),
        };
        // For people, with `--no-capture`.
        println!("{}: {recovery}", self.timeline.title());
        recovery
    }

    /// Ends everything in its order; the catalog must know it.
    pub(super) fn leaves(mut self) {
        self.timeline.act("the helper is told to stop");
        let began = Instant::now();
        self.subject.signal(Signal::TERM);
        let ended = self.subject.wait_in_place(PATIENCE);
        assert!(
            began.elapsed() < STOP,
            "the stop took {:?}",
            began.elapsed()
        );
        assert_eq!(ended.code(), Some(0));
        self.until("it has left", BOUND, |scene| {
            scene.instances("app", &[])?;
            scene.instances("batch", &[])
        });
    }

    /// Everything that has been rendered, one after the other.
    pub(super) fn history(&self) -> String {
        self.subject.read("history")
    }

    /// The process of the application is still the first one.
    fn undisturbed(&self) {
        assert!(is_alive(self.app), "the application is gone");
    }

    /// An application that ends runs again in time.
    fn restarts_in_time(&mut self) {
        let pid = self.pid("batch");
        self.timeline.act("the other application is killed");
        let killed = Instant::now();
        send(pid, Signal::KILL);
        self.batches += 1;
        self.subject.wait_for_lines("batch up", self.batches);
        let took = killed.elapsed();
        assert!(took < RESTART, "it ran again after {took:?}");
    }

    /// One that is told to stop amid the fault does.
    fn stops_in_time(&mut self) {
        let Some(leaver) = self.leaver.take() else {
            return;
        };
        self.timeline.act("another helper is told to stop");
        let began = Instant::now();
        let ended = leaver.stop();
        let took = began.elapsed();
        self.timeline.act(format!("it took {took:?}"));
        assert!(took < STOP, "the stop took {took:?}");
        assert_eq!(ended.code(), Some(0));
    }

    /// The service that is followed gets another port.
    pub(super) fn move_db(&mut self) {
        self.db_port += 1;
        let port = self.db_port;
        self.timeline.act(format!("db moves to port {port}"));
        let config = db(&self.db_member, port);
        self.db.rewrite(|pilot| pilot.config(&config));
        self.db.reload().expect(200);
    }

    /// Both applications stand in the catalog, once and passing.
    pub(super) fn catalog_is_right(&self) -> Result<(), String> {
        self.instances("app", &[("10.1.2.3:8000", true)])?;
        self.instances("batch", &[("10.1.2.3:8001", true)])?;
        Ok(())
    }

    /// Who has left does not pass.
    fn leaver_is_out(&self) -> Result<(), String> {
        if self.leaver.is_none() && self.leaver_is_told {
            let seen = self.look("leaver")?;
            if seen.iter().any(|seen| seen.is_passing) {
                return Err(format!("it has left, and there is {seen:?}"));
            }
        }
        Ok(())
    }

    /// Who follows the service is told that it stands where it was moved to.
    fn db_has_moved(&self) -> Result<(), String> {
        let View {
            kind,
            server,
            token,
        } = self.view;
        let told = kind.told_of(server, "db", token)?;
        let wanted = format!("10.1.2.4:{}", self.db_port);
        let is_alone = told.len() == 1 && told[0].at == wanted;
        if is_alone {
            Ok(())
        } else {
            Err(format!(
                "followers of db are told of {told:?}, not of {wanted}"
            ))
        }
    }

    /// The watch and the file say where the service they follow is.
    pub(super) fn watch_is_right(&self) -> Result<(), String> {
        self.db_has_moved()?;
        let wanted = format!("10.1.2.4:{}", self.db_port);
        let known = &self.subject.status()["watches"][0]["instances"];
        let known = known.as_array().cloned().unwrap_or_default();
        if known.len() != 1 || known[0]["port"] != self.db_port {
            return Err(format!("the watch has {known:?}"));
        }
        let file = self.subject.read("out");
        if file != format!("server {wanted}\n# end\n") {
            return Err(format!("the file has {file:?}"));
        }
        Ok(())
    }

    /// The instances of a service, as the catalog shows them.
    pub(super) fn look(&self, service: &str) -> Result<Vec<Seen>, String> {
        self.view.look(service)
    }

    /// A service has these instances, and each is ours.
    pub(super) fn instances(&self, service: &str, wanted: &[(&str, bool)]) -> Result<(), String> {
        let seen = self.view.look(service)?;
        let wanted: Vec<_> = wanted
            .iter()
            .map(|(at, is_passing)| Seen {
                id: format!("{service}-{}", hostname()),
                at: (*at).to_owned(),
                is_passing: *is_passing,
            })
            .collect();
        if seen == wanted {
            Ok(())
        } else {
            Err(format!("{service} is {seen:?}, not {wanted:?}"))
        }
    }

    /// Waits until something is so.
    pub(super) fn until(
        &self,
        what: &str,
        patience: Duration,
        look: impl Fn(&Self) -> Result<(), String>,
    ) -> Duration {
        let began = Instant::now();
        loop {
            let found = look(self);
            if found.is_ok() {
                return began.elapsed();
            }
            assert!(
                began.elapsed() < patience,
                "not so within {patience:?}: {what}: {found:?}"
            );
            std::thread::sleep(BEAT);
        }
    }

    fn pid(&self, job: &str) -> u32 {
        let pid = self.subject.wait_for_state(job, "running")["pid"].as_u64();
        u32::try_from(pid.unwrap()).unwrap()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        if std::thread::panicking() || std::env::var_os("FAULTS_TIMELINE").is_some() {
            println!("{}", self.timeline.told());
        }
    }
}

impl std::fmt::Display for Recovery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (catalog, watch) = (self.catalog.as_secs_f64(), self.watch.as_secs_f64());
        write!(
            f,
            "the catalog is right after {catalog:.2} s, what is followed after {watch:.2} s"
        )
    }
}

fn told(seen: &Seen) -> String {
    let status = if seen.is_passing {
        "passing"
    } else {
        "failing"
    };
    format!("{} {} {status}", seen.id, seen.at)
}

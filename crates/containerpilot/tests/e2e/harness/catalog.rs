//! Catalogs: one that works, and some that do not.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::{Value, json};

use super::{Answer, Pilot, Running, http, until};

/// The dev catalog of this repository, in a process of its own.
pub(crate) struct Catalog {
    address: SocketAddr,
    _running: Running,
}

impl Catalog {
    pub(crate) fn start() -> Self {
        let pilot = Pilot::new().of_this_repository();
        let running = pilot.args(&["catalog", "--address", "127.0.0.1:0"]).start();
        let line = running.wait_for_log("http://");
        let address = line.split("http://").nth(1).unwrap();
        let address = address.split([';', ' ', '/']).next().unwrap();
        Self {
            address: address.parse().unwrap(),
            _running: running,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn eye(&self) -> Eye {
        Eye(self.address)
    }
}

/// Looks at a catalog, and changes it as others would.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Eye(pub(crate) SocketAddr);

impl Eye {
    pub(crate) fn try_get(self, path: &str) -> Option<Answer> {
        http::over_tcp(self.0, "GET", path, "").ok()
    }

    pub(crate) fn get(self, path: &str) -> Value {
        let answer = self.try_get(path).filter(|answer| answer.status == 200);
        answer.map_or(Value::Null, |answer| answer.json())
    }

    #[track_caller]
    pub(crate) fn put(self, path: &str, body: &Value) {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        http::over_tcp(self.0, "PUT", path, &body)
            .unwrap()
            .expect(200);
    }

    /// Sets a key.
    #[track_caller]
    pub(crate) fn set_key(self, key: &str, value: &str) {
        http::over_tcp(self.0, "PUT", &format!("/v1/kv/{key}"), value)
            .unwrap()
            .expect(200);
    }

    /// What the agent knows of the service of a job.
    pub(crate) fn service(self, job: &str) -> Value {
        self.get("/v1/agent/services")[id(job)].clone()
    }

    /// What the agent knows of the check of the service of a job.
    pub(crate) fn check(self, job: &str) -> Value {
        self.get("/v1/agent/checks")[format!("service:{}", id(job))].clone()
    }

    /// Waits until the check of a job's service has a status.
    #[track_caller]
    pub(crate) fn wait_for_status(self, job: &str, status: &str) -> Value {
        self.until(&format!("{job} is {status}"), || {
            let check = self.check(job);
            (check["Status"] == status).then_some(check)
        })
    }

    /// Waits until the catalog answers and does not know the service of a job.
    #[track_caller]
    pub(crate) fn wait_gone(self, job: &str) {
        self.until(&format!("{job} is gone"), || {
            let services = self.get("/v1/agent/services");
            (services.is_object() && services[id(job)].is_null()).then_some(())
        });
    }

    #[track_caller]
    pub(crate) fn until<T>(self, what: &str, look: impl FnMut() -> Option<T>) -> T {
        let told = || format!("the agent has {:#}", self.get("/v1/agent/checks"));
        until(what, told, look)
    }

    /// Registers an instance of a service with a passing check, as another helper would.
    #[track_caller]
    pub(crate) fn register(self, service: &str, id: &str, port: u16) {
        let body = json!({
            "ID": id, "Name": service, "Address": "127.0.0.1", "Port": port,
            "Check": {"TTL": "600s", "Status": "passing"},
        });
        self.put("/v1/agent/service/register", &body);
    }

    #[track_caller]
    pub(crate) fn deregister(self, id: &str) {
        self.put(&format!("/v1/agent/service/deregister/{id}"), &Value::Null);
    }

    /// Sets the check of an instance.
    #[track_caller]
    pub(crate) fn set_status(self, id: &str, status: &str) {
        let body = json!({"Status": status, "Output": "set by a test"});
        self.put(&format!("/v1/agent/check/update/service:{id}"), &body);
    }
}

fn id(job: &str) -> String {
    format!("{job}-{}", hostname())
}

pub(crate) fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    name.trim().to_owned()
}

/// An address where nobody listens.
pub(crate) fn refusing() -> SocketAddr {
    // Port 1 is below what the system gives out, so nobody can come to listen there.
    SocketAddr::from(([127, 0, 0, 1], 1))
}

/// What is wrong with a catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It accepts, and never answers.
    Mute,
    /// It answers every request with 500.
    Failing,
    /// What it answers means nothing.
    Garbled,
}

/// A catalog in trouble; it counts who comes.
pub(crate) struct Faulty {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Faulty {
    pub(crate) fn start(trouble: Trouble) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = connections.clone();
        let held = Mutex::new(Vec::new());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counter.fetch_add(1, Ordering::SeqCst);
                match trouble {
                    Trouble::Mute => held.lock().unwrap().push(stream),
                    Trouble::Failing => {
                        let (status, body) = ("500 Internal Server Error", "No cluster leader");
                        std::thread::spawn(|| answer_all(stream, status, body));
                    }
                    Trouble::Garbled => {
                        std::thread::spawn(|| answer_all(stream, "200 OK", "<html>[{]"));
                    }
                }
            }
        });
        Self {
            address,
            connections,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn answer_all(mut stream: TcpStream, status: &str, body: &str) {
    let mut request = [0; 4096];
    while stream.read(&mut request).is_ok_and(|read| read > 0) {
        let answer = format!(
            "HTTP/1.1 {status}\r\nX-Consul-Index: 7\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

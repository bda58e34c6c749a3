//! The catalog a scenario runs on, and an eye on it that shares no code with what is tested.

use std::{
    net::SocketAddr,
    sync::{Arc, Weak},
    time::Duration,
};

use dev_catalog::DevCatalog;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Mutex,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::consul::{Consul, Kind};

/// How long a fact may take to come true.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// A catalog.
pub(crate) struct Backend {
    address: SocketAddr,
    _keeper: Keeper,
}

/// What ends with the backend.
enum Keeper {
    Consul { _process: Arc<Consul> },
    DevCatalog { _tasks: JoinSet<()> },
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

// One Consul serves all scenarios that do not harm it, and ends with the last of them.
static SHARED: Mutex<Weak<Consul>> = Mutex::const_new(Weak::new());

impl Backend {
    /// The shared Consul.
    pub(crate) async fn consul() -> Self {
        let mut shared = SHARED.lock().await;
        let consul = match shared.upgrade() {
            Some(consul) => consul,
            None => Arc::new(Consul::start(Kind::Forgetful).await),
        };
        *shared = Arc::downgrade(&consul);
        Self {
            address: consul.http(),
            _keeper: Keeper::Consul { _process: consul },
        }
    }

    /// A dev catalog of one's own.
    pub(crate) async fn dev_catalog() -> Self {
        let catalog = DevCatalog::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = catalog.local_addr();
        let mut tasks = JoinSet::new();
        tasks.spawn(async { catalog.serve(std::future::pending()).await.unwrap() });
        Self {
            address,
            _keeper: Keeper::DevCatalog { _tasks: tasks },
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Looks at a catalog.
#[derive(Clone, Copy)]
pub(crate) struct Eye(pub(crate) SocketAddr);

impl Eye {
    pub(crate) async fn get(self, path: &str) -> Value {
        let answer = request(self.0, "GET", path, "").await;
        answer
            .and_then(|answer| serde_json::from_str(&answer.body).ok())
            .unwrap_or(Value::Null)
    }

    pub(crate) async fn put(self, path: &str, body: &str) -> u16 {
        let answer = request(self.0, "PUT", path, body).await;
        answer.expect("the catalog answers").status
    }

    /// What the agent knows of a service.
    pub(crate) async fn service(self, id: &str) -> Value {
        self.get("/v1/agent/services").await[id].clone()
    }

    /// What the agent knows of the check of a service.
    pub(crate) async fn check(self, id: &str) -> Value {
        self.get("/v1/agent/checks").await[format!("service:{id}")].clone()
    }

    /// Waits until the check of a service has a status.
    pub(crate) async fn until_status(self, id: &str, status: &str) -> Value {
        self.until(&format!("{id} is {status}"), async || {
            let check = self.check(id).await;
            (check["Status"] == status).then_some(check)
        })
        .await
    }

    pub(crate) async fn until<T>(self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            if Instant::now() > deadline {
                let checks = self.get("/v1/agent/checks").await;
                panic!("not so within {DEADLINE:?}: {what}; the agent has {checks:#}");
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Makes one request over a connection of its own.
pub(crate) async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: &str,
) -> Option<Answer> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        let mut text = Vec::new();
        stream.read_to_end(&mut text).await?;
        std::io::Result::Ok(String::from_utf8_lossy(&text).into_owned())
    };
    let text = timeout(DEADLINE, exchange).await.ok()?.ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let is_chunked = head
        .to_ascii_lowercase()
        .contains("transfer-encoding: chunked");
    let body = if is_chunked {
        join(body)
    } else {
        body.to_owned()
    };
    Some(Answer { status, body })
}

fn join(mut chunks: &str) -> String {
    let mut body = String::new();
    while let Some((size, rest)) = chunks.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        if size == 0 {
            break;
        }
        body.push_str(&rest[..size]);
        chunks = &rest[size + 2..];
    }
    body
}

/// Runs each scenario on every catalog that promises it.
macro_rules! contract {
    ($($scenario:ident),* $(,)?) => {
        mod on_consul {
            $(
                #[tokio::test]
                async fn $scenario() {
                    super::$scenario($crate::backend::Backend::consul().await).await;
                }
            )*
        }

        mod on_the_dev_catalog {
            $(
                #[tokio::test]
                async fn $scenario() {
                    super::$scenario($crate::backend::Backend::dev_catalog().await).await;
                }
            )*
        }
    };
}
pub(crate) use contract;
